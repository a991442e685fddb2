#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The unit on a kernel that knows no persistent tables (before 6.9): systemd keeps the socket that
# owns the table, and a stop leaves a table that nobody owns. With a connection at any time, and never
# a gap. tests/kernels has such a kernel; here a library in p25d answers for it.
# runs alone: machines share the cgroups of systemd-nspawn, and the package that is built for them
. "$(dirname "$0")/../lib/e2e.sh"
# shellcheck source=tests/lib/boot.sh
. tests/lib/boot.sh

boot_begin "an old kernel"
debs_make && machine_make || exit 1
cp "$DEB" "$MACHINE/root/p25.deb"
cp "${BUILD:-build}/tests/lib/old_kernel.so" "$MACHINE/usr/lib/"
mkdir -p "$MACHINE/etc/systemd/system/p25d.service.d" "$MACHINE/etc/p25"
printf '[Service]\nEnvironment=LD_PRELOAD=/usr/lib/old_kernel.so\n' \
        >"$MACHINE/etc/systemd/system/p25d.service.d/old.conf"
cat >"$MACHINE/etc/p25/p25.conf" <<'CONF'
enabled = true;
attribution = "unit";
default = { incoming = "deny"; outgoing = "reject"; };
CONF
machine_boot
ok $? "the machine boots"
machine_network
listen inet 25
listen machine 25
in_machine dpkg -i /root/p25.deb >"$WORK/dpkg.log" 2>&1
ok $? "dpkg -i"

up()
{
        in_machine p25ctl -q status
}
owner() # flags of the table, as nft prints them
{
        in_machine nft list table inet p25 | sed -n 's/^\tflags //p'
}
in_force() # WHEN
{
        expect "$1: outgoing" machine "closed closed" 198.51.100.2 25 2001:db8:1::2 25
        expect "$1: incoming" inet "filtered" -t 300 198.51.100.1 25
}
main_pid()
{
        in_machine systemctl show -P MainPID p25d
}
again() # PID: another p25d than that
{
        [ "$(main_pid)" != "$1" ] && up
}
untouchable() # WHEN
{
        is "$(owner)" owner "$1: the table is owned"
        run in_machine nft delete table inet p25
        [ "$rc" != 0 ]
        ok $? "$1: and nobody else can delete it"
        in_machine nft flush ruleset
        in_force "$1, flushed"
}

eventually 12 up
untouchable "installed"
tries=$(net_in machine "$probe" loop -t 100 -o "$WORK/loop" 198.51.100.2 25)

for round in first second; do
        in_machine systemctl stop p25d
        is "$(owner)" "" "stopped, $round: nobody owns the table"
        in_force "stopped, $round"
        in_machine systemctl start p25d
        eventually 12 up
        untouchable "started, $round"
done
in_machine systemctl restart p25d
eventually 12 up
untouchable "restarted"
pid=$(main_pid)
in_machine systemctl kill -s KILL p25d
in_machine nft flush ruleset
eventually 12 again "$pid"
ok $? "p25d is started again after SIGKILL, and a flush meanwhile"
untouchable "killed"
# what is kept does not pile up, and a unit without room keeps nothing
for _ in 1 2 3 4 5; do in_machine systemctl restart p25d; done
eventually 12 up
untouchable "restarted five times"
is "$(in_machine systemctl show -P NFileDescriptorStore p25d)" 1 "systemd keeps one descriptor"
run in_machine dpkg -i /root/p25.deb
is "$rc" 0 "installed again"
eventually 12 up
untouchable "installed again"
signal TERM "$tries"
eventually 5 process_gone "$tries"
like "$(cat "$WORK/loop")" "^open=0 closed=[1-9][0-9]+ " "never a gap in all that"
diag "$(cat "$WORK/loop")"

in_machine systemctl stop p25d
in_machine sh -c 'printf "[Service]\nFileDescriptorStoreMax=0\n" >/etc/systemd/system/p25d.service.d/none.conf
        systemctl daemon-reload'
in_machine systemctl start p25d
eventually 12 up
is "$(owner)" "" "where nothing is kept, nobody owns the table"
in_force "not owned"
in_machine p25ctl -q disable
! in_machine nft list table inet p25 >"$WORK/null" 2>&1
ok $? "disabled: the table is gone"
is "$(journal p25d | grep -ci 'may leave')" 0 "and p25d never feared for it"
machine_off
ok $? "power off"
done_testing
