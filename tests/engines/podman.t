#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Podman of root: as with Docker. Podman of a user: published ports obey what is said of incoming
# connections, and clients are hidden; what containers send is outgoing, as that user's.
# runs alone: machines share the cgroups of systemd-nspawn, and the package that is built for them
. "$(dirname "$0")/../lib/e2e.sh"
# shellcheck source=tests/lib/engines.sh
. tests/lib/engines.sh

engine=(podman)
address_form='{{range .NetworkSettings.Networks}}{{.IPAddress}} {{.GlobalIPv6Address}}{{end}}'
engines_begin
# crun wants more locked memory than may be had everywhere; a limit of processes is of a controller
# that version 2 of cgroups may not have
mkdir -p "$MACHINE/etc/containers"
cat >"$MACHINE/etc/containers/containers.conf" <<'CONF'
[containers]
pids_limit = 0
[engine]
runtime = "runc"
CONF

# ---- root's ----

image_import
in_machine podman network create --subnet 10.89.1.0/24 --ipv6 --subnet fd89::/64 mail >"$WORK/network"
ok $? "a network of both families"
start mail 25 --network mail -p $first:25:25 -p "[$first6]:25:25"
start relay 2525 --network mail -p $second:25:2525 -p "[$second6]:25:2525"
restart_containers()
{
        in_machine podman restart -t 1 -a >"$WORK/restart"
}
for backend in nftables iptables; do
        engine_holds $backend restart_containers
done
in_machine podman rm -f -t 1 -a >"$WORK/rm"

# ---- a user's ----

user_may_run_engines
engine=("${as_alice[@]}" podman)
image_import
start mail 25 -p $first:25:25 -p "[$first6]:25:25"
start relay 2525 -p $second:25:2525 -p "[$second6]:25:2525"
restart_containers_of_user()
{
        in_machine "${engine[@]}" restart -t 1 -a >"$WORK/restart" 2>&1
        eventually 30 both_answer
        ok $? "its containers are started again"
        diag "$(cat "$WORK/restart")"
}

for backend in nftables iptables; do
        policy $backend mx container-host </dev/null
        published "a user's, $backend, mx" open
        connect inet $first6 25 >"$WORK/connect"
        is "$(last_client mail)" 10.0.2.100 "its mail server does not see who the client is"
        expect_in "a user's, $backend, mx: it may not send" mail "closed closed" $world 25 $world6 25
        ctl deny from $world
        ctl deny from $world6
        published "a user's, $backend, the client is denied" filtered
        ctl delete deny from $world
        ctl delete deny from $world6

        policy $backend container-host </dev/null
        expect_in "a user's, $backend, container-host: it sends, as the user does" mail "open open" $world 25 $world6 25
        ctl reject out user alice
        expect_in "a user's, $backend: it does not" mail "closed closed" $world 25 $world6 25
        ctl delete reject out user alice

        policy $backend no-mail </dev/null
        published "a user's, $backend, no-mail" filtered
        expect_in "a user's, $backend, no-mail: it may not send" mail "closed closed" $world 25 $world6 25
        in_machine systemctl restart p25d
        eventually 12 up
        restart_containers_of_user
        published "a user's, $backend, no-mail, both are restarted" filtered
        expect_in "a user's, $backend, no-mail, both are restarted" mail "closed closed" $world 25 $world6 25
done
machine_off
done_testing
