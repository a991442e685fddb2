#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Three hundred open connections of a kind, and a change that denies half of them: those are cut
# within a second, and all others end in order, with all that they said.
. "$(dirname "$0")/../lib/e2e.sh"
. tests/lib/crowd.sh

net_world
listen host 25
listen inet 25
listen box 2525
N=150

p25_host </dev/null
ok $? "p25d starts"

crowd denied inet 198.51.100.1 25
crowd allowed inet -s 198.51.100.3 198.51.100.1 25
try "incoming" deny in from 198.51.100.2

run_ctl set add banned 192.0.2.1
run_ctl deny in from @banned
crowd denied inet -s 2001:db8:7::7 2001:db8:1::1 25
crowd allowed inet -s 2001:db8:1::3 2001:db8:1::1 25
try "a set" set add banned 2001:db8:7::7

if [ -n "$many_uids" ]; then
        crowd denied host -u 33 198.51.100.2 25
        crowd allowed host -u 5 198.51.100.2 25
        try "outgoing, by user" reject out user www-data
else
        crowd denied host 198.51.100.2 25
        crowd allowed host 2001:db8:1::2 25
        try "outgoing" reject out to 198.51.100.2
fi

crowd denied lan 198.51.100.2 25
crowd allowed lan 8.8.8.8 25
try "routed" route reject from 10.0.0.2 to 198.51.100.2

net_publish 25 2525
crowd denied inet 198.51.100.1 25
crowd allowed inet -s 198.51.100.3 198.51.100.1 25
try "published" deny in from 198.51.100.2

net_in host nft flush chain inet engine pre
net_in host nft flush chain inet engine out
crowd allowed host 127.0.0.1 25
crowd denied inet 198.51.100.1 25
try "lockdown" lockdown on
run_ctl lockdown off

echo 'keep_established = true;' >>"$CONF"
run_ctl reload
crowd allowed lan 198.51.100.2 25
run_ctl route reject
is "$rc" 0 "keep_established: route reject"
read -rt 1.2 <> <(:)
finished allowed
done_testing
