#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# p25ctl as its user meets it: words, messages, rows, JSON, exit statuses.
. "$(dirname "$0")/../lib/e2e.sh"

net_world
listen host 25 587
listen inet 25

first()
{
        echo "${1%%$'\n'*}"
}

# WANTED-STATUS WANTED-FIRST-LINE ARGUMENT...
says()
{
        local status=$1 line=$2
        shift 2
        run_ctl "$@"
        is "$rc $(first "$out")" "$status $line" "p25ctl $*"
        [ "$rc" = "$status" ] || diag "$err"
}

# WANTED-STATUS REGEX ARGUMENT...: one line on stderr, nothing on stdout
refuses()
{
        local status=$1 regex=$2
        shift 2
        run_ctl "$@"
        is "$rc" "$status" "p25ctl $* exits $status"
        like "$(first "$err")" "^ERROR: .*$regex" "p25ctl $* says why"
        is "$out" "" "p25ctl $* prints nothing on stdout"
}

# without a daemon, without a bus
export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$WORK/nobus
refuses 8 "" status
refuses 8 "" deny in
says 0 "p25ctl 0.1.0" version
run_ctl help
is "$rc $err" "0 " "help goes to stdout"
for word in enable disable reload reset default logging status show allow deny reject limit delete \
        insert prepend route role set fragment check compile test explain version help; do
        like "$out" "(^|[^a-z])$word([^a-z]|$)" "help knows $word"
done
run_ctl frobnicate
is "$rc $out" "4 " "an unknown command exits 4"
like "$err" "^ERROR: " "and says so"
run_ctl
is "$rc $out" "4 " "no command exits 4, usage on stderr"
like "$err" "p25ctl" "with the usage"

root_make
bus_start
p25d_start
ok $? "p25d starts"
says 0 "Status: inactive" status
is "$out" "Status: inactive" "inactive is exactly that"
says 0 "Status: inactive" show raw
says 0 "Rules updated" allow in from 192.0.2.1
says 0 "Rules updated" delete allow in from 192.0.2.1
run_ctl enable
is "$rc" 0 "enable"
# so that it stays enabled when reset drops what p25ctl stored
echo 'enabled = true;' >"$CONF"
run_ctl reload
is "$rc" 0 "reload"

# messages
says 0 "Rule added" deny
like "$out" $'\n.*(25/tcp|smtp).*incoming.*IPv4.*IPv6.*(outgoing|not touched)' \
        "the sentence names port, direction, families and the rest"
says 0 "Skipping adding existing rule" deny
says 0 "Skipping adding existing rule" DENY IN
says 0 "Rule updated" deny comment "port 25 is closed"
says 0 "Rule updated" allow
says 0 "Rule inserted" insert 1 deny in from 192.0.2.1
says 0 "Rule inserted" prepend reject in from 192.0.2.2
says 0 "Rule added" limit in from 198.51.100.0/24 rate 30/minute burst 5 max 3
says 0 "Rule added" deny both from 192.0.2.3
says 0 "Rule added" allow out to 203.0.113.7 port 25 user www-data
says 0 "Rule added" route allow from 10.0.0.0/8
says 0 "Rule added" allow out submission
says 0 "Rule added" allow 587/tcp
says 0 "Rule added" allow proto tcp from any to any port 465
says 0 "Rule deleted" delete allow 587/tcp
says 0 "Could not delete non-existent rule" delete allow 587/tcp
refuses 4 "" delete 99
refuses 4 "" delete 1
says 0 "Rule deleted" --force delete 1
says 0 "Rule deleted" delete 1 --force
refuses 4 "" reset

# rows: ufw's, "%-26s %-12s%-26s"
run_ctl reset --force
is "$rc" 0 "reset --force"
run_ctl status
is "$out" "Status: active" "an empty table is not printed"
run_ctl deny
run_ctl allow in from 10.0.0.0/8 comment "inner network"
run_ctl allow out to 203.0.113.7 user www-data
run_ctl status
is "$out" "Status: active

