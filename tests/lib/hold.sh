# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Connections that stay open, by name: $WORK/hold-NAME has what became of them.

hold_idle() # NAME NAMESPACE ADDRESS PORT: its ends say nothing
{
        local name=$1 from=$2
        shift 2
        rm -f "$WORK/hold-$name"
        net_in "$from" bash -c 'exec 3<>"/dev/tcp/$2/$3"; echo connected >"$1"; cat <&3; echo cut >>"$1"' \
                - "$WORK/hold-$name" "$@" >"$WORK/hold-$name.log" 2>&1 &
        eventually 10 test -s "$WORK/hold-$name"
        ok $? "$name: an idle connection stands"
}
hold_busy() # NAME NAMESPACE ADDRESS PORT: it speaks all the time; its pid is in $WORK/pid-NAME
{
        local name=$1 from=$2
        shift 2
        rm -f "$WORK/hold-$name"
        net_in "$from" "$probe" hold -o "$WORK/hold-$name" "$@" >"$WORK/pid-$name"
        ok $? "$name: a connection stands"
}
is_cut() # NAME
{
        grep -q ^cut "$WORK/hold-$1"
}
