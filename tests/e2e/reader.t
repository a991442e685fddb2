#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# p25d as a user with CAP_NET_ADMIN only, as under its unit, and p25d-reader beside it: explain knows
# which legacy tables there are, although only root may read their names.
. "$(dirname "$0")/../lib/e2e.sh"

[ -n "$many_uids" ] || { skip "p25d as another user" "there is one user only"; done_testing; exit; }
[ -e /proc/net/ip_tables_names ] || { skip "legacy tables" "the kernel has none"; done_testing; exit; }
net_add host
listen host 25
root_make
echo 'enabled = true;' >"$CONF"
p25d_as_user
p25d_begin
is $? 0 "p25d starts as a user"
unset DBUS_SYSTEM_BUS_ADDRESS
ln -s "$ROOT/run/p25" /run/p25

run_ctl --json explain in from 192.0.2.7
like "$out" "legacy iptables could not be read: " "without p25d-reader, explain names what it cannot know"
like "$out" '"effective": *"undetermined"' "and does not guess"

net_in host systemd-socket-activate --seqpacket -l /run/p25d-reader.socket \
        "$PWD/${BUILD:-build}/p25d-reader" 2>"$WORK/reader.log" &
reader=$!
eventually 5 [ -S /run/p25d-reader.socket ]
chmod 666 /run/p25d-reader.socket
run_ctl --json explain in from 192.0.2.7
is "$(grep -c 'could not be read' <<<"$out")" 0 "with it, nothing is unknown"
[ $? = 0 ] || diag "$out $(cat "$WORK/reader.log")"
unlike "$out" '"effective": *"undetermined"' "and the answer is one"
p25d_stop TERM

# As under the unit, whose filter refuses what a worker would give up its capability by, and which
# hides the kernel's settings.
cat >"$WORK/p25d-confined" <<WRAPPER
#!/bin/sh
mount -t tmpfs -o ro none /proc/sys/net
exec setpriv --reuid 33 --regid 33 --clear-groups --inh-caps=-all,+net_admin \
        --ambient-caps=-all,+net_admin --bounding-set=-all,+net_admin -- \
        "$PWD/${BUILD:-build}/tests/lib/unit_filter" "\$P25D_REAL" "\$@"
WRAPPER
cat >"$WORK/p25d-user" <<WRAPPER
#!/bin/sh
exec unshare --mount "$WORK/p25d-confined" "\$@"
WRAPPER
chmod 755 "$WORK/p25d-confined"
p25d_begin
is $? 0 "p25d starts where a process keeps its capabilities"
net_in host ip link set lo up
run_ctl --json explain in from 192.0.2.7
unlike "$out" "could not be read" "explain reads the filters"
run_ctl explain out to 192.0.2.7
like "$out" "no route" "explain knows the routes, over a socket of p25d-reader"
run_ctl explain out to 127.0.0.1
unlike "$out" "no route" "and this one"
forwarding() # ON IPV4-ON-LO
{
        net_in host sh -c "echo $1 >/proc/sys/net/ipv4/ip_forward
                echo $1 >/proc/sys/net/ipv6/conf/all/forwarding
                echo $2 >/proc/sys/net/ipv4/conf/lo/forwarding"
}
for packet in "from 198.51.100.1 to 192.0.2.7" "from 2001:db8::1 to 2001:db8::7"; do
        forwarding 0 0
        # shellcheck disable=SC2086
        run_ctl explain routed $packet
        like "$out" "forwarding is off" "explain knows without /proc/sys that nothing is passed on $packet"
        forwarding 1 1
        # shellcheck disable=SC2086
        run_ctl explain routed $packet
        unlike "$out" "forwarding is off" "and when it is"
done
forwarding 1 0
run_ctl explain routed in on lo from 198.51.100.1 to 192.0.2.7
like "$out" "forwarding is off" "also of one interface"
forwarding 0 0
run_ctl explain in from 192.0.2.7 port 587
like "$out" "listens" "and the listeners"
if net_in host iptables-legacy -I INPUT -p tcp --dport 25 -s 192.0.2.9 -j DROP 2>/dev/null &&
        net_in host ip6tables-legacy -I INPUT -p tcp --dport 25 -s 2001:db8::9 -j DROP 2>/dev/null; then
        for source in 192.0.2.9 2001:db8::9; do
                run_ctl --json explain in from "$source"
                is "$(jq -r .effective <<<"$out")" deny "a legacy table stops $source"
                run_ctl --json explain in from "${source%9}8"
                is "$(jq -r .effective <<<"$out")" allow "and not its neighbour"
        done
        net_in host iptables-legacy -F INPUT
        net_in host ip6tables-legacy -F INPUT
fi
# the process that asks the name service, whose modules are others' programs
asked=0
asker()
{
        # one whom it was not asked for yet
        run_ctl deny out user "no-such-user-$((asked++))"
        names=$(pgrep -x p25d-names)
}
eventually 10 asker
is "$(sed -n 's/^CapPrm:\t//p' "/proc/$names/status")" 0000000000000000 \
        "the process that asks the name service has no capability"
like "$err" "no-such-user" "and has answered"
# a question that takes long, to look at the worker meanwhile
{ echo 'enabled = true; assert = ('
        for i in {1..30000}; do
                echo "{ packet = \"in from 10.1.$((i / 256)).$((i % 256)) port 25\"; verdict = \"allow\"; },"
        done
        echo '{ packet = "in from 192.0.2.1 port 25"; verdict = "allow"; } );'; } >"$CONF"
ctl plan >/dev/null 2>&1 &
plan=$!
confined()
{
        local worker
        for worker in $(pgrep -P "$p25d"); do
                # that of the unit, and its own
                grep -q "^Seccomp_filters:.2$" "/proc/$worker/status" && return
        done
}
eventually 20 confined
ok $? "a worker has a filter of its own"
wait "$plan"
process_end $reader TERM
p25d_stop TERM
done_testing
