#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The iptables backend where things go wrong: p25d dies or the kernel refuses between the two families, a
# kernel without IPv6 or without ip6_tables, foreign chains with p25's names.
. "$(dirname "$0")/../lib/e2e.sh"

export P25_BACKEND=iptables
export P25_FAULT=$WORK/fault
net_world
listen host 25 465 587
listen inet 25

legacy() # ARGUMENT...: both families
{
        net_in host iptables-legacy "$@" && net_in host ip6tables-legacy "$@"
}
tables() # without counters
{
        for program in iptables ip6tables; do
                net_in host $program-legacy-save 2>/dev/null | sed -e '/^#/d' -e 's/\[[0-9:]*\]//'
        done
}
same_tables() # WANTED: but for what a set of the kernel is called
{
        diff <(sed 's/--match-set [^ ]*//' <<<"$1") <(tables | sed 's/--match-set [^ ]*//') >"$WORK/difference"
}
foreign()
{
        tables | grep -v P25
}
start()
{
        LD_PRELOAD=$PWD/${BUILD:-build}/tests/lib/old_iptables.so p25d_start
}
dead()
{
        process_gone "$p25d"
}

legacy -N MINE
legacy -A MINE -j ACCEPT
legacy -A INPUT -p tcp --dport 465 -j MINE
legacy -A INPUT -p tcp --dport 587 -j MINE
root_make
cat >"$CONF" <<-'CONF'
	enabled = true;
	default = { incoming = "deny"; outgoing = "reject"; };
	sets = { many = { entries = [
CONF
seq -f '"203.0.113.%g/32",' 1 2 199 >>"$CONF"
cat >>"$CONF" <<-'CONF'
	"192.0.2.1" ]; } };
	rules = ( { action = "allow"; direction = "in"; from = [ "@many", "198.51.100.3" ]; } );
CONF
bus_start && start
ok $? "p25d starts with backend iptables"
theirs=$(foreign)
ours=$(tables)

# ---- p25d dies ----
# 1: before IPv4 is committed; 2: between the two; 2+: before it is on the disk
for when in 1 1+ 2 2+; do
        echo "kill $when" >"$P25_FAULT"
        run_ctl deny 465
        [ "$rc" != 0 ] && eventually 5 dead
        ok $? "kill $when: p25d dies in the midst of a change"
        : >"$P25_FAULT"
        is "$(foreign)" "$theirs" "kill $when: foreign rules are as they were"
        # what both policies deny is denied, what both allow is allowed, in both families
        is "$(connect inet -t 400 198.51.100.1 25 2001:db8:1::1 25; outcome open inet -s 198.51.100.3 -t 400 198.51.100.1 25
                connect host -t 400 8.8.8.8 25 2001:db8:2::2 25)" \
                "filtered filtered
open
closed closed" "kill $when: a policy is in force"
        start
        ok $? "kill $when: the next one starts"
        same_tables "$ours"
        ok $? "kill $when: and what is stored is in force in both families"
        run_ctl status
        unlike "$out" 465 "kill $when: which the change is not"
        is "$(net_in host ipset list -n | wc -l)" 1 "kill $when: no set is left over"
done

# ---- the kernel refuses ----
before=$(tables)
for n in 1 2; do
        echo "fail $n" >"$P25_FAULT"
        run_ctl deny 465
        is "$rc" 6 "fail $n: the kernel refuses"
        like "$err" "^ERROR: ip.*tables: the kernel refuses the table filter: " \
                "fail $n: and this is said"
        : >"$P25_FAULT"
        is "$(tables)" "$before" "fail $n: the tables are as they were"
done
like "$err" "^ERROR: ip6tables: .*; IPv4 was put back to the former policy$" \
        "of the second family: and that the first was put back"
run_ctl deny 465
is "$rc" 0 "then it succeeds"
run_ctl delete deny 465

# ---- a kernel that cannot count ----
lack="this kernel has no nfacct"
run_ctl status verbose
unlike "$out" "$lack" "nothing is said where it counts"
p25d_stop
echo no-nfacct >"$P25_FAULT"
start
run_ctl status verbose
like "$rc $out" "^0 .*Note: $lack, so .* 10 a second" "without nfacct: status says what is missing"
like "$(ctl doctor)" "note: $lack.*\\[STATUS\\]" "and doctor"
is "$(net_in host iptables-legacy-save | grep -c nfacct)" 0 "the tables need none"
net_in host "$probe" burst -n 5 8.8.8.8 25 >/dev/null
five()
{
        [ "$(ctl events --json -n 100 | jq '[.[] | select(.destination_address == "8.8.8.8") | .count] | add // 0')" = 5 ]
}
eventually 10 five
ok $? "each connection in the log is an event"
: >"$P25_FAULT"
p25d_stop
start

