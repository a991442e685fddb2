#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The test's own world, without p25: everything reaches everything. If this fails, the other
# scripts mean nothing.
. "$(dirname "$0")/../lib/e2e.sh"

net_world
listen host 25 587
listen inet 25
listen lan 25
listen box 25 2525

expect "the Internet reaches the host" inet "open open closed" \
        198.51.100.1 25 2001:db8:1::1 25 198.51.100.1 465
expect "from further sources too" inet open -s 203.0.113.7 198.51.100.1 25
expect "and of another /64" inet open -s 2001:db8:7::7 2001:db8:1::1 25
expect "the inner network reaches the host" lan "open open" 10.0.0.1 25 fd00::1 25
expect "the host reaches the Internet" host "open open open open" \
        198.51.100.2 25 2001:db8:1::2 25 8.8.8.8 25 2001:db8:2::2 25
expect "the host reaches itself" host "open open open" 127.0.0.1 25 ::1 25 198.51.100.1 25
expect "the container reaches the Internet through the host" box "open open" \
        8.8.8.8 25 2001:db8:2::2 25
expect "the inner network too" lan "open open" 8.8.8.8 25 2001:db8:2::2 25
expect "silence is filtered" lan filtered -t 300 10.0.0.77 25
net_publish 8025 25
net_publish 2525 2525
expect "published ports reach the container" inet "open open open open" \
        198.51.100.1 8025 2001:db8:1::1 8025 198.51.100.1 2525 2001:db8:1::1 2525
eventually 10 grep -q "^198.51.100.2 0 " "$WORK/box.log"
ok $? "the container sees the client's address"

# the tools of the other scripts
is "$(net_in inet "$probe" burst -n 5 198.51.100.1 25)" "open=5 closed=0 filtered=0 other=0" \
        "a burst counts"
net_in inet "$probe" hold -o "$WORK/held" 198.51.100.1 587 >"$WORK/hold.pid"
ok $? "a held connection stands"
net_in host ss -K sport = 587 >"$WORK/out" 2>&1
eventually 1 grep -q cut "$WORK/held"
ok $? "and reports when it is cut"
net_in lan "$probe" listen -d 500 -o "$WORK/slow.log" 10.0.0.2 587 >"$WORK/out"
sent=$(net_in host "$probe" send -n 400000 10.0.0.2 587)
between "${sent:-0}" 20000 400000 "a sender leaves bytes behind ($sent)"
net_in host ss -Htn state fin-wait-1 dport = 587 >"$WORK/out"
[ -s "$WORK/out" ]
ok $? "in a socket that nobody owns"
eventually 10 grep -q " $sent closed" "$WORK/slow.log"
ok $? "and they arrive"
looping=$(net_in inet "$probe" loop -t 50 -o "$WORK/looped" 198.51.100.1 25)
net_in host nft add table inet closed
net_in host nft add chain inet closed in '{ type filter hook input priority 0; }'
net_in host nft add rule inet closed in tcp dport 25 'tcp flags & (syn|ack) == syn' \
        reject with tcp reset
expect "a reset is closed" inet closed 198.51.100.1 25
read -rt 0.3 <> <(:)
process_end "$looping" TERM
like "$(cat "$WORK/looped")" "^open=[1-9][0-9]* closed=[1-9]" "a loop counts both"
run net_in host "$probe" notify -t 3000 -o "$WORK/pid" sh -c 'exit 7'
is "$rc" 7 "a command that ends before it is ready"
run net_in host "$probe" notify -t 3000 -o "$WORK/pid" systemd-notify --ready
is "$rc" 0 "and one that is ready"
done_testing
