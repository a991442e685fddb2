#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The verdict of explain about the host as a whole, beside other packet filters, and that of packets; under
# both backends.
. "$(dirname "$0")/../lib/e2e.sh"

net_world
listen host 25
listen inet 25
# one socket that takes both families
net_in host python3 -c 'import os, socket, sys, time
open(sys.argv[1], "w").write(str(os.getpid()))
s = socket.socket(socket.AF_INET6)
s.bind(("::", 465))
s.listen()
time.sleep(600)' "$WORK/dual.pid" &
eventually 10 test -s "$WORK/dual.pid"

# WORDS: verdict, effective verdict and code, in one line
explained()
{
        # shellcheck disable=SC2086
        ctl --json explain $1 >"$WORK/explained" 2>"$WORK/error"
        jq -r '[.verdict, .effective, .code] | join(" ")' "$WORK/explained"
}

# the rest of the answer to the same question
of_answer() # FILTER
{
        jq -r "$1" "$WORK/explained"
}

nft_host()
{
        net_in host nft -f -
}

for backend in nftables iptables; do
        P25_BACKEND=$backend
        p25_host <<-'CONF'
	default = { outgoing = "allow"; routed = "reject"; };
	rules = ( { action = "deny"; direction = "in"; from = [ "198.51.100.3" ]; },
	          { action = "limit"; direction = "in"; from = [ "198.51.100.4" ]; } );
	CONF
        ok $? "$backend: p25d starts"

        is "$(explained 'in from 198.51.100.2')" "allow allow P25_DEFAULT" "$backend: nothing else"
        is "$(of_answer '.foreign | length')" 0 "$backend: and nobody else to name"
        is "$(explained 'in from 198.51.100.3')" "deny deny P25_RULE" "$backend: p25 denies"
        is "$(explained 'in from 198.51.100.4')" "limit limit P25_RULE" "$backend: p25 limits"
        is "$(explained 'routed to 198.51.100.2')" "reject reject P25_DEFAULT" "$backend: p25 rejects"

        # what is redirected to this host was dialled elsewhere: routed, and judged where it arrives
        nft_host <<-'NFT'
	table inet other {
	        chain taken { type nat hook prerouting priority -100; iifname "eth1" tcp dport 25 redirect; }
	}
	NFT
        is "$(explained 'routed from 10.0.0.2 to 198.51.100.2')" "reject reject P25_DEFAULT" \
                "$backend: p25 rejects what is intercepted"
        like "$(of_answer '.path[]')" "input, p25: reject" "$backend: where it arrives"
        expect "$backend: and so it does" lan closed -t 400 198.51.100.2 25
        ctl route allow from 10.0.0.2
        is "$(explained 'routed from 10.0.0.2 to 198.51.100.2')" "allow allow P25_RULE" \
                "$backend: unless a rule allows it"
        expect "$backend: and so it is" lan open -t 400 198.51.100.2 25
        ctl route delete allow from 10.0.0.2
        net_in host nft delete table inet other

        # which of two filters in one hook comes first
        nft_host <<-'NFT'
	table inet other {
	        chain early { type filter hook forward priority -100; tcp dport 25 drop; }
	}
	NFT
        is "$(explained 'routed from 10.0.0.2 to 198.51.100.2')" "reject deny FOREIGN_DROP" \
                "$backend: another filter comes before p25"
        is "$(connect lan -t 400 198.51.100.2 25)" filtered "$backend: and drops"
        net_in host nft delete table inet other

        is "$(explained 'in from 198.51.100.2 port 587')" "allow reject NO_LISTENER" \
                "$backend: nobody listens"
        is "$(explained 'out to 203.0.113.9')" "allow allow P25_DEFAULT" "$backend: out"
        net_in host ip route add blackhole 203.0.113.9
        is "$(explained 'out to 203.0.113.9')" "allow reject NO_ROUTE" "$backend: no route"
        net_in host ip route del blackhole 203.0.113.9

        # questions about what this host does not have
        for question in "in on nowhere0" "out on nowhere0 to 203.0.113.9" "routed in on eth1 out on nowhere0"; do
                explained "$question" >"$WORK/null"
                like "$(of_answer '.assumptions[]')" "^there is no interface nowhere0 on this host$" \
                        "$backend: explain $question"
        done
        explained 'out from 192.0.2.9 to 203.0.113.9' >"$WORK/null"
        like "$(of_answer '.assumptions[]')" "^192.0.2.9 is not an address of this host" \
                "$backend: a connection of another host's address"
        explained 'out on eth0 from 198.51.100.1 to 203.0.113.9' >"$WORK/null"
        is "$(of_answer '.assumptions | length')" 0 "$backend: and of its own"

        nft_host <<-'NFT'
	table inet other {
	        set good { type ipv4_addr; flags interval; elements = { 198.51.100.0/28 }; }
	        chain allowed { ip saddr @good tcp dport { 22, 25 } accept; }
	        chain input { type filter hook input priority 0; policy drop;
	                ct state established,related accept
	                iif lo accept
	                ip saddr 198.51.100.5 tcp dport 25 reject with tcp reset
	                ip saddr 198.51.100.6 tcp dport 25 limit rate 1/minute accept
	                ip saddr 198.51.100.6 drop
	                jump allowed; }
	}
	NFT
        is "$(explained 'in from 198.51.100.2')" "allow allow P25_DEFAULT" "$backend: let in by both"
        expect "$backend: it is open" inet open -t 400 198.51.100.1 25
        is "$(explained 'in from 198.51.100.77')" "allow deny FOREIGN_DROP" "$backend: dropped"
        is "$(of_answer '.foreign[] | [.table, .chain, .verdict, .code] | join(" ")')" \
                "inet other input deny FOREIGN_DROP" "$backend: by whom"
        like "$(of_answer '.path[]')" "input, table inet other, chain input: dropped by the policy" \
                "$backend: and where"
        is "$(explained 'in from 198.51.100.5')" "allow reject FOREIGN_REJECT" "$backend: rejected"
        is "$(explained 'in from 198.51.100.6')" "allow limit FOREIGN_LIMIT" "$backend: limited"
        is "$(explained 'in from 2001:db8:1::2')" "allow deny FOREIGN_DROP" "$backend: IPv6 dropped"
        is "$(connect inet -t 400 2001:db8:1::1 25)" filtered "$backend: and it is"
        is "$(explained 'in')" "allow undetermined UNDETERMINED" "$backend: from wherever"
        like "$(of_answer '.assumptions[]')" \
                "table inet other, chain .*, rule [0-9]+: depends on the source address" \
                "$backend: what is missing"
        is "$(explained 'in from 198.51.100.3')" "deny deny P25_RULE" "$backend: p25 comes first"
        run_ctl show listening
        like "$out" $'^tcp \\(IPv4\\):\n  25 0.*deny from 198.51.100.3.*  465 ::.*\ntcp \\(IPv6\\):\n.*  465 ::' \
                "$backend: a socket of both families is listed under both"
        unlike "${out##*'tcp (IPv6):'}" "deny from 198" "$backend: with the rules of its family"
        like "$out" "another firewall may stop them: table inet other, chain input" \
                "$backend: and with who else decides"
        run_ctl --json show listening
        is "$(jq -r '[.[] | .family] | unique | join(" ")' <<<"$out")" "ipv4 ipv6" \
                "$backend: in JSON too"
        is "$(explained 'in from 198.51.100.3 to 192.0.2.9')" "deny deny P25_RULE" \
                "$backend: in to another host's address"
        like "$(of_answer '.assumptions[]')" \
                "192.0.2.9 is not an address of this host: a connection to it is routed" \
                "$backend: which explain says"
        is "$(explained 'in from 198.51.100.3 to 198.51.100.1')" "deny deny P25_RULE" \
                "$backend: to its own"
        unlike "$(of_answer '.assumptions[]')" "not an address of this host" "$backend: it does not"
        net_in host nft delete table inet other

        nft_host <<-'NFT'
	table inet other {
	        chain output { type filter hook output priority 10; policy accept;
	                meta skuid 33 tcp dport 25 reject with tcp reset
	                meta mark 7 tcp dport 25 drop
	                tcp dport 25 @th,160,8 5 drop; }
	}
	NFT
        is "$(explained 'out to 198.51.100.2 user 33')" "allow reject FOREIGN_REJECT" \
                "$backend: a user is refused"
        is "$(connect host -u 33 -g 33 -t 400 198.51.100.2 25)" closed "$backend: and so it is"
        is "$(explained 'out to 198.51.100.2 user 0')" "allow undetermined UNDETERMINED" \
                "$backend: what is not understood is not guessed"
        like "$(of_answer '.assumptions[]')" "depends on the TCP header" "$backend: but named"
        like "$(of_answer '.assumptions[]')" "has no mark" "$backend: and so is what is assumed"
        as_user nobody "$P25CTL" --json explain out to 198.51.100.2 user 33 >"$WORK/answer" 2>&1
        is "$(jq -r .code "$WORK/answer")" FOREIGN_REJECT "$backend: everybody may ask"
        net_in host nft delete table inet other

        for program in iptables-nft iptables-legacy; do
                net_in host $program -A OUTPUT -p tcp -m multiport --dports 25,587 -m owner \
                        --uid-owner 34 -m comment --comment spam -j REJECT --reject-with tcp-reset
                is "$(explained 'out to 198.51.100.2 user 34')" "allow reject FOREIGN_REJECT" \
                        "$backend: a rule of $program"
                is "$(connect host -u 34 -g 34 -t 400 198.51.100.2 25)" closed "$backend: as it is"
                is "$(explained 'out to 198.51.100.2 user 0')" "allow allow P25_DEFAULT" \
                        "$backend: not of others"
                net_in host $program -D OUTPUT -p tcp -m multiport --dports 25,587 -m owner \
                        --uid-owner 34 -m comment --comment spam -j REJECT --reject-with tcp-reset
        done
        p25d_stop TERM
        kernel_clear
        net_in host iptables-nft -F
        net_in host nft delete table ip filter
        bus_stop
done
process_end "$(cat "$WORK/dual.pid")" TERM
done_testing
