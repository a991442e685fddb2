#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The package's scripts: in a root that does not run, with policy-rc.d, with a bus and without,
# under both backends; upgrades, the way back, and what is left in the end.
# runs alone: machines share the cgroups of systemd-nspawn, and the package that is built for them
. "$(dirname "$0")/../lib/e2e.sh"
# shellcheck source=tests/lib/boot.sh
. tests/lib/boot.sh

boot_begin "the package"
debs_make && machine_make || exit 1
cp "$DEB" "$MACHINE/root/p25.deb"
cp "$DEB_LATER" "$MACHINE/root/later.deb"

# All that the root holds but what comes and goes by itself.
files_of()
{
        (cd "$MACHINE" && find etc usr var run lib opt root home tmp srv -xdev 2>/dev/null | sort |
                grep -vE '^(run|tmp)/|^var/(log|cache|tmp)/|^var/lib/(dpkg|systemd|man-db)/|^root/(later|p25).deb|/\.updated$|-$')
        sed 's|^|passwd |' "$MACHINE/etc/passwd"
}
in_chroot()
{
        run chroot "$MACHINE" env PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 "$@"
}
said()
{
        diag "$out" "$err"
}

# ---- a root that does not run, as an installer or an image builder has it ----

chroot "$MACHINE" systemctl -q disable p25d.service 2>/dev/null
files_of >"$WORK/before"
# the policy of the machine around it
nft add table inet p25
in_chroot dpkg -i /root/p25.deb
is "$rc" 0 "installed in a chroot"
said
[ -L "$MACHINE/etc/systemd/system/sysinit.target.wants/p25d.service" ]
ok $? "it is enabled"
in_chroot dpkg -i /root/later.deb
is "$rc" 0 "upgraded"
echo 'enabled = true;' >"$MACHINE/etc/p25/p25.conf"
in_chroot dpkg -r p25
is "$rc" 0 "removed"
unlike "$out$err" "kernel" "without a word about a kernel"
nft list table inet p25 >/dev/null 2>&1
ok $? "the policy of the machine around it is untouched"
nft delete table inet p25
in_chroot dpkg -P p25
is "$rc" 0 "purged"
files_of >"$WORK/after"
is "$(diff "$WORK/before" "$WORK/after")" "" "nothing is left"
in_chroot dpkg -i /root/p25.deb
is "$rc" 0 "installed again, for the boot"
machine_boot
ok $? "it boots"
machine_network
is "$(in_machine systemctl is-active p25d) $(in_machine p25ctl status)" "active Status: inactive" \
        "p25d runs, and is inactive"

# ---- policy-rc.d, and what an administrator has decided ----

deb() # ARGUMENT...
{
        run in_machine dpkg "$@"
        [ "$rc" = 0 ] || said
}
is_active()
{
        in_machine systemctl is-active p25d
}
is_enabled()
{
        in_machine systemctl is-enabled p25d
}
deb -P p25
is "$rc" 0 "purged"
printf '#!/bin/sh\nexit 101\n' >"$MACHINE/usr/sbin/policy-rc.d"
chmod 755 "$MACHINE/usr/sbin/policy-rc.d"
deb -i /root/p25.deb
is "$rc $(is_active) $(is_enabled)" "0 inactive enabled" "policy-rc.d says no: not started, but enabled"
rm "$MACHINE/usr/sbin/policy-rc.d"
in_machine systemctl -q disable --now p25d
deb -i /root/later.deb
is "$rc $(is_enabled)" "0 disabled" "a disabled unit stays disabled after an upgrade"
in_machine systemctl -q mask p25d
deb -i /root/p25.deb
is "$rc $(is_active) $(is_enabled)" "0 inactive masked" "a downgrade, and masked it stays"
deb -P p25
is "$rc" 0 "purged while masked"
in_machine systemctl -q unmask p25d
deb -i /root/p25.deb
is "$rc $(is_active) $(is_enabled)" "0 active enabled" "installed"

# ---- the page for Cockpit ----

# the machine has no Cockpit; whether its bridge finds the page is asked of the one out here
cp "${DEB%/*}"/cockpit-p25_*.deb "$MACHINE/root/cockpit.deb"
deb -i --ignore-depends=cockpit-bridge /root/cockpit.deb
is "$rc" 0 "cockpit-p25 is installed"
is "$(in_machine dpkg-query -W -f '${db:Status-Status}' cockpit-p25)" installed "dpkg says so"
(cd packaging/cockpit && ls -- *.*) >"$WORK/pages"
for file in $(cat "$WORK/pages"); do
        cmp -s "packaging/cockpit/$file" "$MACHINE/usr/share/cockpit/p25/$file"
        ok $? "the page has $file"
