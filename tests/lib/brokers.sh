# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A fleet of hosts, each a namespace with a bus, p25d and p25-fleet, and brokers, all on one link:
#
#   198.51.100.1 …    inet: the attackers, on its bridge
#   198.51.100.11 …   brokers m1, m2
#   198.51.100.20     web: the web server with the documents of $WORK/site
#   198.51.100.101 …  hosts h1, h2, …

FLEET=$PWD/${BUILD:-build}/p25-fleet
fleet_files=$PWD/packaging/examples/fleet
CERTS=$WORK/certs
# shellcheck source=tests/lib/web.sh
. tests/lib/web.sh
WEB=198.51.100.20 web_namespace=web web_certificate=$CERTS/web.crt web_key=$CERTS/web.key

# Ends a test that needs programs which are not here.
fleet_needs() # PROGRAM...
{
        local program
        for program; do
                command -v "$program" >/dev/null && continue
                skip "a fleet" "it needs $program"
                done_testing
                exit
        done
}

# Seconds by which the clock of whoever makes certificates is off: 0, or hosts whose clocks are behind
# would not take them yet.
fleet_certificate_clock=0

fleet_certificate() # WORD...: of packaging/examples/fleet/certificates, behind the folder
{
        LD_PRELOAD=$PWD/${BUILD:-build}/tests/lib/wrong_clock.so CLOCK_OFFSET=$fleet_certificate_clock \
                "$fleet_files/certificates" "$CERTS" "$@"
}

# A namespace on the link.
fleet_node() # NAMESPACE ADDRESS
{
        net_add "$1"
        net_link "$1" eth0 inet "$1"
        ip -n inet link set "$1" master br0
        net_address "$1" eth0 "$2/24"
}

fleet_net()
{
        net_add inet
        # else the address is the least one of its ports, and changes with a port that comes
        ip -n inet link add br0 address 02:00:c6:33:64:01 type bridge
        ip -n inet link set br0 up
        net_address inet br0 198.51.100.1/24 203.0.113.{1..20}/32
        fleet_certificate ca
}

