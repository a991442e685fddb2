#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Bans of a fleet over two real brokers with mutual TLS and an ACL: what a host bans, others drop.
#   P25_GARBAGE_SEED=N      which bytes a broker sends that sends garbage (1)
. "$(dirname "$0")/../lib/e2e.sh"
. tests/lib/brokers.sh

fleet_needs mosquitto mosquitto_pub
fleet_net
fleet_brokers_start
ok $? "two brokers"
# its clock is a minute ahead of the others
# shellcheck disable=SC2034 # brokers.sh uses it
fleet_clock[2]=60
for number in 1 2 3; do
        [ "$number" = 1 ] && view=true || view=false
        fleet_host_start "$number" <<<"never = [ \"203.0.113.20\" ]; own = [ \"bans\", \"f2b-sasl\" ]; lockdown = true; view = $view;"
        ok $? "host $number"
done
for number in 1 2 3; do fleet_joins "$number"; done

# ---- a ban on one host holds on all ----

fleet_open 2 203.0.113.1 "before the ban"
fleet_ctl 1 set add bans 203.0.113.1 for 1h --reason "sshd jail" >/dev/null
eventually 20 fleet_has 2 203.0.113.1 && eventually 20 fleet_has 3 203.0.113.1
ok $? "a ban of host 1 is in the sets of hosts 2 and 3"
for number in 1 2 3; do
        is "$(fleet_knock "$number" 203.0.113.1)" filtered "host $number drops its SYN"
done
fleet_open 2 203.0.113.2 "and nobody else's"
left=$(fleet_ctl 2 set show fleet | sed -n 's/^203.0.113.1 # //p')
like "$left" "^(1h|59m|60m)" "with the end of host 1"
like "$(fleet_ctl 2 history sets)" "fleet" "history shows it"
fleet_lacks 1 203.0.113.1
ok $? "it is not a ban of the fleet on host 1 itself"
is "$(fleet_ctl 2 set show bans)" "" "and no own ban of host 2: nothing is published twice"

fleet_ctl 2 set add bans 203.0.113.3 203.0.113.4 for 1h >/dev/null
eventually 20 fleet_has 1 203.0.113.4
ok $? "and the other way round"
like "$(fleet_ctl 1 set show fleet | sed -n 's/^203.0.113.4 # //p')" "^(59m[0-9]+s|60m|1h) left" \
        "with the end that it has by the clock of host 2, which is a minute ahead"
fleet_clock_is_off 2 60 "as it is"

# ---- taken back ----

fleet_ctl 1 set remove bans 203.0.113.1 >/dev/null
eventually 20 fleet_lacks 2 203.0.113.1
ok $? "a ban that host 1 takes back ends on host 2"
eventually 20 fleet_lacks 3 203.0.113.1
ok $? "and on host 3"
fleet_open 2 203.0.113.1 "its SYN is answered"
fleet_ctl 1 set add bans 203.0.113.3 for 2h >/dev/null
# both brokers' messages have come: host 3 has the later end, of host 1
is_longer() # NUMBER
{
        fleet_ctl "$1" set show fleet | grep -qE '^203\.0\.113\.3 # (2h|1h[0-9]+m)'
}
eventually 20 fleet_has 2 203.0.113.3 && eventually 20 is_longer 3
ok $? "two hosts ban one address"
fleet_ctl 2 set remove bans 203.0.113.3 203.0.113.4 >/dev/null
eventually 20 fleet_lacks 3 203.0.113.4
ok $? "one takes its bans back"
fleet_has 3 203.0.113.3
ok $? "the ban of the other host stays"

# ---- another set of this host's: fail2ban's action has one for each jail ----

fleet_ctl 1 -q set load f2b-sasl "$WORK/h1/empty"
fleet_ctl 1 -q --reason fail2ban set add f2b-sasl 203.0.113.16 203.0.113.17 for 1h
fleet_ctl 1 -q set add bans 203.0.113.16 for 30m
eventually 20 fleet_has 3 203.0.113.17 && eventually 20 fleet_has 3 203.0.113.16
ok $? "bans of a second set of host 1"
fleet_ctl 1 -q set drop f2b-sasl
eventually 20 fleet_lacks 3 203.0.113.17
ok $? "end with that set, as when a jail stops"
fleet_has 3 203.0.113.16
ok $? "but for one that is in the other set too"
fleet_ctl 1 -q set remove bans 203.0.113.16
eventually 20 fleet_lacks 3 203.0.113.16
ok $? "until it is taken out there"

# ---- what is never banned ----

