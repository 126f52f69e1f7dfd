#!/usr/bin/env bash
# Installs what p2p-miner needs from the system, and only what is missing.
# usage: native/setup.sh build|run|test|bench|bench-p2p     (run, test and bench include what the one before needs)
set -euo pipefail

purpose=${1:-build}
case $purpose in
    build | run | test | bench | bench-p2p) ;;
    *) echo "setup: unknown purpose '$purpose'; use build, run, test, bench or bench-p2p" >&2; exit 2 ;;
esac

fail() {
    echo "setup: $*" >&2
    exit 1
}

has_library() { # by its soname; ldconfig is outside the PATH of ordinary users on Debian
    PATH=$PATH:/usr/sbin:/sbin ldconfig -p 2>/dev/null | grep "^[[:space:]]*$1 " >/dev/null
}

has_command() { command -v "$1" >/dev/null 2>&1; }

if ! has_command dotnet || ! dotnet --list-sdks 2>/dev/null | grep -E '^(1[0-9]|[2-9][0-9])\.' >/dev/null; then
    fail "the .NET SDK 10 or later is missing; install it (https://dotnet.microsoft.com/download) and run make again"
fi
[ "$purpose" != build ] || exit 0

if ! has_command apt-get; then
    # Elsewhere the program says by itself, in one line, when it cannot find a library.
    if ! has_library librandomx.so.0; then
        echo "setup: no apt-get here, so nothing is installed. Needed: RandomX (librandomx.so, librandomx.dylib or" \
            "randomx.dll; or its path in P2P_MINER_RANDOMX), libsodium, and libzmq to hear of new blocks at once;" \
            "for tests monerod and monero-wallet-rpc, chromium, and node 20 and npm; for the benchmarks a C compiler and" \
            "randomx.h, and node 20 and npm" >&2
    fi
    exit 0
fi

packages=()
[ -n "${P2P_MINER_RANDOMX:-}" ] || has_library librandomx.so.0 || packages+=(librandomx0)
has_library libsodium.so.23 || packages+=(libsodium23)
has_library libzmq.so.5 || packages+=(libzmq5)
if [ "$purpose" = test ] || [ "$purpose" = bench ]; then
    has_command monerod && has_command monero-wallet-rpc || packages+=(monero)
fi
if [ "$purpose" = test ]; then
    # For the tests of the web page.
    has_command chromium || has_command google-chrome || packages+=(chromium)
fi
if [ "$purpose" = bench ]; then
    has_command gcc || packages+=(gcc)
    [ -e /usr/include/stdio.h ] || packages+=(libc6-dev)
    [ -e /usr/include/randomx.h ] || packages+=(librandomx-dev)
fi
if [ "$purpose" = test ] || [ "$purpose" = bench-p2p ]; then
    # For js-libp2p, which tests and benchmark talk to. Whatever version of node there is stays.
    has_command node || packages+=(nodejs)
    has_command npm || packages+=(npm)
fi
optional=()
if [ "$purpose" = test ] && ! compgen -G '/usr/lib/*/faketime/libfaketime.so.1' >/dev/null; then
    optional+=(libfaketime) # gives a test's process a wrong clock
fi
[ $((${#packages[@]} + ${#optional[@]})) -gt 0 ] || exit 0

by_hand="install by hand: apt-get install ${packages[*]}"
as_root=()
if [ "$(id -u)" -ne 0 ]; then
    [ ${#packages[@]} -gt 0 ] || exit 0
    has_command sudo || fail "missing packages, and neither root nor sudo to install them; $by_hand"
    as_root=(sudo)
    [ -t 0 ] || as_root=(sudo -n)
fi

apt() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 "$@"
}

log=$(mktemp)
trap 'rm -f "$log"' EXIT

# The package lists may be absent or old: then the first try fails at once, and a fresh list decides.
install_packages() {
    apt install -y --no-install-recommends "$@" >"$log" 2>&1 && return
    apt update >"$log" 2>&1 || true # one broken source is no obstacle when the others have the packages
    apt install -y --no-install-recommends "$@" >"$log" 2>&1
}

if [ ${#optional[@]} -gt 0 ]; then
    echo "setup: installing ${optional[*]}"
    install_packages "${optional[@]}" || echo "setup: ${optional[*]} could not be installed, so the tests that need it are skipped"
fi
[ ${#packages[@]} -gt 0 ] || exit 0

echo "setup: installing ${packages[*]}"
install_packages "${packages[@]}" || {
    tail -n 5 "$log" >&2
    fail "apt-get could not install the packages above; $by_hand"
}
