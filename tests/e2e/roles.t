#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The table of shipped roles, cell by cell, with real connections over both families.
. "$(dirname "$0")/../lib/e2e.sh"

net_world
listen host 25 465 587 2525 22
listen inet 25 465 587 2525
listen lan 25
listen box 25 2525

mta=$(id -u postfix)
web=$(id -u www-data)

p25_host <<'CONF'
vars = {
  internal = [ "10.0.0.0/8", "fd00::/16" ];
  smarthosts = [ "198.51.100.2", "2001:db8:1::2" ];
  devices = [ "10.0.0.2", "fd00::2" ];
  mail_containers = [ "172.17.0.2", "fd17::2" ];
};
CONF
ok $? "p25d starts without roles"
to=host

# NAME NAMESPACE WORD [WHO] PORT: the same over IPv4 and IPv6, to $to
cell()
{
        local name=$1 from=$2 word=$3 four six port=${*: -1}
        shift 3
        case $to in
        host) four=198.51.100.1 six=2001:db8:1::1 ;;
        smarthost) four=198.51.100.2 six=2001:db8:1::2 ;;
        elsewhere) four=8.8.8.8 six=2001:db8:2::2 ;;
        esac
        set -- "${@:1:$#-1}"
        if [[ "$*" == *-u* && -z $many_uids ]]; then
                skip "$role: $name" "one uid only"
                return
        fi
        expect "$role: $name" "$from" "$word $word" "$@" $four "$port" $six "$port"
}

# ROLES INCOMING FROM-INSIDE OUT-OF-MTA OUT-OF-OTHERS TO-SMARTHOST ROUTED OF-CONTAINER: port 25
row()
{
        role=$1
        # shellcheck disable=SC2086 # a list of roles
        run_ctl role set $1
        is "$rc $err" "0 " "role set $1"
        to=host cell "incoming from the Internet" inet "$2" 25
        to=host cell "incoming from inside" lan "$3" 25
        to=elsewhere cell "outgoing of the MTA" host "$4" -u "$mta" 25
        to=elsewhere cell "outgoing of www-data" host "$5" -u "$web" 25
        to=smarthost cell "outgoing of www-data to the smarthost" host "$6" -u "$web" 25
        to=elsewhere cell "routed, from inside" lan "$7" 25
        to=elsewhere cell "routed, from the container" box "$8" 25
        to=host cell "ssh stays open" inet open 22
        is "$(connect host 127.0.0.1 25 ::1 25 198.51.100.1 25)" "open open open" \
                "$role: loopback is free"
}

# PORT INCOMING OUTGOING ROUTED: another port than 25
port()
{
        to=host cell "$1 incoming" inet "$2" "$1"
        to=elsewhere cell "$1 outgoing" host "$3" -u "$web" "$1"
        to=elsewhere cell "$1 routed" lan "$4" "$1"
}

#   role             internet inside   mta    other  smart  routed container
row mx               open     open     open   closed closed closed closed
port 587 open open open
row internal-relay   filtered open     open   closed closed closed closed
port 587 open open open
row app-server       filtered filtered closed closed open   closed closed
port 587 open open open
port 465 open open open
port 2525 open open open
row submission       filtered filtered open   closed closed closed closed
port 587 open open open
port 465 open open open
row outbound-mta     filtered filtered open   closed closed closed closed
row legacy-relay     filtered open     open   closed closed closed closed
row shared-hosting   open     open     open   closed closed closed closed
row container-host   open     open     open   open   open   closed open
row "mx app-server"  open     open     open   closed open   closed closed
row no-mail          filtered filtered closed closed closed closed closed
port 465 filtered closed closed
port 587 filtered closed closed
port 2525 filtered closed closed

# published ports obey incoming, by the port that was dialled
net_publish 2525 25
net_publish 8025 25
role="app-server, published ports"
run_ctl role set app-server
port 2525 open open open
to=host cell "8025, published to 25, is not p25's business" inet open 8025
net_publish 25 2525
to=host cell "25, published to a container's 2525, is closed" inet filtered 25
role="container-host, published ports"
run_ctl role set container-host
to=host cell "25 is open" inet open 25
run_ctl deny in
to=host cell "25 is closed by deny in" inet filtered 25
to=host cell "8025 is still open" inet open 8025
done_testing
