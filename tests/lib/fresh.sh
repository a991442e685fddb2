# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A bare Debian root, and this tree in it, for each purpose of packaging/dependencies: so a package
# that is missing there, or that an earlier purpose brought, is noticed. The network is the host's,
# for apt; what it downloads is kept below build/fresh.

cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
WORK=$(mktemp -d)
ROOT=$WORK/root
FRESH=$PWD/${BUILD:-build}/fresh
trap 'rm -rf --one-file-system "$WORK"' EXIT
# shellcheck source=tests/lib/tap.sh
. tests/lib/tap.sh
# shellcheck source=tests/lib/root.sh
. tests/lib/root.sh

in_root() # COMMAND...
{
        root_run "$ROOT" "$FRESH/archives-$release" "$@" >"$WORK/log" 2>&1
}

# The root as debootstrap made it, with apt's way to the network, and the tree as git has it.
root_make()
{
        local archive
        rm -rf --one-file-system "$ROOT"
        mkdir -p "$ROOT"
        archive=$(tests/boot/make-root "$FRESH" bare "$release") &&
                tar -C "$ROOT" -xf "$archive" || return
        root_network "$ROOT"
        mkdir "$ROOT/root/p25"
        { git ls-files -z --cached --others --exclude-standard 2>/dev/null ||
                find . -path './build*' -prune -o -type f -print0; } |
                tar -cf - --null -T - | tar -xf - -C "$ROOT/root/p25"
        in_root sh -c 'cd /root/p25 && git init -q && git add -A'
}

step() # COMMAND: a test by its own name, in the tree
{
        local began=$SECONDS status=0
        in_root sh -c "cd /root/p25 && $1" || status=$?
        ok "$status" "$purpose: $1"
        diag "$((SECONDS - began)) seconds"
        [ "$status" = 0 ] || diag "$(tail -n 40 "$WORK/log")"
}

# Installs what the purpose needs in a root of its own.
purpose() # NAME
{
        purpose=$1
        root_make
        ok $? "$purpose: a bare root of $release"
        step "packaging/dependencies $purpose"
        step "packaging/dependencies $purpose"
        ! grep -q installing "$WORK/log"
        ok $? "$purpose: the second time there is nothing to do"
}

# The reason why there can be no such root here; nothing when there can.
fresh_hindrance()
{
        [ "$(id -u)" = 0 ] || { echo "it needs root"; return; }
        command -v debootstrap >/dev/null || echo "debootstrap is not installed"
}

fresh_begin() # RELEASE
{
        release=$1
        local hindrance
        hindrance=$(fresh_hindrance)
        [ -n "$hindrance" ] || return 0
        skip "$release" "$hindrance"
        done_testing
        exit
}
