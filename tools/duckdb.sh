#!/bin/sh
# Gets libduckdb.so, which the lake needs when it runs, into FOLDER (out/duckdb): the package of
# tools/duckdb/package-lock.json, by its integrity hash, with npm ci. Without npm or a network it says so and
# everything but the lake works; tests of the lake are skipped then.
#   tools/duckdb.sh [FOLDER]
set -u
cd "$(dirname "$0")/.." || exit 2
mkdir -p "${1:-out/duckdb}" || exit 1
out=$(cd "${1:-out/duckdb}" && pwd)

cmp -s tools/duckdb/package-lock.json "$out/package-lock.json" && [ -e "$out/libduckdb.so" ] && exit 0
if ! command -v npm >/dev/null; then
    echo "duckdb: npm is missing: no libduckdb.so, so no lake" >&2
    exit 0
fi
cp tools/duckdb/package.json "$out/"
cp tools/duckdb/package-lock.json "$out/package-lock.json.new"
cp "$out/package-lock.json.new" "$out/package-lock.json"
if (cd "$out" && npm ci --no-audit --no-fund --ignore-scripts >npm.log 2>&1) &&
    library=$(find "$out/node_modules/@duckdb" -name libduckdb.so | head -1) && [ -n "$library" ]; then
    ln -sf "${library#"$out"/}" "$out/libduckdb.so"
else
    rm -f "$out/package-lock.json"
    echo "duckdb: npm ci failed, see $out/npm.log: no libduckdb.so, so no lake" >&2
fi
rm -f "$out/package-lock.json.new"
exit 0
