#!/bin/sh
# Installs the real programs that tests run against, in .skillbuddy/tools: an S3 server, an SMTP server, a program that
# plays Stripe, an OpenID provider, PayPal's own description of its requests, the parser of the socket's document, two
# clients for it and the cases that it must pass, and the hostile API client. Prints that directory; tests find it in TEST_TOOLS_DIR.
#
#     TEST_TOOLS_DIR=$(bin/test-tools.sh) cargo nextest run
#
# Quick when everything is there. A changed version below, or another Python or Node, makes it install anew.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.sh"

# What the newest of these need; the oldest that lib.sh accepts elsewhere is older.
OLDEST_PYTHON=3.10
OLDEST_NODE=20.19

PYTHON_PACKAGES='moto[server,s3]==5.2.5 aiosmtpd==1.4.6 localstripe==1.15.10 schemathesis==4.32.5
    kosoku==0.1.0 websockets==17.4'
NODE_PACKAGES='oauth2-mock-server@8.2.3 @paypal/paypal-server-sdk@2.5.0 @asyncapi/parser@3.6.3
    ws@8.23.0'

tools=${TEST_TOOLS_DIR:-$(dirname "$here")/.skillbuddy/tools}

# Everything that the installed files depend on.
wanted_stamp() {
    printf '%s\n' "$PYTHON_PACKAGES" "$NODE_PACKAGES" "$(python3 --version 2>&1)" "$(node --version 2>&1)" "$tools"
}

is_complete() {
    [ -f "$tools/stamp" ] && [ "$(cat "$tools/stamp")" = "$(wanted_stamp)" ] &&
        [ -x "$tools/venv/bin/moto_server" ] && [ -x "$tools/venv/bin/schemathesis" ] &&
        [ -e "$tools/node_modules/.bin/oauth2-mock-server" ]
}

install_python_tools() {
    say "Installing $PYTHON_PACKAGES in $tools/venv"
    python3 -m venv --clear "$tools/venv" || fail "python3 could not make a virtual environment in $tools/venv"
    # The names are words on purpose.
    # shellcheck disable=SC2086
    "$tools/venv/bin/python" -m pip install --quiet --disable-pip-version-check $PYTHON_PACKAGES >&2 ||
        fail "pip could not install $PYTHON_PACKAGES; check the connection to pypi.org"
}

# Packages that are only run by tests get no chance to run scripts of their own at installation.
install_node_tools() {
    say "Installing $NODE_PACKAGES in $tools/node_modules"
    rm -rf "$tools/node_modules"
    echo '{ "private": true }' >"$tools/package.json"
    # shellcheck disable=SC2086
    npm install --prefix "$tools" --ignore-scripts --no-audit --no-fund --no-package-lock --loglevel=error \
        $NODE_PACKAGES >&2 || fail "npm could not install $NODE_PACKAGES; check the connection to registry.npmjs.org"
}

main() {
    if ! is_complete; then
        need_python
        need_node
        mkdir -p "$tools"
        # Without a stamp, a run that is cut off here is repeated by the next.
        rm -f "$tools/stamp"
        install_python_tools
        install_node_tools
        wanted_stamp >"$tools/stamp"
    fi
    echo "$tools"
}

main
