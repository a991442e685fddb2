#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# attribution = "process": which process opened a refused connection, however short it lives; and
# whatever becomes of p25d, the policy decides.
. "$(dirname "$0")/../lib/e2e.sh"

net_world
if [ "$backend" != nftables ]; then
        p25_host <<<'default = { outgoing = "reject"; };'
        echo 'attribution = "process";' >>"$CONF"
        lack='attribution = "process" needs backend = "nftables"'
        before=$(net_in host iptables-legacy-save | sed 's/\[.*//; /^#/d')
        # however iptables came to be the backend
        for named in '' 'backend = "iptables";'; do
                sed -i '/^backend/d' "$CONF"
                echo "$named" >>"$CONF"
                run_ctl reload
                is "$rc" 4 "iptables cannot hold connections: ${named:-the backend is found}"
                like "$err" "$lack" "the error names what is missing"
                is "$(net_in host iptables-legacy-save | sed 's/\[.*//; /^#/d')" "$before" "nothing has changed"
        done
        run_ctl check "$CONF"
        like "$rc $out$err" "^4 .*$lack" "check names it"
        run_ctl --root "$ROOT" check "$CONF"
        like "$rc $out$err" "^4 .*$lack" "without p25d too"
        p25d_stop
        p25d_start
        ok $? "p25d starts with such a file"
        run_ctl status
        like "$rc $out" "^0 Status: active.*$lack" "with the policy that was good last, and says why"
        run_ctl lockdown on
        is "$rc" 0 "a lockdown comes into force"
        is "$(connect host 198.51.100.2 25)" closed "and refuses"
        done_testing
        exit
fi
p25_host <<'CONF'
attribution = "process";
default = { outgoing = "reject"; };
rules = ( { action = "deny"; direction = "out"; to = [ "198.51.100.4" ]; },
          { action = "allow"; direction = "out"; to = [ "203.0.113.0/24", "2001:db8:2::/64" ]; } );
CONF
ok $? "p25d starts"
asker()
{
        pgrep -P "$p25d" -f hold-connections
}
# it does when the kernel has it as the reader
reads()
{
        local pid
        pid=$(asker) && net_in host awk -v pid="$pid" '$1 == 25 && $2 == pid { found = 1 } END { exit !found }' \
                /proc/net/netfilter/nfnetlink_queue
}
eventually 10 reads
ok $? "with a process that reads the queue"

events()
{
        ctl events --json -n 2000 | jq -c "[.[] | select($1)]"
}
attempts()
{
        events "$1" | jq '[.[].count] | add // 0'
}
seen() # N FILTER
{
        [ "$(attempts "$2")" -ge "$1" ]
}
# so many processes, each of which connects once; their numbers are in $WORK/pids
processes() # N ADDRESS [PORT]
{
        net_in host bash -c 'for ((i = 0; i < $1; i++)); do
                ( echo $BASHPID; exec 2>&-; exec 3<>/dev/tcp/$2/$3 )
        done' spam "$1" "$2" "${3:-25}" >"$WORK/pids"
}
named() # ADDRESS: how many of $WORK/pids are in an event
{
        events ".destination_address == \"$1\" and has(\"pid\")" | jq '.[].pid' | sort -u |
                comm -12 - <(sort -u "$WORK/pids") | wc -l
}

# The same, from a command that dials once: again until the look was in time, as a busy machine may need
# longer for one than a connection waits.
dials_named() # ADDRESS COMMAND...
{
        local address=$1 try
        shift
        for try in {1..10}; do
                "$@" >/dev/null 2>&1
                eventually 10 seen "$try" ".destination_address == \"$address\""
                seen 1 ".destination_address == \"$address\" and has(\"pid\")" && return
        done
        return 1
}
# So many processes; $to is the first of the addresses at which all were in time, or the last.
all_named() # N ADDRESS...
{
        local n=$1
        shift
        for to; do
                processes "$n" "$to"
                eventually 15 seen "$n" ".destination_address == \"$to\""
                [ "$(named "$to")" != "$n" ] || return 0
        done
        return 1
}

# a busy machine may need longer for a look than a connection waits: once of three times
for addresses in "8.8.8.8 8.8.8.9 8.8.8.10" "2001:db8:1::2 2001:db8:1::3 2001:db8:1::4"; do
        n=0
        for address in $addresses; do
                [ "$n" -lt 297 ] || break
                to=$address
                processes 300 "$to"
                eventually 15 seen 300 ".destination_address == \"$to\""
                is "$(attempts ".destination_address == \"$to\"")" 300 "$to: each is counted once"
                n=$(named "$to")
        done
        [ "$n" -ge 297 ]
        ok $? "$to: at least 99 of 100 processes are named ($n of 300)"
        is "$(events ".destination_address == \"$to\" and has(\"pid\")" | jq -r '.[0] | "\(.process) \(.uid) \(.action)"')" \
                "bash 0 reject" "by name"
