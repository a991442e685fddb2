#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# doctor finds an open relay: a real Postfix that trusts everybody, beside one that is as it should be.
# No message is sent to either.
. "$(dirname "$0")/../lib/e2e.sh"
# shellcheck source=tests/demo/mail.sh
. tests/demo/mail.sh

if [ -z "$many_uids" ] || ! command -v postfix >/dev/null; then
        skip "Postfix" "it is not installed, or there is one user only"
        done_testing
        exit
fi
net_world
p25_host <<'CONF'
default = { incoming = "allow"; outgoing = "allow"; };
CONF
ok $? "p25d starts"

found() # CODE: the words before it
{
        grep -- "\[$1\]" <<<"$out" | cut -d: -f1 | sort -u | tr '\n' ' '
}
log=$WORK/postfix-host/log
talked() # N: so many clients have gone
{
        [ "$(grep -c 'disconnect from' "$log")" -ge "$1" ]
}
# the queue's identifiers are given at RCPT, and say nothing
sent_nothing() # NAME
{
        is "$(grep -cE ' data=|message-id=|status=' "$log")" 0 "$1"
}

mkdir -p "$WORK/mail-host"
postfix_start host good.example 'smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination' \
        'mynetworks = 127.0.0.0/8 [::1]/128'
ok $? "a Postfix that relays for itself"
run_ctl doctor
is "$(found OPEN_RELAY)" "" "is not an open relay"
is "$(found GREETING)" "ok " "and greets"
eventually 10 talked 1
like "$(cat "$log")" "NOQUEUE: reject: RCPT from .*Relay access denied" "it was asked"
sent_nothing "and no message was sent"
net_in host postfix -c "$WORK/postfix-host/conf" stop 2>/dev/null

rm -f "$log"
postfix_start host open.example 'smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination' \
        'mynetworks = 0.0.0.0/0 [::]/0'
ok $? "a Postfix that trusts everybody"
run_ctl doctor
is "$rc $(found OPEN_RELAY)" "1 problem " "is an open relay"
like "$out" "on port 25 accepts mail for a foreign domain from 198.51.100.1" "named with the address that asked"
run_ctl --json doctor
is "$(jq -r '[.[] | select(.code == "OPEN_RELAY")][0].severity' <<<"$out")" problem "in JSON"
eventually 10 talked 2
like "$(cat "$log")" "disconnect from .* rcpt=1" "it accepted the recipient"
sent_nothing "and no message was sent to it"
net_in host postfix -c "$WORK/postfix-host/conf" stop 2>/dev/null
done_testing
