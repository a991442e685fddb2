#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A kernel that cannot end sockets: what a change denies is cut by rules, as soon as one side speaks,
# and all others go on.
. "$(dirname "$0")/../lib/e2e.sh"
. tests/lib/crowd.sh

net_world
listen host 25 2525
listen inet 25
listen box 2525
N=60

# no rule looked at labels when it was opened: conntrack has left no room for any
crowd early inet 198.51.100.1 25

export LD_PRELOAD=$PWD/${BUILD:-build}/tests/lib/old_kernel.so
p25_host </dev/null
ok $? "p25d starts"
unset LD_PRELOAD

# A connection that says nothing until asked to, and then reports the result.
idle() # NAME NAMESPACE ADDRESS PORT
{
        rm -f "$WORK/idle-$1" "$WORK/idle-$1.go"
        mkfifo "$WORK/idle-$1.go"
        # shellcheck disable=SC2016 # the inner shell's
        net_in "$2" bash -c 'exec 3<>"/dev/tcp/$1/$2" && read -rt 60 -u 3 && echo stands >"$3"
                read -r <"$3.go"
                for i in 1 2 3; do
                        echo NOOP >&3
                        read -rt 1 -u 3
                        [ $? != 1 ] || { echo cut >>"$3"; exit; }
                done
                echo lives >>"$3"' idle "$3" "$4" "$WORK/idle-$1" 2>"$WORK/null" &
        eventually 5 grep -qs stands "$WORK/idle-$1"
        ok $? "$1: an idle connection stands"
}

speaks() # NAME cut|lives
{
        echo >"$WORK/idle-$1.go"
        eventually 10 grep -qE "cut|lives" "$WORK/idle-$1"
        like "$(tail -n 1 "$WORK/idle-$1")" "^$2\$" "$1: speaks $2"
}

idle incoming inet 198.51.100.1 25
idle again inet 198.51.100.1 25
idle elsewhere inet 10.0.0.1 25
crowd denied inet 198.51.100.1 25
crowd allowed inet -s 198.51.100.3 198.51.100.1 25
run_ctl deny in from 198.51.100.2 to 198.51.100.1
is "$rc" 0 "incoming is denied"
eventually 5 all_cut denied
ok $? "those that speak are cut"
eventually 5 all_cut early
ok $? "and those that are older than p25d"
speaks incoming cut
speaks elsewhere lives
finished allowed

run_ctl reset --force
crowd denied inet 2001:db8:1::1 25
crowd allowed inet 198.51.100.1 25
run_ctl deny in from 2001:db8::/32
eventually 5 all_cut denied
ok $? "another change cuts"
speaks again lives
finished allowed
run_ctl reset --force

crowd denied inet -s 2001:db8:7::7 2001:db8:1::1 25
crowd allowed inet -s 2001:db8:1::3 2001:db8:1::1 25
try "incoming, IPv6" deny in from 2001:db8:7::7

idle outgoing host 198.51.100.2 25
crowd denied host 198.51.100.2 25
crowd allowed host 2001:db8:1::2 25
run_ctl reject out to 198.51.100.2
eventually 5 all_cut denied
ok $? "outgoing: all that are denied are cut"
speaks outgoing cut
finished allowed
run_ctl reset --force

crowd denied host 2001:db8:1::2 25
crowd allowed host 198.51.100.2 25
try "outgoing, IPv6" reject out to 2001:db8:1::2

crowd denied lan 198.51.100.2 25
crowd allowed lan 8.8.8.8 25
try "routed" route reject from 10.0.0.2 to 198.51.100.2

net_in host nft add rule inet engine pre tcp dport 25 redirect to :2525
crowd denied inet 198.51.100.1 25
crowd allowed inet -s 198.51.100.3 198.51.100.1 25
try "redirected" deny in from 198.51.100.2

net_in host nft flush chain inet engine pre
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
done_testing
