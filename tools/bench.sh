#!/bin/sh
# The benchmarks behind every claim of speed. Rates are of the processor time of one core, except where whole
# programs are timed. Data is looked for in ../shared/data (or $JAGA_DATA) and what needs it is left out
# where it is absent.
#   tools/bench.sh [BUILD]
cd "$(dirname "$0")/.." || exit 2
build=${1:-build}
jaga=$build/src/cli/jaga
data=${JAGA_DATA:-../shared/data}
lanes=$data/lanes
rules="$data/sigma/rules $data/sigma/rules-emerging-threats $data/sigma/rules-threat-hunting"
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT INT TERM

title() { printf '\n== %s\n' "$1"; }

# Runs a command, and prints its wall clock, processor time and memory with a description.
timed() {
    what=$1
    shift
    python3 - "$what" "$@" <<'PY'
import resource, subprocess, sys, time
start = time.monotonic()
subprocess.run(sys.argv[2:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
wall = time.monotonic() - start
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(f"{sys.argv[1]:<52} {wall:7.2f} s, {used.ru_utime + used.ru_stime:6.2f} s of processor, "
      f"{used.ru_maxrss / 1024:5.0f} MiB")
PY
}

sed -n 's/^model name[^:]*: /processor: /p' /proc/cpuinfo | head -1
echo "load: $(cut -d' ' -f1-3 /proc/loadavg) (figures are good only on an idle machine)"

title "text formats to events (input made here)"
"$build/bench/bench_text"
title "KQL to a tree, and back to text"
if [ -d "$data/kql" ]; then
    find "$data/kql" -name '*.kql' -print0 | xargs -0 "$build/bench/bench_kql"
else
    "$build/bench/bench_kql"
fi
title "the HTTP server by itself, server and clients on the same cores"
"$build/bench/bench_http"
title "correlations"
"$build/bench/bench_correlate"
title "the spool, on the disk of $build"
"$build/bench/bench_spool" "$build"
title "matches into the ledger, on the disk of $build"
"$build/bench/bench_ledger" "$build"
title "events through a door's intake (input made here)"
"$build/bench/bench_intake"

if [ ! -d "$data" ]; then
    echo
    echo "$data is not there: the benchmarks over real rules and events are left out"
    exit 0
fi

title "JSON to events"
for lane in structured_windows sysmon_file_event no_match; do
    zstd -dqf "$lanes/$lane.ndjson.zst" -o "$scratch/$lane.ndjson" && "$build/bench/bench_json" "$scratch/$lane.ndjson"
done
title "Elasticsearch bulk requests to batches"
"$build/bench/bench_bulk" "$scratch/structured_windows.ndjson"
title "EVTX to events"
# shellcheck disable=SC2046
"$build/bench/bench_evtx" $(find "$data/evtx/parser" -name '*.evtx' -size +1M | grep -v ' ' | sort)
title "JSON to verdicts, all rules, one core"
# shellcheck disable=SC2086
"$build/bench/bench_match" content $rules -- "$lanes"/*.ndjson.zst
title "detection between spool and ledger, all rules, on the disk of $build"
# shellcheck disable=SC2086
"$build/bench/bench_live" "$build" content $rules -- "$lanes/structured_windows.ndjson.zst"
title "the centre: bulk over TLS, durable, matched; clients on the same machine"
# shellcheck disable=SC2086
"$build/bench/bench_centre" "$jaga" "$scratch" 30 content/rules $rules
title "the same, with the lake"
rm -rf "$scratch/data"
# shellcheck disable=SC2086
"$build/bench/bench_centre" --lake "$jaga" "$scratch" 30 content/rules $rules
rm -rf "$scratch/data"
title "60,000 events/s for a minute, with the lake and hunts beside"
# shellcheck disable=SC2086
"$build/bench/bench_steady" "$jaga" "$scratch" 60000 60 content/rules $rules
rm -rf "$scratch/data"
title "the lake: filled, asked; beside searches of the same lines"
JAGA_DUCKDB=$PWD/out/duckdb/libduckdb.so "$build/bench/bench_lake" "$scratch" 2
rm -f "$scratch/lines.ndjson"
title "hunts over that lake, as analysts write them; published queries compiled"
find "$data/kql" -name '*.kql' -print0 | JAGA_DUCKDB=$PWD/out/duckdb/libduckdb.so xargs -0 "$build/bench/bench_hunt" "$scratch" 2 0
title "rules that look back over that lake, one by one"
JAGA_DUCKDB=$PWD/out/duckdb/libduckdb.so "$build/bench/bench_lookback" "$scratch" content \
    "$data/sigma/rules/windows/network_connection" 2
rm -rf "$scratch/lake"
title "rules ready"
# shellcheck disable=SC2086
"$build/bench/bench_load" content $rules

title "the whole program"
set --
for folder in $rules; do set -- "$@" -r "$folder"; done
XDG_CACHE_HOME=$scratch/cache
export XDG_CACHE_HOME
"$jaga" scan -q "$@" /dev/null >/dev/null 2>&1
timed "attack samples, all rules, all cores, rules cached" "$jaga" scan -q "$@" "$data/evtx/attack-samples"
timed "attack samples, all rules, one thread" "$jaga" scan -q -j1 "$@" "$data/evtx/attack-samples"
for lane in structured_windows no_match; do
    i=0
    while [ $i -lt 50 ]; do
        cat "$scratch/$lane.ndjson"
        i=$((i + 1))
    done >"$scratch/big.ndjson"
    size=$(($(wc -c <"$scratch/big.ndjson") / 1000000))
    for jobs in 1 2; do
        timed "$lane, 500,000 events, $size MB, -j$jobs" \
            "$jaga" scan -q -j$jobs --level critical -o jsonl "$@" "$scratch/big.ndjson"
    done
done
