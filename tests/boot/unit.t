#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The rights of p25d under the unit that is shipped: a user of its own, one capability, most of the
# system shut off. Then what may happen to that user and its files.
# runs alone: machines share the cgroups of systemd-nspawn, and the package that is built for them
. "$(dirname "$0")/../lib/e2e.sh"
# shellcheck source=tests/lib/boot.sh
. tests/lib/boot.sh

boot_begin "the unit"
debs_make && machine_make || exit 1
machine_boot
ok $? "the machine boots"
machine_network
cp "$DEB" "$MACHINE/root/p25.deb"
in_machine dpkg -i /root/p25.deb >"$WORK/dpkg.log" 2>&1
ok $? "dpkg -i"
listen inet 25
listen machine 25

ctl()
{
        run in_machine p25ctl "$@"
}
does() # NAME WORD...: p25ctl does it
{
        local name=$1
        shift
        ctl "$@"
        is "$rc" 0 "$name"
        [ "$rc" = 0 ] || diag "$err"
}

# ---- the process ----

main_pid()
{
        in_machine systemctl show -P MainPID p25d
}
status_of() # KEY [UNIT]
{
        in_machine sed -n "s/^$1:\t//p" \
                "/proc/$(in_machine systemctl show -P MainPID "${2-p25d}")/status"
}
capabilities() # MASK NAME [UNIT]: it has no others
{
        local key
        for key in CapEff CapBnd CapAmb; do
                is "$(status_of $key "${3-p25d}")" "$1" "$2: $key"
        done
}
exposure() # UNIT TENTHS: systemd-analyze security says no more
{
        local score
        score=$(in_machine systemd-analyze security --no-pager "$1" |
                sed -n 's/.*exposure level.*: \([0-9.]*\).*/\1/p')
        at_most "${score/./}" "$2" "systemd-analyze security $1: $score"
}
uid=$(in_machine id -u p25)
[ "$uid" -gt 0 ]
ok $? "there is a user p25"
is "$(status_of Uid)" "$uid	$uid	$uid	$uid" "p25d is that user"
# DAC_READ_SEARCH 2, NET_ADMIN 12, NET_RAW 13, SYS_PTRACE 19
capabilities 0000000000001000 "p25d may change the packet filter"
is "$(status_of NoNewPrivs) $(status_of Seccomp)" "1 2" "no new privileges, a filter of system calls"
exposure p25d 11
exposure p25d-reader 20
exposure p25d-knocker 20

# The attempts of a p25d in the hands of an attacker against a process of root.
cat >"$MACHINE/opt/intruder" <<'INTRUDER'
#!/usr/bin/python3
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
class Part(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]
own = ctypes.create_string_buffer(8)
near, far = Part(ctypes.addressof(own), 8), Part(4096, 8)
def attempt(name, *arguments):
    done = getattr(libc, name)(*arguments)
    print(name, "done" if done >= 0 else os.strerror(ctypes.get_errno()), file=out)
with open(sys.argv[1], "w") as out:
    pid = int(sys.argv[2])
    for name in "process_vm_readv", "process_vm_writev":
        attempt(name, pid, ctypes.byref(near), 1, ctypes.byref(far), 1, 0)
    attempt("ptrace", 16, pid, 0, 0)
    attempt("pidfd_getfd", 0, 0, 0)
