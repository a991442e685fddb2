#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Ports that mail_ports adds to the four: as good as these, and nothing else is touched.
. "$(dirname "$0")/../lib/e2e.sh"

net_world
listen host 25 8025 8026
listen inet 25 8025
listen box 25 2525

p25_host no-mail <<<'mail_ports = [ 8025 ];'
ok $? "p25d starts"
expect "no-mail closes it, incoming" inet "filtered filtered" -t 300 \
        198.51.100.1 8025 2001:db8:1::1 8025
expect "no-mail closes it, outgoing" host "closed closed" 198.51.100.2 8025 2001:db8:1::2 8025
expect "no-mail closes it, routed" lan "closed closed" 8.8.8.8 8025 2001:db8:2::2 8025
expect "and not the next port" inet open 198.51.100.1 8026
is "$(ctl --json status | jq -c .mail_ports)" "[25,465,587,2525,8025]" "status --json names it"

run_ctl role set
expect "without a role it is not managed" inet open 198.51.100.1 8025
run_ctl allow 8026
is "$rc $err" "4 ERROR: 8026 is not a mail port (25, 465, 587, 2525, 8025)" "a refusal names it"
run_ctl allow 8025 from
is "$rc" 4 "words in the wrong order are refused"
unlike "$err" "not a mail port" "and not for the port"
run_ctl deny proto tcp from 198.51.100.2 to any port 8025
is "$rc $err" "0 " "a rule names it"
expect "which holds" inet filtered -t 300 198.51.100.1 8025
expect "for that source" inet open -s 198.51.100.3 198.51.100.1 8025
is "$(ctl --json explain in from 198.51.100.2 port 8025 | jq -r .verdict)" deny "explain"
run_ctl show listening
like "$out" $'\n  8025 .*\n.*deny from 198.51.100.2' "show listening looks at it"
unlike "$out" "8026" "and at no other"
run_ctl route allow 8025
is "$rc" 0 "a routed rule names it"

# what was none of p25's business is now
net_publish 8025 25
run_ctl reset --force
run_ctl role set app-server
expect "published to 25: managed by no role" inet open 198.51.100.1 8025
run_ctl deny in 8025
expect "published to 25: obeys its rule" inet "filtered filtered" -t 300 \
        198.51.100.1 8025 2001:db8:1::1 8025
done_testing
