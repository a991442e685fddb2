#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# make install and make uninstall, what they lay, and whether the shells complete from it.
. "$(dirname "$0")/../lib/e2e.sh"

install_to() # DESTDIR [VARIABLE=VALUE...]
{
        env DESTDIR="$1" BUILD="${BUILD:-build}" "${@:2}" packaging/install install
}
tree()
{
        (cd "$1" && find . -type f -o -type d -empty) | sort
}

install_to "$WORK/usr"
ok $? "install below a DESTDIR"
for file in usr/sbin/p25d usr/bin/p25ctl usr/lib/systemd/system/p25d.service \
        usr/lib/systemd/system/p25d-prepare.service usr/lib/sysusers.d/p25.conf \
        usr/lib/tmpfiles.d/p25.conf usr/lib/systemd/system/p25-metrics.timer \
        usr/share/p25/prometheus/p25.rules.yml usr/share/p25/grafana/p25.json \
        usr/share/dbus-1/system.d/org.port25.Policy1.conf \
        usr/share/dbus-1/system-services/org.port25.Policy1.service \
        usr/share/polkit-1/actions/org.port25.policy1.policy usr/share/man/man8/p25ctl.8 \
        usr/share/man/man8/p25d.8 usr/share/man/man5/p25.conf.5 usr/share/man/man7/p25-roles.7 \
        usr/share/man/man7/p25.7 \
        usr/share/man/man5/org.port25.Policy1.5 usr/share/p25/policies/mx.conf \
        usr/share/bash-completion/completions/p25ctl usr/share/zsh/site-functions/_p25ctl \
        etc/fail2ban/action.d/p25.conf usr/share/fish/vendor_completions.d/p25ctl.fish \
        usr/share/doc/p25/examples/p25.conf usr/share/doc/p25/examples/p25-alert@.service etc/p25/p25.conf.example usr/share/doc/p25/README-config-management.md \
        usr/share/ansible/collections/ansible_collections/port25/p25/plugins/modules/p25_role.py; do
        [ -s "$WORK/usr/$file" ]
        ok $? "there is /$file"
done
is "$(ls "$WORK/usr/usr/share/p25/policies")" "$(ls policies)" "all roles"
is "$(find "$WORK/usr" -perm /022 -not -type l)" "" "nothing may be written by others"
is "$(find "$WORK/usr" -type f -perm /111 | sed 's/.*usr//' | sort | tr '\n' ' ')" \
        "/bin/p25ctl /sbin/p25d /sbin/p25d-knocker /sbin/p25d-reader /sbin/p25d-site /share/p25/prepare /share/p25/write-metrics " \
        "five programs, and two scripts"
[ ! -e "$WORK/usr/etc/p25/p25.conf" ]
ok $? "no p25.conf: p25 is inactive"
run "$WORK/usr/usr/bin/p25ctl" --root "$WORK/usr" --strict check packaging/examples/p25.conf
is "$rc" 0 "the example of p25.conf is good, with the roles that were installed"
diag "$err"

version=$("$P25CTL" version | grep -oE '[0-9]+\.[0-9]+\.[0-9]+')
like "$(head -n 1 packaging/debian/changelog)" "^p25 \($version-[0-9]+\)" \
        "the Debian package has the version of the programs"
like "$(grep '^Version:' packaging/rpm/p25.spec)" " $version$" "and the RPM"

env DESTDIR="$WORK/fleet" BUILD="${BUILD:-build}" packaging/install install fleet
ok $? "install fleet"
for file in bin/p25-fleet lib/systemd/system/p25-fleet.service share/doc/p25-fleet/examples/{acl,certificates,mosquitto.conf,nginx.conf} \
        share/man/man8/p25-fleet.8; do
        [ -s "$WORK/fleet/usr/$file" ]
        ok $? "there is /usr/$file"
done
(cd "$WORK/usr" && find . -type f; cd "$WORK/fleet" && find . -type f) | sed -E 's|^\.||; s|^/usr/share/man|%{_mandir}|
        s|^/usr/share/p25/.*|%{_datadir}/p25|
        s|^/usr/share/ansible/.*|%{_datadir}/ansible/collections/ansible_collections/port25|
        s|^/usr/share/doc/(p25[^/]*)/examples/.*|%{_datadir}/doc/\1/examples|
        s|^/usr/lib/systemd/system|%{_unitdir}|; s|^/usr/lib/sysusers.d|%{_sysusersdir}|
        s|^/usr/lib/tmpfiles.d|%{_tmpfilesdir}|; s|^/usr/share|%{_datadir}|; s|^/usr/bin|%{_bindir}|
        s|^/usr/sbin|%{_sbindir}|' | sort -u | while read -r file; do
        sed 's/^%config[^ ]* //; s/\*$//' packaging/rpm/p25.spec | grep -qxF -- "$file" || echo "$file"
