#!/bin/sh
# Build and test dependencies on Debian and Ubuntu.
#   tools/deps.sh check     says what is missing; exit 1 if anything is
#   tools/deps.sh install   installs what is missing with apt (through sudo when not root)
set -u

# The one list.
PACKAGES="
    gcc clang clang-format libclang-rt-14-dev
    meson ninja-build pkg-config make git python3
    libyaml-dev libpcre2-dev libvectorscan-dev libarchive-dev libseccomp-dev libcmocka-dev libzstd-dev
    libmicrohttpd-dev libgnutls28-dev libsodium-dev nettle-dev libsqlite3-dev libjansson-dev zlib1g-dev libcurl4-gnutls-dev
    libmaxminddb-dev libedit-dev
    zstd python3-jsonschema python3-prometheus-client openssl faketime
"

# Of these any installation will do, not only Debian's.
missing_commands() {
    command -v npm >/dev/null || printf 'nodejs npm '
}

missing() {
    missing_commands
    for package in $PACKAGES; do
        status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)
        [ "$status" = installed ] || printf '%s ' "$package"
    done
}

if ! command -v dpkg-query >/dev/null; then
    echo "deps: this is no Debian or Ubuntu; install the equivalents of:" $PACKAGES >&2
    exit 0
fi

need=$(missing)
case ${1-check} in
check)
    [ -z "$need" ] && exit 0
    echo "deps: missing: $need" >&2
    exit 1
    ;;
install)
    if [ -z "$need" ]; then
        echo "deps: everything is installed"
        exit 0
    fi
    as_root=
    [ "$(id -u)" = 0 ] || as_root=sudo
    echo "deps: installing with apt${as_root:+ (sudo)}: $need"
    $as_root apt-get update -q || exit 1
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -q --no-install-recommends $need
    ;;
*)
    echo "usage: tools/deps.sh check|install" >&2
    exit 2
    ;;
esac
