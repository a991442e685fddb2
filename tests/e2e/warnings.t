#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Warnings of p25ctl and the bus at the time of typing: rules that never match, change nothing, close one
# family only; roles whose server is missing. --strict makes errors of them, and changes nothing.
. "$(dirname "$0")/../lib/e2e.sh"

net_world
p25_host <<'CONF'
CONF
ok $? "p25d starts"

revision()
{
        ctl status --json | jq .revision
}

# NAME REGEX COMMAND...: --strict refuses with the words, and nothing has changed; without it the
# change is made, and the words are a warning, in --json too.
warned()
{
        local name=$1 words=$2 before
        shift 2
        before=$(revision)
        run_ctl --strict "$@"
        is "$rc $(revision)" "4 $before" "$name: --strict refuses"
        like "$err" "^ERROR: (.*[ :/])?$words" "$name: with the words"
        run_ctl --json --dry-run "$@"
        like "$(jq -r '.warnings[]' <<<"$out")" "$words" "$name: --json has them"
        is "$(revision)" "$before" "$name: a dry run changes nothing"
        run_ctl "$@"
        is "$rc" 0 "$name: without --strict it is done"
        like "$err" "^WARNING: (.*[ :/])?$words" "$name: with a warning"
}

# ---- rules ----
run_ctl deny in from 10.0.0.0/8
is "$rc $err" "0 " "a rule that does something: no warning"
warned "covered" 'can never match: rule 1 \(deny from 10.0.0.0/8 to any port 25\) covers it;.* insert 1 allow from 10.1.2.3' \
        allow in from 10.1.2.3
run_ctl --force delete 2
run_ctl insert 1 allow in from 10.1.2.3
is "$rc $err" "0 " "by the command from the hint places it correctly"
expect "and matches" lan filtered -t 300 198.51.100.1 25
run_ctl deny in from 192.0.2.0/28
warned "insert of a rule that stands lower" \
        'the rule exists and stays rule 3; to move it: p25ctl --force delete 3 && p25ctl insert 1 deny from 192.0.2.0/28' \
        insert 1 deny in from 192.0.2.0/28
like "$out" "^Skipping adding existing rule" "and the first line says that nothing was done"
warned "prepend too" 'the rule exists and stays rule 3;' prepend deny in from 192.0.2.0/28
warned "with another action it is updated where it stands" 'the rule exists and stays rule 3;' \
        insert 1 reject in from 192.0.2.0/28
like "$out" "^Rule updated" "as the first line says"
run_ctl insert 3 reject in from 192.0.2.0/28
is "$rc $err" "0 " "at the place that it has: no warning"
warned "below itself" 'p25ctl --force delete 1 && p25ctl insert 2 allow from 10.1.2.3' \
        insert 3 allow in from 10.1.2.3
run_ctl --force delete 1
run_ctl insert 2 allow in from 10.1.2.3
is "$(ctl status --json | jq -r '.rules[1].from[0]')" 10.1.2.3 "by the command from the hint it comes there"
run_ctl --force delete 3
run_ctl default deny outgoing
warned "changes nothing" 'this rule changes nothing: without it the default \(deny\) decides the same' deny out
run_ctl default deny incoming
run_ctl allow in from 192.0.2.0/24
warned "another rule decides" 'this rule changes nothing: without it rule [0-9]+ \(allow from 192.0.2.0/24' \
        insert 3 allow in from 192.0.2.7
run_ctl reset --force
run_ctl enable
warned "one family" 'this closes IPv4 only, and IPv6 stays open: .*deny from ::/0 to any port 25' \
        deny in from 0.0.0.0/0
run_ctl deny in from ::/0
is "$rc $err" "0 " "and the other: no warning"
run_ctl reset --force
run_ctl enable