done >"$WORK/unlisted"
is "$(cat "$WORK/unlisted")" "" "the RPM lists all that is installed"

# another PREFIX: what the host's services read stays where they look
install_to "$WORK/opt" PREFIX=/opt/p25
ok $? "install with PREFIX"
grep -q '^ExecStart=/opt/p25/sbin/p25d' "$WORK/opt/opt/p25/lib/systemd/system/p25d.service"
ok $? "the unit starts p25d of PREFIX"
unlike "$(cat "$WORK/opt/opt/p25/lib/systemd/system/p25d.service")" "/usr/(bin|sbin|share)" \
        "and names no other place"
like "$(cat "$WORK/opt/opt/p25/share/man/man8/p25d.8")" "Pa /opt/p25/share/p25/policies" \
        "so does the manual"
[ -s "$WORK/opt/usr/share/polkit-1/actions/org.port25.policy1.policy" ] &&
        [ -s "$WORK/opt/usr/share/dbus-1/system.d/org.port25.Policy1.conf" ]
ok $? "D-Bus's and polkit's files are where these look"

install_to "$WORK/without" ANSIBLEDIR=
[ ! -e "$WORK/without/usr/share/ansible" ] && [ ! -e "$WORK/without/ansible_collections" ]
ok $? "an empty ANSIBLEDIR leaves the Ansible collection out"

# away again, and nothing else
touch "$WORK/usr/usr/share/man/man8/other.8" "$WORK/usr/etc/p25/p25.conf"
env DESTDIR="$WORK/usr" packaging/install uninstall
ok $? "uninstall"
is "$(tree "$WORK/usr" | grep -v '/$' | xargs -n 1 | grep -E 'p25|other')" \
        "./etc/p25/p25.conf
./usr/share/man/man8/other.8" "leaves what it did not lay"
env DESTDIR="$WORK/fleet" packaging/install uninstall fleet
is "$(find "$WORK/fleet" -type f -o -path '*p25-fleet*')" "" "uninstall fleet leaves nothing"
env DESTDIR="$WORK/opt" PREFIX=/opt/p25 packaging/install uninstall
is "$(find "$WORK/opt" -type f)" "" "and nothing that it laid"
is "$(find "$WORK/opt" -iname '*p25*' -not -path "$WORK/opt/opt/p25*")" "" "no folder of p25 either"

# ---- completions ----

mkdir "$WORK/bin"
ln -s "$P25CTL" "$WORK/bin/p25ctl"
export PATH=$WORK/bin:$PATH HOME=$WORK
bash_completes() # WORD...: what bash offers for the last of them
{
        bash -c '. packaging/completion/p25ctl.bash
                 COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _p25ctl; echo ${COMPREPLY[*]}' - "$@"
}
fish_completes() # TEXT
{
        fish -N -c 'source packaging/completion/p25ctl.fish; complete -C "$argv[1]"' "$1" 2>&1 |
                cut -f1 | sort -u | tr '\n' ' '
}
is "$(bash_completes p25ctl en)" "enable" "bash: a command"
is "$(bash_completes p25ctl --json role s)" "show set suggest" "bash: its second word, behind an option"
is "$(bash_completes p25ctl --reason status de)" "default deny delete" \
        "bash: the argument of an option is not a command"
is "$(bash_completes p25ctl default deny inc)" "incoming" "bash: an argument"
is "$(bash_completes p25ctl --det)" "--detailed-exitcode" "bash: an option"
is "$(bash_completes p25ctl allow out us)" "user" "bash: a word of a rule"
is "$(bash_completes p25ctl check READ)" "README.md" "bash: a file"
is "$(bash_completes p25ctl role list s)" "" "bash: nothing where nothing belongs"
net_world
root_make
bus_start && p25d_start
is "$(bash_completes p25ctl role add m)" "mx" "bash: a role"
ctl role set mx >/dev/null
ctl set add bans 198.51.100.9 >/dev/null
ctl deny in from @bans >/dev/null
ctl deny in from 192.0.2.9 >/dev/null

