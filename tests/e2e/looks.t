#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The number of looks at all processes of the host, which a large host notices: one for a policy that
# names programs, none for one that does not.
. "$(dirname "$0")/../lib/e2e.sh"

command -v strace >/dev/null || { skip "counting looks" "there is no strace"; done_testing; exit; }
export REAL=$P25D TRACE=$WORK/trace
cat >"$WORK/p25d" <<'WRAPPER'
#!/bin/sh
exec strace -D -f -qq -o "$TRACE" -e signal=none -e trace=openat "$REAL" "$@"
WRAPPER
chmod 755 "$WORK/p25d"
P25D=$WORK/p25d
net_world
p25_host app-server </dev/null
ok $? "p25d starts"

all_looks()
{
        grep -c '"/proc", ' "$TRACE"
}
looks() # WANTED COMMAND...
{
        local wanted=$1 before
        shift
        before=$(all_looks)
        run_ctl "$@"
        is "$rc $(($(all_looks) - before))" "0 $wanted" "$*"
}
looks 1 status
looks 1 status verbose
looks 1 status --json
looks 0 stats --json
looks 0 explain in
looks 1 doctor
p25d_stop
done_testing
