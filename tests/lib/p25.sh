# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A host with p25: a bus of its own, p25d below a root of its own in the namespace "host", and
# p25ctl. Files are those of $ROOT; p25d's log is $WORK/p25d.log.

backend=${P25_BACKEND:-nftables}
P25D=$PWD/${BUILD:-build}/p25d
P25CTL=$PWD/${BUILD:-build}/p25ctl
POLICIES=$PWD/policies
ROOT=$WORK/root
CONF=$ROOT/etc/p25/p25.conf

root_make()
{
        mkdir -p "$ROOT/etc/p25/policy.d" "$ROOT/etc/p25/roles.d" "$ROOT/var/lib" "$ROOT/run"
}

bus_start()
{
        cat >"$WORK/bus.conf" <<-CONF
		<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
		 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
		<busconfig>
		  <type>system</type>
		  <fork/>
		  <keep_umask/>
		  <listen>unix:path=$WORK/bus</listen>
		  <pidfile>$WORK/bus.pid</pidfile>
		  <auth>EXTERNAL</auth>
		  <policy context="default">
		    <allow user="*"/>
		    <allow send_destination="*" eavesdrop="true"/>
		    <allow eavesdrop="true"/>
		  </policy>
		  <policy user="root"><allow own="org.port25.Policy1"/><allow own="org.freedesktop.systemd1"/></policy>
		</busconfig>
	CONF
        rm -f "$WORK/bus" "$WORK/bus.pid"
        export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$WORK/bus
        # returns when it listens
        dbus-daemon --config-file="$WORK/bus.conf" >>"$WORK/bus.log" 2>&1
}

bus_stop()
{
        process_end "$(cat "$WORK/bus.pid")" TERM
}

on_bus()
{
        "$P25CTL" status
}

# Starts p25d, under the backend $P25_BACKEND if it is set, and returns when it is ready, which is
# when the policy is in force; prints nothing.
# Its exit status if it does not come up. Sets $p25d to its pid.
p25d_begin() # [ARGUMENT...]
{
        local status
        rm -f "$WORK/p25d.pid"
        ready_usec=$(net_in host "$probe" notify -t 120000 -o "$WORK/p25d.pid" \
                "$P25D" --root "$ROOT" --policies "$POLICIES" ${P25_BACKEND:+--backend "$P25_BACKEND"} \
                "$@" 2>>"$WORK/p25d.log")
        status=$?
        p25d=$(cat "$WORK/p25d.pid")
        return $status
}

p25d_start() # [ARGUMENT...]: and until it is on the bus
{
        p25d_begin "$@" && eventually 12 on_bus
}

# p25d as a user with CAP_NET_ADMIN only, as under its unit, from the next start on; $ROOT is there.
p25d_as_user()
{
        mkdir -p "$ROOT/run/p25" "$ROOT/var/lib/p25"
        chown 33:33 "$ROOT/run/p25" "$ROOT/var/lib/p25"
        chmod 755 "$WORK" "$ROOT"
        cat >"$WORK/p25d-user" <<-'WRAPPER'
		#!/bin/sh
		exec setpriv --reuid 33 --regid 33 --clear-groups --inh-caps=-all,+net_admin \
		        --ambient-caps=-all,+net_admin --bounding-set=-all,+net_admin -- "$P25D_REAL" "$@"
	WRAPPER
        chmod 755 "$WORK/p25d-user"
        export P25D_REAL=$P25D
        P25D=$WORK/p25d-user
}

p25d_stop() # [SIGNAL]
{
        process_end "$p25d" "${1:-TERM}"
}

ctl()
{
        net_in host "$P25CTL" "$@" </dev/null
}

# The backend that p25.conf names, which has a line for it.
backend_set() # nftables|iptables
{
        sed -i "s/^backend = \"[a-z]*\"/backend = \"$1\"/" "$CONF"
        run_ctl reload
        is "$rc" 0 "$1"
        [ "$rc" = 0 ] || diag "$err"
}

# Under each backend and for each address: FUNCTION makes the change, and gets words for the names of
# tests, the address and the change; afterwards it is undone.
change_rounds() # FUNCTION CHANGE... -- ADDRESS...
{
        local round=$1 changes=() backend address change
        shift
        while [ "$1" != -- ]; do
                changes+=("$1")
                shift
        done
        shift
        for backend in nftables iptables; do
                backend_set $backend
                for address; do
                        for change in "${changes[@]}"; do
                                "$round" "$backend: $change, $address" "$address" "$change"
                                run_ctl lockdown off
                                run_ctl --force delete 1
                        done
                done
        done
}

# Runs p25ctl, leaves its standard output in $out, its error output in $err, its status in $rc.
run_ctl()
{
        run net_in host "$P25CTL" "$@"
}

run()
{
        "$@" >"$WORK/out" 2>"$WORK/err" </dev/null
        rc=$?
        out=$(cat "$WORK/out")
        err=$(cat "$WORK/err")
}

as_user() # USER COMMAND...
{
        local uid gid
        uid=$(id -u "$1") gid=$(id -g "$1")
        shift
        setpriv --reuid "$uid" --regid "$gid" --clear-groups -- "$@"
}

# A host with roles and more lines of p25.conf on standard input, and p25d on it.
p25_host() # [ROLE...]
{
        local roles=
        [ $# = 0 ] || roles=$(printf '"%s", ' "$@")
        root_make
        { echo "enabled = true;"
          echo "roles = ( ${roles%, } );"
          cat
        } >"$CONF"
        bus_start && p25d_start
}

# Loads what `compile --format iptables` printed, from standard input.
iptables_load() # NAMESPACE
{
        local text
        text=$(cat)
        net_in "$1" iptables-legacy-restore <<<"${text%%# ip6tables-restore*}" &&
                net_in "$1" ip6tables-legacy-restore <<<"${text#*# ip6tables-restore}"
}

# Takes out of the namespace "host" what p25d left there, by whichever backend.
kernel_clear()
{
        net_in host nft delete table inet p25 2>"$WORK/err"
        for program in iptables-legacy ip6tables-legacy; do
                net_in host $program -F && net_in host $program -X
        done
}

# All stored files but those that p25d writes later than the change that they belong to, or at times of its
# own.
stored_files()
{
        find "$ROOT/var/lib/p25" -path '*/revisions' -prune -o ! -type d ! -name last-good ! -name 'events*' \
                ! -name 'stats*' -printf '%P %s %T@\n' | sort
}

# A listing of nft without what packets change: counters, and the elements of sets that count.
without_counts()
{
        sed -e '/elements = { .* counter .*}$/d' -e '/elements = { .* counter /,/}$/d' \
                -e 's/packets [0-9]* bytes [0-9]*//'
}

# The packets of the rules in `status --json` for which a jq condition holds.
counter() # CONDITION
{
        ctl status --json | jq "[.rules[] | select($1) | .packets] | add // 0"
}
