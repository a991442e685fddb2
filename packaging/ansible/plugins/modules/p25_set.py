# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-2.0-or-later
# GNU General Public License v2.0, or v3.0 or any later version, as you like
"""A set: a named list of prefixes."""

DOCUMENTATION = r'''
module: p25_set
short_description: Manage a named list of addresses in a host's mail policy
version_added: "0.1.0"
author:
  - p25 developers (@port25)
description:
  - Manages a set, which rules refer to as C(@NAME). A set can have up to two million entries.
  - I(entries) and I(src) replace the set; I(add) and I(remove) change single entries.
  - A long list is best given as I(src), a file on the managed host, put there by M(ansible.builtin.copy) or
    M(ansible.builtin.get_url). In no case does it travel in a command line.
extends_documentation_fragment:
  - port25.p25.p25
  - port25.p25.p25.attributes
options:
  name:
    description:
      - The name of the set, without the C(@).
    type: str
    required: true
  state:
    description:
      - Whether the set exists. A set that a rule uses cannot be removed.
    type: str
    choices: [present, absent]
    default: present
  entries:
    description:
      - Addresses and prefixes. An empty list makes an empty set.
    type: list
    elements: str
  src:
    description:
      - A file on the managed host with one address or prefix per line; C(#) and C(;) begin comments.
    type: path
  purge:
    description:
      - Whether entries that are not in I(entries) or I(src) are removed.
    type: bool
    default: true
  add:
    description:
      - Entries to add; the set is made if there is none.
    type: list
    elements: str
  remove:
    description:
      - Entries to take away; those that are not there are passed over.
    type: list
    elements: str
seealso:
  - module: port25.p25.p25_rule
  - module: port25.p25.p25_policy
'''

EXAMPLES = r'''
- name: The partners are these
  port25.p25.p25_set:
    name: partners
    entries:
      - 198.51.100.0/24
      - 2001:db8:5::/48

- name: One more, and one less
  port25.p25.p25_set:
    name: partners
    add: [192.0.2.9]
    remove: [198.51.100.0/24]

- name: A blocklist of a million lines
  port25.p25.p25_set:
    name: drop
    src: /var/lib/blocklist/drop.txt

- name: It is not needed any more
  port25.p25.p25_set:
    name: partners
    state: absent
'''

RETURN = r'''
revision:
  description: The revision of the policy; in check mode, the revision that would change.
  returned: success
  type: int
  sample: 7
difference:
  description:
    - What the policy gains (C(+)) and loses (C(-)), then the effects on connections.
  returned: success
  type: list
  elements: str
  sample: ["+ set partners 2 entries"]
messages:
  description: The message of p25ctl.
  returned: success
  type: list
  elements: str
  sample: ["Set partners loaded"]
pending:
  description: The time by which the change must be confirmed.
  returned: changed, with I(confirm)
  type: dict
  sample: {revision: 7, deadline: "2026-11-21T21:10:55Z", seconds_left: 120}
error:
  description:
    - The kind of failure, one of C(failed), C(bad_input), C(not_authorised), C(kernel_refused),
      C(stale_revision), C(not_reachable).
  returned: failure of p25ctl
  type: str
  sample: bad_input
rc:
  description: The exit status of p25ctl.
  returned: failure of p25ctl
  type: int
  sample: 4
errors:
  description: The errors of p25ctl as a list; C(msg) joins them. A line is one of the list.
  returned: failure of p25ctl
  type: list
  elements: str
  sample: ["entries:2: \"192.0.2.300\" is no address"]
'''

import ipaddress
import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.port25.p25.plugins.module_utils.p25ctl import P25ctl, argument_spec, text_of

# beyond this nobody reads a difference, and p25's own line tells how many came and went
DIFF_ENTRIES_MAX = 20000


def check_list(module, key):
    """An item is a line for p25ctl: not none, not two."""
    for item in module.params[key] or []:
        if not item.strip() or '\n' in item:
            module.fail_json(msg='%s: an item is %s' % (key, 'more than a line' if item.strip() else 'empty'))


