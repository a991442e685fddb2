# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Crowds of $N open connections, and changes that deny one and leave the other. To be sourced after
# e2e.sh.

crowd() # NAME NAMESPACE [WHO] ADDRESS PORT
{
        local name=$1 from=$2
        shift 2
        rm -f "$WORK/crowd-$name"
        # the kernel may give a port again whose entry is still marked to be cut: p25d(8)
        net_in host conntrack -D -p tcp --state CLOSE >"$WORK/null" 2>&1
        net_in "$from" "$probe" crowd -n $N -t 60000 -o "$WORK/crowd-$name" "$@" >"$WORK/crowd-$name.pid"
        local status=$?
        ok $status "$name: $N connections stand"
        # who refused one: a rule, or an entry that is marked to be cut
        [ $status = 0 ] || diag "$(ctl show raw; net_in host conntrack -L -p tcp -o labels 2>&1 | grep -v ASSURED)"
}

all_cut() # NAME
{
        [ "$(grep -c cut "$WORK/crowd-$1")" = $N ]
}

finished() # NAME
{
        signal TERM "$(cat "$WORK/crowd-$1.pid")"
        eventually 20 process_gone "$(cat "$WORK/crowd-$1.pid")"
        is "$(sort "$WORK/crowd-$1" | uniq -c | tr -s ' ')" " $N finished" "$1: all go on, and end in order"
}

try() # NAME COMMAND...: the crowd "denied" goes, the crowd "allowed" stays
{
        local name=$1
        shift
        run_ctl "$@"
        is "$rc" 0 "$name: $*"
        eventually 5 all_cut denied
        ok $? "$name: all that are denied are cut"
        finished allowed
        run_ctl reset --force
}
