#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The Ansible collection as the package installs it: the real ansible-playbook over ssh, from
# another host, to a machine that boots.
# runs alone: machines share the cgroups of systemd-nspawn, and the package that is built for them
. "$(dirname "$0")/../lib/e2e.sh"
# shellcheck source=tests/lib/boot.sh
. tests/lib/boot.sh

boot_begin "Ansible and a machine that boots" ansible-playbook
debs_make
ok $? "the package is built"
diag "$(tail -n 3 "$WORK/deb.log" 2>/dev/null)"
machine_make || exit 1

# ---- a machine that ssh reaches ----

ssh-keygen -q -t ed25519 -N '' -f "$WORK/key"
for home in root home/alice; do
        install -d -m 700 "$MACHINE/$home/.ssh"
        install -m 600 "$WORK/key.pub" "$MACHINE/$home/.ssh/authorized_keys"
done
chroot "$MACHINE" chown -R alice: /home/alice/.ssh
printf '203.0.113.0/25\n# and this one\n203.0.113.200 ; bad\n' >"$MACHINE/root/drop.txt"
echo 'rules = ( { action = "deny"; direction = "in"; from = "192.0.2.66"; } );' \
        >"$MACHINE/root/site.conf"
machine_boot
ok $? "the machine boots"
machine_network
cp "$DEB" "$MACHINE/root/p25.deb"
in_machine dpkg -i /root/p25.deb >"$WORK/dpkg.log" 2>&1 && in_machine p25ctl enable >/dev/null
ok $? "p25 is installed and enabled"
ssh_up()
{
        net_in inet "$probe" connect 198.51.100.1 22 | grep -q open
}
eventually 20 ssh_up
ok $? "sshd listens"

cat >"$WORK/ansible.cfg" <<CFG
[defaults]
inventory = $WORK/hosts
collections_path = $MACHINE/usr/share/ansible/collections
host_key_checking = False
nocows = True
# quiet of arguments that a variable holds
inject_facts_as_vars = False
[ssh_connection]
pipelining = True
ssh_args = -F none -o ControlMaster=auto -o ControlPersist=60 -o ConnectTimeout=10
    -o ControlPath=$WORK/cm-%C -o UserKnownHostsFile=/dev/null
CFG
echo "machine ansible_host=198.51.100.1 ansible_user=root ansible_ssh_private_key_file=$WORK/key" \
        "ansible_python_interpreter=/usr/bin/python3" >"$WORK/hosts"
cp tests/ansible/*.yml "$WORK"
from_inet() # PROGRAM WORD...: one of Ansible's
{
        run net_in inet env PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME="$WORK" \
                ANSIBLE_CONFIG="$WORK/ansible.cfg" ANSIBLE_HOME="$WORK/.ansible" "$@"
}
play() # WORD...: leaves the output in $out, and "CHANGED FAILED" in $recap
{
        from_inet ansible-playbook "$@"
        recap=$(sed -nE 's/^machine .* changed=([0-9]+) .* failed=([0-9]+) .*/\1 \2/p' <<<"$out")
}
reported() # what a play says when it failed
{
        [ "$rc" = 0 ] || diag "$(tac <<<"$out" | sed '/^fatal/q' | tac) $(tail -n 30 <<<"$err")"
}

# ---- a site's play ----

play --check --diff "$WORK/site.yml"
is "$rc $recap" "0 4 0" "a site's play in check mode: four would change"
reported
is "$(in_machine p25ctl --json history | jq length)" 1 "and nothing has changed"
play --diff "$WORK/site.yml"
is "$rc $recap" "0 4 0" "for real: four have changed"
reported
like "$out" "\+app-server" "the difference shows the text"
like "$out" "newly allowed: out 25/tcp to 203.0.113.7" "and the effect on connections"
play --diff "$WORK/site.yml"
is "$rc $recap" "0 0 0" "a second time nothing changes"
reported
is "$(in_machine p25ctl --json history | jq -c '[.[] | select(.reason == "site.yml")] | length')" 3 \
        "module_defaults give the reason; the set's entries are kept apart"
