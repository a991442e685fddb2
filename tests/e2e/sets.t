#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Sets and fragments: loaded, changed, replaced, dropped; with real connections.
. "$(dirname "$0")/../lib/e2e.sh"
. tests/lib/measure.sh

net_world
listen host 25
p25_host </dev/null
ok $? "p25d starts"

printf '%s\n' "# partners" "203.0.113.0/28 ; one" "" "2001:db8:7::/64" >"$WORK/partners"
run_ctl set load partners "$WORK/partners"
is "$rc" 0 "set load"
run_ctl set list
like "$out" "partners" "set list"
run_ctl set show partners
like "$out" $'203.0.113.0/28\n2001:db8:7::/64' "set show"
run_ctl deny in from @partners
is "$rc" 0 "a rule of a set"
both()
{
        expect "$1: in the set" inet "$2" -t 300 -s 203.0.113.7 198.51.100.1 25
        expect "$1: in the set, IPv6" inet "$2" -t 300 -s 2001:db8:7::7 2001:db8:1::1 25
        expect "$1: not in the set" inet "$3" -t 300 198.51.100.1 25
}
both "loaded" filtered open
run_ctl set add partners 198.51.100.2
is "$rc" 0 "set add"
both "added" filtered filtered
run_ctl set add partners 198.51.100.2
is "$rc" 0 "set add again"
run_ctl set remove partners 198.51.100.2
is "$rc" 0 "set remove"
both "removed" filtered open
run_ctl set drop partners
is "$rc" 4 "a set in use is not dropped"
both "not dropped" filtered open
echo 192.0.2.0/24 >"$WORK/partners"
run_ctl set load partners "$WORK/partners"
is "$rc" 0 "set load replaces"
both "replaced" open open
run_ctl delete deny in from @partners
run_ctl set drop partners
is "$rc" 0 "set drop"
run_ctl set add newset 203.0.113.7
is "$rc" 0 "set add makes a set"

# one bad line in a million, or in what a user namespace may send at once
million=1000000 bad=777777
[ -n "$real_root" ] || million=100000 bad=77777
awk -v n=$million 'BEGIN { for (i = 0; i < n; i++)
        printf "%d.%d.%d.%d\n", 1 + i / 4194304 % 200, i / 16384 % 256, i / 64 % 256, i * 4 % 256 }' \
        >"$WORK/million"
sed -i "${bad}s/.*/10.0.0.999/" "$WORK/million"
run_ctl set load big "$WORK/million"
is "$rc" 4 "one bad line in $million is refused"
like "$err" "$bad" "and its line named"
run_ctl set list
unlike "$out" "big" "and nothing was stored"
sed -i "${bad}s/.*/203.0.113.7/" "$WORK/million"
began=${EPOCHREALTIME/./}
run_ctl set load big "$WORK/million"
is "$rc" 0 "$million entries load"
diag "$(((${EPOCHREALTIME/./} - began) / 1000)) ms"
run_ctl deny in from @big
is "$rc" 0 "and are used"
expect "in the large set" inet filtered -t 300 -s 203.0.113.7 198.51.100.1 25
expect "not in the large set" inet open 198.51.100.1 25
run_ctl set add big 198.51.100.2
expect "one more" inet filtered -t 300 198.51.100.1 25
ctl_reads() # WORD...: with standard input
{
        net_in host "$P25CTL" "$@" >"$WORK/out" 2>"$WORK/err"
        rc=$?
        out=$(cat "$WORK/out")
        err=$(cat "$WORK/err")
}
ctl_reads set add big - < <(printf '# more\n198.51.100.3\n\n2001:db8:1::3 ; both\n')
is "$rc $err" "0 " "set add reads standard input"
expect "its entry is there" inet filtered -t 300 -s 198.51.100.3 198.51.100.1 25
expect "both are" inet filtered -t 300 -s 2001:db8:1::3 2001:db8:1::1 25
ctl_reads --json set remove big - < <(printf '2001:db8:1::3\n192.0.2.99\n')
is "$(jq -c '[.changed, .diff[0]]' <<<"$out")" '[true,"- set big 1 entry"]' \
        "set remove reads standard input, and passes over what is not there"
