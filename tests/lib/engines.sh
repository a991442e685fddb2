# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A machine of tests/lib/boot.sh with container engines, and p25 installed. The world is 198.51.100.2
# and 2001:db8:1::2; the machine has two addresses of each family there. Containers are made of the
# machine's own root, the image "box", and their mail servers are probes that log to /log.

machine_kind=engines
# shellcheck source=tests/lib/boot.sh
. tests/lib/boot.sh

# Engines use keyrings and BPF.
nspawn_options=(--system-call-filter="@keyring bpf" --capability=CAP_BPF)

# addresses of the machine, one for each container that publishes port 25
first=198.51.100.1 first6=2001:db8:1::1 second=198.51.100.4 second6=2001:db8:1::4
world=198.51.100.2 world6=2001:db8:1::2

# What the engines are made of has no place in the image, and neither has what they store.
image_tar()
{
        tar -C / -cf - --one-file-system --exclude=./{boot,proc,run,sys,tmp} \
                --exclude=./var/{cache,lib/containers,lib/containerd,lib/docker,log,spool} \
                --exclude=./usr/share/{doc,locale,man} --exclude=./usr/lib/podman \
                --exclude=./usr/bin/{'containerd*','docker*',podman} --exclude=./usr/sbin/dockerd .
}

ctl()
{
        run in_machine p25ctl "$@"
}
up()
{
        in_machine p25ctl -q status
}

engines_begin() # SERVICE...: which of the engines' services are started at boot
{
        local unit
        boot_begin "container engines"
        debs_make && machine_make || exit 1
        systemctl -q --root="$MACHINE" disable containerd docker docker.socket podman podman.socket \
                podman-auto-update podman-auto-update.timer podman-restart postfix
        for unit; do systemctl -q --root="$MACHINE" enable "$unit"; done
        cp "$DEB" "$MACHINE/root/p25.deb"
        chroot "$MACHINE" dpkg -i /root/p25.deb >"$WORK/dpkg.log" 2>&1
        ok $? "p25 is installed"
        engines_boot
        ok $? "the machine boots"
}

engines_boot()
{
        machine_boot && machine_network && eventually 12 up || return
        net_address machine eth0 $second/24 $second6/64
        ip -n machine route add default via $world
        ip -n machine route add default via $world6
        listen inet 25
}

# A policy of these roles in force, under a backend; further lines of p25.conf on standard input.
# For another backend p25d needs other capabilities, which only a restart grants.
policy() # BACKEND ROLE...
{
        local backend=$1 roles
        shift
        roles=$(printf '"%s", ' "$@")
        { echo "enabled = true;"
          echo "backend = \"$backend\";"
          echo "roles = ( ${roles%, } );"
          cat
        } >"$MACHINE/etc/p25/p25.conf"
        if ! in_machine p25ctl status --json | grep -q "\"backend\":\"$backend\""; then
                in_machine systemctl restart p25d
                eventually 12 up
        fi
        in_machine p25ctl reload >"$WORK/reload" 2>&1
        ok $? "$backend: $*"
        diag "$(cat "$WORK/reload")"
}

# The user alice may run engines of her own, in a session of her own. Sets $uid, and $as_alice, the
# words that run a command as her.
user_may_run_engines()
{
        # slirp4netns and pasta make interfaces; whose they are is the kernel's business
        in_machine sh -c 'rm /dev/net/tun && mknod -m 666 /dev/net/tun c 10 200'
        in_machine sysctl -qw net.ipv4.ip_unprivileged_port_start=25
        in_machine loginctl enable-linger alice
        # a namespace of processes mounts its own /proc only where another one is seen in full
        in_machine sh -c 'mkdir -p /run/full/proc /run/full/sys && mount -t proc proc /run/full/proc &&
                mount -t sysfs sysfs /run/full/sys'
        uid=$(in_machine id -u alice)
        as_alice=(runuser -u alice -- env -C /home/alice HOME=/home/alice "XDG_RUNTIME_DIR=/run/user/$uid"
                "DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/$uid/bus")
        eventually 30 in_machine test -S "/run/user/$uid/bus"
        ok $? "alice has a session"
}

# ---- containers ----

engine=()     # the words that run it
address_form= # of its inspect: IPv4, a space, IPv6

