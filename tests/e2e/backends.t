#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Both backends on one host: the same verdicts, moving from one to the other without a gap, nothing
# left behind, and what iptables cannot say refused by name.
. "$(dirname "$0")/../lib/e2e.sh"

unset P25_BACKEND
net_world
listen host 25 587
listen inet 25
listen lan 25
listen box 25 2525

backend() # NAME [ENABLED]
{
        sed -i -e "s/^backend = .*/backend = \"$1\";/" -e "s/^enabled = .*/enabled = ${2-true};/" "$CONF"
        run_ctl reload
}
nft_has()
{
        net_in host nft list table inet p25 >"$WORK/null" 2>&1
}
iptables_has()
{
        net_in host iptables-legacy-save 2>"$WORK/null" | grep -q P25 ||
                net_in host ip6tables-legacy-save 2>"$WORK/null" | grep -q P25
}
where() # which backends hold something
{
        nft_has && echo -n nftables
        iptables_has && echo -n iptables
        echo
}

is_in() # BACKEND, and in no other
{
        [ "$(where)" = "$1" ]
}

p25_host mx <<-'CONF'
	backend = "iptables";
	default = { incoming = "deny"; outgoing = "reject"; routed = "reject"; };
	sets = { bad = { entries = [ "203.0.113.0/24", "198.51.100.2", "198.51.100.3" ]; }; };
	rules = ( { action = "deny"; direction = "in"; from = [ "@bad" ]; },
	          { action = "allow"; direction = "out"; to = [ "8.8.8.8" ]; } );
CONF
ok $? "p25d starts with backend iptables"
run_ctl status verbose
like "$out" "Backend: iptables" "and says so"
is "$(where)" iptables "only iptables holds the policy"

verdicts()
{
        connect inet -t 400 198.51.100.1 25 2001:db8:1::1 25
        connect inet -t 400 -s 198.51.100.3 198.51.100.1 25
        connect host -t 400 8.8.8.8 25 198.51.100.2 25 2001:db8:1::2 25
        connect lan -t 400 8.8.8.8 25 2001:db8:2::2 25 198.51.100.1 25
}
one=$(verdicts)
counted()
{
        ctl status --json | jq '[.rules[].packets] | add'
}
before=$(counted)
backend nftables
is "$rc" 0 "reload with backend nftables"
is "$(where)" nftables "only nftables holds the policy"
is "$(counted)" "$before" "earlier counts are kept"
is "$(verdicts)" "$one" "the verdicts are the same"
is "$(counted)" $((2 * before)) "and is counted on"
diag "$one"

