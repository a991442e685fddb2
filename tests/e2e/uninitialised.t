#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# p25d under valgrind, with rules of every kind, sets and a limit: no byte that it uses or
# sends to the kernel is uninitialised, and none is read or written out of bounds. A padding in a
# message of netlink was, once. What workers answer is left out: valgrind has no pidfd_open(2).
. "$(dirname "$0")/../lib/e2e.sh"

command -v valgrind >/dev/null || { skip "p25d under valgrind" "it is not installed"; done_testing; exit; }
net_world
listen host 25
bus_start
cat >"$WORK/p25d-valgrind" <<'WRAPPER'
#!/bin/sh
exec valgrind -q --error-limit=no --track-origins=no --log-file="$WORK/valgrind.%p" "$REAL" "$@"
WRAPPER
chmod 755 "$WORK/p25d-valgrind"
export WORK REAL=$P25D
P25D=$WORK/p25d-valgrind

does()
{
        run_ctl "$@"
        is "$rc" 0 "$P25_BACKEND: $*"
        [ "$rc" = 0 ] || diag "$err"
}
on_bus_at_last()
{
        eventually 60 on_bus
}
for backend in nftables iptables; do
        export P25_BACKEND=$backend
        rm -rf "$ROOT"
        root_make
        cat >"$CONF" <<'CONF'
enabled = true;
sets = { s = { entries = [ "192.0.2.0/24", "2001:db8:9::/48" ]; }; };
rules = ( { action = "deny"; direction = "in"; from = [ "@s", "10.1.2.3" ]; },
        { action = "reject"; direction = "out"; ports = [ 25, 587 ]; user = "nobody"; log = true; } );
CONF
        p25d_begin && on_bus_at_last
        ok $? "$backend: p25d starts under valgrind"
        does deny in on eth0 from 198.51.100.0/25 comment x
        does limit in 25 rate 10/minute burst 5
        does route reject from 172.17.0.0/16
        does set add bans 192.0.2.1 2001:db8::/64
        does deny in from @bans
        does set add bans 198.51.100.77 for 1h
        does set remove bans 192.0.2.1
        connect inet 198.51.100.1 25 2001:db8:1::1 25 >/dev/null
        does events
        does lockdown on
        does lockdown off
        does reload
        p25d_stop TERM
        cat "$WORK"/valgrind.* >"$WORK/found"
        is "$(grep -cE 'uninitialised|Invalid (read|write|free)' "$WORK/found")" 0 "$backend: valgrind finds nothing"
        diag "$(grep -E -A12 'uninitialised|Invalid' "$WORK/found" | head -40)"
        rm -f "$WORK"/valgrind.*
        kernel_clear
done
done_testing
