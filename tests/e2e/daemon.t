#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# p25d as a service: killed, started again, flushed, doubled, reloaded, without bus, without files.
. "$(dirname "$0")/../lib/e2e.sh"

net_world
listen host 25 465 587 2525
listen inet 25 587

p25_host <<'CONF'
rules = ( { action = "deny"; direction = "in"; from = [ "203.0.113.7" ]; comment = "denied"; },
          { action = "allow"; direction = "in"; from = [ "198.51.100.2" ]; comment = "allowed"; } );
default = { outgoing = "reject"; };
CONF
ok $? "p25d starts and is on the bus"
run_ctl status
like "$out" "^Status: active" "status says active"

in_force() # NAME: the policy above
{
        expect "$1: denied incoming" inet filtered -t 300 -s 203.0.113.7 198.51.100.1 25
        expect "$1: allowed incoming" inet open 198.51.100.1 25
        expect "$1: outgoing" host "closed closed" 198.51.100.2 25 2001:db8:1::2 25
        expect "$1: other ports" host open 198.51.100.2 587
}
in_force "at first"
run_ctl allow in from 192.0.2.77 comment stored
is "$rc" 0 "a rule is stored"

# killed
counted=$(counter '.comment == "denied"')
[ "$counted" -gt 0 ]
ok $? "a counter counts"
loop() # NAME ARGUMENT...
{
        local name=$1
        shift
        net_in inet "$probe" loop -o "$WORK/loop-$name" "$@"
}
denied=$(loop denied -t 20 -s 203.0.113.7 198.51.100.1 25)
allowed=$(loop allowed -t 900 198.51.100.1 25)
p25d_stop KILL
in_force "killed"
p25d_start
ok $? "it starts again"
in_force "started again"
p25d_stop TERM
in_force "stopped"
like "$(grep stops "$WORK/p25d.log")" "p25d stops; the policy stays in force \('p25ctl disable' removes it\)" \
        "and p25d says so"
p25d_start
ok $? "it starts again"
process_end "$denied" TERM
process_end "$allowed" TERM
like "$(cat "$WORK/loop-denied")" "^open=0 closed=0 filtered=[1-9]" "never a gap for the denied"
like "$(cat "$WORK/loop-allowed")" "^open=[1-9][0-9]+ closed=0 filtered=0" \
        "never a hitch for the allowed"
diag "$(cat "$WORK"/loop-*)"
between "$(counter '.comment == "denied"')" $((counted + 1)) 1000000 "the counter was kept"
run_ctl show added
like "$out" "192.0.2.77" "the stored rule is there"

# somebody else's hands
net_in host nft flush ruleset
in_force "nft flush ruleset"
net_in host nft delete table inet p25 2>"$WORK/err"
in_force "nft delete table inet p25"
net_in host nft flush table inet p25 2>"$WORK/err"
in_force "nft flush table inet p25"

# a second one
run net_in host timeout 120 "$P25D" --root "$WORK/second" --policies "$POLICIES"
[ "$rc" != 0 ] && [ "$rc" != 124 ]
ok $? "a second p25d on the same kernel refuses to start (exit $rc)"
[ -n "$err" ]
ok $? "and says why: ${err##*$'\n'}"
run net_in host timeout 120 "$P25D" --root "$ROOT" --policies "$POLICIES"
[ "$rc" != 0 ] && [ "$rc" != 124 ]
ok $? "and one on the same files (exit $rc)"
in_force "a second p25d"
run_ctl status
is "$rc" 0 "the first one still answers"

# SIGHUP and reload
sed -i 's/outgoing = "reject"/outgoing = "deny"/' "$CONF"
signal HUP "$p25d"
now_denied()
{
        [ "$(connect host -t 200 198.51.100.2 25)" = filtered ]
}
eventually 3 now_denied
ok $? "SIGHUP reads p25.conf again"
cp "$CONF" "$WORK/good.conf"
echo 'defualt = { incoming = "deny"; };' >>"$CONF"
line=$(grep -n defualt "$CONF" | cut -d: -f1)
run_ctl reload
is "$rc" 4 "a broken p25.conf is refused"
like "$err" "ERROR: .*p25.conf:$line: .*defualt" "with file, line and setting"
signal HUP "$p25d"
run_ctl status
is "$rc" 0 "status still answers"
expect "the old policy stays" host filtered -t 300 198.51.100.2 25

# boots into the last good policy
p25d_stop TERM
p25d_start
ok $? "with a broken p25.conf it starts"
read -rt 0.4 <> <(:) # what is being opened and denied is cut now, which is no silence
expect "with the last good policy: outgoing" host filtered -t 300 198.51.100.2 25
expect "with the last good policy: denied" inet filtered -t 300 -s 203.0.113.7 198.51.100.1 25
expect "with the last good policy: allowed" inet open 198.51.100.1 25
run_ctl status
is "$rc" 0 "status exits 0"
like "$out$err" "[Ll]ast good|p25.conf" "with a warning"
diag "$out$err"
like "$(tail -n 5 "$WORK/p25d.log")" "p25.conf" "the log reports it"
cp "$WORK/good.conf" "$CONF"
run_ctl reload
is "$rc" 0 "mended, it reloads"
run_ctl status
unlike "$out$err" "[Ll]ast good" "and the warning is gone"

