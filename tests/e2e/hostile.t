#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# p25ctl trusts no p25d: whatever a hostile one answers, nothing reaches the terminal that moves its
# cursor, turns text around or forges a line.
. "$(dirname "$0")/../lib/e2e.sh"

bus_start
coproc "${BUILD:-build}/tests/lib/hostile"
# shellcheck disable=SC2154 # set by coproc
hostile=$COPROC_PID
read -r -t 20 line <&"${COPROC[0]}"
is "$line" "ready" "a hostile p25d has the name"

# Checks that no line of output holds control characters (C0 but newline and tab, DEL, C1 in UTF-8),
# line separators, characters that turn text around, or bytes that are not UTF-8.
is_clean() # FILE WHAT
{
        LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\x8e\x8f\xa8-\xae]|\xe2\x81[\xa6-\xa9]' "$1"
        is "$?" 1 "$2: nothing that a terminal would obey"
        iconv -f UTF-8 -t UTF-8 <"$1" >/dev/null 2>&1
        ok $? "$2: UTF-8"
        is "$(grep -c '^FORGED' "$1")" 0 "$2: no forged line"
}

while read -r words; do
        # shellcheck disable=SC2086 # words
        "$P25CTL" $words >"$WORK/out" 2>"$WORK/err" </dev/null
        is_clean "$WORK/out" "p25ctl $words"
        is_clean "$WORK/err" "p25ctl $words, stderr"
        cat "$WORK/out" "$WORK/err" >"$WORK/both"
        [ -s "$WORK/both" ]
        ok $? "p25ctl $words prints something"
done <<'WORDS'
status
status verbose
status numbered
status --json
show added
show added --json
show raw
role list
role list --json
role show mx
role show mx --json
set list
set list --json
fragment list
fragment show site
history
history --json
diff 1 2
diff 1 2 --json
plan
plan --json
explain in from 192.0.2.1
explain in from 192.0.2.1 --json
logging low
default deny
enable
delete 1
WORDS
"$P25CTL" role show mx >"$WORK/out"
is "$(sed -n '1p;$p' "$WORK/out")" "role = { };
	end" "lines and tabs of a text stay"

# ---- over ssh ----

mkdir "$WORK/ssh"
printf '#!/bin/sh\nexec systemd-stdio-bridge -p "$DBUS_SYSTEM_BUS_ADDRESS"\n' >"$WORK/ssh/ssh"
chmod 755 "$WORK/ssh/ssh"
if command -v systemd-stdio-bridge >/dev/null; then
        PATH="$WORK/ssh:$PATH" "$P25CTL" -H alice@far.example enable >"$WORK/out" 2>"$WORK/err"
        is_clean "$WORK/err" "-H: an error"
        is "$(grep -o '(try.*)' "$WORK/err")" "(try -H root@far.example)" \
                "-H: the hint is for the host that is asked"
        for words in status "status --json" enable history; do
                # shellcheck disable=SC2086 # words
                PATH="$WORK/ssh:$PATH" "$P25CTL" -H a.example,b.example --color always $words \
                        >"$WORK/out" 2>"$WORK/err"
                sed -i 's/\x1b\[[0-9]*m//g' "$WORK/out"
                is_clean "$WORK/out" "-H of two hosts: $words"
                is_clean "$WORK/err" "-H of two hosts: $words, stderr"
        done
else
        skip "p25ctl -H" "it needs systemd-stdio-bridge"
fi
# ---- p25d ends when it has made a change ----

while read -r words; do
        # shellcheck disable=SC2086 # words
        "$P25CTL" $words >"$WORK/out" 2>"$WORK/err"
        is "$? $(cat "$WORK/err")" "0 " "$words: was made, and is no error"
        like "$(head -n 1 "$WORK/out")" "^(Rule added|p25 reset to its files|Set drop loaded)$" "$words: the output says so"
done <<'WORDS'
deny in from 192.0.2.1
--force reset
set load drop /etc/passwd
WORDS

signal TERM "$hostile"
done_testing