# SHELL: what each shell offers in the place of words in capitals, and where none of them belongs
completes_values()
{
        local offers=$1_offers
        is "$($offers p25ctl deny in from @)" "@bans" "$1: sets in a rule"
        is "$($offers p25ctl deny in from '')" "@bans" "$1: and nothing else behind 'from'"
        is "$($offers p25ctl delete 1)" "1" "$1: numbers of rules"
        is "$($offers p25ctl rollback 4)" "4" "$1: revisions"
        is "$($offers p25ctl diff 3)" "3" "$1: revisions to compare"
        is "$($offers p25ctl role remove '')" "mx" "$1: roles that are set"
        is "$($offers p25ctl lockdown on '')" "off on" "$1: no interfaces behind 'lockdown on'"
        is "$($offers p25ctl --at 2h --since 1h lockdown o)" "off on" "$1: options and what they take"
        like " $($offers p25ctl insert '') " " 1 .* deny .*" "$1: insert: a number and words of a rule"
        for words in insert route rule delete prepend deny "explain in"; do
                # shellcheck disable=SC2086 # words
                unlike " $($offers p25ctl $words '') " " (A|B|G|N|U|T|IFACE|RULE|PORT|DURATION|TEXT|NAME) " \
                        "$1: $words: no word in capitals"
        done
}
sorted() { tr ' ' '\n' | grep . | sort -u | tr '\n' ' ' | sed 's/ $//'; }
bash_offers() { bash_completes "$@" | sorted; }
completes_values bash
is "$(bash_completes p25ctl deny out user roo)" "root" "bash: users"
is "$(bash_completes p25ctl deny in on eth)" "$(cd /sys/class/net && echo eth*)" "bash: interfaces"
if command -v fish >/dev/null; then
        is "$(fish_completes 'p25ctl en')" "enable " "fish: a command"
        is "$(fish_completes 'p25ctl --json role s')" "set show suggest " "fish: its second word"
        is "$(fish_completes 'p25ctl default deny inc')" "incoming " "fish: an argument"
        is "$(fish_completes 'p25ctl --det')" "--detailed-exitcode " "fish: an option"
        is "$(fish_completes 'p25ctl role add m')" "mx " "fish: a role"
        fish_offers() { fish_completes "$*" | sorted; }
        completes_values fish
        is "$(fish_completes 'p25ctl deny out user roo')" "root " "fish: users"
else
        skip "fish" "it is not installed"
fi
if command -v zsh >/dev/null; then
        cat >"$WORK/complete.zsh" <<'ZSH'
                # the completion system's own functions, which need a terminal, replaced by such
                # that print what they are given
                _describe() { local list=$argv[-1]; print -l -- ${${(P)list}%%:*} }
                compadd() { [[ $1 == -a ]] && { print -l -- ${(P)2}; return }
                            [[ $1 == -- ]] && shift; print -l -- $@ }
                _files() { print FILES }
                _users() { print USERS }
                _groups() { print GROUPS }
                _net_interfaces() { print INTERFACES }
                words=("$@") CURRENT=$# PREFIX=${@[-1]}
                source packaging/completion/_p25ctl
ZSH
        zsh_completes() # WORD...
        {
                zsh -f -c '. "$0"' "$WORK/complete.zsh" "$@" 2>&1 | grep -- "^${*: -1}" |
                        sort -u | tr '\n' ' '
        }
        is "$(zsh_completes p25ctl en)" "enable " "zsh: a command"
        is "$(zsh_completes p25ctl --json role s)" "set show suggest " "zsh: its second word"
        is "$(zsh_completes p25ctl --reason status de)" "default delete deny " \
                "zsh: the argument of an option is not a command"
        is "$(zsh_completes p25ctl default deny inc)" "incoming " "zsh: an argument"
        is "$(zsh_completes p25ctl --det)" "--detailed-exitcode " "zsh: an option"
        is "$(zsh_completes p25ctl role add m)" "mx " "zsh: a role"
        zsh_offers() { zsh_completes "$@" | sorted; }
        completes_values zsh
        is "$(zsh_completes p25ctl deny out user U)" "USERS " "zsh: users"
else
        skip "zsh" "it is not installed"
fi
done_testing