fleet_ctl 1 set add bans 203.0.113.20 203.0.113.5 for 1h >/dev/null
eventually 20 fleet_has 2 203.0.113.5
ok $? "a ban beside one of the never-ban list"
fleet_lacks 2 203.0.113.20
ok $? "the one of the never-ban list is not taken"
run fleet_in 3 "$P25CTL" set add bans 198.51.100.1 203.0.113.6 for 1h
like "$err" "assert" "a host's own assertion stands above its own bans"
fleet_ctl 3 set add bans 203.0.113.6 for 1h >/dev/null
eventually 20 fleet_has 1 203.0.113.6
ok $? "others are taken"

# ---- who sends: a minute of it comes while the rest is tested ----

mqtt() # BROKER HOST COMMAND...: as that host
{
        local broker=$1 host=$2
        shift 2
        net_in inet "$1" -h "198.51.100.1$broker" -p 8883 --cafile "$CERTS/ca.crt" \
                --cert "$CERTS/$host.crt" --key "$CERTS/$host.key" -V mqttv5 -q 1 "${@:2}"
}
view_log=$WORK/view.log
mqtt 2 h2 mosquitto_sub -i viewer -t 'p25/hosts/+/senders' -v >"$view_log" 2>&1 &
viewer=$!
for number in 1 2; do
        fleet_ctl "$number" -q reject out to 203.0.113.19
        for _ in 1 2 3; do connect "h$number" 203.0.113.19 25; done
done >"$WORK/out"
is "$("$FLEET" --root "$WORK/h1/root" may view; echo $?) $("$FLEET" --root "$WORK/h2/root" may view; echo $?)" \
        "0 1" "fleet.conf says which host shows who sends"

# ---- hostile messages, from a host whose certificate is good ----

publish() # BROKER HOST TOPIC PAYLOAD [OPTION...]
{
        mqtt "$1" "$2" mosquitto_pub -i "test$RANDOM" -t "$3" -m "$4" "${@:5}" 2>&1
}
expiry=(-D publish message-expiry-interval 3600)
"$fleet_files/certificates" "$CERTS" host h9
"$fleet_files/certificates" "$CERTS" host fleet-control
page() # VERSION BANS
{
        echo "{\"version\":$1,\"who\":\"x\",\"why\":\"y\",\"bans\":[$2]}"
}
began=$SECONDS
publish 1 h9 p25/hosts/h9/ban/1 "$(page 1 '"203.0.113.7"')" -r "${expiry[@]}"
eventually 20 fleet_has 1 203.0.113.7
ok $? "a message of host 9 is taken"
like "$(publish 1 h9 p25/hosts/h1/ban/1 "$(page 1 '"203.0.113.8"')" "${expiry[@]}")" \
        "[Nn]ot authorized" "the ACL refuses a topic with another host's name"
like "$(publish 1 h9 p25/all/lockdown '{"version":1,"on":true}')" "[Nn]ot authorized" \
        "and a lockdown of a host"
bad=0
while read -r payload; do
        bad=$((bad + 1))
        publish 1 h9 "p25/hosts/h9/ban/$((100 + bad))" "$payload" "${expiry[@]}"
