#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Services of a booted machine for those who watch it: the timer that writes the metrics for
# node_exporter, and the unit that p25d, which is not root, may start for an alert.
# runs alone: machines share the cgroups of systemd-nspawn, and the package that is built for them
. "$(dirname "$0")/../lib/e2e.sh"
# shellcheck source=tests/lib/boot.sh
. tests/lib/boot.sh

boot_begin "metrics and alerts"
debs_make && machine_make || exit 1
cp "$DEB" "$MACHINE/root/p25.deb"
machine_boot
ok $? "the machine boots"
machine_network
listen inet 25
in_machine dpkg -i /root/p25.deb >"$WORK/dpkg.log" 2>&1
ok $? "dpkg -i"
up()
{
        in_machine p25ctl -q status
}
cat >"$MACHINE/etc/p25/p25.conf" <<'CONF'
enabled = true;
roles = ( "shared-hosting" );
alerts = { blocked = "3/hour"; };
CONF
in_machine systemctl restart p25d
eventually 12 up
ok $? "p25 is in force"

# ---- metrics ----

is "$(in_machine systemctl is-enabled p25-metrics.timer)" disabled "the timer of the metrics is the administrator's to enable"
collector=/var/lib/prometheus/node-exporter
metrics=$collector/p25.prom
in_machine systemctl -q enable --now p25-metrics.timer
is "$(in_machine systemctl is-active p25-metrics.timer)" inactive "without node_exporter it does not run"
is "$(in_machine systemctl is-failed p25-metrics.service p25-metrics.timer | sort -u)" inactive "and nothing failed"
in_machine mkdir -p $collector
in_machine systemctl -q enable --now p25-metrics.timer
is "$(in_machine systemctl is-active p25-metrics.timer)" active "with its folder it does"
eventually 20 test -s "$MACHINE$metrics"
ok $? "it writes the metrics"
for name in p25_info p25_active p25_revision p25_lockdown p25_rule_packets_total; do
        grep -q "^$name" "$MACHINE$metrics"
        ok $? "$name is among them"
done
grep -qx "p25_active 1" "$MACHINE$metrics"
ok $? "p25 is active"
is "$(stat -c %a "$MACHINE$metrics")" 644 "everybody may read them"
in_machine p25ctl -q lockdown on
locked_down()
{
        grep -q "^p25_lockdown 1" "$MACHINE$metrics"
}
eventually 60 locked_down
ok $? "and writes them again by itself"
in_machine p25ctl -q lockdown off
is "$(ls "$MACHINE$collector")" p25.prom "nothing else lies in the folder"
in_machine systemctl stop p25d
in_machine systemctl start p25-metrics.service
is "$(in_machine systemctl is-active p25d)" inactive "and do not start p25d"
[ -s "$MACHINE$metrics" ]
ok $? "and the last metrics stay"
in_machine systemctl start p25d
eventually 12 up

# ---- alerts ----

doc=$MACHINE/usr/share/doc/p25/examples
blocked() # TIMES: alice's attempts
{
        local i
        for ((i = 0; i < $1; i++)); do
                connect machine -u "$(in_machine id -u alice)" 198.51.100.2 25 >"$WORK/null"
        done
}
alerted() # COUNT
{
        [ "$(in_machine journalctl -b -u p25d -o cat P25_ALERT=blocked | grep -c .)" -ge "$1" ]
}
blocked 5
eventually 10 alerted 1
ok $? "an alert stands in the journal, without a unit for it"
is "$(in_machine systemctl is-failed 'p25-alert@blocked.service')" inactive "no unit was started"

cp "$doc/p25-alert@.service" "$MACHINE/etc/systemd/system/"
cp "$doc/50-p25-alert.rules" "$MACHINE/etc/polkit-1/rules.d/"
# the machine has no mail program
sed -i 's/| mail .*/>>\/root\/alert-%i'"'"'/' "$MACHINE/etc/systemd/system/p25-alert@.service"
in_machine systemctl daemon-reload
in_machine systemctl try-restart polkit
# counted from zero again from here
in_machine p25ctl -q default reject outgoing
bob=$(in_machine sh -c 'useradd bob && id -u bob')
for _ in 1 2 3 4 5; do connect machine -u "$bob" 198.51.100.2 25 >"$WORK/null"; done
eventually 20 test -s "$MACHINE/root/alert-blocked"
ok $? "p25d starts p25-alert@blocked.service"
# an alert about alice may have started it before
eventually 20 grep -q "alert: bob" "$MACHINE/root/alert-blocked"
ok $? "the unit reads the journal's entry"
diag "$(in_machine journalctl -b -o cat -u p25d -u polkit -n 8)"
run in_machine setpriv --reuid p25 --regid p25 --clear-groups systemctl --no-ask-password start dbus.service
[ "$rc" != 0 ]
ok $? "the user p25 may start nothing else"
is "$(in_machine systemctl list-units --failed --no-legend --plain | grep p25)" "" "no unit failed"
machine_off
done_testing
