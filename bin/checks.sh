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
live_events_through_breaks() {
    local work
    # The tests build the server only; this also needs the tool.
    cargo build --quiet --locked --workspace --bins
    work=$(mktemp -d)
    # `mktemp` makes it for one user alone, and PostgreSQL may run as another.
    chmod 755 "$work"
    "${CARGO_TARGET_DIR:-target}/debug/bench" --services 400 --state-dir "$work" \
        realtime --idle 500 --watchers 200 --pairs 60 --rate 60 --for 15
    rm -rf "$work"
}
step "Live events, while servers and Redis are killed" live_events_through_breaks
step "The journey and a hostile client" bin/api-check.sh
say "All checks passed"
