#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The wall clock is set back and forward while entries of sets and rules are to end: what `explain` says
# is what packets meet, after each step, and over a restart.
. "$(dirname "$0")/../lib/e2e.sh"

[ -n "$many_uids" ] || { skip "steps of the clock" "root is the only user"; done_testing; exit; }
export CLOCK_FILE=$WORK/clock
echo 0 >"$CLOCK_FILE"
real=$P25D
P25D=$WORK/p25d-with-clock
cat >"$P25D" <<WRAPPED
#!/bin/sh
LD_PRELOAD=$PWD/${BUILD:-build}/tests/lib/wrong_clock.so exec $real "\$@"
WRAPPED
chmod 755 "$P25D"

net_world
listen host 25
sources=(198.51.100.2 198.51.100.3 2001:db8:1::2 2001:db8:1::3)

target_of() # SOURCE
{
        case "$1" in *:*) echo 2001:db8:1::1 ;; *) echo 198.51.100.1 ;; esac
}

# The result of each source, a word each.
met()
{
        local source
        for source in "${sources[@]}"; do
                connect inet -t 500 -s "$source" "$(target_of "$source")" 25
        done | tr '\n' ' '
}

# The same, as p25d has it.
explained()
{
        local source
        for source in "${sources[@]}"; do
                ctl --json explain in from "$source" |
                        jq -r 'if .verdict == "allow" then "open" else "filtered" end'
        done | tr '\n' ' '
}

holds() # WORDS NAME
{
        eventually 5 is_met "$1"
        is "$(met)" "$1" "$2"
        is "$(explained)" "$1" "$2: so p25d says"
}
is_met() { [ "$(met)" = "$1" ] && [ "$(explained)" = "$1" ]; }

ban() # TIME SOURCE...
{
        local time=$1
        shift
        run_ctl set add bad "$@" for "$time"
        is "$rc" 0 "ban of $* for $time"
}

both="filtered filtered filtered filtered "
none="open open open open "
first="filtered open filtered open "

rounds() # BACKEND
{
        local banned
        backend_set "$1"
        ban 1h "${sources[1]}" "${sources[3]}"
        # until the clock is set back nothing is looked at: that may last longer on a busy machine
        ban 10s "${sources[0]}" "${sources[2]}"
        banned=$SECONDS
        echo -3600 >"$CLOCK_FILE"
        holds "$both" "$1: banned, and the clock was set back"
        # longer than the kernel would have kept them
        while [ $((SECONDS - banned)) -le 12 ]; do sleep 1; done
        holds "$both" "$1: they hold on"
        echo 0 >"$CLOCK_FILE"
        holds "open filtered open filtered " "$1: and forward again"
        echo 7200 >"$CLOCK_FILE"
        holds "$none" "$1: two hours forward"
        ban 10m "${sources[0]}" "${sources[2]}"
        echo 0 >"$CLOCK_FILE"
        holds "$first" "$1: and back"
        p25d_stop KILL
        echo -100000 >"$CLOCK_FILE"
        p25d_start
        # nothing is written when an entry ends: by this clock no end has come
        holds "$both" "$1: started again, with a clock of the day before"
        run_ctl set remove bad "${sources[@]}"
        is "$rc" 0 "$1: taken back"
        holds "$none" "$1: nobody is banned"
        echo 0 >"$CLOCK_FILE"
}

p25_host <<<'backend = "nftables";
default = { incoming = "allow"; };'
run_ctl set add bad 192.0.2.77
run_ctl deny in from @bad
is "$rc" 0 "a rule of a set"
rounds nftables
rounds iptables

# no step is damage, and none ends p25d
unlike "$(ctl status)" "changed by another process" "no step is called damage"
done_testing