done <<BAD
$(page 1 '"0.0.0.0/0"')
$(page 1 '"::/0"')
$(page 1 '"10.0.0.0/8"')
$(page 1 '"mail.example.org"')
$(page 1 '"203.0.113.8/24"')
$(page 1 '["203.0.113.8",-1]')
$(page 1 '["203.0.113.8",1e300]')
$(page 1 '{"a":"203.0.113.8"}')
$(page 0 '"203.0.113.8"')
{"bans":["203.0.113.8"]}
[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[
203.0.113.8
"203.0.113.8"
{"version":1,"version":2,"bans":["203.0.113.8"]}
BAD
publish 1 h9 p25/hosts/h9/ban/x "$(page 1 '"203.0.113.8"')" "${expiry[@]}"
publish 1 h9 p25/hosts/h9/ban/200 "$(page 1 '"203.0.113.8"')"
yes '[' | head -100000 | tr -d '\n' >"$WORK/deep"
mqtt 1 h9 mosquitto_pub -i deep -t p25/hosts/h9/ban/201 -f "$WORK/deep" "${expiry[@]}"
publish 1 h9 p25/hosts/h9/ban/300 "$(page 1 '"203.0.113.9"')" "${expiry[@]}"
eventually 20 fleet_has 1 203.0.113.9
ok $? "after $bad bad messages and more, a good one is taken"
is "$(fleet_ctl 1 set show fleet | sed 's/ .*//' | tr '\n' ' ')" "203.0.113.6 203.0.113.7 203.0.113.9 " \
        "and nothing of the bad ones" ||
        diag "$(fleet_ctl 1 set show fleet)"
between "$(fleet_says 1 'is refused')" 1 $((2 + (SECONDS - began) / 60)) "the log has a line a minute about bad messages"
publish 1 h9 p25/hosts/h9/ban/301 "$(page 1 '"198.51.100.1","203.0.113.10"')" "${expiry[@]}"
eventually 20 fleet_has 1 203.0.113.10
ok $? "a ban beside one that an assertion forbids"
fleet_lacks 1 198.51.100.1
ok $? "the forbidden one stays out"
fleet_open 1 198.51.100.1 "an address that host 1 asserts open is open"

# ---- lockdown ----

publish 1 fleet-control p25/all/lockdown '{"version":10,"on":true,"why":"outbreak"}' -r
locked() # NUMBER true|false
{
        [ "$(fleet_ctl "$1" status --json | jq .lockdown)" = "$2" ]
}
eventually 20 locked 1 true && eventually 20 locked 3 true
ok $? "a lockdown of the fleet"
publish 2 fleet-control p25/all/lockdown '{"version":9,"on":false}' -r
publish 2 fleet-control p25/all/lockdown '{"version":11,"on":"no"}'
publish 2 fleet-control p25/all/lockdown '{"version":12,"on":false,"why":"over"}' -r
eventually 20 locked 1 false && eventually 20 locked 3 false
ok $? "ends by a higher version"

# ---- a serial is announced ----

mkdir -p "$WORK/site/www"
echo 5 >"$WORK/site/www/current"
announce() # HOST: with its certificate
{
        run net_in inet "$FLEET" announce --broker mqtts://198.51.100.11 --broker mqtts://198.51.100.12 \
                --ca "$CERTS/ca.crt" --certificate "$CERTS/$1.crt" --key "$CERTS/$1.key" "$WORK/site"
}
announced() # BROKER
{
        mqtt "$1" h9 mosquitto_sub -i "sub$RANDOM" -t p25/all/serial -C 1 -W 60
}
announce fleet-control
is "$rc $out" "0 Serial 5 is announced" "announce"
is "$(announced 1) $(announced 2)" '{"serial":5} {"serial":5}' "both brokers have it"
announce h9
is "$rc" 1 "a host may not announce"
like "$err" "ACL" "and learns why"
run "$FLEET" announce --broker http://198.51.100.11 --ca x --certificate x --key x "$WORK/site"
is "$rc" 4 "a broker must be one"

# the three connections may be in two messages: a minute may have ended between them
viewed() # JQ: of the rows of host 1
{
        sed -n 's|^p25/hosts/h1/senders ||p' "$view_log" |
                jq -cs "[.[].rows[] | select(.destination == \"203.0.113.19\")] | $1"
}
all_viewed()
{
        [ "$(viewed 'map(.count) | add // 0')" -ge 3 ]
}
eventually 90 all_viewed
ok $? "a subscriber learns who sends"
is "$(viewed '[(map([.user, .verdict]) | unique), (map(.count) | add)]')" '[[["root","reject"]],3]' \
        "user, verdict and count" || diag "$(cat "$view_log")"
unlike "$(cat "$view_log")" "hosts/h2" "and nothing of a host that does not say it"
process_end "$viewer" TERM

# ---- brokers that go ----

process_end "${broker_pid[1]}" KILL
fleet_ctl 1 set add bans 203.0.113.11 for 1h >/dev/null
eventually 20 fleet_has 2 203.0.113.11
ok $? "one broker is killed: the other brings a ban"
echo 6 >"$WORK/site/www/current"
announce fleet-control
is "$rc $(announced 2)" '1 {"serial":6}' "a serial reaches the other broker, and announce fails"
like "$err" "198.51.100.11: " "naming the broker that is away"
fleet_broker_start 1
ok $? "it comes back"
ip -n m2 link set eth0 down
eventually 20 fleet_connected 1 3
fleet_ctl 1 set add bans 203.0.113.12 for 1h >/dev/null
eventually 20 fleet_has 3 203.0.113.12
ok $? "the other is cut off: the first brings a ban"
fleet_ctl 1 set remove bans 203.0.113.11 >/dev/null
eventually 20 fleet_lacks 3 203.0.113.11
ok $? "and takes one back, which the other still has"
ip -n m2 link set eth0 up
kept()
{
        mqtt "$1" h9 mosquitto_sub -i "sub$RANDOM" -t 'p25/hosts/h1/ban/+' -W 3 2>/dev/null
}
has_taken_back()
{
        kept 2 | grep -q '"gone":\["203.0.113.11"'
}
eventually 20 has_taken_back
ok $? "it gets that when it is back"
fleet_lacks 3 203.0.113.11
ok $? "and an old message opens or closes nothing"

# ---- a broker that sends garbage ----

seed=${P25_GARBAGE_SEED:-1}
diag "P25_GARBAGE_SEED=$seed"
cat >"$WORK/garbage.py" <<'PY'
import random, socket, ssl, sys

noise = random.Random(int(sys.argv[2])).randbytes
CONNACK, SUBACK = b"\x20\x03\x00\x00\x00", b"\x90\x05\x00\x01\x00\x01\x01"
KINDS = [
    lambda: noise(4096),
    lambda: b"HTTP/1.1 200 OK\r\n\r\n" * 100,
    lambda: CONNACK + noise(65536),
    lambda: CONNACK + SUBACK + noise(65536),
    lambda: CONNACK + b"\x30\xff\xff\xff\xff\xff",  # a length that is none
    lambda: CONNACK + b"\x30\xff\xff\xff\x7f" + bytes(8 << 20),  # 256 MB are said to come
    lambda: CONNACK + SUBACK + b"\x30\x07\x00\x09p25/a",  # a topic longer than its message
    lambda: b"\x20\x05\x00\x00\x02\x7f\x00",  # properties that the library does not know
    lambda: CONNACK + b"\xe0\x04\x00\x02\x7f\x00",
    lambda: CONNACK + SUBACK + b"\x40\x06\x00\x01\x00\x02\x7f\x00",
    lambda: CONNACK * 1000,
]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1] + "/broker.crt", sys.argv[1] + "/broker.key")
server = socket.create_server(("", 8883))
n = 0
while True:
    try:
        client = context.wrap_socket(server.accept()[0], server_side=True)
        client.settimeout(5)
        client.recv(4096)
        client.sendall(KINDS[n % len(KINDS)]())
        client.close()
    except OSError:
        pass
    n += 1
    print(n, flush=True)
