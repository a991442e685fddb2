#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Docker: published ports obey what is said of incoming connections, what containers send obeys what
# is said of routed ones; also after restarts of each.
# runs alone: machines share the cgroups of systemd-nspawn, and the package that is built for them
. "$(dirname "$0")/../lib/e2e.sh"
# shellcheck source=tests/lib/engines.sh
. tests/lib/engines.sh

engine=docker
engines_begin containerd docker

# both families by DNAT
mkdir -p "$MACHINE/etc/docker" "$MACHINE/etc/systemd/system/docker.service.d"
printf '[Unit]\nStartLimitBurst=0\n' >"$MACHINE/etc/systemd/system/docker.service.d/test.conf"
cat >"$MACHINE/etc/docker/daemon.json" <<'JSON'
{ "ipv6": true, "fixed-cidr-v6": "fd17::/64", "experimental": true, "ip6tables": true }
JSON
in_machine systemctl daemon-reload && in_machine systemctl restart docker
ok $? "Docker runs"
in_machine bash -c "$(declare -f image_tar); image_tar | docker import - box" >"$WORK/import" 2>&1
ok $? "an image of the machine's root"
diag "$(tail -n 3 "$WORK/import")"

start() # NAME PORT OPTION...: a container whose mail server listens on a port
{
        local name=$1 port=$2
        shift 2
        in_machine docker run -d --name "$name" --restart always "$@" box /bin/sh -c \
                "/opt/probe listen -o /log 0.0.0.0 $port :: $port; exec sleep infinity" \
                >"$WORK/start" 2>&1
        ok $? "a container: $name"
        diag "$(cat "$WORK/start")"
}
start mail 25 -p 127.0.0.1:25:25 -p $first:25:25 -p "[$first6]:25:25"
start relay 2525 -p $second:25:2525 -p "[$second6]:25:2525"
is "$(in_machine cat /proc/sys/net/bridge/bridge-nf-call-iptables)" 1 "bridges ask the firewall"

published() # NAME WANTED: to both containers, both families
{
        expect "$1: 25 to 25" inet "$2 $2" -t 300 $first 25 $first6 25
        expect "$1: 25 to 2525" inet "$2 $2" -t 300 $second 25 $second6 25
}
# A container's address, which may be another after each start.
address() # CONTAINER [FIELD]
{
        in_machine docker inspect -f "{{.NetworkSettings.${2:-IPAddress}}}" "$1"
}
sends() # NAME WANTED: what containers may send
{
        expect_in "$1: a container to the world" mail "$2 $2" $world 25 $world6 25
        expect_in "$1: from one container to the other" relay "open open" \
                "$(address mail)" 25 "$(address mail GlobalIPv6Address)" 25
}
mx() # NAME
{
        published "$1" open
        sends "$1" closed
}

for backend in nftables iptables; do
        policy $backend mx container-host </dev/null
        mx "$backend, mx"
        expect "an address" inet open $first 25
        is "$(last_client mail)" $world "$backend: the mail server sees the client's address"
        expect "an address" inet open $first6 25
        is "$(last_client mail)" $world6 "$backend: over IPv6 too"
        expect "$backend: the host itself" machine "open open" 127.0.0.1 25 $first 25

        ctl deny from $world
        ctl deny from $world6
        published "$backend, the client is denied" filtered
        ctl delete deny from $world
        ctl delete deny from $world6

        in_machine systemctl restart docker
        mx "$backend, Docker is restarted"
        in_machine systemctl restart p25d
        eventually 12 up
        mx "$backend, p25d is restarted"

        policy $backend mx container-host <<-'CONF'
		vars = { mail_containers = [ "172.17.0.0/16", "fd17::/64" ]; };
	CONF
        sends "$backend, containers may send" open

        policy $backend no-mail container-host </dev/null
        published "$backend, no-mail" filtered
        sends "$backend, no-mail" closed
done
machine_off
done_testing
