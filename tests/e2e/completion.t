#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Completion in the shells of root: names that others gave to interfaces and units are words, and are
# never run, neither while they are offered nor when the line with one is.
. "$(dirname "$0")/../lib/e2e.sh"

net_add host
hostile='$(>pwned)'
net_in host ip link add "$hostile" type veth peer name other
ok $? "an interface whose name is a command"
mkdir "$WORK/bin" "$WORK/home"
cat >"$WORK/bin/systemctl" <<'SH'
#!/bin/sh
printf '%s\n' 'plain.service loaded' '$(>pwned).service loaded' 'a`>pwned`b.service loaded' \
        'dev-disk\x2duuid.service loaded'
SH
cat >"$WORK/bin/p25ctl" <<'SH'
#!/bin/sh
case "$*" in *list) echo '$(>pwned) 1 entries' ;; esac
SH
chmod 755 "$WORK/bin"/*
export PATH=$WORK/bin:$PATH HOME=$WORK/home
bash_file=$PWD/packaging/completion/p25ctl.bash
fish_file=$PWD/packaging/completion/p25ctl.fish

# The words that bash puts on the line.
bash_offers() # WORD...
{
        # the namespace's own interfaces are below its own /sys
        ip netns exec host bash -c '
                cd "$1" && shift && . "$1" && shift
                COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
                _p25ctl 2>/dev/null
                printf "%s\n" "${COMPREPLY[@]}"' bash "$WORK/home" "$bash_file" "$@"
}
harmless() # NAME
{
        [ ! -e "$WORK/home/pwned" ]
        ok $? "$1: nothing is run"
        rm -f "$WORK/home/pwned"
}

run bash_offers p25ctl allow on ""
harmless "bash, interfaces"
like "$out" "(^|"$'\n'")lo("$'\n'"|$)" "bash: lo is offered"
like "$out" '\\\$\\\(\\>pwned\\\)' "bash: the other one is, quoted"
(cd "$WORK/home" && eval "printf '%s\n' ${out//$'\n'/ }") >"$WORK/words"
harmless "bash, the line with it"
is "$(grep -cxF "$hostile" "$WORK/words")" 1 "bash: the line names the interface"
run bash_offers p25ctl allow on l
is "$out" lo "bash: what is typed is its beginning"
run bash_offers p25ctl allow on '\$'
like "$out" 'pwned' "bash: also with quotes"
run bash_offers p25ctl allow unit ""
harmless "bash, units"
is "$(cd "$WORK/home" && eval "printf '%s\n' ${out//$'\n'/ }" | sort | tr '\n' ' ')" \
        "$(printf '%s\n' plain.service '$(>pwned).service' 'a`>pwned`b.service' 'dev-disk\x2duuid.service' |
                sort | tr '\n' ' ')" "bash: each is what it is"
harmless "bash, the line with units"
for words in "allow from" "set show" "role set" "fragment show"; do
        # shellcheck disable=SC2086 # words
        run bash_offers p25ctl $words ""
        harmless "bash, $words"
done
run bash_offers p25ctl set ""
like "$out" "list"$'\n'"show" "bash: the words of a command"
run bash_offers p25ctl --color ""
is "$(tr '\n' ' ' <<<"$out")" "auto always never " "bash: the values of an option"

# Files, whose names readline quotes: a line that is typed at a terminal, completed and entered.
mkdir "$WORK/files"
touch "$WORK/files/"{'$(>pwned)x','a`>pwned`b','plain.conf','two words'}
cat >"$WORK/type" <<'PY'
import os, pty, select, sys
folder, completion, line = sys.argv[1:]
pid, fd = pty.fork()
if pid == 0:
    os.chdir(folder)
    os.environ.update(PS1="", TERM="dumb", INPUTRC="/nowhere")
    os.execlp("bash", "bash", "--norc", "--noprofile", "-i")
def seen(end, text=b""):
    while end not in text and select.select([fd], [], [], 20)[0]:
        try:
            text += os.read(fd, 4096)
        except OSError:
            break
    return text
os.write(fd, f". {completion}; p25ctl() {{ printf 'word<%s>\\n' \"$@\"; echo e''nd; }}; echo rea''dy\n".encode())
seen(b"ready")
os.write(fd, line.encode() + b"\t\n")
sys.stdout.write(seen(b"end\r\n").decode().replace("\r", ""))
os.write(fd, b"exit\n")
PY
for line in 'check $' 'check a' 'check two' 'check plain' '--root $' 'set load x a' 'fragment put x $'; do
        run /usr/bin/python3 "$WORK/type" "$WORK/files" "$bash_file" "p25ctl $line"
        [ ! -e "$WORK/files/pwned" ]
        ok $? "bash, $line: nothing is run"
        rm -f "$WORK/files/pwned"
        case $line in
        *'$') name='$(>pwned)x' ;;
        *two) name='two words' ;;
        *plain) name='plain.conf' ;;
        *) name='a`>pwned`b' ;;
        esac
        is "$(tail -n 2 <<<"$out" | head -n 1)" "word<$name>" "bash, $line: the line names the file"
done

if command -v fish >/dev/null; then
        for words in "allow on" "allow unit" "set show" "role set"; do
                run ip netns exec host fish -c "cd $WORK/home; source $fish_file; complete -C 'p25ctl $words '"
                harmless "fish, $words"
        done
        run ip netns exec host fish -c "cd $WORK/home; source $fish_file; complete -C 'p25ctl allow on '"
        like "$out" "lo" "fish: lo is offered"
else
        skip "completion in fish" "it is not installed"
fi
done_testing
