#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The surroundings in which p25d is started: folders that are full, limits, streams that are closed, signals
# that are ignored, descriptors of others. The policy is in force before it says so, lockdown works even
# where nothing can be stored, and another change changes nothing then.
. "$(dirname "$0")/../lib/e2e.sh"

net_world
listen host 25
root_make
bus_start
echo 'enabled = true; default = { incoming = "reject"; };' >"$CONF"
real=$P25D

# p25d, started by a shell after these commands
surrounded() # COMMANDS
{
        printf '#!/bin/bash\n%s\nexec "%s" "$@"\n' "$1" "$real" >"$WORK/surrounded"
        chmod 755 "$WORK/surrounded"
        P25D=$WORK/surrounded
}
closed() # NAME
{
        expect "$1" inet "closed closed" 198.51.100.1 25 2001:db8:1::1 25
}
# A change that cannot be stored, and a lockdown, which is in force all the same.
cannot_store() # NAME REASON
{
        run_ctl allow in from 198.51.100.0/24
        is "$rc" 1 "$1: a change fails"
        like "$err" "$2; nothing was changed" "$1: and says why"
        closed "$1: the policy stays in force"
        run_ctl lockdown on
        is "$rc" 0 "$1: lockdown works"
        like "$err" "^WARNING: .*$2: what was changed is in force" "$1: and says that it is not stored"
        expect "$1: nothing passes" inet "filtered filtered" -t 300 198.51.100.1 25 2001:db8:1::1 25
}
starts() # NAME
{
        p25d_begin
        is $? 0 "$1: p25d starts"
        closed "$1: the policy is in force"
}
# As on a host that has just booted.
leaves()
{
        process_gone "$p25d" || p25d_stop TERM
        kernel_clear 2>/dev/null
        rm -rf "$ROOT/var/lib/p25" "$ROOT/run/p25"
}
# Lines of the log in files: p25d must have written none.
clean() # NAME
{
        ! grep -rq 'p25d:' "$ROOT/run" "$ROOT/var/lib"
        ok $? "$1: no file has a line of the log"
}
full() # FOLDER
{
        mount -t tmpfs -o size=64k tmpfs "$1"
        head -c 1M /dev/zero >"$1/full" 2>"$WORK/err"
}

for P25_BACKEND in nftables iptables; do
        export P25_BACKEND
        full "$ROOT/run"
        starts "$P25_BACKEND, /run is full"
        leaves
        umount "$ROOT/run"

        full "$ROOT/var/lib"
        starts "$P25_BACKEND, /var/lib is full"
        eventually 12 on_bus
        cannot_store "$P25_BACKEND, /var/lib is full" "disk is full"
        leaves
        umount "$ROOT/var/lib"
done

export P25_BACKEND=nftables
limit="ulimit -f 0"
surrounded "$limit"
starts "$limit"
eventually 12 on_bus
cannot_store "$limit" "File too large"
process_gone "$p25d"
is $? 1 "$limit: p25d lives"
leaves

# shellcheck disable=SC2016 # of the other shell
for commands in 'exec 0<&- 1>&- 2>&-' 'exec 1>&- 2>&-' 'cd "$(mktemp -d)" && rmdir "$PWD"' 'umask 0' \
        'trap "" HUP TERM INT CHLD PIPE' 'ulimit -n 32' 'ulimit -s 128' \
        'export LISTEN_FDS=3 LISTEN_FDNAMES=nft:nft:nft LISTEN_PID=$$; exec 3</dev/null 4</dev/null 5</dev/null' \
        'export LC_ALL=tr_TR.UTF-8 TZ=../../../etc/shadow JOURNAL_STREAM=1:1 P25_BOOT_ID=x'; do
        surrounded "$commands"
        starts "$commands"
        eventually 12 on_bus
        run_ctl lockdown on
        is "$rc" 0 "$commands: lockdown"
        expect "$commands: nothing passes" inet "filtered filtered" -t 300 198.51.100.1 25 2001:db8:1::1 25
        clean "$commands"
        is "$(find "$ROOT/run/p25" "$ROOT/var/lib/p25" -maxdepth 0 -perm /077)" "" \
                "$commands: its folders are for nobody else"
        p25d_stop TERM
        ok $? "$commands: it ends on SIGTERM"
        leaves
done
done_testing