PY
process_end "${broker_pid[2]}" KILL
nsenter --net=/run/netns/m2 -- python3 "$WORK/garbage.py" "$WORK/m2" "$seed" >"$WORK/garbage.log" 2>&1 &
garbage=$!
eventually 60 grep -q '^12$' "$WORK/garbage.log"
ok $? "hosts connect with a broker that sends garbage, again and again"
fleet_ctl 1 set add bans 203.0.113.18 for 1h >/dev/null
eventually 20 fleet_has 2 203.0.113.18
ok $? "the other broker brings a ban"
for number in 1 2 3; do
        at_most "$(awk '/^VmHWM/ { print $2 }' "/proc/${fleet_pid[$number]}/status")" 60000 \
                "p25-fleet of host $number lives, and was never large"
done
process_end "$garbage" TERM
fleet_broker_start 2
back() # HOST
{
        [ "$(fleet_status "$1" '.brokers | map(select(.connected)) | length')" = 2 ]
}
for number in 1 2 3; do
        eventually 60 back $number
        ok $? "host $number is connected with the real one when that is back"
done
has_kept()
{
        kept 2 | grep -q 203.0.113.18
}
eventually 20 has_kept
ok $? "which gets what was banned meanwhile"

# ---- documents that are announced ----

rm -r "$WORK/site"
mkdir -p "$WORK/site/groups/all/sets"
echo 203.0.113.16 >"$WORK/site/groups/all/sets/blocked.txt"
(cd "$WORK" && minisign -G -W -f -p key.pub -s key.sec) >"$WORK/out"
"$fleet_files/certificates" "$CERTS" server web 198.51.100.1
cat >"$WORK/web.py" <<'PY'
import http.server, ssl, sys

