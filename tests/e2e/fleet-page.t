#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# "A fleet in fifteen minutes", p25-fleet(7), word by word: its blocks are run in their order. What
# stands for other machines is a function here: rsync copies to the folder of the web server, scp and ssh
# to folders of the other machines, systemctl starts p25-fleet below the test's root, and brokers. The web
# server and the brokers have the examples' configuration. Then what init writes, and the rule of polkit.
. "$(dirname "$0")/../lib/e2e.sh"

# shellcheck source=tests/lib/fleet.sh
. tests/lib/fleet.sh

if ! fleet_is_possible || ! command -v mosquitto >/dev/null || ! command -v curl >/dev/null; then
        skip "a fleet" "${fleet_missing:-mosquitto or curl is not installed}"
        done_testing
        exit
fi

page=$PWD/packaging/man/p25-fleet.7
blocks=$(awk -v "to=$WORK/block" '
        /^\.Ed/ { close(file); file = "" }
        file { gsub(/\\e/, "\\"); print >file }
        /^\.Bd -literal/ { file = to "-" ++n }
        END { print n }' "$page")
is "$blocks" 13 "the page has thirteen blocks"

rsync()
{
        case $* in
        *" --exclude current "*) find fleet/www -type f ! -name current -exec cp -p {} "$WORK/srv" \; ;;
        *) cp -p fleet/www/current "$WORK/srv" ;;
        esac
}
systemctl()
{
        [ -z "${fleet-}" ] || fleet_stop
        fleet_start
}
# The folder that is the root of another machine; the host's is that of p25.
machine() # NAME
{
        case $1 in mx1.*) echo "$ROOT" ;; *) echo "$WORK/at/$1" ;; esac
}
scp() # FILE HOST:FILE
{
        local place
        place=$(machine "${2%%:*}")${2#*:}
        mkdir -p "$(dirname "$place")" && cp "$1" "$place"
}
ssh() # HOST COMMAND
{
        local there
        there=$(machine "$1")
        case $2 in
        'systemctl restart mosquitto') broker_start "$1" "$there" ;;
        'chown '*) [ "$(wc -w <<<"$2")" -ge 3 ] ;;
        *) eval "${2//\/etc\//$there/etc/}" ;;
        esac
}
brokers=()
broker_start() # NAME ROOT: each on an address of its own
{
        mkdir -p "$2/var/lib/mosquitto"
        sed -i "s|/etc/mosquitto|$2&|; s|/var/lib/mosquitto|$2&|; s|^listener 8883|& ${broker_address[$1]}|" \
                "$2/etc/mosquitto/conf.d/p25-fleet.conf"
        printf 'user root\n' >>"$2/etc/mosquitto/conf.d/p25-fleet.conf"
        nsenter --net=/run/netns/inet -- mosquitto -c "$2/etc/mosquitto/conf.d/p25-fleet.conf" >>"$WORK/$1.log" 2>&1 &
        brokers+=($!)
}
declare -A broker_address=([broker1.example.net]=$WEB [broker2.example.net]=198.51.100.3)
p25-fleet()
{
        if [ "$1" = announce ]; then # who says so stands where the brokers are
                net_in inet "$P25_FLEET" "$@"
        else
                "$P25_FLEET" --root "$ROOT" "$@"
        fi
}
p25ctl()
{
        net_in host "$P25CTL" "$@"
}
block() # N: runs it; its output is in $WORK/said
{
        sed -i "s|KEY|$(tail -n 1 fleet.pub 2>"$WORK/null")|; s|/usr/share/doc/p25-fleet/examples|$tests/packaging/examples/fleet|" \
                "$WORK/block-$1"
        # shellcheck disable=SC1090
        . "$WORK/block-$1" >"$WORK/said" 2>&1 </dev/null && ! grep -q '^ERROR' "$WORK/said"
        ok $? "block $1: $(head -n 1 "$WORK/block-$1")"
        diag "$(tail -n 5 "$WORK/said")"
}

net_world
listen host 25
fleet_certificates policy.example.net web
{ cat /etc/hosts; echo "$WEB policy.example.net broker1.example.net"; echo "198.51.100.3 broker2.example.net"; } >"$WORK/hosts"
# the system's certificates are a folder with names by hash, and all of them in one file
mkdir "$WORK/certs" && cp "$FLEET/tls/ca.pem" "$WORK/certs/ca.pem" && openssl rehash "$WORK/certs" &&
        : >"$WORK/certs/ca-certificates.crt"
