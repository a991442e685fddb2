#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Documents of a fleet from a real web server to a real SYN: published, signed, fetched, checked, in
# force as one change; and everything that must be refused while the last good ones stay.
. "$(dirname "$0")/../lib/e2e.sh"

# shellcheck source=tests/lib/polkit.sh
. tests/lib/polkit.sh
# shellcheck source=tests/lib/fleet.sh
. tests/lib/fleet.sh

if ! fleet_is_possible; then
        skip "a fleet" "$fleet_missing"
        done_testing
        exit
fi
if polkit_is_possible; then
        fleet_user=irc
        # the rule that is shipped, for this user; it asks a p25-fleet that polkitd may run
        cp "$P25_FLEET" "$WORK/p25-fleet.bin"
        printf '#!/bin/sh\nexec %s --root %s "$@"\n' "$WORK/p25-fleet.bin" "$ROOT" >"$WORK/p25-fleet"
        chmod 755 "$WORK/p25-fleet" "$WORK/p25-fleet.bin"
        sed -e "s|\"p25-fleet\"|\"$fleet_user\"|" -e "s|/usr/bin/p25-fleet|$WORK/p25-fleet|" \
                packaging/polkit/50-p25-fleet.rules | polkit_prepare
fi

net_world
listen host 25
listen inet 25
mkdir -p "$FLEET/site/groups/all/sets" "$FLEET/site/groups/all/fragments" "$FLEET/site/groups/mx/sets"
fleet_certificates web
a=$(fleet_key a)
b=$(fleet_key b)
p25_host <<'CONF'
assert = ( { packet = "in from 198.51.100.3"; verdict = "allow"; },
           { packet = "in from 8.8.8.8"; verdict = "deny"; },
           { packet = "out to 8.8.8.8"; verdict = "reject"; } );
default = { outgoing = "reject"; };
rules = ( { action = "deny"; direction = "in"; from = "8.8.8.8"; } );
CONF
ok $? "p25d starts"
[ -z "$fleet_user" ] || polkit_start
ok $? "polkit, if it is there"

mkdir -p "$ROOT/var/lib/p25-fleet" "$ROOT/run/p25-fleet"
[ -z "$fleet_user" ] || chown "$fleet_user" "$ROOT/var/lib/p25-fleet" "$ROOT/run/p25-fleet"
conf() # KEY...
{
        local keys
        keys=$(printf '"%s", ' "$@")
        cat >"$ROOT/etc/p25/fleet.conf" <<-CONF
	host = "mx1.example.net";
	documents = {
	  url = "https://$WEB/";
	  ca = "$FLEET/tls/ca.pem";
	  keys = [ ${keys%, } ];
	  groups = [ "mx" ];
	  sets = [ "blocked", "partners" ];
	  fragments = [ "fleet" ];
	  interval = 1;
	};
	CONF
}
conf "$a"
run "$P25_FLEET" --root "$ROOT" check
is "$rc" 0 "fleet.conf is valid"
diag "$err"

# what fleet.conf does not list, and what is not the fleet's, its user may not change
if [ -n "$fleet_user" ]; then
        run as_user "$fleet_user" "$P25CTL" set add others 192.0.2.1
        is "$rc" 5 "polkit: no other set"
        run as_user "$fleet_user" "$P25CTL" deny in
        is "$rc" 5 "polkit: no rule"
        run as_user "$fleet_user" "$P25CTL" lockdown on
        is "$rc" 5 "polkit: no lockdown, unless fleet.conf allows it"
        run as_user "$fleet_user" "$P25CTL" events
        is "$rc" 5 "polkit: no events, unless fleet.conf has view"
        run as_user "$fleet_user" "$P25CTL" set add partners 192.0.2.1
        is "$rc" 0 "polkit: the sets that it lists"
        diag "$err"
fi

# ---- the first serial ----

site=$FLEET/site/groups
echo 203.0.113.7 >"$site/all/sets/blocked.txt"
echo 'rules = ( { action = "deny"; direction = "in"; from = "@blocked"; } );' >"$site/all/fragments/fleet.conf"
echo 192.0.2.0/24 >"$site/mx/sets/partners.txt"
publish
is "$rc $out" "0 Serial 1: 3 parts, 0 deltas, below $FLEET/site/www" "publish makes serial 1"
diag "$err"
minisign -V -q -m "$FLEET/site/www/manifest-1.json" -x "$FLEET"/site/www/manifest-1.json.*.minisig -P "$a"
ok $? "minisign verifies what publish has signed"
publish
like "$out" "^Nothing has changed: serial 1 stays" "no new serial without a change"

