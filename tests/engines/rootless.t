#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Docker of a user, by rootlesskit and slirp4netns: published ports obey what is said of incoming
# connections, and what containers send is outgoing, as that user's. Rootlesskit hides the clients:
# p25ctl says so.
# runs alone: machines share the cgroups of systemd-nspawn, and the package that is built for them
. "$(dirname "$0")/../lib/e2e.sh"
# shellcheck source=tests/lib/engines.sh
. tests/lib/engines.sh

engines_begin

# slirp4netns makes interfaces; whose they are is the kernel's business
in_machine sh -c 'rm /dev/net/tun && mknod -m 666 /dev/net/tun c 10 200'
in_machine sysctl -qw net.ipv4.ip_unprivileged_port_start=25
in_machine loginctl enable-linger alice
# a namespace of processes mounts its own /proc only where another one is seen in full
in_machine sh -c 'mkdir -p /run/full/proc /run/full/sys && mount -t proc proc /run/full/proc &&
        mount -t sysfs sysfs /run/full/sys'
uid=$(in_machine id -u alice)
user_manager_runs()
{
        in_machine test -S "/run/user/$uid/bus"
}
eventually 30 user_manager_runs
as_alice=(runuser -u alice -- env -C /home/alice HOME=/home/alice "XDG_RUNTIME_DIR=/run/user/$uid"
        "DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/$uid/bus")

# What holds under each backend for the publisher of a user.
user_engine_holds() # NAME BACKEND
{
        local name=$1 backend=$2
        policy "$backend" mx container-host </dev/null
        served "$name, $backend, mx" open
        guest_sends "$name, $backend, mx" closed
        ctl deny from $world
        ctl deny from $world6
        served "$name, $backend, the client is denied" filtered
        ctl delete deny from $world
        ctl delete deny from $world6

        policy "$backend" container-host </dev/null
        guest_sends "$name, $backend, container-host: as the user does" open
        ctl reject out user alice
        guest_sends "$name, $backend, the user may not" closed
        ctl delete reject out user alice

        policy "$backend" no-mail </dev/null
        served "$name, $backend, no-mail" filtered
        guest_sends "$name, $backend, no-mail" closed
        in_machine systemctl restart p25d
        eventually 12 up
        served "$name, $backend, no-mail, p25d is restarted" filtered
}

# ---- Docker ----

engine=("${as_alice[@]}" env "DOCKER_HOST=unix:///run/user/$uid/docker.sock" docker)
rootless_docker()
{
        in_machine systemd-run -q --unit rootless-docker -p User=alice -p Delegate=yes \
                -p "Environment=HOME=/home/alice XDG_RUNTIME_DIR=/run/user/$uid \
                        PATH=/usr/sbin:/usr/bin:/sbin:/bin \
                        DOCKERD_ROOTLESS_ROOTLESSKIT_SLIRP4NETNS_SANDBOX=false \
                        DOCKERD_ROOTLESS_ROOTLESSKIT_SLIRP4NETNS_SECCOMP=false" \
                /usr/share/docker.io/contrib/dockerd-rootless.sh --storage-driver vfs
}
docker_answers()
{
        in_machine "${engine[@]}" info
}
rootless_docker
eventually 60 docker_answers >"$WORK/info" 2>&1
ok $? "Docker of a user runs"
docker_answers >"$WORK/info" 2>&1 ||
        diag "$(in_machine journalctl -b -u rootless-docker -n 30 --no-pager -o cat)"
image_import
start mail 25 --restart always -p 25:25
start relay 2525 --restart always -p 2525:2525
served() # NAME WANTED
{
        expect "$1: published ports" inet "$2 $2" -t 300 $first 25 $second 25
}
guest_sends() # NAME WANTED
{
        expect_in "$1: a container to the world" mail "$2" $world 25
}
for backend in nftables iptables; do
        user_engine_holds "Docker of a user" $backend
done
policy nftables mx </dev/null
connect inet $first 25 >"$WORK/connect"
like "$(last_client mail)" "^(172[.]17[.]0[.]1|10[.]0[.]2[.][0-9]+|127[.]0[.]0[.]1)$" \
        "its mail server does not see who the client is"
ctl show listening
like "$out" "rootlesskit passes .*connections" "show listening says so"
in_machine systemctl stop rootless-docker
machine_off
done_testing
