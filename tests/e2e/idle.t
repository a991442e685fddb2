#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A p25d with nothing to do sleeps, without the memory that its start took, and what is counted without
# being logged wakes it. With iptables it still looks at the tables, which report no change.
. "$(dirname "$0")/../lib/e2e.sh"
. tests/lib/measure.sh

net_add inet host
net_link inet eth0 host eth0
net_address inet eth0 198.51.100.2/24
net_address host eth0 198.51.100.1/24
net_ways host 198.51.100.2
listen inet 25
p25_host <<'CONF'
alerts  = { connections = "3/hour"; };
default = { incoming = "allow"; outgoing = "allow"; };
CONF
ok $? "p25d starts"

of_files() # kB of the program and its libraries that are mapped
{
        awk '/^RssFile:/ { print $2 }' "/proc/$p25d/status"
}
is_light() # what it writes to is not given back
{
        [ $(($(of_files) * 4)) -lt $((started_with * 3)) ]
}
started_with=$(of_files)
slept_usec=0
is_quiet() # for longer than it ever waits to look again; with iptables but for the tables
{
        local now=${EPOCHREALTIME/./} woken
        woken=$(wakeups "$p25d")
        if [ "$woken" -gt $((${before:-0} + looks)) ]; then
                before=$woken slept_usec=$now
        fi
        [ $((now - slept_usec)) -gt 5000000 ]
}
is_awake() # since the number of wake-ups was $before
{
        [ "$(wakeups "$p25d")" -gt "$before" ]
}
is_now() # VALUE FILTER
{
        [ "$(ctl stats --json | jq -r "$2")" = "$1" ]
}

looks=0
[ "$backend" != iptables ] || looks=4
eventually 20 is_quiet
ok $? "nothing wakes p25d when nothing happens"
eventually 10 is_light
ok $? "and it has given back a quarter of what was mapped" || diag "$started_with kB, now $(of_files) kB"

for n in 1 2 3; do
        expect "allowed, connection $n" host open 198.51.100.2 25
done
eventually 10 is_now 3 '.users[0].hour.allowed'
ok $? "connections that are counted and not logged wake it"
eventually 10 grep -q 'alert: root .*3 outgoing connections' "$WORK/p25d.log"
ok $? "and reaches a threshold"
eventually 20 is_quiet
ok $? "then it sleeps again"
for n in 1 2 3; do ctl status >"$WORK/out"; done
ok $? "it answers"
eventually 10 is_light
ok $? "and gives back what that took" || diag "$started_with kB, now $(of_files) kB"

if [ "$backend" != iptables ]; then
        expect "an incoming connection" inet closed 198.51.100.1 25
        eventually 10 is_awake
        ok $? "wakes it for the statistics"
fi

p25d_stop
done_testing
