#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A real polkitd, with the actions that are shipped, on a bus and in a mount namespace of its own:
# root, a user whom a rule allows, one whom it refuses, and one who would need a password.
. "$(dirname "$0")/../lib/e2e.sh"

# shellcheck source=tests/lib/polkit.sh
. tests/lib/polkit.sh

if ! polkit_is_possible; then
        skip "polkit" "$polkit_missing"
        done_testing
        exit
fi

polkit_prepare <<'JS'
polkit.addAdminRule(function() {
        return ["unix-user:0"];
});
polkit.addRule(function(action, subject) {
        if (action.id == "org.port25.policy1.manage" && subject.user == "mail")
                return polkit.Result.YES;
        if (action.id == "org.port25.policy1.manage" && subject.user == "news" &&
            action.lookup("method") == "SetLogging")
                return polkit.Result.YES;
        if (action.id == "org.port25.policy1.manage-set" && subject.user == "irc" &&
            action.lookup("name") == "bans")
                return polkit.Result.YES;
        if (action.id == "org.port25.policy1.manage-fragment" && subject.user == "irc" &&
            action.lookup("name") == "site")
                return polkit.Result.YES;
        if (action.id.indexOf("org.port25.policy1.") == 0 && subject.user == "games")
                return polkit.Result.NO;
});
JS
ok $? "polkit's folders are ours"

net_world
root_make
echo 'enabled = true;' >"$CONF"
bus_start && p25d_start
ok $? "p25d starts, without polkit"

# Runs p25ctl as a user: exit status in $rc.
user_ctl() # USER WORD...
{
        local user=$1
        shift
        run as_user "$user" "$P25CTL" "$@"
}
user_ctl mail status
is "$rc" 0 "without polkit everybody reads"
user_ctl mail logging high
is "$rc" 5 "and only root makes changes"
like "$err" "^ERROR: not authorised" "with an error that says so"
run_ctl logging high
is "$rc" 0 "root does"

polkit_start
ok $? "polkitd is on the bus"
diag "$(tail -n 3 "$WORK/polkitd.log")"

user_ctl mail logging low
is "$rc" 0 "whom a rule allows may change"
diag "$err"
user_ctl mail status
is "$rc" 0 "and read"
user_ctl games logging high
is "$rc" 5 "whom a rule refuses may not change"
user_ctl games status
is "$rc" 5 "nor read, if the rule says that"
user_ctl www-data status
is "$rc" 0 "all others read"
user_ctl www-data logging high
is "$rc" 5 "a user who cannot be asked for the password may not change anything"
like "$err" "password" "and the reason is given"

# p25d reads what its callers may not
echo 'a secret line' >"$ROOT/secret"
chmod 600 "$ROOT/secret"
echo 'sets = { x = { file = "/secret"; } };' >"$WORK/names-file"
user_ctl mail fragment put x "$WORK/names-file"
is "$rc" 4 "a user who may change, and is not root, may not have p25d read a file"
unlike "$err" "a secret" "nor see what is in it"
like "$err" "root's to say" "and the reason is given"
user_ctl mail plan "$WORK/names-file"
like "$rc $err" "4 .*names-file:[0-9]+: sets.x.file: /secret is not a file of the policy in force" \
        "nor by a plan"
run_ctl fragment put x "$WORK/names-file"
like "$err" "/secret:1: .*a secret line" "root may"