$(printf '%-26s %-12s%s' To Action From)
$(printf '%-26s %-12s%s' -- ------ ----)
$(printf '%-26s %-12s%-26s' 25/tcp 'DENY IN' Anywhere)
$(printf '%-26s %-12s%-26s %s' 25/tcp 'ALLOW IN' 10.0.0.0/8 '# inner network')
$(printf '%-26s %-12s%-26s' '203.0.113.7 25/tcp' 'ALLOW OUT' 'user www-data')" "status, to the letter"
run_ctl status numbered
like "$out" $'\n\\[ 1\\] 25/tcp +DENY IN +Anywhere' "status numbered"
like "$out" $'\n\\[ 3\\] 203.0.113.7 25/tcp' "counts"
run_ctl role set mx app-server
is "$rc" 0 "role set"
run_ctl status verbose
like "$out" $'^Status: active\nBackend: '"$backend"$'   Roles: mx, app-server   Revision: [0-9]+\nLogging: ' \
        "status verbose: head"
like "$out" $'\nDefault: deny \\(incoming\\), reject \\(outgoing\\), reject \\(routed\\)\n' \
        "status verbose: defaults"
like "$out" $'\n25/tcp +LIMIT IN +Anywhere +\\(60/minute, burst 30, 20 open\\) # role mx' "status verbose: a role's row"
like "$out" 'ALLOW OUT +user postfix' "status verbose: an MTA's row"

# JSON
run_ctl --json status
jq -e '.active == true and .backend == "'"$backend"'" and .roles == ["mx", "app-server"]
        and .default == { incoming: "deny", outgoing: "reject", routed: "reject" }
        and .lockdown == false and .pending == null and (.revision | type) == "number"
        and (.logging | type) == "string" and (.warnings | type) == "array"' <<<"$out" >/dev/null
ok $? "status --json: the host"
jq -e '.rules | length > 3 and all(has("id") and has("position") and has("source")
        and has("action") and has("direction") and has("ports") and has("from") and has("to")
        and has("user") and has("comment") and has("packets") and has("bytes")
        and has("expires"))' <<<"$out" >/dev/null
ok $? "status --json: the rules"
jq -e '.rules[0] | .position == 1 and .action == "deny" and .direction == "in" and .ports == [25]
        and .from == [] and .to == [] and .user == [] and .source == "p25ctl"
        and .expires == null' <<<"$out" >/dev/null
ok $? "status --json: a rule"
jq -e '[.rules[] | select(.source == "role:mx")] | length > 0 and all(.position == 0)' \
        <<<"$out" >/dev/null
ok $? "status --json: a role's rules have no number"
for words in "role list" "set list" "fragment list" "show added" "version" "explain in"; do
        # shellcheck disable=SC2086 # words
        run_ctl --json $words
        jq -e . <<<"$out" >/dev/null 2>&1
        is "$rc $?" "0 0" "--json $words prints a document"
done

# texts
run_ctl show raw
net_add raw
if [ "$backend" = nftables ]; then
        is "$rc $(first "$out")" "0 #!/usr/sbin/nft -f" "show raw is what is in force"
        net_in raw nft -f - <<<"$out"
        is $? 0 "nft loads it"
        run_ctl --json show raw
        is "$(jq -r '.format, (.text | startswith("#!"))' <<<"$out" | tr '\n' ' ')" "nft true " \
                "show raw --json"
else
        is "$rc $(first "$out")" "0 # iptables-restore" "show raw is what is in force"
        iptables_load raw <<<"$out"
        is $? 0 "iptables-restore loads it"
        run_ctl --json show raw
        is "$(jq -r '.format, (.text | startswith("# ip"))' <<<"$out" | tr '\n' ' ')" \
                "iptables true " "show raw --json"
