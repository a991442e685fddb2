# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# firewalld in a namespace, with a bus and files of its own below $WORK/firewalld; p25.sh's bus_start
# has run before.

firewall() # ARGUMENT...: of firewall-cmd; what it prints is in $WORK/out
{
        DBUS_SYSTEM_BUS_ADDRESS=unix:path=$WORK/firewalld.bus net_in "$firewalld_where" \
                firewall-cmd "$@" >"$WORK/out" 2>&1
}

# Returns when it runs; sets $firewalld to its pid.
firewalld_begin() # NAMESPACE [BACKEND]: nftables or iptables; else what its file says
{
        firewalld_where=$1
        sed -e "s#$WORK/bus#$WORK/firewalld.bus#" \
                -e 's/org.port25.Policy1/org.fedoraproject.FirewallD1/' "$WORK/bus.conf" \
                >"$WORK/firewalld.bus.conf"
        rm -f "$WORK/firewalld.bus" "$WORK/firewalld.bus.pid"
        dbus-daemon --config-file="$WORK/firewalld.bus.conf" >>"$WORK/bus.log" 2>&1
        rm -rf "$WORK/firewalld"
        cp -a /etc/firewalld "$WORK/firewalld"
        [ -z "${2-}" ] || sed -i "s/^FirewallBackend=.*/FirewallBackend=$2/" "$WORK/firewalld/firewalld.conf"
        # not net_in: $! is to be firewalld, not a shell that waits for it
        DBUS_SYSTEM_BUS_ADDRESS=unix:path=$WORK/firewalld.bus nsenter --net="/run/netns/$1" -- \
                firewalld --nofork --nopid --system-config "$WORK/firewalld" --log-target file \
                --log-file "$WORK/firewalld.log" >/dev/null 2>&1 &
        firewalld=$!
        eventually 20 firewall --state
}

firewalld_end()
{
        process_end "$firewalld" TERM
        process_end "$(cat "$WORK/firewalld.bus.pid")" TERM
}
