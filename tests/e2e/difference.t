#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The effects of a change on connections, and the warnings that the author of a rule gets.
. "$(dirname "$0")/../lib/e2e.sh"

net_world # both families
p25_host </dev/null
ok $? "p25d starts"

# WANTED-LINES ARGUMENT...: under --dry-run, only the lines about packets
changes()
{
        local wanted=$1
        shift
        run_ctl --dry-run "$@"
        is "$rc $(grep -v '^[+-]' <<<"$out")" "0 $wanted" "--dry-run $*"
}

revision()
{
        ctl status --json | jq .revision
}

nothing="No effect on connections."

# ---- differences ----

before=$(revision)
run_ctl --dry-run deny from 198.51.100.0/24
is "$out" "+ deny from 198.51.100.0/24 to any port 25
newly denied: in 25/tcp from 198.51.100.0/24" "added rules first, then effects"
changes "newly denied: in 25/tcp from anywhere
newly denied: out 25/tcp to anywhere" deny both
changes "newly rejected: out 25/tcp user www-data group daemon" reject out user www-data group daemon
changes "newly limited: in 25,587/tcp from fd00::/8 (rate 3/hour burst 1 max 2)" \
        limit from fd00::/8 to any port 25,587 rate 3/hour burst 1 max 2
changes "newly rejected: routed 25/tcp in on docker0 to anywhere" route reject in on docker0
changes "$nothing" logging high
changes "newly limited: in 25/tcp from anywhere (rate 60/minute burst 30 max 20)
newly rejected: out 25/tcp user other than root,mail,postfix
newly rejected: routed 25/tcp to anywhere" role set mx
changes "newly denied: in 25/tcp from anywhere" default deny incoming
changes "newly denied: in 25,465,587,2525/tcp from anywhere
newly rejected: out 25,465,587,2525/tcp to anywhere
newly rejected: routed 25,465,587,2525/tcp to anywhere" lockdown on
changes "Nothing would change." enable
is "$(revision)" "$before" "and nothing has changed"

run_ctl deny from 10.9.0.0/16
run_ctl default deny incoming
run_ctl allow from 198.51.100.0/24
run_ctl reject out to 203.0.113.0/24
changes "newly allowed: in 25/tcp from 198.51.101.0/24 (was deny)" allow from 198.51.101.0/24
changes "newly denied: in 25/tcp from 198.51.100.0/24" --force delete 2
changes "newly rejected: in 25/tcp from 10.9.0.0/16 (was deny)" reject from 10.9.0.0/16
changes "newly allowed: in 25/tcp from anywhere but 198.51.100.0/24 (was deny)
newly allowed: out 25/tcp to 203.0.113.0/24 (was reject)" disable

# the same in other words changes nothing for packets
cat >"$WORK/words.conf" <<'CONF'
rules = ( { action = "reject"; direction = "routed"; from = [ "10.0.0.0/8" ]; },
          { action = "deny"; direction = "routed"; from = [ "192.0.2.0/24" ]; } );
CONF
cat >"$WORK/other-words.conf" <<'CONF'
sets = { mine = { entries = [ "10.0.0.0/9", "10.128.0.0/9" ]; }; };
rules = ( { action = "deny"; direction = "routed"; from = [ "192.0.2.128/25", "192.0.2.0/25" ]; },
          { action = "reject"; direction = "routed"; from = [ "@mine" ]; } );
CONF
run_ctl fragment put words "$WORK/words.conf"
is "$rc" 0 "fragment put"
changes "$nothing" fragment put words "$WORK/other-words.conf"
changes "newly allowed: routed 25/tcp from 192.0.2.0/24 (was deny)
newly allowed: routed 25/tcp from 10.0.0.0/8 (was reject)" fragment drop words

# ---- large sets ----

awk 'BEGIN { for (i = 0; i < 300000; i++) printf "%d.%d.%d.%d\n", 20 + i / 8388608,
        i / 32768 % 256, i / 128 % 256, i * 2 % 256 }' >"$WORK/large"
{ cat "$WORK/large"; echo 192.0.2.77; } >"$WORK/larger"
run_ctl set load large "$WORK/large"
run_ctl reject in from @large
is "$rc" 0 "a rule with 300,000 addresses"
changes "newly rejected: in 25/tcp from 192.0.2.77 (was deny)" set load large "$WORK/larger"
is "$(ctl --json set add large 192.0.2.78 | jq -c '[.diff, .effects]')" \
        '[["+ set large 1 entry"],["newly rejected: in 25/tcp from 192.0.2.78 (was deny)"]]' \
        "one more entry is reported at once"
