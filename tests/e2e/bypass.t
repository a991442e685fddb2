#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Ways of guests past the host's packet filter: p25 cannot close them, and says so.
. "$(dirname "$0")/../lib/e2e.sh"

net_world
p25_host no-mail <<'CONF'
CONF
ok $? "p25d starts"
warnings()
{
        ctl status verbose | grep 'past\|passes by'
}
is "$(warnings)" "" "no way past the host: no warning"

if ip -n host link add mv0 link eth0 type macvlan mode bridge 2>"$WORK/err"; then
        like "$(warnings)" "role no-mail does not stop what guests send over mv0 \(macvlan\), because" \
                "a child of macvlan"
        run_ctl role set container-host
        like "$err" "role container-host does not stop what guests send over mv0" \
                "a role that is set says so"
        run_ctl role set mx container-host
        unlike "$err" "guests send over" "not again with another role beside it"
        ip -n host link del mv0
        is "$(warnings)" "" "without it there is no warning"
else
        skip "macvlan" "$(cat "$WORK/err")"
fi

ip -n host link add br0 type bridge
ip -n host link add guest type veth peer name guest-eth
ip -n host link set guest master br0
is "$(warnings)" "" "a bridge of guests is routed"
if ip -n host link add link eth1 name eth1.5 type vlan id 5 2>"$WORK/err"; then
        ip -n host link set eth1.5 master br0
        like "$(warnings)" "guests send over br0 \(bridge with eth1.5\), because" \
                "a bridge of guests that joins a network"
        ip -n host link set guest nomaster
        is "$(warnings)" "" "a bridge without guests"
else
        skip "a bridge that joins a network" "$(cat "$WORK/err")"
fi
done_testing
