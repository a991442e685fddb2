# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A small Internet of network namespaces, inside tests/lib/sandbox:
#
#   inet   198.51.100.2 .3, 203.0.113.7, 8.8.8.8;  2001:db8:1::2 ::3, 2001:db8:2::2, 2001:db8:7::7
#     |    eth0
#   host   198.51.100.1, 10.0.0.1, 172.17.0.1;     2001:db8:1::1, fd00::1, fd17::1
#     |    eth1                      docker0
#   lan    10.0.0.2; fd00::2         box  172.17.0.2; fd17::2  (masqueraded by the host)
#
# Commands are run with nsenter, not `ip netns exec`, which would hide the cgroups.

probe=$PWD/${BUILD:-build}/tests/lib/probe

net_in() # NAMESPACE COMMAND...
{
        local name=$1
        shift
        nsenter --net="/run/netns/$name" -- "$@"
}

net_add() # NAMESPACE...
{
        local name
        for name; do
                ip netns add "$name"
                net_in "$name" sysctl -qw net.ipv6.conf.all.accept_dad=0 \
                        net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.default.accept_ra=0
                net_in "$name" ip link set lo up
        done
}

net_link() # A INTERFACE-OF-A B INTERFACE-OF-B
{
        ip -n "$1" link add "$2" type veth peer name "$4" netns "$3"
        ip -n "$1" link set "$2" up
        ip -n "$3" link set "$4" up
}

net_address() # NAMESPACE INTERFACE ADDRESS/LENGTH...
{
        local name=$1 interface=$2 address nodad
        shift 2
        for address; do
                nodad=
                [[ $address != *:* ]] || nodad=nodad
                # shellcheck disable=SC2086 # a word or none
                ip -n "$name" address add "$address" dev "$interface" $nodad
        done
}

net_route() # NAMESPACE GATEWAY PREFIX...
{
        local name=$1 gateway=$2 prefix
        shift 2
        for prefix; do ip -n "$name" route add "$prefix" via "$gateway"; done
}

# A new link drops what is sent before the kernel has seen its carrier, and a neighbour that was asked
# for then is asked for again only a second later. Tests' first packets must not meet that.
net_ways() # NAMESPACE ADDRESS...
{
        local name=$1 address try
        shift
        for address; do
                for try in {1..20}; do
                        [ "$(connect "$name" "$address" 9)" != closed ] || continue 2
                done
                echo "Bail out! no way from $name to $address in $try attempts"
                exit 1
        done
}

net_world()
{
        net_add inet host lan box
        net_link inet eth0 host eth0
        net_link lan eth0 host eth1
        net_link box eth0 host docker0
        net_address inet eth0 198.51.100.{2,3}/24 203.0.113.7/32 8.8.8.8/32 \
                2001:db8:1::{3,2}/64 2001:db8:2::2/128 2001:db8:7::7/128
        net_address host eth0 198.51.100.1/24 2001:db8:1::1/64
        net_address host eth1 10.0.0.1/24 fd00::1/64
        net_address host docker0 172.17.0.1/24 fd17::1/64
        net_address lan eth0 10.0.0.2/24 fd00::2/64
        net_address box eth0 172.17.0.2/24 fd17::2/64
        net_route host 198.51.100.2 default
        net_route host 2001:db8:1::2 ::/0
        net_route inet 198.51.100.1 10.0.0.0/24
        net_route inet 2001:db8:1::1 fd00::/64
        net_route lan 10.0.0.1 default
        net_route lan fd00::1 ::/0
        net_route box 172.17.0.1 default
        net_route box fd17::1 ::/0
        net_in host sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
        # as a container engine does it, in tables of its own
        net_in host nft -f - <<-'NFT'
		table inet engine {
			chain pre { type nat hook prerouting priority dstnat; }
			chain out { type nat hook output priority -100; }
			chain post {
				type nat hook postrouting priority srcnat
				oifname "eth0" ip saddr 172.17.0.0/24 masquerade
				oifname "eth0" ip6 saddr fd17::/64 masquerade
			}
		}
	NFT
        net_ways inet 198.51.100.1 2001:db8:1::1
        net_ways lan 10.0.0.1 fd00::1
        net_ways box 172.17.0.1 fd17::1
        net_ways host 198.51.100.2 2001:db8:1::2 10.0.0.2 fd00::2 172.17.0.2 fd17::2
}

# Publishes a port of the host as one of the container's, for the world and for the host itself.
net_publish() # PORT CONTAINER-PORT
{
        local chain
        for chain in pre out; do
                net_in host nft add rule inet engine $chain \
                        tcp dport "$1" fib daddr type local dnat ip to "172.17.0.2:$2"
                net_in host nft add rule inet engine $chain \
                        tcp dport "$1" fib daddr type local dnat ip6 to "[fd17::2]:$2"
        done
}

# Listeners on both families; each appends "PEER BYTES closed|reset" a connection to
# $WORK/NAMESPACE.log. Sets $listener to the pid.
listen() # NAMESPACE PORT...
{
        local name=$1 port targets=()
        shift
        for port; do targets+=(0.0.0.0 "$port" :: "$port"); done
        listener=$(net_in "$name" "$probe" listen -o "$WORK/$name.log" "${targets[@]}")
}

connect() # NAMESPACE [-u UID] [-g GID] [-c CGROUP] [-s SOURCE] ADDRESS PORT...
{
        local name=$1
        shift
        net_in "$name" "$probe" connect "$@" 2>&1
}

# WANTED NAMESPACE [WHO] ADDRESS PORT...: prints what connections come to, a word each. A busy machine's
# answer may be late: silence where a word is wanted is given more time.
outcome()
{
        local wanted=$1 got
        shift
        got=$(connect "$@")
        if [ "$got" != "$wanted" ] && [[ $got == *filtered* ]]; then
                got=$(PROBE_PATIENCE=20 connect "$@")
        fi
        echo "$got"
}

expect() # NAME NAMESPACE WANTED [WHO] ADDRESS PORT...
{
        local name=$1 from=$2 wanted=$3
        shift 3
        is "$(outcome "$wanted" "$from" "$@")" "$wanted" "$name"
}
