#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A listener that a flood of SYNs fills answers with cookies and keeps nothing: whoever holds one opens
# a connection up to two minutes later, without another SYN. After a change that refuses it, the
# connection is cut within a second.
. "$(dirname "$0")/../lib/e2e.sh"

net_world
listen host 25
net_in host sysctl -qw net.ipv4.tcp_syncookies=2
cat >"$WORK/dial" <<'PY'
import select, socket, sys
address, ready, go = sys.argv[1:]
s = socket.create_connection((address, 25), 10)
open(ready, "w").close()
open(go).read()  # a pipe, until the policy has changed
s.settimeout(10)
try:
    s.sendall(b"EHLO late\r\n")
    while s.recv(100):
        pass
    print("ended")
except socket.timeout:
    print("open")
except OSError:
    print("cut")
PY

# The client's part of the handshake is lost on its way, until it is let through.
acks_lost()
{
        net_in inet nft 'table inet late { chain c { type filter hook output priority 0;
                tcp dport 25 tcp flags & (syn|ack) == ack drop; }; }'
}
acks_come()
{
        net_in inet nft delete table inet late
}
no_socket() # ADDRESS: of a connection; the listener stays
{
        local own=$1
        # without brackets ss takes the end of an IPv6 address as a port
        [[ $own != *:* ]] || own="[$own]"
        [ -z "$(net_in host ss -Hnt state all exclude listening exclude time-wait src "$own")" ]
}

p25_host <<<'backend = "nftables"; default = { incoming = "allow"; };'
ok $? "p25d starts"
mkfifo "$WORK/go"
round() # NAME ADDRESS CHANGE
{
        local name=$1 address=$2 change=$3 client
        acks_lost
        rm -f "$WORK/ready"
        net_in inet /usr/bin/python3 "$WORK/dial" "$address" "$WORK/ready" "$WORK/go" \
                >"$WORK/end" 2>"$WORK/dial.err" &
        client=$!
        eventually 5 test -e "$WORK/ready"
        ok $? "$name: the client has its cookie"
        no_socket "$address"
        ok $? "$name: the host has nothing"
        # shellcheck disable=SC2086 # words
        run_ctl $change
        is "$rc" 0 "$name: it comes into force"
        sleep 2
        acks_come
        echo >"$WORK/go"
        wait "$client"
        is "$(cat "$WORK/end")" cut "$name: the connection is cut"
}
change_rounds round "reject in" "lockdown on" -- 198.51.100.1 2001:db8:1::1
done_testing
