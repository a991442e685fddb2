#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Changes that are planned, wait to be confirmed, or are taken back: while p25d runs, while it is
# dead, and although the files say something else by now.
. "$(dirname "$0")/../lib/e2e.sh"

net_world
listen host 25 587
listen inet 25
record=$ROOT/var/lib/p25/pending

p25_host <<'CONF'
rules = ( { action = "deny"; direction = "in"; from = [ "203.0.113.0/24" ]; } );
CONF
ok $? "p25d starts"
mkdir -p "$WORK/etc"

open_in()
{
        [ "$(outcome "open open" inet -t 300 198.51.100.1 25 2001:db8:1::1 25)" = "open open" ]
}
closed_in()
{
        [ "$(connect inet -t 300 198.51.100.1 25 2001:db8:1::1 25)" = "filtered filtered" ]
}
pending()
{
        ctl status --json | jq -r "$1"
}
nothing_waits()
{
        [ "$(pending .pending)" = null ]
}
revision()
{
        pending .revision
}
# The record on disk says now what it would after some time.
record_set() # WORD VALUE
{
        sed -i "s/^$1 .*/$1 $2/" "$record"
}
hold() # NAME
{
        net_in inet "$probe" hold -o "$WORK/hold-$1" 198.51.100.1 25 >"$WORK/hold-$1.pid"
        ok $? "$1: a connection stands"
}

# ---- not in time ----

open_in
ok $? "open before"
hold first
run_ctl deny --confirm 10m --reason "a try"
is "$rc ${out%%$'\n'*}" "0 Rule added" "deny --confirm 10m"
like "$out" $'\n'"Run 'p25ctl confirm' before [0-9 :-]+ \\(in 600 s\\), or revision 1 is taken back\\.$" \
        "says how to keep it"
closed_in
ok $? "it is in force"
eventually 1 grep -q cut "$WORK/hold-first"
ok $? "and has cut what was open"
run_ctl status
like "$out" $'^Status: active\nPending: revision 1 is taken back in [3-6][0-9]{2} s unless confirmed' \
        "status reports it"
run_ctl logging high --confirm 1s
is "$rc" 0 "another one joins it: the deadline is the later one's"
eventually 20 nothing_waits
ok $? "in time nothing waits any more"
open_in
ok $? "and it is open again"
is "$(revision) $(pending .logging)" "3 low" "both are undone by a revision of their own"
like "$(ctl history)" "3 .* not confirmed in time: revision 2 taken back" "history says why"
like "$(cat "$WORK/p25d.log")" "revision 3 .*not confirmed in time: revision 2 taken back" \
        "and so does the log"
run_ctl confirm
is "$rc $out" "4 " "it is too late to confirm"
like "$err" "^ERROR: no change is waiting for confirmation: revision 2 was not confirmed in time" "with that error"

# ---- in time ----

run_ctl deny --confirm 1h --json
is "$(jq -c '[.changed, .pending.revision, .pending.seconds_left]' <<<"$out")" "[true,4,3600]" \
        "--json has what waits"
is "$(pending '[.pending | .revision, .seconds_left > 3500,
        (.deadline | sub("\\.[0-9]+"; "") | fromdate > now + 3500)] | tostring')" "[4,true,true]" \
        "and so has status --json"
run_ctl allow out to 192.0.2.7
is "$rc" 1 "another change has to wait"
like "$err" "^ERROR: revision 4 is waiting for confirmation .*'p25ctl rollback 3' takes it back" "and says for what"
run_ctl --dry-run allow out to 192.0.2.7
is "$rc" 0 "but may be tried"
run_ctl set add bans 192.0.2.9
is "$rc ${out%%$'\n'*}" "0 Set bans updated" "banning goes on"
run_ctl --expect 2 confirm
is "$rc" 4 "another revision cannot be confirmed"
run_ctl confirm
is "$rc $out" "0 Revision 4 is confirmed: it stays in force." "confirm"
nothing_waits
ok $? "nothing waits"
[ ! -e "$record" ]
ok $? "on disk either"
closed_in
ok $? "it stays in force"
like "$(cat "$WORK/p25d.log")" "revision 4 is confirmed" "the log has it"
run_ctl confirm
is "$rc $err" "4 ERROR: no change is waiting for confirmation" "once"
run_ctl deny --confirm 1h
is "$rc" 0 "a change of nothing"
nothing_waits
ok $? "leaves nothing to confirm"
run_ctl --dry-run --confirm 1h delete deny
is "$rc" 0 "nor does a dry run"
nothing_waits
ok $? "with --confirm"

