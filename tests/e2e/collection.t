#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The Ansible collection as it is installed, without a host: ansible-test's sanity tests, the
# documentation, the archive for Galaxy. No network is needed.
. "$(dirname "$0")/../lib/e2e.sh"

if ! command -v ansible-test >/dev/null; then
        skip "the Ansible collection" "ansible-core is not installed"
        done_testing
        exit
fi
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=$WORK ANSIBLE_HOME=$WORK/.ansible
sanity=$PWD/tests/ansible/sanity
env DESTDIR="$WORK/root" BUILD="${BUILD:-build}" packaging/install install
export ANSIBLE_COLLECTIONS_PATH=$WORK/root/usr/share/ansible/collections
cd "$ANSIBLE_COLLECTIONS_PATH/ansible_collections/port25/p25" || exit 1

modules=(plugins/modules/*.py)
is "${#modules[@]}" 5 "five modules"
for module in "${modules[@]}"; do
        module=$(basename "$module" .py)
        run ansible-doc "port25.p25.$module"
        is "$rc" 0 "ansible-doc $module"
        like "$out" "EXAMPLES:.*RETURN VALUES:" "with examples, and what it returns"
        unlike "$out$err" "WARNING|ERROR|[VO]\(" "and without a fault"
        grep -qx "    - $module" meta/runtime.yml
        ok $? "module_defaults: $module is in the group"
done

run ansible-galaxy collection build --output-path "$WORK"
is "$rc" 0 "ansible-galaxy collection build"
diag "$err"
version=$("$P25CTL" version | grep -oE '[0-9]+\.[0-9]+\.[0-9]+')
[ -s "$WORK/port25-p25-$version.tar.gz" ]
ok $? "in the version of the programs"
run ansible-galaxy collection install -p "$WORK/elsewhere" "$WORK/port25-p25-$version.tar.gz"
is "$rc" 0 "the archive can be installed"
diag "$err"

# a test whose checker is not there would be passed over
for program in pylint pycodestyle yamllint; do
        /usr/bin/python3 -m "$program" --version >/dev/null 2>&1
        ok $? "there is $program"
done
run timeout 250 "$sanity" --python "$(/usr/bin/python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')"
is "$rc" 0 "ansible-test sanity"
[ "$rc" = 0 ] || diag "$(grep -v '^Running' <<<"$out$err")"
for test in ansible-doc compile import pep8 pylint runtime-metadata validate-modules yamllint; do
        like "$out$err" "Running sanity test \"$test\"" "ansible-test has run $test"
done
done_testing
