# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The only place of the tests that signals processes: those of the test's own sandbox, by a pid that
# was checked. An empty pid, 0 and negative ones mean groups of processes to kill(1), 1 is the sandbox
# itself.

# A process of this sandbox other than its first and this script.
process_is_ours() # PID
{
        [[ $1 =~ ^[1-9][0-9]*$ ]] && [ "$1" != 1 ] && [ "$1" != "$$" ] && [ -d "/proc/$1" ] &&
                grep -qzx '.*tests/lib/sandbox' /proc/1/cmdline
}

signal() # SIGNAL PID
{
        if ! process_is_ours "$2"; then
                echo "# SIG$1: \"$2\" is not a process of this test" >&2
                return 1
        fi
        kill -"$1" "$2"
}

process_gone() # PID
{
        # a zombie is gone as well
        [[ $1 =~ ^[1-9][0-9]*$ ]] && [[ $(ps -o stat= -p "$1") =~ ^(Z.*)?$ ]]
}

process_end() # PID SIGNAL
{
        signal "$2" "$1" && eventually 10 process_gone "$1"
}
