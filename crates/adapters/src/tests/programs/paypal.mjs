// PayPal's own library, for what it says of requests. One line in, `<name of a schema> <JSON>`; one line out,
// `ok` or what is wrong. Ends when its input ends.

import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const require = createRequire(`${process.argv[2]}/`);
const { validateAndMap, validateAndUnmap } = require("@apimatic/schema");
const library = require("@paypal/paypal-server-sdk");
const constants = new Set(Object.values(library).flatMap((value) => Object.values(Object(value))));

// Every member by its path, to compare what came with what the schema knows of it.
function members(value, path = "") {
  if (typeof value !== "object" || value === null) return [`${path}=${value}`];
  return Object.entries(value).flatMap(([name, inner]) => members(inner, `${path}/${name}`));
}

function check(name, text) {
  // By its file, since the library shows its models but not their schemas.
  const path = `./node_modules/@paypal/paypal-server-sdk/dist/cjs/models/${name}.js`;
  const schema = require(path)[`${name}Schema`];
  const mapped = validateAndMap(JSON.parse(text), schema);
  if (mapped.errors) return mapped.errors.map((error) => error.message.split("\n")[0]).join("; ");
  const known = new Set(members(validateAndUnmap(mapped.result, schema).result));
  const unknown = members(JSON.parse(text)).filter((member) => !known.has(member));
  if (unknown.length > 0) return `unknown: ${unknown.join(", ")}`;
  const words = [...text.matchAll(/"([A-Z]+(?:_[A-Z]+)*)"/g)].map(([, word]) => word);
  const wrong = words.filter((word) => !constants.has(word) && word !== "EUR");
  return wrong.length > 0 ? `no such constant: ${wrong.join(", ")}` : "ok";
}

console.log(0);
for await (const line of createInterface({ input: process.stdin })) {
  const [, name, text] = line.match(/^(\w+) (.*)$/);
  console.log(check(name, text));
}
