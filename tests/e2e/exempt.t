#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Connections through the host that a rule exempts from conntrack (notrack). With nftables a change that
# denies them cuts them within a second, idle or not, and what stays allowed goes on. With iptables
# nothing knows that they are open, which doctor, status and explain say.
. "$(dirname "$0")/../lib/e2e.sh"
# shellcheck source=tests/lib/hold.sh
. tests/lib/hold.sh

net_world
listen inet 25
listen host 25
p25_host <<<'backend = "nftables";'
ok $? "p25d starts"

hold_all() # NAME
{
        hold_idle "$1-idle4" lan 198.51.100.2 25
        hold_idle "$1-idle6" lan 2001:db8:1::2 25
        hold_busy "$1-busy4" lan 198.51.100.2 25
        hold_busy "$1-busy6" lan 2001:db8:1::2 25
        hold_busy "$1-kept" lan 198.51.100.3 25
        hold_idle "$1-keptidle" lan 198.51.100.3 25
        : >"$WORK/inet.log"
}
all_cut() # NAME
{
        local end
        for end in idle4 idle6 busy4 busy6; do
                is_cut "$1-$end" || return 1
        done
}
server_is_cut()
{
        [ "$(grep -c "^10.0.0.2 .* reset" "$WORK/inet.log")" -ge 2 ] &&
                [ "$(grep -c "^fd00::2 .* reset" "$WORK/inet.log")" -ge 2 ]
}
kept_goes_on() # NAME
{
        ! is_cut "$1-kept" && ! is_cut "$1-keptidle"
}
forward_rules()
{
        net_in host nft list chain inet p25 forward | grep -c goto
}
deny() # ACTION
{
        run_ctl route "$1" to 198.51.100.2
        run_ctl route "$1" to 2001:db8:1::2
}
allow_again() # ACTION
{
        run_ctl --force route delete "$1" to 198.51.100.2
        run_ctl --force route delete "$1" to 2001:db8:1::2
}

# ---- what is said ----

unlike "$(ctl doctor)" NOT_TRACKED "doctor is silent where all is tracked"
net_in host nft 'table inet raw { chain pre { type filter hook prerouting priority raw; udp dport 53 notrack; }; }'
unlike "$(ctl doctor)" NOT_TRACKED "and where something else is exempt"
net_in host nft 'add rule inet raw pre tcp dport 25 notrack; add rule inet raw pre tcp sport 25 notrack'
unlike "$(ctl doctor)" NOT_TRACKED "and where routed connections are, because they are cut"
unlike "$(ctl explain routed from 10.0.0.2 to 198.51.100.2)" "not cut" "explain as well"
run_ctl limit max 2
like "$(ctl doctor)" "note: table inet raw exempts incoming connections to mail ports from conntrack: .* refuses them" \
        "a limit with max refuses what it cannot count"
expect "it does" inet closed 198.51.100.1 25
run_ctl --force delete 1

# ---- nftables: they are cut ----

is "$(forward_rules)" 1 "one rule in forward for other traffic"
for action in reject deny; do
        hold_all "$action"
        deny "$action"
        eventually 5 all_cut "$action"
        ok $? "$action: all are cut"
        eventually 5 server_is_cut
        ok $? "$action: at both ends"
        kept_goes_on "$action"
        ok $? "$action: what is allowed goes on"
        is "$(forward_rules)" 2 "$action: a rule in forward resets them"
        allow_again "$action"
        expect "$action: allowed again" lan "open open" 198.51.100.2 25 2001:db8:1::2 25
        kept_goes_on "$action"
        ok $? "$action: what is allowed goes on still"
done
no_rule_refuses()
{
        [ "$(forward_rules)" = 1 ]
}
eventually 5 no_rule_refuses
ok $? "and the rule is gone, when none is refused"

# ---- over a restart, and after a repair ----

hold_all restart
p25d_stop KILL
p25d_start
ok $? "p25d starts again"
run_ctl lockdown on
eventually 5 all_cut restart
ok $? "lockdown cuts what was open before p25d"
eventually 5 is_cut restart-kept
ok $? "all of them"
run_ctl lockdown off
expect "and nothing afterwards" lan "open open" 198.51.100.2 25 2001:db8:1::2 25

# ---- keep_established ----

hold_all keep
echo 'keep_established = true;' >>"$CONF"
run_ctl reload
deny reject
sleep 2
! is_cut keep-busy4 && ! is_cut keep-idle6
ok $? "keep_established keeps them"
allow_again reject
sed -i /keep_established/d "$CONF"
run_ctl reload

# ---- iptables: said by name ----

sed -i 's/^backend = .*/backend = "iptables";/' "$CONF"
run_ctl reload
is "$rc" 0 "iptables"
exempt="table inet raw exempts routed connections to mail ports from conntrack: .* iptables .* does not cut it"
like "$(ctl doctor)" "note: $exempt" "doctor says what is not cut"
like "$(ctl status verbose)" "Note: $exempt" "and status verbose"
like "$(ctl explain routed from 10.0.0.2 to 198.51.100.2)" "table inet raw exempts it from conntrack" "and explain"
net_in host nft delete table inet raw
net_in host iptables-legacy -t raw -A PREROUTING -p tcp --dport 25 -j CT --notrack
like "$(ctl doctor)" "note: table ip raw exempts" "also of legacy iptables"
net_in host iptables-legacy -t raw -F PREROUTING
p25d_stop TERM
done_testing
