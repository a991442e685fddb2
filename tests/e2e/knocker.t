#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# p25d as a user with CAP_NET_ADMIN only, as under its unit, and p25d-knocker beside it, which has only
# CAP_NET_RAW: a connection through the host that a change denies is cut, although neither end sends.
. "$(dirname "$0")/../lib/e2e.sh"
# shellcheck source=tests/lib/hold.sh
. tests/lib/hold.sh

[ -n "$many_uids" ] || { skip "p25d as another user" "there is one user only"; done_testing; exit; }
net_world
listen inet 25 587
knocker_program=$PWD/${BUILD:-build}/p25d-knocker
# who is started by a socket has no environment
cat >"$WORK/knocker-user" <<WRAPPER
#!/bin/sh
exec setpriv --reuid 34 --regid 34 --clear-groups --inh-caps=-all,+net_raw \
        --ambient-caps=-all,+net_raw --bounding-set=-all,+net_raw -- "$knocker_program"
WRAPPER
chmod 755 "$WORK/knocker-user"
root_make
echo 'enabled = true;' >"$CONF"
p25d_as_user
p25d_begin
is $? 0 "p25d starts as a user"
unset DBUS_SYSTEM_BUS_ADDRESS
ln -s "$ROOT/run/p25" /run/p25

server_is_reset() # ADDRESS
{
        grep -q "^$1 .*reset" "$WORK/inet.log"
}
change_cuts() # NAME: of the lan's connections those to 25, both ends
{
        hold_idle "$1-4" lan 198.51.100.2 25
        hold_idle "$1-6" lan 2001:db8:1::2 25
        hold_idle "$1-587" lan 198.51.100.2 587
        : >"$WORK/inet.log"
        run_ctl route reject
        is "$rc" 0 "$1: a rule denies them"
}

# ---- nobody knocks ----

change_cuts alone
sleep 1
! is_cut alone-4
ok $? "without p25d-knocker an idle connection stays until it sends"
run_ctl --force route delete reject

# ---- p25d-knocker ----

net_in host systemd-socket-activate --seqpacket -l /run/p25d-knocker.socket "$WORK/knocker-user" \
        2>"$WORK/knocker.log" &
knocker=$!
eventually 5 [ -S /run/p25d-knocker.socket ]
chmod 666 /run/p25d-knocker.socket
change_cuts knocked
for name in knocked-4 knocked-6; do
        eventually 5 is_cut $name
        ok $? "$name: is cut, idle as it is"
done
eventually 5 server_is_reset 10.0.0.2
ok $? "the other end too"
eventually 5 server_is_reset fd00::2
ok $? "over IPv6 too"
! is_cut knocked-587
ok $? "another port is not touched"
diag "$(cat "$WORK/knocker.log")"

# ---- messages of others ----

"$knocker_program" 2>"$WORK/err"
is $? 4 "p25d-knocker by hand: it says who starts it"
like "$(cat "$WORK/err")" "started by p25d-knocker.socket" "by its socket"
run_ctl --force route delete reject
python3 - <<'PYTHON'
import socket
for message in (b"", b"x", b"\xff" * 4, b"\xff" * 3000, b"\xff" * 10000):
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
        s.connect("/run/p25d-knocker.socket")
        if message:
            s.send(message)
PYTHON
is $? 0 "bytes that are not a message of p25d"
change_cuts again
eventually 5 is_cut again-4
ok $? "does not keep it from the next one"
process_end $knocker TERM
p25d_stop TERM
done_testing
