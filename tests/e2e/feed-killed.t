#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kill -9 of p25d, of `p25ctl set feed` or of both at a random moment of a feed: what was answered is
# there, of a call all or nothing, on disk and in the kernel.
#   P25_FEED_ROUNDS=N       how often (6)
#   P25_FEED_SEED=N         when (1)
. "$(dirname "$0")/../lib/e2e.sh"

seed=${P25_FEED_SEED:-1}
diag "P25_FEED_SEED=$seed"
RANDOM=$seed
net_add host
p25_host </dev/null
ok $? "p25d starts"
run_ctl set add bans 192.0.2.1
is "$rc" 0 "a set that a rule denies"
run_ctl deny in from @bans
is "$rc" 0 "and the rule"

for i in {0..19999}; do echo "+10.$((i / 250 % 250)).$((i % 250)).$((i / 62500)) for 1h"; done >"$WORK/lines"
sed 's/^+\([^ ]*\).*/\1/' "$WORK/lines" >"$WORK/addresses"
# Some lines at a time, so that calls are small and large.
feed_lines()
{
        awk -v "seed=$RANDOM" 'BEGIN { srand(seed) } { print } rand() < 0.002 { fflush() }' "$WORK/lines"
}
in_kernel()
{
        if [ "$backend" = iptables ]; then
                net_in host ipset list | grep -E '^10\.' | sed 's/ .*//'
        else
                net_in host nft -j list table inet p25 |
                        jq -r '.. | .elem? // empty | if type == "array" then .[] else . end | .elem? // . | .val? // . | strings | select(startswith("10."))'
        fi | sort -u
}
in_set()
{
        ctl set show bans | sed -n 's/^\(10\.[^ ]*\) .*/\1/p' | sort
}

# a call that the bus still had is made
is_settled()
{
        in_set >"$WORK/set"
        in_kernel | cmp -s - "$WORK/set" && in_set | cmp -s - "$WORK/set"
}

victims=(p25d p25ctl both)
for ((round = 0; round < ${P25_FEED_ROUNDS:-6}; round++)); do
        victim=${victims[round % 3]}
        net_in host "$P25CTL" set feed bans < <(feed_lines) >"$WORK/answers" 2>&1 &
        feed=$!
        sleep "0.$(printf '%03d' $((RANDOM % 400)))"
        case $victim in p25d | both) signal KILL "$p25d" ;; esac
        case $victim in p25ctl | both) signal KILL "$feed" 2>"$WORK/null" ;; esac
        wait "$feed" 2>"$WORK/null"
        if [ "$victim" != p25ctl ]; then
                eventually 10 process_gone "$p25d"
                p25d_start
                ok $? "$round: p25d starts after kill -9"
        fi
        eventually 5 is_settled
        ok $? "$round: $victim is killed: the set and the kernel say the same" ||
                diag "$(in_kernel | comm -3 - "$WORK/set" | head)"
        sed -n 's/^+\([^ ]*\) for 1h: \(added\|already there\)$/\1/p' "$WORK/answers" | sort >"$WORK/answered"
        is "$(comm -23 "$WORK/answered" "$WORK/set" | wc -l)" 0 \
                "$round: all $(wc -l <"$WORK/answered") answered lines of $(wc -l <"$WORK/set") are there"
        n=$(wc -l <"$WORK/set")
        head -n "$n" "$WORK/addresses" | sort | cmp -s - "$WORK/set"
        ok $? "$round: they are the first of those that were sent, without a gap"
        ctl -q --force delete 1 && ctl -q set drop bans && ctl -q set add bans 192.0.2.1 && ctl -q deny in from @bans
        ok $? "$round: the set is emptied"
done
done_testing
