#!/bin/sh
# Gets the clients that the end-to-end tests send events with, into FOLDER (out/clients):
#   node       the packages of tests/clients/package-lock.json, with npm ci
#   syslog-ng  Debian's, unpacked: it can't be installed beside rsyslog
# What can't be had (no npm, no network, no apt) is said and left out; its tests are skipped then.
#   tools/clients.sh [FOLDER]
set -u
cd "$(dirname "$0")/.." || exit 2
mkdir -p "${1:-out/clients}" || exit 1
out=$(cd "${1:-out/clients}" && pwd)

node_packages() {
    if ! command -v npm >/dev/null; then
        echo "clients: npm is missing: no Elasticsearch and OpenTelemetry clients" >&2
        return
    fi
    mkdir -p "$out/node"
    cp tests/clients/*.mjs "$out/node/" # beside the packages they import
    cmp -s tests/clients/package-lock.json "$out/node/package-lock.json" && [ -e "$out/node/.done" ] && return
    cp tests/clients/package.json tests/clients/package-lock.json "$out/node/"
    if (cd "$out/node" && npm ci --no-audit --no-fund --ignore-scripts >npm.log 2>&1); then
        : >"$out/node/.done"
    else
        echo "clients: npm ci failed, see $out/node/npm.log: no Elasticsearch and OpenTelemetry clients" >&2
    fi
}

syslog_ng() {
    [ -e "$out/syslog-ng/.done" ] && return
    if ! command -v apt-get >/dev/null; then
        echo "clients: no apt-get: no syslog-ng" >&2
        return
    fi
    mkdir -p "$out/syslog-ng/packages"
    # Its libraries that nothing else brings.
    if (cd "$out/syslog-ng/packages" &&
        apt-get download syslog-ng-core syslog-ng-mod-http libivykis0 libnet1 libpcre3 >../apt.log 2>&1 &&
        for package in *.deb; do dpkg -x "$package" .. || exit 1; done); then
        : >"$out/syslog-ng/.done"
    else
        echo "clients: apt-get download failed, see $out/syslog-ng/apt.log: no syslog-ng" >&2
    fi
}

node_packages
syslog_ng
