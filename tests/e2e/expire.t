#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Rules that end: out of the kernel, the stored state and status in time, by the kernel only while
# p25d is dead, and never back.
. "$(dirname "$0")/../lib/e2e.sh"

net_world
listen host 25 587
listen inet 25
listen lan 25
listen box 25

p25_host <<-'CONF'
	logging = "off";
	default = { incoming = "deny"; outgoing = "reject"; routed = "reject"; };
CONF
ok $? "p25d starts"

state=$ROOT/var/lib/p25/state.conf
has_rules() # NUMBER: in status
{
        [ "$(ctl status --json | jq '.rules | length')" = "$1" ]
}
is_stored() # NUMBER: of rules in the state
{
        [ "$(grep -c '{ id = ' "$state")" = "$1" ]
}
answers() # WANTED NAMESPACE [OPTION...] ADDRESS PORT
{
        local wanted=$1
        shift
        [ "$(outcome "$wanted" "$@")" = "$wanted" ]
}
in_kernel()
{
        if [ "$backend" = iptables ]; then
                net_in host iptables-legacy-save 2>"$WORK/null" | grep -c -- '-m time'
        else
                net_in host nft list table inet p25 | grep -c 'meta time'
        fi
}

# ---- words ----

run_ctl allow from 198.51.100.2 for 2h
is "$rc $out" "0 Rule added
Allows smtp (25/tcp) incoming from 198.51.100.2, IPv4 only, for 2h; outgoing and routed mail and all other ports \
are not touched." "a rule for two hours"
expect "it is in force" inet open -s 198.51.100.2 198.51.100.1 25
like "$(ctl status)" $'25/tcp +ALLOW IN +198\\.51\\.100\\.2 +\\(for (2h|1h59m)\\)' "status shows what is left"
left=$(ctl status --json | jq '.rules[0] | .seconds_left')
between "$left" 7100 7200 "and so does --json"
like "$(ctl status --json | jq -r '.rules[0].expires')" '^20[0-9-]+T[0-9:]+Z$' "with the time"
like "$(ctl show added)" $'\np25ctl allow from 198.51.100.2 to any port 25 for [0-9]+(s|m|h)$' \
        "show added gives a command"
before=$(ctl status --json | jq '.rules[0].expires')
shown=${EPOCHREALTIME/./}
command=$(ctl show added | sed -n 's/^p25ctl //p')
# shellcheck disable=SC2086 # words
run_ctl $command
spent=$(((${EPOCHREALTIME/./} - shown) / 1000000))
expires() # RULE
{
        date -d "$(ctl status --json | jq -r ".rules[$1].expires")" +%s
}
after=$(expires 0)
at_most $((after - $(date -d "${before//\"/}" +%s))) $((1 + spent)) "the rule gets no more time than it had"
at_most "$(in_kernel)" 1 "one rule of the kernel asks for the time"
run_ctl allow from 198.51.100.2 for 3h
is "$rc ${out%%$'\n'*}" "0 Rule updated" "another time"
between $(($(expires 0) - after)) 3500 3700 "an hour later"
counted=$(counter true)
run_ctl allow from 198.51.100.2
is "$rc ${out%%$'\n'*}" "0 Rule updated" "without a time"
like "$out" "It was to end at 20[0-9-]+T[0-9:]+Z and stays now\." "it stays, and that is said"
is "$(ctl status --json | jq '.rules[0].expires')" null "it does not end"
is "$(counter true)" "$counted" "its counter is what it was"
run_ctl --dry-run deny from 192.0.2.1 for 10m
like "$out" '^\+ deny from 192\.0\.2\.1 to any port 25 until 20[0-9-]+T[0-9:]+Z' "--dry-run names the time"
run_ctl deny from 192.0.2.0/24 for 1h
run_ctl --strict allow from 192.0.2.7
is "$rc $err" "0 " "behind a rule that ends another that stays is not covered"
run_ctl allow from 192.0.2.8 for 1m
like "$err" "can never match: rule 2 .* until .*insert 2 allow from 192\.0\.2\.8 to any port 25 for (1m|[0-9]+s)\$" \
        "one that ends sooner is; the command that would place it lets it end too"
