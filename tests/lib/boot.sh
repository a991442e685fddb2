# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A machine: a Debian root with the package, booted with systemd-nspawn inside the sandbox of
# tests/lib/e2e.sh, which comes first. The root without p25 is the archive that tests/boot/make-root
# made, before; `make boot` does both. $machine_kind is a kind of root (boot), $nspawn_options are
# further options of systemd-nspawn.

# shellcheck source=tests/lib/package.sh
. tests/lib/package.sh

ARCHIVE=$(echo "$PWD/${BUILD:-build}/boot/root-${machine_kind:-boot}"-*.tar)
nspawn_options=()
# as Debian boots; where the tests run, controllers may be those of version 1
export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1
MACHINE=$WORK/machine

# The reason why machines cannot be booted here; nothing when they can.
boot_hindrance() # [PROGRAM...]
{
        local program
        for program in systemd-nspawn dpkg-buildpackage lintian "$@"; do
                command -v "$program" >/dev/null || { echo "$program is not installed"; return; }
        done
        [ -z "$(awk '$1 != 0 || $2 != 0' /proc/self/uid_map)" ] || { echo "it needs root"; return; }
        [ -s "$ARCHIVE" ] || echo "there is no archive of a root (make ${machine_kind:-boot})"
}

# Skips the whole test where no machine can be booted, or a program is not installed.
boot_begin() # WHAT [PROGRAM...]
{
        local what=$1 hindrance
        shift
        hindrance=$(boot_hindrance "$@")
        [ -n "$hindrance" ] || return 0
        skip "$what" "$hindrance"
        done_testing
        exit
}

# Runs COMMANDS at the moment when the first interface may be set up; /var/log/at-interface has
# what they print.
at_interface() # COMMANDS
{
        cat >"$MACHINE/etc/systemd/system/interface.service" <<-UNIT
	[Unit]
	DefaultDependencies=no
	Wants=network-pre.target
	After=network-pre.target local-fs.target
	Before=network.target
	[Service]
	Type=oneshot
	ExecStart=/bin/sh -c '{ $1; } >/var/log/at-interface 2>/dev/null'
	[Install]
	WantedBy=multi-user.target
	UNIT
        ln -s ../interface.service "$MACHINE/etc/systemd/system/multi-user.target.wants/"
}

# The package of this tree, $DEB, and the same as a later version, $DEB_LATER.
debs_make()
{
        local version
        package_make && dpkg-deb -R "$DEB" "$WORK/later" || return 1
        version=$(sed -n 's/^Version: //p' "$WORK/later/DEBIAN/control")
        sed -i "s/^Version: .*/Version: $version.1/" "$WORK/later/DEBIAN/control"
        DEB_LATER=$WORK/p25_later.deb
        dpkg-deb --root-owner-group -b "$WORK/later" "$DEB_LATER" >/dev/null
}

machine_make()
{
        mkdir -p "$MACHINE" && tar -C "$MACHINE" -xf "$ARCHIVE" || return 1
        echo machine >"$MACHINE/etc/hostname"
        mkdir -p "$MACHINE/var/log/journal" "$MACHINE/opt"
        cp "$probe" "$MACHINE/opt/probe"
        # what these tests have no use for, and what would wait
        ln -sf /dev/null "$MACHINE/etc/systemd/system/systemd-networkd-wait-online.service"
        # root's own tools may change a policy in a machine that has no network yet
        chroot "$MACHINE" useradd -m alice
        # the root has both buses; machine_bus changes it
        machine_bus dbus-daemon
}

# Sets the machine's bus from its next boot on: dbus-daemon or dbus-broker.
machine_bus() # PROGRAM
{
        local verb=disable
        [ "$1" = dbus-daemon ] || verb=enable
        systemctl -q --root="$MACHINE" $verb dbus-broker.service
}

in_machine() # COMMAND...
{
        nsenter --target "$leader" --mount --uts --ipc --net --pid --cgroup --root --wd -- \
                env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 TERM=dumb "$@" </dev/null
}

# The machine's first process, once it works as such.
find_leader()
{
        local pid
        for pid in $(pgrep -P "$nspawn"); do
                if [ "$(cat "/proc/$pid/comm")" = systemd ]; then
                        leader=$pid
                        return 0
                fi
        done
        return 1
}
machine_runs()
{
        find_leader && [[ $(in_machine systemctl is-system-running 2>/dev/null) =~ running|degraded ]]
}

# Boots and returns when all units have been started.
machine_boot()
{
        systemd-nspawn -q -D "$MACHINE" --private-network --register=no --keep-unit \
                --console=read-only "${nspawn_options[@]}" -b \
                >>"$WORK/console.log" 2>&1 </dev/null &
        nspawn=$!
        eventually 60 machine_runs
}

machine_off()
{
        in_machine systemctl --no-block poweroff
        eventually 60 process_gone "$nspawn"
        wait "$nspawn" 2>/dev/null
}

# A network of one cable: the machine's eth0 is 198.51.100.1, the other end 198.51.100.2.
machine_network()
{
        ip netns delete machine 2>/dev/null
        ip netns attach machine "$leader"
        if [ -e /run/netns/inet ]; then
                ip -n inet link delete eth0 2>/dev/null
        else
                net_add inet
        fi
        net_link inet eth0 machine eth0
        net_address inet eth0 198.51.100.2/24 2001:db8:1::2/64
        net_address machine eth0 198.51.100.1/24 2001:db8:1::1/64
        net_in inet sysctl -qw net.ipv6.conf.all.accept_dad=0
}

# The journal of this boot about a unit.
journal() # UNIT
{
        in_machine journalctl -b -u "$1" --no-pager -o cat
}

# cgroups that nspawn made and left
cgroups_before=$(ls -d /sys/fs/cgroup/*/payload /sys/fs/cgroup/*/supervisor \
        /sys/fs/cgroup/payload /sys/fs/cgroup/supervisor 2>/dev/null)
cgroups_clean()
{
        local folder
        for folder in /sys/fs/cgroup/*/payload /sys/fs/cgroup/*/supervisor \
                /sys/fs/cgroup/payload /sys/fs/cgroup/supervisor; do
                [[ -d $folder && $cgroups_before != *$folder* ]] || continue
                find "$folder" -depth -type d -exec rmdir {} + 2>/dev/null
        done
}
boot_end()
{
        if [ -n "${nspawn-}" ] && ! process_gone "$nspawn"; then
                signal KILL "$leader" 2>/dev/null
                eventually 10 process_gone "$nspawn"
        fi
        cgroups_clean
        rm -rf --one-file-system "$WORK"
}
trap boot_end EXIT
