#!/bin/sh
# The demo: a centre in a scratch folder, a drill into it over its doors, findings as they come, and the drill's report.
# demo.sh BUILD [DRILL [DURATION]]; what is kept goes when it ends.
cd "$(dirname "$0")/.." || exit 2
jaga=${1:-build}/src/cli/jaga
drill=${2:-phish-to-ransomware}
duration=${3:-75s}
scratch=$(mktemp -d) || exit 2
centre='' follower=''

stop() {
    trap - EXIT INT TERM
    for process in $follower $centre; do
        kill "$process" 2>/dev/null && wait "$process" 2>/dev/null
    done
    rm -rf "$scratch"
}
trap stop EXIT
trap 'exit 130' INT TERM

bold='' dim='' plain=''
if [ -t 1 ] && [ -z "$NO_COLOR" ]; then
    bold=$(printf '\033[1m') dim=$(printf '\033[2m') plain=$(printf '\033[0m')
fi

# Correlations are found when nothing late can come any more: after a minute, or, where everything comes at once, five seconds.
# Two sources are declared to speak at least every few seconds, so that their silence is found.
mkdir -m 700 "$scratch/data"
cat >"$scratch/data/jaga.yaml" <<'YAML'
lateness: 5s
sources:
  - {agency: health, source: servers, expect: 8s}
  - {agency: finance, source: cloudtrail, expect: 8s}
YAML
"$jaga" drill indicators "$drill" >"$scratch/indicators.txt" || exit
if [ -s "$scratch/indicators.txt" ]; then
    "$jaga" intel add --data "$scratch/data" --feed drill "$scratch/indicators.txt" >/dev/null || exit
fi

"$jaga" serve --data "$scratch/data" --listen 127.0.0.1:0 >"$scratch/hello" 2>"$scratch/log" &
centre=$!
until grep -q '^ *token ' "$scratch/hello"; do
    kill -0 "$centre" 2>/dev/null || { cat "$scratch/log" >&2; exit 1; }
    sleep 0.1
done
sed -n 's/^ *token *//p' "$scratch/hello" >"$scratch/token"
url=$(sed -n 's/^ *listening *\(https:[^ ]*\).*/\1/p' "$scratch/hello")
fingerprint=$(sed -n 's/^ *certificate *sha256 //p' "$scratch/hello")
set -- --to "$url" --token-file "$scratch/token" --fingerprint "$fingerprint"

printf '%sA centre is listening at %s.%s Three agencies have an ordinary working day, sent by Winlogbeat, Splunk HEC,\n' \
    "$bold" "$url" "$plain"
printf 'OpenTelemetry and JSON lines. Somewhere in it is an intrusion: its steps begin with a triangle, and below them\n'
printf 'stands what the centre finds of it.\n\n'
printf '%s%-19s  %-8s  %-10s  %s%s\n' "$dim" 'Time (UTC)' 'Level' 'Agency' 'Step ▶ or finding' "$plain"

"$jaga" findings follow "$@" &
follower=$!
"$jaga" drill run "$drill" "$@" --duration "$duration" --wait 60s --report "$scratch/report.json"
code=$?

printf '\n%sOthers:%s %s drill list · the same for another: tools/demo.sh %s web-shell\n' "$dim" "$plain" "$jaga" \
    "${jaga%/src/cli/jaga}"
exit $code
