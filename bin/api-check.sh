#!/bin/bash
# Starts the server on a fresh demo database at DATABASE_URL's server, lets schemathesis and the journey loose on it,
# and stops it. Called by bin/checks.sh; API_EXAMPLES is how many cases schemathesis makes for each operation, API_SEED which ones.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.sh"
cd "$here/.."
: "${DATABASE_URL:?bin/test starts a database}" "${TEST_TOOLS_DIR:?bin/test installs the tools}"

cargo build --quiet --locked --workspace --bins
binaries="${CARGO_TARGET_DIR:-target}/debug"
work=$(mktemp -d)
name=api_check_$$
psql --quiet --dbname "$DATABASE_URL" --command "create database $name"
DATABASE_URL=$(printf '%s' "$DATABASE_URL" | sed -E "s#^([a-z]+://[^/]+/)[^?]*#\1$name#")
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
url=http://127.0.0.1:$port
export DATABASE_URL LISTEN=127.0.0.1:$port PUBLIC_URL=$url ENVIRONMENT=development STORAGE_DIR=$work/files
export SECRET_KEY=only-for-this-check-0123456789abcdef LOG=warn LOG_FORMAT=text
export LIMIT_PER_ADDRESS=1000000 LIMIT_PER_ACCOUNT=1000000 LIMIT_SIGN_INS=false PASSWORD_WORKERS=2

"$binaries/skillbuddy" demo --services 60 >"$work/demo.log" 2>&1 || { cat "$work/demo.log"; exit 1; }
export STAFF_EMAIL=staff@check.example STAFF_PASSWORD=lantern-orchard-7-ledgers EARNINGS_HOLD_HOURS=0
"$binaries/skillbuddy" staff create --email "$STAFF_EMAIL" --name Sue --role superuser >/dev/null
"$binaries/skillbuddy" serve >"$work/server.log" 2>&1 &
server=$!
stop() {
    kill -TERM "$server" 2>/dev/null || true
    wait "$server" || fail "the server did not stop cleanly: $(tail -5 "$work/server.log")"
}
trap stop EXIT
for _ in $(seq 100); do
    curl -fs -o /dev/null "$url/readyz" && break
    sleep 0.1
done
curl -fsS -o /dev/null "$url/readyz" || { cat "$work/server.log"; exit 1; }

curl -fsS "$url/asyncapi.json" -o "$work/asyncapi.json"
node bin/asyncapi-check.mjs "$work/asyncapi.json" || fail "the document of the socket is not valid"

"$binaries/journey" --url "$url" >"$work/journey.log" 2>&1 || { tail -60 "$work/journey.log"; exit 1; }
tail -1 "$work/journey.log"

# token_for PATH BODY: the access token that signing in or up gives.
token_for() {
    curl -fsS "$url$1" -H 'content-type: application/json' -d "$2" |
        python3 -c 'import json, sys; print(json.load(sys.stdin)["access"])'
}
sign_up() {
    token_for /auth/signup/ "{\"email\": \"$1@check.example\", \"name\": \"Sam\", \"password\": \"lantern-orchard-71\"}"
}
API_TOKEN=$(token_for /auth/signin/ '{"email": "max@demo.skillbuddy.app", "password": "correct horse battery"}')
TOKEN_TO_SIGN_OUT=$(sign_up signout)
TOKEN_TO_CLOSE=$(sign_up close)
TOKEN_TO_END=$(sign_up sessions)
TOKEN_TO_CHANGE=$(sign_up password)
export API_TOKEN TOKEN_TO_SIGN_OUT TOKEN_TO_CLOSE TOKEN_TO_END TOKEN_TO_CHANGE
"$binaries/skillbuddy" ledger check >"$work/ledger.log" || { cat "$work/ledger.log"; exit 1; }
"$TEST_TOOLS_DIR/venv/bin/schemathesis" --config-file schemathesis.toml run "$url/openapi.json" --checks all \
    --max-examples "${API_EXAMPLES:-20}" --seed "${API_SEED:-1}" --workers 1 --output-sanitize true ||
    fail "schemathesis found something; the server said: $(grep -c . "$work/server.log") lines, $(grep ERROR "$work/server.log" | tail -5)"
! grep -q ERROR "$work/server.log" || fail "the server logged errors: $(grep ERROR "$work/server.log" | tail -5)"
"$binaries/skillbuddy" ledger check >"$work/ledger.log" || { cat "$work/ledger.log"; exit 1; }
