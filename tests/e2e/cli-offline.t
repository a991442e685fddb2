#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# p25ctl without a daemon: usage, help, options, files. Needs neither root nor a namespace.

cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/lib/tap.sh
. tests/lib/tap.sh
export LC_ALL=C.UTF-8
export DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nonexistent
p25ctl=$PWD/${BUILD:-build}/p25ctl
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

run() # ARGUMENT... → $rc, $out, $err
{
        "$p25ctl" "$@" >"$work/out" 2>"$work/err" </dev/null
        rc=$?
        out=$(cat "$work/out")
        err=$(cat "$work/err")
}

offline()
{
        run --root "$work/root" --policies policies "$@"
}

# exit 4, exactly one line "ERROR: …", nothing on stdout
refuses() # REGEX ARGUMENT...
{
        local regex=$1
        shift
        run "$@"
        is "$rc $(grep -c '^ERROR: ' <<<"$err") $out" "4 1 " "p25ctl $* is refused"
        like "$err" "$regex" "p25ctl $* says why"
}

# ---- help and usage ----

run help
is "$rc $err" "0 " "help exits 0, on stdout"
while read -r name; do
        like "$out" $'\n'"  $name " "help lists $name"
        # shellcheck disable=SC2086 # one word or two
        run help $name
        is "$rc" 0 "help $name"
        like "$out" "^p25ctl $name" "is about $name"
        run help
done < <(sed -n 's/^        { "\([a-z ]*\)", [0-9].*/\1/p' cli/verbs.c)
run help role
is "$(grep -c ^p25ctl <<<"$out")" 6 "help role describes all of role"
while read -r name; do
        # shellcheck disable=SC2086 # one word or two
        run help $name
        is "$(grep -c '^  p25ctl ' <<<"$out")" "$(($(grep -c ^p25ctl <<<"$out") * 2))" \
                "help $name: two examples of each command"
done < <(run help --json; jq -r '.[].name' <<<"$out")
run help ROLE set
is "$rc ${out%%$'\n'*}" "0 p25ctl role set NAME..." "help role set describes one"
refuses "'frobnicate' is not a command" help frobnicate
refuses "a command is missing"
like "$err" "Usage: p25ctl" "with the usage on stderr"
refuses "'frobnicate' is not a command: 'p25ctl help'" frobnicate
refuses "is not a command: did you mean \"status\"\?" statsu
refuses "did you mean \"fragment\"\?" fragmnt
refuses "did you mean \"role list\"\?" role lits
refuses "did you mean \"role set\"\?" help role ste
refuses "did you mean \"audit promote\"\?" audit promot
refuses "did you mean \"from\"\?" deny frm 192.0.2.1
refuses "did you mean \"to\"\?" explain out too 192.0.2.1
refuses ": did you mean \"--dry-run\"\?" --dryrun deny
refuses "did you mean \"--confirm\"\?" --cofirm=60s deny
for option in "--confirm 60s" "--expect 3" "--reason why"; do
        for command in status "role list" plan history "explain in" check; do
                # shellcheck disable=SC2086 # words
                refuses "^ERROR: ${option%% *} can only be used with a command that changes" $command $option
        done
done
refuses "^ERROR: --format can only be used with 'compile'" deny --format nft
refuses "^ERROR: --ipv4 can only be used with 'compile'" status -4
refuses "list, show, set, add, remove, drop|list, show, load" set
refuses "added, raw, listening" show everything
refuses "too many arguments" enable now
like "$err" "Usage: p25ctl enable" "with the usage of enable"
refuses "argument is missing" set load name
run --help
is "$rc ${out:0:6}" "0 p25ctl" "--help is help"
run role set mx --help
is "$rc ${out%%$'\n'*}" "0 p25ctl role set NAME..." "and of a command runs nothing"
run version
is "$rc $out" "0 p25ctl 0.1.0" "version"
run --version
is "$rc $out" "0 p25ctl 0.1.0" "--version"
run VERSION
is "$rc $out" "0 p25ctl 0.1.0" "words are case-insensitive"

refuses "argument is missing" lockdown
refuses "must be on or off" lockdown maybe
refuses "must be on or off" lockdown of
refuses "did you mean \"allow\"" default alow
refuses "did you mean \"incoming\"" default deny incomming
refuses "'x' is not a valid default: allow, deny or reject" default x
refuses "did you mean \"low\"" logging lowe
refuses "did you mean \"verbose\"" status verbos
refuses "did you mean \"disable\"" stop
refuses "did you mean \"enable\"" start
refuses "did you mean \"deny\"" block 25
refuses "is not a valid revision" rollback x
refuses "is not a valid revision" diff 1 -2

# ---- options ----