run_ctl delete deny from 192.0.2.0/24
is "$rc ${out%%$'\n'*}" "0 Rule deleted" "delete needs no time"
run_ctl delete allow from 192.0.2.8 for 1m
is "$rc ${out%%$'\n'*}" "0 Rule deleted" "and takes one"

# ---- in time ----

run_ctl reset --force
net_in inet "$probe" hold -o "$WORK/hold" 198.51.100.1 587 >"$WORK/hold.pid"
run_ctl deny from 203.0.113.7
last_for() # TIME
{
        run_ctl allow both for "$1"
        like "$rc $out" "^0 Rule (added|updated)"$'\n' "both directions for $1"
        run_ctl route allow for "$1"
        run_ctl limit from 203.0.113.7 to any port 587 log for "$1"
}
last_for 1h
expect "in force: in" inet "open open" 198.51.100.1 25 2001:db8:1::1 25
expect "in force: out" host "open open" 198.51.100.2 25 2001:db8:1::2 25
expect "in force: routed" lan open 198.51.100.2 25
net_in inet "$probe" hold -o "$WORK/cut" 198.51.100.1 25 >"$WORK/hold.pid"
ok $? "a connection stands"
connect inet -t 400 -s 203.0.113.7 198.51.100.1 25 >"$WORK/null"
counted=$(counter '.position == 1')
id=$(ctl status --json | jq '.rules[0].id')
between "$counted" 1 100 "another rule counts"
# soon, but not before all of them are there
number=$(ctl status --json | jq '.rules | length')
for life in 5s 50s 300s; do
        last_for $life
        revision=$(ctl status --json | jq .revision)
        ! has_rules "$number" || break
done
eventually 30 has_rules 1
ok $? "in time they are gone from status"
is_stored 1
ok $? "and from the stored state"
is "$(in_kernel)" 0 "and from the kernel"
expect "over: in" inet "filtered filtered" -t 300 198.51.100.1 25 2001:db8:1::1 25
expect "over: out" host "closed closed" 198.51.100.2 25 2001:db8:1::2 25
expect "over: routed" lan closed 198.51.100.2 25
eventually 5 grep -q cut "$WORK/cut"
ok $? "the connection that is denied now is cut"
! grep -q cut "$WORK/hold"
ok $? "no other is"
is "$(ctl status --json | jq '.rules[0].id') $(counter true)" "$id $counted" "the other rule has its id and counter"
like "$(ctl history)" "rules? expired: " "history shows it"
between "$(ctl status --json | jq .revision)" $((revision + 1)) $((revision + 3)) "as revisions"
like "$(cat "$WORK/p25d.log")" "by uid 0 \(p25d\): rule expired: route allow 25/tcp|rules expired: " "so does the log"

run_ctl rollback "$revision"
is "$rc" 0 "a rollback to when they were there"
like "$err" "WARNING: a rule has expired and stays away: .* until 20" "does not bring them back, and says so"
has_rules 1
ok $? "they are not there"
like "$(ctl diff "$revision")" "^- .* until 20" "diff shows them, with the time"

# ---- p25d dead ----

run_ctl allow from 198.51.100.2 for 1h
run_ctl deny from 8.8.8.8 for 1h
run_ctl allow from 8.8.8.0/24
run_ctl allow out user 33 for 1h
[ -z "$many_uids" ] || expect "user: in force" host "open" -u 33 198.51.100.2 25
expect "in force" inet open -s 198.51.100.2 198.51.100.1 25
# p25d is to die before it takes them out itself
for life in 7s 70s 300s; do
        run_ctl allow from 198.51.100.2 for $life
        run_ctl allow out user 33 for $life
        last=$(expires 4)
        p25d_stop KILL
        ! is_stored 5 || break
        p25d_start
done
eventually 30 answers filtered inet -t 300 -s 198.51.100.2 198.51.100.1 25
ok $? "killed: the kernel lets it end"
over()
{
        [ "${EPOCHREALTIME%.*}" -ge "$last" ]
}
eventually 30 over
[ -z "$many_uids" ] || expect "killed: outgoing too" host closed -u 33 198.51.100.2 25
expect "killed: what has time left stays" inet filtered -t 300 -s 8.8.8.8 198.51.100.1 25
is_stored 5
ok $? "the stored state still has them"
revision=$(sed -n 's/^  revision = \([0-9]*\)L\?;$/\1/p' "$state")
is "$(net_in host "$P25CTL" --root "$ROOT" --policies "$POLICIES" explain in from 198.51.100.2 --json | jq -r .verdict)" \
        deny "explain --root knows that they have ended"
