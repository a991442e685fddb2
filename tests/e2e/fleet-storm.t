#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Storms of bans, again and again: all of them arrive and end, and leave nothing behind, neither in the
# memory of p25-fleet and p25d nor in the history. tests/bench/fleet-live has a minute of 1,000 a second.
. "$(dirname "$0")/../lib/e2e.sh"
. tests/lib/brokers.sh
. tests/lib/measure.sh

fleet_needs mosquitto
bans=20000 storms=3
fleet_net
fleet_brokers_start
ok $? "two brokers"
for number in 1 2; do
        fleet_host_start "$number" </dev/null
        ok $? "host $number"
        fleet_joins "$number"
done
feed() # SECONDS: a storm on host 1, of bans that end after them
{
        awk -v n="$bans" -v s="$1" 'BEGIN { for (i = 0; i < n; i++) printf "+10.%d.%d.1 for %ds\n", i / 250, i % 250, s }' |
                fleet_in 1 "$P25CTL" -q set feed bans >/dev/null
}
has() # COUNT
{
        [ "$(fleet_ctl 2 set show fleet | grep -c '^10\.')" = "$1" ]
}
storm() # SECONDS: all arrive before the first of them ends
{
        local end
        feed "$1" || return
        end=$((SECONDS + $1))
        until has $bans; do [ $SECONDS -lt $end ] || return 1; done
}
history_of() { for number in 1 2; do fleet_ctl "$number" history | wc -l; done | xargs; }
parts=("${fleet_pid[1]}" "${fleet_pid[2]}" "${fleet_p25d[1]}" "${fleet_p25d[2]}")
most=(512 512 256 256)
names=("p25-fleet of host 1" "p25-fleet of host 2" "p25d of host 1" "p25d of host 2")
history=$(history_of)
for i in "${!parts[@]}"; do before[i]=$(memory_own "${parts[$i]}"); done
for ((storm = 1; storm <= storms; storm++)); do
        # a busy machine may need longer for them
        for life in 20 80 320; do
                storm "$life"
                arrived=$?
                [ $arrived != 0 ] || break
                eventually "$life" has 0
        done
        ok "$arrived" "storm $storm: $bans bans are on host 2"
        eventually 30 has 0
        ok $? "storm $storm: and end"
        [ $storm = 1 ] || continue
        # p25-fleet looks once a minute for what has ended
        read -rt 65 <> <(:)
        for i in "${!parts[@]}"; do first[i]=$(memory_own "${parts[$i]}"); done
done
at_most_kb() # INDEX KB
{
        [ "$(memory_own "${parts[$1]}")" -le "$2" ]
}
# what the heap has free goes back to the kernel when changes have ended: it does not depend on the storms
for i in "${!parts[@]}"; do
        eventually 30 at_most_kb "$i" $((first[i] + 256))
        ok $? "${names[$i]}: no more memory after $storms storms than after one"
        eventually 30 at_most_kb "$i" $((before[i] + most[i]))
        ok $? "${names[$i]}: nor than before them"
        diag "${before[$i]} kB, ${first[$i]} kB, $(memory_own "${parts[$i]}") kB"
done
is "$(history_of)" "$history" "no host's history has grown"
for number in 1 2; do
        fleet_stop "$number"
        ok $? "p25-fleet of host $number ends"
done
done_testing
