#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The openers of refused connections, and the number of these: none is missing, also of the time in
# which p25d did not run.
. "$(dirname "$0")/../lib/e2e.sh"

# With iptables the log has the destinations, and the counts have the users: of the time in which
# p25d is down no destination is known. It has no limits by user.
limit=', { action = "limit"; direction = "out"; to = [ "203.0.113.0/24", "2001:db8:2::/64" ];
           rate = "1/hour"; burst = 2; log = true; }'
down='.destination_address == "9.9.9.9"'
if [ "$backend" = iptables ]; then
        limit=
        down='(has("destination_address") | not)'
fi
net_world
p25_host <<CONF
default = { outgoing = "reject"; routed = "reject"; };
rules = ( { action = "deny"; direction = "out"; to = [ "198.51.100.4" ]; }$limit );
CONF
ok $? "p25d starts"

# the sum of the counts of the events that a filter of jq selects
attempts() # FILTER
{
        ctl events --json -n 10000 | jq "[.[] | select($1) | .count] | add // 0"
}
seen() # N FILTER
{
        [ "$(attempts "$2")" -ge "$1" ]
}
count() # N FILTER NAME
{
        eventually 10 seen "$1" "$2"
        is "$(attempts "$2")" "$1" "$3"
}

net_in host "$probe" burst -n 500 8.8.8.8 25 >/dev/null
count 500 '.destination_address == "8.8.8.8" and .action == "reject" and .uid == 0' "500 of IPv4 in a moment"
net_in host "$probe" burst -n 300 2001:db8:1::2 25 >/dev/null
count 300 '.destination_address == "2001:db8:1::2" and .destination_port == 25' "300 of IPv6"
net_in lan "$probe" burst -n 200 198.51.100.2 25 >/dev/null
count 200 '.direction == "routed" and .source_address == "10.0.0.2" and .destination_address == "198.51.100.2"' \
        "200 routed ones"
[ "$backend" = iptables ] || {
net_in host "$probe" burst -n 20 203.0.113.7 25 >/dev/null
count 2 '.destination_address == "203.0.113.7" and .action == "limit" and .rule > 0' "connections that pass under a limit"
count 18 '.destination_address == "203.0.113.7" and .action == "reject" and .rule > 0' "and what is above it"
}
net_in host "$probe" burst -n 4000 8.8.4.4 25 >/dev/null
net_in host "$probe" burst -n 4000 8.8.4.4 25 >/dev/null
count 8000 '(.destination_address == "8.8.4.4" or (has("destination_address") | not)) and .uid == 0' \
        "8,000 at once, more than a log holds"
before=$(attempts "$down")

# ---- while p25d is down ----

p25d_stop KILL
net_in host "$probe" burst -n 400 9.9.9.9 25 >/dev/null
net_in lan "$probe" burst -n 100 9.9.9.9 25 >/dev/null
p25d_start
ok $? "p25d starts again"
count $((400 + before)) "$down and .direction == \"out\" and .uid == 0" "with those of the time in between"
count 100 "$down and .direction == \"routed\"" "and the routed ones"
count 500 '.destination_address == "8.8.8.8"' "and each of before once"
before=$(attempts true)
p25d_stop
p25d_start
is "$(attempts true)" "$before" "a restart adds none"
net_in host "$probe" burst -n 50 9.9.9.10 25 >/dev/null
run_ctl disable
run_ctl enable
count 50 '.destination_address == "9.9.9.10"' "refusals before p25 was disabled are kept"

# ---- rules beyond those that count ----

many=$ROOT/etc/p25/policy.d/many.conf
{ echo 'rules = ('
  for n in {1..1200}; do
          echo "{ action = \"reject\"; direction = \"out\"; to = [ \"192.0.$((n / 256)).$((n % 256))\", \"2001:db8:9::$n\" ]; },"
  done | sed '$s/,$//'
  echo ');'; } >"$many"
run_ctl reload
is "$rc" 0 "1,200 rules"
net_in host "$probe" burst -n 3 192.0.0.9 25 >/dev/null
count 3 '.destination_address == "192.0.0.9"' "a rule of the first thousand counts"
net_in host "$probe" burst -n 4 192.0.4.120 25 >/dev/null
count 4 '.destination_address == "192.0.4.120" and .uid == 0 and .rule > 0' "one behind it logs, IPv4"
all=$(attempts '.rule > 0')
net_in host "$probe" burst -n 300 192.0.4.121 25 >/dev/null
count $((all + 300)) '.rule > 0' "and loses none that the log is too small for"
net_in host "$probe" burst -n 5 2001:db8:9::1180 25 >/dev/null
count 5 '.destination_address == "2001:db8:9::1180" and .rule > 0' "IPv6"
is "$(ctl stats --json | jq '[.rules[] | select(.text | test("192.0.4.120|2001:db8:9::1180,")) | .refused] | add')" 4 \
        "the statistics have them"
all=$(attempts '.rule > 0')
p25d_stop KILL
net_in host "$probe" burst -n 40 192.0.4.122 25 >/dev/null
p25d_start
count $((all + 40)) '.rule > 0' "none of the time in which p25d is down is lost"
rm "$many"
run_ctl reload

# ---- who ----

