#!/bin/sh
# Every test, with ASan and UBSan of gcc, and once as it is released: only there is the sandbox whole. With those of
# clang, all but the end-to-end tests, which take longest. All with -Werror. The last line is "N passed, N failed, N
# skipped"; the exit code is 0 only when nothing failed.
#   tools/check.sh [gcc|clang|release]...  all by default
#   SUITE="unit fuzz" tools/check.sh  only those suites (unit fuzz golden e2e source)
cd "$(dirname "$0")/.." || exit 2
set -u

JOBS=${JOBS:-2}
builds=${*:-gcc clang release}
ccache=$(command -v ccache || true)
export ASAN_OPTIONS="detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1"
export UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1"

passed=0 failed=0 skipped=0

sh tools/duckdb.sh

case " ${SUITE:-e2e} " in
*" e2e "*) sh tools/clients.sh ;; # its tests are skipped without them
esac

# Adds the figures of one `meson test` run, read from its summary, to the totals.
count() {
    add() { sed -n "s/^$1: *\([0-9][0-9]*\).*/\1/p" "$2" | tail -1; }
    for kind in Ok 'Expected Fail'; do
        n=$(add "$kind" "$1"); passed=$((passed + ${n:-0}))
    done
    for kind in Fail 'Unexpected Pass' Timeout; do
        n=$(add "$kind" "$1"); failed=$((failed + ${n:-0}))
    done
    n=$(add Skipped "$1"); skipped=$((skipped + ${n:-0}))
}

for name in $builds; do
    build=build-check-$name
    log=build-check-$name.log
    compiler=$name
    flags="-Dbuildtype=debugoptimized -Db_sanitize=address,undefined -Db_lundef=false"
    if [ "$name" = release ]; then
        compiler=gcc
        flags=-Dbuildtype=release
    fi
    echo "== $name: building"
    if [ ! -e "$build/build.ninja" ]; then
        # shellcheck disable=SC2086
        CC="${ccache:+ccache }$compiler" meson setup "$build" -Dwerror=true $flags >"$log" 2>&1
    fi
    if ! ninja -j"$JOBS" -C "$build" >"$log" 2>&1; then
        tail -40 "$log"
        echo "== $name: does not build"
        failed=$((failed + 1))
        continue
    fi
    echo "== $name: testing"
    suites=
    every=
    [ "$name" = clang ] && every="unit fuzz source golden"
    for suite in ${SUITE:-$every}; do suites="$suites --suite $suite"; done
    # shellcheck disable=SC2086
    meson test -C "$build" --no-rebuild --num-processes "$JOBS" --print-errorlogs $suites >"$log" 2>&1
    status=$?
    before=$failed
    count "$log"
    if [ $status -ne 0 ]; then
        sed -n '/^――/,$p' "$log" | tail -150
        [ "$failed" -gt "$before" ] || failed=$((failed + 1))
    fi
done

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
