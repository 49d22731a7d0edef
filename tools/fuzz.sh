#!/bin/sh
# Runs every fuzz target (or those named) for SECONDS_EACH seconds (600), two at a time.
# New inputs go to out/fuzz/NAME, beside the seeds in fuzz/corpus/NAME; a crash is kept there as well.
#   SECONDS_EACH=60 tools/fuzz.sh [NAME]...
cd "$(dirname "$0")/.." || exit 2
set -u

seconds=${SECONDS_EACH:-600}
JOBS=${JOBS:-2}
build=build-fuzz
if [ ! -e $build/build.ninja ]; then
    CC=clang meson setup $build -Dfuzz=true -Dbuildtype=debugoptimized -Db_lundef=false \
        -Db_sanitize=address,undefined >/dev/null || exit 1
fi
ninja -j"$JOBS" -C $build >$build/ninja.log 2>&1 || { tail -40 $build/ninja.log; exit 1; }

run_one() {
    name=$1
    new=out/fuzz/$name
    mkdir -p "$new"
    dict=
    [ -e "fuzz/$name.dict" ] && dict=-dict=fuzz/$name.dict
    # shellcheck disable=SC2086
    if UBSAN_OPTIONS=halt_on_error=1 "$build/fuzz/fuzz_$name" -max_total_time="$seconds" \
        -timeout=10 -rss_limit_mb=2048 -artifact_prefix="$new/" -print_final_stats=1 $dict \
        "$new" "fuzz/corpus/$name" >"$new.log" 2>&1; then
        runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$new.log")
        echo "$name: ${runs:-?} runs in $seconds s, nothing found"
    else
        echo "$name: FOUND something, see $new.log"
        return 1
    fi
}

names=${*:-$(cd fuzz && ls fuzz_*.c | sed 's/^fuzz_//; s/\.c$//')}
failed=0 waiting=
for name in $names; do
    run_one "$name" &
    waiting="$waiting $!"
    # shellcheck disable=SC2086
    set -- $waiting
    if [ $# -ge "$JOBS" ]; then
        wait "$1" || failed=1
        shift
        waiting="$*"
    fi
done
for pid in $waiting; do wait "$pid" || failed=1; done
exit $failed