# As expect of tests/lib/net.sh, from within a container.
expect_in() # NAME CONTAINER WANTED ADDRESS PORT...
{
        local name=$1 container=$2 wanted=$3
        shift 3
        is "$(in_machine "${engine[@]}" exec "$container" /opt/probe connect "$@" 2>&1)" \
                "$wanted" "$name"
}

# The address of the last client that a container's mail server has seen.
last_client() # CONTAINER
{
        in_machine "${engine[@]}" exec "$1" tail -n 1 /log | cut -d' ' -f1
}

image_import()
{
        in_machine bash -c "$(declare -f image_tar); image_tar >/var/tmp/box.tar" >"$WORK/import" 2>&1
        in_machine "${engine[@]}" import /var/tmp/box.tar box >>"$WORK/import" 2>&1
        ok $? "an image of the machine's root"
        diag "$(tail -n 3 "$WORK/import")"
}

start() # NAME PORT OPTION...: a container whose mail server listens on a port
{
        local name=$1 port=$2
        shift 2
        in_machine "${engine[@]}" run -d --name "$name" "$@" box /bin/sh -c \
                "/opt/probe listen -o /log 0.0.0.0 $port :: $port; exec sleep infinity" \
                >"$WORK/start" 2>&1
        eventually 30 answers "$name" "$port"
        ok $? "a container: $name"
        diag "$(cat "$WORK/start")"
}
# The server within a container.
answers() # CONTAINER PORT
{
        [ "$(in_machine "${engine[@]}" exec "$1" /opt/probe connect 127.0.0.1 "$2" 2>&1)" = open ]
}
both_answer()
{
        answers mail 25 && answers relay 2525
}

# "mail" publishes 25 as its 25, "relay" as its 2525, on both families: what the world meets there.
published() # NAME WANTED
{
        expect "$1: 25 to 25" inet "$2 $2" -t 300 $first 25 $first6 25
        expect "$1: 25 to 2525" inet "$2 $2" -t 300 $second 25 $second6 25
}

# A container's address, which may be another after each start.
address() # CONTAINER [1|2]: IPv4, or IPv6
{
        in_machine "${engine[@]}" inspect -f "$address_form" "$1" | cut -d' ' -f"${2:-1}"
}

# Checks connections of the containers to the world; those to each other, by their bridge, always pass.
sends() # NAME WANTED
{
        expect_in "$1: a container to the world" mail "$2 $2" $world 25 $world6 25
        expect_in "$1: from one container to the other" relay "open open" \
                "$(address mail)" 25 "$(address mail 2)" 25
}

# A mail host whose containers send nothing.
mail_host() # NAME
{
        published "$1" open
        sends "$1" closed
}

# All that holds where the engine translates addresses for both families, under a backend.
engine_holds() # BACKEND FUNCTION: what starts the engine, or its containers, again
{
        local backend=$1 restart=$2
        policy "$backend" mx container-host </dev/null
        mail_host "$backend, mx"
        connect inet $first 25 >"$WORK/connect"
        is "$(last_client mail)" $world "$backend: the mail server sees the client's address"
        connect inet $first6 25 >"$WORK/connect"
        is "$(last_client mail)" $world6 "$backend: over IPv6 too"

        ctl deny from $world
        ctl deny from $world6
        published "$backend, the client is denied" filtered
        ctl delete deny from $world
        ctl delete deny from $world6

        $restart
        eventually 30 both_answer
        mail_host "$backend, $restart"
        in_machine systemctl restart p25d
        eventually 12 up
        mail_host "$backend, p25d is restarted"

        policy "$backend" mx container-host <<-'CONF'
		vars = { mail_containers = [ "172.17.0.0/16", "fd17::/64", "10.89.1.0/24", "fd89::/64" ]; };
	CONF
        sends "$backend, containers may send" open

        policy "$backend" no-mail </dev/null
        published "$backend, no-mail" filtered
        sends "$backend, no-mail" closed
        # takes the engine's own rules too, as they are nftables'
        in_machine systemctl restart nftables
        expect "$backend, the firewall is restarted: incoming" inet "filtered filtered" -t 300 \
                $first 25 $first6 25
        $restart
        eventually 30 both_answer
        published "$backend, no-mail, $restart" filtered
        sends "$backend, no-mail, $restart" closed
}