# the content of a set, as what the rule says
run_ctl set add some 192.0.2.1
run_ctl deny in from @some
is "$rc $err" "0 " "a set of one address: no warning"
closes_v4='set some holds every IPv4 address: rule 1 \(deny from @some to any port 25\) closes IPv4 only, and IPv6 stays open: .*p25ctl deny from ::/0 to any port 25'
run_ctl --strict set add some 0.0.0.0/0
like "$rc $err" "^4 ERROR: $closes_v4" "--strict: a set that would hold a whole family is refused"
is "$(ctl set show some)" 192.0.2.1 "and stays as it was"
echo 0.0.0.0/0 >"$WORK/whole"
run_ctl --strict set load some "$WORK/whole"
like "$rc $err" "^4 ERROR: $closes_v4" "a file that would do that, too"
is "$(ctl set show some)" 192.0.2.1 "and it stays as it was"
warned "a set that closes a family" "$closes_v4" set add some 1.2.3.4/0
run_ctl set add some 192.0.2.2
is "$rc $err" "0 " "a rule that closes it already is not reported again"
run_ctl set add some ::/0
is "$rc $err" "0 " "and the other family: no warning"
run_ctl --strict set load some "$WORK/whole"
like "$rc $err" "^4 ERROR: $closes_v4" "--strict: nor is it opened again by a file"
warned "one of two families is opened again" "$closes_v4" set remove some ::/0
run_ctl reset --force
run_ctl enable
run_ctl reject out to ::/1
is "$rc $err" "0 " "half of a family: no warning"
warned "the sum closes a family" 'this closes IPv6 only, and IPv4 stays open' reject out to 8000::/1
run_ctl reset --force
run_ctl enable
net_in host ip -6 address flush scope global
run_ctl deny in from 0.0.0.0/0
is "$rc $err" "0 " "a host without IPv6 is not warned of it"
run_ctl reset --force
run_ctl enable

# ---- what a new rule hides ----
net_in host "$probe" listen -o "$WORK/mx.log" :: 25 0.0.0.0 25 >"$WORK/mx.pid"
run_ctl role set mx
is "$rc $err" "0 " "a role"
warned "a deny over a role" \
        'this rule hides a rule of role mx \(limit 25/tcp rate 60/minute burst 30 max 20[^)]*\), which can no longer match' deny
run_ctl --force delete 1
run_ctl deny from 192.0.2.0/24
is "$rc $err" "0 " "one that leaves something to it: no warning"
run_ctl deny for 1h
is "$rc $err" "0 " "and one that ends: none either"
run_ctl reset --force
run_ctl enable

# ---- a role that closes, beside one that opens ----
closes='role no-mail closes nothing that other roles open \(mx\), because roles add up; to close every mail port: p25ctl role set no-mail$'
run_ctl role set mx
warned "no-mail beside mx" "$closes" role add no-mail
expect "mx still opens" lan open 198.51.100.1 25
run_ctl status verbose
like "$out" $'\nWarning: role no-mail closes nothing that other roles open \\(mx\\)' "status verbose says it too"
like "$(ctl status --json | jq -r '.warnings[]')" "$closes" "and --json"
run_ctl role set no-mail
is "$rc $err" "0 " "by itself it closes: no warning"
expect "and everything is closed" lan filtered -t 300 198.51.100.1 25
warned "mx beside no-mail" "$closes" role add mx
cp "$CONF" "$WORK/conf"
run_ctl --force reset
sed -i 's/^roles = .*/roles = ( "mx", "no-mail" );/' "$CONF"
warned "in p25.conf" "$closes" reload
cp "$WORK/conf" "$CONF"
run_ctl reload
process_end "$(cat "$WORK/mx.pid")" TERM

# ---- files ----
cat >>"$CONF" <<'CONF'
rules = ( { action = "deny"; direction = "in"; from = "203.0.113.0/24"; },
          { action = "allow"; direction = "in"; from = "203.0.113.7"; } );