done
like "$(ctl events -n 3)" "pid [0-9]+: bash -c .*spam" "in the listing"
like "$(cat "$WORK/p25d.log")" "process [0-9]+ \(bash -c" "and in the log"

# ---- what pays nothing ----

net_in inet "$probe" listen -o "$WORK/inet.log" 203.0.113.7 25 >"$WORK/inet.pid"
allowed=$(net_in host "$probe" connect -t 10000 203.0.113.7 25)
is "$allowed" open "an allowed connection passes"
processes 1 9.9.9.10
eventually 10 seen 1 '.destination_address == "9.9.9.10"'
is "$(attempts '.destination_address == "203.0.113.7"')" 0 "an allowed connection makes no event"

# ---- whatever the process is ----

mkdir "$WORK/nasty"
long=$(head -c 60000 /dev/zero | tr '\0' x)
dials_named 9.9.9.1 net_in host bash -c 'cd "$1"; exec -a "$2" "$3" connect 9.9.9.1 25' x "$WORK/nasty" \
        $'spam\nP25_USER=root\e[2J\xff\t'"$long" "$probe"
ok $? "a process with a hostile command line is named"
event=$(events '.destination_address == "9.9.9.1" and has("pid")' | jq -c '.[0]')
like "$(jq -r .command <<<"$event")" '^spam P25_USER=root\?\[2J\?\?xxx' "a command that lies about lines is printable"
[ "$(jq -r '.command | length' <<<"$event")" -le 255 ]
ok $? "and short"
is "$(jq -r .directory <<<"$event")" "$WORK/nasty" "with its directory"
# In a PID namespace of its own; with a name that it gave itself; with a megabyte of arguments that are
# no text.
cat >"$WORK/odd.py" <<'PY'
import os, socket, sys
kind, to = sys.argv[1:3]
if kind == "renamed":
    with open("/proc/self/comm", "wb", buffering=0) as file:
        file.write(b"a\n\x1b[1m) R(\xff")
elif kind == "long" and len(sys.argv) == 3:
    os.execv(sys.executable, [sys.executable, *sys.argv] + [b"\n\x1b\xff" * 40000] * 10)
socket.create_connection((to, 25), 10)
PY
dials_named 9.9.9.11 net_in host unshare --pid --fork /usr/bin/python3 "$WORK/odd.py" apart 9.9.9.11
ok $? "9.9.9.11: its process is named"
dials_named 9.9.9.12 net_in host /usr/bin/python3 "$WORK/odd.py" renamed 9.9.9.12
ok $? "9.9.9.12: its process is named"
dials_named 9.9.9.13 net_in host /usr/bin/python3 "$WORK/odd.py" long 9.9.9.13
ok $? "9.9.9.13: its process is named"
of() # ADDRESS KEY
{
        events ".destination_address == \"$1\" and has(\"pid\")" | jq -r ".[0].$2"
}
like "$(of 9.9.9.11 command)" "odd.py apart 9.9.9.11" "in a PID namespace of its own"
[ "$(of 9.9.9.11 pid)" -gt 100 ]
ok $? "by the number that p25d's processes see"
is "$(of 9.9.9.12 process)" 'a ?[1m) R(?' "a name that a process gave itself is printable"
like "$(of 9.9.9.13 command)" 'odd.py long 9.9.9.13 [ ?]+$' "a megabyte of escapes, too"
[ "$(of 9.9.9.13 'command | length')" -le 255 ]
ok $? "the command line is cut"

p25d_stop
p25d_start
is "$(events '.destination_address == "9.9.9.1" and has("pid")' | jq -r '.[0].command')" \
        "$(jq -r .command <<<"$event")" "all of it survives a restart"
eventually 10 reads

# ---- whatever becomes of p25d ----

closed() # ADDRESS: it is refused, if not at once then when the SYN is sent again
{
        [ "$(net_in host "$probe" connect -t 10000 "$1" 25)" = closed ]
}
signal STOP "$p25d"
closed 9.9.9.2
ok $? "p25d stopped: refused"
signal CONT "$p25d"
holder=$(asker)
signal STOP "$holder"
# TCP sends no second SYN while the first is in a queue of its own host
is "$(net_in host "$probe" connect -t 2000 9.9.9.3 25)" filtered \
        "the process that reads the queue stopped: what waits is not opened"
