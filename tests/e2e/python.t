#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The client in Python of org.port25.Policy1(5), as the page has it.
. "$(dirname "$0")/../lib/e2e.sh"

if ! /usr/bin/python3 -c 'import dbus' 2>/dev/null; then
        skip "client in Python" "python3-dbus is not installed"
        done_testing
        exit
fi

sed -n '/^\.Sh EXAMPLES/,$p' packaging/man/org.port25.Policy1.5 |
        sed -n '/^\.Bd -unfilled/,/^\.Ed/{/^\./d; s/\\e/\\/g; p}' >"$WORK/client"
like "$(head -n 1 "$WORK/client")" "^#!/usr/bin/python3$" "the page has a client"

net_world
root_make
echo 'enabled = true;' >"$CONF"
bus_start && p25d_start
ok $? "p25d starts"
run net_in host /usr/bin/python3 "$WORK/client"
is "$rc $err" "0 " "it runs"
like "$out" "^added
\+ allow from 198.51.100.0/24 to any port 587 until [-0-9T:]+Z
removed$" "adds a rule, and removes it as ListRules has it"
is "$(ctl --json status | jq -c "[.rules[] | select(.position > 0)]")" "[]" "nothing is left"
done_testing