CONF
line=$(grep -n 'action = "allow"' "$CONF" | cut -d: -f1)
covered="p25.conf:$line: this rule can never match: the rule at [^ ]*p25.conf:$((line - 1)) "
run_ctl check "$CONF" --root "$ROOT"
is "$rc" 0 "check"
like "$err" "^WARNING: .*$covered" "check reports a covered rule of p25.conf"
run_ctl --strict check "$CONF" --root "$ROOT"
is "$rc" 4 "check --strict"
warned "reload" "$covered" reload
run_ctl reload
is "$rc $err" "0 " "once more: known warnings are not repeated"
echo 'rules = ( { action = "allow"; direction = "in"; from = "203.0.113.9"; } );' >"$WORK/fragment"
warned "fragment" "can never match: the rule at [^ ]*p25.conf:" fragment put tool "$WORK/fragment"
cp "$WORK/fragment" "$ROOT/etc/p25/policy.d/file.conf"
warned "a fragment as a file" "file.conf:1: this rule can never match" reload
cat >"$ROOT/etc/p25/roles.d/own.conf" <<'CONF'
role = { name = "own"; rules = (
  { action = "deny"; direction = "in"; ports = 587; },
  { action = "allow"; direction = "in"; ports = 587; from = "192.0.2.1"; } ); };
CONF
run_ctl check "$ROOT/etc/p25/roles.d/own.conf"
like "$err" "own.conf:3: this rule can never match: a rule of role own" "check reports a role's rule"
run_ctl reload
warned "role" "own.conf:3: this rule can never match: a rule of role own" role set own

# ---- servers ----
warned "mx without a server" "role mx: nothing listens on port 25$" role set mx
run_ctl status
unlike "$out" "listens" "status shows only the table"
run_ctl status verbose
like "$out" $'\nWarning: role mx: nothing listens on port 25\n' "status verbose reports it"
is "$(ctl status --json | jq -c '.warnings')" '["role mx: nothing listens on port 25"]' "and --json"
net_in host "$probe" listen -o "$WORK/lo.log" 127.0.0.1 25 ::1 25 >"$WORK/lo.pid"
run_ctl status verbose
like "$out" "nothing listens on port 25 but for this host itself" "loopback does not count"
process_end "$(cat "$WORK/lo.pid")" TERM
net_in host "$probe" listen -o "$WORK/six.log" :: 25 >"$WORK/six.pid"
run_ctl status verbose
unlike "$out" "listens" "a listener on :: does, for both families"
run_ctl role set
run_ctl --strict role add mx
is "$rc $err" "0 " "and --strict has no objection"
warned "submission without a server" "role submission: nothing listens on port 465 or 587$" \
        role add submission
net_in host "$probe" listen -o "$WORK/sub.log" 0.0.0.0 587 >"$WORK/sub.pid"
run_ctl status verbose
unlike "$out" "listens" "one of its two ports is enough"
process_end "$(cat "$WORK/sub.pid")" TERM
process_end "$(cat "$WORK/six.pid")" TERM

# ---- the bus ----
call()
{
        net_in host busctl --address="$DBUS_SYSTEM_BUS_ADDRESS" call org.port25.Policy1 /org/port25/Policy1 \
                org.port25.Policy1.Manager "$@"
}
out=$(call SetRoles 'asa{sv}' 1 internal-relay 0 2>&1)
like "$out" "role internal-relay requires it" "a role that lacks a var is an error, as before"
run_ctl role set app-server
out=$(call SetRoles 'asa{sv}' 1 mx 1 dry_run b true 2>&1)
like "$out" '"warnings" as 1 "role mx: nothing listens on port 25"' "SetRoles: in the warnings"
out=$(call PutFragment 'ssa{sv}' other "$(cat "$WORK/fragment")" 1 dry_run b true 2>&1)
like "$out" '"warnings" as 1 ".*(a rule of fragment other|this rule can never match)' "PutFragment too"
done_testing