signal CONT "$holder"
closed 9.9.9.3
ok $? "when it goes on: refused"
signal STOP "$holder"
net_in host bash -c 'for i in {1..200}; do (exec 3<>/dev/tcp/9.9.9.4/25) & done; wait' 2>/dev/null &
crowd=$!
full()
{
        net_in host awk '$1 == 25 && $3 >= 128 { found = 1 } END { exit !found }' \
                /proc/net/netfilter/nfnetlink_queue
}
eventually 10 full
closed 9.9.9.15
ok $? "a full queue opens nothing"
is "$(net_in host "$probe" connect -t 10000 203.0.113.7 25)" "$allowed" "and closes nothing"
signal KILL "$holder"
closed 9.9.9.5
ok $? "killed with a full queue: refused"
wait "$crowd"
eventually 10 reads
ok $? "it is started again"
p25d_stop KILL
closed 9.9.9.6
ok $? "p25d killed: refused"
p25d_start
eventually 10 reads
ok $? "the next p25d finds the queue free"

# ---- a user whose processes take too long to look at ----

# its socket is the last that is looked at: that of the oldest of nine processes with all descriptors
net_in host setpriv --reuid 33 --regid 33 --clear-groups /usr/bin/python3 - <<'PY' 2>/dev/null
import os, resource, socket
ends, begins = os.pipe()
for _ in range(min(resource.getrlimit(resource.RLIMIT_NOFILE)[0], 50000) - 20):
    os.dup(0)
for _ in range(8):
    if os.fork() == 0:
        os.close(begins)
        os.read(ends, 1)
        os._exit(0)
for _ in range(3):
    try:
        socket.create_connection(("9.9.9.7", 25), 10)
    except ConnectionRefusedError:
        pass
PY
all_named 15 9.9.9.8 9.9.9.20 9.9.9.21
ok $? "the processes of others are named meanwhile"
is "$(attempts '.destination_address == "9.9.9.7" and .uid == 33 and (has("pid") | not)')" 3 \
        "theirs are counted by their user"

# ---- behind the first thousand rules ----

for i in {0..1000}; do
        echo "{ action = \"deny\"; direction = \"out\"; to = [ \"10.9.$((i / 250)).$((i % 250))\" ]; },"
done | { echo 'rules = ('; cat; echo '{ action = "reject"; direction = "out"; to = [ "9.9.10.0/24" ]; } );'; } >"$WORK/many"
run_ctl fragment put many "$WORK/many"
is "$rc" 0 "a thousand rules"
diag "$err"
all_named 15 9.9.10.1 9.9.10.2 9.9.10.3
ok $? "each process is named"
is "$(attempts ".destination_address == \"$to\"")" 15 "and each connection is counted once"
run_ctl fragment drop many
is "$rc" 0 "without them"

# ---- a process that ends while its connection waits ----

sed -i 's/^rules = (/rules = ( { action = "reject"; direction = "out"; to = [ "203.0.113.7" ]; user = [ "root" ]; },/' "$CONF"
run_ctl reload
is "$rc" 0 "a rule by user before one that allows"
net_in inet nft -f - <<'NFT'
table inet seen {
        counter syns { }
        chain input { type filter hook prerouting priority -300; ip daddr 203.0.113.7 tcp dport 25 counter name syns; }
}
NFT
syns()
{
        net_in inet nft -j list counter inet seen syns | jq '.nftables[] | select(.counter).counter.packets'
}
is "$(net_in host "$probe" connect -t 10000 203.0.113.7 25)" closed "the rule refuses"
holder=$(asker)
signal STOP "$holder"
net_in host timeout -s KILL 0.3 bash -c 'exec 3<>/dev/tcp/203.0.113.7/25' 2>/dev/null
signal CONT "$holder"
# what waited has gone on when the next one has
net_in host "$probe" connect -t 10000 203.0.113.7 25 >/dev/null
is "$(syns)" 0 "a SYN without an owner does not leave"
net_in host "$probe" connect -t 10000 8.8.8.8 25 >/dev/null

# ---- the setting ----

sed -i 's/"process"/"unit"/' "$CONF"
run_ctl reload
is "$rc" 0 "attribution = unit"
gone() { ! asker; }
eventually 10 gone
ok $? "nothing reads the queue any more"
done_testing
