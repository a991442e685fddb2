#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A change and traffic: it cuts what it denies, leaves the rest, keeps counters, never gapes.
. "$(dirname "$0")/../lib/e2e.sh"

net_world
listen host 25 587
listen inet 25
listen lan 25
listen box 2525

p25_host </dev/null
ok $? "p25d starts"

hold() # NAME NAMESPACE [WHO] ADDRESS PORT
{
        local name=$1 from=$2
        shift 2
        net_in "$from" "$probe" hold -o "$WORK/hold-$name" "$@" >"$WORK/hold-$name.pid"
        ok $? "$name: a connection stands"
}

# NAME...: all are cut within a second
cut()
{
        local name deadline=$((${EPOCHREALTIME/./} + 1000000)) looks=0
        for name; do
                # a machine that stands still gets as many looks as fit into a second
                while ! grep -q cut "$WORK/hold-$name" &&
                        { [ "${EPOCHREALTIME/./}" -lt $deadline ] || [ $looks -lt 50 ]; }; do
                        looks=$((looks + 1))
                        read -rt 0.02 <> <(:)
                done
                grep -q cut "$WORK/hold-$name"
                ok $? "$name: is cut within a second"
        done
}

# Ends those that still stand.
let_go()
{
        local pid
        for pid in $(cat "$WORK"/hold-*.pid); do
                process_gone "$pid" || process_end "$pid" TERM || return
        done
}

alive() # NAME...
{
        local name
        for name; do
                [ ! -s "$WORK/hold-$name" ] && ! process_gone "$(cat "$WORK/hold-$name.pid")"
                ok $? "$name: goes on"
        done
}

hold in4 inet 198.51.100.1 25
hold in6 inet -s 2001:db8:1::2 2001:db8:1::1 25
hold in4-other inet -s 198.51.100.3 198.51.100.1 25
hold in6-other inet -s 2001:db8:7::7 2001:db8:1::1 25
hold in4-inside lan 10.0.0.1 25
hold in4-587 inet 198.51.100.1 587
hold loopback host 127.0.0.1 25
run_ctl deny in from 198.51.100.2
is "$rc" 0 "deny in from one address"
run_ctl reject in from 2001:db8:1::2
is "$rc" 0 "reject in from another"
cut in4 in6
alive in4-other in6-other in4-inside in4-587 loopback

run_ctl reset --force
if [ -n "$many_uids" ]; then
        hold out4-web host -u 33 198.51.100.2 25
        hold out6-web host -u 33 2001:db8:1::2 25
        hold out4-games host -u 5 198.51.100.2 25
        run_ctl reject out user www-data
        is "$rc" 0 "reject out user www-data"
        cut out4-web out6-web
        alive out4-games
else
        hold out4 host 198.51.100.2 25
        run_ctl reject out
        cut out4
fi
run_ctl reset --force
hold routed4 lan 198.51.100.2 25
hold routed6 lan 2001:db8:1::2 25
hold routed4-elsewhere lan 8.8.8.8 25
hold routed4-container box 8.8.8.8 25
run_ctl route reject from 10.0.0.2 to 198.51.100.2
is "$rc" 0 "route reject, IPv4"
run_ctl route deny from fd00::2
is "$rc" 0 "route deny, IPv6"
cut routed4 routed6
alive routed4-elsewhere routed4-container

run_ctl reset --force
net_publish 25 2525
hold published4 inet 198.51.100.1 25
hold published6 inet -s 2001:db8:7::7 2001:db8:1::1 25
hold published4-other inet -s 198.51.100.3 198.51.100.1 25
run_ctl deny in from 198.51.100.2
run_ctl deny in from 2001:db8:7::/64
cut published4 published6
alive published4-other in4-other

run_ctl reset --force
echo 'keep_established = true;' >>"$CONF"
run_ctl reload
is "$rc" 0 "keep_established"
hold kept host 198.51.100.2 25
run_ctl reject out
expect "new ones are refused" host closed 198.51.100.2 25
read -rt 1.2 <> <(:)
alive kept
sed -i /keep_established/d "$CONF"