ctl_reads set add big - < <(printf '192.0.2.1\n192.0.2.400\n')
is "$rc" 4 "a bad line is refused"
like "$err" "^ERROR: -:2: " "and named"
run_ctl set show big
unlike "$out" "192.0.2.1" "and nothing was added"
ctl_reads --strict --dry-run set load big - < <(echo 192.0.2.9/24)
is "$rc ${err%% has*}" '4 ERROR: -:1: "192.0.2.9/24"' "a warning under --strict has its line too"
ctl_reads set add bulk - </dev/null
is "$rc" 4 "no entries make no set"
awk 'BEGIN { for (i = 0; i < 500001; i++) printf "10.%d.%d.%d\n", i / 65536, i / 256 % 256, i % 256 }' \
        >"$WORK/bulk"
ctl_reads set add bulk - <"$WORK/bulk"
is "$rc" 4 "500,001 entries are too many for one message"
like "$err" "500000: 'p25ctl set load'" "and the error names what accepts them"
ctl_reads --json set add bulk - < <(head -n 100000 "$WORK/bulk")
is "$(jq -r '.diff[0]' <<<"$out")" "+ set bulk 100000 entries" "100,000 are not"
ctl_reads set drop bulk
p25d_stop KILL
p25d_start
ok $? "p25d starts again"
expect "with the one more" inet filtered -t 300 198.51.100.1 25
expect "and the others" inet filtered -t 300 -s 203.0.113.7 198.51.100.1 25
run_ctl reset --force
is "$rc" 0 "reset"
run_ctl set list
unlike "$out" "big" "takes the sets away"
memory_is_back() # what the set took
{
        [ "$(memory_own "$p25d")" -lt 10000 ]
}
eventually 5 memory_is_back
ok $? "and with them their memory"

# fragments
cat >"$WORK/ansible.conf" <<'CONF'
rules = ( { action = "reject"; direction = "in"; from = [ "203.0.113.7" ]; comment = "of ansible"; } );
CONF
run_ctl fragment put ansible "$WORK/ansible.conf"
is "$rc" 0 "fragment put"
expect "a fragment's rule" inet closed -s 203.0.113.7 198.51.100.1 25
run_ctl fragment list
like "$out" '(^|'$'\n'')ansible +1 rule +p25ctl' "fragment list"
run_ctl fragment show ansible
like "$out" "203.0.113.7" "fragment show"
run_ctl --detailed-exitcode fragment put ansible "$WORK/ansible.conf"
is "$rc" 0 "put again changes nothing"
ctl_reads --detailed-exitcode fragment put ansible - <"$WORK/ansible.conf"
is "$rc" 0 "nor from standard input"
ctl_reads --detailed-exitcode fragment put piped - < <(cat "$WORK/ansible.conf")
is "$rc" 2 "standard input may be a pipe"
ctl_reads --json fragment drop piped
ctl_reads fragment put piped - < <(printf '\nrules = ( { action = "no" } );')
is "$rc" 4 "a bad text"
like "$err" "^ERROR: -:2: " "has its line"
run_ctl status
like "$out" "REJECT IN +203.0.113.7 +# fragment ansible: of ansible" "its row"
sed -i 's/203.0.113.7/203.0.113.8/' "$WORK/ansible.conf"
run_ctl --detailed-exitcode fragment put ansible "$WORK/ansible.conf"
is "$rc" 2 "another text replaces it"
expect "whole" inet open -s 203.0.113.7 198.51.100.1 25
echo 'rules = ( { action = "reject" direction } );' >"$WORK/ansible.conf"
run_ctl fragment put ansible "$WORK/ansible.conf"
is "$rc" 4 "a bad one is refused"
run_ctl fragment show ansible
like "$out" "203.0.113.8" "and the old one stays"
cat >"$ROOT/etc/p25/policy.d/50-site.conf" <<'CONF'
rules = ( { action = "deny"; direction = "in"; from = [ "203.0.113.0/24" ]; } );
CONF
run_ctl reload
is "$rc" 0 "a fragment as a file"
expect "is in force" inet filtered -t 300 -s 203.0.113.7 198.51.100.1 25
run_ctl fragment drop ansible
is "$rc" 0 "fragment drop"
run_ctl fragment show ansible
is "$rc" 4 "is gone"

# the sets of files are written there
echo 'sets = { declared = { entries = [ "192.0.2.0/24" ]; }; };' >>"$CONF"
run_ctl reload
is "$rc" 0 "p25.conf declares a set"
for words in "set add declared 192.0.2.1" "set load declared $CONF"; do
        # shellcheck disable=SC2086 # words
        run_ctl $words
        is "$rc $err" "4 ERROR: set declared is declared in p25.conf or a fragment: change it there" \
                "p25ctl ${words%% decl*} does not affect it"
done
done_testing