listen machine 25
net_address inet eth0 198.51.100.99/32
expect "the role's rule is in force" inet open 198.51.100.1 25
expect "the fragment's too" inet filtered -t 300 -s 198.51.100.99 198.51.100.1 25

# ---- what the README and the documentation of the modules show ----

without_policy()
{
        in_machine p25ctl --force reset >/dev/null
}
without_policy
listen inet 25
net_address inet eth0 203.0.113.7/32
ip -n machine route add default via 198.51.100.2
readme_block() # NUMBER
{
        awk -v number="$1" '/^```yaml/ { n++; inside = 1; next } /^```/ { inside = 0 }
                inside && n == number' packaging/ansible/README.md
}
readme_block 1 >"$WORK/readme.yml"
play "$WORK/readme.yml"
is "$rc $recap" "0 3 0" "the README's play: roles, rules, and the policy is in force"
reported
expect "mail is received" inet open -s 203.0.113.7 198.51.100.1 25
expect "but not from the blocklist" inet filtered -t 300 -s 198.51.100.99 198.51.100.1 25
expect "the mail server sends" machine open 198.51.100.2 25
expect "others do not" machine closed -u 33 -g 33 198.51.100.2 25
expect "the backup, to its one host" machine open -u 34 -g 34 203.0.113.7 25
expect "and to no other" machine closed -u 34 -g 34 198.51.100.2 25
play "$WORK/readme.yml"
is "$rc $recap" "0 0 0" "again: nothing changes"
reported
{
        printf -- '- hosts: machine\n  gather_facts: false\n  tasks:\n'
        readme_block 2 | sed 's/^/    /'
} >"$WORK/close.yml"
play "$WORK/close.yml"
is "$rc ${recap#* }" "0 0" "the README's change that is confirmed"
reported
is "$(in_machine p25ctl --json status | jq -c '[.roles, .pending]')" '[["no-mail"],null]' "is kept"
expect "and closes everything" inet filtered -t 300 -s 203.0.113.7 198.51.100.1 25
expect "also what is sent" machine closed 198.51.100.2 25

# The examples of a module, as tasks of a play.
module_play() # MODULE
{
        /usr/bin/python3 - "$PWD/packaging/ansible/plugins/modules/$1.py" >"$WORK/$1.yml" <<-'PYTHON'
		import re, sys, yaml
		text = re.search(r"EXAMPLES = r'''(.*?)'''", open(sys.argv[1]).read(), re.S).group(1)
		print(yaml.dump([{"hosts": "machine", "gather_facts": False, "tasks": yaml.safe_load(text)}]))
	PYTHON
}
echo '203.0.113.66' >"$MACHINE/root/drop66.txt"
in_machine sh -c 'mkdir -p /var/lib/blocklist /etc/mail && cp /root/drop66.txt /var/lib/blocklist/drop.txt &&
        echo "rules = ( );" >/etc/mail/blocklist.conf'
echo 'rules = ( { action = "deny"; from = "192.0.2.67"; } );' >"$WORK/site.conf.j2"
without_policy
for module in p25_set p25_rule p25_role p25_policy; do
        module_play $module
        play "$WORK/$module.yml"
        is "$rc ${recap#* }" "0 0" "the examples of $module"
        reported
done
in_machine p25ctl enable >/dev/null
net_address inet eth0 203.0.113.66/32
expect "their blocklist comes first" inet filtered -t 300 -s 203.0.113.66 198.51.100.1 25
expect "their backup sends to one host" machine "open closed" -u 34 -g 34 203.0.113.7 25 198.51.100.2 25
module_play p25_facts
in_machine p25ctl role add no-mail >/dev/null 2>&1
play "$WORK/p25_facts.yml"
is "$rc ${recap#* }" "0 0" "the examples of p25_facts: a host that is closed"
reported
without_policy

# ---- case by case ----

