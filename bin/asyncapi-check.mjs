// Reads the document of the socket with AsyncAPI's own parser: node bin/asyncapi-check.mjs asyncapi.json
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const { Parser } = createRequire(`${process.env.TEST_TOOLS_DIR}/`)("@asyncapi/parser");
const { diagnostics } = await new Parser().parse(readFileSync(process.argv[2], "utf8"));
// 0 is an error, 1 a warning; below are suggestions.
const faults = diagnostics.filter((found) => found.severity < 2);
for (const fault of faults) console.error(`${fault.path.join(".")}: ${fault.message}`);
process.exit(faults.length === 0 ? 0 : 1);