INTRUDER
chmod 755 "$MACHINE/opt/intruder"
intrude() # UNIT FOLDER: with all that the unit grants; FOLDER is where it may write
{
        local unit=$1 folder=$2
        in_machine systemctl cat "$unit" | sed -E "s|^ExecStart=.*|ExecStart=/opt/intruder $folder/seen 1|
                s/^Type=.*/Type=exec/; /^(Restart|WatchdogSec|ExecReload|ExecStartP|Before|Requires)/d" \
                >"$MACHINE/intruder.service"
        in_machine sh -c 'mv /intruder.service /run/systemd/system/intruder.service
                systemctl daemon-reload; systemctl start intruder'
        eventually 10 in_machine sh -c "[ \$(grep -c . $folder/seen) = 4 ]"
        is "$(in_machine sort -u "$folder/seen" | tr '\n' ';')" \
                "pidfd_getfd Operation not permitted;process_vm_readv Operation not permitted;process_vm_writev \
Operation not permitted;ptrace Operation not permitted;" "$unit: cannot reach into a process of root"
        in_machine rm -f "$folder/seen"
}
intrude p25d.service /var/lib/p25
cannot() # NAME COMMAND...: where p25d is, it cannot do it
{
        local name=$1
        shift
        ! nsenter --target "$leader" --pid --mount --root --wd -- nsenter --target "$(main_pid)" --mount -- \
                setpriv --reuid p25 --regid p25 --clear-groups --inh-caps -all,+net_admin \
                --ambient-caps -all,+net_admin "$@" >"$WORK/out" 2>&1
        ok $? "cannot $name"
}
nsenter --target "$leader" --pid --mount --root --wd -- nsenter --target "$(main_pid)" --mount -- \
        setpriv --reuid p25 --regid p25 --clear-groups \
        grep -q "^TcpExt:.* SyncookiesSent " /proc/self/net/netstat
ok $? "where p25d is, it can read whether SYN cookies were sent"
is "$(in_machine systemctl show -P MemoryMax -P OOMScoreAdjust p25d | tr '\n' ' ')" "2147483648 -500 " \
        "its memory has a bound, and it is among the last to go"
# whoever has p25d asks p25d-reader for files without end: two processes each
is "$(in_machine systemctl show -P TasksMax p25d-reader p25d-knocker p25d-site | tr -s '\n' ' ')" "64 4 48 " \
        "its helpers have a few processes only"
niceness() # PID
{
        in_machine awk '{ print $19 }' "/proc/$1/stat"
}
is "$(niceness "$(main_pid)")" -5 "it answers before what keeps the host busy"
cannot "write to /run" touch /run/x
cannot "write to /etc" touch /etc/p25/x
cannot "write to /usr" touch /usr/x
cannot "make root's lock of iptables" rm /run/xtables.lock
cannot "command the service manager" systemctl stop dbus

# ---- a worker, which reads what callers send ----

# a question that takes long, to look at it meanwhile
mkdir -p "$MACHINE/etc/p25"
{ echo 'enabled = true; assert = ('
        for i in {1..60000}; do
                echo "{ packet = \"in from 10.1.$((i / 256)).$((i % 256)) port 25\"; verdict = \"allow\"; },"
        done
        echo '{ packet = "in from 192.0.2.1 port 25"; verdict = "allow"; } );'; } >"$MACHINE/etc/p25/p25.conf"
before=$(status_of Seccomp_filters)
confined() # one filter more than p25d
{
        local worker
        for worker in $(in_machine pgrep -P "$(main_pid)"); do
                [ "$(in_machine sed -n 's/^Seccomp_filters:\t//p' "/proc/$worker/status")" = $((before + 1)) ] &&
                        worker_niceness=$(niceness "$worker") && return
        done
        false
}
in_machine p25ctl plan >"$WORK/plan" 2>&1 &
plan=$!
eventually 20 confined
ok $? "a worker keeps its capability, and a filter that makes it useless (tests/kernel/confine.c)"
is "$worker_niceness" 0 "it has no precedence over other processes of the host"
wait "$plan"
is "$(in_machine stat -c %U "/proc/$(main_pid)/mem")" root "the memory of p25d is closed to it"
rm "$MACHINE/etc/p25/p25.conf"
does "explain asks the kernel for routes" --json explain out to 198.51.100.2
unlike "$out" "could not|NO_ROUTE|undetermined" "and gets them"

in_machine iptables-legacy -I OUTPUT -p tcp --dport 25 -d 198.51.100.2 -j DROP
ctl --json explain out to 198.51.100.2
is "$(jq -r .effective <<<"$out")" deny "explain reads a legacy table"
unlike "$out" "could not be read" "over sockets that p25d cannot make"
in_machine iptables-legacy -F OUTPUT

# ---- files that are nobody else's business ----

