#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# explain --probe: what a real packet meets is what explain says, and the packet never leaves; nothing
# of the probe stays.
. "$(dirname "$0")/../lib/e2e.sh"

net_world
# whatever leaves the host to a mail port is counted where it arrives
net_in inet nft -f - <<'NFT'
table inet seen {
        chain seen { type filter hook prerouting priority -400; tcp dport { 25, 587, 2525 } counter; }
}
NFT
arrived()
{
        net_in inet nft -j list table inet seen | jq '[.. | .packets? | numbers] | add'
}

P25_BACKEND=nftables
p25_host <<'CONF'
default = { outgoing = "allow"; };
rules = ( { action = "reject"; direction = "out"; to = [ "198.51.100.3", "2001:db8:1::3" ]; },
          { action = "deny"; direction = "out"; to = [ "203.0.113.7" ]; },
          { action = "reject"; direction = "out"; user = [ "mail" ]; },
          { action = "deny"; direction = "out"; group = [ "games" ]; },
          { action = "reject"; direction = "out"; user = [ "root" ]; to = [ "203.0.113.7" ];
            ports = [ "2525" ]; } );
CONF
ok $? "p25d starts"

# WORDS: the verdict of the probe, its table and chain, and the verdict without it
probed()
{
        # shellcheck disable=SC2086 # words
        ctl --json explain out $1 --probe >"$WORK/explained" 2>"$WORK/error"
        jq -r '[.probe.verdict, .probe.table // "-", .probe.chain // "-", .effective] | join(" ")' \
                "$WORK/explained"
}
of_answer() # FILTER
{
        jq -r "$1" "$WORK/explained"
}

for family in 4 6; do
        # 198.51.100.2 is not spoken of by the policy, .3 is rejected
        open=198.51.100.2 closed=198.51.100.3
        [ $family = 4 ] || open=2001:db8:1::2 closed=2001:db8:1::3
        is "$(probed "to $open")" "allow - - allow" "IPv$family: it passes"
        like "$(of_answer '.probe.trace[]')" "table inet p25, chain" "IPv$family: with its trace"
        like "$(probed "to $closed")" "^reject inet p25 [^ ]+ reject$" "IPv$family: p25 rejects"
        like "$(probed "to $open user mail")" "^reject inet p25 [^ ]+ reject$" \
                "IPv$family: what p25 rejects of a user"
        is "$(probed "to $open user 12345")" "allow - - allow" "IPv$family: a user without account"
        like "$(probed "to $open group games")" "^deny inet p25 [^ ]+ deny$" \
                "IPv$family: p25 drops what a group sends"
done
like "$(probed "to 203.0.113.7")" "^deny inet p25 [^ ]+ deny$" "p25 drops"
# who is judged is who sends, also where no user is named
for user in "" " user root" " group mail"; do
        like "$(probed "to 203.0.113.7 port 2525$user")" "^reject inet p25 [^ ]+ reject$" \
                "root's packet is judged and sent:$user"
        named=0
        [[ $user == *user* ]] || named=1
        is "$(of_answer '.assumptions[]' | grep -c 'answered for root')" $named "a note of root:$user"
done
is "$(probed "to 203.0.113.7 port 587")" "allow - - allow" "another port"

net_in host nft -f - <<'NFT'
table inet other {
        chain mail { meta skuid 33 reject with tcp reset; ip daddr 8.8.8.8 drop; }
        chain output { type filter hook output priority 10; tcp dport 25 jump mail; }
        chain post { type nat hook postrouting priority 100; tcp dport 587 masquerade to :50000-50010; }
        chain late { type filter hook postrouting priority 200; policy accept; tcp dport 2525 drop; }
}
NFT
is "$(probed "to 8.8.8.8")" "deny inet other mail deny" "another firewall drops"
like "$(of_answer '.probe.trace[]')" "table inet other, chain output, rule [0-9]+: jump mail" \
        "by way of this chain"