web_start "$FLEET/site/www" </dev/null
ok $? "nginx answers"
expect "before" inet open -s 203.0.113.7 198.51.100.1 25
before=$(ctl status --json | jq .revision)
fleet_start
eventually 60 serial_is 1
ok $? "serial 1 comes into force"
diag "$(tail -n 5 "$WORK/fleet.log")"
expect "the fragment's rule drops whom the set has" inet filtered -t 300 -s 203.0.113.7 198.51.100.1 25
expect "and no others" inet open -s 198.51.100.2 198.51.100.1 25
is "$(($(ctl status --json | jq .revision) - before))" 1 "three parts are one change"
like "$(ctl history 2>&1)" "fleet serial 1" "the history says why"
like "$(ctl --root "$ROOT" status)" 'Fleet: serial 1, made [0-9ms]+ ago, valid for (7d|6d[0-9]+h), checked ' \
        "p25ctl status says which"
is "$(ctl set show partners)" 192.0.2.0/24 "the part of the host's group is there"

# ---- a delta ----

seq -f '100.64.%g.0/24' 0 255 >"$site/all/sets/blocked.txt"
seq -f '100.65.%g.1' 0 255 >>"$site/all/sets/blocked.txt"
publish
eventually 60 serial_is 2
ok $? "serial 2 comes into force"
expect "whom the set has no more may connect" inet open -s 203.0.113.7 198.51.100.1 25
echo 203.0.113.7 >>"$site/all/sets/blocked.txt"
sed -i /100.65.9.1/d "$site/all/sets/blocked.txt"
publish
like "$out" "^Serial 3: 3 parts, 1 delta," "a small change has a delta"
eventually 60 serial_is 3
ok $? "serial 3 comes into force"
like "$(cat "$WORK/access.log")" 'GET /delta-[0-9a-f]*\.gz HTTP/1\.1" 200' "by its delta"
is "$(ctl set show blocked | wc -l)" 512 "the set is whole"
expect "it drops" inet filtered -t 300 -s 203.0.113.7 198.51.100.1 25
eventually 20 grep -q 'GET /current HTTP/1\.1" 304' "$WORK/access.log"
ok $? "looking costs a 304"

# ---- refused ----

www=$FLEET/site/www
cp -a "$www" "$WORK/good"
good_revision=$(ctl status --json | jq .revision)
# Puts back what was good.
restore()
{
        rm -rf "$WORK/bad" && mv "$www" "$WORK/bad" && cp -a "$WORK/good" "$www"
}
# The problem is reported, nothing has changed, and the good state is well again.
refused() # REGEX NAME
{
        eventually 60 problem_is "$1"
        ok $? "$2: refused"
        diag "$(fleet_status .documents.problem)"
        serial_is 3
        ok $? "$2: serial 3 stays in force"
        is "$(ctl status --json | jq .revision)" "$good_revision" "$2: nothing has changed"
        run "$P25_FLEET" --root "$ROOT" status
        like "$rc $out" $'^1 .*Problem: ' "$2: status says so"
        restore
        eventually 60 problem_is '^$'
        ok $? "$2: the problem is over when the server is good"
}
sign() # SERIAL [KEY]: signs a manifest as minisign does
{
        local id
        id=$(head -n 1 "$FLEET/${2:-a}.pub" | grep -o '[0-9A-F]*$')
        minisign -S -q -s "$FLEET/${2:-a}.key" -m "$www/manifest-$1.json" -x "$www/manifest-$1.json.$id.minisig" \
                </dev/null
}
offer() # SERIAL: p25-fleet asks for it at any time from now on
{
        echo "$1" >"$www/current.new" && mv "$www/current.new" "$www/current"
}
manifest() # SERIAL JQ: a manifest made of that of serial 3
{
        jq -c ".serial = $1 | $2" "$www/manifest-3.json" >"$www/manifest-$1.json"
}

