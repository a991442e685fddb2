#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# limit: how often, how many at once, and per whom.
. "$(dirname "$0")/../lib/e2e.sh"

net_world
listen host 25 587
listen inet 25

p25_host </dev/null
ok $? "p25d starts"

burst() # NAMESPACE N [WHO] ADDRESS: "open closed"
{
        local name=$1 n=$2
        shift 2
        net_in "$name" "$probe" burst -n "$n" "$@" 25 | sed 's/open=\([0-9]*\) closed=\([0-9]*\).*/\1 \2/'
}

# the same rule again begins with full buckets: sets of another rule
rule()
{
        ctl reset --force >"$WORK/out" 2>&1
        run_ctl "$@"
        is "$rc $err" "0 " "$*"
}

rule limit in
is "$(burst inet 10 198.51.100.1)" "6 4" "12/minute, burst 6: six at once, then a reset"
is "$(burst inet 3 -s 198.51.100.3 198.51.100.1)" "3 0" "another source has its own count"
is "$(burst inet 10 -s 2001:db8:1::2 2001:db8:1::1)" "6 4" "IPv6 the same"
is "$(burst inet 3 -s 2001:db8:1::3 2001:db8:1::1)" "0 3" "for a /64 together"
is "$(burst inet 3 -s 2001:db8:7::7 2001:db8:1::1)" "3 0" "another /64 has its own count"
is "$(burst lan 7 10.0.0.1)" "6 1" "from inside too"
is "$(connect host 127.0.0.1 25 ::1 25)" "open open" "loopback is not limited"
expect "other ports are not limited" inet open 198.51.100.1 587

rule limit in rate 1/hour burst 2
is "$(burst inet 4 198.51.100.1)" "2 2" "rate and burst as stated"
rule limit in rate 15/minute burst 1
is "$(burst inet 2 198.51.100.1)" "1 1" "15 a minute: the second in a row is refused"
again()
{
        [ "$(burst inet 1 198.51.100.1)" = "1 0" ]
}
eventually 4 again
ok $? "and welcome a little later"

rule limit in rate 1000/minute burst 100 max 3
net_in inet "$probe" hold -o "$WORK/held" 198.51.100.1 25 >"$WORK/pid1"
is "$(burst inet 6 198.51.100.1)" "2 4" "max 3: with one held, two more"
is "$(burst inet 4 -s 198.51.100.3 198.51.100.1)" "3 1" "max counts per source"
is "$(burst inet 5 -s 2001:db8:1::2 2001:db8:1::1)" "3 2" "and over IPv6"
signal TERM "$(cat "$WORK/pid1")"
free()
{
        [ "$(burst inet 3 198.51.100.1)" = "3 0" ]
}
eventually 5 free
ok $? "closed connections are not counted"

rule limit in from 198.51.100.3 rate 1/hour burst 1
is "$(burst inet 3 198.51.100.1)" "3 0" "a limit for one address does not affect others"
is "$(burst inet 3 -s 198.51.100.3 198.51.100.1)" "1 2" "and holds for that one"

if [ "$backend" = iptables ]; then
        run_ctl limit out rate 1/hour burst 2
        is "$rc" 4 "iptables cannot count by user"
        like "$err" "iptables backend cannot limit" "and says so"
        is "$(ctl status | grep -c 'LIMIT OUT')" 0 "nothing is changed"
elif [ -n "$many_uids" ]; then
        rule limit out rate 1/hour burst 2
        is "$(burst host 4 -u 33 198.51.100.2)" "2 2" "out: per user"
        is "$(burst host 2 -u 33 2001:db8:1::2)" "0 2" "over both families together"
        is "$(burst host 2 -u 33 8.8.8.8)" "0 2" "wherever to"
        is "$(burst host 2 -u 34 2001:db8:1::2)" "2 0" "another user has its own count"
        rule limit out user www-data rate 1/hour burst 1 max 1
        is "$(burst host 3 -u 33 198.51.100.2)" "1 2" "out: for one user"
        is "$(burst host 3 -u 34 198.51.100.2)" "3 0" "others are free"
else
        skip "limits per user" "one uid only"
fi

rule route limit rate 1/hour burst 2
is "$(burst lan 4 8.8.8.8)" "2 2" "routed: per source"
is "$(burst box 4 2001:db8:2::2)" "2 2" "routed: IPv6"
is "$(burst host 4 8.8.8.8)" "4 0" "the host itself is not limited"

rule limit in rate 1/hour burst 3
is "$(burst inet 5 198.51.100.1)" "3 2" "before another change"
run_ctl allow in from 192.0.2.1
is "$rc" 0 "another change"
is "$(burst inet 2 198.51.100.1)" "0 2" "a change does not fill the buckets"

net_publish 25 25
listen box 25
rule limit in rate 1/hour burst 2
is "$(burst inet 4 198.51.100.1)" "2 2" "a published port is limited as well"
done_testing
