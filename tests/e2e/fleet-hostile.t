#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A fleet's web server and broker in an attacker's hands: answers that never end, that lie, that say
# "nothing new" for ever, and packets as long as MQTT can say. p25-fleet stays small, what was good last
# stays in force, and status says what is wrong.
. "$(dirname "$0")/../lib/e2e.sh"
. tests/lib/brokers.sh

fleet_needs mosquitto nginx minisign python3
fleet_net
fleet_brokers_start
ok $? "two brokers"
fleet_web_make
echo 203.0.113.16 >"$fleet_blocked"
fleet_publish

# The web servers, each hostile in its own way, and until then an ordinary one that serves the files. A path
# is /KIND/FILE.
cat >"$WORK/web.py" <<'PY'
import os, socket, ssl, sys, threading, time

ROOT, FLAG = sys.argv[2], sys.argv[3]
OK = b"HTTP/1.1 200 OK\r\n"

def endless(c, piece):
    while True:
        c.sendall(piece)

def slow(c, begin):
    c.sendall(begin)
    while True:
        time.sleep(1)
        c.sendall(b"1")

def two_then(c, name, answer):
    c.sendall(OK + b"Content-Length: 2\r\n\r\n2\n" if name == "current" else answer)

KINDS = {
    "header": lambda c, n: (c.sendall(OK + b"X: "), endless(c, b"a" * 65536)),
    "continue": lambda c, n: endless(c, b"HTTP/1.1 100 Continue\r\n\r\n" * 2500),
    "slow-header": lambda c, n: slow(c, OK + b"X: "),
    "slow-body": lambda c, n: slow(c, OK + b"Content-Length: 60\r\n\r\n"),
    "trailer": lambda c, n: (c.sendall(OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\n2\n\r\n0\r\n"), endless(c, b"X: y\r\n" * 10000)),
    "long": lambda c, n: c.sendall(OK + b"Content-Length: 50\r\n\r\n2\n"),
    "reset": lambda c, n: c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0"),
    "304": lambda c, n: c.sendall(b"HTTP/1.1 304 N\r\nETag: x\r\n\r\n"),
    "flip": lambda c, n: two_then(c, n, OK + b"Content-Length: 2\r\n\r\n%d\n" % (time.monotonic_ns() % 10)),
    "manifest": lambda c, n: c.sendall(OK + b"Content-Length: 2\r\n\r\n2\n") if n == "current" else (c.sendall(OK + b"\r\n"), endless(c, b" " * 65536)),
    "tls": None,
}

def serve(c):
    try:
        c = context.wrap_socket(c, server_side=True)
        while True:
            text = b""
            while not text.endswith(b"\r\n\r\n"):
                part = c.recv(4096)
                if not part:
                    return
                text += part
            kind, name = text.split()[1].decode().strip("/").split("/")
            if os.path.exists(FLAG):
                if kind == "tls":
                    c.unwrap().sendall(b"HTTP/1.1 200 OK\r\n\r\n2\n")
                else:
                    KINDS[kind](c, name)
                return
            try:
                body, head = open(ROOT + "/" + name, "rb").read(), OK
            except OSError:
                body, head = b"", b"HTTP/1.1 404 N\r\n"
            c.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    except (OSError, ValueError):
        pass
    finally:
        c.close()

if ROOT == "kinds":
    print("\n".join(KINDS))
    sys.exit()
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1] + ".crt", sys.argv[1] + ".key")
server = socket.create_server(("198.51.100.20", 443), backlog=64)
while True:
    threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()
PY
mapfile -t kinds < <(python3 "$WORK/web.py" - kinds -)
nsenter --net=/run/netns/web -- python3 "$WORK/web.py" "$CERTS/web" "$WORK/site/www" "$WORK/hostile" 2>"$WORK/web.log" &
web=$!
eventually 20 fleet_listens web 443
ok $? "a web server"

# ---- one host; for each kind of web server a p25-fleet of its own on it ----

fleet_host_start 1 </dev/null
ok $? "host 1"
fleet_host_start 2 </dev/null
ok $? "host 2"
fleet_joins 1
fleet_joins 2
fleet_ctl 1 -q set load blocked "$WORK/h1/empty" && fleet_ctl 1 -q deny in from @blocked
ok $? "host 1 denies what the fleet blocks"
declare -A reader
for kind in "${kinds[@]}"; do
        mkdir -p "$WORK/w/$kind/etc/p25" "$WORK/w/$kind/var/lib/p25-fleet" "$WORK/w/$kind/run/p25-fleet"
        cat >"$WORK/w/$kind/etc/p25/fleet.conf" <<-CONF
		host = "h1";
		documents = {
		  url = "https://$WEB/$kind/"; ca = "$CERTS/ca.crt"; keys = [ "$(tail -n 1 "$WORK/key.pub")" ];
		  sets = [ "blocked" ]; interval = 1;
		};
	CONF
        DBUS_SYSTEM_BUS_ADDRESS=unix:path=$WORK/h1/bus nsenter --net=/run/netns/h1 -- \
                "$FLEET" --root "$WORK/w/$kind" run 2>"$WORK/w/$kind/log" &
        reader[$kind]=$!
done
says() # KIND JQ
{
        "$FLEET" --root "$WORK/w/$1" status --json 2>/dev/null | jq -r "$2"
}
has_serial() # KIND
{
        [ "$(says "$1" .documents.serial)" = 1 ]
}
has_problem()
{
        [ "$(says "$1" '.documents.problem // ""')" != "" ]
}
for kind in "${kinds[@]}"; do
        eventually 30 has_serial "$kind"
        ok $? "$kind: serial 1 is in force" || diag "$(cat "$WORK/w/$kind/log")"