like "$(of_answer .probe.rule)" '^[0-9]+$' "by this rule"
is "$(probed "to 198.51.100.2 user www-data")" "reject inet other mail reject" "it rejects"
is "$(probed "to 198.51.100.2 port 2525")" "deny inet other late deny" "after routing"
is "$(probed "to 198.51.100.2 port 587")" "allow - - allow" "with a port that is translated"
run_ctl explain out to 8.8.8.8 --probe
like "$out" "Effective: deny.*Probe: deny: dropped by table inet other, chain mail, the rule with handle" \
        "in words"
net_in host nft delete table inet other

# what no rule of nf_tables does
net_in host iptables-legacy -A OUTPUT -p tcp --dport 25 -d 8.8.8.8 -j DROP
net_in host iptables-legacy -A OUTPUT -p tcp --dport 25 -d 198.51.100.2 -j REJECT --reject-with tcp-reset
is "$(probed "to 8.8.8.8")" "deny - - deny" "legacy iptables drops"
is "$(of_answer .probe.outside)" true "outside nftables"
is "$(probed "to 198.51.100.2")" "reject - - reject" "legacy iptables rejects"
net_in host iptables-legacy -F OUTPUT
net_in host ip route add unreachable 203.0.113.99
is "$(probed "to 203.0.113.99")" "reject - - reject" "no route"
like "$(of_answer .probe.text)" "no route" "in words"
net_in host ip route del unreachable 203.0.113.99
# a difference that was not there when the rules were read cannot be had here; one of a limit can
is "$(arrived)" 0 "no packet has left this host"
is "$(net_in host nft list tables | grep -c p25probe)" 0 "no table stays"

# ---- trouble ----

run_ctl explain in from 198.51.100.2 --probe
like "$rc $err" "^4 ERROR: --probe can only be used with 'out'" "in"
run_ctl explain routed to 198.51.100.2 --probe
is "$rc" 4 "routed"
run_ctl explain out --probe
like "$rc $err" "^4 ERROR: --probe requires a destination" "no destination"
run_ctl explain out to any --probe
like "$rc" "^4" "any"
run_ctl explain out to 198.51.100.2 user nobody-has-this --probe
like "$rc $err" "^4 ERROR: .*nobody-has-this" "an unknown user"
run_ctl explain out to 198.51.100.2 unit postfix.service --probe
like "$rc $err" "^4 ERROR: --probe cannot be used with 'unit'" "a unit"
run_ctl explain out to 198.51.100.2 from 192.0.2.99 --probe
like "$rc $err" "^1 ERROR: the probe's process: Cannot assign requested address" "another's address"
run_ctl status --probe
is "$rc" 4 "with another command"
run_ctl --root "$ROOT" explain out to 198.51.100.2 --probe
like "$rc $err" "^4 ERROR: --probe sends a packet from this host" "with --root"
if [ -n "$many_uids" ]; then
        chmod 755 "$WORK"
        run net_in host setpriv --reuid 33 --regid 33 --clear-groups "$P25CTL" \
                explain out to 198.51.100.2 --probe
        is "$rc $err" "5 ERROR: only root may use --probe" "another user"
fi
net_in host nft 'table inet p25probe { }'
run_ctl explain out to 198.51.100.2 --probe
like "$rc $err" "^1 ERROR: another probe is running" "beside another one"
net_in host nft delete table inet p25probe
# killed while its process waits for an answer
nsenter --net=/run/netns/host -- "$P25CTL" explain out to 203.0.113.7 --probe >"$WORK/null" 2>&1 </dev/null &
killed=$!
while [ -e /proc/$killed/exe ] && ! net_in host nft list tables | grep -q p25probe; do :; done
process_end $killed KILL
no_table()
{
        ! net_in host nft list tables | grep -q p25probe
}
eventually 10 no_table
ok $? "a probe that is killed leaves no table"
is "$(probed "to 198.51.100.2")" "allow - - allow" "and afterwards it works"
p25d_stop TERM
run_ctl explain out to 198.51.100.2 --probe
is "$rc" 8 "without p25d"

kernel_clear
P25_BACKEND=iptables
p25d_start
run_ctl explain out to 198.51.100.2 --probe
like "$rc $err" "^4 ERROR: --probe is not supported by the iptables backend" "iptables"
is "$(net_in host nft list tables | grep -c p25probe)" 0 "no table stays"
is "$(arrived)" 0 "no packet has left this host"
done_testing
