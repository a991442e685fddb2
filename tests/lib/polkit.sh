# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A real polkitd with the actions that are shipped, on the bus of tests/lib/p25.sh and in the mount
# namespace of the sandbox.

polkitd=/usr/lib/polkit-1/polkitd

# Can it run here? Else $polkit_missing says why not.
polkit_is_possible()
{
        polkit_missing=
        if ! [ -x $polkitd ] || ! id polkitd >/dev/null 2>&1; then
                polkit_missing="polkitd is not installed"
        elif [ -z "$many_uids" ] || ! setpriv --reuid polkitd --clear-groups true 2>/dev/null; then
                polkit_missing="this sandbox has not the uids"
        fi
        [ -z "$polkit_missing" ]
}

# The files of polkitd: of this machine only the actions that p25 brings; rules on standard input.
polkit_prepare()
{
        mount -t tmpfs -o mode=755 tmpfs /usr/share/polkit-1/actions &&
                mount -t tmpfs -o mode=755 tmpfs /etc/polkit-1 && mkdir /etc/polkit-1/rules.d &&
                cp packaging/polkit/*.policy /usr/share/polkit-1/actions/ &&
                cat >/etc/polkit-1/rules.d/10-test.rules
}

# On the bus that runs; sets $polkitd_pid.
polkit_start()
{
        sed -i 's|</busconfig>|<policy user="polkitd"><allow own="org.freedesktop.PolicyKit1"/></policy>&|' \
                "$WORK/bus.conf" && signal HUP "$(cat "$WORK/bus.pid")" || return
        "$polkitd" --no-debug >>"$WORK/polkitd.log" 2>&1 &
        polkitd_pid=$!
        eventually 10 busctl --address="$DBUS_SYSTEM_BUS_ADDRESS" --no-pager status \
                org.freedesktop.PolicyKit1
}
