#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# 'out on IFACE' where the host routes by marks: the rule would see the interface of the first
# routing, so it is refused, and warned of if the routing comes later.
. "$(dirname "$0")/../lib/e2e.sh"

net_world
listen inet 25
listen lan 25
p25_host </dev/null
ok $? "p25d starts"

warnings()
{
        ctl status --json | jq -r '.warnings[]'
}
run_ctl reject out on eth0
is "$rc $err" "0 " "a rule by interface"
expect "matches there" host closed 198.51.100.2 25
expect "and nowhere else" host open 10.0.0.2 25
is "$(warnings)" "" "no warning"
run_ctl --force delete 1

for family in -4 -6; do
        name=IPv${family#-}
        net_in host ip $family rule add fwmark 0x17 table 100
        ok $? "ip $family rule with a mark"
        run_ctl reject out on eth0
        is "$rc" 4 "$name: a rule by interface is refused"
        like "$err" "^ERROR: reject out on eth0 25/tcp: 'out on eth0' is not supported on this host: an ip rule with fwmark 0x17 \\($name\\)" \
                "by name"
        like "$(net_in host busctl --address="$DBUS_SYSTEM_BUS_ADDRESS" call org.port25.Policy1 /org/port25/Policy1 \
                org.port25.Policy1.Manager AddRule 'a{sv}a{sv}' 3 action s reject direction s out interface s eth0 0 2>&1)" \
                "is not supported on this host" "on the bus too"
        is "$(ctl status --json | jq -c .rules)" "[]" "nothing was changed"
        run_ctl reject in on eth0
        is "$rc $err" "0 " "incoming ones are exact"
        run_ctl route reject out on eth0
        is "$rc $err" "0 " "and routed ones"
        run_ctl --force delete 2
        run_ctl --force delete 1
        net_in host ip $family rule del fwmark 0x17 table 100
done

run_ctl reject out on eth0
is "$rc" 0 "the rule is there first"
net_in host ip rule add fwmark 0x1/0xff table 100
like "$(warnings)" "^reject out on eth0 25/tcp: the packets may leave by another interface: an ip rule with fwmark 0x1 \\(IPv4\\)" \
        "and the ip rule later: status warns"
run_ctl status
like "$out" $'\n?Warning: reject out on eth0 25/tcp: the packets may leave' "in a line above the table"
run_ctl deny in from 192.0.2.1
is "$rc" 0 "other changes are made"
p25d_stop KILL
p25d_start
ok $? "p25d starts again"
expect "the rule is kept" host closed 198.51.100.2 25
net_in host ip rule del fwmark 0x1/0xff table 100
is "$(warnings)" "" "no warning without the ip rule"

# what VPN clients do: all packets but their own, which nobody else marks
net_in host ip rule add not fwmark 0xca6c table 100
run_ctl reject out on eth1
is "$rc" 0 "'not fwmark' does not prevent it"
like "$(warnings)" "on eth1 25/tcp: .* ip rule with not fwmark 0xca6c" "and warned of"
done_testing