mount --bind "$WORK/hosts" /etc/hosts && mount --bind "$WORK/certs" /etc/ssl/certs
ok $? "the name and the CA of the web server are known"
cp "$FLEET/tls/policy.example.net.pem" "$FLEET/tls/web.pem"
cp "$FLEET/tls/policy.example.net.key" "$FLEET/tls/web.key"
mkdir "$WORK/srv" "$WORK/page"
sed -e "s|/srv/fleet|$WORK/srv|; s|/etc/nginx/certs/server.crt|$web_certificate|; s|/etc/nginx/certs/server.key|$web_key|" \
        packaging/examples/fleet/nginx.conf >"$WORK/server.conf"
# shellcheck disable=SC2034 # web.sh uses it
web_server=$WORK/server.conf
web_start "$WORK/srv"
ok $? "the web server runs"
p25_host </dev/null
ok $? "p25d runs"
mkdir -p "$ROOT/var/lib/p25-fleet"

tests=$PWD
cd "$WORK/page" || exit
block 1
block 2
like "$(cat "$WORK/said")" 'Serial 1: 2 parts' "serial 1"
block 3
# the last two commands of the block come before the serial is there: they must work, no more
sed -i '/^p25-fleet status/,$d' "$WORK/block-4"
block 4
eventually 60 serial_is 1
ok $? "the host takes serial 1"
p25-fleet status >"$WORK/said"
is "$?" 0 "status: all is well"
like "$(cat "$WORK/said")" $'Serial: +1, in force for .*\nValid: +for ' "and says so"
expect "a listed address is dropped" inet filtered -t 300 -s 203.0.113.7 198.51.100.1 25
is "$(sed -n '/^assert/p' "$WORK/block-5" | tee -a "$CONF" | wc -l)" 1 "the assertion, into p25.conf"
run_ctl reload
is "$rc" 0 "is taken"
block 6
block 3
eventually 60 serial_is 2
ok $? "the change arrives"
is "$(ctl set show fleet-blocked)" "203.0.113.7
203.0.113.8" "with its entry"
echo 198.51.100.3 >>fleet/groups/all/sets/fleet-blocked.txt
p25-fleet publish --key fleet.key fleet >/dev/null && block 3
eventually 60 problem_is 'p25d refuses serial 3: .*assert'
ok $? "assertions of the host stand above"
sed -i /198.51.100.3/d fleet/groups/all/sets/fleet-blocked.txt

# ---- the web server's headers ----

header() # FILE [OPTION...]
{
        net_in inet curl -s -o "$WORK/null" -D - --cacert "$FLEET/tls/ca.pem" "${@:2}" "https://policy.example.net/$1"
}
like "$(header current)" 'Cache-Control: no-cache' "no cache keeps the serial"
like "$(header manifest-2.json)" 'Cache-Control: public, max-age=[0-9]+, immutable' "caches keep all others"
tag=$(header current | sed -n 's/^ETag: \(.*\)\r$/\1/p')
like "$(header current -H "If-None-Match: $tag")" '^HTTP/1.1 304' "a look costs a 304"

# ---- bans ----

block 7
block 8
is "${#brokers[@]}" 2 "two brokers run"
block 9
sed -i "s|/etc/p25|$ROOT&|" "$WORK/block-10"
block 10
connected()
{
        [ "$(fleet_status '[.brokers[].connected] | map(select(.)) | length')" = 2 ]
}
eventually 30 connected
ok $? "the host has found both brokers"
diag "$(fleet_status .brokers)"
block 11
like "$(cat "$WORK/said")" $'mqtts://broker1.example.net, connected\n.*broker2.example.net, connected\nBans: ' "p25-fleet status"
like "$(ctl --root "$ROOT" status)" 'Fleet: serial 2, .*, 2 of 2 brokers' "p25ctl status"
expect "a ban holds on its host" inet filtered -t 300 -s 203.0.113.7 198.51.100.1 25
as() # NAME BROKER COMMAND...: as that host
{
        net_in inet "$3" -h "$2" -p 8883 --cafile pki/ca.crt --cert "pki/$1.crt" --key "pki/$1.key" -V mqttv5 -q 1 "${@:4}"
}
for number in 1 2; do
        published()
        {
                as fleet-control "broker$number.example.net" mosquitto_sub -i "sub$number" -t 'p25/hosts/mx1.example.net/ban/+' -C 1 -W 5 |
                        grep -F '"why":"tries passwords","bans":["203.0.113.9"]'
        }
        eventually 30 published
        ok $? "broker $number has it for all others, with the reason"
