#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# More ways to come up: with the other backend, after a change of backend while the power was off,
# after a power cut, with IPv6 only, with dbus-broker.
# runs alone: machines share the cgroups of systemd-nspawn, and the package that is built for them
. "$(dirname "$0")/../lib/e2e.sh"
# shellcheck source=tests/lib/boot.sh
. tests/lib/boot.sh

boot_begin "boots"
debs_make && machine_make || exit 1

at_interface "nft list table inet p25; iptables-legacy-save; ip6tables-legacy-save"
cp "$DEB" "$MACHINE/root/p25.deb"
chroot "$MACHINE" dpkg -i /root/p25.deb >"$WORK/dpkg.log" 2>&1
ok $? "installed"
conf() # BACKEND
{
        cat >"$MACHINE/etc/p25/p25.conf" <<-CONF
		enabled = true;
		backend = "$1";
		default = { incoming = "deny"; outgoing = "reject"; };
	CONF
}
ctl()
{
        run in_machine p25ctl "$@"
}
boots() # NAME BACKEND
{
        local name=$1
        rm -f "$MACHINE/var/log/at-interface"
        machine_boot
        ok $? "$name: it boots"
        machine_network
        expect "$name: outgoing" machine "closed closed" 198.51.100.2 25 2001:db8:1::2 25
        expect "$name: incoming" inet "filtered filtered" -t 300 198.51.100.1 25 2001:db8:1::1 25
        case $2 in
        nftables)
                like "$(cat "$MACHINE/var/log/at-interface")" "table inet p25" "$name: before the first interface"
                unlike "$(cat "$MACHINE/var/log/at-interface")" "P25-" "$name: and by no other backend"
                ;;
        iptables)
                is "$(grep -c '^-A OUTPUT .*P25' "$MACHINE/var/log/at-interface")" 2 \
                        "$name: before the first interface, both families"
                unlike "$(cat "$MACHINE/var/log/at-interface")" "table inet p25" "$name: and by no other backend"
                ;;
        esac
        up()
        {
                in_machine p25ctl -q status
        }
        eventually 12 up
        ctl status --json
        is "$(jq -r '"\(.active) \(.backend) \(.warnings | length)"' <<<"$out")" "true $2 0" \
                "$name: status, without a warning"
        unlike "$(journal p25d)" "[Ff]ailed|restart job|[Pp]ermission" "$name: at the first attempt"
}
listen_all()
{
        listen inet 25
        listen machine 25
}

conf iptables
boots "iptables" iptables
listen_all
ctl allow out to 198.51.100.2 comment stored
is "$rc" 0 "a rule"
expect "iptables: the rule works" machine "open" 198.51.100.2 25
ctl delete allow out to 198.51.100.2

# what is in force is iptables; the file says nftables at the next boot
ctl allow from 192.0.2.77 comment kept
conf nftables
machine_off
boots "another backend" nftables
ctl show added
like "$out" "192.0.2.77" "with the rules"

# a power cut in the midst of changes: all of them, or all but the last
(for i in {1..250}; do in_machine p25ctl -q allow from "192.0.2.$i" || break; done) >"$WORK/cut" 2>&1 &
changing=$!
written()
{
        in_machine p25ctl show added | grep -q 192.0.2.20
}
eventually 20 written
signal KILL "$leader"
eventually 20 process_gone "$nspawn"
ok $? "the power is cut"
wait $changing
boots "after a power cut" nftables
ctl show added
n=$(grep -c '192\.0\.2\.' <<<"$out")
[ "$n" -ge 20 ]
ok $? "the rules are there ($n)"
# 77 was there before, and is not added twice
is "$(grep -o '192\.0\.2\.[0-9]*' <<<"$out" | cut -d. -f4 | grep -vx 77 | tr '\n' ' ')" \
        "$(seq 1 250 | grep -vx 77 | head -n $((n - 1)) | tr '\n' ' ')" "in one piece, none left out"
ctl allow from 203.0.113.9
is "$rc" 0 "and change again"

# a broken p25.conf beside the other backend
conf iptables
in_machine systemctl restart p25d
eventually 12 up
is "$(in_machine p25ctl status --json | jq -r .backend)" iptables "iptables, after p25d was restarted"
echo 'default = {' >>"$MACHINE/etc/p25/p25.conf"
machine_off
machine_boot
machine_network
expect "iptables, broken p25.conf: outgoing" machine "closed closed" 198.51.100.2 25 2001:db8:1::2 25
is "$(grep -c '^-A OUTPUT .*P25' "$MACHINE/var/log/at-interface")" 2 "the last good policy, before the first interface"
eventually 12 up
ctl status
like "$out$err" "last good" "status warns"
like "$(journal p25d)" "p25.conf:4.*last good" "the journal reports it"
conf nftables
ctl reload
is "$rc" 0 "mended"

# IPv6 only, and the other bus
machine_off
machine_bus dbus-broker
echo 'net.ipv6.conf.all.disable_ipv6 = 0' >"$MACHINE/etc/sysctl.d/10-test.conf"
machine_boot
ok $? "it boots with dbus-broker"
net_address_all=$(declare -f net_address)
net_address() # IPv6 only
{
        local words=() word
        for word; do [[ $word == *.*.*.* ]] || words+=("$word"); done
        net_address_both "${words[@]}"
}
eval "${net_address_all/net_address/net_address_both}"
machine_network
is "$(ip -n machine -4 -br address show dev eth0)" "" "and has no IPv4"
expect "IPv6 only: outgoing" machine closed 2001:db8:1::2 25
expect "IPv6 only: incoming" inet filtered -t 300 2001:db8:1::1 25
is "$(in_machine systemctl is-active dbus-broker)" active "dbus-broker runs"
eventually 12 up
ok $? "p25d is on it"
run in_machine runuser -u alice -- p25ctl deny
is "$rc" 5 "a user may not change anything"
run in_machine runuser -u alice -- p25ctl status
is "$rc" 0 "and may read"
ctl allow out to 2001:db8:1::2
is "$rc" 0 "root changes"
expect "IPv6 only: what is allowed" machine open 2001:db8:1::2 25
in_machine systemctl restart dbus-broker
eventually 12 up
ok $? "dbus-broker is restarted: p25d is on it again"
unlike "$(journal dbus-broker)" "[Ii]nvalid.*p25|p25.*[Ii]nvalid" "dbus-broker knows the user p25"
machine_off
done_testing