fi
run_ctl role show mx
like "$rc $out" $'^0 role = \\{\n.*name = "mx";' "role show: as p25d has it"
refuses 4 "nosuchrole" role show nosuchrole
refuses 4 "nosuchfragment" fragment drop nosuchfragment
run_ctl help deny
like "$out" "p25ctl deny \\[in\\|out\\|both\\] .*\\[user U\\] .*comment TEXT" "help deny lists all words"

# refusals
run_ctl deny 22
is "$err" "ERROR: 22 is not a mail port (25, 465, 587, 2525)" "the port's refusal, to the letter"
refuses 4 "" allow in from mail.example.org
refuses 4 "" allow in from ::ffff:192.0.2.1
refuses 4 "" allow in from fe80::1%eth0
refuses 4 "" allow in from 10.0.0.0/33
refuses 4 "" allow in from fd00::/129
refuses 4 "" allow in from @nosuchset
refuses 4 "" default maybe
refuses 4 "" default deny sideways
refuses 4 "" default drop
like "$err" "'drop' is not a valid default: did you mean \"deny\"" "another firewall's word"
refuses 4 "" default ACCEPT outgoing
like "$err" "did you mean \"allow\"" "in any case of letters"
refuses 4 "" default limit
like "$err" "'limit' is not a valid default: allow, deny or reject" "limit is not a valid default"
refuses 4 "" default deny output
like "$err" "did you mean \"outgoing\"" "another firewall's direction"
refuses 4 "" insert 1 block 25
like "$err" "did you mean \"deny\"" "also in a rule"
says 0 "Default outgoing policy changed to 'deny'" default deny out
says 0 "Default outgoing policy changed to 'reject'" default reject Outgoing
refuses 4 "" logging loud
refuses 4 "nosuchrole" role set nosuchrole
refuses 4 "" set show nosuchset
refuses 4 "" fragment show nosuchfragment
refuses 4 "from 1s to 366d" deny in for 367d
run_ctl allow in from 10.1.2.3/8
is "$rc" 0 "host bits are not an error"
like "$err" "[Ww][Aa][Rr][Nn].*10\.0\.0\.0/8" "but a warning"
run_ctl --strict allow in from 10.1.2.3/9
is "$rc" 4 "and an error under --strict"

run_ctl set add bits 10.1.2.3/8
is "$rc $err" "0 WARNING: 10.1.2.3/8 has host bits; using 10.0.0.0/8" "set add warns too"
printf '192.0.2.1\n10.9.0.0/8\n' >"$WORK/bits.txt"
run_ctl set load bits "$WORK/bits.txt"
like "$rc $err" "^0 WARNING: .*/bits.txt:2: .*10\.0\.0\.0" "set load warns with file and line"
run_ctl --strict set load bits "$WORK/bits.txt"
like "$rc $err" "^4 ERROR: .*/bits.txt:2: " "and refuses under --strict"
echo 'rules = ( { action = "deny"; direction = "in"; from = "10.9.0.0/8"; } );' >"$WORK/bits.conf"
run_ctl fragment put bits "$WORK/bits.conf"
like "$rc $err" "^0 WARNING: .*/bits.conf:1: .*10\.0\.0\.0/8" "fragment put warns"
sed -i 's/10\.9\./10.10./' "$WORK/bits.conf"
run_ctl --strict fragment put bits "$WORK/bits.conf"
like "$rc $err" "^4 ERROR: .*/bits.conf:1: .*10\.0\.0\.0/8" "and refuses under --strict"
run_ctl --strict --dry-run fragment put bits "$WORK/bits.conf"
like "$rc $err" "^4 ERROR: .*/bits.conf:1: .*10\.0\.0\.0/8" "dry too"
run_ctl fragment drop bits
printf '192.0.2.1\nbad\n' >"$WORK/bad.txt"
run_ctl set load bits "$WORK/bad.txt"
like "$rc $err" "^4 ERROR: .*/bad.txt:2: " "set load names file and line"
echo 'rulez = ();' >"$WORK/bad.conf"
run_ctl fragment put bits "$WORK/bad.conf"
like "$rc $err" "^4 ERROR: .*/bad.conf:1: rulez: " "fragment put names file, line and setting"
run_ctl set drop bits

