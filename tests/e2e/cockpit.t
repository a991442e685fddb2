#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The page for Cockpit in a real browser: cockpit-ws and cockpit-bridge, a bus, polkitd, p25d and
# real traffic. tests/e2e/cockpit.py drives the browser; screenshots are in build/cockpit.
. "$(dirname "$0")/../lib/e2e.sh"
# shellcheck source=tests/lib/polkit.sh
. tests/lib/polkit.sh

if ! command -v chromedriver >/dev/null || ! [ -x /usr/lib/cockpit/cockpit-ws ] ||
        ! /usr/bin/python3 -c 'import selenium' 2>/dev/null; then
        skip "cockpit" "cockpit-ws, chromium-driver or python3-selenium is not installed"
        done_testing
        exit
fi
if ! polkit_is_possible; then
        skip "cockpit" "$polkit_missing"
        done_testing
        exit
fi

# the rule of the manual, for a user who is there
polkit_prepare < <(sed -n '/^\.Bd -literal/,/^\.Ed/{/^\./d; s/carol/mail/; p}' packaging/man/cockpit-p25.7)
net_world
listen inet 25
p25_host mx app-server <<'CONF'
attribution = "process";
vars = { smarthosts = [ "192.0.2.25" ]; };
sets = { partners = { entries = [ "198.51.100.0/24" ]; } };
rules = ( { action = "allow"; direction = "in"; from = [ "@partners" ]; comment = "partners"; } );
CONF
ok $? "p25d starts"
polkit_start
ok $? "polkitd is on the bus"

# ---- cockpit, for three users ----

mkdir -p "$WORK/share/cockpit" "$WORK/bin" "$WORK/home" "$WORK/etc"
chmod 1777 "$WORK/home"
chmod 755 "$WORK/root" "$WORK/share"
cp -r packaging/cockpit "$WORK/share/cockpit/p25"
packaging/cockpit/po/po2js packaging/cockpit/po/de.po >"$WORK/share/cockpit/p25/po.de.js"
ok $? "the catalogue becomes a script"
is "$(grep -ohE '_\("([^"\]|\\.)*"\)' packaging/cockpit/*.js | sed 's/^_("//; s/")$//' | LC_ALL=C sort -u)" \
        "$(sed -n 's/^msgid "\(..*\)"$/\1/p' packaging/cockpit/po/de.po | LC_ALL=C sort)" \
        "it has every text of the page, and no other"
install -m 755 "$P25CTL" "$WORK/bin/p25ctl"

# a session of a user, as cockpit-ws starts it after the password
cockpit_start() # USER PORT
{
        cat >"$WORK/bin/bridge-$1" <<-SH
		#!/bin/sh
		export HOME=$WORK/home XDG_DATA_DIRS=$WORK/share:/usr/share PATH=$WORK/bin:$PATH
		exec setpriv --reuid $(id -u "$1") --regid $(id -g "$1") --clear-groups cockpit-bridge
	SH
        chmod 755 "$WORK/bin/bridge-$1"
        XDG_CONFIG_DIRS=$WORK/etc net_in host /usr/lib/cockpit/cockpit-ws --no-tls -a 127.0.0.1 \
                -p "$2" --local-session="$WORK/bin/bridge-$1" >>"$WORK/cockpit.log" 2>&1 &
        eventually 10 net_in host "$probe" connect 127.0.0.1 "$2"
}
cockpit_start root 9090 && cockpit_start mail 9091 && cockpit_start news 9092 && cockpit_start root 9093
ok $? "cockpit-ws listens"

# ---- what the page's script asks for ----

# With a comment that is markup, and one that turns the direction of what follows it.
hostile_rules()
{
        ctl deny from 192.0.2.66 comment '<img src=x onerror=document.title=1>' &&
                ctl deny from 192.0.2.67 comment $'invoice\u202egpj.exe'
}
# A connection from a unit whose name is markup; fails where no cgroup can be made.
hostile_unit()
{
        local tree
        for tree in /sys/fs/cgroup/unified /sys/fs/cgroup; do
                [ ! -e $tree/cgroup.controllers ] || break
        done
        unit="$tree/<img src=x onerror=document.title=2>.service"
        mkdir "$unit" || return
        net_in host "$probe" burst -c "$unit" -u 33 -g 33 -n 3 198.51.100.9 25
}
# A connection from a process whose name and command line are markup and turn the direction.
hostile_process()
{
        cp "$probe" "$WORK/bin/<b>"$'\u202e'
        net_in host setpriv --reuid 33 --regid 33 --clear-groups bash -c 'exec -a "$1" "$2" connect "$3" 25' x \
                $'<img src=x onerror=document.title=3> \u202egpj.exe' "$WORK/bin/<b>"$'\u202e' 198.51.100.10
        true
}
many_rules()
{
        local i
        for i in {0..9999}; do
                echo "{ action = \"deny\"; direction = \"in\"; from = [ \"10.$((i / 256)).$((i % 256)).0/24\" ]; },"
        done | { echo 'rules = ('; sed '$s/,$/ );/'; } >"$WORK/many.conf"
        ctl fragment put many "$WORK/many.conf"
}
million()
{
        seq 0 999999 | awk '{ printf "100.%d.%d.%d\n", $1 / 65536, $1 / 256 % 256, $1 % 256 }' >"$WORK/million"
        ctl set load million "$WORK/million"
}
arrive() # connections from a partner, and so many from another that the limit refuses some
{
        net_in inet "$probe" burst -n 3 198.51.100.1 25
        net_in inet "$probe" burst -n 40 -s 203.0.113.7 198.51.100.1 25
}
other_firewall()
{
        net_in host nft add table inet other &&
                net_in host nft add chain inet other out '{ type filter hook output priority 10; }' &&
                net_in host nft add rule inet other out tcp dport 25 drop
}
other_firewall_ends()
{
        net_in host nft delete table inet other
}
refuse() # ADDRESS: a connection as www-data
{
        net_in host setpriv --reuid 33 --regid 33 --clear-groups "$probe" connect "$1" 25
        true
}
bus_away()
{
        bus_stop
}
bus_back()
{
        bus_start && polkit_start && eventually 20 on_bus
}

unit=
trap '[ -z "$unit" ] || rmdir "$unit"; rm -rf "$WORK"' EXIT
mkdir -p build/cockpit
export WORK
coproc page {
        HOME=$WORK/home net_in host /usr/bin/python3 tests/e2e/cockpit.py build/cockpit 2>&1
}
# the variables are gone when the process is
# shellcheck disable=SC2154 # of the coprocess
answers=${page[0]} asks=${page[1]} page_pid=$page_PID
while IFS= read -r line <&"$answers"; do
        case $line in
        "ok "*) ok 0 "${line#ok }" ;;
        "not ok "*) ok 1 "${line#not ok }" ;;
        "run "*)
                # shellcheck disable=SC2086 # words
                ${line#run } >"$WORK/out" 2>&1
                echo "$? $(head -c 2000 "$WORK/out" | tr '\n' ' ')" >&"$asks" ;;
        *) diag "$line" ;;
        esac
done
wait "$page_pid"
ok $? "the script came to its end"
unlike "$(cat "$WORK/cockpit.log")" "CRITICAL|assertion" "cockpit has nothing to say"
done_testing
