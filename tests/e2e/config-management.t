#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# packaging/README-config-management.md: its shell, Puppet and Salt examples, each run twice. Puppet is
# the real one; Salt, which Debian does not have, is what its cmd.run does with p25ctl's answer.
. "$(dirname "$0")/../lib/e2e.sh"

net_world
root_make
bus_start && p25d_start
ok $? "p25d starts"
mkdir -p "$WORK/bin" "$WORK/puppet"
printf '#!/bin/sh\nexec nsenter --net=/run/netns/host -- %s "$@"\n' "$P25CTL" >"$WORK/bin/p25ctl"
chmod 755 "$WORK/bin/p25ctl"
export PATH=$WORK/bin:$PATH

example() # LANGUAGE: its text, with the files of this root
{
        sed -n '/^```'"$1"'$/,/^```$/{/^```/d; p}' packaging/README-config-management.md |
                sed "s|/etc/p25|$ROOT/etc/p25|g; s|\['/usr/sbin'|['$WORK/bin', '/usr/sbin'|"
}
reset()
{
        p25ctl -q --force reset
        rm -f "$ROOT/etc/p25/site.conf"
}
fragment()
{
        p25ctl fragment show site 2>&1
}

# ---- shell ----

reset
echo 'rules = ( { action = "deny"; direction = "in"; from = "192.0.2.0/24"; } );' >"$ROOT/etc/p25/site.conf"
n=0
for wanted in 2 0; do
        while read -r line; do
                n=$((n + 1))
                eval "run $line"
                is "$rc" "$wanted" "exit $wanted: ${line//$ROOT/}"
                [ "$rc" = "$wanted" ] || diag "$err"
        done < <(example sh)
done
is "$n" 8 "four commands, twice"

# ---- Puppet ----

if command -v puppet >/dev/null; then
        reset
        example puppet >"$WORK/site.pp"
        apply() # [OPTION...]
        {
                run puppet apply --detailed-exitcodes --color=false --confdir "$WORK/puppet" \
                        --vardir "$WORK/puppet/var" --logdest console "$@" "$WORK/site.pp"
        }
        mkdir -p "$ROOT/etc/p25"
        echo 'rules = ();' >"$ROOT/etc/p25/site.conf"
        apply --noop
        is "$rc" 0 "puppet apply --noop"
        diag "$err"
        like "$out" "fragment site.*noop" "would put the fragment"
        like "$(fragment)" "there is no fragment" "and does not"
        apply
        is "$rc" 2 "puppet apply changes something"
        like "$(fragment)" "198.51.100.0/24" "the fragment is there"
        is "$(p25ctl --json status | jq -c .roles)" '["mx","app-server"]' "and the roles"
        apply
        is "$rc" 0 "a second time it changes nothing"
        diag "$out"
        sed -i 's/deny/dny/' "$WORK/site.pp"
        apply
        is $((rc & 4)) 4 "a bad text is a failure"
        like "$out" "site.conf:1: .*dny" "with its line"
        like "$(fragment)" "198.51.100.0/24" "and the old one stays"
else
        skip "Puppet" "it is not installed"
fi

# ---- Salt ----

reset
cat >"$WORK/states.py" <<'PYTHON'
"""Applies the states of a file as Salt would; a line "ID CHANGED" each."""
import json
import os
import subprocess
import sys

import yaml


def arguments(state):
    return {key: value for item in state for key, value in item.items()}


def run(command):
    done = subprocess.run(command, shell=True, stdout=subprocess.PIPE, check=True)
    document = json.loads(done.stdout)
    # Salt's rule: an object, and "changed" in it is a truth value
    return {True: 'true', False: 'false'}[document['changed']]


test = sys.argv[2:] == ['test']
with open(sys.argv[1]) as f:
    states = yaml.safe_load(f)
for name, state in states.items():
    if 'file.managed' in state and not test:
        with open(name, 'w') as f:
            f.write(arguments(state['file.managed'])['contents'])
    if 'cmd.run' in state:
        words = arguments(state['cmd.run'])
        print(name, run(arguments(words['stateful'])['test_name'] if test else words['name']))
PYTHON
salt() # [test]
{
        run /usr/bin/python3 "$WORK/states.py" "$WORK/site.yaml" "$@"
}
if /usr/bin/python3 -c 'import yaml' 2>/dev/null; then
        example yaml >"$WORK/site.yaml"
        echo 'rules = ();' >"$ROOT/etc/p25/site.conf"
        salt test
        is "$rc $out" "0 p25 fragment site true
p25 roles true" "a test reports both changes"
        diag "$err"
        like "$(fragment)" "there is no fragment" "and makes none"
        salt
        is "$rc $out" "0 p25 fragment site true
p25 roles true" "applied, both have changed"
        like "$(fragment)" "203.0.113.0/24" "the fragment is there"
        salt
        is "$rc $out" "0 p25 fragment site false
p25 roles false" "a second time none has"
        salt test
        is "$rc $out" "0 p25 fragment site false
p25 roles false" "nor would"
else
        skip "Salt" "there is no YAML for Python"
fi
p25d_stop TERM
done_testing
