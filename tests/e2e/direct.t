#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Root's own way to p25d: p25ctl of root is answered while there is no bus, and nobody else's is.
. "$(dirname "$0")/../lib/e2e.sh"

net_add host
p25_host </dev/null
ok $? "p25d starts"
socket=$ROOT/run/p25/p25d.socket
is "$(stat -c '%F %a' "$socket")" "socket 600" "its socket is for root"
bus_stop
run_ctl status
is "$rc" 8 "a bus that is named is used, and no other way"
unset DBUS_SYSTEM_BUS_ADDRESS
ln -s "$ROOT/run/p25" /run/p25

run_ctl status
is "$rc" 0 "status without a bus"
run_ctl lockdown on
is "$rc" 0 "lockdown without a bus"
run_ctl status
like "$out" "LOCKDOWN" "is in force"
run_ctl lockdown off
is "$rc" 0 "and off again"
echo 192.0.2.7 >"$WORK/list"
run_ctl set load bans "$WORK/list"
is "$rc" 0 "a set passes through a descriptor"
run_ctl --confirm 1m deny in from @bans
is "$rc" 0 "a change that waits for its confirmation"
run_ctl confirm
is "$rc" 0 "is confirmed over another connection"
run_ctl explain in from 192.0.2.7
like "$out" "deny" "explain answers from a worker"
run_ctl history -n 1
like "$out" "uid 0 p25ctl" "the change has its maker"

# a bus that takes connections and answers nothing
mkdir -p /run/dbus
python3 -c 'import socket, time
s = socket.socket(socket.AF_UNIX)
s.bind("/run/dbus/system_bus_socket")
s.listen(64)
time.sleep(600)' &
mute=$!
eventually 10 [ -S /run/dbus/system_bus_socket ]
run net_in host timeout 10 "$P25CTL" status
is "$rc" 0 "status beside a bus that does not answer"
run net_in host timeout 10 "$P25CTL" lockdown on
is "$rc" 0 "lockdown"
run net_in host timeout 10 "$P25CTL" lockdown off
is "$rc" 0 "and its end"

p25d_stop KILL
p25d_begin
is "$?" 0 "a p25d after it takes the socket's place"
run_ctl status
is "$rc" 0 "and answers"
p25d_stop TERM
is "$?" 0 "p25d ends beside a bus that does not answer"
process_end "$mute" TERM
done_testing