# another host, over ssh
mkdir "$WORK/ssh"
cat >"$WORK/ssh/ssh" <<'SSH'
#!/bin/sh
[ "$*" = "${*#*nowhere}" ] || exit 255
exec systemd-stdio-bridge -p "$DBUS_SYSTEM_BUS_ADDRESS"
SSH
chmod 755 "$WORK/ssh/ssh"
run env PATH="$WORK/ssh:$PATH" "$P25CTL" -H root@nowhere.example status
is "$rc $out" "8 " "-H: a host that is not reachable"
like "$err" "^ERROR: p25d is not reachable" "and that is said"
run env PATH="$WORK/ssh:$PATH" "$P25CTL" -H root@somewhere.example status
like "$rc $out" "^0 Status: active" "-H: a host that is"
run env PATH="$WORK/ssh:$PATH" "$P25CTL" -H root@somewhere.example set load far "$WORK/bits.txt"
is "$rc $out" "0 Set far loaded (2 entries)" "-H: a set crosses the net"
run env PATH="$WORK/ssh:$PATH" "$P25CTL" -H root@somewhere.example set show far
is "$rc $out" "0 10.0.0.0/8
192.0.2.1" "-H: and back"
run_ctl set drop far

# dry run
revision()
{
        ctl status --json | jq .revision
}
before=$(revision)
run_ctl deny both 2525
run_ctl --json status
is "$(jq .revision <<<"$out")" $((before + 1)) "both is one change"
run_ctl --expect $((before + 1)) delete deny both 2525
is "$rc $(first "$out")" "0 Rule deleted" "and gone in one"
run_ctl allow in 2525
run_ctl allow both 2525 comment half
is "$rc $(first "$out")" "0 Rule added" "one updated, one added"
run_ctl allow both 2525
is "$rc $(first "$out")" "0 Rule updated" "both updated"
run_ctl delete allow both 2525
before=$(revision)
run_ctl --dry-run deny in from 192.0.2.50
is "$rc" 0 "--dry-run"
like "$out" "192.0.2.50" "says what it would do"
run_ctl --dry-run --detailed-exitcode deny in from 192.0.2.50
is "$rc" 2 "--detailed-exitcode: it would change"
run_ctl --dry-run --detailed-exitcode deny
is "$rc" 0 "--detailed-exitcode: it would not"
is "$(revision)" "$before" "nothing was changed"
run_ctl --detailed-exitcode deny in from 192.0.2.51
is "$rc" 2 "--detailed-exitcode: it did change"
run_ctl --expect "$before" deny in from 192.0.2.52
is "$rc" 7 "a stale revision"
run_ctl --expect "$(revision)" --reason "because" deny in from 192.0.2.52
is "$rc" 0 "the revision expected"
run_ctl -q reject in 2525/tcp
is "$rc$out$err" 0 "--quiet is quiet"

# who may
if [ -n "$many_uids" ]; then
        run net_in host setpriv --reuid 33 --regid 33 --clear-groups "$P25CTL" status
        is "$rc" 0 "an ordinary user may read"
        like "$out" "^Status: active" "and reads"
        for words in "deny in" "enable" "disable" "reload" "role set mx" "default allow" \
                "logging off" "delete deny" "reset --force" "set add x 192.0.2.1"; do
                # shellcheck disable=SC2086 # words
                run net_in host setpriv --reuid 33 --regid 33 --clear-groups "$P25CTL" $words
                is "$rc" 5 "an ordinary user may not: $words"
        done
else
        skip "ordinary users" "one uid only"
fi