mkdir -p "$MACHINE/etc/p25"
chmod 700 "$MACHINE/etc/p25"
(umask 077 && echo 192.0.2.0/24 >"$MACHINE/root/list" && echo 2001:db8:9::/48 >"$MACHINE/home/alice/list" &&
        cat >"$MACHINE/etc/p25/p25.conf") <<'CONF'
enabled = true;
default = { outgoing = "reject"; };
sets = { root = { file = "/root/list"; }, alice = { file = "/home/alice/list"; } };
rules = ( { action = "deny"; direction = "in"; from = [ "@root", "@alice" ]; } );
CONF
chroot "$MACHINE" chown -R alice: /home/alice
chmod 700 "$MACHINE/home/alice"
does "a p25.conf and lists that only root and alice may read" reload
ctl set show alice
like "$out" "2001:db8:9::/48" "they are read"
capabilities 0000000000080004 "p25d-reader, which read them" p25d-reader
is "$(status_of NoNewPrivs p25d-reader) $(status_of Seccomp p25d-reader)" "1 2" \
        "p25d-reader: no new privileges, a filter of system calls"
echo 'sets = { s = { file = "/etc/shadow"; }; };' >"$MACHINE/root/fragment"
ctl fragment put secret /root/fragment
is "$rc" 4 "a file that nothing in /etc/p25 names is not read"
like "$err" "/etc/shadow.*permission denied" "the error names the file"

# ---- every feature, under both backends ----

in_machine groupadd senders
alice=$(in_machine id -u alice) senders=$(in_machine getent group senders | cut -d: -f3)
for i in {0..15}; do
        for j in {0..255}; do echo "10.$i.$j.0/25"; done
done >"$MACHINE/root/many"