in_machine p25ctl --force reset >/dev/null
in_machine p25ctl enable >/dev/null
play "$WORK/cases.yml"
is "$rc ${recap#* }" "0 0" "every module: check mode is exact, a second run changes nothing"
reported
n=$(grep -c 'as it has to be' <<<"$out")
between "$n" 25 100 "$n cases"
is "$(in_machine p25ctl show added | grep ^p25ctl)" "$(printf '%s\n' 'p25ctl deny from @drop to any port 25' \
        'p25ctl deny from 192.0.2.0/24,@partners to any port 25,587' \
        'p25ctl route allow in on docker0 out on eth0 from 172.17.0.2 to any port 25' \
        'p25ctl limit in on eth0 465/tcp rate 30/minute burst 10 max 5')" "the rules are there"
play "$WORK/refused.yml"
is "$rc" 0 "a wrong value is refused in p25's words, and changes nothing"
reported

# ---- who may, and when nobody is there ----

ad_hoc() # USER MODULE ARGUMENTS [OPTION...]
{
        from_inet ansible machine -e "ansible_user=$1" -m "port25.p25.$2" -a "$3" "${@:4}"
}
ad_hoc alice p25_role "name=no-mail"
like "$out" '"error": "not_authorised".*"rc": 5' "a user without privileges may not"
ad_hoc alice p25_facts "gather=status"
like "$out" 'SUCCESS.*"active": true' "but may read"
in_machine systemctl mask --now p25d 2>/dev/null
ad_hoc root p25_facts ""
like "$out" '"error": "not_reachable".*"msg": "p25d is not reachable.*"rc": 8' "without p25d the task reports it"
in_machine systemctl unmask p25d 2>/dev/null
in_machine systemctl start p25d

# ---- a rule that ends ----

ad_hoc root p25_rule "action=allow from=192.0.2.8 for=2h comment='a for 5s' position=1"
like "$out" 'CHANGED' "a rule that ends"
ad_hoc root p25_rule "action=allow from=192.0.2.8 for=2h comment='a for 5s'" --diff --check
like "$out" 'SUCCESS.*"changed": false' "the same: it keeps its end"
ad_hoc root p25_rule "action=allow from=192.0.2.8 for=2h comment='a for 5s'" --diff
like "$out" 'SUCCESS.*"changed": false' "for real too"
ad_hoc root p25_rule "action=deny from=192.0.2.8" --diff --check
like $'\n'"$out" "
- allow from 192.0.2.8 to any port 25 comment 'a for 5s' until [-0-9T:]+Z
" \
        "the difference says when it ends"

# ---- a change that waits ----

has_role() # NAME
{
        in_machine p25ctl --json status | jq -e --arg r "$1" '.roles | index($r)'
}
ad_hoc root p25_role "name=no-mail confirm=120"
like "$out" 'CHANGED.*"seconds_left": 1[0-2][0-9]' "a change that has to be confirmed"
in_machine p25ctl confirm >/dev/null
ok $? "is confirmed"
ad_hoc root p25_role "name=no-mail state=absent confirm=1"
like "$out" 'CHANGED' "another"
eventually 20 has_role no-mail
ok $? "without confirmation it is taken back"

# ---- a set of many ----

awk 'BEGIN { for (i = 0; i < 300000; i++)
        printf "%d.%d.%d.%d\n", 1 + i / 262144, i / 1024 % 256, i / 4 % 256, i % 4 * 64 }' \
        >"$MACHINE/root/many.txt"
ad_hoc root p25_set "name=many src=/root/many.txt"
like "$out" 'CHANGED.*set many 300000 entries' "300,000 entries of a file"
diag "$err"
ad_hoc root p25_set "name=many src=/root/many.txt"
like "$out" 'SUCCESS.*"changed": false' "the same again: nothing changes"
is "$(find "$MACHINE/usr/share/ansible" -name '*.pyc')" "" "Ansible leaves nothing beside the collection's files"
machine_off
ok $? "power off"
done_testing