# explain says what happens
run_ctl reset --force
run_ctl role set mx app-server
run_ctl deny in from 203.0.113.7 comment "blocked one"
explain() # WANTED-VERDICT ARGUMENT...
{
        local wanted=$1
        shift
        is "$(ctl --json explain "$@" | jq -r .verdict)" "$wanted" "explain $*"
}
explain deny in from 203.0.113.7
explain deny IN From 203.0.113.7 PORT SMTP
explain limit in from 198.51.100.3
explain reject out to 8.8.8.8 user www-data
explain allow out to 8.8.8.8 user postfix
explain reject routed from 10.0.0.2 to 8.8.8.8
explain allow in from 203.0.113.7 port 587
run_ctl --json explain in from 203.0.113.7
is "$(jq -r '.rule.comment, .effective' <<<"$out" | tr '\n' ' ')" "blocked one deny " \
        "explain names the rule"
run_ctl explain out to 8.8.8.8 user www-data
like "$out" "reject" "explain in words"
is "$(ctl --json explain out to 8.8.8.8 user www-data | jq .rule)" null "a default is not a rule"

# offline, without root
cat >"$WORK/host.conf" <<'CONF'
roles = ( "mx" );
assert = ( { packet = "in from 198.51.100.9"; verdict = "allow"; } );
CONF
cp "$WORK/host.conf" "$CONF"
offline()
{
        run env DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nonexistent \
                "$P25CTL" --root "$ROOT" --policies "$POLICIES" "$@"
}
offline --json explain in from 203.0.113.7
is "$rc $(jq -r .verdict <<<"$out")" "0 deny" "explain --root sees what is stored"
rm -rf "$WORK/offline"
mkdir -p "$WORK/offline/etc/p25"
cp "$WORK/host.conf" "$WORK/offline/etc/p25/p25.conf"
ROOT=$WORK/offline offline --json explain in from 198.51.100.9
is "$rc $(jq -r .verdict <<<"$out")" "0 limit" "explain --root without a stored state"
ROOT=$WORK/offline offline test "$WORK/host.conf"
is "$rc" 0 "test: assertions hold"
sed 's/"allow"/"reject"/' "$WORK/host.conf" >"$WORK/wrong.conf"
ROOT=$WORK/offline offline test "$WORK/wrong.conf"
is "$rc" 1 "test: one fails"
ROOT=$WORK/offline offline check "$WORK/host.conf" "$POLICIES"/*.conf
is "$rc" 0 "check: host file and roles"
echo 'rules = ( { action = "alow"; } );' >"$WORK/bad.conf"
ROOT=$WORK/offline offline check "$WORK/bad.conf"
is "$rc" 4 "check: a bad one"
like "$err$out" "bad.conf:1: .*action" "with place and setting"

# compile to a script for nft that enforces the same
ROOT=$WORK/offline offline compile "$WORK/host.conf" --format nft
is "$rc" 0 "compile --format nft"
cp "$WORK/out" "$WORK/policy.nft"
net_add other
net_in other nft -c -f "$WORK/policy.nft"
ok $? "nft takes it"
p25d_stop TERM
kernel_clear
net_in host nft -f "$WORK/policy.nft"
ok $? "nft loads it"
expect "and it enforces the same: incoming" inet open 198.51.100.1 25
expect "and it enforces the same: routed" lan "closed closed" 8.8.8.8 25 2001:db8:2::2 25

# and for iptables-restore
ROOT=$WORK/offline offline compile "$WORK/host.conf" --format iptables
is "$rc" 0 "compile --format iptables"
kernel_clear
expect "nothing is enforced" lan "open open" 8.8.8.8 25 2001:db8:2::2 25
iptables_load host <"$WORK/out"
ok $? "iptables-restore and ip6tables-restore load it"
expect "and it enforces the same: incoming" inet open 198.51.100.1 25
expect "and it enforces the same: routed" lan "closed closed" 8.8.8.8 25 2001:db8:2::2 25

ROOT=$WORK/offline offline compile "$WORK/host.conf" --format ir
is "$rc" 0 "compile --format ir"
like "$out" "mx" "names the role"
ROOT=$WORK/offline offline compile "$WORK/host.conf" --format json
jq -e . <<<"$out" >/dev/null
is "$rc $?" "0 0" "compile --format json"
done_testing
