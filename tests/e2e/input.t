#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Bad input: files and words that a person, a tool or an enemy may give. Never a crash, never a
# change, always a reason; and quickly.
. "$(dirname "$0")/../lib/e2e.sh"

net_world
root_make
cat >"$CONF" <<'CONF'
enabled = true;
CONF
bus_start
p25d_start
ok $? "p25d starts"

# NAME FILE REGEX: p25ctl check refuses it, exit 4, within 5 s, one ERROR with the reason
bad_file()
{
        run timeout 60 "$P25CTL" --root "$ROOT" --policies "$POLICIES" check "$2"
        is "$rc" 4 "check: $1"
        like "$err$out" "$3" "check: $1, says why"
}

# NAME TEXT REGEX: the same, of a text as host file
bad_text()
{
        printf '%s\n' "$2" >"$WORK/text.conf"
        bad_file "$1" "$WORK/text.conf" "$3"
}

good_text()
{
        printf '%s\n' "$2" >"$WORK/text.conf"
        run timeout 60 "$P25CTL" --root "$ROOT" --policies "$POLICIES" check "$WORK/text.conf"
        is "$rc" 0 "check: $1"
        [ "$rc" = 0 ] || diag "$err$out"
}

cd "$WORK" || exit
: >empty.conf
run timeout 60 "$P25CTL" --root "$ROOT" check empty.conf
[[ $rc == 0 || $rc == 4 ]]
ok $? "check: an empty file ($rc)"
truncate -s 100M huge.conf
bad_file "100 MB of nothing" huge.conf "16|large|big"
yes '# comment' | head -c 20M >long.conf
bad_file "20 MB of comments" long.conf "16|large|big"
head -c 20000 /dev/urandom >random.conf
bad_file "random bytes" random.conf "random.conf"
printf 'enabled = true;\0roles = ( "mx" );\n' >nul.conf
bad_file "a NUL inside" nul.conf "nul.conf"
printf 'enabled = tr' >cut.conf
bad_file "cut off" cut.conf "cut.conf:1"
mkdir folder.conf
bad_file "a folder" folder.conf "folder.conf"
mkfifo fifo.conf
bad_file "a FIFO" fifo.conf "fifo.conf"
ln -s loop.conf loop.conf
bad_file "a link to itself" loop.conf "loop.conf"
bad_file "no file" missing.conf "missing.conf"
bad_file "a device" /dev/zero "zero"
bad_text "@include" '@include "/etc/passwd"' "text.conf:1.*@include"
printf '%s\n' 'enabled = true;' '@include "/etc/passwd"' >include.conf
bad_file "@include on line 2" include.conf "include.conf:2"
bad_text "an unknown key" 'enabeld = true;' "text.conf:1.*enabeld"
bad_text "a wrong type" 'enabled = "yes";' "text.conf:1.*enabled"
bad_text "an unknown role" 'roles = ( "nosuchrole" );' "nosuchrole"
bad_text "an unknown service" 'rules = ( { action = "deny"; ports = [ "http" ]; } );' "http"
bad_text "an unknown set" 'rules = ( { action = "deny"; from = [ "@none" ]; } );' "none"
bad_text "an unknown user" \
        'rules = ( { action = "deny"; direction = "out"; user = [ "nosuchuser" ]; } );' "nosuchuser"
bad_text "an unknown group" \
        'rules = ( { action = "deny"; direction = "out"; group = [ "nosuchgroup" ]; } );' "nosuchgroup"
for port in 0 65536 -1 4294967321 25L 22 '"25x"' '""' 2.5 4294967321L; do
        bad_text "port $port" "rules = ( { action = \"deny\"; ports = [ $port ]; } );" \
                "text.conf:1"
done
for address in ::ffff:192.0.2.1 ::ffff:0:0/96 fe80::1%eth0 10.0.0.0/33 fd00::/129 10.0.0 \
        10.0.0.256 010.1.1.1 mail.example.org 10.0.0.0/-1 10.0.0.0/ / '' ' ' 1.2.3.4/8/8 \
        fd00:::1 @ @@x; do
        bad_text "address '$address'" \
                "rules = ( { action = \"deny\"; from = [ \"$address\" ]; } );" "text.conf:1"
done
good_text "host bits" 'rules = ( { action = "deny"; from = [ "10.1.2.3/8" ]; } );'
like "$err$out" "10\.0\.0\.0/8" "check: host bits, warns"
bad_text "a user for incoming" \
        'rules = ( { action = "deny"; direction = "in"; user = [ "root" ]; } );' "user"
