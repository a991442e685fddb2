#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The manual's examples, entered in order, do what the text above them promises: with traffic.
. "$(dirname "$0")/../lib/e2e.sh"

net_world
net_address inet eth0 192.0.2.9/32
net_route host 198.51.100.2 192.0.2.0/24
listen host 25 587 && listen inet 25 587
p25_host </dev/null
ok $? "p25d starts"
outside=(198.51.100.2 25 2001:db8:1::2 25)

# The commands of a page's example, from the first.
example() # PAGE NUMBER
{
        sed -n '/^\.Sh EXAMPLES/,$p' packaging/man/"$1" | awk -v number="$2" '
                /^\.Bd -literal/ { n++; inside = 1; next }
                /^\.Ed/ { inside = 0 }
                inside && n == number' | sed 's/\\e/\\/g'
}
p25ctl()
{
        net_in host "$P25CTL" --policies "$POLICIES" "$@"
}
# Enters an example, of which each command succeeds and none is warned to be of no use.
entered() # PAGE NUMBER COMMANDS
{
        local n=0 line
        while read -r line; do
                n=$((n + 1))
                eval "${line//\/tmp\//$WORK/}" >"$WORK/out" 2>"$WORK/err" </dev/null
                rc=$?
                [[ $rc == 0 || ( $line == *--detailed-exitcode* && $rc == 2 ) ]]
                ok $? "$1: $line"
                        [[ $rc == 0 || $rc == 2 ]] || diag "$(cat "$WORK/err")"
                unlike "$(cat "$WORK/err")" "never match|changes nothing|hides" "it is of use"
        done < <(example "$1" "$2")
        is $n "$3" "$1, example $2: $3 commands"
}
without_policy()
{
        ctl --force reset >"$WORK/null" && ctl role set >"$WORK/null"
        ok $? "a host without a policy"
}

only_the_mta_sends()
{
        expect "mail is received" inet "open open" -t 500 198.51.100.1 25 2001:db8:1::1 25
        expect "the mail server sends" host "open open" "${outside[@]}"
        expect "others do not" host "closed closed" -u 33 -g 33 "${outside[@]}"
}

# ---- p25ctl(8) ----

without_policy
entered p25ctl.8 1 3
only_the_mta_sends

without_policy
entered p25ctl.8 2 7
expect "ufw's words: closed" inet "filtered filtered" -t 300 198.51.100.1 25 2001:db8:1::1 25
expect "but for the prefix" inet open -s 192.0.2.9 198.51.100.1 25
expect "nothing is sent" host "closed closed" "${outside[@]}"
expect "not even by root to the host whose rule was deleted" host closed 203.0.113.7 25
p25ctl insert 1 allow out to 203.0.113.7 user root >"$WORK/null"
expect "which had let it" host "open closed" 203.0.113.7 25 198.51.100.2 25
is "$(net_in inet "$probe" burst -n 8 198.51.100.1 587)" "open=5 closed=3 filtered=0 other=0" \
        "submission: of eight at once, five stay open"

entered p25ctl.8 3 3
p25ctl explain out to 203.0.113.7 port 25 user root >"$WORK/explained"
is "$(head -n 1 "$WORK/explained")" "Verdict: allow" "explain says what traffic has shown"

without_policy
entered p25ctl.8 4 3
expect "the list is refused" inet filtered -t 300 -s 198.51.100.3 198.51.100.1 25
expect "the added prefix, too" inet filtered -t 300 2001:db8:1::1 25
expect "nobody else is" inet open -t 500 -s 203.0.113.7 198.51.100.1 25

without_policy
p25ctl deny >"$WORK/null"
p25ctl --force delete 1 >"$WORK/null"
p25ctl default deny incoming >"$WORK/null"
entered p25ctl.8 5 4
expect "the fragment lets its address in" inet open -t 500 -s 192.0.2.9 198.51.100.1 25
expect "and no other" inet filtered -t 300 198.51.100.1 25

echo 'audit = "outgoing";' >>"$CONF"
ctl reload >"$WORK/null"
ctl default reject outgoing >"$WORK/null"
expect "in audit" host open -u 33 -g 33 198.51.100.2 25
in_audit()
{
        [ "$(ctl audit --json | jq .connections)" -gt 0 ]
}
eventually 5 in_audit
entered p25ctl.8 6 5
sed -i '/^audit/d' "$CONF"
ctl reload >"$WORK/null"

# ---- p25(7): the first five minutes ----

ctl disable >"$WORK/null" && : >"$CONF" && ctl reload >"$WORK/null" &&
        ctl --force reset >"$WORK/null"
ok $? "a host on which nothing was done yet"
entered p25.7 1 7
only_the_mta_sends
is "$(ctl status --json | jq .pending)" null "the change is confirmed"
entered p25.7 2 5

# ---- p25-roles(7) ----

without_policy
ctl enable >"$WORK/null"
entered p25-roles.7 1 5
only_the_mta_sends
done_testing
