#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# explain --at: the answer of a former policy, of p25ctl's rules and of files, and a time of which nothing is kept.
. "$(dirname "$0")/../lib/e2e.sh"

net_world
p25_host <<'CONF'
default = { incoming = "allow"; outgoing = "allow"; };
CONF
ok $? "p25d starts"

run_ctl explain in from 198.51.100.2 --at 1s
like "$rc $err" "^[14] ERROR: there is no history yet" "no history"

# what is in force now, and since when
since()
{
        ctl history --json -n 1 | jq -r '.[0].time'
}
explained() # TIME WORDS
{
        # shellcheck disable=SC2086 # words
        ctl --json explain $2 --at "$1" >"$WORK/explained" 2>"$WORK/error"
        jq -r '[.verdict, .effective, .code] | join(" ")' "$WORK/explained"
}
of_answer() # FILTER
{
        jq -r "$1" "$WORK/explained"
}

ctl deny in from 198.51.100.2 >"$WORK/null"
denied=$(since)
ctl set add drop 198.51.100.4 >"$WORK/null"
ctl prepend allow in from 198.51.100.2 >"$WORK/null"
allowed=$(since)
ctl disable >"$WORK/null"
inactive=$(since)
ctl enable >"$WORK/null"
sed -i 's/outgoing = "allow"/outgoing = "reject"/' "$CONF"
ctl reload >"$WORK/null"
reloaded=$(since)

is "$(explained "$denied" 'in from 198.51.100.2')" "deny deny P25_RULE" "a rule that was there"
is "$(of_answer '[.revision, .time] | @tsv')" "1	$denied" "with its revision and time"
like "$(of_answer '.assumptions[]')" "users, groups and units are those of now" "a time of which nothing is kept"
is "$(explained "$allowed" 'in from 198.51.100.2')" "allow undetermined P25_RULE" \
        "one that came before it: what else was there is not kept"
like "$(of_answer '.assumptions[]')" "other firewalls, routes and listeners of that time are not kept" \
        "the answer says what is not kept"
is "$(explained "$allowed" 'out to 198.51.100.2')" "allow undetermined P25_DEFAULT" "the files of then"
is "$(explained "$inactive" 'in from 198.51.100.2' | cut -d' ' -f1,2)" "allow undetermined" \
        "when p25 was inactive"
is "$(explained "$reloaded" 'out to 198.51.100.2')" "reject reject P25_DEFAULT" "the files of now"
a_second_ago() # the first revision must be older than that
{
        [ "$(explained 1s 'in from 198.51.100.9' | cut -d' ' -f1)" = allow ]
}
eventually 3 a_second_ago
ok $? "a second ago"
run_ctl explain in from 198.51.100.2 --at "$denied"
like "$out" $'^Revision: 1, in force since 20[0-9-]+ [0-9:]+\nVerdict: deny.*Note: users' "in words"

# ---- trouble ----

run_ctl explain in --at 2001-01-01T00:00:00Z
like "$err" "^ERROR: the policy of 2001-01-01T00:00:00Z is not kept: the history begins at 20.*revision 1" \
        "before the first revision"
run_ctl explain in --at 2999-01-01T00:00:00Z
like "$rc $err" "^4 ERROR: .*in the future" "in the future"
for time in soon 25:00 2026-02-30T00:00:00Z ''; do
        run_ctl explain in --at "$time"
        like "$rc $err" "^4 ERROR: --at .*a time is" "--at '$time'"
done
run_ctl explain out to 198.51.100.2 --probe --at 1s
like "$rc $err" "^4 ERROR: --probe cannot be used with --at" "with --probe"
run_ctl --root "$ROOT" explain in --at 1s
like "$rc $err" "^4 ERROR: --at asks p25d" "with --root"
run_ctl status --at 1s
is "$rc" 4 "with another command"
done_testing
