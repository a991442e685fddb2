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

# A command in the root, with processes and mounts of its own: they end with it.
in_root() # COMMAND...
{
        unshare --mount --pid --fork --kill-child -- bash -c '
                root=$1 cache=$2
                shift 2
                # "/" must be a mount there, for namespaces to be made inside
                mount --bind "$root" "$root" && cd "$root" || exit
                mount -t proc proc "$root/proc" && mount --rbind /sys "$root/sys" &&
                        mount -t tmpfs tmpfs "$root/tmp" && mount -t tmpfs tmpfs "$root/run" &&
                        mount -t devpts devpts "$root/dev/pts" -o newinstance,ptmxmode=666 &&
                        mount --bind "$cache" "$root/var/cache/apt/archives" &&
                        cd "$root" && exec chroot . env -i HOME=/root LC_ALL=C.UTF-8 TERM=dumb \
                        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"' \
                bash "$ROOT" "$FRESH/archives-$release" "$@" >"$WORK/log" 2>&1 </dev/null
}

# The root as debootstrap made it, with apt's way to the network, and the tree as git has it.
root_make()
{
        local archive
        rm -rf --one-file-system "$ROOT"
        mkdir -p "$ROOT" "$FRESH/archives-$release/partial"
        archive=$(tests/boot/make-root "$FRESH" bare "$release") &&
                tar -C "$ROOT" -xf "$archive" || return
        cp -L /etc/resolv.conf /etc/hosts "$ROOT/etc/"
        apt-config dump | grep '^Acquire::' >"$ROOT/etc/apt/apt.conf.d/90host"
        mkdir "$ROOT/root/p25"
        { git ls-files -z --cached --others --exclude-standard 2>/dev/null ||
                find . -path './build*' -prune -o -type f -print0; } |
                tar -cf - --null -T - | tar -xf - -C "$ROOT/root/p25"
        in_root sh -c 'cd /root/p25 && git init -q && git add -A'
}

step() # COMMAND: a test by its own name, in the tree
{
        local began=$SECONDS
        in_root sh -c "cd /root/p25 && $1"
        ok $? "$purpose: $1"
        diag "$((SECONDS - began)) seconds"
        [ "$tap_failed" = 0 ] || diag "$(tail -n 40 "$WORK/log")"
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

# Why there can be no such root here; nothing when there can.
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