class Files(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1] + ".crt", sys.argv[1] + ".key")
server = http.server.ThreadingHTTPServer(("198.51.100.1", 443),
    lambda *a: Files(*a, directory=sys.argv[2]))
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
PY
serial_make()
{
        "$FLEET" publish --key "$WORK/key.sec" "$@" "$WORK/site" >"$WORK/out"
}
serial_make --serial 10
nsenter --net=/run/netns/inet -- python3 "$WORK/web.py" "$CERTS/web" "$WORK/site/www" 2>"$WORK/web.log" &
web=$!
eventually 20 fleet_listens inet 443
cat >>"$WORK/h2/root/etc/p25/fleet.conf" <<CONF
documents = {
  url = "https://198.51.100.1/"; ca = "$CERTS/ca.crt"; keys = [ "$(tail -n 1 "$WORK/key.pub")" ];
  sets = [ "blocked" ]; interval = 3600;
};
CONF
mkdir -p "$WORK/h2/root/var/lib/p25-fleet"
fleet_stop 2
fleet_start 2
serial_is() # N
{
        [ "$("$FLEET" --root "$WORK/h2/root" status --json 2>"$WORK/null" | jq .documents.serial)" = "$1" ]
}
eventually 20 serial_is 10
ok $? "a host that looks once an hour has serial 10"
echo 203.0.113.17 >>"$WORK/site/groups/all/sets/blocked.txt"
serial_make
began=${EPOCHREALTIME/./}
announce fleet-control
eventually 20 serial_is 11
ok $? "it has serial 11 when that is announced"
diag "in force $(((${EPOCHREALTIME/./} - began) / 1000)) ms after announce began"
like "$(fleet_ctl 2 set show blocked)" "203.0.113.17" "with what is new"
process_end "$web" TERM

# ---- hosts that go ----

watch_log=$WORK/alive.log
mqtt 1 h9 mosquitto_sub -i watcher -t 'p25/hosts/+/alive' -v >"$watch_log" 2>&1 &
watcher=$!
eventually 20 grep -q '^p25/hosts/h3/alive {"alive":true}' "$watch_log"
ok $? "a host that is there says so"
status() # HOST [SECONDS]: of p25-fleet, as it is so many seconds later
{
        run env LD_PRELOAD="$PWD/${BUILD:-build}/tests/lib/wrong_clock.so" CLOCK_OFFSET="${2-0}" \
                "$FLEET" --root "$WORK/h$1/root" status
}
status 3
is "$rc" 0 "its status is good" || diag "$out"
like "$out" $'Broker: +mqtts://198.51.100.11, connected\nBroker: +mqtts://198.51.100.12, connected\nBans: +[1-9][0-9]* of other hosts, [0-9]+ of this host' \
        "with brokers and bans"
like "$(fleet_ctl 3 --root "$WORK/h3/root" status)" 'Fleet: 2 of 2 brokers' "p25ctl status has it too"
fleet_stop 3 KILL
eventually 20 grep -q '^p25/hosts/h3/alive {"alive":false}' "$watch_log"
ok $? "a host whose p25-fleet is killed is known as gone"
status 3 300
is "$rc" 1 "and after three minutes by its own status"
like "$out" $'NOT RUNNING, last status: (5|6) min ago\n.*198.51.100.11, not connected' "which says so"
process_end "$watcher" TERM
is "$(fleet_knock 3 203.0.113.12)" filtered "its bans hold"
fleet_ctl 3 set add bans 203.0.113.13 for 1h >/dev/null
fleet_ctl 1 set add bans 203.0.113.14 for 1h >/dev/null
fleet_start 3
eventually 20 fleet_has 3 203.0.113.14
ok $? "back again, it has what was banned meanwhile"
eventually 20 fleet_has 1 203.0.113.13
ok $? "and publishes what it banned meanwhile"
signal KILL "${fleet_p25d[2]}"
eventually 10 process_gone "${fleet_p25d[2]}"
fleet_ctl 1 set add bans 203.0.113.15 for 1h >/dev/null
eventually 20 fleet_has 3 203.0.113.15
fleet_p25d_start 2
ok $? "p25d of host 2 was killed and starts again"
eventually 20 fleet_has 2 203.0.113.15
ok $? "it gets the ban that came while it was away"

# ---- a storm ----

for i in $(seq 0 5999); do echo "+10.$((i / 250)).$((i % 250)).1 for 1h"; done >"$WORK/storm"
fleet_in 1 "$P25CTL" -q set feed bans <"$WORK/storm" >/dev/null
ok $? "6,000 bans on host 1"
has_storm()
{
        [ "$(fleet_ctl "$1" set show fleet | grep -c '^10\.')" = 6000 ]
}
eventually 20 has_storm 2 && eventually 20 has_storm 3
ok $? "all of them are on hosts 2 and 3"
at_most "$(kept 1 | wc -l)" 100 "in a few messages"
for number in 1 2 3; do
        fleet_stop "$number"
        ok $? "p25-fleet of host $number ends"
done
status 1
like "$rc $out" "^1 .*NOT RUNNING" "its status says so at once"
like "$(fleet_ctl 1 --root "$WORK/h1/root" status)" 'Fleet: p25-fleet is NOT RUNNING, its last status is of [0-9ms]+ ago: ' \
        "and that of p25ctl"
run "$FLEET" --root "$WORK/h1/root" status --json
is "$rc" 1 "with --json too"
done_testing
