#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What is in audit is reported and counted, and passes; p25ctl audit lists it, proposes rules and
# says what the end of the audit would refuse; audit promote ends it.
. "$(dirname "$0")/../lib/e2e.sh"

net_world
listen inet 25
listen host 25
p25_host <<'CONF'
audit   = [ "outgoing", "routed" ];
default = { incoming = "deny"; outgoing = "reject"; routed = "reject"; };
CONF
ok $? "p25d starts"

audit() # FILTER
{
        ctl audit --json | jq -c "$1"
}
counted() # N
{
        [ "$(audit .connections)" -ge "$1" ]
}

# ---- it passes, and is said ----

expect "outgoing passes, IPv4" host open 198.51.100.2 25
expect "outgoing passes, IPv6" host open 2001:db8:1::2 25
expect "routed passes" lan open 198.51.100.2 25
expect "incoming is enforced" inet filtered -t 300 -s 203.0.113.7 198.51.100.1 25
run_ctl status
like "$out" "AUDIT: REFUSALS ARE ONLY REPORTED, NOT ENFORCED: outgoing, routed \(p25ctl audit\)" \
        "status says so above the table"
is "$(ctl status --json | jq -c .audit)" '["outgoing","routed"]' "and in JSON"
run_ctl explain out to 198.51.100.2
like "$out" "Verdict: allow" "explain: it passes"
like "$out" "would be rejected, but the direction \(outgoing\) is in audit" "and why"
is "$(ctl explain out to 198.51.100.2 --json | jq -c '[.verdict, .audit]')" '["allow","reject"]' \
        "both verdicts in JSON"
is "$(ctl explain in from 203.0.113.7 --json | jq -c '[.verdict, .audit]')" '["deny",null]' \
        "of a direction that is not in audit"

# ---- what would be refused ----

eventually 5 counted 3
ok $? "the events come"
is "$(audit '[.groups[] | [.direction, .user, .destination]] | sort')" \
        '[["out","root","198.51.100.2"],["out","root","2001:db8:1::2"],["routed",null,"198.51.100.2"]]' \
        "in groups"
is "$(ctl events --json | jq -c '[.[] | select(.audit)] | map(.action) | unique')" '["reject"]' \
        "an event says what would have been done"
like "$(ctl events)" "out     audit   root +198.51.100.2:25 +default" "a row of events"
like "$(cat "$WORK/p25d.log")" "would be refused, but is in audit: out " "the log"
is "$(ctl status --json | jq -r '.default.outgoing')" reject "the default is what it will be"
run_ctl audit
like "$out" "In audit: outgoing, routed" "audit: what is in audit"
like "$out" "out     root +198.51.100.2:25 +[0-9]+ time" "audit: a group"
like "$out" "  p25ctl allow out to 198.51.100.2 port 25 user root" "audit: a rule in words"
like "$out" "  p25ctl route allow from 10.0.0.2 to 198.51.100.2 port 25" "audit: one for a routed connection"

# ---- replay ----

run_ctl audit promote --dry-run
is "$rc" 0 "promote --dry-run"
like "$out" "- audit outgoing" "says what ends"
like "$out" "newly rejected: out 25/tcp" "and the effect on packets"
like "$out" "replay: of [0-9]+ connections in the events since [0-9TZ:-]+, [1-9][0-9]* that pass now would have been refused" \
        "and how many of the recent connections it would have refused"
expect "nothing has changed" host open 198.51.100.2 25
run_ctl allow out to 198.51.100.2 user root
is "$rc" 0 "a proposed rule is added"
is "$(audit '[.groups[] | select(.direction == "out") | .destination]')" '["2001:db8:1::2"]' \
        "allowed connections would not be refused"

# ---- the end ----

run_ctl audit promote --confirm 10m
is "$rc" 0 "promote --confirm"
like "$out" "^Audit ended" "says so"
like "$out" "newly rejected: out 25/tcp" "and the packets that are refused from now on"
expect "outgoing is enforced" host closed 2001:db8:1::2 25
expect "what a rule allows passes" host open 198.51.100.2 25
expect "routed is enforced" lan closed 198.51.100.2 25
run_ctl confirm
is "$rc" 0 "confirmed"
unlike "$(ctl status)" "AUDIT" "status says nothing more"
like "$(ctl status verbose)" "'p25ctl audit promote' overrides audit = outgoing in p25.conf" \
        "but that p25.conf says otherwise"
