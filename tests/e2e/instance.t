#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# One p25d on a host: the lock that says so, and who cannot take it.
. "$(dirname "$0")/../lib/e2e.sh"

net_add host
lock=$ROOT/run/p25/p25d.lock

p25_host </dev/null
ok $? "p25d starts"
is "$(stat -c %a "$ROOT/run/p25")" 700 "its runtime folder is for nobody else"
is "$(stat -c %a "$lock")" 600 "nor is its lock"
run net_in host timeout 20 "$P25D" --root "$ROOT" --policies "$POLICIES"
is "$rc" 1 "a second one on the same files does not start"
like "$err" "already running.*$p25d" "and names the first"
p25d_stop KILL

# a user who may read the file, as formerly every user might
chmod 755 "$ROOT/run/p25"
chmod 644 "$lock"
if [ -n "$many_uids" ]; then
        for kind in --shared --exclusive; do
                # shellcheck disable=SC2016 # the inner shell's pid
                as_user nobody flock --no-fork --nonblock "$kind" "$lock" \
                        sh -c 'echo $$ >&3; exec sleep 60' 3>"$WORK/locked" &
                eventually 5 grep -q . "$WORK/locked"
                ok $? "a user has the file, flock $kind"
                p25d_start
                ok $? "p25d starts all the same"
                is "$(stat -c %a "$lock")" 600 "and closes the file to others"
                p25d_stop KILL
                process_end "$(cat "$WORK/locked")" TERM
                rm "$WORK/locked"
                chmod 644 "$lock"
        done
else
        skip "a user who holds the lock" "there is one user only"
fi
done_testing
