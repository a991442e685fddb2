#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kill -9 of every part of a fleet in its turn: both brokers, the web server, p25-fleet, p25d, and
# `p25-fleet publish` at each of its calls that change a file. Meanwhile nothing opens; when the part is
# back, all have what was banned and published without it.
. "$(dirname "$0")/../lib/e2e.sh"
. tests/lib/brokers.sh

fleet_needs mosquitto nginx strace
fleet_net
fleet_brokers_start
ok $? "two brokers"
www=$WORK/site/www
fleet_web_start
ok $? "the web server has serial 1"
for number in 1 2; do
        fleet_host_start "$number" 1 </dev/null
        ok $? "host $number"
        fleet_joins "$number" 1
done
fleet_ctl 1 set add bans 203.0.113.1 for 1h >/dev/null
eventually 20 fleet_has 2 203.0.113.1
ok $? "host 2 has a ban of host 1"

# ---- whatever runs ----

worker_kill()
{
        local worker
        worker=$(pgrep -P "$nginx")
        signal KILL "$worker" && eventually 10 process_gone "$worker"
}
# both: the master's sockets stay open in a worker whose master is gone
web_kill()
{
        local worker
        worker=$(pgrep -P "$nginx")
        process_end "$nginx" KILL && process_end "$worker" KILL
}
both_kill()
{
        process_end "${broker_pid[1]}" KILL && process_end "${broker_pid[2]}" KILL
}
both_start()
{
        fleet_broker_start 1 && fleet_broker_start 2
}
serial=1 n=1
while IFS='|' read -r name kill start; do
        n=$((n + 1)) serial=$((serial + 1))
        fleet_ctl 2 set add bans "203.0.113.$((n + 1))" for 1h >/dev/null
        eval "$kill" 2>"$WORK/null"
        ok $? "$name is killed"
        fleet_ctl 1 set add bans "10.7.$n.1" for 1h >/dev/null
        echo "10.8.$n.1" >>"$fleet_blocked"
        fleet_publish
        ok $? "$name: meanwhile host 1 bans, and serial $serial is published"
        fleet_holds 2 "$name is killed"
        eval "$start"
        ok $? "$name is started again"
        eventually 30 fleet_has 2 "10.7.$n.1"
        ok $? "$name: host 2 has the ban"
        eventually 30 fleet_has 1 "203.0.113.$((n + 1))"
        ok $? "$name: and host 1 the one that host 2 took before"
        for number in 1 2; do
                eventually 60 fleet_serial_is "$number" "$serial"
                ok $? "$name: host $number has serial $serial"
        done
        fleet_holds 2 "$name is back"
done <<'PARTS'
broker 1|process_end "${broker_pid[1]}" KILL|fleet_broker_start 1
broker 2|process_end "${broker_pid[2]}" KILL|fleet_broker_start 2
both brokers|both_kill|both_start
a worker of nginx|worker_kill|web_answers
nginx|web_kill|web_start "$www" </dev/null
p25-fleet of host 2|fleet_stop 2 KILL|fleet_start 2
p25d of host 2|process_end "${fleet_p25d[2]}" KILL|fleet_p25d_start 2
PARTS

# ---- whoever publishes ----

# What the web server serves now is whole: signed, and every part has its hash.
served_is_whole()
{
        local current sha
        current=$(cat "$www/current")
        minisign -V -q -m "$www/manifest-$current.json" -x "$www/manifest-$current.json".*.minisig \
                -p "$WORK/key.pub" || return
        for sha in $(jq -r '.parts[].sha256' "$www/manifest-$current.json"); do
                [ "$(gzip -dc "$www/part-$sha.gz" | sha256sum | cut -d' ' -f1)" = "$sha" ] || return
        done
}
calls=write,fsync,fdatasync,rename,renameat,renameat2,link,linkat,unlink,unlinkat,mkdir,mkdirat
echo "10.9.0.0/24" >>"$fleet_blocked"
strace -f -o "$WORK/trace" -e signal=none -e trace=$calls true 2>"$WORK/null"
ok $? "system calls can be followed"
killed=0 broken=
# strace counts each call by its name
for call in ${calls//,/ }; do
        for ((n = 1; n < 100; n++)); do
                before=$(cat "$www/current")
                echo "10.10.$((killed / 250)).$((killed % 250))" >>"$fleet_blocked"
                (exec strace -f -o "$WORK/trace" -e signal=none -e trace="$call" \
                        -e inject="$call:signal=KILL:when=$n" "$FLEET" publish --key "$WORK/key.sec" "$WORK/site") \
                        >"$WORK/out" 2>"$WORK/err"
                status=$?
                served_is_whole || broken+=" $call:$n"
                [ "$(cat "$www/current")" -ge "$before" ] || broken+=" back:$call:$n"
                [ "$status" != 0 ] || break
                killed=$((killed + 1))
        done
        is "$status" 0 "killed at each $call, at last it is through"
done 2>"$WORK/killed"
between "$killed" 10 400 "publish is killed at each of its calls that change something"
diag "$killed calls"
is "$broken" "" "a whole serial is served each time, and never an older one"
serial=$(cat "$www/current")
for number in 1 2; do
        eventually 60 fleet_serial_is "$number" "$serial"
        ok $? "host $number has the last serial"
done
is "$(find "$www" -name '*.tmp*' -o -name '.*' -type f | wc -l)" 0 "nothing half made stays behind"
diag "$(find "$www" | wc -l) files"
eventually 20 eval '[ -z "$(fleet_status 1 ".documents.problem // \"\"")" ]'
ok $? "host 1 has no problem with it"
diag "$(fleet_status 1 .documents)"
is "$(fleet_says 1 'not a signature|SHA-256|damaged|not valid')" 0 "no host has met anything half made"
fleet_holds 2 "after all of it"
for number in 1 2; do
        fleet_stop "$number"
        ok $? "p25-fleet of host $number ends"
done
done_testing
