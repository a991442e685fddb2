#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Assertions of p25.conf, of fragments and of roles: what would break one is refused and says where it
# is written; lockdown never is; one that is broken already is reported, and prevents no change.
. "$(dirname "$0")/../lib/e2e.sh"

net_world
write_conf() # ACTION
{
        cat >"$CONF" <<-CONF
	enabled = true;
	default = { incoming = "deny"; };
	rules = ( { action = "$1"; direction = "in"; from = "198.51.100.0/24"; } );
	assert = ( { packet = "in from 198.51.100.9"; verdict = "allow"; },
	           { packet = "in from 203.0.113.1"; verdict = "deny"; } );
	CONF
}
root_make
write_conf allow
echo 'assert = ( { packet = "out to 8.8.8.8"; verdict = "allow"; } );' >"$ROOT/etc/p25/policy.d/a.conf"
echo 'role = { name = "r"; assert = ( { packet = "routed from 10.0.0.1 to 8.8.8.8"; verdict = "allow"; } ); };' \
        >"$ROOT/etc/p25/roles.d/r.conf"
bus_start
p25d_start
ok $? "p25d starts"

revision()
{
        ctl status --json | jq .revision
}
refused() # PLACE COMMAND...
{
        local place=$1 before
        shift
        before=$(revision)
        run_ctl "$@"
        is "$rc $(revision)" "4 $before" "$*: refused, nothing changed"
        like "$err" "^ERROR: [^ ]*$place: assertion \"[^\"]*\" fails: " "$*: by $place"
}
run_ctl set add s 192.0.2.77
run_ctl role set r
run_ctl deny in from @s
is "$rc" 0 "a change that breaks none"
refused p25.conf:4 insert 1 deny in
refused p25.conf:4 insert 1 deny in from 198.51.100.9
refused p25.conf:4 set add s 198.51.100.9
echo 198.51.100.9 >"$WORK/list"
refused p25.conf:4 set load s "$WORK/list"
refused p25.conf:5 default allow incoming
refused p25.conf:5 allow in
refused a.conf:1 default reject outgoing
refused r.conf:1 default deny routed
refused a.conf:1 role set no-mail
echo 'rules = ( { action = "allow"; direction = "in"; from = "203.0.113.1"; } );' >"$WORK/f"
refused p25.conf:5 fragment put f "$WORK/f"
echo 'assert = ( { packet = "in from 192.0.2.9"; verdict = "allow"; } );' >"$WORK/f"
refused f:1 fragment put f "$WORK/f"
# a former state, and an assertion that came later
run_ctl allow in from 192.0.2.0/24
run_ctl fragment put f "$WORK/f"
is "$rc" 0 "a fragment whose assertion holds"
refused f:1 --force delete 2
run_ctl lockdown on
is "$rc" 0 "lockdown is never refused"
run_ctl lockdown off
is "$rc" 0 "nor is its end"

# p25ctl test
run_ctl test "$CONF"
is "$rc $out" "0 ok: in from 198.51.100.9: allow
ok: in from 203.0.113.1: deny" "test: a line each"
echo 'assert = ( { packet = "in from 203.0.113.1"; verdict = "allow"; } );' >"$WORK/wrong"
run_ctl test "$WORK/wrong"
is "$rc $out" "1 failed: in from 203.0.113.1: deny, not allow" "test: one that fails"
run_ctl test "$WORK/wrong" --json
is "$rc $(jq -c '[.failed, .assertions[0].holds]' <<<"$out")" "1 [1,false]" "test --json"
run_ctl test --root "$ROOT" "$CONF"
is "$rc" 0 "test --root"

# files
write_conf reject
refused p25.conf:4 reload
good_is_kept()
{
        grep -qs 'action = "allow"' "$ROOT"/var/lib/p25/*/*/p25.conf \
                "$ROOT"/var/lib/p25/*/*/*/*/p25.conf "$ROOT"/var/lib/p25/*/*/*/*/*/p25.conf
}
eventually 10 good_is_kept
p25d_stop KILL
p25d_start
ok $? "it starts with files that break an assertion"
run_ctl status
like "$out" "the last good ones are in force" "the last good ones are in force"
like "$out" "p25.conf:4: assertion \"in from 198.51.100.9\" fails" "and the reason is given"
like "$(ctl explain in from 198.51.100.9)" "allow" "allowed as before"
run_ctl allow in 465
is "$rc" 0 "changes go on"
write_conf allow
run_ctl reload
run_ctl status
unlike "$out" "fails" "corrected and reloaded"

# what nobody can refuse: a rule ends
run_ctl fragment drop f
run_ctl --force delete 2
run_ctl allow in from 192.0.2.0/24 for 1h
run_ctl fragment put f "$WORK/f"
is "$rc" 0 "an assertion that a rule upholds for a while"
run_ctl allow in from 192.0.2.0/24 for 2s
is "$rc ${out%%$'\n'*}" "0 Rule updated" "the rule's time is shortened"
reported()
{
        ctl status | grep -q 'f:1: assertion "in from 192.0.2.9" fails'
}
eventually 10 reported
ok $? "when the rule has expired, status reports it"
run_ctl deny in 587
is "$rc" 0 "and other changes are not refused for it"
refused p25.conf:4 insert 1 deny in
done_testing
