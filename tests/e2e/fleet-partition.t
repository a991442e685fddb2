#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A fleet whose parts do not reach each other: packets are dropped without an answer, between a host and
# either broker, a host and the web server, whoever publishes and the web server. Between p25-fleet and
# p25d there are no packets: there each of the two, and the bus, is stopped in its turn. Meanwhile
# nothing opens; afterwards all have everything that was acknowledged.
. "$(dirname "$0")/../lib/e2e.sh"
. tests/lib/brokers.sh

fleet_needs mosquitto mosquitto_sub nginx
fleet_net
fleet_web_make
fleet_certificate host fleet-control
fleet_certificate host h9
fleet_brokers_start
ok $? "two brokers"
echo 203.0.113.16 >"$fleet_blocked"
fleet_publish
mkdir -m 777 "$WORK/srv"
cp "$WORK"/site/www/* "$WORK/srv/"
# who publishes copies files with PUT: a file is replaced when all of it has come
web_start "$WORK/srv" <<<"dav_methods PUT; client_max_body_size 100m;"
ok $? "the web server runs"
for number in 1 2; do
        fleet_host_start "$number" 1 </dev/null
        ok $? "host $number"
        fleet_joins "$number" 1
done
host2=198.51.100.102
fleet_ctl 1 set add bans 203.0.113.1 for 1h >/dev/null
eventually 20 fleet_has 2 203.0.113.1
ok $? "host 2 has a ban of host 1"
fleet_holds 2 "before"
# The messages that a broker keeps of a host's bans.
kept() # BROKER HOST
{
        net_in inet mosquitto_sub -h "198.51.100.1$1" -p 8883 --cafile "$CERTS/ca.crt" --cert "$CERTS/h9.crt" \
                --key "$CERTS/h9.key" -V mqttv5 -q 1 -i "sub$RANDOM" -t "p25/hosts/h$2/ban/+" -W 3 2>/dev/null
}
keeps() # BROKER HOST ADDRESS
{
        kept "$1" "$2" | grep -qF "\"$3\""
}

# ---- a host and one broker ----

for broker in 1 2; do
        before=$(fleet_says 2 ': connected$')
        fleet_cut "m$broker" $host2
        fleet_ctl 1 set add bans "203.0.113.2$broker" for 1h >/dev/null
        eventually 20 fleet_has 2 "203.0.113.2$broker"
        ok $? "host 2 and broker $broker: the other broker brings a ban"
        fleet_ctl 2 set add bans "203.0.113.3$broker" for 1h >/dev/null
        eventually 20 fleet_has 1 "203.0.113.3$broker"
        ok $? "host 2 and broker $broker: and takes one"
        gone() # BROKER
        {
                [ "$(fleet_status 2 ".brokers[$((broker - 1))].connected")" = false ]
        }
        eventually 40 gone
        ok $? "host 2 and broker $broker: status says that it is away"
        fleet_holds 2 "host 2 and broker $broker"
        fleet_mend "m$broker"
        eventually 30 fleet_connected 2 $((before + 1))
        ok $? "host 2 and broker $broker: they find each other again"
        eventually 20 keeps "$broker" 2 "203.0.113.3$broker"
        ok $? "host 2 and broker $broker: which gets what it missed"
done

# ---- a host and both brokers ----

before=$(fleet_says 2 ': connected$')
fleet_cut m1 $host2
fleet_cut m2 $host2
fleet_ctl 1 set add bans 203.0.113.40 for 1h >/dev/null
run fleet_ctl 2 set add bans 203.0.113.8 for 1h
is "$rc" 0 "host 2 alone: a ban of its own is taken"
is "$(fleet_knock 2 203.0.113.8 -t 300)" filtered "and holds at once"
fleet_ctl 1 set remove bans 203.0.113.1 >/dev/null
eventually 40 eval '[ "$(fleet_status 2 ".brokers | map(select(.connected)) | length")" = 0 ]'
ok $? "it knows that it is alone"
fleet_holds 2 "host 2 alone"
fleet_lacks 2 203.0.113.40 && fleet_lacks 1 203.0.113.8
ok $? "nothing passes"
fleet_mend m1
fleet_mend m2
eventually 30 fleet_connected 2 $((before + 2))
ok $? "it finds both again"
eventually 20 fleet_has 2 203.0.113.40
ok $? "it has what the other banned meanwhile"
eventually 20 fleet_lacks 2 203.0.113.1
ok $? "no more what the other took back"
eventually 20 fleet_has 1 203.0.113.8
ok $? "and the other has its own"
fleet_ctl 1 set add bans 203.0.113.1 for 1h >/dev/null
eventually 20 fleet_has 2 203.0.113.1

# ---- a host and the web server ----

fleet_cut web $host2
echo 203.0.113.17 >>"$fleet_blocked"
fleet_publish
cp "$WORK"/site/www/* "$WORK/srv/"
fleet_announce inet >"$WORK/out" 2>&1
ok $? "host 2 and the web server: serial 2 is announced"
eventually 30 fleet_serial_is 1 2
ok $? "host 1 has it"
problem() # REGEX
{
        [[ $(fleet_status 2 '.documents.problem // ""') =~ $1 ]]
}
eventually 60 problem 'current: .*([Tt]ime|slow|connect)'
ok $? "host 2 reports that the server does not answer"
diag "$(fleet_status 2 .documents)"
fleet_serial_is 2 1
ok $? "and keeps serial 1"
fleet_holds 2 "host 2 and the web server"
fleet_mend web
eventually 60 fleet_serial_is 2 2
ok $? "afterwards it has serial 2"
is "$(fleet_knock 2 203.0.113.17 -t 300)" filtered "and drops whom that adds"

# ---- p25-fleet and p25d ----

signal STOP "${fleet_p25d[2]}"
fleet_ctl 1 set add bans 203.0.113.50 for 1h >/dev/null
echo 203.0.113.18 >>"$fleet_blocked"
fleet_publish
cp "$WORK"/site/www/* "$WORK/srv/"
eventually 30 fleet_serial_is 1 3
ok $? "p25d of host 2 is stopped: host 1 has another ban and serial 3"
fleet_serial_is 2 2
ok $? "host 2 does not say that it has"
fleet_holds 2 "p25d of host 2 is stopped"
signal CONT "${fleet_p25d[2]}"
eventually 60 fleet_has 2 203.0.113.50
ok $? "it goes on: it has the ban"
eventually 60 fleet_serial_is 2 3
ok $? "and the serial"
is "$(fleet_knock 2 203.0.113.18 -t 300)" filtered "and drops whom that adds"

signal STOP "${fleet_pid[2]}"
fleet_ctl 2 set add bans 203.0.113.9 for 1h >/dev/null
fleet_ctl 1 set add bans 203.0.113.52 for 1h >/dev/null
fleet_holds 2 "p25-fleet of host 2 is stopped"
is "$(fleet_knock 2 203.0.113.9 -t 300)" filtered "its own ban holds"
signal CONT "${fleet_pid[2]}"
eventually 60 fleet_has 1 203.0.113.9
ok $? "it goes on: host 1 has the ban"
eventually 60 fleet_has 2 203.0.113.52
ok $? "and host 2 has the one of host 1"

bus=$(cat "$WORK/h2/bus.pid")
signal STOP "$bus"
fleet_ctl 1 set add bans 203.0.113.53 for 1h >/dev/null
eventually 20 keeps 1 1 203.0.113.53
fleet_holds 2 "the bus of host 2 is stopped"
signal CONT "$bus"
eventually 60 fleet_has 2 203.0.113.53
ok $? "it goes on: host 2 has what was banned meanwhile"

# ---- whoever publishes, and the web server ----

fleet_node pub 198.51.100.30
cat >"$WORK/put.py" <<'PY'
import os, ssl, sys, urllib.request

context = ssl.create_default_context(cafile=sys.argv[1])
for path in sys.argv[3:]:
    request = urllib.request.Request(sys.argv[2] + os.path.basename(path), open(path, "rb").read(), method="PUT")
    urllib.request.urlopen(request, context=context, timeout=int(os.environ.get("PATIENCE", 60)))
PY
put() # FILE...
{
        net_in pub python3 "$WORK/put.py" "$CERTS/ca.crt" "https://$WEB/" "$@" 2>"$WORK/put.log"
}
serial=3
for after in nothing parts manifest; do
        echo "203.0.113.$((60 + serial))" >>"$fleet_blocked"
        fleet_publish
        www=$WORK/site/www
        case $after in
        nothing) files=() ;;
        parts) files=("$www"/part-*) ;;
        manifest) files=("$www"/part-* "$www"/manifest-*) ;;
        esac
        [ ${#files[@]} = 0 ] || put "${files[@]}"
        ok $? "cut after $after was copied"
        fleet_cut web 198.51.100.30
        ! PATIENCE=3 put "$www"/part-* "$www"/manifest-* "$www/current"
        ok $? "the rest is not"
        asked=$(grep -c 'GET /current' "$WORK/access.log")
        asked_more() { [ "$(grep -c 'GET /current' "$WORK/access.log")" -ge $((asked + 4)) ]; }
        eventually 20 asked_more
        is "$(fleet_status 2 .documents.serial) $(fleet_status 2 '.documents.problem // ""')" "$serial " \
                "serial $serial stays, and nothing is wrong with it"
        fleet_holds 2 "whoever publishes is cut off after $after"
        fleet_mend web
        serial=$((serial + 1))
        put "$www"/part-* "$www"/manifest-* "$www/current"
        ok $? "all is copied"
        diag "$(tail -n 1 "$WORK/put.log")"
        for number in 1 2; do
                eventually 60 fleet_serial_is "$number" $serial
                ok $? "host $number has serial $serial"
        done
done
fleet_cut m1 198.51.100.30
fleet_announce pub 2>"$WORK/err" >"$WORK/out"
is "$?" 1 "whoever announces is cut off from a broker: announce fails"
like "$(cat "$WORK/err")" "198.51.100.11: " "naming it"
fleet_mend m1
fleet_announce pub 2>"$WORK/err" >"$WORK/out"
ok $? "and succeeds afterwards"
for number in 1 2; do
        fleet_stop "$number"
        ok $? "p25-fleet of host $number ends"
done
done_testing
