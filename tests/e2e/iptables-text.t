#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The output of `compile --format iptables`, loaded by iptables-restore and ip6tables-restore on a host
# without p25d: the same verdicts as of the daemon, without sets of the kernel.
. "$(dirname "$0")/../lib/e2e.sh"

net_world
listen host 25 465 587 22
listen inet 25 587
listen box 25 2525
net_publish 2525 25
mta=() web=()
if [ -n "$many_uids" ]; then
        mta=(-u "$(id -u postfix)") web=(-u "$(id -u www-data)")
fi

matrix() # of verdicts
{
        local answers
        answers=$(
                connect inet -t 250 198.51.100.1 25 2001:db8:1::1 25 198.51.100.1 465 \
                        2001:db8:1::1 587 198.51.100.1 2525 198.51.100.1 22
                connect inet -t 250 -s 198.51.100.3 198.51.100.1 25
                connect inet -t 250 -s 2001:db8:1::3 2001:db8:1::1 25
                connect lan -t 250 198.51.100.1 25 fd00::1 25 8.8.8.8 25 2001:db8:2::2 25 8.8.8.8 587
                connect box -t 250 8.8.8.8 25 2001:db8:2::2 25
                connect host -t 250 "${mta[@]}" 8.8.8.8 25 2001:db8:2::2 25 198.51.100.2 25
                connect host -t 250 "${web[@]}" 8.8.8.8 25 2001:db8:2::2 25 198.51.100.2 25 8.8.8.8 587
                connect host -t 250 127.0.0.1 25 ::1 25 198.51.100.1 25
        )
        tr '\n' ' ' <<<"$answers"
}

seq -f '"192.0.2.%g",' 1 2 255 >"$WORK/long"
seq -f '"2001:db8:ff::%g",' 1 2 255 >>"$WORK/long"
try() # NAME TEXT-OF-P25.CONF
{
        local name=$1 by_daemon by_text
        root_make
        { echo 'enabled = true; vars = { internal = [ "10.0.0.0/8", "fd00::/16" ];
                smarthosts = [ "198.51.100.2", "2001:db8:1::2" ]; devices = [ "10.0.0.2", "fd00::2" ];
                mail_containers = [ "172.17.0.2", "fd17::2" ]; };'
          echo "$2"
        } >"$CONF"
        P25_BACKEND=iptables p25d_start
        ok $? "$name: p25d starts"
        by_daemon=$(matrix)
        run_ctl disable
        p25d_stop
        rm -rf "$ROOT/var/lib/p25"
        "$P25CTL" --root "$ROOT" --policies "$POLICIES" compile "$CONF" --format iptables >"$WORK/text"
        ok $? "$name: compile" || return
        iptables_load host <"$WORK/text" 2>"$WORK/err"
        ok $? "$name: iptables-restore and ip6tables-restore take it" || diag "$(cat "$WORK/err")"
        is "$(net_in host ipset list -n | wc -l)" 0 "$name: it needs no sets of the kernel"
        by_text=$(matrix)
        is "$by_text" "$by_daemon" "$name: the verdicts are the daemon's"
        diag "$by_text"
        kernel_clear 2>"$WORK/null"
}

bus_start
for role in mx internal-relay app-server shared-hosting container-host no-mail; do
        try "$role" "roles = ( \"$role\" );"
done
try "two roles" 'roles = ( "legacy-relay", "submission" ); logging = "high";'
try "long lists" "$(cat <<-CONF
	default = { incoming = "deny"; outgoing = "reject"; routed = "deny"; };
	sets = { long = { entries = [ $(cat "$WORK/long") "198.51.100.3", "2001:db8:1::3", "8.8.8.8" ]; }; };
	rules = ( { action = "allow"; direction = "in"; from = [ "@long" ]; log = true; },
	          { action = "allow"; direction = "out"; to = [ "@long" ]; user = [ "root" ]; },
	          { action = "reject"; direction = "in"; to = [ "@long", "198.51.100.1" ]; ports = [ 2525 ]; },
	          { action = "allow"; direction = "routed"; to = [ "@long" ]; in_interface = "eth1"; } );
	CONF
)"
try "limits and more ports" "$(cat <<-CONF
	mail_ports = [ 26, 2626 ];
	rules = ( { action = "limit"; direction = "in"; rate = "100/second"; burst = 100; max = 50; },
	          { action = "reject"; direction = "in"; ports = [ 465, 2626 ]; from = [ "198.51.100.0/24" ]; },
	          { action = "reject"; direction = "out"; group = [ "root" ]; to = [ "2001:db8:2::/64" ]; } );
	CONF
)"
done_testing
