#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# status on a terminal: columns that grow, lists that fold, color; elsewhere exactly ufw's format.
. "$(dirname "$0")/../lib/e2e.sh"

net_world
p25_host </dev/null
ok $? "p25d starts"
run_ctl deny in from 2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff
run_ctl allow out to 2001:db8:aaaa:bbbb:cccc:dddd:eeee:1111 user root
run_ctl limit in from "$(seq -s, -f '198.51.100.%g' 1 15)"
run_ctl reject out comment 'néon'
is "$rc" 0 "four rules"

cat >"$WORK/terminal.py" <<'PY'
import os, pty, sys
status = pty.spawn(sys.argv[1:], lambda fd: os.read(fd, 65536))
sys.exit(os.waitstatus_to_exitcode(status))
PY
# The output of p25ctl on a terminal.
on_terminal() # WORD...
{
        net_in host /usr/bin/python3 "$WORK/terminal.py" "$P25CTL" "$@" </dev/null | tr -d '\r'
}
plain()
{
        sed 's/\x1b\[[0-9;]*m//g'
}
export TERM=xterm
unset NO_COLOR

# ---- elsewhere ----

ctl status >"$WORK/file"
is "$(grep -c $'\x1b' "$WORK/file")" 0 "no color in a file"
printf '%-26s %-12s%-26s\n' '2001:db8:aaaa:bbbb:cccc:dddd:eeee:1111 25/tcp' 'ALLOW OUT' 'user root' >"$WORK/row"
grep -qxFf "$WORK/row" "$WORK/file"
ok $? "a long cell does not move the columns of others"
printf '%-26s %-12s%-26s\n' 25/tcp 'DENY IN' 2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff >"$WORK/row"
grep -qxFf "$WORK/row" "$WORK/file"
ok $? "the columns are ufw's"
grep -qF '198.51.100.8 and 7 more' "$WORK/file"
ok $? "a list as before"

# ---- on a terminal ----

on_terminal --color=never status >"$WORK/wide"
is "$(grep -c $'\x1b' "$WORK/wide")" 0 "--color=never"
awk 'NR > 2 { print index($0, "Action") index($0, "------") index($0, "ALLOW") index($0, "DENY") index($0, "LIMIT") index($0, "REJECT") }' \
        "$WORK/wide" | sort -u >"$WORK/columns"
is "$(tr -d '0' <"$WORK/columns" | sort -u)" "48" "every action is in one column, behind the longest cell"
like "$(cat "$WORK/wide")" "LIMIT IN +198\.51\.100\.1,198\.51\.100\.2,198\.51\.100\.3 … \+12 \(12/minute" "a long list is folded"
like "$(on_terminal --color=never status numbered)" $'\n\[ 1\] 25/tcp +DENY IN' "numbered too"
on_terminal status >"$WORK/color"
like "$(cat "$WORK/color")" $'\x1b\\[31mDENY IN\x1b\\[0m' "deny is red"
like "$(cat "$WORK/color")" $'\x1b\\[32mALLOW OUT\x1b\\[0m' "allow is green"
like "$(cat "$WORK/color")" $'\x1b\\[33mLIMIT IN\x1b\\[0m' "limit is yellow"
is "$(plain <"$WORK/color")" "$(cat "$WORK/wide")" "color changes nothing else"
is "$(NO_COLOR=1 on_terminal status)" "$(cat "$WORK/wide")" "NO_COLOR"
is "$(NO_COLOR='' on_terminal status)" "$(cat "$WORK/color")" "an empty NO_COLOR is none"
is "$(TERM=dumb on_terminal status)" "$(cat "$WORK/wide")" "a terminal without color"
is "$(NO_COLOR=1 on_terminal --color=always status)" "$(cat "$WORK/color")" "--color=always wins"
like "$(ctl --color always status)" $'\x1b\\[31mDENY IN\x1b\\[0m' "also in a file"
is "$(ctl --color always status | plain)" "$(cat "$WORK/file")" "the format in a file stays ufw's"
run_ctl --color=red status
is "$rc $err" "4 ERROR: --color must be auto, always or never (not red)" "another word"
done_testing