# A connection from inside the machine, where p25d sees whose it is.
hold() # NAME WHO...
{
        local name=$1
        shift
        rm -f "$MACHINE/root/hold-$name"
        in_machine /opt/probe hold -o "/root/hold-$name" "$@" 198.51.100.2 25 >/dev/null
        ok $? "$name: a connection stands"
}
is_cut() # NAME
{
        grep -q cut "$MACHINE/root/hold-$1"
}
cut() # NAME
{
        eventually 5 is_cut "$1"
        ok $? "$1: is cut"
}
# A connection through the machine whose ends say nothing.
net_add lan
net_link lan eth0 machine eth1
net_address machine eth1 10.0.0.1/24
net_address lan eth0 10.0.0.2/24
net_route lan 10.0.0.1 default
net_route inet 198.51.100.1 10.0.0.0/24
in_machine sysctl -qw net.ipv4.ip_forward=1
hold_idle() # NAME
{
        rm -f "$MACHINE/root/hold-$1"
        net_in lan bash -c 'exec 3<>/dev/tcp/198.51.100.2/25; echo >"$1"; cat <&3; echo cut >>"$1"' \
                - "$MACHINE/root/hold-$1" >"$WORK/hold-$1.log" 2>&1 &
        eventually 10 test -s "$MACHINE/root/hold-$1"
        ok $? "$1: a connection stands"
}
# It ends after a minute.
knocker_is_harmless()
{
        capabilities 0000000000002000 "p25d-knocker, which made an idle connection answer" p25d-knocker
        is "$(status_of NoNewPrivs p25d-knocker) $(status_of Seccomp p25d-knocker)" "1 2" \
                "p25d-knocker: no new privileges, a filter of system calls"
}
to=(198.51.100.2 25 2001:db8:1::2 25)
cat >"$MACHINE/etc/systemd/system/mailer.service" <<'UNIT'
[Service]
Type=exec
ExecStart=/bin/sh -c 'sleep 6; /opt/probe connect 198.51.100.2 25 2001:db8:1::2 25 >/root/mailer; sleep 60'
UNIT
in_machine systemctl daemon-reload
features()
{
        expect "$1: the default" machine "closed closed" "${to[@]}"
        does "$1: a rule for a user" allow out user alice
        expect "$1: that user" machine "open open" -u "$alice" -g "$alice" "${to[@]}"
        does "$1: a rule for a group" allow out group senders
        # from inside: of a process that p25d cannot see it could find no group, and cut the connection
        is "$(in_machine /opt/probe connect -t 20000 -u 33 -g "$senders" "${to[@]}")" "open open" "$1: that group"
        expect "$1: others" machine "closed closed" -u 33 -g 33 "${to[@]}"
        hold "$1-user" -u "$alice" -g "$alice"
        hold "$1-group" -u 33 -g "$senders"
        does "$1: the user's rule goes" delete allow out user alice
        cut "$1-user"
        ! is_cut "$1-group"
        ok $? "$1-group: goes on"
        does "$1: the group's rule goes" delete allow out group senders
        cut "$1-group"

        hold_idle "$1-routed"
        does "$1: a rule against what passes through" route reject
        cut "$1-routed"
        [ "$1" = iptables ] || knocker_is_harmless
        does "$1: and is deleted" route delete reject

        does "$1: a rule for a unit" allow out unit mailer.service
        in_machine systemctl start mailer
        eventually 20 test -s "$MACHINE/root/mailer"
        is "$(cat "$MACHINE/root/mailer")" "open open" "$1: that unit"
        in_machine systemctl stop mailer
        rm "$MACHINE/root/mailer"
        does "$1: and is deleted" delete allow out unit mailer.service

        does "$1: a set of 4096 prefixes" set load many /root/many
        does "$1: a rule with it" deny in from @many
        does "$1: an entry more" set add many 203.0.113.0/24
        hold_in=$(net_in inet "$probe" hold -o "$WORK/hold-in" 198.51.100.1 25)
        does "$1: and one whose connection stands" set add many 198.51.100.2
        eventually 5 grep -q cut "$WORK/hold-in"
        ok $? "$1: it is cut ($hold_in)"
        expect "$1: and shut out" inet filtered -t 300 198.51.100.1 25
        does "$1: an entry less" set remove many 198.51.100.2
        expect "$1: open again" inet open 198.51.100.1 25
        does "$1: a limit" prepend limit in from 198.51.100.2 rate 1/minute burst 1
        is "$(connect inet 198.51.100.1 25 198.51.100.1 25)" "open closed" "$1: that holds"
        does "$1: roles" role set mx
        does "$1: a fragment" fragment put site /root/fragment
        does "$1: lockdown" lockdown on
        expect "$1: everything is shut" inet filtered -t 300 2001:db8:1::1 25
        does "$1: lockdown ends" lockdown off
        does "$1: explain" explain out to 198.51.100.2 user alice
        like "$out" "mail|reject" "$1: says something"
        does "$1: status verbose" status verbose
        does "$1: show raw" show raw
        does "$1: logging" logging high
        revision=$(in_machine p25ctl status --json | jq .revision)
        does "$1: a default" default allow outgoing
        does "$1: rollback" rollback "$revision"
        expect "$1: the default is back" machine "closed closed" -u 33 -g 33 "${to[@]}"
        in_machine systemctl reload p25d
        is $? 0 "$1: systemctl reload"
        does "$1: reset" reset --force
}
echo 'rules = ( { action = "allow"; direction = "out"; to = [ "192.0.2.99" ]; } );' >"$MACHINE/root/fragment"
features nftables

# ---- processes that it cannot see ----

cp "$MACHINE/opt/probe" "$MACHINE/opt/docker-proxy"
in_machine systemd-run -q --unit=proxy -p Type=forking /opt/docker-proxy listen -o /root/proxied 0.0.0.0 587
hides()
{
        in_machine p25ctl status verbose | grep -q "port 587: docker-proxy passes"
}
eventually 5 hides
ok $? "status names a program that hides the clients of a container"
in_machine systemctl stop proxy

# ---- it dies ----

does "a rule" deny in from 192.0.2.7
before=$(main_pid)
in_machine systemctl kill -s KILL p25d
expect "p25d is killed: the policy holds" machine "closed closed" "${to[@]}"
restarted()
{
        [ "$(main_pid)" != "$before" ] && in_machine p25ctl -q status
}
eventually 20 restarted
ok $? "p25d is back"
like "$(in_machine p25ctl show added)" "192.0.2.7" "with its rule"
does "and is reset" reset --force

# ---- p25d-reader does not answer ----

