#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Connections become events: which ones under which level of logging, in p25ctl events, in the log,
# on the bus and on disk.
. "$(dirname "$0")/../lib/e2e.sh"
. tests/lib/measure.sh

net_world
listen host 25 587
mkdir -p "$WORK/root/var/lib/p25"
mount -t tmpfs -o size=4m,mode=700 none "$WORK/root/var/lib/p25"
p25_host <<'CONF'
default = { incoming = "deny"; outgoing = "reject"; routed = "reject"; };
rules = ( { action = "allow"; direction = "in"; from = [ "198.51.100.2" ]; ports = [ 25 ]; },
          { action = "allow"; direction = "in"; from = [ "198.51.100.3" ]; ports = [ 25 ]; log = true; } );
CONF
ok $? "p25d starts"

# the sum of the counts of the events that a filter of jq selects
attempts() # FILTER
{
        ctl events --json -n 10000 | jq "[.[] | select($1) | .count] | add // 0"
}
seen() # N FILTER
{
        [ "$(attempts "$2")" -ge "$1" ]
}
# the first event, without what differs from run to run
shown() # FILTER
{
        ctl events --json -n 10000 | jq -c "[.[] | select($1)][0] | del(.id, .time, .source_port)"
}

run_ctl events
is "$rc $out$err" "0 " "no events yet"
is "$(ctl events --json)" "[]" "nor in JSON"

expect "IPv4 is refused" host closed 198.51.100.2 25
expect "IPv6 is refused" host closed 2001:db8:1::2 25
expect "a routed one is refused" lan closed 198.51.100.2 25
eventually 3 seen 1 '.destination_address == "198.51.100.2" and .direction == "out"'
ok $? "an event"
is "$(shown '.destination_address == "198.51.100.2" and .direction == "out"')" \
        '{"direction":"out","action":"reject","source_address":"198.51.100.1","destination_address":"198.51.100.2","destination_port":25,"rule":0,"uid":0,"user":"root","gid":0,"count":1}' \
        "with all that is known"
eventually 3 seen 1 '.destination_address == "2001:db8:1::2"'
ok $? "one of IPv6"
eventually 3 seen 1 '.direction == "routed" and .source_address == "10.0.0.2" and (has("uid") | not)'
ok $? "one of a routed connection, which has no user"
run_ctl events
like "$(head -n 1 "$WORK/out")" "^20[0-9-]+ [0-9:]+  out     reject  root +198.51.100.2:25 +default$" "a row"
like "$out" "out     reject  root +\[2001:db8:1::2\]:25 +default" "of IPv6"
like "$out" "routed  reject  10.0.0.2 +198.51.100.2:25 +default" "of a routed one"
is "$(ctl events -n 1 | wc -l)" 1 "-n 1: the newest"
is "$(ctl events --since 1h | wc -l)" "$(ctl events | wc -l)" "--since: what is younger"
like "$(cat "$WORK/p25d.log")" "refused: out 198.51.100.1:[0-9]+ -> 198.51.100.2:25, user root, default" "the log has it"

if [ -n "$many_uids" ]; then
        expect "a user is refused" host closed -u 33 -g 33 203.0.113.7 25
        eventually 3 seen 1 '.uid == 33 and .gid == 33 and .destination_address == "203.0.113.7"'
        ok $? "an event with the user"
else
        skip "an event with the user" "one uid only"
fi

net_in host "$probe" burst -n 5 8.8.8.8 25 >/dev/null
eventually 3 seen 5 '.destination_address == "8.8.8.8"'
ok $? "equal ones"
at_most "$(ctl events --json -n 10000 | jq '[.[] | select(.destination_address == "8.8.8.8")] | length')" 3 \
        "are merged"

# ---- levels ----

expect "incoming is denied" inet filtered -t 300 -s 203.0.113.7 198.51.100.1 25
expect "incoming is allowed" inet open -s 198.51.100.2 198.51.100.1 25
expect "incoming is allowed by a rule with log" inet open -s 198.51.100.3 198.51.100.1 25
eventually 3 seen 1 '.action == "allow" and .source_address == "198.51.100.3" and .rule > 0'
ok $? "low: an event of a rule with log, with its id"
is "$(attempts '.direction == "in" and .source_address != "198.51.100.3"')" 0 "and of no other incoming one"
run_ctl logging medium
expect "incoming is denied" inet filtered -t 300 -s 203.0.113.7 198.51.100.1 25
eventually 3 seen 1 '.direction == "in" and .action == "deny" and .source_address == "203.0.113.7"'
ok $? "medium: refused incoming ones"
is "$(attempts '.source_address == "198.51.100.2"')" 0 "but not those that pass"
run_ctl logging high
expect "incoming is allowed" inet open -s 198.51.100.2 198.51.100.1 25
eventually 3 seen 1 '.action == "allow" and .source_address == "198.51.100.2"'
ok $? "high: those too"
run_ctl logging off
before=$(attempts true)
expect "refused" host closed 198.51.100.2 25
run_ctl logging low
expect "refused" host closed 203.0.113.7 25
eventually 3 seen $((before + 1)) true
is "$(attempts true)" $((before + 1)) "off: none"

