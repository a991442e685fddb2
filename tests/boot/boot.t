#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The package on a machine that boots: installed, enabled, stopped, killed, flushed, upgraded,
# rebooted, damaged, removed.
# runs alone: machines share the cgroups of systemd-nspawn, and the package that is built for them
. "$(dirname "$0")/../lib/e2e.sh"
# shellcheck source=tests/lib/boot.sh
. tests/lib/boot.sh

boot_begin "a machine that boots"
debs_make
ok $? "the package is built, and lintian finds nothing"
diag "$(tail -n 3 "$WORK/deb.log")"
machine_make || exit 1

at_interface "nft list table inet p25; ip link add t0 type veth peer name t1; ip link set t0 up"

run()
{
        "$@" >"$WORK/out" 2>"$WORK/err" </dev/null
        rc=$?
        out=$(cat "$WORK/out")
        err=$(cat "$WORK/err")
}
ctl()
{
        run in_machine p25ctl "$@"
}
table()
{
        in_machine nft list table inet p25 >/dev/null 2>&1
}

machine_boot
ok $? "the machine boots"
machine_network

# ---- installed: nothing changes ----

cp "$DEB" "$MACHINE/root/p25.deb"
cp "$DEB_LATER" "$MACHINE/root/later.deb"
listen inet 25
listen machine 25
run in_machine dpkg -i /root/p25.deb
is "$rc" 0 "dpkg -i"
diag "$err"
is "$(in_machine systemctl is-active p25d) $(in_machine systemctl is-enabled p25d)" \
        "active enabled" "p25d runs"
ctl status
is "$out" "Status: inactive" "and is inactive"
! table
ok $? "no table in the kernel"
expect "outgoing is open" machine open 198.51.100.2 25
ctl role list
like "$out" "app-server.*mx.*no-mail" "the roles are there"
run in_machine runuser -u alice -- p25ctl status
is "$rc" 0 "a user reads the status"
run in_machine runuser -u alice -- p25ctl deny
is "$rc" 5 "and may not change anything"
cat >"$MACHINE/etc/polkit-1/rules.d/10-test.rules" <<'JS'
polkit.addRule(function(action, subject) {
        if (action.id == "org.port25.policy1.manage" && subject.user == "alice")
                return polkit.Result.YES;
});
JS
may_change()
{
        in_machine runuser -u alice -- p25ctl --dry-run deny
}
eventually 10 may_change
ok $? "unless a rule of polkit allows it"
rm "$MACHINE/etc/polkit-1/rules.d/10-test.rules"
run in_machine man -w p25 p25ctl p25d p25.conf p25-roles org.port25.Policy1
is "$rc" 0 "man finds six pages"

# ---- in force ----

mkdir -p "$MACHINE/etc/p25"
cat >"$MACHINE/etc/p25/p25.conf" <<'CONF'
enabled = true;
default = { incoming = "deny"; outgoing = "reject"; };
CONF
ctl reload
is "$rc" 0 "reload"
ctl allow from 192.0.2.77 comment kept
is "$rc" 0 "a rule"
in_force() # NAME
{
        expect "$1: outgoing" machine "closed closed" 198.51.100.2 25 2001:db8:1::2 25
        expect "$1: incoming" inet "filtered" -t 300 198.51.100.1 25
}
in_force "enabled"

# systemctl reload answers for the files
cp "$MACHINE/etc/p25/p25.conf" "$WORK/p25.conf"
echo 'enabled = ' >"$MACHINE/etc/p25/p25.conf"
run in_machine systemctl reload p25d
[ "$rc" != 0 ]
ok $? "systemctl reload of a broken file fails ($rc)"
in_force "with a broken file"
cp "$WORK/p25.conf" "$MACHINE/etc/p25/p25.conf"
run in_machine systemctl reload p25d
is "$rc" 0 "systemctl reload of a good one"
unlike "$(journal p25d)" "[Oo]peration not permitted|[Pp]ermission denied|SECCOMP" \
        "nothing that p25d needs is forbidden"
score=$(in_machine systemd-analyze security --no-pager p25d | sed -n 's/.*exposure level.*: \([0-9.]*\).*/\1/p')
at_most "${score/./}" 20 "systemd-analyze security: $score"

# ---- stopped, killed, restarted, hung ----

