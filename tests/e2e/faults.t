#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Each system call of p25d that opens, reads, writes, renames, asks the kernel or takes memory fails
# once, while p25d starts, is changed, is reloaded, locks down and stops: what is denied stays denied all
# the time, a change is made or is not, and the state loads again.
#   P25_FAULTS=N|all        how many under each backend (12)
#   P25_FAULTS_SEED=N       which (1); the same as far as the same calls come
#   P25_FAULTS_PHASES=...   of which phases
. "$(dirname "$0")/../lib/e2e.sh"

command -v strace >/dev/null || { skip "failing system calls" "there is no strace"; done_testing; exit; }
seed=${P25_FAULTS_SEED:-1}
diag "P25_FAULTS_SEED=$seed"
amount=${P25_FAULTS:-12}
read -ra phases <<<"${P25_FAULTS_PHASES:-start change reload lockdown stop}"

net_world
listen host 25 465 587
bus_start

# ---- which calls, and their errors ----

declare -A errors=(
        [openat]="EMFILE EIO" [openat2]="EMFILE EIO" [read]="EIO" [pread64]="EIO" [write]="ENOSPC EIO"
        [pwrite64]="ENOSPC EIO" [rename]="ENOSPC EIO" [renameat]="ENOSPC EIO" [renameat2]="ENOSPC EIO"
        [fsync]="EIO" [fdatasync]="EIO ENOSPC" [unlink]="EIO" [unlinkat]="EIO" [mkdir]="ENOSPC"
        [mkdirat]="ENOSPC" [symlink]="ENOSPC" [linkat]="EIO" [ftruncate]="EIO" [fstat]="EIO"
        [newfstatat]="EIO" [getdents64]="EIO" [flock]="EIO" [fcntl]="EIO" [socket]="EMFILE ENOMEM"
        [bind]="ENOMEM" [sendto]="EPERM ENOBUFS ENOMEM" [sendmsg]="ENOBUFS EPERM"
        [recvfrom]="EIO ENOBUFS" [recvmsg]="EIO ENOMEM" [setsockopt]="ENOMEM EPERM"
        [getsockopt]="ENOMEM" [mmap]="ENOMEM" [brk]="ENOMEM" [clone]="ENOMEM" [clone3]="ENOMEM"
        [pipe2]="EMFILE" [socketpair]="EMFILE" [timerfd_create]="EMFILE" [timerfd_settime]="ENOMEM"
        [epoll_ctl]="ENOMEM" [epoll_create1]="EMFILE" [poll]="ENOMEM" [ppoll]="ENOMEM"
)
known=$(strace -e trace=all true 2>/dev/null; for call in "${!errors[@]}"; do
        strace -o /dev/null -e trace="$call" true 2>/dev/null && echo "$call"
done)
calls=$(tr '\n' ',' <<<"$known")

# ---- p25d, with strace where it is asked for ----

real=$P25D
traced=$WORK/p25d-traced
cat >"$traced" <<'TRACED'
#!/bin/sh
# the tracer is not the parent: p25d keeps its pid
exec strace -D -o "$TRACE" -e signal=none -e trace="$CALLS" $INJECT "$REAL" "$@"
TRACED
chmod 755 "$traced"
export REAL=$real CALLS=$calls TRACE=$WORK/trace INJECT=

start() # [traced]
{
        P25D=${1:+$traced}
        P25D=${P25D:-$real}
        p25d_begin >/dev/null 2>&1
        local status=$?
        P25D=$real
        [ $status = 0 ] && eventually 12 on_bus
}

# Runs a command while p25d is traced; $INJECT as for strace.
tracing()
{
        local tracer
        # shellcheck disable=SC2086 # words
        strace -o "$TRACE" -e signal=none -e trace="$CALLS" $INJECT -p "$p25d" 2>"$WORK/attached" &
        tracer=$!
        eventually 5 grep -q attached "$WORK/attached"
        "$@"
        signal INT "$tracer" 2>/dev/null
        wait "$tracer" 2>/dev/null
}

# ---- what is done: $did is its status ----

configure() # PORT: what a reload brings
{
        echo "enabled = true; default = { incoming = \"allow\"; };
rules = ( { action = \"reject\"; direction = \"in\"; ports = [ 465 ]; }, { action = \"reject\"; direction = \"in\"; ports = [ $1 ]; } );" >"$CONF"
}
phase()
{
        case "$1" in
        start) p25d_stop TERM; start traced; did=$? ;;
        change) tracing run_ctl reject in 587; did=$rc ;;
        reload) configure 587; tracing run_ctl reload; did=$rc ;;
        lockdown) tracing run_ctl lockdown on; did=$rc ;;
        stop) tracing p25d_stop TERM; did=$? ;;
        esac
}
# The port that the phase closes, if it was done.
closes()
{
        case "$1" in change | reload) echo 587 ;; lockdown) echo 25 ;; esac
}

# As before all phases: p25d without faults, only 465 closed.
settle()
{
        signal INT "$(pgrep -x strace | head -n 1)" 2>/dev/null
        process_gone "$p25d" || p25d_stop TERM
        configure 465
        start || return 1
        ctl lockdown off >/dev/null 2>&1
        ctl delete reject in 587 >/dev/null 2>&1
        ctl reload >/dev/null 2>&1
        [ "$(outcome "open open closed" inet 198.51.100.1 25 198.51.100.1 587 2001:db8:1::1 465)" = "open open closed" ]
}