if [ -n "$many_uids" ]; then
        net_in host "$probe" burst -u 33 -g 33 -n 30 9.9.9.11 25 >/dev/null
        count 30 '.destination_address == "9.9.9.11" and .uid == 33 and .user != "root"' "the user"
else
        skip "the user" "one uid only"
fi
for tree in /sys/fs/cgroup/unified /sys/fs/cgroup; do
        [ ! -e $tree/cgroup.controllers ] || break
done
cp "$CONF" "$WORK/conf"
for level in user off; do
        { cat "$WORK/conf"; echo "attribution = \"$level\";"; } >"$CONF"
        run_ctl reload
        is "$rc" 0 "attribution = $level"
        net_in host "$probe" burst -n 6 "9.9.8.${#level}" 25 >/dev/null
        count 6 ".destination_address == \"9.9.8.${#level}\"" "counts"
done
is "$(attempts '.destination_address == "9.9.8.4" and .user == "root" and (has("unit") | not)')" 6 "user: the user"
is "$(attempts '.destination_address == "9.9.8.3" and (has("uid") or has("gid") or has("unit") | not)')" 6 "off: nobody"
cp "$WORK/conf" "$CONF"
run_ctl reload
slice=p25e2e$RANDOM.slice
folders=("$tree/$slice" "$tree/$slice/mail@1.service" "$tree/$slice/mail@1.service/below"
        "$tree/$slice/user@4711.service" "$tree/$slice/user@4711.service/app.slice"
        "$tree/$slice/user@4711.service/app.slice/mail.service")
cgroups_remove()
{
        for ((i = ${#folders[@]} - 1; i >= 0; i--)); do rmdir "${folders[i]}" 2>/dev/null; done
}
trap 'cgroups_remove; rm -rf "$WORK"' EXIT
if [ "$backend" = iptables ]; then
        lack="the iptables backend does not know units and containers"
        run_ctl status
        is "$rc $(grep -c "$lack" <<<"$out")" "0 0" "units: nobody asks for them"
        run_ctl status verbose
        like "$out" "Note: $lack" "status verbose says that there are none"
        # however iptables came to be the backend
        for named in '' 'backend = "iptables";'; do
                { cat "$WORK/conf"; echo "attribution = \"unit\"; $named"; } >"$CONF"
                run_ctl reload
                like "$rc $err" "^0 .*WARN.*$lack" "reload warns of what is asked for: ${named:-the backend is found}"
                run_ctl status
                is "$(grep -c "^Warning: .*$lack" <<<"$out")" 1 "so does status"
        done
        run_ctl check "$CONF"
        like "$rc $out$err" "^0 .*attribution: $lack" "so does check"
        run_ctl --root "$ROOT" check "$CONF"
        like "$rc $out$err" "^0 .*attribution: $lack" "without p25d too"
        cp "$WORK/conf" "$CONF"
        run_ctl reload
        unlike "$rc $err" "$lack" "and nothing when it is asked no more"
elif mkdir "${folders[@]}" 2>/dev/null; then
        net_in host "$probe" burst -c "$tree/$slice" -n 5 9.9.9.12 25 >/dev/null
        net_in host "$probe" burst -c "$tree/$slice/mail@1.service" -n 7 9.9.9.12 25 >/dev/null
        net_in host "$probe" burst -c "$tree/$slice/mail@1.service" -n 8 2001:db8:9::1 25 >/dev/null
        net_in host "$probe" burst -c "$tree/$slice/mail@1.service/below" -n 9 9.9.9.12 25 >/dev/null
        net_in host "$probe" burst -c "$tree/$slice/user@4711.service/app.slice/mail.service" -n 11 9.9.9.12 25 >/dev/null
        mkdir "$tree/$slice/short.service"
        net_in host "$probe" burst -c "$tree/$slice/short.service" -n 13 9.9.9.12 25 >/dev/null
        rmdir "$tree/$slice/short.service"
        box=docker-0123456789ab$(printf '%052d' 0).scope
        mkdir "$tree/$slice/$box"
        net_in host "$probe" burst -c "$tree/$slice/$box" -n 14 9.9.9.12 25 >/dev/null
        rmdir "$tree/$slice/$box"
        cgroups_remove
        count 14 ".unit == \"$box\" and .container == \"0123456789ab\"" "a container"
        like "$(ctl events -n 10)" "root \(container 0123456789ab\) +9.9.9.12:25" "in the listing"
        is "$(ctl stats --json | jq -c '.containers | map([.container, .blocked])')" \
                '[["0123456789ab",14]]' "in the statistics"
        count 5 ".unit == \"$slice\"" "the unit: a slice"
        count 24 '.unit == "mail@1.service"' "a service, with what is below it"
        count 8 '.unit == "mail@1.service" and .destination_address == "2001:db8:9::1"' "IPv6"
        count 11 '.unit == "user@4711.service"' "a user's own manager, whatever it names its units"
        count 13 '.unit == "short.service"' "one that is gone"
        like "$(ctl events -n 10)" "root \(short.service\) +9.9.9.12:25 +default  13 times" "in the listing"
        like "$(cat "$WORK/p25d.log")" "unit short.service" "and in the log"
else
        skip "units" "no cgroup v2 to write to"
fi

done_testing
