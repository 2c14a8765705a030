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
step "Lints" cargo clippy --locked --workspace --all-targets --quiet -- -D warnings
step "Queries against the schema" "$here/sqlx-prepare" --check
step "Tests" cargo nextest run --locked --workspace --no-fail-fast
step "Documentation" env RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps --quiet
step "The API as a hostile client sees it" "$here/api-check.sh"
say "All checks passed"
