#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the README shows works: its p25.conf and its ten commands.
. "$(dirname "$0")/../lib/e2e.sh"

net_world
echo 198.51.100.66 >"$WORK/drop.txt"
root_make
sed -n '/^enabled = true;/,/^```/p' README.md | grep -v '^```' >"$CONF"
bus_start && p25d_start
ok $? "the p25.conf of the README starts p25d"
diag "$(tail -n 3 "$WORK/p25d.log")"
commands=0
while read -r line; do
        words=${line%%  *}
        words=${words#p25ctl }
        words=${words//\/tmp/$WORK}
        words=${words//\/etc/$ROOT/etc}
        commands=$((commands + 1))
        # shellcheck disable=SC2086 # words
        run_ctl --policies "$POLICIES" $words
        is "$rc" 0 "p25ctl $words"
        [ "$rc" = 0 ] || diag "$err"
done < <(sed -n '/^## Ten useful/,/^## /p' README.md | grep '^p25ctl')
is $commands 10 "ten commands"
# shellcheck disable=SC2013 # names
for role in $(sed -n '/^## Roles/,/^## /s/^| `\([a-z-]*\)`.*/\1/p' README.md); do
        ctl role list | grep -qE "^[* ]*$role( |\$)"
        ok $? "role list knows $role"
done
done_testing
