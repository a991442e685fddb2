#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# p25-fleet under the unit that is shipped, with the rule of polkit that is shipped: what it may do, and
# that it follows a web server.
# runs alone: machines share the cgroups of systemd-nspawn, and the package that is built for them
. "$(dirname "$0")/../lib/e2e.sh"
# shellcheck source=tests/lib/boot.sh
. tests/lib/boot.sh
# shellcheck source=tests/lib/fleet.sh
. tests/lib/fleet.sh

boot_begin "p25-fleet's unit" nginx openssl minisign
debs_make && machine_make || exit 1
machine_boot
ok $? "the machine boots"
machine_network
listen machine 25
cp "$DEB" "$MACHINE/root/p25.deb"
cp "${DEB%/*}"/p25-fleet_*.deb "$MACHINE/root/fleet.deb"
# the root has no more than p25d needs; libraries of the same release are out here, those of another
# one beside its packages
if [ -e "${DEB%/*}/libraries.tar" ]; then
        tar -C "$MACHINE" --skip-old-files -xf "${DEB%/*}/libraries.tar"
else
        for library in $(ldd "$P25_FLEET" | awk '$3 ~ "^/" { print $3 }'); do
                [ -e "$MACHINE$library" ] || install -D "$library" "$MACHINE$library"
        done
fi
in_machine ldconfig
in_machine dpkg -i /root/p25.deb >"$WORK/dpkg.log" 2>&1 &&
        in_machine dpkg --force-depends -i /root/fleet.deb >>"$WORK/dpkg.log" 2>&1
ok $? "both packages are installed" || diag "$(tail -n 5 "$WORK/dpkg.log")"

# ---- a web server, and a host that follows it ----

mkdir -p "$FLEET/site/groups/all/sets" "$FLEET/site/groups/all/fragments" "$MACHINE/etc/p25"
fleet_certificates web
key=$(fleet_key a)
echo 198.51.100.2 >"$FLEET/site/groups/all/sets/blocked.txt"
echo 'rules = ( { action = "deny"; direction = "in"; from = "@blocked"; } );' \
        >"$FLEET/site/groups/all/fragments/fleet.conf"
publish
ok "$rc" "a serial is published"
web_start "$FLEET/site/www" </dev/null
ok $? "nginx serves it"
cp "$FLEET/tls/ca.pem" "$MACHINE/etc/p25/ca.pem"
cat >"$MACHINE/etc/p25/fleet.conf" <<-CONF
	host = "mx1.example.net";
	documents = {
	  url = "https://$WEB/"; ca = "/etc/p25/ca.pem"; keys = [ "$key" ];
	  sets = [ "blocked" ]; fragments = [ "fleet" ];
	};
CONF
in_machine p25ctl --force enable >"$WORK/null" 2>&1
expect "before" inet open 198.51.100.1 25
in_machine systemctl restart p25-fleet
ok $? "p25-fleet starts"
serial()
{
        [ "$(in_machine p25-fleet status --json | jq .documents.serial)" = "$1" ]
}
eventually 30 serial 1
ok $? "the serial is in force" || diag "$(journal p25-fleet)"
expect "whom the fleet denies is dropped" inet filtered -t 300 198.51.100.1 25

# ---- what it may do ----

pid=$(in_machine systemctl show -P MainPID p25-fleet)
of_process() # KEY
{
        in_machine sed -n "s/^$1:\t//p" "/proc/$pid/status"
}
uid=$(in_machine id -u p25-fleet)
is "$(of_process Uid)" "$uid	$uid	$uid	$uid" "it runs as its user"
for key in CapEff CapBnd CapAmb; do is "$(of_process $key)" 0000000000000000 "without capabilities: $key"; done
is "$(of_process NoNewPrivs) $(of_process Seccomp)" "1 2" "no new privileges, a filter of system calls"
score=$(in_machine systemd-analyze security --no-pager p25-fleet |
        sed -n 's/.*exposure level.*: \([0-9.]*\).*/\1/p')
at_most "${score/./}" 11 "systemd-analyze security: $score"
# libraries are counted whole that nobody else here uses; for a second after a look they are in use
small()
{
        [ "$(in_machine awk '/^Pss:/ { print $2 }' "/proc/$pid/smaps_rollup")" -le 3072 ]
}
eventually 10 small
ok $? "at most 3 MB of memory (PSS)" || diag "$(in_machine cat "/proc/$pid/smaps_rollup")"
refused() # NAME WORD...: p25ctl of p25-fleet's user may not
{
        local name=$1
        shift
        run in_machine setpriv --reuid p25-fleet --regid p25-fleet --clear-groups p25ctl "$@"
        is "$rc" 5 "polkit: $name"
}
refused "no rule" deny in
refused "no other set" set add others 192.0.2.1
refused "no lockdown" lockdown on
refused "no events" events
cannot() # NAME COMMAND...
{
        local name=$1
        shift
        ! nsenter --target "$leader" --pid --mount --root --wd -- nsenter --target "$pid" --mount -- \
                setpriv --reuid "$uid" --clear-groups "$@" >"$WORK/out" 2>&1
        ok $? "cannot $name"
}
cannot "read p25d's state" ls /var/lib/p25/
cannot "write to /etc" touch /etc/p25/x
cannot "write to /run" touch /run/x

# ---- killed ----

in_machine systemctl kill --signal=KILL p25-fleet
another()
{
        local now
        now=$(in_machine systemctl show -P MainPID p25-fleet)
        [ "$now" != 0 ] && [ "$now" != "$pid" ]
}
eventually 30 another
ok $? "killed, it is started again"
is "$(connect inet -t 300 198.51.100.1 25)" filtered "and what it brought is in force"
echo 203.0.113.9 >"$FLEET/site/groups/all/sets/blocked.txt"
publish
eventually 30 serial 2
ok $? "the next serial comes into force"
expect "whom it denies no more may connect" inet open 198.51.100.1 25
web_stop
done_testing