def prefixes(lines):
    """The prefixes of lines that p25 has taken."""
    found = set()
    for line in lines:
        text = line.split('#')[0].split(';')[0].strip()
        if text:
            found.add(ipaddress.ip_network(text, strict=False))
    return found


def text_of_prefixes(found):
    """As p25 shows them: IPv4 first, ascending, a single address without its length."""
    found = sorted(found, key=lambda n: (n.version, int(n.network_address), n.prefixlen))
    return text_of(str(n.network_address if n.prefixlen == n.max_prefixlen else n) for n in found)


class Set:
    """The set of the task. before, after: its prefixes, or None where nobody wants to read them."""

    def __init__(self, module):
        self.module = module
        self.p25 = P25ctl(module)
        self.name = module.params['name']
        self.exists = any(item['name'] == self.name for item in self.p25.read('set', 'list'))
        self.before = self.after = None
        if self.p25.wants_texts:
            self.before = self.after = self.show() if self.exists else set()

    def show(self):
        entries = self.p25.read('set', 'show', self.name)['entries']
        return prefixes(entries) if len(entries) <= DIFF_ENTRIES_MAX else None

    def change(self, verb, path, called):
        """verb: load, add or remove, with the lines of a file."""
        words = ['set', verb, self.name, '-']
        # p25ctl sends standard input before it knows of warnings
        if self.module.params['strict'] and verb == 'load' and not self.module.check_mode:
            rc, document = self.p25.run(words, ['--dry-run', '--strict'], path, called)
            if rc != 0:
                self.p25.fail(rc, document)
        self.p25.change(words, source=path, name=called)
        if self.after is not None:
            self.after = self.expected(verb, path) if self.module.check_mode else self.show()

    def expected(self, verb, path):
        with open(path, 'rb') as f:
            lines = f.read().decode('utf-8', 'surrogateescape').splitlines()
        if len(lines) > DIFF_ENTRIES_MAX:
            return None
        entries = prefixes(lines)
        return {'load': entries, 'add': self.after | entries, 'remove': self.after - entries}[verb]

    def drop(self):
        if self.exists:
            self.p25.change(['set', 'drop', self.name])
        self.after = set()

    def exit(self):
        if 'revision' not in self.p25.result:
            self.p25.result['revision'] = self.p25.status()['revision']
        if self.before is None or self.after is None:
            self.p25.exit()
        self.p25.exit('set ' + self.name, text_of_prefixes(self.before), text_of_prefixes(self.after))


def main():
    module = AnsibleModule(
        argument_spec=argument_spec(
            name=dict(type='str', required=True),
            state=dict(type='str', choices=['present', 'absent'], default='present'),
            entries=dict(type='list', elements='str'),
            src=dict(type='path'),
            purge=dict(type='bool', default=True),
            add=dict(type='list', elements='str'),
            remove=dict(type='list', elements='str'),
        ),
        mutually_exclusive=[('entries', 'src', 'add'), ('entries', 'src', 'remove')],
        required_if=[('state', 'present', ('entries', 'src', 'add', 'remove'), True)],
        supports_check_mode=True,
    )
    params = module.params
    for key in 'entries', 'add', 'remove':
        check_list(module, key)
    subject = Set(module)
    if params['state'] == 'absent':
        subject.drop()
        subject.exit()
    source_of = subject.p25.source_of
    verb = 'load' if params['purge'] or not subject.exists else 'add'
    if params['src'] is not None:
        if not os.path.isfile(params['src']):
            module.fail_json(msg='%s: no such file' % params['src'])
        subject.change(verb, params['src'], params['src'])
    elif params['entries'] is not None:
        subject.change(verb, source_of(text_of(params['entries'])), 'entries')
    if params['add']:
        subject.change('add', source_of(text_of(params['add'])), 'add')
    # where there is no set there is nothing to take away
    if params['remove'] and subject.exists:
        subject.change('remove', source_of(text_of(params['remove'])), 'remove')
    subject.exit()


if __name__ == '__main__':
    main()