# One fault: prints what went wrong.
attempt() # PHASE CALL N ERROR
{
        local port closed alive=1 text
        INJECT="-e inject=$2:error=$4:when=$3"
        phase "$1"
        INJECT=
        grep -q INJECTED "$TRACE" && echo "$*: $did" >>"$WORK/injected"
        port=$(closes "$1")
        if process_gone "$p25d"; then alive=; fi
        if [ "$did" = 0 ] && [ -n "$port" ]; then
                closed=$(connect inet -t 500 198.51.100.1 "$port" 2001:db8:1::1 "$port")
                [[ $closed != *open* ]] || echo "done, and $port is $closed"
        fi
        if [ "$1" = stop ]; then
                [ "$did" = 0 ] || echo "p25d does not end"
                closed=$(connect inet -t 500 198.51.100.1 465 2001:db8:1::1 465)
                [[ $closed != *open* ]] || echo "465 is $closed without p25d"
        elif [ -n "$alive" ] && [ "$1" != start ]; then
                # a bus whose connection failed is joined again
                eventually 12 on_bus >/dev/null 2>&1 || echo "p25d runs and does not answer"
        fi
        # its state loads again, with what was done
        process_gone "$p25d" || p25d_stop TERM
        start || { echo "p25d does not start: $(tail -n 2 "$WORK/p25d.log")"; return; }
        closed=$(connect inet -t 500 198.51.100.1 465 2001:db8:1::1 465)
        [[ $closed != *open* ]] || echo "465 is $closed after a restart"
        text=$(ctl show added 2>&1)
        [[ $text == *192.0.2.99* ]] || echo "the state is lost: $text"
        case "$1" in
        change)
                if [ "$did" = 0 ]; then
                        [[ $text == *587* ]] || echo "the change was made, and is lost"
                else
                        [[ $text != *587* ]] || echo "the change failed ($err), and is there"
                fi ;;
        lockdown)
                [ "$did" != 0 ] || [[ $(ctl status) == *LOCKDOWN* ]] || echo "the lockdown is lost" ;;
        esac
}

# Calls of a phase without faults, a line each: CALL COUNT
count()
{
        phase "$1" >/dev/null
        [ "$did" = 0 ] || diag "$1: $did $err"
        sed -nE 's/^([a-z0-9_]+)\(.*/\1/p' "$TRACE" | sort | uniq -c | awk '{ print $2, $1 }'
        settle
}

# ---- all ----

sweep() # BACKEND
{
        local -x P25_BACKEND=$1
        local name n k call error line faults=() wrong i loops=() target open left
        for left in $(pgrep -x p25d); do process_end "$left" KILL; done
        rm -rf "$ROOT"
        root_make
        configure 465
        start
        ok $? "$1: p25d starts"
        run_ctl deny in from 192.0.2.99
        is "$rc" 0 "$1: a rule"
        for target in 198.51.100.1 2001:db8:1::1; do
                loops+=("$(net_in inet "$probe" loop -t 50 -o "$WORK/loop-$1-${target//:/_}" "$target" 465)")
        done
        for name in "${phases[@]}"; do
                count "$name" >"$WORK/counts-$name"
                while read -r call n; do
                        for error in ${errors[$call]}; do
                                for ((k = 1; k <= n; k++)); do faults+=("$name $call $k $error"); done
                        done
                done <"$WORK/counts-$name"
        done
        diag "$1: ${#faults[@]} faults"
        [ "${#faults[@]}" -gt $((${#phases[@]} > 1 ? 100 : 20)) ]
        ok $? "$1: faults to choose from"
        if [ "$amount" != all ]; then
                # by a hash of each: calls that come more or less often from run to run change no other choice
                mapfile -t faults < <(printf '%s\n' "${faults[@]}" |
                        LC_ALL=C sort -R --random-source=<(yes "$seed") | head -n "$amount")
        fi
        for line in "${faults[@]}"; do
                # shellcheck disable=SC2086 # four words
                wrong=$(attempt $line)
                is "$wrong" "" "$1: $line"
                p25d=$(cat "$WORK/p25d.pid")
                settle || { ok 1 "$1: $line: all is as before"; diag "$(tail -n 3 "$WORK/p25d.log")"; }
        done
        for i in "${loops[@]}"; do process_end "$i" TERM; done
        for target in 198.51.100.1 2001:db8:1::1; do
                open=$(cat "$WORK/loop-$1-${target//:/_}")
                unlike "$open" "open=[1-9]" "$1: nobody came through to $target 465 ($open)"
        done
        n=$(wc -l <"$WORK/injected")
        [ "$n" -gt $((${#faults[@]} / 4)) ]
        ok $? "$1: many of these calls came and failed ($n of ${#faults[@]}; of these, done all the same: $(grep -c ' 0$' "$WORK/injected"))"
        rm "$WORK/injected"
        p25d_stop TERM
        kernel_clear
}
sweep nftables
sweep iptables
done_testing
