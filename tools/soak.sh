#!/bin/sh
# The long form of tests that `make check` runs in short: kills, real clients, idle connections, ten minutes of load.
#   tools/soak.sh [BUILD]
cd "$(dirname "$0")/.." || exit 2
build=${1:-build}
data=${JAGA_DATA:-../shared/data}
JAGA=$PWD/$build/src/cli/jaga
JAGA_ROOT=$PWD
JAGA_DUCKDB=$PWD/out/duckdb/libduckdb.so
export JAGA JAGA_ROOT JAGA_DUCKDB
failed=0

# A test: what it is, then a command.
step() {
    what=$1
    shift
    printf '\n== %s\n' "$what"
    "$@" || { failed=$((failed + 1)); echo "FAILED: $what"; }
}

step "the spool killed 50 times" env JAGA_KILLS=50 "$build/tests/spool_kill_test"
step "the lake killed 200 times" env JAGA_KILLS=200 "$build/tests/lake_kill_test"
step "the centre killed 50 times under load" env JAGA_KILLS=50 python3 -B tests/e2e/kill_test.py
step "jaga ship killed 50 times" env SHIP_KILLS=50 python3 -B tests/e2e/ship_test.py
step "real clients, 100,000 events each" env JAGA_CLIENT_EVENTS=100000 python3 -B tests/e2e/clients_test.py
step "syslog: 100,000 events a client, 10,000 idle TLS connections" \
    env JAGA_SYSLOG_EVENTS=100000 JAGA_SYSLOG_CONNECTIONS=10000 python3 -B tests/e2e/syslog_test.py

scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT INT TERM
step "ten minutes at 60,000 events/s with the lake, and hunts beside" \
    "$build/bench/bench_steady" "$JAGA" "$scratch" 60000 600 content/rules \
    "$data/sigma/rules" "$data/sigma/rules-emerging-threats" "$data/sigma/rules-threat-hunting"

printf '\n%s steps failed\n' "$failed"
[ "$failed" -eq 0 ]