does "a rule for a group" allow out group senders
does "a rule for a user" allow out user alice
hold late -u "$alice" -g "$alice"
in_machine systemctl kill --kill-who=main -s STOP p25d-reader
does "p25d-reader hangs: a change" delete allow out user alice
sleep 3
! is_cut late
ok $? "whether the group may is not known: the connection goes on"
does "p25d answers" status
in_machine systemctl kill --kill-who=main -s CONT p25d-reader
does "p25d-reader is back: a change" deny in from 192.0.2.1
cut late
in_machine systemctl kill --kill-who=main -s KILL p25d-reader
does "p25d-reader was killed: the files are read" reload
does "and all is as it was" reset --force

# ---- iptables ----

echo 'backend = "iptables";' >>"$MACHINE/etc/p25/p25.conf"
ctl reload
is "$rc" 6 "backend = iptables: the unit does not allow it yet"
like "$err" "systemctl restart p25d" "the error says to restart p25d"
expect "nothing has changed" machine "closed closed" "${to[@]}"
ln -s /bin/false "$MACHINE/root/systemctl"
in_machine env PATH=/root:/usr/sbin:/usr/bin:/sbin:/bin /usr/share/p25/prepare
is "$? $(in_machine ls /run/systemd/system/p25d.service.d)" "1 " \
        "where the unit cannot be read again, the next start tries it again"
in_machine systemctl restart p25d
eventually 12 in_machine p25ctl -q status
is "$(in_machine p25ctl status --json | jq -r .backend)" iptables "after a restart it does"
capabilities 0000000000003000 "with iptables p25d may open a raw socket"
features iptables
chains()
{
        in_machine iptables-legacy-save 2>/dev/null | grep -c '^:P25-'
}
before=$(chains)
in_machine iptables-legacy -F
repaired()
{
        [ "$(chains)" = "$before" ]
}
eventually 10 repaired
ok $? "somebody flushes iptables: it is repaired"
unlike "$(journal p25d)" "[Oo]peration not permitted|[Pp]ermission denied|not allowed|SECCOMP" \
        "nothing that p25d needs is forbidden"
diag "$(journal p25d | grep -iE 'permi|allowed' | head -n 3)"

# ---- what may happen to the user and the files ----

in_machine systemctl stop p25d
in_machine sh -c 'userdel p25; chown -R root:root /var/lib/p25; rm /run/xtables.lock'
in_machine systemctl start p25d
is "$(in_machine systemctl is-active p25d)" active "without its user, its files, its lock: p25d starts"
up()
{
        in_machine p25ctl -q status
}
in_machine systemctl reload dbus
eventually 12 up
ok $? "and is on the bus"
does "a change" allow out to 192.0.2.7
in_machine systemd-run -q --wait --unit=tool.service p25ctl allow out to 192.0.2.9
is "$(in_machine p25ctl history --json | jq -r '.[0] | "\(.process) \(.unit)"')" "p25ctl tool.service" \
        "history shows the unit that made a change"
in_machine systemctl stop p25d
in_machine systemd-run -q --unit=by-hand p25d
# asked before it has the name, the bus would start the unit besides
by_hand_is_up()
{
        [ "$(in_machine busctl call org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus \
                GetConnectionUnixProcessID s org.port25.Policy1)" = "u $(in_machine systemctl show -P MainPID by-hand)" ]
}
eventually 30 by_hand_is_up
ok $? "root starts p25d itself"
does "a change" allow out to 192.0.2.8
in_machine systemctl stop by-hand
like "$(in_machine p25ctl show added)" "192.0.2.8" "p25d started by root, for a while: the unit takes over"
does "and can change what root's wrote" set load fresh /root/list
machine_off
sed -i '/^p25:/d' "$MACHINE/etc/passwd" "$MACHINE/etc/shadow" "$MACHINE/etc/group" "$MACHINE/etc/gshadow"
machine_boot
machine_network
expect "booted after the user was removed" machine "closed closed" "${to[@]}"
eventually 12 up
like "$(in_machine p25ctl show added)" "192.0.2.8" "with all its rules"
is "$(in_machine systemctl list-units --failed --no-legend --plain | grep p25)" "" "no unit failed"
machine_off
done_testing