run --json version
is "$rc $out" '0 {"version":"0.1.0"}' "an option before the command"
run version --json
is "$rc $out" '0 {"version":"0.1.0"}' "and behind it"
refuses "no option --nosuch" --nosuch version
refuses "no option -x" -x version
refuses "needs an argument" version --root
refuses "takes no argument" --json=yes version
refuses "revision is a number" --expect soon enable
refuses "revision is a number" --expect -1 enable
refuses "reason" --reason $'a\tb' enable
refuses "a duration is" --confirm 5 enable
for duration in 0s 367d 2 2w -1h 1.5h ""; do
        refuses "'for'? .*(a duration is 90s, 10m, 2h or 7d|needs a value)" deny 25 for "$duration"
done

# ---- without a daemon ----

for words in status "status verbose" "status numbered" enable disable reload "reset --force" \
        "default deny" "logging low" "logging on" deny "deny out" "allow 587" "delete allow 25" \
        "delete 1" "show added" "show listening" "role list" "role set mx" "role add mx" \
        "set list" "set add x 192.0.2.1" "set drop x" "fragment list" "fragment show x" \
        "fragment drop x" "explain in"; do
        # shellcheck disable=SC2086
        run $words
        is "$rc $(grep -c '^ERROR: p25d is not reachable' <<<"$err") $out" "8 1 " \
                "p25ctl $words: not reachable"
done
refuses "^ERROR: 22 is not a mail port \(25, 465, 587, 2525\)$" allow 22
refuses "asks for confirmation" reset
run --json enable
is "$rc" 8 "--json: an error"
like "$out" '^\{"status":8,"errors":\["p25d is not reachable' "is a document too"
run --json deny 22
like "$out" '^\{"status":4,"errors":\["22 is not' "bad words as well"

# ---- words that are refused before anybody is asked ----