tries=$(net_in machine "$probe" loop -t 100 -o "$WORK/loop" 198.51.100.2 25)
in_machine systemctl stop p25d
is "$(in_machine systemctl is-active p25d)" inactive "systemctl stop"
in_force "stopped"
in_machine systemctl start p25d
ctl status
like "$out" "^Status: active" "systemctl start"
in_machine systemctl restart p25d
in_force "restarted"
up()
{
        in_machine p25ctl -q status >/dev/null 2>&1
}
in_machine systemctl kill -s KILL p25d
in_machine nft flush ruleset
in_force "killed, and the ruleset flushed before it is back"
eventually 10 up
ok $? "systemd starts it again"
in_force "back"
mkdir -p "$MACHINE/run/systemd/system/p25d.service.d"
in_machine mkdir -p /run/systemd/system/p25d.service.d
in_machine sh -c 'printf "[Service]\nWatchdogSec=2\n" >/run/systemd/system/p25d.service.d/x.conf'
in_machine systemctl daemon-reload
in_machine systemctl restart p25d
pid=$(in_machine systemctl show -P MainPID p25d)
in_machine systemctl kill --kill-who=main -s STOP p25d
restarted()
{
        [ "$(in_machine systemctl show -P MainPID p25d)" != "$pid" ] && up
}
eventually 20 restarted
ok $? "the watchdog ends one that hangs, and another takes over"
in_force "after the watchdog"
in_machine rm -r /run/systemd/system/p25d.service.d
in_machine systemctl daemon-reload

# ---- the bus ----

in_machine systemctl restart dbus
eventually 10 up
ok $? "the bus is restarted: p25d is on it again"

# ---- upgraded ----

run in_machine dpkg -i /root/later.deb
is "$rc" 0 "an upgrade"
is "$(in_machine dpkg-query -W -f '${Version}' p25)" \
        "$(dpkg-deb -f "$DEB_LATER" Version)" "to the later version"
in_force "upgraded"
eventually 10 up
ctl show added
like "$out" "192.0.2.77" "the stored rule is there"
signal TERM "$tries"
eventually 5 process_gone "$tries"
like "$(cat "$WORK/loop")" "^open=0 closed=[1-9][0-9]+ " "never a gap in all that"
diag "$(cat "$WORK/loop")"

# ---- the other backend, under the same unit ----

sed -i '$a backend = "iptables";' "$MACHINE/etc/p25/p25.conf"
ctl reload
is "$rc" 6 "backend = iptables needs rights that the unit gives at its next start"
like "$err" "systemctl restart p25d" "and says so"
in_machine systemctl restart p25d
ok $? "restarted"
ctl status verbose
like "$out" "Backend: iptables" "is in use"
in_force "iptables"
sed -i '/backend/d' "$MACHINE/etc/p25/p25.conf"
ctl reload
is "$rc" 0 "and back"
table
ok $? "to nftables"

# ---- rebooted ----

ctl --confirm 1h allow from 192.0.2.78
is "$rc" 0 "a rule that waits to be confirmed"
machine_off
ok $? "power off"
machine_boot
ok $? "it boots"
machine_network
in_force "booted"
ctl show added
like "$out" "192.0.2.77" "the stored rule is there"
like "$out" "192.0.2.78" "and the one that waits"
like "$(in_machine p25ctl status)" "Pending: revision [0-9]+ is taken back in 3[0-9]{3} s" "waits still"
is "$(sed -n 's/^boot //p' "$MACHINE/var/lib/p25/pending")" \
        "$(in_machine cat /proc/sys/kernel/random/boot_id | tr -d -)" "until this kernel's deadline"
unlike "$(journal p25d)" "[Ff]ailed|restart job" "p25d came up at the first attempt"
like "$(cat "$MACHINE/var/log/at-interface")" "table inet p25" \
        "the policy was in force before the first interface was up"
usec() # UNIT PROPERTY
{
        in_machine systemctl show -P "$2" "$1"
}
at_most "$(usec p25d.service ActiveEnterTimestampMonotonic)" \
        "$(usec network-pre.target ActiveEnterTimestampMonotonic)" "p25d is ready before network-pre.target"
is "$(in_machine journalctl -b --no-pager -o cat | grep -i 'ordering cycle')" "" "no ordering cycles"
is "$(in_machine systemctl list-units --failed --no-legend --plain | grep -v '^systemd-')" "" \
        "no unit failed"
