#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Thresholds on what a user sends: an alert in the log and on the bus, once for a window, and a
# quarantine that ends a spam run and does not touch the user's other traffic.
. "$(dirname "$0")/../lib/e2e.sh"

[ -n "$many_uids" ] || { skip "alerts" "one uid only"; done_testing; exit; }

net_world
listen inet 25 587 8080
{ cat /etc/passwd
  echo '4038:x:4001:4001::/:/bin/false'
  echo 'two words:x:4002:4002::/:/bin/false'
  printf 'j\xf6rg:x:4003:4003::/:/bin/false\n'
  echo 'man:x:4004:4004::/:/bin/false'; } >"$WORK/passwd"
mount --bind "$WORK/passwd" /etc/passwd || exit 1
p25_host <<'CONF'
alerts  = { blocked = "20/hour"; connections = "30/hour"; destinations = "6/hour"; quarantine = "1h"; };
default = { outgoing = "allow"; };
rules   = ( { action = "reject"; direction = "out"; to = [ "192.0.2.0/24", "2001:db8:bad::/48" ]; },
            { action = "allow"; direction = "out"; user = [ "backup" ]; } );
CONF
ok $? "p25d starts"
dbus-monitor --address "$DBUS_SYSTEM_BUS_ADDRESS" "type='signal',member='Alert'" \
        "type='method_call',member='StartUnit'" >"$WORK/signals" 2>&1 &
monitor=$!
eventually 3 grep -q NameAcquired "$WORK/signals"

# connects as a user until it is stopped: a process that sends spam
spam() # UID ADDRESS
{
        while :; do
                connect host -u "$1" -g "$1" "$2" 25 >/dev/null
                sleep 0.05
        done
}
alerts() # TEXT
{
        grep -c "alert: .*$1" "$WORK/p25d.log"
}
quarantined() # USER
{
        ctl status --json | jq -e --arg u "$1" \
                'any(.rules[]; .action == "reject" and .user == [$u] and (.comment // "" | startswith("quarantine: ")))' >/dev/null
}

# ---- a spam run that is refused ----

spam 33 192.0.2.9 & run=$!
eventually 15 quarantined www-data
ok $? "refused connections: the user is in quarantine"
process_end "$run" TERM
like "$(cat "$WORK/p25d.log")" "alert: www-data \(uid 33\): ([2-9][0-9]|[1-9][0-9]{2,}) refused connections, alert at 20/hour" "the log says why"
like "$(ctl status --json | jq -r '.rules[0].comment')" "^quarantine: ([2-9][0-9]|[1-9][0-9]{2,}) refused connections, alert at 20/hour" \
        "so does the rule, which is the first"
is "$(ctl status --json | jq -c '.rules[0] | [.action, .direction, .ports, .user]')" \
        '["reject","out",[25,465,587,2525],["www-data"]]' "all mail ports of the user"
between "$(ctl status --json | jq '.rules[0].seconds_left')" 3500 3600 "for an hour"
like "$(ctl history)" "quarantine: ([2-9][0-9]|[1-9][0-9]{2,}) refused connections" "history has who and why"
expect "its mail ports are closed" host closed -u 33 -g 33 198.51.100.2 25
expect "submission too" host closed -u 33 -g 33 198.51.100.2 587
expect "IPv6 too" host closed -u 33 -g 33 2001:db8:1::2 25
expect "its other traffic is untouched" host open -u 33 -g 33 198.51.100.2 8080
expect "others send" host open -u 65534 -g 65534 198.51.100.2 25

# ---- never twice ----

for _ in $(seq 25); do connect host -u 33 -g 33 192.0.2.9 25 >/dev/null; done
sleep 1.5
is "$(alerts 'www-data.*refused')" 1 "an alert is reported once"
p25d_stop
p25d_start
ok $? "p25d restarts"
quarantined www-data
ok $? "the quarantine stays over a restart"
for _ in $(seq 25); do connect host -u 33 -g 33 192.0.2.9 25 >/dev/null; done
sleep 1.5
is "$(alerts 'www-data.*refused')" 1 "and nothing is reported again"