offer 2
refused 'offers serial 2, which is older' "a smaller serial"
cp "$www/manifest-3.json" "$www/manifest-4.json"
sign 4 && offer 4
refused 'is the manifest of another serial' "an old manifest under a new number"
manifest 4 . && sign 4 && sed -i 's/"packed":/"packed": /' "$www/manifest-4.json" && offer 4
refused 'not a signature of this text' "a manifest that was changed"
manifest 4 . && sign 4 b && offer 4
refused 'no key of fleet.conf has signed it' "a foreign key"
manifest 4 . && sign 4 && sed -i 's/^trusted comment: ./&x/' "$www"/manifest-4.json.*.minisig && offer 4
refused 'its trusted comment was changed' "a trusted comment that was changed"
manifest 4 . && sign 4 && for f in "$www"/manifest-4.json.*.minisig; do head -c 100 "$f" >"$f.cut" && mv "$f.cut" "$f"; done && offer 4
refused 'not a signature of minisign' "a truncated signature"
manifest 4 '.valid_until = "2020-01-01T00:00:00Z"' && sign 4 && offer 4
refused 'has expired' "an expired manifest"
manifest 4 '.parts[0].sha256 = ("ab" * 32) | .parts[0].deltas = []' && sign 4 && offer 4
refused 'part-abab.*answers 404' "a part that is missing"
manifest 4 '.parts += [.parts[0] | .name = "../../etc/passwd"]' && sign 4 && offer 4
refused 'part 4 is not valid' "a name that is a path"
manifest 4 '.parts += [.parts[0] | .name = "others"]' && sign 4 && offer 4
refused 'fragment others .* is not among the fragments that fleet.conf lists' "a fragment that fleet.conf does not list"
manifest 4 '.parts += [.parts[0] | .group = "mx"]' && sign 4 && offer 4
refused 'comes twice for this host' "two parts of one name"
manifest 4 '.parts[0].size = 99999999999' && sign 4 && offer 4
refused 'part 1 is not valid' "a part that is too large"
printf '[%.0s' $(seq 100000) >"$www/manifest-4.json" && sign 4 && offer 4
refused 'not a JSON document' "JSON with depth"
truncate -s 1G "$www/manifest-4.json" && offer 4
refused 'manifest-4.json: .*(longer|xceeded)' "a manifest of 1 GB"
rm "$www/current" && truncate -s 1G "$www/current"
refused 'current: .*(longer|xceeded)' "a serial of 1 GB"
offer '4 or 5'
refused 'it is not a serial' "a serial that is none"

# parts whose files lie; the manifest is honest about what it wants
sha=$(echo 192.0.2.1 | sha256sum | cut -d ' ' -f 1)
part() # FILE OF A PACKED CONTENT
{
        cp "$1" "$www/part-$sha.gz"
        manifest 4 ".parts[0].sha256 = \"$sha\" | .parts[0].size = 10 | .parts[0].packed = ${2:-$(stat -c %s "$1")} | .parts[0].deltas = []" &&
                sign 4 && offer 4
}
echo 192.0.2.1 | gzip >"$WORK/one.gz"
head -c 20 "$WORK/one.gz" >"$WORK/cut.gz"
part "$WORK/cut.gz"
refused 'it is damaged' "a truncated part"
echo 192.0.2.2 | gzip >"$WORK/other.gz"
part "$WORK/other.gz"
refused 'its SHA-256 is not' "another part"
head -c 100M /dev/zero | gzip -1 >"$WORK/bomb.gz"
part "$WORK/bomb.gz"
refused 'longer than the manifest says' "a compressed bomb"
part "$WORK/bomb.gz" 30
refused 'longer|xceeded' "a file that is longer than said"
[ "$(awk '/^VmHWM/ { print $2 }' "/proc/$fleet/status")" -lt 60000 ]
ok $? "none of it was taken into memory"

# ---- p25d refuses: all or nothing ----

cp "$site/all/fragments/fleet.conf" "$WORK/fleet.conf"
echo 'rules = ( { action = "deny"; direction = "in"; from = "nobody"; } );' >"$site/all/fragments/fleet.conf"
echo 203.0.113.99 >>"$site/all/sets/blocked.txt"
publish
refused 'p25d refuses serial 4: ' "a fragment that is not valid"
is "$(ctl set show blocked | grep -c 203.0.113.99)" 0 "the set of that serial is not there either"

# ---- the guard: a stolen key ----

cp "$WORK/fleet.conf" "$site/all/fragments/fleet.conf"
echo 198.51.100.3 >>"$site/all/sets/blocked.txt"
publish
refused 'p25d refuses serial 4: .*[Aa]ssert' "a ban of whom the host asserts open"
expect "an address that is asserted open is open" inet open -s 198.51.100.3 198.51.100.1 25
sed -i '/^198.51.100.3$/d' "$site/all/sets/blocked.txt"
echo 0.0.0.0/0 >>"$site/all/sets/blocked.txt"
publish
refused 'p25d refuses serial 4: .*[Aa]ssert' "0.0.0.0/0 as a ban"
sed -i '/^0.0.0.0/d' "$site/all/sets/blocked.txt"
echo 'rules = ( { action = "allow"; direction = "out"; } );' >"$site/all/fragments/fleet.conf"
publish
refused 'p25d refuses serial 4: .*[Aa]ssert' "a rule that opens what the host asserts closed"
expect "a port that is asserted closed is" host closed 8.8.8.8 25
echo 'default = { incoming = "allow"; };' >"$site/all/fragments/fleet.conf"
publish
refused 'p25d refuses serial 4: ' "a fragment with the host's own settings"
cp "$WORK/fleet.conf" "$site/all/fragments/fleet.conf"

