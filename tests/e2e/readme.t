#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The examples of the README and of `p25ctl help` work: a p25.conf, and two lists of commands which, entered
# in their order, make the policy of a mail server.
. "$(dirname "$0")/../lib/e2e.sh"

net_world
listen host 25 && listen inet 25
echo 198.51.100.3 >"$WORK/drop.txt"
root_make
sed -n '/^enabled = true;/,/^```/p' README.md | grep -v '^```' >"$CONF"
bus_start && p25d_start
ok $? "the p25.conf of the README starts p25d"
diag "$(tail -n 3 "$WORK/p25d.log")"

# Commands on stdin, each with a remark behind two blanks: they are entered on a host without policy.
entered() # NUMBER
{
        local number=0 line words
        ctl disable >/dev/null && : >"$CONF" && ctl reload >/dev/null && ctl reset --force >/dev/null
        ok $? "a host without policy"
        while read -r line; do
                words=${line%%  *}
                words=${words#p25ctl }
                words=${words//\/tmp/$WORK}
                number=$((number + 1))
                # shellcheck disable=SC2086 # words
                run_ctl --policies "$POLICIES" $words
                is "$rc" 0 "p25ctl $words"
                [ "$rc" = 0 ] || diag "$err"
                unlike "$err" "never match|has no effect" "p25ctl $words is of use"
        done
        is $number "$1" "$1 commands"
}

# The promise of both lists.
is_mail_server() # REFUSED-SOURCE OTHER-SOURCE
{
        expect "mail is received" inet open -t 500 -s "$2" 198.51.100.1 25
        expect "IPv6 too" inet open -t 500 2001:db8:1::1 25
        expect "but not from the list" inet filtered -t 300 -s "$1" 198.51.100.1 25
        expect "the mail server sends" host "open open" 198.51.100.2 25 2001:db8:1::2 25
        expect "others do not" host "closed closed" -u 33 -g 33 198.51.100.2 25 2001:db8:1::2 25
        run_ctl explain out to 198.51.100.2 user www-data
        is "${out%%$'\n'*}" "Verdict: reject" "explain says the same"
}

entered 10 < <(sed -n '/^## Ten useful/,/^## /p' README.md | grep '^p25ctl')
is_mail_server 198.51.100.3 203.0.113.7
expect "the one user, to the one destination" host open -u 34 -g 34 203.0.113.7 25
expect "and to no other" host closed -u 34 -g 34 198.51.100.2 25

entered 7 < <("$P25CTL" help | sed -n '/^Examples/,$s/^  \(p25ctl .*\)/\1/p')
is_mail_server 198.51.100.3 203.0.113.7
like "$(ctl status verbose)" "DENY IN     @drop +\[[1-9][0-9]* packets?\]" "status verbose has counters"
unlike "$(ctl status; ctl status numbered)" "packet" "status has not"
run_ctl explain out to 192.0.2.25 user backup
is "${out%%$'\n'*}" "Verdict: allow" "one more user may send"

# shellcheck disable=SC2013 # names
for role in $(sed -n '/^## Roles/,/^## /s/^| `\([a-z-]*\)`.*/\1/p' README.md); do
        ctl role list | grep -qE "^[* ]*$role( |\$)"
        ok $? "role list knows $role"
done
is "$("$P25CTL" help | sed -n 's/^  \([0-9]\)  .*/\1/p' | xargs)" \
        "$(sed -n '/^\.Sh EXIT STATUS/,/^\.Sh EX[^I]/s/^\.It \([0-9]\)$/\1/p' packaging/man/p25ctl.8 | xargs)" \
        "p25ctl help has the exit statuses, as the README says, those of p25ctl(8)"
unlike "$("$P25CTL" help)" "  (what|who|how) " "p25ctl help names things"
done_testing
