#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Other programs' hands on what p25 has in the kernel: refused where the table is owned, put back
# where it cannot be and under iptables; who it was is in status, log and signal; who does not stop is
# answered slowly, and reported.
. "$(dirname "$0")/../lib/e2e.sh"

net_world
listen host 25

policy() # BACKEND
{
        cat <<-CONF
	backend = "$1";
	default = { incoming = "deny"; outgoing = "reject"; };
	sets = { many = { entries = [ $(seq -f '"203.0.113.%g/32",' 1 2 199) "198.51.100.3" ]; } };
	rules = ( { action = "allow"; direction = "in"; from = [ "@many" ]; } );
	CONF
}

# All that is p25's in the kernel, without counts, in an order of its own
kernel()
{
        if [ "$backend" = nftables ]; then
                net_in host nft list table inet p25 2>&1 | without_counts | sed '/size /d' |
                        awk -v RS= '{ gsub(/\n/, "\001"); print }' | sort | tr '\001' '\n'
        else
                for program in iptables-legacy ip6tables-legacy; do
                        net_in host $program-save -t filter 2>/dev/null |
                                sed -e '/^#/d' -e '/^:MINE/d' -e '/^-A MINE/d' -e 's/ \[[0-9]*:[0-9]*\]$//'
                done
                # what p25 calls a set may change with every commit
                net_in host ipset save | sed 's/^\(create\|add\) [^ ]*/\1/' | sort
        fi
}

same()
{
        [ "$(kernel | sed 's/--match-set [^ ]*//')" = "$wanted" ]
}

repairs()
{
        ctl status --json | jq .repairs
}

counted() # BEFORE
{
        [ "$(repairs)" -gt "$1" ]
}

# The signals on the bus, in $WORK/signals
signals_begin()
{
        dbus-monitor --address "$DBUS_SYSTEM_BUS_ADDRESS" \
                "type='signal',interface='org.port25.Policy1.Manager'" >"$WORK/signals" 2>&1 &
        signals=$!
        eventually 12 test -s "$WORK/signals"
}

# One change by another program: everything is restored, and the culprit named. Milliseconds from its
# end to the first look that finds everything whole are reported.
attack() # NAME PROGRAM COMMAND
{
        local before began
        before=$(repairs)
        # the later half of a command may come when the first has been answered: no error of ours
        net_in host bash -c "$3" >"$WORK/out" 2>&1
        began=${EPOCHREALTIME/./}
        eventually 10 same
        ok $? "$name: $1: all is as it was"
        diag "after $(((${EPOCHREALTIME/./} - began) / 1000)) ms"
        eventually 12 counted "$before"
        ok $? "$name: $1: it is counted"
        run_ctl status
        [ -z "$2" ] || like "$out" "repaired.*, last by $2\[[0-9]+\]" "$name: $1: status names $2"
}

begin() # NAME BACKEND
{
        name=$1 backend=$2
        p25_host < <(policy "$2")
        ok $? "$name: p25d starts"
        is "$(ctl status --json | jq -r .backend)" "$backend" "$name: the backend"
        wanted=$(kernel | sed 's/--match-set [^ ]*//')
        signals_begin
        : >"$WORK/p25d.log"
}

finish()
{
        signal TERM "$signals"
        wait "$signals" 2>/dev/null
        p25d_stop TERM
        kernel_clear
        net_in host ipset destroy 2>"$WORK/err"
        bus_stop
        rm -rf "$ROOT"
}

fight() # COMMAND: until p25d reports it
{
        local n
        for ((n = 0; n < 40; n++)); do
                net_in host bash -c "$1" >"$WORK/out" 2>&1
                ! ctl status | grep -q 'keeps changing' || return 0
                read -rt 0.05 <> <(:)
        done
        return 1
}

# ---- a table that nobody can own ----
export LD_PRELOAD=$PWD/${BUILD:-build}/tests/lib/old_kernel.so
begin "nftables, not owned" nftables
unset LD_PRELOAD
unlike "$(net_in host nft list table inet p25)" "progname|flags owner" "$name: nobody owns it"
attack "a chain is flushed" nft "nft flush chain inet p25 prerouting"
attack "a rule comes before ours" nft "nft insert rule inet p25 in_25 accept"
attack "an element is taken" nft "nft delete element inet p25 s4p32_many '{ 198.51.100.3 }'"
attack "flush ruleset by a script" nft "nft -f - <<<'flush ruleset'"
expect "$name: allowed" inet "open" -t 300 -s 198.51.100.3 198.51.100.1 25
like "$(cat "$WORK/p25d.log")" "nft\[[0-9]+\] changed the kernel's rules: repaired \(4 in all\)" \
        "$name: the log names it"
eventually 5 grep -q 'string "nft"' "$WORK/signals"
ok $? "$name: the signal names it"
like "$(tr -s ' \n' ' ' <"$WORK/signals")" \
        'member=Repaired uint64 1 uint32 [0-9]+ string "nft"' "$name: Repaired"
