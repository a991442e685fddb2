#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# packaging/dependencies with an apt-get that downloads nothing: what it tries again, what it says
# when a download failed.
. "$(dirname "$0")/../lib/e2e.sh"

# policy-rc.d goes into a folder of this sandbox
mount -t tmpfs tmpfs /usr/sbin
ok $? "nothing of this machine is changed"

# "satisfy" succeeds from the call on whose number is in the file "works", and prints the file
# "satisfy" before; "update" succeeds always, as apt's does, and prints the file "update"
mkdir "$WORK/bin"
cat >"$WORK/bin/apt-get" <<SH
#!/bin/bash
cd "$WORK" || exit
case " \$* " in
*" -s "*) exit 100 ;;
*" update "*)
        echo update >>calls
        cat update ;;
*" satisfy "*)
        echo satisfy >>calls
        [ "\$(grep -c satisfy calls)" -lt "\$(cat works)" ] || exit 0
        cat satisfy
        exit 100 ;;
esac
SH
chmod 755 "$WORK/bin/apt-get"

install() # WORKS: leaves the calls and what was printed
{
        echo "$1" >"$WORK/works"
        : >"$WORK/calls"
        PATH=$WORK/bin:$PATH packaging/dependencies >"$WORK/out" 2>&1
}
called() { is "$(paste -sd' ' "$WORK/calls")" "$1" "$2"; }
says() { grep -qF "$1" "$WORK/out"; ok $? "and prints: $1"; }
silent() { ! grep -qF "$1" "$WORK/out"; ok $? "and does not print: $1"; }

: >"$WORK/update"
echo "E: Unable to locate package gcc" >"$WORK/satisfy"
install 1
ok $? "a package that can be installed is installed"
called satisfy "without a look at newer lists"

install 2
ok $? "old lists are no failure"
called "satisfy update satisfy" "new ones are downloaded"
silent "Unable to locate"

! install 3
ok $? "a package that apt does not know is a failure"
says "E: Unable to locate package gcc"
silent "a download failed"

echo "W: Failed to fetch http://mirror.example/InRelease  Could not connect" >"$WORK/update"
! install 3
ok $? "a list that cannot be downloaded is a failure"
called "satisfy update satisfy" "of the second attempt"
says "W: Failed to fetch http://mirror.example/InRelease"
says "E: Unable to locate package gcc"
says "a download failed: run packaging/dependencies again"

install 2
ok $? "unless the old list is enough"

: >"$WORK/update"
echo "E: Failed to fetch http://mirror.example/gcc.deb  502" >"$WORK/satisfy"
! install 3
ok $? "a package that cannot be downloaded is a failure"
says "a download failed: run packaging/dependencies again"
[ ! -e /usr/sbin/policy-rc.d ]
ok $? "services may start again"
done_testing
