#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Two hundred p25-fleet on two brokers and a web server: 20 hosts with real packets, 180 whose p25d has the
# memory backend. What one host bans all have, what is announced all fetch. How long that takes is
# measured by tests/bench/fleet-live.
# runs alone: six hundred processes
. "$(dirname "$0")/../lib/e2e.sh"
. tests/lib/brokers.sh

many=${FLEET_MANY:-200} real=${FLEET_REAL:-20}
fleet_needs mosquitto nginx
fleet_net
fleet_brokers_start
ok $? "two brokers"
fleet_certificate host fleet-control
fleet_web_start
ok $? "the web server has serial 1"

failed=0
for ((number = 1; number <= many; number++)); do
        # shellcheck disable=SC2034 # brokers.sh uses it
        [ "$number" -le "$real" ] || fleet_backend[$number]=memory
        fleet_host_start "$number" 600 </dev/null || failed=$((failed + 1))
done
is "$failed" 0 "$many hosts, $real of them with real packets"

# Those of which it is not true within ten minutes; the first that waits gives the others time as well.
not_all() # COMMAND WORD...: is run as COMMAND NUMBER WORD...
{
        local command=$1 number missing=
        shift
        for ((number = 1; number <= many; number++)); do
                [ -n "$missing" ] && ! "$command" "$number" "$@" && missing+=" $number" && continue
                eventually 54 "$command" "$number" "$@" || missing+=" $number"
        done
        echo "$missing"
}
is "$(not_all fleet_serial_is 1)" "" "all have serial 1"
is "$(not_all fleet_connected)" "" "all are connected with both brokers"

# ---- a ban of a host with real packets, and one of a host without ----

fleet_ctl 1 set add bans 203.0.113.1 for 1h >/dev/null
fleet_ctl "$many" set add bans 203.0.113.2 for 1h >/dev/null
has_all() # NUMBER: but what it has banned itself
{
        { [ "$1" = 1 ] || fleet_has "$1" 203.0.113.1; } && { [ "$1" = "$many" ] || fleet_has "$1" 203.0.113.2; }
}
is "$(not_all has_all)" "" "all have the bans of two hosts"
open=
for ((number = 1; number <= real; number++)); do
        for i in 1 2 16; do
                [ "$(fleet_knock "$number" "203.0.113.$i" -t 300)" = filtered ] || open+=" $number:$i"
        done
        [ "$(fleet_knock "$number" 203.0.113.3)" = open ] || open+=" not-$number"
done
is "$open" "" "the $real drop the SYN of whom is banned or blocked, and no others"

# ---- a document that is announced ----

echo 203.0.113.17 >>"$fleet_blocked"
fleet_publish && fleet_announce inet >"$WORK/out" 2>&1
ok $? "serial 2 is announced"
is "$(not_all fleet_serial_is 2)" "" "all have it"
open=
for ((number = 1; number <= real; number++)); do
        [ "$(fleet_knock "$number" 203.0.113.17 -t 300)" = filtered ] || open+=" $number"
done
is "$open" "" "the $real drop whom it adds"

fleet_ctl 1 set remove bans 203.0.113.1 >/dev/null
is "$(not_all fleet_lacks 203.0.113.1)" "" "a ban that is taken back ends on all"
done_testing
