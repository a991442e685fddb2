#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Tests signal the processes of their own sandbox, by a pid that was checked.
. "$(dirname "$0")/../lib/e2e.sh"

# by a process of its own, which would die of what it sends to its group
refused() # PID
{
        ! setsid bash -c '. tests/lib/tap.sh; . tests/lib/process.sh; signal TERM "$1"' \
                bash "$1" 2>/dev/null
}

for pid in "" 0 1 -1 -2 x "2 3" 007 4194305 2147483648; do
        refused "$pid"
        ok $? "\"$pid\" is refused"
done
! signal TERM $$ 2>/dev/null
ok $? "and so is the test itself"

sleep 600 &
signal STOP $!
ok $? "a process of the sandbox is signalled"
signal CONT $!
process_gone $!
is $? 1 "and lives"
! process_gone ""
ok $? "no pid is not a process that is gone"
process_end $! TERM
ok $? "until it is ended"

# outside of a sandbox every process is somebody else's
cat >"$WORK/outside" <<'SH'
. tests/lib/tap.sh
. tests/lib/process.sh
sleep 600 &
! signal TERM $!
SH
unshare --pid --fork --mount-proc --kill-child bash "$WORK/outside" 2>/dev/null
ok $? "without a sandbox nothing is signalled"
done_testing