run_ctl audit promote
is "$rc ${out%%$'\n'*}" "0 Nothing is in audit" "a second promote changes nothing"
run_ctl audit
is "$out" "Nothing is in audit." "nor does audit list anything"
p25d_stop
p25d_start
expect "enforced over a restart" host closed 2001:db8:1::2 25
run_ctl reset --force
is "$rc" 0 "reset"
expect "reset goes back to p25.conf" host open 2001:db8:1::2 25
like "$(ctl status)" "AUDIT: .*: outgoing, routed .*default \(p25.conf\), in audit" "and says so"

# ---- a crowd hides nobody ----

if [ -n "$many_uids" ]; then
        for i in {1..55}; do connect host -u $((5000 + i)) -g 5000 198.51.100.2 25; done >"$WORK/out"
        connect host -u 5000 -g 5000 198.51.100.2 25 >"$WORK/out"
        connect host -u 5000 -g 5000 203.0.113.7 25 >"$WORK/out"
        connect lan 203.0.113.7 25 >"$WORK/out"
        crowd_is_known()
        {
                [ "$(audit '[.groups[] | select(.uid and .uid > 5000)] | length')" = 55 ] &&
                        [ "$(audit '[.groups[] | select(.destination == "203.0.113.7")] | length')" = 2 ]
        }
        eventually 5 crowd_is_known
        ok $? "56 users send"
        is "$(audit '[.proposals[] | select(test("^route allow from 10.0.0.2 to 203.0.113.7 port 25"))] | length')" 1 \
                "a rule for the routed connection is proposed beside those for users"
        is "$(audit '[.proposals[] | select(test("user 5000$"))] | length')" 2 \
                "and for the user with the most connections"
        left=$(audit .proposals_left_out)
        is "$(audit '.proposals | map(select(test("user"))) | map(sub(".* user "; "")) | unique | length') $((left > 30))" "20 1" \
                "the others are left out, and counted"
        like "$(ctl audit)" "… and no rule for $left more clients" "p25ctl audit says so"
else
        skip "a crowd of users" "one uid only"
fi

# ---- containers ----

for tree in /sys/fs/cgroup/unified /sys/fs/cgroup; do
        [ ! -e $tree/cgroup.controllers ] || break
done
slice=$tree/p25e2e$RANDOM.slice
box=$slice/docker-0123456789ab$(printf '%052d' 0).scope
cgroups_remove()
{
        rmdir "$box" "$slice" 2>/dev/null
}
trap 'cgroups_remove; rm -rf "$WORK"' EXIT
of_container()
{
        [ "$(audit '[.groups[] | select(.container == "0123456789ab") | .destination]')" = '["203.0.113.7"]' ]
}
if [ "$backend" = nftables ] && mkdir "$slice" "$box" 2>/dev/null; then
        connect host -c "$box" 203.0.113.7 25 >/dev/null
        eventually 5 of_container
        ok $? "a container's connections are a group"
        like "$(ctl audit)" "root \(container 0123456789ab\) +203.0.113.7:25" "p25ctl audit names the container"
else
        skip "a container" "it needs nftables, and cgroups that can be made"
fi

# ---- a flood ----

# so many at a time that their ends are not noted
net_in host python3 -c 'import socket
for i in range(2000):
    s = socket.socket()
    s.setblocking(False)
    s.connect_ex(("192.0.2.%d" % (i % 250), 25)) if i < 250 else s.connect_ex(("10.0.%d.%d" % (i // 250, i % 250), 25))
    s.close()' 2>"$WORK/err"
flood_is_known()
{
        [ "$(audit .unknown)" -gt 0 ]
}
eventually 5 flood_is_known
ok $? "connections of a flood are counted, of which nobody noted between whom"
like "$(ctl audit)" "[0-9]+ more came in a flood: between whom is not known" "p25ctl audit says so"

# ---- lockdown, assertions ----

run_ctl lockdown on
expect "lockdown is never in audit" host closed 2001:db8:1::2 25
unlike "$(ctl status)" "AUDIT" "status does not report an audit"
run_ctl lockdown off
cat >>"$ROOT/etc/p25/p25.conf" <<'CONF_END'
assert = ( { packet = "out to 192.0.2.1"; verdict = "reject"; } );
CONF_END
run_ctl reload
is "$rc" 4 "an assertion of what is in audit does not hold"
like "$err" "the default says reject, but is in audit, which lets the connection pass" "and says why"

done_testing