bad_text "a rate out of range" \
        'rules = ( { action = "limit"; rate = "0/minute"; } );' "rate|text.conf:1"
bad_text "a limit's number for a deny" 'rules = ( { action = "deny"; burst = 5; } );' "text.conf:1"
bad_text "a burst out of range" 'rules = ( { action = "limit"; burst = 65536; } );' "burst"
bad_text "a comment with a newline" \
        'rules = ( { action = "deny"; comment = "a\nb"; } );' "comment"
bad_text "a comment of 201 bytes" \
        "rules = ( { action = \"deny\"; comment = \"$(printf 'x%.0s' {1..201})\"; } );" "200"
bad_text "a bad name" 'sets = { bad/name = { entries = [ ]; }; };' "text.conf:1"
bad_text "a missing set file" 'sets = { x = { file = "/nonexistent"; }; };' "nonexistent"
bad_text "a required variable" 'roles = ( "internal-relay" );' "internal"
bad_text "an assertion that fails" \
        'roles = ( "mx" ); assert = ( { packet = "in from 192.0.2.1"; verdict = "deny"; } );' \
        "assert|192.0.2.1"
bad_text "deep nesting" "$(printf 'rules = '; printf '(%.0s' {1..5000})" "text.conf"
printf 'rules = ( { action = "deny"; from = [ %s ]; } );\n' \
        "$(seq -f '"10.0.%g.1"' -s , 0 255 | sed 's/$//')" >many.conf
rule_of() # N addresses
{
        awk -v n="$1" 'BEGIN { printf "rules = ( { action = \"deny\"; from = [ "
                for (i = 0; i < n; i++)
                        printf "%s\"10.%d.%d.%d\"", i ? ", " : "", i / 65536, i / 256 % 256, i % 256
                print " ]; } );" }'
}
rule_of 10000 >rule.conf
run timeout 60 "$P25CTL" --root "$ROOT" --policies "$POLICIES" check rule.conf
is "$rc" 0 "check: a rule of 10,000 addresses"
rule_of 10001 >rule.conf
bad_file "a rule of 10,001 addresses" rule.conf "10,?000"
awk 'BEGIN { print "rules = ("
        for (i = 0; i < 10000; i++)
                printf "%s{ action = \"deny\"; direction = \"in\"; from = [ \"10.1.%d.%d\" ]; }\n", \
                        i ? "," : "", i / 256, i % 256
        print ");" }' >rules.conf
run timeout 120 "$P25CTL" --root "$ROOT" --policies "$POLICIES" check rules.conf
is "$rc" 0 "check: 10,000 rules"
run_ctl fragment put many "$WORK/rules.conf"
is "$rc" 0 "10,000 rules are put in force"
is "$(ctl --json explain in from 10.1.39.15 | jq -r .verdict)" deny "the last of them decides"
run_ctl fragment drop many
is "$rc" 0 "and are dropped"