# ---- what passes ----

spam 65534 198.51.100.2 & run=$!
eventually 20 quarantined nobody
ok $? "outgoing connections: the run ends"
process_end "$run" TERM
expect "by a reset" host closed -u 65534 -g 65534 198.51.100.2 25
like "$(cat "$WORK/p25d.log")" "alert: nobody \(uid 65534\): ([3-9][0-9]|[1-9][0-9]{2,}) outgoing connections, alert at 30/hour" "the log says so"

for n in 1 2 3 4 5 6 7; do connect host -u 7 -g 7 "192.0.2.$n" 25 >/dev/null; done
eventually 5 quarantined lp
ok $? "distinct destinations: so many"
like "$(cat "$WORK/p25d.log")" "alert: lp \(uid 7\): 6 destinations, alert at 6/hour" "the log says so"

# ---- users who are spared ----

spam 34 192.0.2.9 & run=$!
eventually 15 grep -q 'alert: backup .*not quarantined: a rule allows this user by name' "$WORK/p25d.log"
ok $? "a user whom a rule allows by name is not quarantined"
process_end "$run" TERM
spam 0 192.0.2.9 & run=$!
eventually 15 grep -q 'alert: root .*not quarantined: root is never quarantined' "$WORK/p25d.log"
ok $? "nor is root"
process_end "$run" TERM
quarantined backup || quarantined root
is $? 1 "there is no rule for either"

# ---- the change path ----

cat >>"$CONF" <<'CONF'
assert = ( { packet = "out to 198.51.100.2 user games"; verdict = "allow"; } );
CONF
run_ctl reload
is "$rc" 0 "an assertion"
sed 's/quarantine = "1h"/quarantine = "90m"/' "$CONF" >"$WORK/longer.conf"
run_ctl plan "$WORK/longer.conf"
like "$out" "- quarantine 1h.*\+ quarantine 90m" "plan writes a duration as p25.conf does"
spam 5 192.0.2.9 & run=$!
eventually 15 grep -q 'uid 5 cannot be put into quarantine .*assertion "out to 198.51.100.2 user games" fails' "$WORK/p25d.log"
ok $? "may refuse a quarantine, which is loud"
process_end "$run" TERM
quarantined games
is $? 1 "and is not made"
expect "the user still sends" host open -u 5 -g 5 198.51.100.2 25

# ---- who is meant ----

refused_often() # UID
{
        for _ in $(seq 22); do connect host -u "$1" -g "$1" 192.0.2.9 25 >/dev/null; done
}
for uid in 4001 4002 4003 4004; do refused_often $uid; done
for uid in 4001 4002 4003 4004; do
        eventually 10 quarantined $uid
        ok $? "uid $uid is named by number: its name means somebody else or is not valid in rules"
        expect "it cannot send" host closed -u $uid -g $uid 198.51.100.2 25
done
expect "a uid that is as a name sends" host open -u 4038 -g 4038 198.51.100.2 25
expect "a user of the same name sends" host open -u "$(id -u man)" -g 6 198.51.100.2 25
listed()
{
        ctl events -n 100 | grep -Eq 'reject +j\?rg +192\.0\.2\.9:25'
}
eventually 5 listed
ok $? "a name that is not UTF-8 keeps no events from being listed, and is printable"

busctl --address="$DBUS_SYSTEM_BUS_ADDRESS" call org.port25.Policy1 /org/port25/Policy1 \
        org.port25.Policy1.Manager AddRule 'a{sv}a{sv}' 5 action s deny direction s out \
        ports aq 4 25 465 587 2525 user as 1 proxy comment s "never" 0 >"$WORK/out"
