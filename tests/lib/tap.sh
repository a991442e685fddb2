# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# TAP: one line a test. done_testing must be the last word of a script; without it the runner counts
# a failure, so a script that dies cannot pass.

tap_number=0
tap_failed=0

ok() # STATUS NAME: 0 is good
{
        tap_number=$((tap_number + 1))
        if [ "$1" = 0 ]; then
                echo "ok $tap_number - $2"
        else
                echo "not ok $tap_number - $2"
                tap_failed=$((tap_failed + 1))
        fi
}

diag()
{
        printf '%s\n' "$*" | sed 's/^/# /'
}

is() # GOT WANT NAME
{
        [ "$1" = "$2" ]
        ok $? "$3"
        [ "$1" = "$2" ] || diag "got:    $1
wanted: $2"
}

like() # GOT REGEX NAME; the regular expression may match any part, over lines too
{
        [[ $1 =~ $2 ]]
        ok $? "$3"
        [[ $1 =~ $2 ]] || diag "got:    $1
wanted: /$2/"
}

unlike() # GOT REGEX NAME
{
        ! [[ $1 =~ $2 ]]
        ok $? "$3"
        ! [[ $1 =~ $2 ]] || diag "got:    $1
but not wanted: /$2/"
}

at_most() # GOT LIMIT NAME
{
        [ "${1:-x}" -le "$2" ] 2>/dev/null
        ok $? "$3"
        [ "${1:-x}" -le "$2" ] 2>/dev/null || diag "got:    $1
at most: $2"
}

between() # GOT MIN MAX NAME
{
        [ "${1:-x}" -ge "$2" ] 2>/dev/null && [ "$1" -le "$3" ]
        ok $? "$4"
        [ "${1:-x}" -ge "$2" ] 2>/dev/null && [ "$1" -le "$3" ] || diag "got:    $1
wanted: $2 to $3"
}

skip() # NAME REASON
{
        tap_number=$((tap_number + 1))
        echo "ok $tap_number # SKIP $1: $2"
}

# SECONDS COMMAND...: until it succeeds; a failure when the time is over. SECONDS is ample on an idle
# machine; a busy one gets a minute, and ten times as long, and one that stands still some attempts more.
eventually()
{
        local deadline=$((${EPOCHREALTIME/./} + (60 + $1 * 10) * 1000000)) attempts=0
        shift
        until "$@" >/dev/null 2>&1; do
                attempts=$((attempts + 1))
                [ "${EPOCHREALTIME/./}" -lt $deadline ] || [ $attempts -lt 50 ] || return 1
                read -rt 0.02 <> <(:)
        done
        return 0
}

done_testing()
{
        # programs built with sanitizers report here what they found
        if [ -s "${WORK-}/p25d.log" ]; then
                ! grep -nE 'Sanitizer|runtime error|Assertion' "$WORK/p25d.log" >"$WORK/found"
                ok $? "p25d's log is clean"
                [ ! -s "$WORK/found" ] || diag "$(tail -n 40 "$WORK/p25d.log")"
        fi
        echo "1..$tap_number"
        [ $tap_failed = 0 ]
}