# roles: an unknown one, and two of one name
echo 'role = { name = "twin"; summary = "One"; };' >"$ROOT/etc/p25/roles.d/one.conf"
echo 'role = { name = "twin"; summary = "Two"; };' >"$ROOT/etc/p25/roles.d/two.conf"
run_ctl reload
is "$rc" 4 "two roles of one name are refused"
like "$err" "twin" "by name"
rm "$ROOT"/etc/p25/roles.d/*.conf
echo 'role = { name = "selfish"; vars = { a = { type = "networks"; default = [ "$a" ]; }; }; };' \
        >"$ROOT/etc/p25/roles.d/selfish.conf"
run_ctl role set selfish
is "$rc" 4 "a role whose variable names itself is refused"
rm "$ROOT"/etc/p25/roles.d/*.conf
run_ctl reload
is "$rc" 0 "without them it reloads"

# words in every wrong order
state()
{
        ctl status --json | jq -cS 'del(.rules[].packets, .rules[].bytes)'
}
before=$(state)
while read -r words; do
        # shellcheck disable=SC2086 # words
        run_ctl $words
        is "$rc $(grep -c ^ERROR: <<<"$err") $out" "4 1 " "refused: p25ctl $words"
        [ "$rc" = 4 ] || diag "$err"
done <<'WORDS'
in deny
deny in out
deny deny
deny in in
allow from
allow from any from any
allow to to 10.0.0.1
allow out user
allow out user root group
allow port
allow port 25 port 26
allow in port 99999
allow in 25/udp
allow in proto udp
allow smtp submission
allow on
allow on a/b
allow in on eth0 on eth1
allow in on abcdefghijklmnopqrstuvwxyz
allow in from 10.0.0.1 port 25
limit in rate
limit in rate 12
limit in rate 0/minute
limit in rate 1000001/minute
limit in rate 12/fortnight
limit in burst 0
limit in burst 65536
limit in max -1
allow in rate 12/minute
insert allow
insert 0 allow in
insert -1 allow in
insert 99999999999999999999 allow in
insert 1
prepend
delete
delete 0
delete -1
delete 1x
delete insert 1 deny in
route allow in user root
route allow in on eth0 in on eth1
rule
route
route delete
allow in comment
allow out unit ../../x
allow in from 10.0.0.0/8/8
allow in from 10.0.0.0/08x
default
default allow deny
default limit
default deny incoming outgoing
logging
role
role add
role remove nosuchrole
set
set load
set load name
set load name /nonexistent
set load bad/name /dev/null
set add
set add name
set add name 10.0.0.0/33
set add name host.example.org
set remove nosuchset 10.0.0.1
set drop nosuchset
fragment
fragment put
fragment put x
fragment put x /nonexistent
fragment put bad/name /dev/null
fragment put x /etc
fragment drop nosuchfragment
explain
explain sideways
explain in from
explain in from 10.0.0.0/8
explain in port 0
explain in user root
compile
compile --format
compile /dev/null --format sql
test
status loudly
show
show everything
help nosuchcommand
--expect
--expect x status
--nosuchoption status
WORDS
is "$(state)" "$before" "nothing of it changed anything"
run_ctl allow in comment "$(printf 'x%.0s' {1..201})"
is "$rc" 4 "a comment of 201 bytes"
run_ctl allow in comment $'a\033[31mb'
is "$rc" 4 "a comment with an escape"
unlike "$err" $'\033' "the escape is not printed"
run_ctl allow in comment $'\xff\xfe'
is "$rc" 4 "a comment that is not UTF-8"
run_ctl allow in from "$(head -c 100000 /dev/zero | tr '\0' 1)"
is "$rc" 4 "an address of 100,000 characters"
at_most ${#err} 1000 "the error does not repeat the address"
run_ctl set load x /dev/zero
is "$rc" 4 "a set of /dev/zero"
is "$(state)" "$before" "nothing of it changed anything either"

# over the bus, past p25ctl
call() # METHOD ARGUMENT...
{
        run busctl --address="$DBUS_SYSTEM_BUS_ADDRESS" call org.port25.Policy1 \
                /org/port25/Policy1 org.port25.Policy1.Manager "$@"
}
call SetDefault 'ss''a{sv}' sideways deny 0
[ "$rc" != 0 ]
ok $? "SetDefault of no direction"
call SetDefault s incoming
[ "$rc" != 0 ]
ok $? "SetDefault with too few arguments"
call SetRoles 'asa{sv}' 1 ../../etc/passwd 0
[ "$rc" != 0 ]
ok $? "SetRoles with a path"
call SetRoles 'asa{sv}' 0 1 nosuchoption b true
[ "$rc" != 0 ]
ok $? "an unknown option"
call AddRule 'a{sv}a{sv}' 2 action s deny ports as 1 smtp 0
[ "$rc" != 0 ]
ok $? "ports of a wrong type"
call AddRule 'a{sv}a{sv}' 3 action s deny direction s in nosuchkey s x 0
[ "$rc" != 0 ]
ok $? "an unknown key"
call PutFragment 'ssa{sv}' ../x 'rules = ();' 0
[ "$rc" != 0 ]
ok $? "a fragment's name with a path"
call UpdateSet 'sasasa{sv}' s 1 'not an address' 0 0
[ "$rc" != 0 ]
ok $? "an invalid entry"
run_ctl role set mxx
is "$rc $err" '4 ERROR: there is no role mxx; did you mean "mx"?' "a misspelt role"
run_ctl role show app-sever
is "$rc $err" '4 ERROR: there is no role app-sever; did you mean "app-server"?' "to be shown too"
run_ctl role add nothing-like-it
like "$err" "p25ctl role list shows them" "one that is near to none"
is "$(state)" "$before" "nothing of it changed anything"
process_gone "$p25d"
is $? 1 "p25d lives"
cd / || exit
done_testing
