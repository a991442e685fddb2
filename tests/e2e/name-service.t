#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A directory server that hangs keeps nobody waiting: no question to the name service is asked where
# p25d answers others. It hangs for five minutes here, so that nothing rests on how fast a host is.
. "$(dirname "$0")/../lib/e2e.sh"

net_world
listen inet 25
hang=300000
names()
{
        printf '%s\n' "$@" >"$WORK/names.new"
        mv "$WORK/names.new" "$WORK/names"
}
printf 'passwd: files slow\ngroup: files slow\n' >"$WORK/nsswitch.conf"
mount --bind "$WORK/nsswitch.conf" /etc/nsswitch.conf || exit 1
names "* -2 0" "ldapuser 41777 0"
export P25_NAMES=$WORK/names
root_make
echo 'enabled = true; roles = ( "outbound-mta" ); vars = { mta_users = [ "root", "ldapuser" ]; };' >"$CONF"
bus_start
export LD_PRELOAD=$PWD/${BUILD:-build}/tests/lib/slow_names.so
p25d_begin
ok $? "p25d starts"
unset LD_PRELOAD
eventually 12 on_bus

# the service is asked when the host is up, some seconds later: until then nobody knows
run_ctl status
unlike "$out" "do not exist" "a user is not said to be missing before the service is asked"
run_ctl allow out to 192.0.2.1 user ldapuser
is "$rc" 0 "a rule for such a user waits for the answer"
run_ctl allow out to 192.0.2.1 user ghost
is "$rc $err" "4 ERROR: there is no user ghost" "and is refused if there is none"
run_ctl status
like "$out" "ALLOW OUT +user root,ldapuser" "the role's user is found"
p25d_stop TERM
echo 'enabled = true; default = { outgoing = "reject"; };' >"$CONF"
rm -r "$ROOT/var/lib/p25"
export LD_PRELOAD=$PWD/${BUILD:-build}/tests/lib/slow_names.so
p25d_begin
ok $? "p25d starts without roles"
unset LD_PRELOAD
eventually 12 on_bus
run_ctl explain out to 192.0.2.1 user ldapuser
is "$rc" 0 "explain waits too"

in_time() # NAME ARGUMENT...: within a time in which no answer can have come
{
        local name=$1
        shift
        run net_in host timeout 60 "$P25CTL" "$@"
        [ "$rc" != 124 ]
        ok $? "$name ($rc)"
}
by_user() # RESULT NAME
{
        [ -z "$many_uids" ] || expect "$2" host "$1" -u 41777 -g 41777 198.51.100.2 25
}
allowed()
{
        ctl allow out user ldapuser
}
eventually 20 allowed
ok $? "a user whom only the name service knows"
by_user open "may send"
run_ctl allow out user ghost
is "$rc" 4 "one whom nobody knows is an error"
like "$err" "ghost" "that names it"

names "* -2 $hang" "ldapuser 41777 $hang"
in_time "a rule for a user of whom nothing is known is refused" allow out user other
like "$err" "name service" "and says why"
ctl allow out user another >"$WORK/another" 2>&1 &
in_time "status" status
like "$out" "ldapuser" "status has the rule"
in_time "lockdown on" lockdown on
is "$rc" 0 "is done"
by_user closed "lockdown is in force"
in_time "lockdown off" lockdown off
is "$rc" 0 "is done"
by_user open "the user may still send"
in_time "a ban" set add bans 198.51.100.9
is "$rc" 0 "is done"
in_time "a change that waits" --confirm 100s deny in
is "$rc" 0 "is done"
in_time "its confirmation" confirm
is "$rc" 0 "is done"
in_time "explain" explain out to 198.51.100.2 user unknown
wait
like "$(cat "$WORK/another")" "name service" "the other rule was refused too"
by_user open "the user may still send"

names "* -2 0" "ldapuser 41777 0" "other 41778 0"
other()
{
        ctl allow out user other
}
eventually 90 other
ok $? "when it answers again, a new user is known"
# numbers change
names "* -2 0" "ldapuser 41779 0" "other 41778 0"
moved()
{
        [ "$(connect host -u 41779 -g 41779 198.51.100.2 25)" = open ]
}
if [ -n "$many_uids" ]; then
        eventually 90 moved
        ok $? "a user with another number may send"
        by_user closed "and the former number may not"
fi
helpers()
{
        pgrep -c -x p25d-names
}
one_helper()
{
        [ "$(helpers)" = 1 ]
}
eventually 60 one_helper
ok $? "one process asks: those that hung have ended"
p25d_stop TERM

# users of systemd are reported by its folders, which may not be there yet
printf 'passwd: files systemd\ngroup: files systemd\n' >"$WORK/nsswitch.conf"
names "* -2 0" "ldapuser 41779 0"
export LD_PRELOAD=$PWD/${BUILD:-build}/tests/lib/slow_names.so
p25d_begin
unset LD_PRELOAD
eventually 12 on_bus
eventually 20 allowed
ok $? "a user of systemd is known"
dynamic()
{
        ctl allow out user dynamic
}
dynamic
is $? 4 "one who is not there yet is an error"
names "* -2 0" "ldapuser 41779 0" "dynamic 61184 0"
mkdir -p /run/systemd/dynamic-uid
eventually 12 dynamic
ok $? "the folder of dynamic users appears, and a user with it"
names "* -2 0" "ldapuser 41779 0" "dynamic 61185 0"
touch /run/systemd/dynamic-uid/61185
moved_to()
{
        [ "$(connect host -u "$1" -g "$1" 198.51.100.2 25)" = open ]
}
if [ -n "$many_uids" ]; then
        eventually 12 moved_to 61185
        ok $? "the user has another number when its unit starts again"
fi
p25d_stop TERM
helpers_gone()
{
        [ "$(helpers)" = 0 ]
}
eventually 60 helpers_gone
ok $? "and it ends with p25d"
done_testing
