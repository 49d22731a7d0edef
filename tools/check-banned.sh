#!/bin/sh
# What must not be in the sources: functions that invite overruns, I/O in the pure modules,
# work left behind, functions and files that are too long to read.
cd "$(dirname "$0")/.." || exit 2

FUNCTION_LINES_MAX=100
FILE_LINES_MAX=900

# shellcheck disable=SC2046
awk -v function_max=$FUNCTION_LINES_MAX -v file_max=$FILE_LINES_MAX '
    function complain(what) {
        printf "%s:%d: %s\n", FILENAME, FNR, what
        bad++
    }
    # Length checks need to know when a file ends: the last file is handled in END.
    function file_ends() {
        if (last_name != "" && last_lines > file_max && last_name !~ /_table\.c$/) {
            printf "%s: %d lines, at most %d\n", last_name, last_lines, file_max
            bad++
        }
    }
    BEGIN {
        banned = "(strcpy|strcat|sprintf|vsprintf|gets|strtok|atoi|atol|atoll|system|popen|alloca)"
        io = "(printf|fprintf|vprintf|puts|fopen|open|openat|read|write|mmap|getenv|exit|abort|time|clock_gettime|gettimeofday)"
    }
    FNR == 1 {
        file_ends()
        files++
        pure = FILENAME ~ /^src\/(base|event|parse|sigma|intel)\// && FILENAME !~ /_test\.[ch]$/
        in_comment = 0
        opened = 0
    }
    { last_name = FILENAME; last_lines = FNR }
    /TODO|FIXME/ { complain("work left behind") }
    {
        code = $0
        gsub(/"([^"\\]|\\.)*"/, "\"\"", code)
        sub(/\/\/.*/, "", code)
        gsub(/\/\*.*\*\//, "", code)
        if (in_comment) {
            if (code !~ /\*\//)
                next
            sub(/.*\*\//, "", code)
            in_comment = 0
        }
        if (code ~ /\/\*/) {
            sub(/\/\*.*/, "", code)
            in_comment = 1
        }
    }
    code ~ ("(^|[^A-Za-z0-9_.>])" banned "[ \t]*\\(") { complain("a banned function: " $0) }
    pure && code ~ ("(^|[^A-Za-z0-9_.>])" io "[ \t]*\\(") { complain("I/O in a pure module: " $0) }
    code ~ /^\{/ { opened = FNR }
    code ~ /^\}/ {
        if (opened && FNR - opened - 1 > function_max)
            complain(sprintf("a function of %d lines, at most %d", FNR - opened - 1, function_max))
        opened = 0
    }
    END {
        file_ends()
        printf "banned: %d files, %d breaches\n", files, bad
        exit bad > 0
    }
' $(find src fuzz bench tools -name '*.[ch]' | sort)