# a tool that has a set and a fragment of its own
user_ctl irc set add bans 192.0.2.1
is "$rc $err" "0 " "its set"
user_ctl irc set add other 192.0.2.1
is "$rc" 5 "no other set"
user_ctl irc set add bans 192.0.2.2 --confirm 10m
is "$rc" 5 "nor a change that holds up those of others"
echo 'sets = { };' >"$WORK/site"
user_ctl irc fragment put site "$WORK/site"
is "$rc" 0 "its fragment"
user_ctl irc fragment put bans "$WORK/site"
is "$rc" 5 "no fragment of the set's name"
user_ctl irc logging high
is "$rc" 5 "and nothing else"
user_ctl irc check "$WORK/site"
user_ctl irc plan "$WORK/site"
is "$rc" 5 "nor a text to judge"
user_ctl irc set drop bans
is "$rc" 0 "its set, to the end"
user_ctl mail set add other 192.0.2.1 --confirm 10m
is "$rc" 0 "a user who may manage may do all that"
run_ctl confirm
is "$rc" 0 "and somebody else confirms it"
user_ctl news logging medium
is "$rc" 0 "a rule may distinguish methods: this one"
user_ctl news default deny
is "$rc" 5 "but not that one"
run_ctl logging low
is "$rc" 0 "root needs no polkit"
user_ctl www-data status --json
is "$(jq -r .logging <<<"$out")" low "a refused caller changed nothing"
revision=$(ctl status --json | jq .revision)

# the caller is gone before the answer: polkit does not know the name any more
for _ in 1 2 3 4 5; do
        as_user www-data timeout -s KILL 0.01 "$P25CTL" logging high >/dev/null 2>&1
done
is "$(ctl status --json | jq .revision)" "$revision" "callers that vanish change nothing"

# the actions are not installed
rm /usr/share/polkit-1/actions/*.policy
unknown()
{
        ! as_user mail "$P25CTL" logging low >/dev/null 2>&1
}
eventually 10 unknown
ok $? "an action that polkit does not know is refused, even where a rule would allow it"
user_ctl mail status
is "$rc" 0 "reading is as without polkit"
cp packaging/polkit/*.policy /usr/share/polkit-1/actions/

# on a terminal polkit asks for the administrator's password, which is "secret" here only
perl -e 'print "root:", crypt("secret", "\$6\$p25"), ":19000::::::\n"' >"$WORK/shadow"
chmod 600 "$WORK/shadow"
mount --bind "$WORK/shadow" /etc/shadow
ok $? "this sandbox has a password of its own"
# polkit's helper takes no address from the environment
mkdir -p /run/dbus && ln -s "$WORK/bus" /run/dbus/system_bus_socket
on_terminal() # PASSWORD WORDS...: what the terminal shows is in $out
{
        local password=$1
        shift
        : >"$WORK/terminal"
        rm -f "$WORK/status"
        # the terminal must stay until p25ctl has ended
        {
                eventually 30 grep -q Password: "$WORK/terminal" && echo "$password"
                eventually 60 test -s "$WORK/status"
        } | {
                as_user www-data script -qec "$P25CTL $* </dev/tty" /dev/null >"$WORK/terminal" 2>&1
                echo $? >"$WORK/status"
        }
        rc=$(cat "$WORK/status")
        out=$(tr -d '\r' <"$WORK/terminal")
}
revision=$(ctl status --json | jq .revision)
on_terminal secret logging medium
is "$rc" 0 "the password of an administrator: changed"
like "$out" "Password:" "after it was asked for"
is "$(ctl status --json | jq -r .logging)" medium "p25d has it"
on_terminal wrong logging high
is "$rc" 5 "a wrong password: refused"
is "$(ctl status --json | jq -r .logging)" medium "and nothing changed"

# stopped in the midst: refused when the time is over, and others are served meanwhile
known()
{
        as_user mail "$P25CTL" logging low >/dev/null 2>&1
}
eventually 10 known
ok $? "they are installed"
signal STOP "$polkitd_pid"
as_user mail "$P25CTL" logging off >/dev/null 2>"$WORK/late" &
late=$!
run_ctl logging high
is "$rc" 0 "polkit hangs: root is served"
signal CONT "$polkitd_pid"
wait $late
is $? 0 "and a caller that waited gets an answer when it goes on"
process_end "$polkitd_pid" TERM
user_ctl mail logging low
is "$rc" 5 "polkit is gone: only root changes"
user_ctl games status
is "$rc" 0 "and everybody reads"
done_testing
