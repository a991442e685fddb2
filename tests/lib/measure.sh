# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The needs of processes, and the load under which they are measured.

# Processor time of the processes together, in milliseconds.
processor_msec() # PID...
{
        local pid
        for pid; do cat "/proc/$pid/stat"; done |
                awk -v hz="$(getconf CLK_TCK)" '{ n += $14 + $15 } END { print n * 1000 / hz }'
}

# The same of one process and of the children that it waited for.
processor_msec_with_children() # PID
{
        awk -v hz="$(getconf CLK_TCK)" '{ print ($14 + $15 + $16 + $17) * 1000 / hz }' "/proc/$1/stat"
}

# The same of one process, in nanoseconds.
processor_nsec() # PID
{
        awk '{ print $1 }' "/proc/$1/schedstat"
}

# The number of times it has woken up so far.
wakeups() # PID
{
        awk '/^voluntary_ctxt/ { print $2 }' "/proc/$1/status"
}

# A process's own memory, in kB. Pages that a child still shares, as a worker of p25d does, count whole:
# a proportional share would be half of it for as long as the child lives.
memory_own() # PID
{
        awk '/^Anonymous:/ { print $2 }' "/proc/$1/smaps_rollup"
}

# The proportional set size of each process, in kB, a line each.
memory_pss() # PID...
{
        local pid
        for pid; do awk '/^Pss:/ { print $2 }' "/proc/$pid/smaps_rollup"; done
}

# Lines for `p25ctl set feed`: bans of RATE addresses a second, each another one, a tenth of a second
# at a time.
ban_lines() # RATE SECONDS LIFETIME
{
        local i
        for ((i = 0; i < $2 * 10; i++)); do
                awk -v n=$(($1 / 10)) -v i=$i -v lifetime="$3" 'BEGIN { for (k = 0; k < n; k++) { a = i * n + k
                        printf "+10.%d.%d.%d for %s\n", a / 65536, a / 256 % 256, a % 256, lifetime } }'
                read -rt 0.1 <> <(:)
        done
}
