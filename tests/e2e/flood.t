#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# 100,000 distinct destinations, each dialled by another user: all are refused and counted, p25d does
# not grow with them, and it answers meanwhile.
. "$(dirname "$0")/../lib/e2e.sh"
. tests/lib/measure.sh

N=100000 first=25000 rest=75000
net_world
net_route host 198.51.100.2 10.128.0.0/9
p25_host <<<'default = { outgoing = "reject"; };'
ok $? "p25d starts"

# of the statistics, when p25d has written them
counted()
{
        awk '$1 == "total" || $1 == "rest" { n += $2 } END { print n + 0 }' "$ROOT/var/lib/p25/stats"
}
flood() # UID N ADDRESS
{
        local who=()
        # users whom the namespace has
        [ -z "$many_uids" ] || [ -z "$real_root" ] || who=(-u "$1")
        net_in host "$probe" flood "${who[@]}" -t 20000 -n "$2" "$3" 25 >"$WORK/flood"
}

flood 1000000 $first 10.128.0.0
is "$(cat "$WORK/flood")" "open=0 closed=$first filtered=0 other=0" "the first ones are refused"
read -rt 5 <> <(:) # they are read
before=$(memory_own "$p25d")
flood 2000000 $rest 10.192.0.0 &
flooder=$!
slowest=0
while kill -0 $flooder 2>/dev/null; do
        began=${EPOCHREALTIME/./}
        ctl status >"$WORK/null" || slowest=failed
        took=$(((${EPOCHREALTIME/./} - began) / 1000))
        [ "$slowest" = failed ] || [ "$took" -le "$slowest" ] || slowest=$took
        read -rt 0.5 <> <(:)
done
wait $flooder
is "$? $(cat "$WORK/flood")" "0 open=0 closed=$rest filtered=0 other=0" "so are $N"
at_most "$slowest" 10000 "p25d answers meanwhile, in milliseconds"
read -rt 5 <> <(:)
at_most $(($(memory_own "$p25d") - before)) 8192 "and does not grow with them, in kB"
at_most "$(cat "$ROOT"/var/lib/p25/events* | wc -c)" 4400000 "the events on disk are bounded, in bytes"
p25d_stop
p25d_begin
ok $? "p25d starts again"
read -rt 10 <> <(:)
p25d_stop
is "$(counted)" $N "all are counted, once"
at_most "$(grep -c '^user ' "$ROOT/var/lib/p25/stats")" 2048 "so many users have a row"
done_testing
