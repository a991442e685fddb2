#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# p25ctl --host: another host's p25d over a real sshd.
. "$(dirname "$0")/../lib/e2e.sh"

if ! [ -x /usr/sbin/sshd ] || ! command -v systemd-stdio-bridge >/dev/null || [ -z "$many_uids" ] ||
        [ ! -w /etc/passwd ]; then
        skip "p25ctl over ssh" "it needs sshd, systemd-stdio-bridge and root"
        done_testing
        exit
fi

net_world
p25_host mx </dev/null
ok $? "p25d starts on the far host"
# where the far end of ssh looks for the bus
mkdir -p /run/dbus /run/sshd
ln -s "$WORK/bus" /run/dbus/system_bus_socket

# a user with a shell, only in this sandbox, where root has no login scripts
{ sed "s|^\(root:[^:]*:0:0:[^:]*:\)[^:]*|\1$WORK|" /etc/passwd; echo "alice:x:54321:54321::$WORK:/bin/sh"; } >"$WORK/passwd"
{ cat /etc/shadow; echo "alice:*:1::::::"; } >"$WORK/shadow"
chmod 600 "$WORK/shadow"
mount --bind "$WORK/passwd" /etc/passwd && mount --bind "$WORK/shadow" /etc/shadow
ok $? "a user without privileges"

ssh-keygen -q -t ed25519 -N '' -f "$WORK/host_key" && ssh-keygen -q -t ed25519 -N '' -f "$WORK/key"
cat >"$WORK/sshd_config" <<CONF
ListenAddress 198.51.100.1
ListenAddress [2001:db8:1::1]:2222
HostKey $WORK/host_key
PidFile $WORK/sshd.pid
AuthorizedKeysFile $WORK/key.pub
StrictModes no
UsePAM no
PermitRootLogin yes
PasswordAuthentication no
CONF
net_in host /usr/sbin/sshd -f "$WORK/sshd_config" -E "$WORK/sshd.log"
ok $? "sshd starts"

# p25ctl runs the ssh of its path; this one knows the key
mkdir "$WORK/bin"
cat >"$WORK/bin/ssh" <<SH
#!/bin/sh
echo "\$*" >>$WORK/ssh.calls
exec /usr/bin/ssh -F none -i $WORK/key -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
        -o LogLevel=ERROR -o ConnectTimeout=5 -o BatchMode=yes "\$@"
SH
chmod 755 "$WORK/bin/ssh"
remote() # WORD...
{
        run net_in inet env -u DBUS_SYSTEM_BUS_ADDRESS PATH="$WORK/bin:$PATH" "$P25CTL" "$@"
}
remote -H root@198.51.100.1 status
is "$rc" 0 "status of another host"
like "$out" "^Status: active" "it answers"
diag "$err"
remote --host root@198.51.100.1 deny in from 192.0.2.77 comment far
is "$rc" 0 "a change"
run_ctl show added
like "$out" "192.0.2.77" "is made there"
like "$(ctl history --json | jq -r '.[0] | "\(.process) \(.pid) \(.remote)"')" \
        "^systemd-stdio-b[a-z]* [0-9]+ (198\\.51\\.100|203\\.0\\.113)\\.[0-9]+$" "history shows the origin"
run_ctl history
like "$out" "uid 0 systemd-stdio-b[a-z]*\\[[0-9]+\\].* from [0-9.]+" "in words, too"
remote -Hroot@198.51.100.1 --json status
is "$(jq -r .active <<<"$out")" true "JSON"
echo 192.0.2.0/24 >"$WORK/list"
remote -H root@198.51.100.1 set load far "$WORK/list"
is "$rc" 1 "a set by a file of this side is refused"
like "$err" "ERROR: .*ssh root@198.51.100.1 p25ctl set" "with the command to use"
remote -H root@198.51.100.1 set add far 192.0.2.0/24
is "$rc" 0 "entries can be added"
remote -H root@198.51.100.1 set show far
like "$err" "ERROR: .*ssh" "but not read"
remote -H alice@198.51.100.1 status
is "$rc" 0 "an ordinary user there reads"
remote -H alice@198.51.100.1 deny
unlike "$err" "sudo" "sudo on this host is not offered"
is "$rc" 5 "and may not change anything: what counts is who one is over there"
remote -H root@198.51.100.77 status
is "$rc" 8 "a host that is not there: exit 8"
like "$err" "ERROR: p25d is not reachable: ssh to root@198.51.100.77 failed" "with an error"
remote -H nobody-at-all@198.51.100.1 status
is "$rc" 8 "a user that is not there: exit 8"
remote -H root@[2001:db8:1::1]:2222 --json status
is "$rc $(jq -r .active <<<"$out")" "0 true" "an IPv6 address, and a port"
remote -H root@2001:db8:1::1 status
is "$rc" 4 "an IPv6 address without brackets"
like "$err" "brackets: root@\[2001:db8:1::1\]" "the error says to use them"
calls=$(wc -l <"$WORK/ssh.calls")
for host in -oProxyCommand=touch"$WORK"/bad root@-oProxyCommand=touch"$WORK"/bad "" root@ \
        "198.51.100.1:x;touch $WORK/bad" "198.51.100.1 touch" $'198.51.100.1\nx'; do
        remote --host="$host" status
        is "$rc" 4 "a host's name is neither option nor command: ${host//$'\n'/ }"