# A broker m1, m2: mosquitto with the example's configuration. Sets $broker_pid[NUMBER].
declare -A broker_pid
fleet_broker_make() # NUMBER
{
        local dir=$WORK/m$1
        fleet_node "m$1" "198.51.100.1$1"
        fleet_certificate server "broker$1" "198.51.100.1$1"
        mkdir -p "$dir/lib"
        cp "$CERTS/ca.crt" "$dir/"
        cp "$CERTS/broker$1.crt" "$dir/broker.crt"
        cp "$CERTS/broker$1.key" "$dir/broker.key"
        cp "$fleet_files/acl" "$dir/p25-fleet.acl"
        sed -e "s|/etc/mosquitto/certs|$dir|; s|/etc/mosquitto|$dir|; s|/var/lib/mosquitto|$dir/lib|" \
                "$fleet_files/mosquitto.conf" >"$dir/mosquitto.conf"
        printf 'user root\nlog_dest file %s/log\nlog_type all\n' "$dir" >>"$dir/mosquitto.conf"
        # the ACL is of root's: mosquitto warns of a file that others may read
        chmod 600 "$dir"/*
}

fleet_broker_start() # NUMBER
{
        (exec nsenter --net="/run/netns/m$1" -- \
                mosquitto -c "$WORK/m$1/mosquitto.conf" >>"$WORK/m$1/err" 2>&1) &
        broker_pid[$1]=$!
        eventually 30 fleet_listens "m$1" 8883
}

# Both, made and started.
fleet_brokers_start()
{
        local number
        for number in 1 2; do
                fleet_broker_make $number && fleet_broker_start $number || return
        done
}

fleet_listens() # NAMESPACE PORT
{
        [ -n "$(net_in "$1" ss -Hltn "sport = :$2")" ]
}

# Of hosts that are not like others: the seconds by which the wall clock is off, and the backend. With the
# backend "memory" there are no packets, and no namespace of the host's own.
declare -A fleet_clock fleet_backend

fleet_namespace() # NUMBER
{
        if [ "${fleet_backend[$1]-}" = memory ]; then echo inet; else echo "h$1"; fi
}

# A command as one of the host's: with its bus and its clock.
fleet_in() # NUMBER COMMAND...
{
        local number=$1
        shift
        DBUS_SYSTEM_BUS_ADDRESS=unix:path=$WORK/h$number/bus net_in "$(fleet_namespace "$number")" env \
                ${fleet_clock[$number]+"LD_PRELOAD=$PWD/${BUILD:-build}/tests/lib/wrong_clock.so" "CLOCK_OFFSET=${fleet_clock[$number]}"} "$@"
}

fleet_ctl() # NUMBER WORD...
{
        local number=$1
        shift
        fleet_in "$number" "$P25CTL" "$@" </dev/null
}

# p25d of a host; sets $fleet_p25d[NUMBER].
declare -A fleet_p25d fleet_pid
# shellcheck disable=SC2154 # probe: net.sh sets it
fleet_p25d_start() # NUMBER
{
        local dir=$WORK/h$1
        rm -f "$dir/p25d.pid"
        fleet_in "$1" "$probe" notify -t 120000 -o "$dir/p25d.pid" "$P25D" --root "$dir/root" \
                --policies "$POLICIES" ${fleet_backend[$1]+--backend "${fleet_backend[$1]}"} \
                >/dev/null 2>>"$dir/p25d.log" || return
        fleet_p25d[$1]=$(cat "$dir/p25d.pid")
        eventually 30 fleet_ctl "$1" status
}

# Everything of a host but its namespace: its certificate, its bus, and p25d with a policy that denies its
# own bans and those of the fleet; the link's gateway may always send to it.
fleet_home() # NUMBER
{
        local dir=$WORK/h$1
        fleet_certificate host "h$1"
        mkdir -p "$dir"
        (
                WORK=$dir ROOT=$dir/root
                root_make
                printf '%s\n' 'enabled = true;' \
                        'assert = ( { packet = "in from 198.51.100.1"; verdict = "allow"; } );' \
                        >"$ROOT/etc/p25/p25.conf"
                bus_start
        )
        : >"$dir/empty"
        fleet_p25d_start "$1" && fleet_ctl "$1" -q set load fleet "$dir/empty" &&
                fleet_ctl "$1" -q set load bans "$dir/empty" &&
                fleet_ctl "$1" -q deny in from @fleet && fleet_ctl "$1" -q deny in from @bans
}

# A host h1, h2, … on the link, that listens; with the backend "memory" only its home.
fleet_host() # NUMBER
{
        if [ "${fleet_backend[$1]-}" = memory ]; then
                fleet_home "$1"
                return
        fi
        fleet_node "h$1" "198.51.100.$((100 + $1))"
        net_route "h$1" 198.51.100.1 203.0.113.0/24
        fleet_home "$1" &&
                net_in "h$1" "$probe" listen -o "$WORK/h$1/listener.log" 0.0.0.0 25 >/dev/null
}

# fleet.conf of a host; more settings of `live` on standard input.
fleet_conf() # NUMBER
{
        cat >"$WORK/h$1/root/etc/p25/fleet.conf" <<-CONF
		host = "h$1";
		live = {
		  brokers = [ "mqtts://198.51.100.11", "mqtts://198.51.100.12" ];
		  ca = "$CERTS/ca.crt"; certificate = "$CERTS/h$1.crt"; key = "$CERTS/h$1.key";
		  $(cat)
		};
	CONF
}

fleet_start() # NUMBER
{
        local dir=$WORK/h$1
        (export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$dir/bus
                if [ -n "${fleet_clock[$1]-}" ]; then
                        export LD_PRELOAD=$PWD/${BUILD:-build}/tests/lib/wrong_clock.so
                        export CLOCK_OFFSET=${fleet_clock[$1]}
                fi
                exec nsenter --net="/run/netns/$(fleet_namespace "$1")" -- "$FLEET" --root "$dir/root" run \
                        >>"$dir/fleet.log" 2>&1) &
        fleet_pid[$1]=$!
}

# A host as above, whose p25-fleet runs; it looks for documents every INTERVAL seconds, without it never.
# More settings of `live` on standard input.
fleet_host_start() # NUMBER [INTERVAL]
{
        fleet_host "$1" 2>"$WORK/err" && fleet_conf "$1" &&
                { [ -z "${2-}" ] || fleet_documents "$1" "$2" 2>>"$WORK/err"; } || {
                diag "$(cat "$WORK/err")"
                return 1
        }
        fleet_start "$1"
}

# It has found both brokers, TIMES times in all (2: each once).
fleet_connected() # NUMBER [TIMES]
{
        [ "$(fleet_says "$1" ': connected$')" -ge "${2-2}" ]
}

# The host reaches both brokers and takes the documents of SERIAL.
fleet_joins() # NUMBER [SERIAL]
{
        eventually 30 fleet_connected "$1"
        ok $? "host $1 is connected with both brokers"
        [ -n "${2-}" ] || return 0
        eventually 30 fleet_serial_is "$1" "$2"
        ok $? "and has serial $2"
}

fleet_stop() # NUMBER [SIGNAL]
{
        process_end "${fleet_pid[$1]}" "${2:-TERM}"
}

# Lines of its log, counted.
fleet_says() # NUMBER REGEX
{
        grep -cE -- "$2" "$WORK/h$1/fleet.log"
}

# The host's wall clock is so many seconds off: between what it is here before and after, plus these.
fleet_clock_is_off() # NUMBER SECONDS NAME
{
        local before there
        before=$(date +%s)
        there=$(fleet_in "$1" date +%s)
        between "$there" $((before + $2)) $(($(date +%s) + $2)) "$3"
}

# The fate of a SYN of the address at the host's port 25: "open", or else.
fleet_knock() # NUMBER SOURCE [OPTION...]
{
        connect inet -s "$2" "${@:3}" "198.51.100.$((100 + $1))" 25
}

# The same, where "open" is wanted; a busy machine may answer late.
fleet_open() # NUMBER SOURCE NAME
{
        expect "$3" inet open -s "$2" "198.51.100.$((100 + $1))" 25
}

# The policy from before stands on a host: whoever is banned (203.0.113.1) or blocked (.16) is dropped, and
# nobody else. A busy machine may answer late.
fleet_holds() # NUMBER NAME
{
        is "$(fleet_knock "$1" 203.0.113.1 -t 300) $(fleet_knock "$1" 203.0.113.16 -t 300) $(PROBE_PATIENCE=20 fleet_knock "$1" 203.0.113.19)" \
                "filtered filtered open" "$2: nothing opens on host $1"
}

fleet_has() # NUMBER ADDRESS
{
        fleet_ctl "$1" set show fleet | grep -q "^$2 "
}

fleet_lacks() # NUMBER ADDRESS
{
        ! fleet_has "$@"
}

# ---- documents ----

# The web server's namespace, its certificate, and a site with the set "blocked".
fleet_web_make()
{
        fleet_node web $WEB
        fleet_certificate server web $WEB
        mkdir -p "$WORK/site/groups/all/sets"
        fleet_blocked=$WORK/site/groups/all/sets/blocked.txt
        (cd "$WORK" && minisign -G -W -f -p key.pub -s key.sec) >/dev/null
}

fleet_publish() # [OPTION...]
{
        "$FLEET" publish --key "$WORK/key.sec" "$@" "$WORK/site" >"$WORK/published"
}

# The web server, with serial 1: the set has 203.0.113.16.
fleet_web_start()
{
        fleet_web_make
        echo 203.0.113.16 >"$fleet_blocked"
        fleet_publish && web_start "$WORK/site/www" </dev/null
}

# Adds to a host's fleet.conf that it follows the web server, and to its policy that it denies the set.
fleet_documents() # NUMBER INTERVAL
{
        cat >>"$WORK/h$1/root/etc/p25/fleet.conf" <<-CONF
		documents = {
		  url = "https://$WEB/"; ca = "$CERTS/ca.crt"; keys = [ "$(tail -n 1 "$WORK/key.pub")" ];
		  sets = [ "blocked" ]; interval = $2;
		};
	CONF
        mkdir -p "$WORK/h$1/root/var/lib/p25-fleet"
        fleet_ctl "$1" -q set load blocked "$WORK/h$1/empty" && fleet_ctl "$1" -q deny in from @blocked
}

fleet_announce() # NAMESPACE
{
        net_in "$1" "$FLEET" announce --broker mqtts://198.51.100.11 --broker mqtts://198.51.100.12 \
                --ca "$CERTS/ca.crt" --certificate "$CERTS/fleet-control.crt" \
                --key "$CERTS/fleet-control.key" "$WORK/site"
}

fleet_status() # NUMBER JQ
{
        "$FLEET" --root "$WORK/h$1/root" status --json 2>/dev/null | jq -r "$2"
}

fleet_serial_is() # NUMBER SERIAL
{
        [ "$(fleet_status "$1" .documents.serial)" = "$2" ]
}

# ---- partitions ----

# No packet goes between a namespace and an address any more, and none is answered.
fleet_cut() # NAMESPACE ADDRESS
{
        net_in "$1" nft -f - <<-NFT
		table ip cut {
		  chain in { type filter hook input priority -400; ip saddr $2 drop; }
		  chain out { type filter hook output priority -400; ip daddr $2 drop; }
		}
	NFT
}

fleet_mend() # NAMESPACE
{
        net_in "$1" nft delete table ip cut
}