done
is "$(fleet_knock 1 203.0.113.16)" filtered "what it blocks is dropped"
: >"$WORK/hostile"

# ---- meanwhile: a broker that sends packets as long as they can be ----

cat >"$WORK/broker.py" <<'PY'
import socket, ssl, sys, time

CONNACK = b"\x20\x03\x00\x00\x00"
# for all that a host subscribes to: it is connected then, and comes back soon
SUBACK = b"".join(b"\x90\x04\x00" + bytes([i]) + b"\x00\x01" for i in range(1, 9))
MEGABYTE = bytes(1 << 20)
MOST = b"\xff\xff\xff\x7f"  # 268,435,455 bytes, which is the most that MQTT can say

def length(n):
    out = b""
    while True:
        out += bytes([n % 128 | (128 if n > 127 else 0)])
        n //= 128
        if n == 0:
            return out

def packet(kind, body):
    return bytes([kind]) + length(len(body)) + body

def whole(c, begin):
    c.sendall(begin)
    for _ in range(255):
        c.sendall(MEGABYTE)
    c.sendall(bytes(1 << 19))  # and never the last half

def kept(c):
    c.sendall(CONNACK + SUBACK)
    for i in range(1, 2000):  # QoS 2, for which this host has not asked, and never its PUBREL
        c.sendall(packet(0x34, b"\x00\x05p25/a" + i.to_bytes(2, "big") + b"\x00" + bytes(120000)))

USER = b"\x26\x00\x00\x00\x00"  # an empty property, of which the library keeps a hundred bytes

def properties(c, n, last):
    body = USER * n + last
    c.sendall(CONNACK + SUBACK + packet(0x30, b"\x00\x05p25/a" + length(len(body)) + body))

KINDS = [
    lambda c: whole(c, CONNACK + SUBACK + b"\x30" + MOST + b"\x00\x05p25/a\x00"),
    lambda c: whole(c, CONNACK + SUBACK + b"\x32" + MOST + b"\x00\x05p25/a\x00\x01\x00"),
    lambda c: whole(c, b"\x20" + MOST + b"\x00\x00"),
    lambda c: whole(c, CONNACK + b"\x90" + MOST + b"\x00\x01"),
    kept,
    lambda c: properties(c, 400000, b""),
]
LEAK = lambda c: properties(c, 8000, b"\x7f\x00")  # which the library asserts never to meet
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1] + "/broker.crt", sys.argv[1] + "/broker.key")
server = socket.create_server(("", 8883))
n = 0
while True:
    kind = LEAK if sys.argv[2:] else KINDS[n % len(KINDS)]
    try:
        client = context.wrap_socket(server.accept()[0], server_side=True)
        client.settimeout(5)
        client.recv(4096)
        kind(client)
        client.recv(4096)
        client.close()
    except OSError:
        pass
    n += 1
    print(n, flush=True)
PY
broker_start() # [ARGUMENT]
{
        nsenter --net=/run/netns/m2 -- python3 "$WORK/broker.py" "$WORK/m2" "$@" >"$WORK/broker.log" 2>&1 &
        broker=$!
}
broker_error() # HOST TEXT
{
        [[ $(fleet_status "$1" '.brokers[] | select(.connected | not) | .error') == *"$2"* ]]
}
process_end "${broker_pid[2]}" KILL
broker_start
eventually 60 grep -q '^7$' "$WORK/broker.log"
ok $? "hosts connect with a broker that sends packets of 256 MB, again and again"
fleet_ctl 1 set add bans 203.0.113.18 for 1h >/dev/null
eventually 20 fleet_has 2 203.0.113.18
ok $? "the other broker brings a ban"
for number in 1 2; do
        at_most "$(awk '/^VmHWM/ { print $2 }' "/proc/${fleet_pid[$number]}/status")" 60000 \
                "p25-fleet of host $number lives, and was never large"
        eventually 30 broker_error "$number" "sends more at a time than this host takes"
        ok $? "its status says what the broker does" || diag "$(fleet_status "$number" .brokers)"
done

# the library loses what it holds of a packet of which it asserts something
process_end "$broker" TERM
broker_start leaks
given_up()
{
        [ "$(fleet_says 1 'not asked again for an hour')" = 1 ]
}
eventually 60 given_up
ok $? "a broker that makes the library lose memory is not asked again and again"
at_most "$(awk '/^VmHWM/ { print $2 }' "/proc/${fleet_pid[1]}/status")" 60000 "and little was lost"
eventually 5 broker_error 1 "it sends what is not valid MQTT"
ok $? "status says why"

# ---- what each web server came to ----

for kind in "${kinds[@]}"; do
        eventually 30 has_problem "$kind"
        ok $? "$kind: status has a problem: $(says "$kind" .documents.problem)"
        is "$(says "$kind" .documents.serial)" 1 "$kind: serial 1 stays"
        at_most "$(awk '/^VmHWM/ { print $2 }' "/proc/${reader[$kind]}/status")" 60000 \
                "$kind: p25-fleet lives, and was never large"
done
is "$(fleet_knock 1 203.0.113.16) $(fleet_knock 1 203.0.113.18) $(PROBE_PATIENCE=20 fleet_knock 1 203.0.113.19)" \
        "filtered filtered open" "what was in force is"
rm "$WORK/hostile"
solved()
{
        ! has_problem "$1"
}
for kind in "${kinds[@]}"; do
        eventually 30 solved "$kind"
        ok $? "$kind: the problem is solved when the server is good again"
done
for kind in "${kinds[@]}"; do process_end "${reader[$kind]}" TERM; done
process_end "$web" TERM
process_end "$broker" TERM
done_testing
