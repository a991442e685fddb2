#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Former states: history, diff, rollback, and what a large set costs with them.
. "$(dirname "$0")/../lib/e2e.sh"

net_world
listen host 25
p25_host </dev/null
ok $? "p25d starts"

ctl_stdin() # WORD...
{
        net_in host "$P25CTL" "$@"
}
run_ctl history
is "$rc $out" "0 " "no history yet"
run_ctl history sets
is "$rc $out" "0 " "nor any of sets"
run_ctl deny in from 198.51.100.2 --reason "too much"
is "$rc" 0 "a rule"
run_ctl set add drop 203.0.113.7
run_ctl set add drop 203.0.113.8
run_ctl default deny in
run_ctl history
is "$(wc -l <<<"$out")" 2 "two changes of the policy, two revisions"
like "$out" $'^ +4 .*\n +1 +20[0-9-]+ [0-9:]+ +uid 0 .*  too much$' "the newest first, with reasons"
is "$(ctl history --json | jq -r '.[-1] | [.revision, .uid, .reason] | join(" ")')" "1 0 too much" \
        "and in JSON"
like "$(ctl history --json | jq -r '.[-1] | "\(.process) \(.pid)"')" "^p25ctl [1-9][0-9]*$" "with the process"
is "$(ctl history --json | jq -r '.[-1].remote')" "$(ctl history --json | jq -r '.[0].remote')" \
        "and, if known, from where it came"
like "$(ctl history --json | jq -r '.[0].time')" "^20..-..-..T..:..:.*Z$" "times are RFC 3339"
like "$(ctl history | tail -n 1)" " p25ctl\[[0-9]+\].*  \+ deny .*198\.51\.100\.2.*  too much$" \
        "the change before the reason"
is "$(ctl history --json | jq -r '.[0].summary')" "+ default incoming deny" "a default"
run_ctl diff 1 4
is "$out" "$(run_ctl diff 1; echo "$out")" "diff of two, and with now"
like "$out" "default incoming deny" "the default"
unlike "$out" "- set drop" "entries are not part of it"
run_ctl diff 4
is "$rc $out" "0 No difference." "none"

# ---- changes of sets ----

total() # FIELD
{
        ctl history sets --json | jq "[.[] | select(.set == \"drop\") | .$1] | add"
}
is "$(total added) $(total removed) $(total changes)" "2 0 2" "history sets counts what was added"
like "$(ctl history sets | head -n 1)" '^20[0-9-]+ [0-9:]+ +uid 0 p25ctl +drop: \+[12] -0, 2 entries$' "a line for people"
like "$(ctl history sets --json | jq -r '.[0] | "\(.time) \(.uid) \(.process) \(.entries)"')" \
        '^20..-..-..T..:..:00.*Z 0 p25ctl 2$' "and in JSON"
at_most "$(ctl history sets | wc -l)" 2 "a row a minute"
run_ctl history set
is "$rc" 4 "another word is refused"

# bans erase no history
for i in {0..39}; do
        for k in {0..29}; do echo "+10.0.$i.$k"; done | ctl_stdin set feed drop
done >"$WORK/answers"
is "$(grep -c ': added$' "$WORK/answers")" 1200 "1,200 bans"
before=$(ctl status --json | jq .revision)
for i in {0..29}; do ctl set remove drop "10.0.0.$i"; done >"$WORK/null"
is "$(ctl status --json | jq .revision)" $((before + 30)) "each call counts the revision up"
is "$(ctl history --json | jq -c 'map(.revision)')" "[4,1]" "and history has those of the policy still"
is "$(total added) $(total removed)" "1202 30" "history sets has the bans"
run_ctl --expect 4 --dry-run default allow in
is "$rc" 0 "bans make no decision stale"
run_ctl --expect 3 --dry-run default allow in
is "$rc" 7 "a change of the policy does"
run_ctl --expect 4 set add drop 192.0.2.1
is "$rc" 7 "nor does a set's own change stand over another one"

