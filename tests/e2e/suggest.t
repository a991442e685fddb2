#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# p25ctl role suggest: what it makes of hosts that do different things with mail.
. "$(dirname "$0")/../lib/e2e.sh"

net_world
root_make
bus_start && p25d_start
ok $? "p25d starts"
# accounts are looked up in a file of the test's
people() # N
{
        local i
        { echo root:x:0:0::/root:/bin/bash
          echo daemon:x:1:1::/:/usr/sbin/nologin
          echo service:x:1999:1999::/:/usr/sbin/nologin
          for ((i = 0; i < $1; i++)); do echo "u$i:x:$((1000 + i)):100::/home:/bin/sh"; done
        } >"$WORK/passwd"
}
people 0
mounted=
[ ! -w /etc/passwd ] || ! mount --bind "$WORK/passwd" /etc/passwd || mounted=1

suggested() # NAMESPACE: the names
{
        net_in "$1" "$P25CTL" role suggest --json | jq -r '[.roles[].name] | join(" ")'
}
# from here on "lan" is the host that is looked at: it has no bridge
is "$(suggested lan)" app-server "nothing listens, nothing sends"
loopback=$(net_in lan "$probe" listen -o "$WORK/lo.log" 127.0.0.1 25)
is "$(suggested lan)" outbound-mta "a mail server for only this host"
if [ -n "$mounted" ]; then
        people 5
        is "$(suggested lan)" "outbound-mta shared-hosting" "that many people share"
        people 0
else
        skip "shared-hosting" "/etc/passwd cannot be another here"
fi
process_end "$loopback" TERM
listen lan 25
server=$listener
is "$(suggested lan)" mx "a mail server for others"
held=$(net_in host "$probe" hold -t 20000 -o "$WORK/held" 10.0.0.2 25)
is "$(suggested lan)" internal-relay "a private network is connected"
run net_in lan "$P25CTL" role suggest
like "$out" "internal-relay +probe \(user root\) listens on port 25, and all 1 connected" "with the reason"
like "$out" "p25ctl --dry-run role set internal-relay" "and the command to type"
process_end "$held" TERM
net_in host sysctl -qw net.ipv4.ip_forward=1
held=$(net_in inet "$probe" hold -t 20000 -o "$WORK/held2" 10.0.0.2 25)
is "$(suggested lan)" mx "the Internet is connected"
listen lan 587
is "$(suggested lan)" "mx submission" "and submission too"
process_end "$held" TERM
process_end "$listener" TERM
process_end "$server" TERM

# the host with the containers
is "$(suggested host)" "app-server container-host" "containers, and forwarding"
listen inet 25
held=$(net_in host "$probe" hold -t 20000 -o "$WORK/held3" 8.8.8.8 25)
run_ctl role suggest
like "$out" "app-server .*mail goes to 8.8.8.8" "destinations are named"
process_end "$held" TERM

# a host with IPv6 only; an unprivileged caller
net_add six peer
net_link six eth0 peer eth0
net_address six eth0 2001:db8:5::1/64 fd05::1/64
net_address peer eth0 2001:db8:5::2/64 fd05::2/64
six=$(net_in six "$probe" listen -o "$WORK/six.log" :: 25)
is "$(suggested six)" mx "IPv6 only: a mail server"
held=$(net_in peer "$probe" hold -t 20000 -o "$WORK/held4" fd05::1 25)
is "$(suggested six)" internal-relay "IPv6 only: a private network is connected"
if [ -n "$many_uids" ]; then
        run net_in six setpriv --reuid 65534 --regid 65534 --clear-groups "$P25CTL" role suggest
        is "$rc" 0 "an ordinary user may ask"
        like "$out" "internal-relay +a process \(user root\) listens" "and learns what the kernel reports"
fi
process_end "$held" TERM
held=$(net_in peer "$probe" hold -t 20000 -o "$WORK/held5" 2001:db8:5::1 25)
is "$(suggested six)" mx "IPv6 only: the Internet is connected"
process_end "$held" TERM
process_end "$six" TERM

# what is suggested can be typed
run_ctl --json role suggest
words=$(jq -r .command <<<"$out")
# shellcheck disable=SC2086 # words
run_ctl --dry-run $words
is "$rc" 0 "p25ctl --dry-run $words"
is "$(ctl status --json | jq -c .roles)" "[]" "nothing was changed"
p25d_stop TERM
done_testing
