#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A set's file lies on a file system that no longer answers, as one of a server that is gone: p25d
# answers others meanwhile, refuses what would need the file, and starts with what was good last.
. "$(dirname "$0")/../lib/e2e.sh"

mkdir "$WORK/lists"
"${BUILD:-build}/tests/lib/hung" "$WORK/lists" 0 "192.0.2.0/24" >"$WORK/hung.out" 2>&1 &
hung=$!
disown "$hung"
eventually 10 [ -s "$WORK/hung.out" ]
grep -q mounted "$WORK/hung.out" ||
        { skip "a file system that hangs" "$(cat "$WORK/hung.out")"; done_testing; exit; }
net_world
listen host 25
root_make
mkdir -p "$ROOT$WORK/lists"
mount --move "$WORK/lists" "$ROOT$WORK/lists"
cat >"$CONF" <<CONF
enabled = true;
sets = { far = { file = "$WORK/lists/list"; }; };
rules = ( { action = "deny"; direction = "in"; from = "@far"; } );
CONF
bus_start
p25d_start
is $? 0 "p25d starts while the file system answers"
run_ctl status
like "$out" "25/tcp +DENY IN +@far" "the set is in force"
eventually 20 [ -e "$ROOT/var/lib/p25/last-good" ]

signal USR1 "$hung"
run net_in host timeout 5 "$P25CTL" status
is "$rc" 0 "status answers while the file system hangs"
like "$out" "25/tcp +DENY IN +@far" "and shows the policy"
run net_in host timeout 40 "$P25CTL" reload
is "$rc" 4 "a reload is refused"
like "$err" "sets.far.file: .*/list is on a file system that does not answer" "the error names the file"
like "$err" "p25.conf:2" "and the place"
run net_in host timeout 5 "$P25CTL" deny in 465
is "$rc" 0 "a change that needs no file"
run net_in host timeout 5 "$P25CTL" lockdown on
is "$rc" 0 "lockdown"
run net_in host timeout 5 "$P25CTL" lockdown off
is "$rc" 0 "and its end"
p25d_stop KILL

p25d_start
is $? 0 "p25d starts while the file system hangs"
run net_in host timeout 5 "$P25CTL" status
like "$out" "25/tcp +DENY IN +@far" "with what was good last"
like "$out$err" "does not answer" "and says what is wrong"
p25d_stop TERM
is $? 0 "p25d ends"

# p25d-reader, which opens such a file where p25d may not.
asked() # KIND PATH: prints the answer's error, within 20 seconds
{
        timeout 20 python3 - "$1" "$2" <<'ASK'
import socket, struct, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.connect("/run/p25d-reader.socket")
s.send(struct.pack("=II4096s", int(sys.argv[1]), 0, sys.argv[2].encode()))
answer, fds, _, _ = socket.recv_fds(s, 1 << 20, 1)
print(struct.unpack("=i", answer[:4])[0], len(fds))
ASK
}
cp -a /etc "$WORK/etc"
mount --bind "$WORK/etc" /etc
mkdir -p /etc/p25
list=$ROOT$WORK/lists/list
echo "sets = { far = { file = \"$list\"; }; };" >/etc/p25/p25.conf
systemd-socket-activate --seqpacket -l /run/p25d-reader.socket \
        "$PWD/${BUILD:-build}/p25d-reader" 2>"$WORK/reader.log" &
reader=$!
eventually 10 [ -S /run/p25d-reader.socket ]
is "$(asked 1 /etc/p25/p25.conf)" "0 1" "p25d-reader opens a file"
asked 2 "$list" >"$WORK/far" &
far=$!
for kind in 1 3; do
        path=/etc/p25
        [ $kind = 3 ] || path=/etc/p25/p25.conf
        is "$(asked $kind $path)" "0 1" "another question ($kind) meanwhile"
done
wait "$far"
is "$(cat "$WORK/far")" "-110 0" "the question that hangs is given up"
is "$(asked 1 /etc/p25/p25.conf)" "0 1" "and the next question is answered"
is "$(asked 2 /etc/shadow)" "-13 0" "a file that no policy names is refused"
process_end "$reader" TERM
umount -l "$ROOT$WORK/lists"
signal KILL "$hung"
done_testing
