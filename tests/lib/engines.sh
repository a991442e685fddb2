# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A machine of tests/lib/boot.sh with container engines, and p25 installed. The world is 198.51.100.2
# and 2001:db8:1::2; the machine has two addresses of each family there. Containers are made of the
# machine's own root, the image "box", and their mail servers are probes that log to /log.

machine_kind=engines
# shellcheck source=tests/lib/boot.sh
. tests/lib/boot.sh

# Engines use keyrings and BPF. The cgroups are version 2 only, as on Debian; where the tests run,
# the controllers may be those of version 1.
nspawn_options=(--system-call-filter="@keyring bpf" --capability=CAP_BPF
        --bind=/dev/net/tun --bind=/dev/fuse)
export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1

first=198.51.100.1 first6=2001:db8:1::1 second=198.51.100.4 second6=2001:db8:1::4
world=198.51.100.2 world6=2001:db8:1::2

# What the engines are made of has no place in the image, and neither has what they store.
image_tar()
{
        tar -C / -cf - --one-file-system --exclude=./{boot,proc,run,sys,tmp} \
                --exclude=./var/{cache,lib/containers,lib/containerd,lib/docker,log,spool} \
                --exclude=./usr/share/{doc,locale,man} --exclude=./usr/lib/podman \
                --exclude=./usr/bin/{'containerd*','docker*',podman} --exclude=./usr/sbin/dockerd .
}

ctl()
{
        run in_machine p25ctl "$@"
}
up()
{
        in_machine p25ctl -q status
}

engines_begin() # SERVICE...: which of the engines' services are started at boot
{
        local hindrance unit
        hindrance=$(boot_hindrance)
        if [ -n "$hindrance" ]; then
                skip "container engines" "$hindrance"
                done_testing
                exit
        fi
        debs_make && machine_make || exit 1
        systemctl -q --root="$MACHINE" disable containerd docker docker.socket podman podman.socket \
                podman-auto-update podman-auto-update.timer podman-restart postfix
        for unit; do systemctl -q --root="$MACHINE" enable "$unit"; done
        cp "$DEB" "$MACHINE/root/p25.deb"
        chroot "$MACHINE" dpkg -i /root/p25.deb >"$WORK/dpkg.log" 2>&1
        ok $? "p25 is installed"
        engines_boot
        ok $? "the machine boots"
}

engines_boot()
{
        machine_boot && machine_network && eventually 12 up || return
        net_address machine eth0 $second/24 $second6/64
        ip -n machine route add default via $world
        ip -n machine route add default via $world6
        listen inet 25
}

# A policy of these roles in force, under a backend; further lines of p25.conf on standard input.
policy() # BACKEND ROLE...
{
        local backend=$1 roles
        shift
        roles=$(printf '"%s", ' "$@")
        { echo "enabled = true;"
          echo "backend = \"$backend\";"
          echo "roles = ( ${roles%, } );"
          cat
        } >"$MACHINE/etc/p25/p25.conf"
        ctl reload
        is "$rc" 0 "$backend: $*"
        diag "$err"
}

# As expect of tests/lib/net.sh, from within a container, which $engine runs.
expect_in() # NAME CONTAINER WANTED ADDRESS PORT...
{
        local name=$1 container=$2 wanted=$3
        shift 3
        is "$(in_machine $engine exec "$container" /opt/probe connect "$@" 2>&1)" "$wanted" "$name"
}

# The address of the last client that a container's mail server has seen.
last_client() # CONTAINER
{
        in_machine $engine exec "$1" tail -n 1 /log | cut -d' ' -f1
}
