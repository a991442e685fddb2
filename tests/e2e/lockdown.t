#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# p25ctl lockdown on: nothing of mail passes, whatever the policy says, until it is off again.
. "$(dirname "$0")/../lib/e2e.sh"

net_world
listen host 25 587 8080
listen inet 25 587

p25_host <<'CONF'
keep_established = true;
assert = ( { packet = "in from 198.51.100.2"; verdict = "allow"; } );
CONF
ok $? "p25d starts"

open_ports() # NAME
{
        expect "$1: in" inet "open open" 198.51.100.1 25 2001:db8:1::1 587
        expect "$1: out" host "open open" 198.51.100.2 25 2001:db8:1::2 587
}
closed_ports() # NAME
{
        expect "$1: in" inet "filtered filtered" -t 300 198.51.100.1 25 2001:db8:1::1 587
        expect "$1: out" host "closed closed" 198.51.100.2 25 2001:db8:1::2 587
        expect "$1: loopback" host open 127.0.0.1 25
        expect "$1: other ports" inet open 198.51.100.1 8080
}
open_ports "before"
net_in inet "$probe" hold -o "$WORK/hold" 198.51.100.1 25 >"$WORK/hold.pid"
ok $? "a connection stands"

run_ctl lockdown on
is "$rc ${out%%$'\n'*}" "0 Lockdown is on" "lockdown on"
closed_ports "on"
eventually 1 grep -q cut "$WORK/hold"
ok $? "the open connection is cut, keep_established or not"
run_ctl status
like "$out" $'^Status: active\nLOCKDOWN: ON' "status shouts it"
is "$(ctl status --json | jq -c '[.active, .lockdown]')" "[true,true]" "and --json has it"
run_ctl --detailed-exitcode lockdown on
is "$rc" 0 "once more changes nothing"
run_ctl explain in from 198.51.100.2
like "$out" "deny" "explain says deny"
run_ctl set add some 192.0.2.1
run_ctl deny in from @some
is "$rc $err" "0 " "rules can be made meanwhile"
like "$(ctl status numbered)" $'LOCKDOWN: ON.*\n\n.*\n\\[ 1\\] 25/tcp +DENY IN +@some' \
        "and seen below the line"
run_ctl set drop some
is "$rc" 4 "a set that will be in use again stays"
closed_ports "still on"
run_ctl delete 1 --force
is "$rc ${out%%$'\n'*}" "0 Rule deleted" "and deleted by number"
run_ctl set drop some
is "$rc" 0 "then the set goes"

p25d_stop KILL
closed_ports "killed"
echo "roles = ( broken" >"$CONF"
p25d_start
ok $? "it starts again, with a policy that cannot be read"
closed_ports "started again"
run_ctl status
like "$out" "LOCKDOWN: ON" "status says so still"
run_ctl lockdown off
is "$rc ${out%%$'\n'*}" "0 Lockdown is off" "lockdown off"
is "$(ctl status --json | jq -c '.lockdown')" "false" "--json has it"
run_ctl lockdown on
is "$rc" 0 "on again, in the fail-safe"
closed_ports "fail-safe"
: >"$CONF"
run_ctl reload
is "$rc" 0 "the policy is mended: p25 is off by it, but for lockdown"
closed_ports "reloaded"
run_ctl lockdown off
is "$rc" 0 "lockdown off"
run_ctl status
is "$out" "Status: inactive" "inactive again"
open_ports "after"
done_testing