# the events of what one backend refuses are neither lost nor doubled by the other
refused_at() # ADDRESS N
{
        [ "$(ctl events --json -n 10000 | jq "[.[] | select(.destination_address == \"$1\") | .count] | add")" = "$2" ]
}
sleep 9 # nobody connects: the sets are read rarely
for step in "iptables 2001:db8:9::1" "nftables 2001:db8:9::2" "iptables 2001:db8:9::3"; do
        backend "${step% *}"
        net_in lan "$probe" burst -n 4 "${step#* }" 25 >/dev/null
done
backend nftables
sleep 5
for n in 1 2 3; do
        eventually 5 refused_at "2001:db8:9::$n" 4
        ok $? "4 events, whichever backend refuses ($n)"
done

# between the two: the denied never come through, the allowed always do
loop() # NAME NAMESPACE ARGUMENT...
{
        local name=$1 from=$2
        shift 2
        net_in "$from" "$probe" loop -o "$WORK/loop-$name" "$@"
}
closed=$(loop closed lan -t 20 8.8.8.8 25)
filtered=$(loop filtered inet -t 20 -s 198.51.100.3 198.51.100.1 25)
allowed=$(loop allowed host -t 500 8.8.8.8 25)
for _ in 1 2 3 4 5 6 7 8 9 10; do
        backend iptables
        backend nftables
done
for pid in $closed $filtered $allowed; do
        process_end "$pid" TERM
done
to=nftables
like "$(cat "$WORK/loop-closed")" "^open=0 closed=[1-9]" "20 moves: the rejected never come through"
like "$(cat "$WORK/loop-filtered")" "^open=0 closed=0 filtered=[1-9]" "nor do the denied"
like "$(cat "$WORK/loop-allowed")" "^open=[1-9][0-9]* closed=0 filtered=0" "the allowed always do"
diag "$(cat "$WORK"/loop-*)"
is "$(where)" nftables "nothing is left of the other"

# p25d dies in the midst of moves: never a gap, and the next one tidies up
rm "$WORK"/loop-*
closed=$(loop closed lan -t 20 8.8.8.8 25)
filtered=$(loop filtered inet -t 20 -s 198.51.100.3 198.51.100.1 25)
allowed=$(loop allowed host -t 500 8.8.8.8 25)
whole=0
holds()
{
        [ "$(where)" = "$1" ]
}
for delay in 0.001 0.004 0.007 0.010 0.013 0.016 0.02 0.03 0.04 0.06; do
        [ "$to" = iptables ] && to=nftables || to=iptables
        sed -i "s/^backend = .*/backend = \"$to\";/" "$CONF"
        signal HUP "$p25d"
        read -rt "$delay" <> <(:)
        p25d_stop KILL
        p25d_start && eventually 5 holds "$to" && whole=$((whole + 1))
done
for pid in $closed $filtered $allowed; do
        process_end "$pid" TERM
done
is "$whole" 10 "killed in ten moves: the next start is whole, and nothing is left of the other"
like "$(cat "$WORK/loop-closed")" "^open=0 closed=[1-9]" "the rejected never come through"
like "$(cat "$WORK/loop-filtered")" "^open=0 closed=0 filtered=[1-9]" "nor do the denied"
like "$(cat "$WORK/loop-allowed")" "^open=[1-9][0-9]* closed=0 filtered=0" "the allowed always do"
diag "$(cat "$WORK"/loop-*)"
backend nftables
is "$rc $(where)" "0 nftables" "and on it goes"

# what only nftables can say
run_ctl limit out rate 30/hour
is "$rc" 0 "nftables: a rate by user"
before=$(stored_files)
backend iptables
is "$rc" 4 "backend iptables is refused"
like "$err" "iptables backend cannot limit outgoing" "by the name of what it cannot do"
is "$(where)" nftables "the old backend stays"
is "$(stored_files)" "$before" "no file was touched"
run_ctl delete limit out rate 30/hour
is "$rc" 0 "without it"
backend iptables
is "$rc $(where)" "0 iptables" "the move succeeds"
before=$(stored_files)
for dry in "" --dry-run; do
        run_ctl $dry limit out rate 30/hour
        is "$rc $err" "4 ERROR: the iptables backend cannot limit outgoing connections by user \
(limit out 25/tcp rate 30/hour)" "and then the rule is refused ${dry}"
        run_ctl $dry limit rate 2/day burst 3 from 10.0.0.0/8
        is "$rc $err" "4 ERROR: the iptables backend cannot hold a burst that takes more than a day to \
come back (limit from 10.0.0.0/8 to any port 25 rate 2/day burst 3)" "a burst of more than a day, too ${dry}"
done
is "$(stored_files)" "$before" "nothing was touched"
awk 'BEGIN { for (i = 0; i < 65537; i++)
        printf "%d.%d.%d.%d\n", 20 + i / 8388608, i / 32768 % 256, i / 128 % 256, i * 2 % 256 }' \
        >"$WORK/long"
run_ctl set load long "$WORK/long"
is "$rc" 0 "a list of 65,537 prefixes"
run_ctl deny in from @long
is "$rc" 0 "in from"
run_ctl deny out to @long
is "$rc $err" "4 ERROR: the iptables backend cannot look for more than 65,536 prefixes in to \
(deny out to @long port 25)" "in to it is refused, and the limit named"
run_ctl set remove long 20.0.0.0
is "$rc" 0 "one less"
run_ctl deny out to @long
is "$rc" 0 "is not"
run_ctl set add long 20.0.0.0
is "$rc" 4 "nor is it made longer"
like "$err" "65,536 prefixes" "with the same words"
run_ctl delete deny out to @long
run_ctl delete deny in from @long
run_ctl set drop long
is "$rc" 0 "without it"

# a flush is repaired and counted
net_in host iptables-legacy -F
repaired()
{
        [ "$(connect lan 8.8.8.8 25)" = closed ] &&
                [ "$(ctl status --json | jq .repairs)" -ge 1 ]
}
eventually 5 repaired
ok $? "iptables -F is repaired, and status reports it"

# another daemon finds what was left, by whichever backend
p25d_stop KILL
is "$(where)" iptables "a killed daemon leaves the policy"
sed -i 's/^backend = .*/backend = "auto";/' "$CONF"
p25d_start
ok $? "the next one takes nftables"
eventually 5 is_in nftables
ok $? "and takes out what iptables held"
p25d_stop KILL
sed -i 's/^backend = .*/backend = "iptables";/' "$CONF"
p25d_start
ok $? "the next one takes iptables"
eventually 5 is_in iptables
ok $? "and takes out what nftables held"

# a stored rule that the backend of the next start cannot hold: closed, not open
for rule in "limit out rate 30/hour" "limit rate 2/day burst 3"; do
        backend nftables
        # shellcheck disable=SC2086 # words
        run_ctl $rule
        is "$rc" 0 "nftables: $rule"
        p25d_stop KILL
        P25_BACKEND=iptables p25d_start
        is "$? $(where)" "0 nftablesiptables" "a start on a kernel without nftables, say"
        run_ctl status
        like "$out$err" "the iptables backend cannot.*fail-safe no-mail is in force" "is the fail-safe"
        is "$(connect host -t 400 8.8.8.8 25)" closed "nothing is open"
        p25d_stop
        p25d_start
        # shellcheck disable=SC2086
        run_ctl delete $rule
        is "$rc" 0 "with nftables the rule can be deleted"
        backend iptables
done
run_ctl disable
is "$rc $(where)" "0 " "disable leaves no trace"
run_ctl enable
is "$rc $(where)" "0 iptables" "enable"
backend iptables false
run_ctl reset --force
is "$(where)" "" "enabled = false leaves no trace"
done_testing