# counters
net_in host nft flush chain inet engine pre
run_ctl reset --force
run_ctl reload
run_ctl deny in from 203.0.113.7 comment counted
for i in 1 2 3; do connect inet -t 50 -s 203.0.113.7 198.51.100.1 25 >"$WORK/out"; done
is "$(counter '.comment == "counted"')" 3 "three packets are counted"
run_ctl allow in from 192.0.2.9
run_ctl insert 1 allow in from 192.0.2.10
run_ctl default reject routed
is "$(counter '.comment == "counted"')" 3 "changes keep the counter"
connect inet -t 50 -s 203.0.113.7 198.51.100.1 25 >"$WORK/out"
is "$(counter '.comment == "counted"')" 4 "the counter goes on"
for i in 1 2 3; do connect host -t 50 127.0.0.1 25 >"$WORK/out"; done
run_ctl deny in from 127.0.0.0/8 comment loop
connect host -t 50 127.0.0.1 25 >"$WORK/out"
is "$(counter '.comment == "loop"')" 0 "loopback is never counted"

# a change that fails, and one that changes nothing
revision()
{
        ctl status --json | jq .revision
}
kernel()
{
        if [ "$backend" = nftables ]; then
                net_in host nft -a list table inet p25
        else
                net_in host iptables-legacy-save && net_in host ip6tables-legacy-save
        fi 2>/dev/null | sed -e '/^#/d' -e 's/packets [0-9]* bytes [0-9]*//' -e 's/\[.*\]$//'
}
before=$(revision) kernel_before=$(kernel) files_before=$(stored_files)
run_ctl allow in from @nosuchset
is "$rc" 4 "a rule of an unknown set is refused"
run_ctl deny in from 203.0.113.7 comment counted
is "$rc ${out%%$'\n'*}" "0 Skipping adding existing rule" "a rule that is there already"
run_ctl default reject routed
is "$rc" 0 "a default that is set already"
is "$(revision)" "$before" "the revision is the same"
[ -n "$kernel_before" ] && [ "$(kernel)" = "$kernel_before" ]
ok $? "the kernel holds the same"
[ -n "$files_before" ]
ok $? "some files are stored"
is "$(stored_files)" "$files_before" "no file was touched"

# the packet path: one rule a base chain; what speaks on port 25 meets more
let_go
ok $? "the connections that were left end"
run_ctl role set mx app-server
if [ "$backend" = nftables ]; then
        is "$(net_in host nft list table inet p25 | awk '
                /hook/ { base = 1; rules = 0; chains++; next }
                base && /}/ { if (rules != 1) bad++; base = 0 }
                base && NF { rules++ }
                END { print chains + 0, bad + 0 }')" "4 0" "unmanaged traffic meets one rule a hook"
else
        is "$(kernel | grep -c '^-A [IOF][A-Z]* ')" "6" "one rule a built-in chain and family"
        # the last packets of connections that ended just now may still come
        past_all()
        {
                net_in host iptables-legacy -Z && net_in host ip6tables-legacy -Z
                [ "$(connect inet 198.51.100.1 80 2001:db8:1::1 80)" = "closed closed" ] &&
                        [ "$(connect lan 8.8.8.8 80 2001:db8:2::2 80)" = "closed closed" ] &&
                        [ "$({ net_in host iptables-legacy-save -c
                        net_in host ip6tables-legacy-save -c; } 2>/dev/null |
                        grep P25 | grep -v '^\[0:0\]\|^:' |
                        grep -vcE -- '-j P25-(IN|OUT|FWD)$|multiport ! --dports .* -j RETURN$')" = 0 ]
        }
        eventually 5 past_all
        ok $? "traffic to other ports leaves at the first entry"
fi
# many changes under traffic
run_ctl role set
run_ctl reset --force
run_ctl deny in from 203.0.113.7
run_ctl allow in from 198.51.100.3
loop() # NAME NAMESPACE ARGUMENT...
{
        local name=$1 from=$2
        shift 2
        net_in "$from" "$probe" loop -o "$WORK/loop-$name" "$@"
}
denied=$(loop denied inet -t 20 -s 203.0.113.7 198.51.100.1 25)
allowed=$(loop allowed inet -t 900 -s 198.51.100.3 198.51.100.1 25)
for i in {1..15}; do
        ctl allow in from "192.0.2.$i"
        ctl role set app-server
        ctl role set mx
        ctl delete allow in from "192.0.2.$i"
done >"$WORK/out" 2>&1
process_end "$denied" TERM
process_end "$allowed" TERM
like "$(cat "$WORK/loop-denied")" "^open=0 closed=0 filtered=[1-9]" \
        "60 changes: the denied never come through"
like "$(cat "$WORK/loop-allowed")" "^open=[1-9][0-9]+ closed=0 filtered=0" \
        "and the allowed always do"
diag "$(cat "$WORK"/loop-*)"
done_testing
