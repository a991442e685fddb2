#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# "A fleet in fifteen minutes", p25-fleet(7), word by word: its blocks are run in their order. What
# stands for other machines is a function here: rsync copies to the folder of the web server, systemctl
# starts p25-fleet below the test's root. Then what init writes, and the rule of polkit.
. "$(dirname "$0")/../lib/e2e.sh"

# shellcheck source=tests/lib/fleet.sh
. tests/lib/fleet.sh

if ! fleet_is_possible; then
        skip "a fleet" "$fleet_missing"
        done_testing
        exit
fi

page=$PWD/packaging/man/p25-fleet.7
blocks=$(awk -v "to=$WORK/block" '
        /^\.Ed/ { close(file); file = "" }
        file { print >file }
        /^\.Bd -literal/ { file = to "-" ++n }
        END { print n }' "$page")
is "$blocks" 7 "the page has seven blocks"

rsync()
{
        case $* in
        *" --exclude current "*) find fleet/www -type f ! -name current -exec cp -p {} "$WORK/srv" \; ;;
        *) cp -p fleet/www/current "$WORK/srv" ;;
        esac
}
systemctl()
{
        [ -z "${fleet-}" ] || fleet_stop
        fleet_start
}
p25-fleet()
{
        "$P25_FLEET" --root "$ROOT" "$@"
}
p25ctl()
{
        ctl "$@"
}
block() # N: runs it; its output is in $WORK/said
{
        sed -i "s|KEY|$(tail -n 1 fleet.pub 2>"$WORK/null")|" "$WORK/block-$1"
        # shellcheck disable=SC1090
        . "$WORK/block-$1" >"$WORK/said" 2>&1 </dev/null
        ok $? "block $1: $(head -n 1 "$WORK/block-$1")"
        diag "$(tail -n 5 "$WORK/said")"
}

net_world
listen host 25
fleet_certificates policy.example.net web
{ cat /etc/hosts; echo "$WEB policy.example.net"; } >"$WORK/hosts"
# the system's certificates are a folder with names by hash, and all of them in one file
mkdir "$WORK/certs" && cp "$FLEET/tls/ca.pem" "$WORK/certs/ca.pem" && openssl rehash "$WORK/certs" &&
        : >"$WORK/certs/ca-certificates.crt"
mount --bind "$WORK/hosts" /etc/hosts && mount --bind "$WORK/certs" /etc/ssl/certs
ok $? "the name and the CA of the web server are known"
cp "$FLEET/tls/policy.example.net.pem" "$FLEET/tls/web.pem"
cp "$FLEET/tls/policy.example.net.key" "$FLEET/tls/web.key"
mkdir "$WORK/srv" "$WORK/page"
web_start "$WORK/srv" </dev/null
ok $? "the web server runs"
p25_host </dev/null
ok $? "p25d runs"
mkdir -p "$ROOT/var/lib/p25-fleet"

tests=$PWD
cd "$WORK/page" || exit
block 1
block 2
like "$(cat "$WORK/said")" 'Serial 1: 2 parts' "serial 1"
block 3
# the last two commands of the block come before the serial is there: they must work, no more
sed -i '/^p25-fleet status/,$d' "$WORK/block-4"
block 4
eventually 60 serial_is 1
ok $? "the host takes serial 1"
p25-fleet status >"$WORK/said"
is "$?" 0 "status: all is well"
like "$(cat "$WORK/said")" $'Serial: +1, in force for .*\nValid: +for ' "and says so"
expect "a listed address is dropped" inet filtered -t 300 -s 203.0.113.7 198.51.100.1 25
is "$(sed -n '/^assert/p' "$WORK/block-5" | tee -a "$CONF" | wc -l)" 1 "the assertion, into p25.conf"
run_ctl reload
is "$rc" 0 "is taken"
block 6
block 3
eventually 60 serial_is 2
ok $? "the change arrives"
is "$(ctl set show fleet-blocked)" "203.0.113.7
203.0.113.8" "with its entry"
echo 198.51.100.3 >>fleet/groups/all/sets/fleet-blocked.txt
p25-fleet publish --key fleet.key fleet >/dev/null && block 3
eventually 60 problem_is 'p25d refuses serial 3: .*assert'
ok $? "assertions of the host stand above"
sed -i /198.51.100.3/d fleet/groups/all/sets/fleet-blocked.txt
block 7
block 3
eventually 60 serial_is 4
ok $? "two keys"
is "$(find fleet/www -name 'manifest-4.json.*.minisig' | wc -l)" 2 "two signatures"
fleet_stop
mv "$WORK/certs/ca.pem" "$WORK/certs/ca-certificates.crt" && find "$WORK/certs" -name '*.0' -delete
p25-fleet publish --key fleet.key --force fleet >"$WORK/null" && block 3
fleet_start
eventually 60 serial_is 5
ok $? "a system with its certificates in one file only"
fleet_stop
cd "$tests" || exit

# ---- init and may ----

run p25-fleet init https://other.example/ "$(tail -n 1 "$WORK/page/new.pub")"
is "$rc" 1 "init replaces nothing"
like "$err" "it is there already" "and says so"
rm "$ROOT/etc/p25/fleet.conf"
run p25-fleet init http://other.example/ "$(tail -n 1 "$WORK/page/new.pub")"
is "$rc" 4 "a url without TLS"
[ ! -e "$ROOT/etc/p25/fleet.conf" ]
ok $? "writes nothing"
run p25-fleet init https://other.example/ "$(tail -n 1 "$WORK/page/new.pub")"
is "$rc" 0 "init writes"
sed -i '/^#live/,$s/^#//' "$ROOT/etc/p25/fleet.conf"
run p25-fleet check
is "$rc $err" "0 " "its explained settings of live are valid too"
may() # WANTED WORD...
{
        run p25-fleet may "${@:2}"
        is "$rc" "$1" "may ${*:2}: $1"
}
may 0 set fleet-blocked
may 0 set fleet-bans
may 1 set other
may 0 fragment fleet
may 1 fragment fleet-blocked
may 1 lockdown
may 1 view
may 4 rules
sed -i 's/lockdown = false/lockdown = true/' "$ROOT/etc/p25/fleet.conf"
may 0 lockdown
sed -i 's/view = false/view = true/' "$ROOT/etc/p25/fleet.conf"
may 0 view

# ---- the manuals ----

settings=$(sed -nE 's/^ +\{ "([a-z]+)", read_[a-z]+, (DOCUMENTS|LIVE|offsetof)\(.*/\1/p' daemon/fleet/config.c)
between "$(wc -w <<<"$settings")" 10 20 "the table of settings is read"
for setting in $settings; do
        grep -qE "\b$setting =" packaging/man/fleet.conf.5
        ok $? "fleet.conf(5) has $setting"
done
for verb in $("$P25_FLEET" --help | sed -n 's/^  \([a-z]\+\) .*/\1/p'); do
        grep -q "^\.It Cm $verb" packaging/man/p25-fleet.8
        ok $? "p25-fleet(8) has $verb"
done
sed -n '/^\.Bd/,/^\.Ed/{ /^\./d; p }' packaging/man/fleet.conf.5 >"$WORK/example"
run "$P25_FLEET" check "$WORK/example"
is "$rc" 0 "the example of fleet.conf(5) is valid"
diag "$err"

run systemd-analyze security --offline=true --threshold=11 packaging/systemd/p25-fleet.service
is "$rc" 0 "the unit's exposure is at most 1.1"
diag "$(tail -n 1 <<<"$out")"
done_testing
