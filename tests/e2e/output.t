#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The output of p25ctl about sets that it loads, and its end when nobody can read the output.
. "$(dirname "$0")/../lib/e2e.sh"

net_world
p25_host </dev/null
ok $? "p25d starts"

# ---- set load ----

printf '198.51.100.0/24\n2001:db8::/32\n# a comment\n' >"$WORK/two"
run_ctl set load drop "$WORK/two"
is "$rc $out $err" "0 Set drop loaded (2 entries) " "set load says how many"
run_ctl set load drop "$WORK/two"
is "$rc $out" "0 Set drop already has these entries" "and that nothing changed"
run_ctl deny in from @drop
echo 198.51.100.7 >"$WORK/one"
run_ctl set load drop "$WORK/one"
is "$out" "Set drop loaded (1 entry)" "one entry"
: >"$WORK/empty"
run_ctl set load drop "$WORK/empty"
is "$rc ${out%%$'\n'*}" "0 Set drop loaded (0 entries)" "an empty file empties a set"
like "$err" "^WARNING: the set is empty: rules that name @drop match nothing$" "with a warning"

mkfifo "$WORK/pipe"
cat "$WORK/two" >"$WORK/pipe" &
run_ctl set load drop "$WORK/pipe"
is "$rc $out" "0 Set drop loaded (2 entries)" "a named FIFO"
wait $!
run_ctl set load drop /dev/zero
is "$rc" 4 "a device is refused"
like "$err" "^ERROR: /dev/zero: not a file or a pipe$" "by name"
run_ctl set load drop "$WORK"
is "$rc" 4 "a folder is refused"
truncate -s 129M "$WORK/large"
run_ctl set load drop "$WORK/large"
is "$rc $err" "4 ERROR: $WORK/large: the text of a set is at most 128 MiB" "so is a file that is too large"
rm "$WORK/large"
{ read -r line && net_in host "$P25CTL" set load drop -; } <"$WORK/two" >"$WORK/out"
is "$? $line $(cat "$WORK/out")" "0 198.51.100.0/24 Set drop loaded (1 entry)" \
        "standard input is read from where it is, also a file"

# ---- output that nobody reads ----

awk 'BEGIN { for (i = 0; i < 50000; i++) printf "10.%d.%d.1\n", i / 256, i % 256 }' >"$WORK/many"
run_ctl set load many "$WORK/many"
is "$out" "Set many loaded (50000 entries)" "a large set"
(
        trap '' PIPE
        net_in host "$P25CTL" set show many 2>"$WORK/err" | head -n 1 >"$WORK/out"
        echo "${PIPESTATUS[0]}" >"$WORK/rc"
)
is "$(cat "$WORK/rc" "$WORK/out" "$WORK/err" | tr '\n' ' ')" "0 10.0.0.1 " "set show | head"
net_in host "$P25CTL" set show many 2>"$WORK/err" | head -n 1 >"$WORK/out"
is "$(cat "$WORK/out" "$WORK/err")" "10.0.0.1" "also where the signal ends it"
net_in host "$P25CTL" set show many >/dev/full 2>"$WORK/err"
is "$? $(cat "$WORK/err")" "1 ERROR: standard output: No space left on device" "set show >/dev/full"
net_in host "$P25CTL" deny in from 192.0.2.1 >/dev/full 2>"$WORK/err"
is "$? $(cat "$WORK/err")" \
        "1 ERROR: standard output: No space left on device; the change was made" "a change >/dev/full"
net_in host "$P25CTL" deny in from 192.0.2.2 2>"$WORK/err" >&-
is "$? $(cat "$WORK/err")" "1 ERROR: standard output: Bad file descriptor; the change was made" \
        "a change with standard output closed"
net_in host "$P25CTL" set load drop "$WORK/one" 2>"$WORK/err" >&-
is "$? $(cat "$WORK/err")" "1 ERROR: standard output: Bad file descriptor; the change was made" \
        "set load too"
is "$(cat "$WORK/one")" "198.51.100.7" "nothing was written into another file"
run_ctl show added
like "$out" "192.0.2.1" "the changes were made"
like "$out" "192.0.2.2" "both"
done_testing
