#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Rules by interface, and connections that are open when such a rule comes: what the rule denies is cut,
# and nothing else, also where routes depend on the port, on the user or on a mark.
. "$(dirname "$0")/../lib/e2e.sh"
# shellcheck source=tests/lib/hold.sh
. tests/lib/hold.sh

net_world
# a second uplink of the host, which a table of its own leads to
net_add isp
net_link isp eth0 host eth2
net_address isp eth0 203.0.113.200/24 192.0.2.60/32 2001:db8:88::2/64 2001:db8:9::60/128
net_address host eth2 203.0.113.201/24 2001:db8:88::1/64
net_route isp 203.0.113.201 10.0.0.0/24
net_route isp 2001:db8:88::1 fd00::/64
net_in host sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.eth2.rp_filter=0
net_in host ip route add default via 203.0.113.200 table 102
net_in host ip -6 route add default via 2001:db8:88::2 table 102
net_ways host 203.0.113.200 2001:db8:88::2
for name in inet isp box lan; do listen $name 25; done
p25_host <<<'backend = "nftables";'
ok $? "p25d starts"

ends=()
hold() # NAME NAMESPACE [WHO] ADDRESS PORT
{
        hold_busy "$@"
        ends+=("$1")
}
# All that are open and called so are cut, and only those; all are ended then.
cut_are() # NAME [END...]
{
        local name=$1 end got=() wanted=" ${*:2} "
        for end in "${ends[@]}"; do
                [[ $wanted != *" $end "* ]] || eventually 5 is_cut "$end"
        done
        for end in "${ends[@]}"; do
                if is_cut "$end"; then got+=("$end"); else process_end "$(cat "$WORK/pid-$end")" TERM; fi
        done
        is " ${got[*]} " "$wanted" "$name"
        ends=()
}
explained() # PACKET
{
        # shellcheck disable=SC2086 # words
        ctl explain $1 --json | jq -r .verdict
}

# ---- what this host opens ----

# The rules under which connections to 192.0.2.60 and 2001:db8:9::60 of user 33 leave by eth2.
outgoing() # NAME
{
        local change
        for change in "reject out on eth0" "deny out on eth2"; do
                hold second4 host -u 33 192.0.2.60 25
                hold second6 host -u 33 2001:db8:9::60 25
                hold first4 host -u 34 198.51.100.2 25
                hold first6 host -u 34 2001:db8:1::2 25
                # shellcheck disable=SC2086 # words
                run_ctl $change
                case $change in
                *eth0)
                        cut_are "$1: $change" "${first[@]}"
                        is "$(explained "out to 192.0.2.60 user 33") $(explained "out to 2001:db8:9::60 user 33")" \
                                "allow allow" "$1: explain knows that they leave by eth2"
                        ;;
                *)
                        cut_are "$1: $change" "${second[@]}"
                        is "$(explained "out to 192.0.2.60 user 33") $(explained "out to 2001:db8:9::60 user 33")" \
                                "deny deny" "$1: explain knows that they leave by eth2"
                        expect "$1: and so it is" host "filtered filtered" -u 33 192.0.2.60 25 2001:db8:9::60 25
                        ;;
                esac
                run_ctl --force delete 1
        done
}
rules() # add|del SELECTOR
{
        # shellcheck disable=SC2086 # words
        net_in host ip rule "$1" $2 table 102
        # shellcheck disable=SC2086
        net_in host ip -6 rule "$1" $2 table 102
}
for backend in nftables iptables; do
        backend_set $backend
        first=(first4 first6) second=(second4 second6)
        rules add "uidrange 33-33"
        outgoing "$backend, by user"
        rules del "uidrange 33-33"

        # both uplinks have those of port 25 go by eth2, unless they go to a neighbour
        rules add "ipproto tcp dport 25"
        net_in host ip route add 198.51.100.0/24 dev eth0 table 102
        net_in host ip -6 route add 2001:db8:1::/64 dev eth0 table 102
        outgoing "$backend, by port"
        rules del "ipproto tcp dport 25"
        net_in host ip route del 198.51.100.0/24 dev eth0 table 102
        net_in host ip -6 route del 2001:db8:1::/64 dev eth0 table 102
done

# ---- what explain says where the question names no interface ----

explanation() # PACKET
{
        # shellcheck disable=SC2086 # words
        ctl explain $1 --json | jq -r '"\(.verdict) \(.assumptions[])"'
}
run_ctl deny in on eth0
like "$(explanation "in from 198.51.100.2")" "^deny the packet comes in by eth0, by which its source is reached"         "the interface towards the source"
expect "and so it is" inet filtered 198.51.100.1 25
is "$(explained "in from 10.0.0.2") $(explained "in from 10.0.0.2 on eth0")" "allow deny" "another interface"
like "$(explanation in)"         "^allow the packet does not pass the interface .*: deny in on eth0" "without a source nothing is known"
run_ctl --force delete 1
run_ctl route reject in on eth1 out on eth0
is "$(explained "routed from 10.0.0.2 to 198.51.100.2") $(explained "routed from 10.0.0.2 to 172.17.0.2")"         "reject allow" "both interfaces"
like "$(explanation "routed to 198.51.100.2")" "^allow the packet does not pass .*: route reject in on eth1 out on eth0"         "without a source one of them is not known"
run_ctl --force delete 1

# ---- what passes through this host ----

hold_through()
{
        hold up4 lan 198.51.100.2 25
        hold up6 lan 2001:db8:1::2 25
        hold isp4 lan 192.0.2.60 25
        hold isp6 lan 2001:db8:9::60 25
        hold down4 inet 10.0.0.2 25
        hold down6 inet fd00::2 25
        hold published4 inet 198.51.100.1 2525
        hold published6 inet 2001:db8:1::1 2525
        hold inside4 lan 10.0.0.1 2525
        hold inside6 lan fd00::1 2525
}
through_is_cut() # NAME CHANGE END...
{
        hold_through
        # shellcheck disable=SC2086 # words
        run_ctl $2
        is "$rc" 0 "$1: $2"
        cut_are "$1: what $2 cuts" "${@:3}"
        run_ctl --force delete 1
}
net_publish 2525 25
net_in host ip rule add iif eth1 ipproto tcp dport 25 to 192.0.2.60 table 102
net_in host ip -6 rule add iif eth1 ipproto tcp dport 25 to 2001:db8:9::60 table 102
for backend in nftables iptables; do
        backend_set $backend
        through_is_cut $backend "route reject in on eth1 out on eth0" up4 up6
        through_is_cut $backend "route deny in on eth1" up4 up6 isp4 isp6
        through_is_cut $backend "route reject out on eth2" isp4 isp6
        through_is_cut $backend "route deny in on eth0" down4 down6
        through_is_cut $backend "route reject in on eth0 out on eth2"
        through_is_cut $backend "reject in on eth0 2525" published4 published6
        through_is_cut $backend "deny in on eth1 2525" inside4 inside6
done
done_testing
