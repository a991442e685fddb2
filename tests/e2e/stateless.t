#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A host through which nothing passes: p25's table asks conntrack nothing, so that the kernel tracks no
# connection for it, and judges and cuts as ever. When something may pass, it asks.
. "$(dirname "$0")/../lib/e2e.sh"
# shellcheck source=tests/lib/hold.sh
. tests/lib/hold.sh

net_add inet host lan
net_link inet eth0 host eth0
net_link lan eth0 host eth1
net_address inet eth0 198.51.100.2/24 198.51.100.3/24 2001:db8:1::2/64
net_address host eth0 198.51.100.1/24 2001:db8:1::1/64
net_address host eth1 10.0.0.1/24
net_address lan eth0 10.0.0.2/24
net_route inet 198.51.100.1 10.0.0.0/24
net_route lan 10.0.0.1 default
net_in host sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0
net_ways inet 198.51.100.1 2001:db8:1::1
net_ways host 198.51.100.2 2001:db8:1::2 10.0.0.2
listen inet 25
listen host 25 465 587 2525

asks_conntrack()
{
        net_in host nft list table inet p25 | grep -qw ct
}
asks_nothing()
{
        net_in host nft list table inet p25 | grep -q prerouting && ! asks_conntrack
}
n_tracked()
{
        net_in host cat /proc/sys/net/netfilter/nf_conntrack_count
}
again() # a p25d that starts anew
{
        p25d_stop TERM
        p25d_start
}

p25_host <<<'backend = "nftables"; default = { incoming = "deny"; outgoing = "reject"; routed = "reject"; };'
ok $? "p25d starts"

# ---- it judges and tracks nothing ----

asks_nothing
ok $? "the table asks conntrack nothing"
expect "incoming 25 is denied" inet filtered 198.51.100.1 25
expect "and over IPv6" inet filtered 2001:db8:1::1 25
expect "outgoing 25 is rejected" host closed 198.51.100.2 25
expect "and over IPv6" host closed 2001:db8:1::2 25
expect "other ports are open" inet "open open" 198.51.100.1 2525 2001:db8:1::1 2525
run_ctl allow in on eth0 from 198.51.100.2
run_ctl allow out on eth0 to 198.51.100.2
expect "a rule by interface" inet "open filtered" 198.51.100.1 25 2001:db8:1::1 25
expect "of the other client" inet filtered -s 198.51.100.3 198.51.100.1 25
expect "outgoing as well" host "open closed" 198.51.100.2 25 2001:db8:1::2 25
run_ctl limit from 198.51.100.3 rate 1/day burst 2
expect "a limit by rate counts" inet "open open closed" -s 198.51.100.3 198.51.100.1 25 198.51.100.1 25 198.51.100.1 25
fragmented() # WANTED NAME FROM TO PORT
{
        is "$(net_in inet tests/lib/fragment.py "$3" "$4" "$5")" "$1" "a SYN in fragments $2"
}
fragmented open "to another port" 198.51.100.2 198.51.100.1 465
fragmented open "is allowed as any other" 198.51.100.2 198.51.100.1 25
fragmented filtered "over IPv6, where the kernel takes none" 2001:db8:1::2 2001:db8:1::1 25
run_ctl insert 1 deny in from 198.51.100.2
fragmented filtered "is denied as any other" 198.51.100.2 198.51.100.1 25
run_ctl --force delete 1
is "$(n_tracked)" 0 "no connection is tracked"
net_in host ip -6 route add local 2001:db8:77::/64 dev lo table 77
net_in host ip -6 rule add to 2001:db8:77::/64 lookup 77
net_route inet 2001:db8:1::1 2001:db8:77::/64
expect "an address that another table makes local is denied" inet "filtered open" 2001:db8:77::5 25 2001:db8:77::5 2525
run_ctl allow in to 2001:db8:77::/64
expect "and allowed as an incoming one" inet open 2001:db8:77::5 25

# ---- another firewall translates ports ----