# ---- the connection that made the change ----

made()
{
        net_in host busctl call org.port25.Policy1 /org/port25/Policy1 org.port25.Policy1.Manager "$@"
}
made SetLogging 'sa{sv}' high 1 confirm_seconds u 600 >"$WORK/null"
ok $? "any client can make a change wait"
made SetLogging 'sa{sv}' high 1 confirm_seconds u 0 2>"$WORK/err"
like "$(cat "$WORK/err")" "confirm_seconds: a duration is a number of seconds, from 1 to 31622400" "but not for no time"
made SetLogging 'sa{sv}' low 1 confirm_seconds u 31622401 2>"$WORK/err"
like "$(cat "$WORK/err")" "confirm_seconds: a duration is a number of seconds, from 1 to 31622400" "nor for more than 366 days"
made Confirm t "$(pending .pending.revision)"
ok $? "and another confirm it"

# ---- p25d is killed meanwhile ----

run_ctl delete deny
open_in
ok $? "open"
run_ctl deny --confirm 1h
hold=$(revision)
p25d_stop KILL
closed_in
ok $? "killed: it is in force"
p25d_start
ok $? "started before the deadline"
is "$(pending .pending.revision)" "$hold" "it waits still"
closed_in
ok $? "and is in force"
p25d_stop KILL
record_set boottime 1
p25d_start
ok $? "started behind the deadline"
open_in
ok $? "it is taken back"
nothing_waits
ok $? "and nothing waits"
is "$(revision)" $((hold + 1)) "by one revision"
like "$(ctl history)" "not confirmed in time: revision $hold taken back" "that says so"

# ---- the host reboots: another boot id, so that the clock counts ----

run_ctl deny --confirm 1h
p25d_stop KILL
kernel_clear
record_set boot 0123
record_set boottime 1
p25d_start
is "$(pending '.pending.seconds_left > 3500')" true "rebooted in time: it waits still"
closed_in
ok $? "and is in force"
p25d_stop KILL
kernel_clear
record_set boot 0123
record_set deadline 1700000000000000
p25d_start
nothing_waits
ok $? "rebooted too late: nothing waits"
open_in
ok $? "it is taken back"

# ---- the state is broken meanwhile ----

run_ctl deny in 587
run_ctl deny --confirm 1h
p25d_stop KILL
for file in state.conf state.conf.copy; do
        echo "state = {" >"$ROOT/var/lib/p25/$file"
done
p25d_start
run_ctl status
like "$out" "the fail-safe no-mail is in force" "no state: the fail-safe"
like "$out" "Pending: " "it waits still"
p25d_stop KILL
record_set boottime 1
p25d_start
open_in
ok $? "behind the deadline it is what it was before"
expect "with its rules" inet filtered -t 300 198.51.100.1 587
unlike "$(ctl status)" "fail-safe|Pending" "and no fail-safe"
p25d_stop
p25d_start
expect "also after the next start" inet "open filtered" -t 300 198.51.100.1 25 198.51.100.1 587
run_ctl delete deny in 587

# ---- lockdown, and what others ban ----

run_ctl deny --confirm 1h
run_ctl lockdown on
is "$rc" 0 "lockdown needs no confirmation"
run_ctl set add bans 192.0.2.10
is "$rc" 0 "nor does a ban"
p25d_stop KILL
record_set boottime 1
p25d_start
run_ctl status
like "$out" "LOCKDOWN: ON" "lockdown stays when the rest is taken back"
is "$(ctl set show bans)" $'192.0.2.9\n192.0.2.10' "and so does the ban"
run_ctl lockdown off
open_in
ok $? "the rest is taken back"
run_ctl lockdown on --confirm 10m
closed_in
ok $? "lockdown that waits"
run_ctl logging medium --confirm 1s
eventually 20 open_in
ok $? "is taken back"

