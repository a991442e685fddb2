#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# top on a terminal: it shows who is refused while it happens, sorts, explains, makes a rule after its
# plan, lives on without p25d, and gives the terminal back.
. "$(dirname "$0")/../lib/e2e.sh"

net_world
listen inet 25
p25_host <<'CONF'
default = { incoming = "deny"; outgoing = "reject"; routed = "reject"; };
rules = ( { action = "allow"; direction = "out"; to = [ "198.51.100.2" ]; ports = [ 25 ]; log = true; } );
sets = { partners = { entries = [ "203.0.113.0/24", "2001:db8::/32" ]; } };
CONF
ok $? "p25d starts"
export TERM=xterm
unset NO_COLOR

# A program on a terminal (tests/e2e/screen.py), orders to it, and their answers.
terminal_begin() # COMMAND...
{
        nsenter --net=/run/netns/host -- /usr/bin/python3 tests/e2e/screen.py "$WORK/screen.log" "$@" \
                <"$WORK/orders" >"$WORK/answers" &
        terminal=$!
        exec 8>"$WORK/orders" 9<"$WORK/answers"
}
mkfifo "$WORK/orders" "$WORK/answers"
top_begin() # [ARGUMENT...]
{
        terminal_begin "$P25CTL" top "$@"
}
top_end()
{
        echo leave >&8
        wait "$terminal"
        exec 8>&- 9<&-
}
order() # WORD...
{
        local answer
        echo "$*" >&8 && IFS= read -r answer <&9
        echo "$answer"
}
sees() # TEXT NAME
{
        is "$(order wait "$1")" yes "$2"
}

# ---- not on a terminal ----

run_ctl top
is "$rc $out $err" "4  ERROR: top needs a terminal; for scripts: p25ctl stats --json" "no terminal"
run_ctl top --json
is "$rc" 4 "no JSON"
like "$err" "stats --json" "the error names p25ctl stats --json"
run_ctl top all
is "$rc" 4 "no arguments"
for kind in dumb unknown-terminal; do
        TERM=$kind top_begin
        is "$(order end)" "4 restored" "TERM=$kind"
        top_end
        like "$(cat "$WORK/screen.log")" "ERROR: top needs a terminal that can place text" "is refused"
done

# A character in the last column leaves the cursor there until another one follows, as in xterm: ncurses
# counts on that where a minute ends.
terminal_begin printf '%b' '\e[1;73H01:40:59\e[2;1HOutgoing\e[24;79H  \b\b\b\e[1d1:00'
sees 01:41:00 "the terminal of this test knows the last column"
is "$(order line 1)" Outgoing "and writes nothing into the next line"
top_end

# ---- who sends, while it happens ----

top_begin
sees "Status: active   Lockdown: off   Revision: " "the state"
sees "Nothing was counted yet." "nothing yet"
for address in 8.8.8.8 8.8.4.4 2001:db8:1::2; do
        expect "refused" host closed "$address" 25
done
expect "allowed" host open 198.51.100.2 25
# a packet that a busy machine sent again is counted again: the rules' own counters say how many came
packets_are_read()
{
        read -r blocked allowed < <(ctl stats --json |
                jq -r '.rules | map(select(.packets > 0)) | group_by(.action == "allow") | map(.[0].packets) | @tsv')
        [ "$((blocked + allowed))" -ge 4 ]
}
eventually 5 packets_are_read
between "$blocked" 3 9 "three were refused by the default"
between "$allowed" 1 9 "and one allowed by its rule"
sees "Outgoing connections in the last minute: $blocked blocked, $allowed allowed" "connections are counted while it runs"
printf -v row 'root%14s %5d ###### %5d ###### %5d %5d %5d %5d %5d %5d' "" "$blocked" "$allowed" \
        "$blocked" "$allowed" 4 "$blocked" "$allowed" 4
sees "$row" "a row of the user, with bars"
sees \
        " q quit   ? help   up/down select   Tab view   s sort   e explain   r reject" "and the keys"

order keys s >/dev/null
sees "sorted by allowed" "s sorts"
order keys sss >/dev/null
sees "sorted by blocked" "by one after another"
order keys 4 >/dev/null
sees "REFUSED" "rules"
sees "allow out log to 198.51.100.2" "the rules that have decided"
order keys 5 >/dev/null
sees "partners" "sets"
order keys $'\t' >/dev/null
sees "USER" "Tab goes on to users"
order keys '?' >/dev/null
sees "sort by blocked, allowed, destinations or name" "help"
order keys '\e' >/dev/null
is "$(order gone "destinations or name")" yes "Escape closes the help"
order size 30 100 >/dev/null
sees " q quit" "a larger terminal"
until_line() # N TEXT: the line of the screen begins with it
{
        [[ $(order line "$1") == "$2"* ]]
}
eventually 10 until_line 29 " q quit"
ok $? "is filled"
order size 24 80 >/dev/null
eventually 10 until_line 23 " q quit"
ok $? "and a smaller one"

# ---- commands ----

