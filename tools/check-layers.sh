#!/bin/sh
# A module includes only modules below it: what src/*/ includes is held against tools/layers.txt.
cd "$(dirname "$0")/.." || exit 2

awk '
    FILENAME == "tools/layers.txt" {
        if (/^#/ || !/:/)
            next
        module = $1
        sub(":", "", module)
        known[module] = 1
        allowed[module, module] = 1
        for (i = 2; i <= NF; i++)
            allowed[module, $i] = 1
        next
    }
    FNR == 1 {
        split(FILENAME, path, "/")
        module = path[2]
        files++
        if (!(module in known)) {
            printf "%s: module %s is not in tools/layers.txt\n", FILENAME, module
            bad++
        }
    }
    /^[ \t]*#[ \t]*include[ \t]*"/ {
        split($0, quoted, "\"")
        split(quoted[2], parts, "/")
        if (quoted[2] !~ "/") {
            printf "%s:%d: include it as \"%s/%s\"\n", FILENAME, FNR, module, quoted[2]
            bad++
        } else if (!((module, parts[1]) in allowed)) {
            printf "%s:%d: %s may not include %s\n", FILENAME, FNR, module, quoted[2]
            bad++
        }
    }
    END {
        printf "layers: %d files, %d breaches\n", files, bad
        exit bad > 0
    }
' tools/layers.txt src/*/*.[ch]