net_in host nft -f - <<'NFT'
table inet other {
	chain pre { type nat hook prerouting priority dstnat; tcp dport 587 redirect to :2525; tcp dport 8025 redirect to :25; }
}
NFT
asks_nothing
ok $? "a host that redirects its own ports needs nothing more"
run_ctl insert 1 deny in to any port 587
expect "what was dialled is judged" inet "filtered open" 198.51.100.1 587 198.51.100.1 8025
run_ctl --force delete deny in to any port 587
expect "and allowed again" inet open 198.51.100.1 587
net_in host nft delete table inet other

# ---- connections are cut ----

hold_idle in inet 198.51.100.1 25
hold_busy busy inet 198.51.100.1 25
hold_idle out host 198.51.100.2 25
# from a mail port to a mail port: it is not known to have been dialled by this host
net_in inet python3 -c 'import socket, sys
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("198.51.100.2", 587))
s.connect(("198.51.100.1", 25))
open(sys.argv[1], "w").write("connected\n")
try: s.recv(1)
except OSError: pass
open(sys.argv[1], "a").write("cut\n")' "$WORK/hold-mail" >"$WORK/hold-mail.log" 2>&1 &
eventually 10 test -s "$WORK/hold-mail"
ok $? "a connection from port 587"
run_ctl insert 1 deny in from 198.51.100.2
for name in in busy mail; do
        eventually 2 is_cut $name
        ok $? "$name: the incoming connection is cut"
done
! is_cut out
ok $? "the outgoing one is not"
run_ctl insert 1 reject out to 198.51.100.2
eventually 2 is_cut out
ok $? "and is when it is denied"
run_ctl --force delete reject out to 198.51.100.2
run_ctl --force delete deny in from 198.51.100.2

# ---- what asks conntrack ----

run_ctl limit from 198.51.100.3 max 1
asks_conntrack
ok $? "a rule with max counts connections: conntrack is asked"
run_ctl --force delete limit from 198.51.100.3 max 1
asks_nothing
ok $? "without it not any more"
again
asks_nothing
ok $? "after a restart neither"
net_in host ip link add br0 type bridge
if [ -e /proc/sys/net/bridge ] || [ -e /sys/module/br_netfilter ]; then
        eventually 2 asks_conntrack
        ok $? "a bridge whose traffic the kernel filters"
fi
net_in host ip link del br0
again
asks_nothing
ok $? "without the bridge, after a restart"

# ---- packets pass through the host ----

hold_idle before inet 198.51.100.1 25
run_ctl status
unlike "$out" "repaired|changed by another" "all is well"
net_in host sysctl -qw net.ipv4.ip_forward=1
eventually 2 asks_conntrack
ok $? "the host begins to forward: conntrack is asked"
run_ctl status
unlike "$out" "repaired|changed by another" "nothing was repaired"
! is_cut before
ok $? "a connection from before goes on"
expect "routed 25 is rejected" lan closed 198.51.100.2 25
run_ctl route allow from 10.0.0.2
expect "and allowed by a rule" lan open 198.51.100.2 25
[ "$(n_tracked)" -gt 0 ]
ok $? "connections are tracked"
fragmented open "is allowed where they are" 198.51.100.2 198.51.100.1 25
fragmented filtered "and denied" 198.51.100.3 198.51.100.1 25
run_ctl insert 1 deny in from 198.51.100.2
eventually 2 is_cut before
ok $? "the connection from before is cut when it is denied"
net_in host sysctl -qw net.ipv4.ip_forward=0
again
asks_nothing
ok $? "a host that does not forward any more, after a restart"
expect "incoming is judged as before" inet filtered 198.51.100.1 25

# ---- p25d is dead while forwarding begins ----

run_ctl --force route delete allow from 10.0.0.2
p25d_stop KILL
net_in host sysctl -qw net.ipv4.ip_forward=1
expect "routed 25 is rejected by what it left" lan closed 198.51.100.2 25
p25d_start
asks_conntrack
ok $? "and by the next p25d, which asks conntrack"
expect "as before" lan closed 198.51.100.2 25
p25d_stop TERM
done_testing