run_ctl --dry-run --detailed-exitcode rollback 1
is "$rc" 2 "a rollback would change"
run_ctl --expect 3 rollback 1
is "$rc" 7 "a stale rollback"
expect "as it was" inet filtered -t 300 -s 198.51.100.3 198.51.100.1 25
run_ctl rollback 1
like "$rc $out" "^0 Rolled back to revision 1, as revision " "rollback"
like "$out" "except the entries of sets" "names what it leaves"
is "$(ctl set show drop | wc -l)" 1172 "the bans of now"
expect "default of then" inet open -s 198.51.100.3 198.51.100.1 25
expect "rule of then" inet filtered -t 300 -s 198.51.100.2 198.51.100.1 25
at=$(ctl status --json | jq .revision)
run_ctl rollback 1
is "$rc $(ctl status --json | jq .revision)" "0 $at" "once more changes nothing"
run_ctl rollback 0
is "$rc $(ctl status --json | jq -c '.rules')" "0 []" "and the state before all"
is "$(ctl set show drop | wc -l)" 1172 "with the bans of now"
run_ctl rollback 99999
is "$rc" 4 "no such revision"
like "$err" "^ERROR: there is no revision 99999" "says so"
p25d_stop KILL
p25d_start
ok $? "started again"
is "$(ctl history --json | jq length)" 4 "the history is kept"
is "$(total added) $(total removed)" "1202 30" "that of sets, too"
run_ctl deny in from @drop
used=$(ctl status --json | jq .revision)
run_ctl delete deny in from @drop
run_ctl set drop drop
is "$rc" 0 "a set is dropped"
run_ctl rollback "$used"
is "$rc $(ctl set show drop | wc -l)" "0 1172" "a rollback to a rule of it makes it again"

seq 0 99999 | awk '{ printf "%d.%d.%d.%d/32\n", 20 + int($1 / 65536) * 2, int($1 / 256) % 256, $1 % 256, 1 }' \
        >"$WORK/list"
run_ctl set load big "$WORK/list"
is "$rc" 0 "a large set"
for i in {1..10}; do
        ctl set add big "198.18.0.$i" >/dev/null
done
is "$(find "$ROOT/var/lib/p25/sets" -name 'big.*' | wc -l)" 1 "ten entries more do not write it again"

# the host's files of then, which stay in force over the death of p25d until a reload
run_ctl --force reset
before=$(ctl status --json | jq .revision)
expect "the files of now" inet open -s 198.51.100.3 198.51.100.1 25
echo 'default = { incoming = "reject"; };' >>"$CONF"
run_ctl reload
is "$rc" 0 "other files"
expect "are in force" inet closed -s 198.51.100.3 198.51.100.1 25
run_ctl diff "$before"
like "$out" "newly rejected: in 25/tcp" "diff reports what they do to packets"
run_ctl rollback "$before"
is "$rc" 0 "a reload is undone"
expect "with the files of then" inet open -s 198.51.100.3 198.51.100.1 25
grep -q reject "$CONF"
ok $? "those on disk are not changed"
run_ctl status
like "$out$err" "files on disk are not what is in force" "status says so"
p25d_stop KILL
p25d_start
ok $? "started again"
expect "still the files of then" inet open -s 198.51.100.3 198.51.100.1 25
run_ctl reload
expect "until a reload" inet closed -s 198.51.100.3 198.51.100.1 25
run_ctl status
ok $(($(grep -c "not what is in force" <<<"$out$err"))) "status does not mention it"
run_ctl history
all=$(wc -l <<<"$out") newest=$(head -n 2 <<<"$out")
[ "$all" -ge 3 ]
ok $? "several revisions"
run_ctl history -n 2
is "$rc $out" "0 $newest" "history -n 2: the newest two"
run_ctl history --number=1 --json
is "$(jq length <<<"$out")" 1 "history --number=1 --json"
run_ctl history -n 9999999
is "$(wc -l <<<"$out")" "$all" "more than there are: all"
for number in 0 x -1 99999999 ""; do
        run_ctl history -n "$number"
        is "$rc" 4 "history -n '$number' is refused"
done
done_testing