# ---- others ----

run as_user nobody env DBUS_SYSTEM_BUS_ADDRESS="$DBUS_SYSTEM_BUS_ADDRESS" "$P25CTL" events
if [ -n "$many_uids" ]; then
        is "$rc $out" "5 " "users may not read the events of others"
else
        skip "users may not read the events of others" "one uid only"
fi
for words in "events now" "events --since soon" "events -n 0" "status --since 1h" "status --follow"; do
        # shellcheck disable=SC2086 # words
        run_ctl $words
        is "$rc" 4 "p25ctl $words is refused"
done

dbus-monitor --address "$DBUS_SYSTEM_BUS_ADDRESS" "type='signal',member='Blocked'" >"$WORK/signals" 2>&1 &
monitor=$!
eventually 3 grep -q NameAcquired "$WORK/signals"
net_in host "$P25CTL" events --json --follow -n 1 >"$WORK/followed" 2>"$WORK/followed.err" </dev/null &
follower=$!
eventually 3 test -s "$WORK/followed"
ok $? "a follower begins with what was"
expect "refused" host closed 198.51.100.3 25
eventually 3 grep -q '"198.51.100.3"' "$WORK/followed"
ok $? "and gets what comes"
eventually 3 grep -q 'string "198.51.100.3"' "$WORK/signals"
ok $? "and so does who listens to Blocked"
process_end "$monitor" TERM

# ---- a follower that stops reading ----

mkfifo "$WORK/stuck"
net_in host "$P25CTL" events --json --follow -n 1 >"$WORK/stuck" 2>"$WORK/null" </dev/null &
follower_stuck=$!
exec 9<"$WORK/stuck"
eventually 5 grep -q . <(head -n 1 <&9)
signal STOP "$follower_stuck"
before=$(memory_own "$p25d") all=$(attempts true)
net_in host "$probe" burst -n 2000 203.0.113.9 25 >"$WORK/null"
eventually 10 seen $((all + 2000)) true
ok $? "others get what comes meanwhile"
at_most "$(($(memory_own "$p25d") - before))" 2048 \
        "p25d keeps nothing for it, in kB"
signal CONT "$follower_stuck"
eventually 10 grep -qm 1 203.0.113.9 <&9
ok $? "when it goes on it has not missed them"
process_end "$follower_stuck" TERM
exec 9<&-

# ---- restart and disk ----

is "$(stat -c %a "$ROOT/var/lib/p25/events")" 600 "the file is root's"
is_newest() # ADDRESS
{
        [ "$(ctl events --json -n 1 | jq -r '.[0].destination_address')" = "$1" ]
}
eventually 3 is_newest 203.0.113.9
before=$(ctl events --json -n 10000 | jq -c .)
p25d_stop KILL
printf '99 ' >>"$ROOT/var/lib/p25/events"
p25d_start
ok $? "p25d starts again"
is "$(ctl events --json -n 10000 | jq -c .)" "$before" "with the events of before"
like "$(cat "$WORK/p25d.log")" "p25d: 1 line of the events in .* cannot be read" "and says that one is damaged"
expect "refused" host closed 203.0.113.7 25
eventually 6 grep -q '"id":.*203.0.113.7.*"destination_port":25' "$WORK/followed"
ok $? "the follower goes on"
is "$(jq -s '[.[].id] | . == (sort | unique)' "$WORK/followed")" true "each once, in order"
process_end "$follower" TERM
eventually 3 is_newest 203.0.113.7
before=$(ctl events --json -n 10000 | jq -c .)
p25d_stop
p25d_start
is "$(ctl events --json -n 10000 | jq -c .)" "$before" "a torn line spoils no other"

# a line that cannot be read fills the last page, so that the next event needs another
p25d_stop
size=$(stat -c %s "$ROOT/var/lib/p25/events")
printf '%*s\n' $((4095 - size % 4096)) x >>"$ROOT/var/lib/p25/events"
p25d_start
dd if=/dev/zero of="$ROOT/var/lib/p25/filler" bs=4k 2>/dev/null
expect "refused" host closed 198.51.100.2 25
eventually 3 grep -q 'events are not stored in .*No space left on device' "$WORK/p25d.log"
ok $? "a full disk is reported"
before=$(attempts true)
expect "refused" host closed 198.51.100.2 25
eventually 3 seen $((before + 1)) true
ok $? "events go on in memory"
rm "$ROOT/var/lib/p25/filler"
expect "refused" host closed 198.51.100.2 25
eventually 3 grep -q 'events are stored again' "$WORK/p25d.log"
ok $? "and on disk when there is room"
p25d_stop
p25d_start
ok $? "stored events are read"
like "$(ctl events -n 1)" "out     reject" "to its end"
umount -l "$ROOT/var/lib/p25"

done_testing