done
is "$(wc -l <"$WORK/ssh.calls") $(ls "$WORK/bad" 2>/dev/null)" "$calls " "ssh never sees one"
# ---- several hosts at once ----

before=$(ctl status --json | jq .revision)
remote -H root@198.51.100.1,root@[2001:db8:1::1]:2222 status
is "$rc" 0 "two names"
is "$(head -2 <<<"$out")" "root@198.51.100.1, root@[2001:db8:1::1]:2222:
Status: active" "equal answers once, below the names of both"
is "$(grep -c '^Status' <<<"$out")" 1 "once only"
remote -H root@198.51.100.1,root@198.51.100.77,nobody-at-all@198.51.100.1 --reason x deny from 192.0.2.78
is "$rc" 8 "one host of three can be reached: the worst exit status"
like "$out" "^root@198.51.100.1:.*Rule added" "the change is made there"
like "$err" "ERROR: root@198.51.100.77: p25d is not reachable: ssh to root@198.51.100.77 failed" \
        "the host that is not there is named"
like "$err" "nobody-at-all@198.51.100.1: .*[Pp]ermission denied" "the words of ssh have the host's name"
is "$(ctl status --json | jq .revision)" "$((before + 1))" "one revision more"
remote -H root@198.51.100.1,root@198.51.100.77 --json status
is "$rc" 8 "JSON"
is "$(jq -c '[.[] | [.host, .status, .answer.active]]' <<<"$out")" \
        '[["root@198.51.100.1",0,true],["root@198.51.100.77",8,null]]' \
        "one document, in the order of the hosts"
like "$(jq -r '.[1].answer.errors[0]' <<<"$out")" "not reachable" "errors are in it"
remote -H root@198.51.100.1,alice@198.51.100.1 delete deny from 192.0.2.78
is "$rc" 5 "one may, the other may not"
like "$out" "^root@198.51.100.1:.*Rule deleted" "the one that may has deleted the rule"
remote -H root@198.51.100.1,root@198.51.100.77 --detailed-exitcode deny from 192.0.2.78
is "$rc" 8 "an error is worse than a change"
remote -H root@198.51.100.1,root@[2001:db8:1::1]:2222 --detailed-exitcode --dry-run deny from 192.0.2.79
is "$rc" 2 "a change is worse than none"
printf '192.0.2.81\n192.0.2.82\n' >"$WORK/entries"
run net_in inet env -u DBUS_SYSTEM_BUS_ADDRESS PATH="$WORK/bin:$PATH" sh -c '"$@" <'"$WORK/entries" - \
        "$P25CTL" -H root@198.51.100.1,root@[2001:db8:1::1]:2222 set add several -
is "$rc" 0 "both read the same standard input"
is "$(ctl set show several | tr '\n' ' ')" "192.0.2.81 192.0.2.82 " "all of it"
remote -H root@198.51.100.1,root@198.51.100.2 --bogus
is "$rc" 4 "a mistake is reported once"
remote -H root@198.51.100.1,root@198.51.100.2 statsu
is "$rc $(grep -c ERROR <<<"$err")" "4 1" "before anybody is asked"
for words in edit top "set feed drop" "events --follow"; do
        # shellcheck disable=SC2086 # words
        remote -H root@198.51.100.1,root@198.51.100.2 $words
        is "$rc" 4 "$words: for one host only"
        like "$err" "ERROR: .* can only be used with one host" "with an error"
done
for hosts in "root@198.51.100.1,,a" "root@198.51.100.1," ",a" "a,-oProxyCommand=x" "a,b c"; do
        remote -H "$hosts" status
        is "$rc" 4 "not a list of hosts: '$hosts'"
        like "$err" "ERROR: --host .*: a host is" "the part is named"
done
remote -H a,b,a status
is "$rc" 4 "a host twice"
like "$err" "ERROR: --host: a is named twice" "is named"

# an ssh that hangs holds no other answer; the one that answers is printed before it ends
cat >"$WORK/bin/slow-ssh" <<SH
#!/bin/sh
case "\$*" in
*198.51.100.77*) read -r _ <$WORK/gate; exit 255 ;;
esac
exec $WORK/bin/ssh "\$@"
SH
chmod 755 "$WORK/bin/slow-ssh"
mkdir "$WORK/slow" && ln -s ../bin/slow-ssh "$WORK/slow/ssh"
mkfifo "$WORK/gate"
net_in inet env -u DBUS_SYSTEM_BUS_ADDRESS PATH="$WORK/slow:$PATH" "$P25CTL" \
        -H root@198.51.100.1,root@198.51.100.77 status >"$WORK/slow.out" 2>"$WORK/slow.err" &