p25d_start
ok $? "started again"
is "$(ctl status --json | jq -c '[.rules[] | .expires == null]')" "[true,false,true]" "without what has ended"
eventually 20 is_stored 3
ok $? "and the stored state is without it"
is "$(ctl status --json | jq .revision)" $((revision + 1)) "by a revision"
like "$(ctl history | head -n 1)" "2 rules expired: " "that gives the reason"
like "$(ctl status)" $'DENY IN +8\\.8\\.8\\.8 +\\(for (1h|59m)' "the other one has its time"
expect "it is in force" inet filtered -t 300 -s 8.8.8.8 198.51.100.1 25

# ---- lists, texts ----

run_ctl reset --force
seq -f '198.51.100.%g' 2 2 200 >"$WORK/many"
run_ctl set load many "$WORK/many"
long_matches() # TIME
{
        run_ctl allow from @many for "$1"
        run_ctl allow out to 198.51.100.2,8.8.8.8,203.0.113.7,2001:db8:1::2,10.0.0.2,10.1.0.0/16 user 0,33 for "$1"
}
long_matches 1h
is "$rc" 0 "long matches"
expect "in force: a set" inet open -s 198.51.100.2 198.51.100.1 25
expect "in force: a list" host "open open" 198.51.100.2 25 2001:db8:1::2 25
for life in 8s 80s 300s; do
        long_matches $life
        p25d_stop KILL
        ! is_stored 2 || break
        p25d_start
done
eventually 30 answers filtered inet -t 300 -s 198.51.100.2 198.51.100.1 25
ok $? "the kernel lets the set end"
eventually 30 answers "closed closed" host 198.51.100.2 25 2001:db8:1::2 25
ok $? "and the list"
p25d_start
ok $? "started again"
eventually 20 is_stored 0
ok $? "nothing is left"

raw_load()
{
        if [ "$backend" = iptables ]; then
                iptables_load host <"$WORK/raw"
        else
                net_in host nft -f "$WORK/raw"
        fi
}
# the text is to be loaded and looked at before it ends
for life in 10s 80s 300s; do
        run_ctl allow from 198.51.100.2 for $life
        run_ctl allow both to 2001:db8:1::2,2001:db8:1::1 for $life
        last=$(expires 0)
        ctl show raw >"$WORK/raw"
        p25d_stop KILL
        kernel_clear
        raw_load
        loaded=$?
        in=$(outcome open inet -s 198.51.100.2 198.51.100.1 25) out=$(outcome open host 2001:db8:1::2 25)
        over || break
        p25d_start
done
like "$(cat "$WORK/raw")" "meta time <|-m time --datestop" "show raw shows it"
ok "$loaded" "and loads"
is "$in" open "in force by the text"
is "$out" open "in force by the text, IPv6"
eventually 30 answers filtered inet -t 300 -s 198.51.100.2 198.51.100.1 25
ok $? "the text ends"
eventually 30 answers closed host 2001:db8:1::2 25
ok $? "IPv6 too"
kernel_clear
p25d_start
ok $? "started again"

# ---- an assertion does not keep a rule ----

cat >>"$CONF" <<-'CONF'
	assert = ( { packet = "in from 198.51.100.2"; verdict = "allow"; } );
CONF
run_ctl allow from 198.51.100.2 for 1h
run_ctl reload
is "$rc" 0 "an assertion that a rule keeps while it lasts"
run_ctl allow from 198.51.100.2 for 5s
eventually 30 has_rules 0
ok $? "the rule ends all the same"
like "$(ctl status)" "Warning: .*in from 198\.51\.100\.2" "status warns"
eventually 20 grep -q "a rule has expired, and now: .*in from 198.51.100.2" "$WORK/p25d.log"
ok $? "so does the log"
done_testing
