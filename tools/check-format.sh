#!/bin/sh
# Every source is as clang-format leaves it (.clang-format).
cd "$(dirname "$0")/.." || exit 2

if ! command -v clang-format >/dev/null; then
    echo "clang-format is not installed (tools/deps.sh install)"
    exit 77
fi
find src fuzz bench tools -name '*.[ch]' | sort | xargs clang-format --dry-run --Werror
