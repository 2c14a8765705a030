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

step "Formatting" cargo fmt --check
step "Lints, and the queries against the schema" bin/sqlx-prepare --check
step "Documentation" env RUSTDOCFLAGS="-D warnings" cargo doc --quiet --locked --workspace --no-deps --document-private-items
step "Tests" cargo nextest run --locked --workspace --no-fail-fast
step "The journey and a hostile client" bin/api-check.sh
say "All checks passed"