ok $? "a rule of the same match as a quarantine"
own_rule()
{
        ctl status --json | jq -c '.rules[] | select(.comment == "never") | [.action, .expires]'
}
for _ in $(seq 22); do connect host -t 20 -u 13 -g 13 192.0.2.9 25 >/dev/null; done
eventually 10 quarantined 13
ok $? "the quarantine is a rule of its own"
is "$(own_rule)" '["deny",null]' "and the rule stays, without an end"

# ---- a change that waits to be confirmed ----

run_ctl allow in --confirm 10m
refused_often 10
eventually 10 grep -q 'uid 10 cannot be put into quarantine .*waiting for confirmation' "$WORK/p25d.log"
ok $? "a pending change refuses a quarantine, which is loud"
p25d_stop KILL
p25d_start
run_ctl confirm
eventually 40 quarantined uucp
ok $? "and is tried again until it can be made, over a restart of p25d"
run_ctl allow in from 203.0.113.7 --confirm 10m
refused_often 9
eventually 10 grep -q 'uid 9 cannot be put into quarantine' "$WORK/p25d.log"
run_ctl allow out user news --confirm 10m
run_ctl confirm
eventually 40 grep -q 'uid 9 is no longer to be put into quarantine: a rule allows this user by name' "$WORK/p25d.log"
ok $? "unless a rule allows the user by name meanwhile"
quarantined news
is $? 1 "users who are spared"

# ---- lockdown ----

run_ctl lockdown on
refused_often 34
refused_often 38
run_ctl lockdown off
sleep 6 # the sets are read within four seconds
quarantined 34 || quarantined backup || quarantined list || quarantined 38
is $? 1 "refusals of a lockdown put no user into quarantine"
is "$(alerts 'uid 38')" 0 "and raises no alert"
expect "who may send sends" host open -u 34 -g 34 198.51.100.2 25
for _ in 1 2 3; do connect host -u 38 -g 38 192.0.2.9 25 >/dev/null; done
refused_all()
{
        [ "$(ctl stats --json | jq '.users[] | select(.uid == 38) | .blocked')" -ge 25 ]
}
eventually 10 refused_all
ok $? "the statistics have what the lockdown refused, and what comes after it"
is "$(alerts 'uid 38')" 0 "a refusal after it does not let what the lockdown refused count"

# ---- many at once ----

early() # in a minute of the kernel's clock
{
        awk '{ exit int($1) % 60 > 30 }' /proc/uptime
}
minute() # of the kernel's clock
{
        awk '{ print int($1 / 60) }' /proc/uptime
}
eventually 60 early
began=$(minute)
for uid in {6000..6079}; do
        net_in host "$probe" burst -u "$uid" -g "$uid" -n 20 192.0.2.9 25 >"$WORK/null"
done
all_counted()
{
        [ "$(ctl stats --json | jq '[.users[] | select(.uid >= 6000 and .uid < 6080 and .blocked >= 20)] | length')" = 80 ]
}
eventually 20 all_counted
ok $? "80 users are refused"
n=$(alerts 'uid 60')
at_most "$n" $((60 * ($(minute) - began + 1))) "no more than 60 alerts in a minute"
left_out()
{
        refused_often $((7000 + RANDOM % 1000)) && grep -q 'more alerts were left out' "$WORK/p25d.log"
}
eventually 90 left_out
ok $? "how many were left out is in the log"

process_end "$monitor" TERM
like "$(tr -s '[:space:]' ' ' <"$WORK/signals")" \
        'member=Alert .*"name" variant string "blocked" .*"user" variant string "www-data" .*"uid" variant uint32 33 .*"count" variant uint64 ([2-9][0-9]|[1-9][0-9]{2,}) .*"limit" variant string "20/hour"' \
        "the bus has the signal"
like "$(tr -s '[:space:]' ' ' <"$WORK/signals")" '"user" variant string "j\?rg"' \
        "also of a user whose name is not UTF-8"
like "$(tr -s '[:space:]' ' ' <"$WORK/signals")" \
        'member=StartUnit string "p25-alert@blocked.service" string "replace"' \
        "the service manager is asked for the unit"

done_testing