slow=$!
eventually 60 grep -q "^Status: active" "$WORK/slow.out"
ok $? "an answer is printed while another host hangs"
process_is_ours "$slow"
ok $? "p25ctl still waits for the other host"
echo >"$WORK/gate"
wait "$slow"
is "$?" 8 "and named in the end"
like "$(cat "$WORK/slow.err")" "ERROR: root@198.51.100.77: p25d is not reachable" "as unreachable"

mv "$WORK/key.pub" "$WORK/another.pub"
remote -H root@198.51.100.1 --json deny
is "$rc" 8 "a key that is refused: exit 8"
like "$err" "[Pp]ermission denied.*ERROR: .*ssh to root@198.51.100.1 failed" "with the words of ssh"
is "$(jq .status <<<"$out")" 8 "and a document"
mv "$WORK/another.pub" "$WORK/key.pub"
# the far policy closes every mail port, and ssh stays open
remote -H root@198.51.100.1 role set no-mail
is "$rc" 0 "no-mail"
remote -H root@198.51.100.1 status
is "$rc" 0 "and ssh stays open"
# ---- root's own way there, past the bus ----

ln -s "$ROOT/run/p25" /run/p25
remote -H root@198.51.100.1 status
is "$rc" 0 "p25d there has a socket for root: status"
remote -H root@198.51.100.1 deny in from 192.0.2.79
is "$rc" 0 "a change"
like "$(ctl history --json | jq -r '.[0] | "\(.process) \(.remote)"')" \
        "^systemd-stdio-b[a-z]* (198\\.51\\.100|203\\.0\\.113)\\.[0-9]+$" "history shows the same origin"
remote -H root@198.51.100.1 explain in from 192.0.2.79
like "$out" "deny" "explain"
remote -H root@198.51.100.1 --confirm 1m allow in from 192.0.2.80
is "$rc" 0 "a change that waits for its confirmation"
remote -H root@198.51.100.1 confirm
is "$rc" 0 "is confirmed over another connection"
remote -H root@198.51.100.1 set show far
like "$err" "ERROR: .*ssh root@198.51.100.1 p25ctl set" "a set does not pass ssh"
remote -H root@198.51.100.1 enable
like "$out" "see to it that p25d is started at boot" "no systemd on that bus"
for state in enabled disabled; do
        mkfifo "$WORK/ready.$state"
        [ -z "${systemd-}" ] || { signal TERM "$systemd"; wait "$systemd" 2>/dev/null; }
        "${BUILD:-build}/tests/lib/unit_state" "$state" >"$WORK/ready.$state" &
        systemd=$!
        read -r -t 20 line <"$WORK/ready.$state"
        is "$line" ready "systemd there says $state"
        remote -H root@198.51.100.1 enable
        is "${out%%$'\n'*}" "p25 is active$([ $state = disabled ] || echo " and enabled on system startup")" \
                "p25ctl prints what p25d there heard from systemd"
done
remote -H root@198.51.100.1 status
like "$out" "Warning: p25d.service is disabled" "and status knows it"
signal TERM "$systemd"
wait "$systemd" 2>/dev/null
remote -H root@198.51.100.1 events
is "$rc" 0 "events"
remote -H alice@198.51.100.1 status
is "$rc" 0 "an ordinary user takes the bus"
mv /run/dbus/system_bus_socket /run/dbus/away
remote -H alice@198.51.100.1 status
is "$rc" 8 "without the bus: exit 8"
remote -H root@198.51.100.1 status
is "$rc" 0 "root has an answer without it"
remote -H root@198.51.100.1 lockdown on
is "$rc" 0 "and lockdown"
remote -H root@[2001:db8:1::1]:2222 --json lockdown off
is "$rc $(jq -r .changed <<<"$out")" "0 true" "with an IPv6 address and a port, too"
mv /run/dbus/away /run/dbus/system_bus_socket
p25d_stop KILL
[ -S /run/p25/p25d.socket ]
ok $? "p25d was killed: its socket is still there"
remote -H root@198.51.100.1 status
is "$rc" 8 "nobody answers there, and the bus is tried: exit 8"
like "$err" "ERROR: .*is the service running on root@198.51.100.1\?" "as without the socket"
p25d_begin
ok $? "p25d runs again"
remote -H root@198.51.100.1 status
is "$rc" 0 "and answers"
rm /run/p25

p25d_stop TERM
remote -H root@198.51.100.1 status
is "$rc" 8 "p25d is not running there: exit 8"
like "$err" "ERROR: .*is the service running on root@198.51.100.1\?" "with the host's name"
mv /run/dbus/system_bus_socket /run/dbus/away
remote -H root@198.51.100.1 status
is "$rc" 8 "no bus there: exit 8"
done_testing
