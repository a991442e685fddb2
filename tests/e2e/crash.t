#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Changes that meet each other, a killed p25d, and a disk that is full, read-only or out of inodes.
# Power that goes at every call is tests/unit/daemon/crash.c.
. "$(dirname "$0")/../lib/e2e.sh"

net_world
root_make
mount -t tmpfs -o size=6m,nr_inodes=400 none "$ROOT/var/lib" || {
        skip "a small disk" "no tmpfs can be mounted here"
        done_testing
        exit
}
echo 'enabled = true;' >"$CONF"
bus_start && p25d_start
ok $? "p25d starts on a small disk"

revision()
{
        ctl status --json | jq .revision
}

# ---- many at once ----

wait_for=()
for i in {1..16}; do
        ctl set add race "10.0.0.$i" >/dev/null 2>>"$WORK/race.err" &
        wait_for+=($!)
        ctl deny in from "10.1.0.$i" >/dev/null 2>>"$WORK/race.err" &
        wait_for+=($!)
done
wait "${wait_for[@]}"
is "$(ctl set show race | wc -l) $(cat "$WORK/race.err")" "16 " "sixteen entries at once are all there"
is "$(ctl status --json | jq '[.rules[] | select(.source == "p25ctl")] | length')" 16 "and sixteen rules"
is "$(revision) $(ctl history --json | jq length)" "32 16" "a revision each; the history has the rules'"

at=$(revision)
for i in {1..16}; do
        { ctl --expect "$at" set add race "10.0.1.$i" >/dev/null 2>&1; echo $? >"$WORK/expect.$i"; } &
done
wait
is "$(cat "$WORK"/expect.* | sort | uniq -c | tr -s ' ' | tr '\n' ';')" " 1 0; 15 7;" \
        "of sixteen that expect the same revision one wins, the others get that error"
is "$(ctl set show race | wc -l)" 17 "and change nothing"

# Reads, changes what it read, and tries again when somebody was faster.
insist() # NUMBER
{
        local at status=7
        while [ $status = 7 ]; do
                at=$(revision)
                ctl --expect "$at" set add sum "10.3.0.$(ctl set show sum | wc -l)" >/dev/null 2>&1
                status=$?
        done
        echo "$status" >"$WORK/insist.$1"
}
ctl set add sum 10.3.0.0 >/dev/null
for i in {1..6}; do
        insist "$i" &
done
wait
is "$(cat "$WORK"/insist.* | tr -d '\n') $(ctl set show sum | wc -l)" "000000 7" \
        "a client that reads, expects and tries again loses no update"

# ---- p25d is killed while it works ----

stored=0
for round in 1 2 3; do
        rm -f "$WORK"/done.*
        for i in {1..12}; do
                { ctl set add "kill$round" "10.9.$round.$i" >/dev/null 2>&1 && : >"$WORK/done.$i"; } &
        done
        eventually 10 test -e "$WORK/done.$((round * 3))"
        p25d_stop KILL
        wait
        p25d_start
        for file in "$WORK"/done.*; do
                ctl set show "kill$round" | grep -qx "10.9.$round.${file##*.}" || stored=1
        done
done
ok $stored "every answered change is there after p25d was killed, three times"
is "$(ctl history --json | jq length)" 16 "and so is the history"

# ---- a disk that does not take it ----

ruleset()
{
        ctl show raw | sed -E 's/counter packets [0-9]+ bytes [0-9]+//'
}

seq 0 20000 | awk '{ printf "10.%d.%d.%d\n", 64 + int($1 / 16384), int($1 / 128) % 128, $1 % 128 * 2 }' >"$WORK/list"

# Each kind of change is refused, and nothing has changed but that.
refuses() # WORDS WHY
{
        local status before raw first
        status=0 before=$(ctl status --json | jq 'del(.rules[].packets, .rules[].bytes)') raw=$(ruleset)
        # of the revisions that were made at once, some are of entries, and not kept
        first=$(ctl history --json | jq 'map(.revision) | min')
        # a full disk does not refuse a change that fits into the last block of a file
        for change in "deny in from 10.7.7.7" "set load large $WORK/list" \
                "set add race $(echo 10.8.{0..1}.{0..255})" \
                "fragment put web $WORK/fragment" "default deny in" "reset --force" "rollback $first"; do
                # shellcheck disable=SC2086
                run_ctl $change
                [ "$rc" = 1 ] && grep -q "^ERROR: .*$1" <<<"$err" || {
                        status=1
                        diag "${change:0:40}: $rc $err"
                }
        done
        ok $status "$2: every change is refused, with the reason"
        is "$(ctl status --json | jq 'del(.rules[].packets, .rules[].bytes)')" "$before" "$2: status is what it was"
        is "$(ruleset)" "$raw" "$2: so is the kernel"
}
echo 'rules = ( { action = "deny"; direction = "in"; from = [ "192.0.2.99" ]; } );' >"$WORK/fragment"

recovers() # WHEN
{
        local at
        at=$(revision)
        run_ctl deny in from 10.7.7.8
        is "$rc" 0 "$1: changes go on"
        run_ctl delete deny in from 10.7.7.8
        run_ctl set add race 10.7.7.8
        run_ctl set remove race 10.7.7.8
        is "$rc $(revision)" "0 $((at + 4))" "$1: of every kind"
        p25d_stop KILL
        p25d_start
        is "$(revision)" $((at + 4)) "$1: and are stored"
}

dd if=/dev/zero of="$ROOT/var/lib/filler" bs=4k 2>/dev/null
refuses "disk is full" "a full disk"
p25d_stop KILL
p25d_start
ok $? "a full disk: p25d starts"
rm "$ROOT/var/lib/filler"
recovers "room again"

n=0
while : 2>/dev/null >"$ROOT/var/lib/inode.$n"; do
        n=$((n + 1))
done 2>/dev/null
status=0
for change in "deny in from 10.7.7.7" "fragment put web $WORK/fragment" "default deny in"; do
        # shellcheck disable=SC2086
        run_ctl $change
        [ "$rc" = 1 ] && grep -q "^ERROR: .*disk is full" <<<"$err" || status=1
done
ok $status "no inodes: what needs one is refused"
rm "$ROOT"/var/lib/inode.*
recovers "inodes again"

p25d_stop KILL
mount -o remount,ro "$ROOT/var/lib"
p25d_start
ok $? "a read-only disk: p25d starts"
refuses "read-only" "a read-only disk"
mount -o remount,rw "$ROOT/var/lib"
recovers "writable again"
p25d_stop
umount "$ROOT/var/lib"
done_testing
