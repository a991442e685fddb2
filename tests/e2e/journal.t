#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The entry of a change in the journal: a line, and its fields.
. "$(dirname "$0")/../lib/e2e.sh"

mount -t tmpfs none /run && mkdir -p /run/systemd/journal
ok $? "a folder for the journal's socket"
/usr/bin/python3 - "$WORK/entries" <<'PY' &
import socket, sys
journal = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
journal.bind("/run/systemd/journal/socket")
while True:
    entry = journal.recv(1 << 16)
    with open(sys.argv[1], "ab") as f:
        f.write(entry + b"--\n")
PY
reader=$!
eventually 5 test -S /run/systemd/journal/socket
ok $? "somebody reads it"
net_world

# as systemd names the stream that it gave
: >"$WORK/p25d.log"
JOURNAL_STREAM=$(stat -c %d:%i "$WORK/p25d.log")
export JOURNAL_STREAM
p25_host mx </dev/null
ok $? "p25d starts"
run_ctl --reason "spam wave" deny in from 198.51.100.2
is "$rc" 0 "a rule"
entry() # FIELD: of the last entry
{
        awk -v RS='--\n' -v field="$1=" '{ last = $0 }
                END { n = split(last, lines, "\n")
                      for (i = 1; i <= n; i++)
                              if (index(lines[i], field) == 1) print substr(lines[i], length(field) + 1) }' \
                "$WORK/entries"
}
has_entry() # REVISION
{
        [ "$(entry P25_REVISION)" = "$1" ]
}
eventually 5 has_entry 1
ok $? "an entry of revision 1"
is "$(entry MESSAGE_ID)" 6d0d1f0c5a3e4c1f9b7a8e2f4c6b1d35 "under the message id of a change"
is "$(entry P25_UID) $(entry P25_PROCESS)" "0 p25ctl" "the caller"
is "$(entry P25_REASON)" "spam wave" "the reason"
is "$(entry P25_OUTCOME)" added "the outcome"
like "$(entry P25_DIFF)" '^\+ deny .*198\.51\.100\.2' "the change"
like "$(entry MESSAGE)" '^revision 1 by uid 0 \(p25ctl\): \+ deny .*198\.51\.100\.2.*: spam wave$' \
        "and all of it in a line for people"
process_end "$reader" TERM
done_testing
