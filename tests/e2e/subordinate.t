#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Ids that /etc/subuid and /etc/subgid lend to a user, as containers use them: what is decided for the
# owner is decided for them.
. "$(dirname "$0")/../lib/e2e.sh"

if [ -z "$many_uids" ]; then
        skip "subordinate ids" "one uid only"
        done_testing
        exit
fi
net_world
listen inet 25

# users of our own, only in this sandbox
cp /etc/passwd /etc/group "$WORK"
cat >>"$WORK/passwd" <<'PASSWD'
alice:x:41001:41001::/:/bin/false
bob:x:41002:41002::/:/bin/false
carol:x:210000:210000::/:/bin/false
PASSWD
cat >>"$WORK/group" <<'GROUP'
alice:x:41001:
bob:x:41002:
carol:x:210000:
GROUP
cat >"$WORK/subuid" <<'SUBUID'
alice:200000:65536
41002:300000:65536
root:400000:65536
# neither a user nor a number
nobody-here:500000:65536
alice:none:65536
SUBUID
cp "$WORK/subuid" "$WORK/subgid"
touch /etc/subuid /etc/subgid
for file in passwd group subuid subgid; do mount --bind "$WORK/$file" /etc/$file; done

p25_host <<'CONF'
default = { outgoing = "reject"; };
rules = ( { action = "allow"; direction = "out"; user = [ "alice", "root" ]; } );
CONF
ok $? "p25d starts"

targets=(198.51.100.2 25 2001:db8:1::2 25)
expect "the owner" host "open open" -u 41001 -g 41001 "${targets[@]}"
expect "the first id of the owner's range" host "open open" -u 200000 -g 200000 "${targets[@]}"
expect "the last one" host "open open" -u 265535 -g 265535 "${targets[@]}"
expect "the one before it" host "closed closed" -u 199999 -g 200000 "${targets[@]}"
expect "the one after it" host "closed closed" -u 265536 -g 200000 "${targets[@]}"
expect "a user's own id in the middle of it" host "closed closed" -u 210000 -g 210000 "${targets[@]}"
expect "another owner's" host "closed closed" -u 300000 -g 300000 "${targets[@]}"
expect "what root was lent" host "closed closed" -u 400000 -g 400000 "${targets[@]}"
expect "root" host "open open" "${targets[@]}"

run_ctl explain out to 198.51.100.2 user 200001
like "$out" "uid 200001 is a subordinate id of uid 41001" "explain says whose the id is"
like "$out" "^Verdict: allow" "and decides as for the owner"

run_ctl prepend reject out user alice
is "$rc" 0 "alice is refused"
expect "so are the ids that alice was lent" host "closed closed" -u 200001 -g 200001 "${targets[@]}"
run_ctl explain out to 198.51.100.2 user 200001
like "$out" "^Verdict: reject" "explain says so"

run_ctl prepend allow out group bob
is "$rc" 0 "bob's group is allowed"
expect "gids that bob was lent" host "open open" -u 41001 -g 300001 "${targets[@]}"
expect "and no others" host "closed closed" -u 41001 -g 200001 "${targets[@]}"
run_ctl delete 1

# p25 picks up what usermod --add-subuids writes
run_ctl prepend allow out user bob
expect "an id that nobody was lent" host "closed closed" -u 600001 -g 600001 "${targets[@]}"
echo 'bob:600000:10' >>"$WORK/subuid"
open_for_lent()
{
        [ "$(connect host -u 600001 -g 600001 "${targets[@]}")" = "open open" ]
}
eventually 5 open_for_lent
ok $? "a range that is added holds within 5 s"
expect "behind its end" host "closed closed" -u 600010 -g 600010 "${targets[@]}"

# what is open is cut as the owner's connections are
net_in host "$probe" hold -u 300002 -g 300002 -o "$WORK/held" 198.51.100.2 25 >"$WORK/holder"
ok $? "a connection of a lent id is held"
run_ctl prepend reject out user bob
is_cut()
{
        grep -q "^cut" "$WORK/held"
}
eventually 5 is_cut
ok $? "and cut with the owner's"

burst() # N UID ADDRESS: "open closed"
{
        net_in host "$probe" burst -n "$1" -u "$2" "$3" 25 |
                sed 's/open=\([0-9]*\) closed=\([0-9]*\).*/\1 \2/'
}
ctl reset --force >"$WORK/out" 2>&1
run_ctl prepend limit out rate 1/hour burst 4
if [ "$backend" = iptables ]; then
        is "$rc" 4 "iptables cannot count by user"
        done_testing
        exit
fi
is "$rc" 0 "a limit for everybody"
is "$(burst 2 200001 198.51.100.2)" "2 0" "a lent id"
is "$(burst 3 200002 2001:db8:1::2)" "2 1" "another one has no count of its own"
is "$(burst 1 41001 198.51.100.2)" "0 1" "nor has the owner"
is "$(burst 2 300001 198.51.100.2)" "2 0" "another owner has"
is "$(burst 3 41002 198.51.100.2)" "2 1" "the same, begun by a lent id"
is "$(burst 5 33 198.51.100.2)" "4 1" "a user without lent ids is counted by itself"

ctl reset --force >"$WORK/out" 2>&1
run_ctl prepend limit out user alice rate 1000/minute burst 100 max 2
net_in host "$probe" hold -u 200003 -g 200003 -o "$WORK/held" 198.51.100.2 25 >"$WORK/holder"
is "$(burst 3 41001 198.51.100.2)" "1 2" "max counts open connections of lent ids too"
signal TERM "$(cat "$WORK/holder")"
# the shares that p25d gives its callers are a uid's: dbus-daemon takes no id without a name, and an
# id with one belongs to itself
on_bus_as() # UID
{
        setpriv --reuid "$1" --regid "$1" --clear-groups busctl --address="$DBUS_SYSTEM_BUS_ADDRESS" call \
                org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus GetId >"$WORK/on_bus" 2>&1
}
on_bus_as 41001
ok $? "alice can be on the bus"
on_bus_as 210000
ok $? "so can carol, who has a name of her own in alice's range"
! on_bus_as 200001
ok $? "an id that alice was lent cannot"
done_testing
