#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Connections through the host of which only one direction passes here: conntrack never sees them
# established. A change that denies them cuts them all the same, idle or not.
. "$(dirname "$0")/../lib/e2e.sh"
# shellcheck source=tests/lib/hold.sh
. tests/lib/hold.sh

net_world
listen inet 25
listen host 25
# a second way between the lan and the world, past the host
net_link lan eth1 inet eth1
net_address lan eth1 10.77.0.2/24 fd77::2/64
net_address inet eth1 10.77.0.1/24 fd77::1/64
for interface in all eth0 eth1; do
        net_in lan sysctl -qw net.ipv4.conf.$interface.rp_filter=0
        net_in inet sysctl -qw net.ipv4.conf.$interface.rp_filter=0
done
p25_host <<<'backend = "nftables";'
ok $? "p25d starts"

# The server's end of two connections from the address: the idle one and the busy one.
server_is_cut() # ADDRESS
{
        [ "$(grep -c "^$1 .* reset" "$WORK/inet.log")" -ge 2 ]
}
change_cuts() # NAME
{
        : >"$WORK/inet.log"
        hold_idle "$1-idle4" lan 198.51.100.2 25
        hold_idle "$1-idle6" lan 2001:db8:1::2 25
        hold_busy "$1-busy4" lan 198.51.100.2 25
        hold_busy "$1-busy6" lan 2001:db8:1::2 25
        hold_busy "$1-kept" lan 198.51.100.3 25
        run_ctl route reject to 198.51.100.2
        run_ctl route reject to 2001:db8:1::2
        local end
        for end in busy4 busy6; do
                eventually 5 is_cut "$1-$end"
                ok $? "$1-$end: is cut"
        done
        # of idle ones the end whose packets pass here
        for end in 4 6; do
                case $1-$end in
                requests*) eventually 5 is_cut "$1-idle$end" ;;
                answers*-4) eventually 5 server_is_cut 10.0.0.2 ;;
                answers*-6) eventually 5 server_is_cut fd00::2 ;;
                esac
                ok $? "$1-idle$end: is cut"
        done
        ! is_cut "$1-kept"
        ok $? "$1-kept: goes on"
        process_end "$(cat "$WORK/pid-$1-kept")" TERM
        run_ctl --force route delete reject to 198.51.100.2
        run_ctl --force route delete reject to 2001:db8:1::2
}
both_backends() # NAME
{
        local backend
        for backend in nftables iptables; do
                backend_set "$backend"
                change_cuts "$1-$backend"
        done
}

# ---- only what the client sends passes here ----

net_in inet ip route add 10.0.0.2/32 via 10.77.0.2
net_in inet ip -6 route add fd00::2/128 via fd77::2
both_backends requests

# ---- only what the server sends ----

net_in inet ip route del 10.0.0.2/32
net_in inet ip -6 route del fd00::2/128
net_in lan ip route add 198.51.100.2/31 via 10.77.0.1 src 10.0.0.2
net_in lan ip -6 route add 2001:db8:1::2/128 via fd77::1 src fd00::2
both_backends answers
net_in lan ip route del 198.51.100.2/31
net_in lan ip -6 route del 2001:db8:1::2/128

p25d_stop TERM
done_testing
