#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The real fail2ban bans through p25: a line in a log, and its sender is shut out.
. "$(dirname "$0")/../lib/e2e.sh"

if ! command -v fail2ban-server >/dev/null; then
        skip "fail2ban" "it is not installed"
        done_testing
        exit
fi
net_world
listen host 25 587 2525
p25_host mx </dev/null
ok $? "p25d starts"

f2b=$WORK/fail2ban
mkdir -p "$f2b/action.d" "$f2b/filter.d" "$WORK/bin"
cp packaging/fail2ban/p25.conf "$f2b/action.d/"
# the program that an installed p25 would have in its path
printf '#!/bin/sh\nexec nsenter --net=/run/netns/host -- %s "$@"\n' "$P25CTL" >"$WORK/bin/p25ctl"
chmod 755 "$WORK/bin/p25ctl"
export PATH=$WORK/bin:$PATH
cat >"$f2b/fail2ban.conf" <<CONF
[Definition]
loglevel = INFO
logtarget = $WORK/fail2ban.log
syslogsocket = auto
socket = $WORK/f2b.sock
pidfile = $WORK/f2b.pid
dbfile = $WORK/f2b.sqlite3
dbpurgeage = 1d
CONF
cat >"$f2b/filter.d/sasl.conf" <<'CONF'
[Definition]
failregex = warning: [-._\w]+\[<HOST>\]: SASL \w+ authentication failed
CONF
cat >"$f2b/jail.conf" <<CONF
[sasl]
enabled = true
backend = polling
filter = sasl
logpath = $WORK/mail.log
maxretry = 2
findtime = 600
bantime = 600
usedns = no
banaction = p25
action = p25[name=sasl]
CONF
: >"$WORK/mail.log"

client()
{
        fail2ban-client -c "$f2b" -s "$WORK/f2b.sock" -p "$WORK/f2b.pid" "$@"
}
fail2ban-server -c "$f2b" -s "$WORK/f2b.sock" -p "$WORK/f2b.pid" -b start >"$WORK/f2b.out" 2>&1
eventually 15 client ping
ok $? "fail2ban starts"
has_rule()
{
        ctl show added | grep -q '@f2b-sasl'
}
eventually 10 has_rule
ok $? "the jail has a rule"
diag "$(ctl show added) $(tail -n 3 "$WORK/fail2ban.log")"
expect "nobody is banned" inet "open open" -s 203.0.113.7 198.51.100.1 25 198.51.100.1 587

fails() # ADDRESS
{
        echo "$(date '+%b %e %H:%M:%S') host postfix/smtpd[1]: warning: unknown[$1]: SASL LOGIN authentication failed: x" \
                >>"$WORK/mail.log"
}
banned()
{
        ctl set show f2b-sasl | grep -q "$1"
}
fails 203.0.113.7
fails 203.0.113.7
fails 198.51.100.3
eventually 15 banned 203.0.113.7
ok $? "two failures in the log: banned"
diag "$(tail -n 3 "$WORK/fail2ban.log")"
like "$(ctl set show f2b-sasl)" '203\.0\.113\.7 # (10m|9m[0-9]+s) left' "for the time that the jail says"
expect "mail ports are shut" inet "filtered filtered filtered" -t 300 -s 203.0.113.7 \
        198.51.100.1 25 198.51.100.1 587 198.51.100.1 2525
expect "others are not" inet "open" -s 198.51.100.3 198.51.100.1 25
fails 2001:db8:7::7
fails 2001:db8:7::7
eventually 15 banned 2001:db8:7::7
ok $? "IPv6 too"
expect "and is shut out" inet filtered -t 300 -s 2001:db8:7::7 2001:db8:1::1 25

client set sasl unbanip 203.0.113.7 >/dev/null
! banned 203.0.113.7
ok $? "unbanned"
expect "and open again" inet open -s 203.0.113.7 198.51.100.1 25
client set sasl banip 203.0.113.7 >/dev/null
eventually 5 banned 203.0.113.7
ok $? "banned by hand"

# p25d is started again: what was banned stays so
p25d_stop KILL
p25d_start
banned 203.0.113.7
ok $? "p25d killed and started: still banned"

is "$(grep ERROR "$WORK/fail2ban.log")" "" "fail2ban's log has no errors"

# somebody takes it all away, fail2ban puts it back with the next ban
ctl --force reset >/dev/null
client set sasl banip 198.51.100.3 >/dev/null
eventually 10 banned 198.51.100.3
ok $? "after a reset the next ban works"
has_rule
ok $? "and the rule is back"

# for good, and a ban that fail2ban does not live to end
client set sasl bantime -1 >/dev/null
client set sasl banip 192.0.2.77 >/dev/null
eventually 10 banned 192.0.2.77
is "$(ctl set show f2b-sasl --json | jq '.expires | has("192.0.2.77")')" false "bantime -1: for good"
client set sasl unbanip 192.0.2.77 >/dev/null
client set sasl bantime 6 >/dev/null
client set sasl banip 8.8.8.8 >/dev/null
eventually 10 banned 8.8.8.8
ok $? "a short ban"
process_end "$(cat "$WORK/f2b.pid")" KILL
ended()
{
        ! banned 8.8.8.8
}
eventually 15 ended
ok $? "ends although fail2ban is dead"
rm -f "$WORK/f2b.sock" "$WORK/f2b.pid"
fail2ban-server -c "$f2b" -s "$WORK/f2b.sock" -p "$WORK/f2b.pid" -b start >>"$WORK/f2b.out" 2>&1
eventually 15 client ping
ok $? "fail2ban starts after it was killed"
eventually 15 banned 198.51.100.3
ok $? "and bans again the addresses that it had banned"
client stop >/dev/null 2>&1
gone()
{
        ! has_rule && ! ctl set list | grep -q f2b-
}
eventually 15 gone
ok $? "fail2ban stops: neither rule nor set is left"

# its database has the bans
server_start()
{
        fail2ban-server -c "$f2b" -s "$WORK/f2b.sock" -p "$WORK/f2b.pid" -b start >>"$WORK/f2b.out" 2>&1
        eventually 15 client ping
}
server_start
ok $? "fail2ban starts again"
eventually 15 banned 198.51.100.3
ok $? "and bans whom it had banned"
expect "a banned address is shut out again" inet filtered -t 300 -s 198.51.100.3 198.51.100.1 25
client restart >/dev/null 2>&1
eventually 15 banned 198.51.100.3
ok $? "fail2ban-client restart: banned still"
client stop >/dev/null 2>&1
eventually 15 gone
ok $? "stopped"

# p25d is not there
p25d_stop TERM
: >"$WORK/fail2ban.log"
server_start
ok $? "without p25d fail2ban starts as well"
reported()
{
        grep -q 'p25d is not reachable' "$WORK/fail2ban.log"
}
eventually 15 reported
ok $? "and its log says that p25d is not reachable"
client set sasl banip 203.0.113.9 >/dev/null 2>&1
p25d_start
client set sasl banip 2001:db8:7::9 >/dev/null
eventually 15 banned 2001:db8:7::9
ok $? "p25d is back: the next ban works"
has_rule
ok $? "and makes the rule"
client restart >/dev/null 2>&1
eventually 15 banned 203.0.113.9
ok $? "a client that was banned meanwhile still is after a restart of fail2ban"
p25d_stop TERM
client set sasl unbanip 2001:db8:7::9 >/dev/null 2>&1
client ping >/dev/null
is $? 0 "p25d goes: fail2ban goes on"
client stop >/dev/null 2>&1
stopped()
{
        ! client ping
}
eventually 15 stopped
ok $? "and stops"
done_testing
