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
like "$(cat "$WORK/box.log")" "198.51.100.2 0 reset" "which sees the client's address"
done_testing
