# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Every script of tests/e2e sources this first. It starts the script again inside a sandbox, so that
# namespaces, mounts and processes end with it, and makes $WORK.

cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
[ -n "${P25_SANDBOX-}" ] || exec tests/lib/sandbox "$PWD/${0#"$PWD/"}" "$@"

WORK=$(mktemp -d)
chmod 755 "$WORK"
trap 'rm -rf "$WORK"' EXIT
export LC_ALL=C.UTF-8

# an ordinary user's sandbox may have one uid only
many_uids=
setpriv --reuid 33 --regid 33 --clear-groups true 2>/dev/null && many_uids=1

# in a user namespace some limits of the kernel cannot be raised: the length of a transaction
real_root=
[ "$(awk '{ print $3 }' /proc/self/uid_map)" != 4294967295 ] || real_root=1

# shellcheck source=tests/lib/tap.sh
. tests/lib/tap.sh
# shellcheck source=tests/lib/process.sh
. tests/lib/process.sh
# shellcheck source=tests/lib/net.sh
. tests/lib/net.sh
# shellcheck source=tests/lib/p25.sh
. tests/lib/p25.sh
