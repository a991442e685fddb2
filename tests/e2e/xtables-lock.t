#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Another program holds the lock of iptables: changes wait for it, in their order and not for ever;
# nobody else waits for them.
. "$(dirname "$0")/../lib/e2e.sh"

export P25_BACKEND=iptables
net_world
listen host 25 587
lock=/run/xtables.lock

now_msec()
{
        echo $((${EPOCHREALTIME/./} / 1000))
}
is_held()
{
        ! flock -n -x $lock true
}
hold() # SECONDS: at most; let_go ends it
{
        # not by a command of flock's: that would outlive it
        flock -o -x $lock sleep "$1" &
        holder=$!
        eventually 5 is_held
}
let_go()
{
        signal TERM "$(pgrep -P "$holder" sleep)"
        wait "$holder" 2>"$WORK/null"
}
let_in_background() # NAME COMMAND...: leaves its pid in $!
{
        local name=$1
        shift
        { "$@" >"$WORK/$name.out" 2>"$WORK/$name.err" </dev/null
          echo "$? $(now_msec)" >"$WORK/$name.end"; } &
}
tables()
{
        for program in iptables ip6tables; do
                net_in host $program-legacy-save 2>"$WORK/null" | sed -e '/^#/d' -e 's/\[[0-9:]*\]//'
        done
}

p25_host <<-'CONF'
	default = { incoming = "allow"; };
CONF
ok $? "p25d starts with backend iptables"

# a change waits, the rest does not
began=$(now_msec)
hold 3
let_in_background change net_in host "$P25CTL" deny
change=$!
let_in_background second net_in host "$P25CTL" default reject incoming
second=$!
n=0
for _ in 1 2 3 4 5 6 7 8 9 10; do
        run_ctl status
        [ "$rc" = 0 ] && ! process_gone "$change" || break
        unchanged=$out
        n=$((n + 1))
done
is "$rc" 0 "status is answered meanwhile"
between $n 1 10 "while the change waits"
unlike "$unchanged" "DENY" "nothing has changed meanwhile"
wait "$change" "$second"
read -r rc ended <"$WORK/change.end"
is "$rc" 0 "the change succeeds"
between $((ended - began)) 3000 60000 "once the lock is there ($((ended - began)) ms)"
is "$(cat "$WORK/second.end" | cut -d' ' -f1)" 0 "so does the one after it"
run_ctl status verbose
like "$out" "Default: reject \(incoming\).*25/tcp +DENY IN" "both are in force"
is "$(connect inet -t 400 198.51.100.1 25 2001:db8:1::1 25)" "filtered filtered" "in the kernel, too"
wait "$holder"

# in their order: each waits for those before it
dbus-monitor --address "$DBUS_SYSTEM_BUS_ADDRESS" "type='method_call',member='AddRule'" \
        >"$WORK/calls" 2>&1 &
monitor=$!
eventually 5 test -s "$WORK/calls"
waiting()
{
        [ "$(grep -c member=AddRule "$WORK/calls")" = "$i" ]
}
hold 600
for i in 1 2 3 4 5 6; do
        let_in_background "order$i" net_in host "$P25CTL" allow from "203.0.113.$i"
        eventually 2 waiting
done
let_go
process_end "$monitor" TERM
order_done()
{
        [ "$(ls "$WORK"/order*.end | wc -l)" = 6 ]
}
eventually 10 order_done
# on a busy machine the first may have waited for too long
accepted=$(for i in 1 2 3 4 5 6; do
        ! grep -q '^0 ' "$WORK/order$i.end" || printf '203.0.113.%s ' $i
done)
like "$accepted" "203.0.113.5 203.0.113.6 $" "changes wait for the lock"
is "$(ctl status --json | jq -r '.rules[] | select(.source == "p25ctl") | .from[]' | tr '\n' ' ')" \
        "$accepted" "and are made in the order in which they came"

# past the deadline
before=$(stored_files)
before_tables=$(tables)
revision=$(ctl status --json | jq .revision)
hold 600
began=$(now_msec)
let_in_background late net_in host "$P25CTL" deny 587
late=$!
run_ctl deny out
is "$rc" 6 "a change that waits for longer than five seconds is refused"
between $(($(now_msec) - began)) 4900 60000 "after five seconds ($(($(now_msec) - began)) ms)"
like "$err" "^ERROR: another program holds the lock of iptables \($lock\); given up after 5 seconds$" \
        "with the reason"
wait "$late"
is "$(cut -d' ' -f1 "$WORK/late.end")" 6 "the other one as well"
run_ctl set load drop "$(echo 192.0.2.1 >"$WORK/set"; echo "$WORK/set")"
is "$rc" 6 "and a set that is loaded"
is "$(stored_files)" "$before" "no file was touched"
is "$(ctl status --json | jq .revision)" "$revision" "status shows the same revision"
run_ctl --dry-run deny out
is "$rc" 0 "--dry-run needs no lock"
reload_failed()
{
        grep -q "not reloaded.*lock of iptables" "$WORK/p25d.log"
}
sed -i 's/^default = .*/default = { outgoing = "reject"; };/' "$CONF"
signal HUP "$p25d"
eventually 10 reload_failed
ok $? "a reload by SIGHUP gives up, too, and the log says so"
let_go
is "$(tables)" "$before_tables" "the tables are as they were"
reloaded()
{
        [ "$(ctl status --json | jq -r .default.outgoing)" = reject ]
}
hold 1
signal HUP "$p25d"
eventually 10 reloaded
ok $? "a reload waits for the lock"
wait "$holder"


# moving between the backends: under the lock from the beginning, in both directions
p25d_stop
unset P25_BACKEND
sed -i '1i backend = "iptables";' "$CONF"
p25d_start
where() # which backends hold something
{
        ! net_in host nft list table inet p25 >"$WORK/null" 2>&1 || echo -n nftables
        ! net_in host iptables-legacy-save 2>"$WORK/null" | grep -q P25 || echo -n iptables
        echo
}
for from_to in iptables:nftables nftables:iptables; do
        sed -i "s/^backend = .*/backend = \"${from_to#*:}\";/" "$CONF"
        hold 600
        run_ctl reload
        is "$rc $(where)" "6 ${from_to%:*}" "$from_to: refused while the lock is held"
        let_go
        hold 1
        run_ctl reload
        is "$rc $(where)" "0 ${from_to#*:}" "$from_to: done when it is there, nothing is left behind"
        wait "$holder"
done

# a start
hold 2
p25d_stop KILL
p25d_start
is "$? $(where)" "0 iptables" "a start waits for the lock"
wait "$holder"
p25d_stop
before_tables=$(tables)
hold 600
p25d_begin
is "$?" 6 "but not for ever"
like "$(tail -n 3 "$WORK/p25d.log")" "another program holds the lock of iptables" "and says why"
unlike "$(tail -n 3 "$WORK/p25d.log")" "fail-safe" "the policy is not changed"
let_go
is "$(tables)" "$before_tables" "the former policy is still in force"
sed -i 's/^backend = .*/backend = "nftables";/' "$CONF"
hold 600
p25d_start
is "$? $(where)" "0 nftablesiptables" "a start with the other backend does not depend on it"
let_go
ours_only()
{
        [ "$(where)" = nftables ]
}
eventually 10 ours_only
ok $? "the rest is taken out as soon as the lock is there"
done_testing