# ---- plan, and files ----

cp "$CONF" "$WORK/before.conf"
run_ctl plan --detailed-exitcode
is "$rc $out" "0 Nothing would change." "nothing is edited"
echo 'default = { incoming = "deny"; };' >>"$CONF"
run_ctl plan
is "$rc" 0 "plan"
like "$out" "newly denied: in 25/tcp from" "says what the edited file would do"
run_ctl plan --detailed-exitcode --json
is "$rc $(jq -c '[.changed, .dry_run]' <<<"$out")" "2 [true,true]" "--detailed-exitcode, --json"
like "$(jq -r '.effects[]' <<<"$out")" "newly denied: in 25/tcp" "with the difference"
run_ctl plan "$WORK/before.conf"
is "$rc $out" "0 Nothing would change." "plan FILE has FILE in the place of p25.conf"
is "$(net_in host "$P25CTL" plan - <"$WORK/before.conf")" "Nothing would change." "- is standard input"
run_ctl plan --root "$ROOT" --policies "$POLICIES"
like "$rc $out" "0 .*newly denied: in 25/tcp from" "--root needs no daemon"
run_ctl plan --root "$ROOT" --policies "$POLICIES" --detailed-exitcode "$WORK/before.conf"
is "$rc $out" "0 Nothing would change." "for a FILE either"
printf 'enabled = true;\nroles = ( "mx" );\nbogus = 1;\n' >"$WORK/bad.conf"
for root in "" "--root $ROOT --policies $POLICIES"; do
        # shellcheck disable=SC2086 # words
        run_ctl plan "$WORK/bad.conf" $root
        is "$rc" 4 "a broken file is refused ${root:+without a daemon}"
        like "$err" "^ERROR: $WORK/bad.conf:3: bogus" "at its line"
done
run_ctl plan "$WORK/nosuch.conf"
is "$rc" 4 "a file that is not there"
open_in
ok $? "a plan changes nothing"

run_ctl reload --confirm 1h
is "$rc" 0 "reload --confirm"
closed_in
ok $? "is in force"
p25d_stop KILL
p25d_start
closed_in
ok $? "also after a restart"
is "$(pending '.pending.seconds_left > 3500')" true "and waits"
record_set boottime 1
p25d_stop KILL
p25d_start
open_in
ok $? "taken back: the former files are in force"
run_ctl status
like "$out" "Warning: the files on disk are not what is in force" "and status says so"
p25d_stop
p25d_start
open_in
ok $? "also after another start"
run_ctl plan
like "$out" "newly denied: in 25/tcp from" "plan says what a reload would do"
grep -q "deny.*incoming\|incoming.*deny" "$CONF"
ok $? "the file was not touched"
run_ctl reload
closed_in
ok $? "until a reload"
unlike "$(ctl status)" "Warning" "then nothing is wrong"

# ---- rollback while something waits ----

cp "$WORK/before.conf" "$CONF"
run_ctl reload
before=$(revision)
run_ctl deny --confirm 1h
run_ctl rollback "$before"
is "$rc" 0 "rollback ends the waiting"
nothing_waits
ok $? "nothing waits"
open_in
ok $? "and the former policy is in force"

# ---- who may ----

if [ -n "$many_uids" ]; then
        run as_user www-data "$P25CTL" plan
        is "$rc" 0 "plan needs no privilege"
        chmod 644 "$WORK"/*.conf
        run as_user www-data "$P25CTL" plan "$WORK/bad.conf"
        is "$rc" 5 "but only users who may manage may send a text"
        unlike "$err" "bad.conf" "the text is not looked at"
        run as_user www-data "$P25CTL" confirm
        is "$rc" 5 "confirm does"
else
        skip "who may" "one uid only"
fi
done_testing
