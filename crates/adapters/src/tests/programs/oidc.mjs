// oauth2-mock-server on a free port. Says the port; then obeys one JSON command a line, and ends when its input ends.
//
//     {"generate": {"alg": "RS256", "kid": "a"}}      a new key, published at once
//     {"sign": {"kid": "a", "claims": {...}}}          a token with exactly these claims
//     {"sign": {..., "header": {...}}}                 with further header fields
//     {"sign": {..., "elsewhere": true}}               signed with another key of the same name

import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const { OAuth2Server } = await import(
  pathToFileURL(`${process.argv[2]}/node_modules/oauth2-mock-server/dist/index.mjs`)
);

const server = new OAuth2Server();
await server.start(0, "127.0.0.1");
server.issuer.url = `http://127.0.0.1:${server.address().port}`;
// Issuers need not say which algorithm a key is for; those whose name begins with "bare" do not.
const publish = server.issuer.keys.toJSON.bind(server.issuer.keys);
server.issuer.keys.toJSON = (...how) =>
  publish(...how).map(({ alg, ...rest }) => (rest.kid.startsWith("bare") ? rest : { alg, ...rest }));
const elsewhere = new OAuth2Server();
elsewhere.issuer.url = server.issuer.url;

const commands = {
  async generate({ alg, kid }) {
    await elsewhere.issuer.keys.generate(alg, { kid });
    const { d, p, q, dp, dq, qi, ...published } = await server.issuer.keys.generate(alg, { kid });
    return published;
  },
  sign({ kid, claims, header: more, elsewhere: other }) {
    const replace = (header, payload) => {
      Object.assign(header, more);
      for (const name of Object.keys(payload)) delete payload[name];
      Object.assign(payload, claims);
    };
    return (other ? elsewhere : server).issuer.buildToken({ kid, scopesOrTransform: replace });
  },
};

console.log(server.address().port);
for await (const line of createInterface({ input: process.stdin })) {
  const [[name, argument]] = Object.entries(JSON.parse(line));
  console.log(JSON.stringify(await commands[name](argument)));
}
process.exit(0);