is "$(in_machine systemd-analyze verify --man=yes p25d.service 2>&1 | grep p25d)" "" \
        "systemd-analyze verify has nothing to say"

# a reboot that the machine asks for: nspawn leaves it to us to boot again
in_machine systemctl --no-block reboot
eventually 60 process_gone "$nspawn"
wait "$nspawn"
is $? 133 "systemctl reboot"
# as if it had been off for long
sed -i 's/^deadline .*/deadline 1700000000000000/' "$MACHINE/var/lib/p25/pending"
machine_boot
ok $? "it boots"
machine_network
in_force "rebooted"
ctl show added
unlike "$out" "192.0.2.78" "a change that was not confirmed in time is taken back"
like "$out" "192.0.2.77" "and no more than that"
like "$(in_machine p25ctl history)" "not confirmed in time" "history has it"
unlike "$(journal p25d)" "[Ff]ailed|restart job" "p25d came up at the first attempt"

# ---- a bus that comes late, a p25.conf that is broken ----

machine_off
for unit in dbus.socket dbus.service; do
        ln -s /dev/null "$MACHINE/etc/systemd/system/$unit"
done
echo 'broken' >>"$MACHINE/etc/p25/p25.conf"
systemd-nspawn -q -D "$MACHINE" --private-network --register=no --keep-unit \
        --console=read-only -b >>"$WORK/console.log" 2>&1 </dev/null &
nspawn=$!
has_table()
{
        find_leader && table
}
eventually 30 has_table
ok $? "without a bus, with a broken p25.conf: the policy is in force"
machine_network
in_force "the last good policy"
eventually 10 test -S "/proc/$leader/root/run/systemd/private"
for unit in dbus.socket dbus.service; do
        rm "$MACHINE/etc/systemd/system/$unit"
done
in_machine systemctl daemon-reload
in_machine systemctl start dbus.socket dbus.service
eventually 12 up
ok $? "the bus is started late: p25d joins it"
ctl status
is "$rc" 0 "status exits 0"
like "$out$err" "last good" "and warns"
like "$(journal p25d)" "p25.conf:.*last good" "the journal reports it"
diag "$(journal p25d | tail -n 4)"

# ---- no state folder, and a broken p25.conf: no-mail ----

machine_off
rm -rf "$MACHINE/var/lib/p25"
machine_boot
ok $? "it boots without its state"
machine_network
listen inet 587
expect "no-mail: outgoing, all ports" machine "closed closed" 198.51.100.2 25 198.51.100.2 587
expect "no-mail: incoming" inet "filtered" -t 300 198.51.100.1 25
ctl status
like "$out$err" "no-mail" "status reports it"
like "$(journal p25d)" "no-mail" "the journal reports it"
sed -i '/broken/d' "$MACHINE/etc/p25/p25.conf"
ctl reload
is "$rc" 0 "mended"
in_force "mended"

# ---- removed, purged ----

run in_machine dpkg -r p25
is "$rc" 0 "dpkg -r"
like "$out$err" "out of the kernel; nothing filters them now" "and it says what it did"
! table
ok $? "the table is gone"
expect "mail flows" machine open 198.51.100.2 25
is "$(in_machine systemctl is-active p25d)" inactive "p25d does not run"
[ -s "$MACHINE/etc/p25/p25.conf" ]
ok $? "p25.conf is kept"
run in_machine dpkg -i /root/p25.deb
ctl status
is "${out%%$'\n'*}" "Status: active" "installed again it is in force, as p25.conf says"
expect "and closes the port" machine closed 198.51.100.2 25
in_machine systemctl stop p25d
run in_machine dpkg -P p25
is "$rc" 0 "dpkg -P, while p25d is stopped and its policy in the kernel"
like "$out$err" "out of the kernel; nothing filters them now" "and it says what it did"
! table
ok $? "the table is gone"
is "$(in_machine find / -xdev -path /proc -prune -o -iname '*p25*' -print |
        grep -vE '^/root/(p25|later)|^/sys|^/var/lib/dpkg/|^/var/cache/man/|^/run/(systemd|udev)' | head -n 5)" "" \
        "nothing of it is left"
! in_machine getent passwd p25
ok $? "nor its user"
machine_off
ok $? "power off"
done_testing