while IFS=$'\t' read -r words message; do
        [[ $words == *[\'$'\001'\$]* ]] && continue # these need a shell to take them apart
        [[ $words == delete\ +([0-9]) ]] && continue # which is a command
        [ "${words%% *}" = 25 ] || [ "${words%% *}" = in ] || [ "${words%% *}" = block ] ||
                [ "${words%% *}" = alow ] && continue # no command begins with these
        set -f
        # shellcheck disable=SC2086
        run $words
        set +f
        is "$rc $out" "4 " "p25ctl $words"
        [[ $words == delete && $err == *missing* ]] && continue
        is "${err%%$'\n'*}" "ERROR: $message" "p25ctl $words: the message"
done <tests/golden-fail/words/refused.txt
run allow from 10.1.2.3/8
like "$err" "^WARNING: 10.1.2.3/8 has host bits; using 10.0.0.0/8" "host bits are a warning"
is "$rc" 8 "and no error"
refuses "10.1.2.3/8 has host bits" --strict allow from 10.1.2.3/8
run deny comment --json
is "$rc $out" "8 " "the word behind comment is a text, not an option"
run allow in comment $'a\033[31mb'
unlike "$err" $'\033' "control characters are not printed"
run allow in from "$(head -c 100000 /dev/zero | tr '\0' 1)"
at_most ${#err} 1000 "nor words of 100,000 characters"

# ---- check ----

mkdir -p "$work/root/etc/p25"
cat >"$work/root/etc/p25/p25.conf" <<'CONF'
roles = ( "mx" );
rules = ( { action = "deny"; direction = "in"; from = [ "192.0.2.0/24" ]; comment = "bad ones"; } );
assert = ( { packet = "in from 198.51.100.9"; verdict = "allow"; } );
CONF
offline check policies/*.conf "$work/root/etc/p25/p25.conf"
is "$rc $err" "0 " "check takes the shipped roles and a host file"
is "$(grep -c ': ok (role)$' <<<"$out") $(grep -c ': ok (host file)$' <<<"$out")" "9 1" "a line each"
echo 'rules = ( { action = "alow"; } );' >"$work/bad.conf"
printf '%s\n' '' 'rules = ( { action = "deny"; from = [ "10.0.0.0/99" ]; } );' >"$work/worse.conf"
offline check "$work/bad.conf" policies/mx.conf "$work/worse.conf"
is "$rc" 4 "check: two bad ones"
like "$err" "ERROR: $work/bad.conf:1: .*action" "the first at its place"
like "$err" "ERROR: $work/worse.conf:2: " "the second too"
like "$out" "^policies/mx.conf: ok" "and the good one is good"
offline --json check "$work/bad.conf" policies/mx.conf
like "$out" '^\{"files":\[\{"file":"[^"]*bad.conf","valid":false\},\{"file":"policies/mx.conf","valid":true' \
        "check --json"
for file in / "$work/none" /dev/null; do
        offline check "$file"
        is "$rc $(grep -c ^ERROR: <<<"$err")" "4 1" "check $file"
done
echo 'rules = ( { action = "deny"; from = [ "10.1.2.3/8" ]; } );' >"$work/bits.conf"
offline check "$work/bits.conf"
like "$rc $err" "^0 WARNING: $work/bits.conf:1: .*10\.0\.0\.0/8" "check: a warning"
offline --strict check "$work/bits.conf"
like "$rc $err" "^4 ERROR: $work/bits.conf:1: " "an error under --strict"
echo 'role = { name = "own"; rules = ( { action = "allow"; from = "$nosuch"; } ); };' >"$work/role.conf"
offline check "$work/role.conf"
like "$rc $err" "^4 ERROR: .*nosuch" "check: a role with an unknown var"
: >"$work/empty.txt"
echo 'sets = { x = { file = "/set.txt"; }; }; rules = ( { action = "deny"; from = [ "@x" ]; } );' \
        >"$work/set.conf"
printf '%s\n' 192.0.2.0/24 198.51.100.999 >"$work/root/set.txt"
offline check "$work/set.conf"
like "$rc $err" "^4 ERROR: .*set.txt:2: " "check: a set file is read"

# ---- compile ----

offline compile policies/mx.conf
is "$rc" 0 "compile"
like "$out" "limit port 25 rate 60/minute burst 30 max 20 .*role:mx" "lists the rules"
offline compile policies/mx.conf --format ir
like "$out" "limit port 25" "--format ir is the same"
offline compile policies/mx.conf --format json
like "$out" '^\{"incoming":\{"default":"deny"' "--format json"
offline compile policies/mx.conf --json
like "$out" '^\{"incoming":\{"default":"deny"' "--json is"
offline compile --format=nft "$work/root/etc/p25/p25.conf"
like "$rc $out" "^0 .*table inet p25" "--format nft"
offline compile policies/mx.conf --format iptables
like "$rc $out" "^0 # iptables-restore.*COMMIT.# ip6tables-restore.*COMMIT" "--format iptables"
offline compile policies/mx.conf --format iptables -6
like "$rc $out" "^0 # ip6tables-restore" "-6: IPv6 only"
offline compile policies/mx.conf --format nft -4
like "$rc $err" "^4 ERROR: -4 and -6" "-4 without --format iptables"
offline compile policies/mx.conf --format sql
like "$rc $err" "^4 ERROR: .*ir, nft, iptables" "--format sql"
offline compile "$work/bad.conf"
like "$rc $err" "^4 ERROR: .*bad.conf:1" "compile: a bad file"

# ---- check of folders ----

mkdir -p "$work/root/etc/p25/policy.d" "$work/root/etc/p25/roles.d" "$work/empty"
offline check
is "$rc $out" "0 $work/root/etc/p25/p25.conf: ok (host file)" "check without FILE: the files in force"
echo 'vars = { a = [ "x" ]; };' >"$work/root/etc/p25/policy.d/site.conf"
echo 'role = { name = "own"; summary = "s"; };' >"$work/root/etc/p25/roles.d/own.conf"
offline check
is "$rc $out" "0 $work/root/etc/p25/p25.conf: ok (host file)
$work/root/etc/p25/policy.d/site.conf: ok (fragment)
$work/root/etc/p25/roles.d/own.conf: ok (role)" "and those of policy.d and roles.d, as what they are there"
files=$out
offline check "$work/root/etc/p25"
is "$rc $out" "0 $files" "check of a folder"
echo 'roles = ( "mx" );' >"$work/root/etc/p25/policy.d/wrong.conf"
offline check
is "$rc $(grep -c ^ERROR: <<<"$err")" "4 1" "a file of policy.d with a setting of p25.conf"
like "$err" "wrong.conf:1: roles" "names it"
rm -r "$work/root/etc/p25/policy.d" "$work/root/etc/p25/roles.d"
offline check "$work/empty"
like "$rc $err" "^4 ERROR: $work/empty: the folder has no .*conf files" "check of an empty folder"
run --root "$work/empty" check
is "$rc $out" "0 There are no files to check." "check where there is nothing"

# ---- explain and test ----

offline explain in from 192.0.2.1
is "$rc ${out%%$'\n'*}" "0 Verdict: deny" "explain --root"
like "$out" $'\nRule: deny from 192.0.2.0/24 to any port 25 comment .bad ones. \\(p25.conf\\)\n' \
        "names the rule"
offline --json explain in from 192.0.2.1
like "$out" '"verdict":"deny","audit":null,"rule":\{.*"comment":"bad ones".*"effective":"deny","foreign":\[\]' \
        "explain --json"
offline --json explain out to 8.8.8.8 user www-data
like "$out" '"verdict":"reject","audit":null,"rule":null' "a default is not a rule"
is "$(jq -r '.effective, .code, (.assumptions | length)' <<<"$out" | tr '\n' ' ')" \
        "reject P25_DEFAULT 0 " "a connection that p25 refuses is refused, whatever other firewalls do"
offline --json explain in from 198.51.100.9
is "$(jq -r '.verdict, .effective, .code, .assumptions[]' <<<"$out" | tr '\n' ' ')" \
        "limit undetermined P25_RULE other firewalls on this host are not considered " \
        "another firewall may refuse a connection that p25 lets pass"
offline explain in from 198.51.100.9
like "$out" $'\nEffective: undetermined\nNote: other firewalls on this host are not considered$' \
        "and the text says so"
offline --json explain in port 587
is "$(jq -r '.verdict, .effective, .code' <<<"$out" | tr '\n' ' ')" "allow undetermined UNDETERMINED " \
        "a port that nothing manages: nothing of p25 decides"
offline explain in from 192.0.2.1 port 587
is "${out%%$'\n'*}" "Verdict: allow" "a port that nothing manages"
for words in sideways "in from" "in from 10.0.0.0/8" "in port 0" "in user root" \
        "out user nosuchuser" "in in" "out to 192.0.2.1 to 192.0.2.2"; do
        # shellcheck disable=SC2086
        offline explain $words
        is "$rc $(grep -c ^ERROR: <<<"$err") $out" "4 1 " "explain $words is refused"
done
offline test "$work/root/etc/p25/p25.conf"
is "$rc $out" "0 ok: in from 198.51.100.9: limit" "test: an assertion that holds"
cat >"$work/test.conf" <<'CONF'
assert = ( { packet = "in from 192.0.2.1"; verdict = "deny"; },
           { packet = "in from 192.0.2.1"; verdict = "allow"; } );
CONF
offline test "$work/test.conf"
is "$rc $out" "1 ok: in from 192.0.2.1: deny
failed: in from 192.0.2.1: deny, not allow" "and one that does not"
run --policies policies test "$work/none.conf"
is "$rc" 4 "test of no file"
echo 'assert = ( );' >"$work/none.conf"
run --policies policies test "$work/none.conf"
like "$err" "^WARNING: p25d is not reachable" "without a daemon and --root, what is stored is tested"
offline --json test "$work/test.conf"
like "$rc $out" '^1 \{"assertions":\[.*"holds":false.*\],"failed":1' "test --json"
sed -i 's/in from 192.0.2.1/in frm 192.0.2.1/' "$work/test.conf"
offline test "$work/test.conf"
like "$rc $err" "^4 ERROR: .*test.conf:1: " "and an invalid packet"
echo 'enabled = ' >"$work/root/etc/p25/p25.conf"
offline explain in
like "$rc $err" "^4 ERROR: .*/etc/p25/p25.conf:[0-9]+: " "a broken p25.conf"
offline role show mx
like "$rc $out" '^0 role = \{.*name = "mx"' "role show reads only roles"
offline role show nosuchrole
is "$rc" 4 "role show of none"

# Long texts are checked in the time of their length, or refused by a bound: processor time is what
# counts, and these took minutes once.
mkdir -p "$work/long"
{ echo 'role = { name = "many"; summary = "x"; vars = { v = { type = "networks"; help = "x"; default = [ "192.0.2.1" ]; }; };'
        echo 'rules = ( { action = "allow"; direction = "in"; from = ['
        awk 'BEGIN { for (i = 0; i < 100000; i++) printf "%s\"$v\"", i ? ", " : "" }'
        echo ']; } ); };'; } >"$work/long/role.conf"
{ echo 'sets = {'
        for i in {0..99}; do echo "s$i = { entries = [ \"10.$i.0.0/16\" ]; };"; done
        echo '}; rules = ('
        awk 'BEGIN { for (i = 0; i < 60000; i++)
                printf "%s{ action = \"allow\"; direction = \"in\"; from = [ \"@s%d\" ]; ports = 25; }\n", i ? "," : "", i % 100 }'
        echo ');'; } >"$work/long/rules.conf"
err=$(ulimit -t 30; exec "$p25ctl" check "$work/long/role.conf" 2>&1)
is "$?" 4 "a rule of 100,000 variables"
like "$err" "a rule can have at most 10000 addresses" "is refused by a bound"
err=$(ulimit -t 30; exec "$p25ctl" check "$work/long/rules.conf" 2>&1)
is "$? $err" "0 $work/long/rules.conf: ok (fragment)" "60,000 rules on 100 sets are checked"
done_testing