done
"$tests/packaging/examples/fleet/certificates" pki host mx2.example.net
as mx2.example.net broker1.example.net mosquitto_pub -t p25/hosts/mx2.example.net/ban/1 -r -D publish message-expiry-interval 3600 \
        -m '{"version":1,"who":"uid 0","why":"test","bans":["198.51.100.2"]}'
shut() { [ "$(connect inet -t 300 -s 198.51.100.2 198.51.100.1 25)" = filtered ]; }
eventually 30 shut
ok $? "a ban of another host holds here"
as mx2.example.net broker1.example.net mosquitto_pub -t p25/hosts/mx2.example.net/ban/1 -r -D publish message-expiry-interval 3600 \
        -m '{"version":2,"who":"uid 0","why":"test","bans":[],"gone":["198.51.100.2"]}'
eventually 30 eval '! shut'
ok $? "and ends when it is taken back"
block 12
like "$(cat "$WORK/said")" 'Serial [0-9]+ is announced' "the serial is announced"

# ---- a change of keys ----

block 13
block 3
eventually 60 serial_is 4
ok $? "two keys"
is "$(find fleet/www -name 'manifest-4.json.*.minisig' | wc -l)" 2 "two signatures"
fleet_stop
mv "$WORK/certs/ca.pem" "$WORK/certs/ca-certificates.crt" && find "$WORK/certs" -name '*.0' -delete
p25-fleet publish --key fleet.key --force fleet >"$WORK/null" && block 3
fleet_start
eventually 60 serial_is 5
ok $? "a system with its certificates in one file only"
fleet_stop
for pid in "${brokers[@]}"; do process_end "$pid" TERM; done
cd "$tests" || exit

# ---- init and may ----

run p25-fleet init https://other.example/ "$(tail -n 1 "$WORK/page/new.pub")"
is "$rc" 1 "init replaces nothing"
like "$err" "it is there already" "and says so"
rm "$ROOT/etc/p25/fleet.conf"
run p25-fleet init http://other.example/ "$(tail -n 1 "$WORK/page/new.pub")"
is "$rc" 4 "a url without TLS"
[ ! -e "$ROOT/etc/p25/fleet.conf" ]
ok $? "writes nothing"
run p25-fleet init https://other.example/ "$(tail -n 1 "$WORK/page/new.pub")"
is "$rc" 0 "init writes"
sed -i '/^#live/,$s/^#//' "$ROOT/etc/p25/fleet.conf"
run p25-fleet check
is "$rc $err" "0 " "its explained settings of live are valid too"
may() # WANTED WORD...
{
        run p25-fleet may "${@:2}"
        is "$rc" "$1" "may ${*:2}: $1"
}
may 0 set fleet-blocked
may 0 set fleet-bans
may 1 set other
may 0 fragment fleet
may 1 fragment fleet-blocked
may 1 lockdown
may 1 view
may 4 rules
sed -i 's/lockdown = false/lockdown = true/' "$ROOT/etc/p25/fleet.conf"
may 0 lockdown
sed -i 's/view = false/view = true/' "$ROOT/etc/p25/fleet.conf"
may 0 view

# ---- the manuals ----

settings=$(sed -nE 's/^ +\{ "([a-z]+)", read_[a-z]+, (DOCUMENTS|LIVE|offsetof)\(.*/\1/p' daemon/fleet/config.c)
between "$(wc -w <<<"$settings")" 10 20 "the table of settings is read"
for setting in $settings; do
        grep -qE "\b$setting =" packaging/man/fleet.conf.5
        ok $? "fleet.conf(5) has $setting"
done
for verb in $("$P25_FLEET" --help | sed -n 's/^  \([a-z]\+\) .*/\1/p'); do
        grep -q "^\.It Cm $verb" packaging/man/p25-fleet.8
        ok $? "p25-fleet(8) has $verb"
done
sed -n '/^\.Bd/,/^\.Ed/{ /^\./d; p }' packaging/man/fleet.conf.5 >"$WORK/example"
run "$P25_FLEET" check "$WORK/example"
is "$rc" 0 "the example of fleet.conf(5) is valid"
diag "$err"

run systemd-analyze security --offline=true --threshold=11 packaging/systemd/p25-fleet.service
is "$rc" 0 "the unit's exposure is at most 1.1"
diag "$(tail -n 1 <<<"$out")"
done_testing
