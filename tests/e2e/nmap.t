#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A scanner sees open, closed and filtered where the policy says so.
. "$(dirname "$0")/../lib/e2e.sh"

net_world
listen host 25 465 587 2525

scan() # OPTION... ADDRESS
{
        net_in inet nmap -n -Pn --max-retries 1 -p 25,465,587,2525 -oG - "$@" 2>&1 |
                grep -oE '[0-9]+/[a-z|]+/tcp' | tr '\n' ' '
}

is "$(scan -sT 198.51.100.1)" "25/open/tcp 465/open/tcp 587/open/tcp 2525/open/tcp " \
        "all is open without p25"
p25_host <<'CONF'
rules = ( { action = "deny"; direction = "in"; ports = [ "smtp" ]; },
          { action = "reject"; direction = "in"; ports = [ 465 ]; },
          { action = "allow"; direction = "in"; ports = [ "submission" ]; } );
CONF
ok $? "p25d starts"
for how in "-sT" "-sS"; do
        is "$(scan $how 198.51.100.1)" \
                "25/filtered/tcp 465/closed/tcp 587/open/tcp 2525/open/tcp " "IPv4, nmap $how"
        is "$(scan $how -6 2001:db8:1::1)" \
                "25/filtered/tcp 465/closed/tcp 587/open/tcp 2525/open/tcp " "IPv6, nmap $how"
done
done_testing