fight "nft flush ruleset"
ok $? "$name: a fight is in status"
like "$(ctl status)" "nft\[[0-9]+\] keeps changing the kernel's rules" "$name: with the name"
like "$(ctl status --json | jq -r '.warnings[]')" "keeps changing" "$name: in --json"
like "$(cat "$WORK/p25d.log")" "nft\[[0-9]+\] keeps changing the kernel's rules" "$name: in the log"
eventually 5 grep -q '"fight"' "$WORK/signals"
like "$(tr -s ' \n' ' ' <"$WORK/signals")" \
        'member=Alert array \[ dict entry\( string "alert" variant string "fight"' "$name: Alert"
before=$(repairs)
for _ in {1..20}; do net_in host nft flush ruleset; done
at_most "$(repairs)" $((before + 21)) "$name: and no loop"
run_ctl deny in 465
is "$rc" 0 "$name: a change of ours still comes into force"
like "$(net_in host nft list table inet p25 2>&1)" "in_465" "$name: with all the rest"
finish

# ---- a table that is owned ----
begin "nftables, owned" nftables
if net_in host nft list table inet p25 | grep -q owner; then
        for command in "flush chain inet p25 prerouting" "insert rule inet p25 in_25 accept" \
                "delete element inet p25 s4p32_many { 198.51.100.3 }" "delete table inet p25" \
                "flush table inet p25" "rename chain inet p25 in_25 x" \
                "add table inet p25 { flags dormant; }" \
                "add chain inet p25 prerouting { policy drop; }" "add chain inet p25 x"; do
                run net_in host nft "$command"
                [ "$rc" != 0 ] && [[ $err == *"not permitted"* ]]
                ok $? "$name: nft $command is refused"
        done
        run net_in host nft flush ruleset
        is "$(kernel)" "$wanted" "$name: and nothing has changed"
        is "$(repairs)" 0 "$name: so nothing is repaired"
else
        skip "$name" "this kernel knows no owned tables"
fi
finish

# ---- iptables ----
if ! net_in host iptables-legacy -S >"$WORK/out" 2>&1; then
        skip "iptables" "no legacy iptables here"
        done_testing
        exit
fi
begin "iptables" iptables
attack "all is flushed" "" "iptables-legacy -F"
attack "IPv6 is flushed and deleted" "" "ip6tables-legacy -F; ip6tables-legacy -X"
attack "the jump is deleted" "" "iptables-legacy -D INPUT 1"
attack "a rule of ours is deleted" "" "iptables-legacy -D P25-IN-25 1"
attack "a rule comes into a chain of ours" "" "iptables-legacy -I P25-IN-25 -j RETURN"
attack "a chain of ours is renamed" "" "iptables-legacy -E P25-IN-25 MINE"
attack "a chain of that name" "" "iptables-legacy -N P25-IN-X"
attack "iptables-restore" "" \
        "printf '*filter\n:INPUT ACCEPT\nCOMMIT\n' | iptables-legacy-restore"
finish
begin "iptables, sets" iptables
set=$(net_in host ipset list -n | head -n 1)
[ -n "$set" ]
ok $? "$name: a long list is a set ($set)"
attack "an entry is taken" "" "ipset del $set 198.51.100.3"
set=$(net_in host ipset list -n | head -n 1)
attack "an entry is added" "" "ipset add $set 192.0.2.200"
set=$(net_in host ipset list -n | head -n 1)
attack "a set is flushed" "" "ipset flush $set"
set=$(net_in host ipset list -n | head -n 1)
attack "an entry for another" "" "ipset del $set 198.51.100.3; ipset add $set 192.0.2.201"
set=$(net_in host ipset list -n | head -n 1)
attack "an entry that excepts" "" "ipset del $set 198.51.100.3; ipset add $set 198.51.100.3 nomatch"
set=$(net_in host ipset list -n | head -n 1)
attack "another set in its place" "" "ipset create foreign hash:net;
        for n in {1..101}; do ipset add foreign 192.0.2.\$n; done; ipset swap $set foreign; ipset destroy foreign"
set=$(net_in host ipset list -n | head -n 1)
attack "rules and sets are destroyed" "" "iptables-legacy -F; iptables-legacy -X; ipset destroy"
before=$(repairs)
net_in host iptables-legacy -I INPUT -s 192.0.2.111 -j ACCEPT
ours_is_first()
{
        net_in host iptables-legacy -S INPUT | sed -n 2p | grep -q P25
}
eventually 12 ours_is_first
ok $? "$name: a neighbour's rule before ours: ours is first again"
is "$(repairs)" "$before" "$name: which is not damage"
net_in host iptables-legacy -D INPUT -s 192.0.2.111 -j ACCEPT
expect "$name: allowed" inet "open" -t 300 -s 198.51.100.3 198.51.100.1 25
fight "iptables-legacy -F"
ok $? "$name: a fight is in status"
eventually 5 grep -q '"fight"' "$WORK/signals"
ok $? "$name: and a signal"
finish
done_testing
