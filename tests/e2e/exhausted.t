#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# p25d at work without a descriptor, memory or a process to be had: the policy stays in the kernel, a
# change is made or fails with a reason, p25d neither ends nor spins, and all is well when there is again.
. "$(dirname "$0")/../lib/e2e.sh"

net_world
listen host 25 587
p25_host <<'CONF'
rules = ( { action = "reject"; direction = "in"; ports = [ 25 ]; } );
CONF
ok $? "p25d starts"
ln -s "$ROOT/run/p25" /run/p25

# p25ctl over root's own socket
direct()
{
        DBUS_SYSTEM_BUS_ADDRESS='' run net_in host timeout 60 "$P25CTL" "$@"
}
ticks() # of the processor, that p25d has used
{
        awk '{ print $14 + $15 }' "/proc/$p25d/stat"
}
holds() # NAME: what the policy said before, unless lockdown could be entered and not left
{
        ! process_gone "$p25d"
        ok $? "$1: p25d lives"
        expect "$1: what is denied is" inet "${locked:-closed closed}" 198.51.100.1 25 2001:db8:1::1 25
}
# A change that may fail, and a lockdown that may: both are what p25ctl says.
tries() # NAME
{
        local words
        locked=
        for words in "reject in 587" "delete reject in 587" "lockdown on" "lockdown off"; do
                # shellcheck disable=SC2086 # words
                run net_in host timeout 60 "$P25CTL" $words
                like "$rc $err" "^(0 |[1467] ERROR: .*[a-z])" "$1: $words"
                case "$rc $words" in
                "0 lockdown on")
                        locked="filtered filtered"
                        expect "$1: lockdown holds" inet "$locked" 198.51.100.1 25 2001:db8:1::1 25
                        ;;
                "0 lockdown off") locked= ;;
                esac
        done
}
recovers() # NAME
{
        local words
        eventually 12 on_bus
        ok $? "$1, over: p25d answers"
        for words in "reject in 587" "lockdown on" "lockdown off" "explain in from 192.0.2.1"; do
                # shellcheck disable=SC2086 # words
                run_ctl $words
                is "$rc" 0 "$1, over: $words" || diag "$err"
        done
        expect "$1, over: what was changed is in force" inet closed 198.51.100.1 587
        run_ctl delete reject in 587
        direct status
        is "$rc" 0 "$1, over: root's own socket answers" || diag "$err"
}

# ---- descriptors ----

name="no descriptor"
prlimit --pid "$p25d" --nofile=3:8192 # that many are open
before=$(ticks) waiting=()
for _ in 1 2 3; do
        DBUS_SYSTEM_BUS_ADDRESS='' net_in host timeout 3 "$P25CTL" status >"$WORK/out" 2>"$WORK/err" &
        waiting+=($!)
done
wait "${waiting[@]}"
at_most $(($(ticks) - before)) 50 "$name: p25d does not spin while root waits at its socket"
tries "$name"
holds "$name"
prlimit --pid "$p25d" --nofile=8192:8192
recovers "$name"

# ---- memory ----

name="no memory"
seq 1 400000 | awk '{ printf "10.%d.%d.%d\n", $1 / 65536, $1 / 256 % 256, $1 % 256 }' >"$WORK/large"
prlimit --pid "$p25d" --data="$(awk '{ print $6 * 4096 }' "/proc/$p25d/statm")":unlimited
run_ctl set load large "$WORK/large"
like "$rc $err" "^1 ERROR: .*memory" "$name: a large set is refused"
tries "$name"
holds "$name"
prlimit --pid "$p25d" --data=unlimited:unlimited
recovers "$name"
run_ctl set load large "$WORK/large"
is "$rc" 0 "$name, over: the set is loaded"

# ---- processes ----

name="no process"
group=/sys/fs/cgroup/pids/p25e2e$RANDOM
if mkdir "$group" 2>"$WORK/null" && echo 1 >"$group/pids.max" && echo "$p25d" >"$group/cgroup.procs"; then
        for child in $(pgrep -P "$p25d"); do signal KILL "$child"; done
        run_ctl explain in from 192.0.2.1
        like "$rc $err" "^1 ERROR: p25d cannot start the process that would answer: " "$name: explain fails, and says why"
        run_ctl status
        is "$rc" 0 "$name: status"
        tries "$name"
        holds "$name"
        echo max >"$group/pids.max"
        recovers "$name"
        p25d_stop
        rmdir "$group"
else
        skip "$name" "there is no cgroup of pids that can be made"
fi
done_testing