# ---- kernels without a family ----
p25d_stop
echo no-ip6_tables >"$P25_FAULT"
p25d_begin_with_fault()
{
        LD_PRELOAD=$PWD/${BUILD:-build}/tests/lib/old_iptables.so p25d_begin
}
before=$(tables)
p25d_begin_with_fault
is "$?" 6 "IPv6 without ip6_tables: p25d does not start"
like "$(tail -n 2 "$WORK/p25d.log")" "this kernel has no iptables for p25 \(or has not loaded it\)" "and says why"
is "$(tables)" "$before" "the policy in force stays"
kernel_clear >"$WORK/null" 2>&1
echo no-ipv6 >"$P25_FAULT"
start
ok $? "no IPv6 at all: p25d starts"
is "$(connect inet -t 400 198.51.100.1 25)" filtered "with IPv4"
is "$(net_in host ip6tables-legacy-save 2>/dev/null | grep -c P25)" 0 "only"
run_ctl deny 465
is "$rc" 0 "and takes changes"
run_ctl delete deny 465
run_ctl disable
is "$rc $(tables | grep -c P25)" "0 0" "disable leaves no trace"
: >"$P25_FAULT"
p25d_stop
start

# ---- names ----
for program in iptables ip6tables; do
        for jump in "" jump; do
                net_in host $program-legacy -N P25-IN
                net_in host $program-legacy -A P25-IN -s "$([ $program = iptables ] && echo 192.0.2.9 || echo 2001:db8::9)" -j ACCEPT
                [ -z "$jump" ] || net_in host $program-legacy -A INPUT -j P25-IN
                before=$(tables)
                run_ctl enable
                is "$rc" 6 "a foreign chain P25-IN in $program${jump:+, with a jump to it}: refused"
                like "$err" "^ERROR: $program: .*P25-IN" "by its name"
                is "$(tables)" "$before" "and nothing has changed"
                [ -z "$jump" ] || net_in host $program-legacy -D INPUT -j P25-IN
                net_in host $program-legacy -F P25-IN
                net_in host $program-legacy -X P25-IN
        done
done
run_ctl enable
is "$rc" 0 "without it: enabled"
is "$(net_in host iptables-legacy -S INPUT 1 | grep -c 'j P25-IN$')" 1 "first of all"

# ---- whoever else runs as the user has all instances of inotify ----
p25d_stop TERM
echo no-inotify >"$P25_FAULT"
start
ok $? "without inotify: p25d starts"
before=$(tables)
like "$before" "P25-IN" "and the policy is in force"
legacy -F P25-IN
eventually 10 same_tables "$before"
ok $? "a chain that another program flushes is repaired"
: >"$P25_FAULT"
watches_lock()
{
        find "/proc/$p25d/fd" -lname '*inotify*' | grep -q .
}
eventually 10 watches_lock
ok $? "and the lock is watched when there are some again"

# ---- saved and restored ----
before=$(tables)
unlike "$before" "unsupported" "iptables-save can say everything of ours"
like "$before" "match-set p25-" "sets among it"
repairs=$(ctl status --json | jq .repairs)
for program in iptables ip6tables; do
        net_in host $program-legacy-save >"$WORK/$program" 2>/dev/null
        net_in host $program-legacy-restore <"$WORK/$program"
        ok $? "$program-restore takes it"
done
same_tables "$before"
ok $? "and all is as it was"
is "$(connect inet -t 400 198.51.100.1 25; outcome open inet -s 198.51.100.3 -t 400 198.51.100.1 25)" \
        "filtered
open" "in the kernel, too"
is "$(ctl status --json | jq .repairs)" "$repairs" "nothing was repaired"
p25d_stop KILL
net_in host iptables-legacy-restore <"$WORK/iptables"
start
run_ctl disable
is "$rc $(tables | grep -c P25)" "0 0" "after a restart, too, disable leaves no trace"
is "$(net_in host ipset list -n | wc -l)" 0 "nor of sets"
done_testing
