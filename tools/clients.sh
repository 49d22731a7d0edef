#!/bin/sh
# Gets the clients that the end-to-end tests send events with, into FOLDER (out/clients):
#   node       the packages of tests/clients/package-lock.json, with npm ci
#   rsyslog, syslog-ng  Debian's, unpacked: one can't be installed beside the other
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

# Unpacks packages of Debian into FOLDER/NAME instead of installing them: a logging daemon would start to work.
unpacked() {
    name=$1
    shift
    [ -e "$out/$name/.done" ] && return
    if ! command -v apt-get >/dev/null; then
        echo "clients: no apt-get: no $name" >&2
        return
    fi
    mkdir -p "$out/$name/packages"
    if (cd "$out/$name/packages" && apt-get download "$@" >../apt.log 2>&1 &&
        for package in *.deb; do dpkg -x "$package" .. || exit 1; done); then
        : >"$out/$name/.done"
    else
        echo "clients: apt-get download failed, see $out/$name/apt.log: no $name" >&2
    fi
}

# With libraries that nothing else brings.
node_packages
unpacked syslog-ng syslog-ng-core syslog-ng-mod-http libivykis0 libnet1 libpcre3
unpacked rsyslog rsyslog rsyslog-elasticsearch rsyslog-gnutls libestr0 libfastjson4 liblognorm5 libcurl4
