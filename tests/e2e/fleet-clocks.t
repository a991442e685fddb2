#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A fleet whose clocks are wrong, by a minute and by an hour, ahead and behind: bans end when their host
# said, whatever another host's clock says; a manifest's end is judged by the host's own clock, and what was
# in force stays.
. "$(dirname "$0")/../lib/e2e.sh"
. tests/lib/brokers.sh

fleet_needs mosquitto nginx
# made two hours ago, or a host an hour behind would say that they are not valid yet
# shellcheck disable=SC2034 # brokers.sh uses it
fleet_certificate_clock=-7200
fleet_net
fleet_brokers_start
ok $? "two brokers"
# shellcheck disable=SC2034 # brokers.sh uses it
fleet_clock=([2]=-60 [3]=60 [4]=-3600 [5]=3600)
fleet_web_start
ok $? "serial 1 is valid for a week"
for number in {1..5}; do
        fleet_host_start "$number" 1 </dev/null
        ok $? "host $number: its clock is ${fleet_clock[$number]-0} s off"
        fleet_clock_is_off "$number" "${fleet_clock[$number]-0}" "as it is"
done
for number in {1..5}; do
        fleet_joins "$number" 1
        diag "$(tail -n 3 "$WORK/h$number/fleet.log")"
done

# ---- the ends of bans ----

# The rest of a ban, in seconds.
seconds_left() # NUMBER ADDRESS
{
        fleet_ctl "$1" set show fleet | awk -v a="$2" '$1 == a {
                t = $3; n = 0
                while (match(t, /^[0-9]+[dhms]/)) {
                        unit = substr(t, RLENGTH, 1)
                        n += substr(t, 1, RLENGTH - 1) * (unit == "d" ? 86400 : unit == "h" ? 3600 : unit == "m" ? 60 : 1)
                        t = substr(t, RLENGTH + 1)
                }
                print n }'
}
for number in {1..5}; do
        began=$SECONDS
        fleet_ctl "$number" set add bans "203.0.113.$number" for 10m >/dev/null
        for other in {1..5}; do
                [ "$other" != "$number" ] || continue
                eventually 20 fleet_has "$other" "203.0.113.$number"
                between "$(seconds_left "$other" "203.0.113.$number")" $((600 - 5 - (SECONDS - began))) 601 \
                        "host $other: ten minutes of host $number are ten minutes"
        done
        is "$(fleet_knock $((number % 5 + 1)) "203.0.113.$number" -t 300)" filtered "and its SYN is dropped"
done

# a ban of a few seconds ends on all
for number in 2 3 4 5; do
        fleet_ctl "$number" set add bans "203.0.113.1$number" for 20s >/dev/null
done
for number in 2 3 4 5; do eventually 20 fleet_has 1 "203.0.113.1$number"; done
ok $? "bans of twenty seconds arrive"
for number in 2 3 4 5; do
        for other in {1..5}; do
                [ "$other" = "$number" ] || eventually 30 fleet_lacks "$other" "203.0.113.1$number"
                ok $? "that of host $number ends on host $other"
        done
done
fleet_open 1 203.0.113.12 "a client whose ban has ended may connect"
is "$(fleet_knock 1 203.0.113.2 -t 300)" filtered "a client whose ban has not ended may not"

# ---- a manifest's end ----

echo 203.0.113.17 >>"$fleet_blocked"
fleet_publish --valid-for 30m
for number in {1..4}; do
        eventually 60 fleet_serial_is "$number" 2
        ok $? "host $number takes a serial that is valid for half an hour"
done
expired()
{
        [[ $(fleet_status 5 '.documents.problem // ""') =~ expired ]]
}
eventually 60 expired
ok $? "host 5, an hour ahead, refuses it as expired"
diag "$(fleet_status 5 .documents)"
fleet_serial_is 5 1
ok $? "and keeps serial 1"
is "$(fleet_knock 5 203.0.113.16 -t 300) $(PROBE_PATIENCE=20 fleet_knock 5 203.0.113.17)" "filtered open" "as its packets show"
fleet_publish --force
for number in {1..5}; do
        eventually 60 fleet_serial_is "$number" 3
        ok $? "host $number takes one that is valid for a week"
done
is "$(fleet_knock 5 203.0.113.17 -t 300)" filtered "also host 5"
# made an hour later than now, by the clock of host 4
fleet_status_text() # NUMBER
{
        fleet_in "$1" "$FLEET" --root "$WORK/h$1/root" status
}
like "$(fleet_status_text 4)" 'Serial: +3, in force for [0-9]+ (s|min), made 0 s ago' \
        "status of a host that is behind: a serial is not older than it can be"
like "$(fleet_status_text 5)" 'made (6[0-9]|7[0-9]) min ago' "and one that is ahead counts by its own clock"
for number in {1..5}; do
        fleet_stop "$number"
        ok $? "p25-fleet of host $number ends"
done
done_testing