# ---- the server ----

web_stop
eventually 30 problem_is 'current: .*(connect|refused)'
ok $? "a web server that is gone is reported"
web_start "$www" <<<'location = /current { return 302 file:///etc/passwd; }'
eventually 60 problem_is 'redirects are not followed'
ok $? "a redirect to file: is not followed"
web_stop
web_start "$www" <<<"location = /current { return 301 https://$WEB/elsewhere; }"
eventually 60 problem_is 'answers 301; redirects are not followed'
ok $? "nor any other"
web_stop
web_start "$www" </dev/null
eventually 60 problem_is '^$'
ok $? "when it is back all is well"
worker=$(pgrep -P "$nginx")
signal STOP "$worker"
eventually 60 problem_is 'current: .*([Tt]ime|slow)'
ok $? "a web server that has stopped in the midst is given up"
signal CONT "$worker"
eventually 60 problem_is '^$'
ok $? "and asked again"
ip -n inet link set eth0 down
eventually 60 problem_is 'current: .*([Tt]ime|reach|slow)'
ok $? "a network that is cut is reported"
ip -n inet link set eth0 up
net_route inet 198.51.100.1 10.0.0.0/24 2>"$WORK/null"
eventually 60 problem_is '^$'
ok $? "and tried again"
expect "nothing opens meanwhile" inet filtered -t 300 -s 203.0.113.7 198.51.100.1 25
serial_is 3
ok $? "and nothing was lost"

# ---- restarts ----

fleet_stop KILL
offer 2
fleet_start
eventually 60 problem_is 'offers serial 2, which is older'
ok $? "a restart after kill -9 knows the serial: no replay"
restore
eventually 60 problem_is '^$'
p25d_stop KILL
p25d_start
ok $? "p25d is killed and comes back"
expect "with what it had" inet filtered -t 300 -s 203.0.113.7 198.51.100.1 25
ctl --reason test set remove blocked 203.0.113.7 >/dev/null
fleet_stop
fleet_start
shut() { [ "$(connect inet -t 300 -s 203.0.113.7 198.51.100.1 25)" = filtered ]; }
eventually 60 shut
ok $? "a local change is put right at the next start"

# ---- a change of keys ----

run "$P25_FLEET" publish --key "$FLEET/a.key" --key "$FLEET/b.key" --force "$FLEET/site"
is "$rc" 0 "two keys sign"
eventually 60 serial_is 4
ok $? "a host with the old key takes it"
fleet_stop
conf "$b"
fleet_start
run "$P25_FLEET" publish --key "$FLEET/a.key" --key "$FLEET/b.key" --force "$FLEET/site"
eventually 60 serial_is 5
ok $? "a host with the new key too"
fleet_stop
conf "$a" "$b"
fleet_start
run "$P25_FLEET" publish --key "$FLEET/b.key" --force "$FLEET/site"
eventually 60 serial_is 6
ok $? "and a host with both takes a serial that only the new key signed"

# ---- an expired one stays ----

fleet_stop
echo 0 >"$WORK/clock"
fleet_clock "$WORK/clock"
fleet_start
run "$P25_FLEET" publish --key "$FLEET/b.key" --valid-for 1h --force "$FLEET/site"
eventually 60 serial_is 7
ok $? "a serial that is valid for an hour"
status_is() { "${fleet_by_clock[@]}" "$P25_FLEET" --root "$ROOT" status | grep -q "^Valid: *$1"; }
status_is 'for [1-6][0-9] min'
ok $? "says so"
echo 7200 >"$WORK/clock"
status_is EXPIRED
ok $? "is reported when it has expired, an hour ago by this host's clock"
expect "and stays in force" inet filtered -t 300 -s 203.0.113.7 198.51.100.1 25
reports() { grep -c 'has expired, and the web server' "$WORK/fleet.log"; }
reported() { [ "$(reports)" -ge 1 ]; }
eventually 60 reported
# asked several times more: the web server's own log has the requests
asked=$(grep -c 'GET /current' "$WORK/access.log")
asked_more() { [ "$(grep -c 'GET /current' "$WORK/access.log")" -ge $((asked + 3)) ]; }
eventually 60 asked_more
fleet_stop
is "$(reports)" 1 "the log has it once"

done_testing