done
is "$(find "$MACHINE/usr/share/cockpit/p25" -perm /022 -o -not -user 0 | head -n 3)" "" "the page may be written by root only"
if command -v cockpit-bridge >/dev/null; then
        like "$(XDG_DATA_DIRS=$MACHINE/usr/share HOME=$WORK cockpit-bridge --packages 2>&1)" \
                "^p25 +Mail ports +.*/usr/share/cockpit/p25" "Cockpit finds it"
else
        skip "Cockpit finds it" "cockpit-bridge is not installed"
fi
in_machine p25ctl -q status >"$WORK/null"
is $? 0 "p25d runs on"
deb -P cockpit-p25
is "$rc" 0 "and is purged"
[ ! -e "$MACHINE/usr/share/cockpit/p25" ]
ok $? "with all its files"
rm "$MACHINE/root/cockpit.deb"

# ---- traffic all the while ----

listen inet 25
listen machine 25
up()
{
        in_machine p25ctl -q status
}
through_all() # BACKEND
{
        local out_loop in_loop name=$1 way
        cat >"$MACHINE/etc/p25/p25.conf" <<-CONF
		enabled = true;
		backend = "$1";
		default = { incoming = "deny"; outgoing = "reject"; };
	CONF
        # the rights that iptables needs come with the next start
        in_machine systemctl restart p25d
        eventually 12 up
        is "$(in_machine p25ctl status --json | jq -r '"\(.active) \(.backend)"')" "true $1" "$name is in force"
        in_machine p25ctl -q allow from 192.0.2.77
        out_loop=$(net_in machine "$probe" loop -t 100 -o "$WORK/out-$name" 198.51.100.2 25)
        in_loop=$(net_in inet "$probe" loop -t 30 -o "$WORK/in-$name" 2001:db8:1::1 25)
        deb -i /root/later.deb
        is "$rc $(is_active)" "0 active" "$name: upgraded"
        deb -i /root/later.deb
        is "$rc $(is_active)" "0 active" "$name: installed again"
        deb -i /root/p25.deb
        is "$rc $(is_active)" "0 active" "$name: and back to the former version"
        in_machine systemctl kill -s KILL p25d
        eventually 12 up
        ok $? "$name: killed"
        in_machine systemctl stop p25d
        deb -i /root/later.deb
        is "$rc" 0 "$name: upgraded while p25d is stopped"
        eventually 12 up
        ok $? "$name: it runs"
        way=$(in_machine p25ctl show added)
        like "$way" "192.0.2.77" "$name: with the rule"
        process_end "$out_loop" TERM
        process_end "$in_loop" TERM
        like "$(cat "$WORK/out-$name")" "^open=0 closed=[1-9][0-9]+ filtered=0" "$name: never a gap outwards"
        like "$(cat "$WORK/in-$name")" "^open=0 closed=0 filtered=[1-9]" "$name: nor inwards"
        diag "$(cat "$WORK/out-$name" "$WORK/in-$name")"
}
has_policy()
{
        in_machine sh -c 'nft list table inet p25; iptables-legacy-save; ip6tables-legacy-save' 2>/dev/null |
                grep -qi p25
}
for backend in nftables iptables; do
        through_all $backend
        has_policy
        ok $? "$backend: the kernel has it"
        case $backend in
        nftables) in_machine systemctl stop p25d ;;
        iptables) # nobody to ask
                in_machine systemctl -q stop dbus.socket dbus.service ;;
        esac
        deb -r p25
        is "$rc" 0 "$backend: removed"
        diag "$out"
        like "$out" "p25: .*nothing filters them now" "$backend: and says that mail flows"
        ! has_policy
        ok $? "$backend: the kernel has nothing any more"
        expect "$backend: mail flows" machine open 198.51.100.2 25
        [ -s "$MACHINE/etc/p25/p25.conf" ] && [ -d "$MACHINE/var/lib/p25" ]
        ok $? "$backend: the administrator's files are kept"
        [ $backend = nftables ] || continue
        deb -i /root/p25.deb
        is "$(in_machine p25ctl status | head -n 1)" "Status: active" "$backend: installed again it is in force"
        expect "$backend: installed again" machine closed 198.51.100.2 25
done
deb -P p25
is "$rc" 0 "purged"
in_machine systemctl start dbus.socket
files_of >"$WORK/after"
is "$(diff "$WORK/before" "$WORK/after")" "" "nothing is left"
machine_off
done_testing