run_ctl set remove large 192.0.2.78
changes "newly denied: in 25/tcp from @large (300000 prefixes: 20.0.0.0, 20.0.0.2, 20.0.0.4, ...) \
(was reject)" delete reject in from @large
run_ctl --json delete reject in from @large
like "$(jq -c .effects <<<"$out")" 'too much changes for packets to list at once' \
        "a change that is made does not wait for so much"
run_ctl set drop large

# ---- over the bus ----

busctl_call() # METHOD ARGUMENT...
{
        net_in host busctl --address="$DBUS_SYSTEM_BUS_ADDRESS" call org.port25.Policy1 \
                /org/port25/Policy1 org.port25.Policy1.Manager "$@" 2>&1
}
is "$(busctl_call AddRule 'a{sv}a{sv}' 3 action s allow direction s in from as 1 10.9.1.1 \
        1 dry_run b true)" \
        "bta{sv} true $(revision) 4 \"outcome\" s \"added\" \"warnings\" as 1 \"this rule can \
never match: rule 1 (deny from 10.9.0.0/16 to any port 25) covers it; to place it before that one: \
p25ctl insert 1 allow from 10.9.1.1 to any port 25\" \"effects\" as 0 \
\"diff\" as 1 \"+ allow from 10.9.1.1 to any port 25\"" "a warning is not a line of a diff"

# ---- warnings ----

# WANTED ARGUMENT...: the warnings on stderr, without "WARNING: "
warns()
{
        local wanted=${1:+WARNING: $1}
        shift
        run_ctl "$@"
        is "$rc $err" "0 $wanted" "p25ctl $* ${wanted:+warns}"
}

covered="this rule can never match: rule 1 (deny from 10.9.0.0/16 to any port 25) covers it; \
to place it before that one: p25ctl"
before=$(revision)
run_ctl --strict allow from 10.9.2.0/24
is "$rc $err" "4 ERROR: $covered insert 1 allow from 10.9.2.0/24 to any port 25" \
        "--strict takes a warning for an error"
is "$(revision)" "$before" "and changes nothing"
run_ctl --strict --dry-run allow from 10.9.2.0/24
is "$rc" 4 "--strict --dry-run as well"
run_ctl --strict allow from 198.51.200.0/24
is "$rc $err" "0 " "--strict takes what has no warning"
is "$(revision)" $((before + 1)) "once"
run_ctl --strict --json set add new 192.0.2.1
is "$rc $(jq -c .changed <<<"$out")" "0 true" "--strict with other changes"

warns "$covered --force delete 5 && p25ctl insert 1 allow from 10.9.2.0/24 to any port 25" \
        allow from 10.9.2.0/24
is "$(ctl explain in from 10.9.2.9 --json | jq -r .verdict)" deny "it does not match"
hint=${err#*that one: }
hint=${hint//p25ctl/ctl}
eval "$hint" >"$WORK/out" 2>&1
is "$? $(cat "$WORK/out")" "0 Rule deleted
$(sed -n 2p "$WORK/out")
Rule inserted
$(sed -n 4p "$WORK/out")" "the remedy works as it is written"
is "$(ctl explain in from 10.9.2.9 --json | jq -r .verdict)" allow "now it does"

warns "this rule changes nothing: without it the default (allow) decides the same" \
        allow out to 8.8.8.8
warns "" deny out to 8.8.8.8
warns "this closes IPv4 only, and IPv6 stays open: leave the address out, or add p25ctl reject out \
to ::/0 port 25" reject out to 0.0.0.0/0
warns "" reject out to ::/0
run_ctl --json allow from 10.9.3.0/24
is "$(jq -r '.warnings | length' <<<"$out") $(jq -c .diff <<<"$out")" \
        '1 ["+ allow from 10.9.3.0/24 to any port 25"]' "--json keeps them apart"

# for files no number is given
printf 'enabled = true;\nrules = ( { action = "reject"; direction = "in"; ports = [ 587 ]; } );\n' \
        >"$CONF"
run_ctl reload
is "$rc" 0 "reload"
warns "" allow from 10.0.0.0/8 to any port 587
warns "this rule hides the rule at $CONF:2 (reject 587/tcp), which can no longer match" deny 587/tcp

done_testing
