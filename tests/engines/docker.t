#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Docker: published ports obey what is said of incoming connections, what containers send obeys what
# is said of routed ones; also after restarts of each. As Debian installs it, without IPv6 of its
# own, IPv6 clients are hidden by docker-proxy: p25ctl says so.
# runs alone: machines share the cgroups of systemd-nspawn, and the package that is built for them
. "$(dirname "$0")/../lib/e2e.sh"
# shellcheck source=tests/lib/engines.sh
. tests/lib/engines.sh

engine=(docker)
address_form='{{.NetworkSettings.IPAddress}} {{.NetworkSettings.GlobalIPv6Address}}'
engines_begin containerd docker

mkdir -p "$MACHINE/etc/docker" "$MACHINE/etc/systemd/system/docker.service.d"
printf '[Unit]\nStartLimitBurst=0\n' >"$MACHINE/etc/systemd/system/docker.service.d/test.conf"
in_machine systemctl daemon-reload
docker_with() # JSON
{
        echo "$1" >"$MACHINE/etc/docker/daemon.json"
        in_machine systemctl restart docker
}

# both families by DNAT
docker_with '{ "ipv6": true, "fixed-cidr-v6": "fd17::/64", "experimental": true, "ip6tables": true }'
ok $? "Docker runs"
image_import
start mail 25 --restart always -p $first:25:25 -p "[$first6]:25:25" -p 127.0.0.1:25:25
start relay 2525 --restart always -p $second:25:2525 -p "[$second6]:25:2525"
is "$(in_machine cat /proc/sys/net/bridge/bridge-nf-call-iptables)" 1 "bridges ask the firewall"

restart_docker()
{
        in_machine systemctl restart docker
}
for backend in nftables iptables; do
        engine_holds $backend restart_docker
done

# ---- what is only warned of ----

policy nftables mx </dev/null
start host 2525 --network host
expect_in "mx: root on the host's network sends" host "open open" $world 25 $world6 25
policy nftables no-mail </dev/null
expect_in "no-mail: it does not" host "closed closed" $world 25 $world6 25

docker_with '{ }'
eventually 30 both_answer
policy nftables mx </dev/null
expect "Docker without IPv6: both families are open" inet "open open" $first 25 $first6 25
connect inet $first6 25 >"$WORK/connect"
is "$(last_client mail)" 172.17.0.1 "hides the clients"
ctl show listening
like "$out" "docker-proxy passes IPv6 connections .*deny from ::/0" "show listening says so, and how to close it"

# ---- Docker that makes no rules ----

# what it made before goes with the firewall; p25's table stays
docker_with '{ "iptables": false }'
in_machine systemctl restart nftables
eventually 30 both_answer
for backend in nftables iptables; do
        policy $backend mx container-host </dev/null
        published "iptables=false, $backend, mx" open
        for address in $first $first6; do
                connect inet "$address" 25 >"$WORK/connect"
                is "$(last_client mail)" 172.17.0.1 "iptables=false, $backend: hides the clients of $address"
        done
        ctl show listening
        like "$out" "docker-proxy passes .*connections" "iptables=false, $backend: show listening says so"
        ctl deny from $world
        ctl deny from $world6
        published "iptables=false, $backend, the client is denied" filtered
        ctl delete deny from $world
        ctl delete deny from $world6
        restart_docker
        eventually 30 both_answer
        policy $backend no-mail </dev/null
        published "iptables=false, $backend, no-mail" filtered
        expect_in "iptables=false, $backend, no-mail: it may not send" mail closed $world 25
done
machine_off
done_testing
