#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Completion in bash, zsh and fish as they are typed in: each line ends with Tab and Enter, and what
# p25ctl is run with is what was meant, also where names hold what has a meaning to a shell.
. "$(dirname "$0")/../lib/e2e.sh"

net_add host
net_in host ip link add mail0 type veth peer name other
mkdir "$WORK/bin" "$WORK/home"
cat >"$WORK/bin/systemctl" <<'SH'
#!/bin/sh
printf '%s\n' 'exim4.service loaded' 'postfix@-.service loaded' 'postfix@two.service loaded' \
        'dev-disk\x2duuid.service loaded' '$(>pwned).service loaded'
SH
cat >"$WORK/bin/p25ctl" <<SH
#!/bin/sh
case "\$*" in
'set list') echo 'drop 3 entries' ;;
'role list') printf '%s\n' '* mx  Receives mail' '* app-server  Sends' '  no-mail  Nothing' ;;
'fragment list') echo 'fleet file' ;;
'show added') printf '%s\n' 'p25ctl allow 25/tcp' 'p25ctl deny out' ;;
history*) printf '%s\n' ' 12  2026-01-01' ' 11  2026-01-01' ;;
'help --json') echo '[]' ;;
*) printf '%s\n' "\$@" >"$WORK/arguments.new"; mv "$WORK/arguments.new" "$WORK/arguments" ;;
esac
SH
chmod 755 "$WORK/bin"/*
export PATH=$WORK/bin:$PATH HOME=$WORK/home TERM=xterm XDG_CONFIG_HOME=$WORK/home/.config
cp packaging/completion/p25ctl.fish packaging/completion/_p25ctl packaging/completion/p25ctl.bash "$WORK/home"
cat >"$WORK/home/.zshrc" <<SH
fpath=("$WORK/home" \$fpath)
autoload -Uz compinit && compinit -u -D
PROMPT='ready>'
cd "$WORK/home"
SH
cat >"$WORK/home/bashrc" <<SH
. "$WORK/home/p25ctl.bash"
PS1='ready>'
bind 'set bell-style none'
cd "$WORK/home"
SH
mkdir -p "$WORK/home/.config/fish"
cat >"$WORK/home/.config/fish/config.fish" <<SH
set -g fish_greeting
function fish_prompt; echo -n 'ready>'; end
source "$WORK/home/p25ctl.fish"
cd "$WORK/home"
SH

# The words that are typed behind p25ctl, and its arguments then.
cat >"$WORK/lines" <<'LINES'
allow unit exi\t = allow|unit|exim4.service
allow unit postfix@t\t = allow|unit|postfix@two.service
allow unit postfix@-\t = allow|unit|postfix@-.service
allow unit postfix@\*\t = allow|unit|postfix@*.service
allow unit 'postfix@*\t = allow|unit|postfix@*.service
allow unit dev\t = allow|unit|dev-disk\x2duuid.service
allow unit \$\t = allow|unit|$(>pwned).service
deny from @\t = deny|from|@drop
deny from @dr\t = deny|from|@drop
allow out to @d\t = allow|out|to|@drop
route reject from @dr\tto a\t = route|reject|from|@drop|to|a
allow on mai\t = allow|on|mail0
allow user nobo\t = allow|user|nobody
allow group nogr\t = allow|group|nogroup
rule all\t = rule|allow
route rej\t = route|reject
insert 2\tden\t = insert|2|deny
prepend lim\t = prepend|limit
delete 2\t = delete|2
rollback 11\t = rollback|11
diff 12\t = diff|12
role remove app\t = role|remove|app-server
role remove no\t = role|remove|no
role add no\t = role|add|no-mail
set show dr\t = set|show|drop
set add dr\t192.0.2.1 = set|add|drop|192.0.2.1
fragment show fl\t = fragment|show|fleet
lockdown of\t = lockdown|off
lockdown on mai\t = lockdown|on|mai
status num\t = status|numbered
logging hi\t = logging|high
conf\t = confirm
--dry-run lockd\ton = --dry-run|lockdown|on
LINES

try() # NAME SHELL...
{
        local name=$1 line wanted answer
        shift
        sed 's/ = .*//; s/^/p25ctl /' "$WORK/lines" |
                ip netns exec host python3 tests/e2e/completes.py "$WORK/$name.log" "$WORK/arguments" "$@" \
                        >"$WORK/$name.answers" 2>"$WORK/$name.errors"
        ok $? "$name: the lines are typed"
        diag "$(cat "$WORK/$name.errors")"
        while IFS= read -r line && IFS= read -r answer <&7; do
                wanted=${line#* = }
                is "$answer" "$wanted" "$name: ${line%% = *}"
        done <"$WORK/lines" 7<"$WORK/$name.answers"
        [ ! -e "$WORK/home/pwned" ]
        ok $? "$name: nothing is run"
        rm -f "$WORK/home/pwned"
}

try bash bash --noprofile --rcfile "$WORK/home/bashrc" -i
if command -v zsh >/dev/null; then
        try zsh zsh -d -i
else
        skip "completion in zsh" "it is not installed"
fi
if command -v fish >/dev/null; then
        # behind a '*', Tab of fish looks for files, also where it is quoted
        sed -i '/\*/d' "$WORK/lines"
        try fish fish -i
        run ip netns exec host fish -c 'complete -C "p25ctl allow unit postfix@"'
        is "$(sort <<<"$out" | tr '\n' ' ')" 'postfix@*.service postfix@-.service postfix@two.service ' \
                "fish: a template's instances and their pattern"
else
        skip "completion in fish" "it is not installed"
fi
done_testing
