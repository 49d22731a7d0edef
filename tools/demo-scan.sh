#!/bin/sh
# Scans the telemetry of an invented morning at three agencies (content/demo/README.md)
# with our own rules, and writes the report that a person would read. demo-scan.sh BUILD
cd "$(dirname "$0")/.." || exit 2
build=${1:-build}
jaga=$build/src/cli/jaga
report=$build/demo-report.html

"$jaga" scan content/demo || exit
"$jaga" scan -q -o html -w "$report" content/demo || exit
printf '\nThe same as a page to read: %s\n' "$report"
printf 'Why a rule matched: %s rules explain %s %s\n' "$jaga" \
    content/rules/network/net_fortigate_admin_added.yml content/demo/central/edge/FG-EDGE-1.log