order keys e >/dev/null
sees "p25ctl explain out user root" "e explains the user"
ctl explain out user root >"$WORK/explained"
while IFS= read -r line; do
        sees "${line:0:70}" "in the words of explain: $line"
done <"$WORK/explained"

ctl status --json | jq -c '[.revision, (.rules | length)]' >"$WORK/before"
order keys r >/dev/null
sees "p25ctl reject out user root for 1h: do this (y|n)?" "r asks"
ctl --dry-run reject out user root for 1h | head -n 3 >"$WORK/plan"
at_most 3 "$(wc -l <"$WORK/plan")" "a dry run has a plan"
while IFS= read -r line; do
        # a time of its end may have gone on
        line=${line%% until *}
        sees "${line:0:60}" "with the plan: $line"
done <"$WORK/plan"
order keys n >/dev/null
sees "Nothing was changed." "n is no"
is "$(ctl status --json | jq -c '[.revision, (.rules | length)]')" "$(cat "$WORK/before")" "nothing was"
order keys r >/dev/null
sees "do this (y|n)?" "again"
order keys y >/dev/null
sees "Rule added" "y makes the rule"
is "$(ctl status --json | jq -c '[.rules[] | select(.action == "reject" and .user == ["root"]) |
        .direction, .expires != null]')" '["out",true]' "for an hour"
order keys r >/dev/null
sees "(y|n)?" "once more"
order keys y >/dev/null
sees "p25ctl reject out user root for 1h" "the rule that is there"
order keys '\e' >/dev/null

ctl lockdown on >/dev/null
sees "LOCKDOWN: every mail port is closed" "a lockdown is seen"
is "$(order raw $'\\e[33m')" yes "in yellow"
ctl lockdown off >/dev/null
is "$(order gone LOCKDOWN)" yes "and its end"

# ---- p25d away ----

# the bus now knows how to start p25d, and would leave a trace of an attempt
mkdir "$WORK/services"
printf '[D-BUS Service]\nName=org.port25.Policy1\nExec=/bin/touch %s /nowhere/file\nUser=root\n' "$WORK/activated" \
        >"$WORK/services/org.port25.Policy1.service"
sed -i "/<type>/d; s|<fork/>|<servicedir>$WORK/services</servicedir>|" "$WORK/bus.conf"
busctl call org.freedesktop.DBus / org.freedesktop.DBus ReloadConfig
ok $? "the bus reads it"
p25d_stop
sees "p25d is not reachable" "p25d is away"
[ ! -e "$WORK/activated" ]
ok $? "and is not started by being watched"
order keys e >/dev/null
sees "ERROR: p25d is not reachable" "a command says so as well"
[ -e "$WORK/activated" ]
ok $? "and starts it, where that is set up"
p25d_start
is "$(order gone "Numbers of")" yes "and is there again"
signal STOP "$p25d"
sees "p25d does not answer" "p25d has stopped"
order keys 4 >/dev/null
sees "REFUSED" "keys do not wait for it"
signal CONT "$p25d"
is "$(order gone "Numbers of")" yes "and goes on"
order keys q >/dev/null
is "$(order end)" "0 restored" "q quits"
is "$(order raw $'\\e[?1049l')" yes "from the terminal's other screen"
top_end

# ---- every other end, and no color ----

for number in 2 15 1; do
        top_begin
        sees "root" "top runs"
        order signal "$number" >/dev/null
        status=-$number
        [ "$number" != 2 ] || status=0
        is "$(order end)" "$status restored" "signal $number"
        is "$(order raw $'\\e[?1049l')" yes "gives the screen back"
        top_end
done
none_left()
{
        ! pgrep -f "^$P25CTL top" >"$WORK/null"
}
top_begin
sees "root" "top runs"
none_left
is $? 1 "in processes that are seen"
order signal 9 >/dev/null
is "$(order end)" "-9 changed" "killed, it cannot"
top_end
eventually 10 none_left
ok $? "but no process of it is left"

ctl lockdown on >/dev/null
NO_COLOR=1 top_begin
sees "LOCKDOWN" "NO_COLOR"
order keys q >/dev/null
order end >/dev/null
is "$(order raw $'\\e[33m')" no "has none"
top_end
top_begin --color=never
sees "LOCKDOWN" "--color=never"
order keys q >/dev/null
order end >/dev/null
is "$(order raw $'\\e[33m')" no "neither"
top_end
NO_COLOR=1 top_begin --color=always
sees "LOCKDOWN" "--color=always"
order keys q >/dev/null
order end >/dev/null
is "$(order raw $'\\e[33m')" yes "wins"
top_end

p25d_stop
top_begin
is "$(order end)" "8 restored" "no p25d at the start"
top_end
like "$(cat "$WORK/screen.log")" "ERROR: p25d is not reachable" "is an error without a screen"
p25d_start
if [ -n "$many_uids" ]; then
        chmod 755 "$WORK"
        terminal_begin setpriv --reuid nobody --clear-groups -- "$P25CTL" top
        is "$(order end)" "5 restored" "users who may not manage see no statistics"
        top_end
else
        skip "users who may not manage see no statistics" "one uid only"
fi
done_testing
