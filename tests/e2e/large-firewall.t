#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Another program's firewall with more than can be read in time: explain answers, and says what is not
# known, for everybody and for root.
. "$(dirname "$0")/../lib/e2e.sh"

net_add host
listen host 25
p25_host </dev/null
ok $? "p25d starts"
{ echo 'table inet large {'
  echo 'set lists { type ipv4_addr; elements = {'
  seq 1 1200000 | awk '{ printf "11.%d.%d.%d,\n", $1 / 65536, $1 / 256 % 256, $1 % 256 }'
  echo '10.9.9.9 }; }'
  echo 'set small { type ipv4_addr; elements = { 10.9.9.8 }; }'
  echo 'chain in { type filter hook input priority 1; ip saddr @lists drop; }'
  echo 'chain more { type filter hook input priority 2; ip saddr @small drop; }'
  echo '}'; } >"$WORK/large.nft"
net_in host nft -f "$WORK/large.nft" 2>"$WORK/err"
ok $? "a set of 1,200,000 addresses" || diag "$(cat "$WORK/err")"
for user in root nobody; do
        run net_in host setpriv --reuid $user --clear-groups timeout 20 "$P25CTL" explain in from 192.0.2.1
        is "$rc" 0 "$user: explain answers" || diag "$err"
        like "$out" "Effective: undetermined" "$user: and guesses nothing"
        like "$out" "table inet large, chain in, .*a set that is too large" "$user: naming the chain"
        like "$out" "table inet large, chain more: passes" "$user: a small set behind it is known"
done
run net_in host nft delete table inet large
run_ctl explain in from 10.9.9.8
like "$out" "Verdict: allow" "without it"
unlike "$out" "undetermined" "all is known"
done_testing
