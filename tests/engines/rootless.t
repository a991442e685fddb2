#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Containers of a user: Docker by rootlesskit and slirp4netns, and pasta, as newer engines use it.
# Published ports obey what is said of incoming connections, and what containers send is outgoing, as
# that user's. Rootlesskit hides the clients: p25ctl says so. Pasta does not.
# runs alone: machines share the cgroups of systemd-nspawn, and the package that is built for them
. "$(dirname "$0")/../lib/e2e.sh"
# shellcheck source=tests/lib/engines.sh
. tests/lib/engines.sh

engines_begin
user_may_run_engines

# Checks under each backend. The form of a refusal inside the container is the publisher's business.
user_engine_holds() # NAME BACKEND REFUSED FUNCTION: what starts the engine again
{
        local name=$1 backend=$2 refused=$3 restart=$4
        policy "$backend" mx container-host </dev/null
        served "$name, $backend, mx" open
        guest_sends "$name, $backend, mx" "$refused"
        ctl deny from $world
        ctl deny from $world6
        served "$name, $backend, the client is denied" filtered
        ctl delete deny from $world
        ctl delete deny from $world6

        policy "$backend" container-host </dev/null
        guest_sends "$name, $backend, container-host: as the user does" open
        ctl reject out user alice
        guest_sends "$name, $backend, the user may not" "$refused"
        ctl delete reject out user alice

        policy "$backend" no-mail </dev/null
        served "$name, $backend, no-mail" filtered
        guest_sends "$name, $backend, no-mail" "$refused"
        in_machine systemctl restart p25d
        eventually 12 up
        served "$name, $backend, no-mail, p25d is restarted" filtered
        $restart
        served "$name, $backend, no-mail, $restart" filtered
        guest_sends "$name, $backend, no-mail, $restart" "$refused"
        policy "$backend" mx container-host </dev/null
        served "$name, $backend, mx, $restart" open
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
served() # NAME WANTED
{
        expect "$1: published ports" inet "$2 $2" -t 300 $first 25 $first6 25
}
guest_sends() # NAME WANTED
{
        expect_in "$1: a container to the world" mail "$2" $world 25
}
docker_again()
{
        in_machine systemctl restart rootless-docker
        eventually 60 docker_answers >"$WORK/info" 2>&1
        in_machine "${engine[@]}" start mail >"$WORK/start" 2>&1
        eventually 30 answers mail "$port"
        ok $? "the engine and its container are started again"
        diag "$(cat "$WORK/start")"
}
# rootlesskit publishes a port once, whatever its address
for port in 25 2525; do
        start mail $port -p $first:25:$port -p "[$first6]:25:$port"
        for backend in nftables iptables; do
                user_engine_holds "Docker of a user, 25 to $port" $backend closed docker_again
        done
        policy nftables mx </dev/null
        for address in $first $first6; do
                connect inet "$address" 25 >"$WORK/connect"
                like "$(last_client mail)" "^(172[.]17[.]0[.]1|10[.]0[.]2[.][0-9]+|127[.]0[.]0[.]1)$" \
                        "its mail server does not see who the client of $address is"
        done
        ctl show listening
        like "$out" "rootlesskit passes .*connections" "show listening says so"
        in_machine "${engine[@]}" rm -f mail >"$WORK/rm"
done
in_machine systemctl stop rootless-docker

# ---- pasta: its port 25 is the host's, or 2525 is ----

# The world is the gateway too, which pasta would make the machine itself. It does not start where
# SIGPIPE is ignored, and what is inside is the first process there, which SIGTERM does not end.
pasta_start() # PORT
{
        in_machine systemd-run -q --unit "pasta-$1" -p User=alice -p "Environment=HOME=/home/alice" \
                -p IgnoreSIGPIPE=no -p KillSignal=SIGKILL \
                pasta --config-net --foreground --no-map-gw -t "25:$1" -u none -T none -U none -- /bin/sh -c \
                "/opt/probe listen -o /home/alice/log-$1 0.0.0.0 $1 :: $1; exec sleep infinity"
        eventually 30 pasta_serves
        ok $? "pasta publishes 25 as $1"
        diag "$(in_machine journalctl -b -u "pasta-$1" -n 5 --no-pager -o cat)"
        guest=
        eventually 30 guest_is_new
        ok $? "its first process stays"
}
guest_is_new()
{
        local before=$guest
        guest=$(in_machine pgrep -u alice -x sleep) && [ "$guest" != "$before" ]
}
pasta_again()
{
        in_machine systemctl restart "pasta-$port"
        eventually 30 guest_is_new
        ok $? "pasta is started again"
}
pasta_serves()
{
        [ "$(connect inet $first 25 $first6 25)" = "open open" ]
}
served() # NAME WANTED
{
        expect "$1: published ports" inet "$2 $2" -t 300 $first 25 $first6 25
}
guest_sends() # NAME WANTED
{
        is "$(in_machine nsenter --target "$guest" --user --net --preserve-credentials -- \
                /opt/probe connect -t 1000 $world 25 $world6 25 2>&1)" "$2 $2" "$1: from behind it to the world"
}
# Dials until the server's log has this client. Connections are logged when they end, in whatever
# order; and a pasta whose guest is not yet known to it as a neighbour accepts and passes nothing on.
client_seen() # PORT CLIENT ADDRESS
{
        connect inet "$3" 25 >"$WORK/connect"
        read -rt 1 <> <(:)
        grep -q "^$2 " "$MACHINE/home/alice/log-$1"
}
for port in 25 2525; do
        policy nftables mx container-host </dev/null
        pasta_start $port
        for backend in nftables iptables; do
                user_engine_holds "pasta, 25 to $port" $backend filtered pasta_again
        done
        policy nftables mx container-host </dev/null
        for address in $world $world6; do
                to=$first
                [ "$address" = "$world" ] || to=$first6
                : >"$MACHINE/home/alice/log-$port"
                eventually 5 client_seen "$port" "$address" "$to"
                ok $? "the mail server behind pasta sees that the client is $address"
                is "$(grep -vE "^($world|$world6) " "$MACHINE/home/alice/log-$port")" "" \
                        "and no other address than those of the world"
        done
        ctl show listening
        unlike "$out" "passes .*connections" "show listening does not say that clients are hidden"
        policy nftables container-host </dev/null
        like "$(in_machine p25ctl status verbose)" \
                "container-host does not stop the rootless containers of user alice .passt" \
                "status says that the role does not stop what it sends"
        in_machine systemctl stop pasta-$port
done
machine_off
done_testing