# the bus goes and comes
bus_stop
ok $? "the bus goes away"
in_force_no_bus()
{
        expect "$1" inet filtered -t 300 -s 203.0.113.7 198.51.100.1 25
}
in_force_no_bus "without a bus the policy stays"
process_gone "$p25d"
is $? 1 "p25d lives on"
run_ctl status
is "$rc" 8 "p25ctl exits 8"
like "$err" "^ERROR: " "and says so"
bus_start
eventually 10 on_bus
ok $? "p25d is back on the new bus within 10 s"
run_ctl status
is "$rc" 0 "p25ctl works again"
p25d_stop TERM
bus_stop
p25d_begin
ok $? "p25d is ready without a bus"
in_force_no_bus "and its policy in force"
bus_start
eventually 10 on_bus
ok $? "a bus that comes later is joined within 10 s"

# disable, enable
run_ctl disable
is "$rc" 0 "disable"
is "$(net_in host nft list tables | grep -c p25)" 0 "leaves nothing in the kernel"
run_ctl status
is "$out" "Status: inactive" "status says inactive"
expect "all is open" inet open -s 203.0.113.7 198.51.100.1 25
p25d_stop TERM
p25d_start
run_ctl status
is "$out" "Status: inactive" "and stays so after a restart"
run_ctl enable
is "$rc" 0 "enable"
expect "the policy is back" inet filtered -t 300 -s 203.0.113.7 198.51.100.1 25
p25d_stop TERM

# from nothing
fresh() # empties files and kernel
{
        rm -rf "$ROOT"
        net_in host nft delete table inet p25 2>"$WORK/err"
        for tables in iptables-legacy ip6tables-legacy; do
                net_in host $tables-save | grep -v P25 | net_in host $tables-restore
        done 2>>"$WORK/err"
        root_make
}
fresh
p25d_start
ok $? "without p25.conf it starts"
run_ctl status
is "$out" "Status: inactive" "inactive"
is "$(net_in host nft list tables | grep -c p25)" 0 "and touches nothing"
run_ctl deny in
is "$rc ${out%%$'\n'*}" "0 Rules updated" "rules can be added"
expect "and change nothing yet" inet open 198.51.100.1 25
run_ctl enable
expect "until it is enabled" inet filtered -t 300 198.51.100.1 25
p25d_stop KILL

fail_safe() # NAME: only no-mail is left
{
        p25d_start
        ok $? "$1: it starts"
        expect "$1: nothing comes in" inet "filtered filtered filtered" -t 300 \
                198.51.100.1 25 2001:db8:1::1 587 198.51.100.1 465
        expect "$1: nothing goes out" host "closed closed closed" \
                198.51.100.2 25 2001:db8:1::2 25 198.51.100.2 587
        expect "$1: loopback is free" host "open open" 127.0.0.1 25 ::1 25
        run_ctl status
        is "$rc" 0 "$1: status exits 0"
        like "$out$err" "no-mail" "$1: and warns"
        p25d_stop TERM
}
fresh
echo 'enabled = ' >"$CONF"
fail_safe "broken p25.conf, no last good"
fresh
mkdir "$CONF"
fail_safe "a folder for p25.conf"
rmdir "$CONF"
fresh
ln -s p25.conf "$CONF"
fail_safe "a link to itself for p25.conf"
fresh
mkfifo "$CONF"
fail_safe "a FIFO for p25.conf"

# a damaged state
fresh
echo 'enabled = true;' >"$CONF"
p25d_start
run_ctl allow in from 198.51.100.3
run_ctl deny in
is "$rc" 0 "a rule is stored"
p25d_stop TERM
echo '}{' >"$ROOT/var/lib/p25/state.conf"
p25d_start
ok $? "with a damaged state it starts"
expect "with the last good one: what the last change denied" inet filtered -t 300 198.51.100.1 25
expect "with the last good one: what it allowed" inet open -s 198.51.100.3 198.51.100.1 25
run_ctl status
is "$rc" 0 "status answers"
[ "$(grep -c . <<<"$out$err")" -gt 1 ] && grep -qiE 'state|last good' <<<"$out$err"
ok $? "and warns"
diag "$out$err"
p25d_stop TERM

# without the capability
fresh
echo 'enabled = true;' >"$CONF"
run net_in host timeout 120 setpriv --bounding-set -net_admin --inh-caps -net_admin \
        "$P25D" --root "$ROOT" --policies "$POLICIES"
[[ $rc == 5 || $rc == 6 ]]
ok $? "without CAP_NET_ADMIN it exits 5 or 6 ($rc)"
like "$err" "[Pp]ermi|CAP_NET_ADMIN|privilege" "with a clear error"
done_testing
