#!/bin/sh
# The long form of tests that `make check` runs in short: kills, real clients, idle connections, ten minutes of load. Each
# step has a limit that it ends with an error beyond; the last lines say which held.
#   tools/soak.sh [BUILD]           all steps
#   ONLY=lake tools/soak.sh         those whose name has that in it
cd "$(dirname "$0")/.." || exit 2
build=${1:-build}
data=${JAGA_DATA:-../shared/data}
JAGA=$PWD/$build/src/cli/jaga
JAGA_ROOT=$PWD
JAGA_DUCKDB=$PWD/out/duckdb/libduckdb.so
LAKE_ASK=$PWD/$build/tests/lake_ask
MAKE_EVTX=$PWD/$build/tests/make_evtx
export JAGA JAGA_ROOT JAGA_DUCKDB LAKE_ASK MAKE_EVTX
failed=0
results=

# A step: what it is, what must hold, then a command.
step() {
    what=$1 limit=$2
    shift 2
    case $what in
    *"${ONLY:-}"*) ;;
    *) return ;;
    esac
    printf '\n== %s\n' "$what"
    if "$@"; then
        result=pass
    else
        result=FAIL
        failed=$((failed + 1))
    fi
    results="$results$(printf '%s  %-34s %s' "$result" "$what" "$limit")
"
}

step "the spool killed 50 times" "nothing acknowledged is lost or doubled" \
    env JAGA_KILLS=50 "$build/tests/spool_kill_test"
step "the lake killed 200 times" "each event once, shares and roots right, by changing datasets" \
    env JAGA_KILLS=200 "$build/tests/lake_kill_test"
step "the centre's lake over 50 kills" "acknowledged = loss account = lake, per source, after each" \
    env JAGA_KILLS=50 python3 -B tests/e2e/lake_test.py Kills
step "the centre killed 50 times" "each event matched once, correlations exact" \
    env JAGA_KILLS=50 python3 -B tests/e2e/kill_test.py
step "jaga ship killed 50 times" "each line once" env SHIP_KILLS=50 python3 -B tests/e2e/ship_test.py
step "real clients" "100,000 events each, all of them once" \
    env JAGA_CLIENT_EVENTS=100000 python3 -B tests/e2e/clients_test.py
step "syslog" "100,000 events a client, 10,000 idle TLS connections" \
    env JAGA_SYSLOG_EVENTS=100000 JAGA_SYSLOG_CONNECTIONS=10000 python3 -B tests/e2e/syslog_test.py
step "looking back" "findings equal those of a live replay" \
    "$build/tests/lookback_golden_test" content "$data"

scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT INT TERM
step "hunts over ten million events" "each within its goal" "$build/bench/bench_hunt" "$scratch" 10
step "new rules over ten million events" "3 s for what few events match" \
    "$build/bench/bench_lookback" "$scratch" content content/rules 10
rm -rf "$scratch/lake"
step "ten minutes of load, with hunts" "60,000 events/s through doors, rules and lake, none behind; 3 GiB; hunts at half speed" \
    "$build/bench/bench_steady" "$JAGA" "$scratch" 60000 600 content/rules \
    "$data/sigma/rules" "$data/sigma/rules-emerging-threats" "$data/sigma/rules-threat-hunting"

printf '\n%s\n%s steps failed\n' "$results" "$failed"
[ "$failed" -eq 0 ]
