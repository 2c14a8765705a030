#!/bin/bash
# What bin/test runs once a throwaway database is up at DATABASE_URL.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.sh"
cd "$here/.."

step() {
    say "$1"
    shift
    local started=$SECONDS
    "$@"
    say "  done in $((SECONDS - started)) s"
}

export SQLX_OFFLINE=true

step "Tests" cargo nextest run --locked --workspace --no-fail-fast
say "All checks passed"
