#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A SYN that was sent before a change and is answered after it opens no connection that the new
# policy refuses: it is cut within a second, however late the answer comes.
. "$(dirname "$0")/../lib/e2e.sh"

net_world
listen inet 25

# The answers of the other side are lost on their way, until they are let through again: it repeats
# them.
answers_lost()
{
        net_in host nft 'table inet late { chain c { type filter hook prerouting priority -400;
                tcp sport 25 tcp flags & (syn|ack) == (syn|ack) drop; }; }'
}
answers_come()
{
        net_in host nft delete table inet late
}
not()
{
        ! "$@"
}
state_of() # STATE ADDRESS
{
        local host=$2
        # without brackets ss takes the end of an IPv6 address as a port
        [[ $host != *:* ]] || host="[$host]"
        net_in host ss -Hnt state "$1" dst "$host" | grep -q .
}

p25_host <<<'backend = "nftables";'
ok $? "p25d starts"
round() # NAME ADDRESS CHANGE
{
        local name=$1 address=$2 change=$3 client held
        answers_lost
        : >"$WORK/hold.pid"
        net_in host "$probe" hold -t 30000 -o "$WORK/hold" "$address" 25 \
                >"$WORK/hold.pid" 2>/dev/null &
        client=$!
        eventually 5 state_of syn-sent "$address"
        ok $? "$name: a SYN waits for its answer"
        # shellcheck disable=SC2086 # words
        run_ctl $change
        is "$rc" 0 "$name: it comes into force"
        sleep 1
        answers_come
        eventually 20 not state_of syn-sent "$address"
        ok $? "$name: the answer has come, or the SYN was refused"
        eventually 2 not state_of established "$address"
        ok $? "$name: and no connection stands"
        process_gone "$client" || signal TERM "$client"
        wait "$client" 2>/dev/null
        held=$(cat "$WORK/hold.pid")
        [ -z "$held" ] || process_gone "$held" || signal TERM "$held"
}
change_rounds round "deny out" "lockdown on" -- 198.51.100.2 2001:db8:1::2
done_testing
