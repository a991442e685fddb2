# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-2.0-or-later
# GNU General Public License v2.0, or v3.0 or any later version, as you like
"""A fragment: a policy text that one owner replaces whole."""

DOCUMENTATION = r'''
module: p25_policy
short_description: A fragment of a host's mail policy, replaced whole
version_added: "0.1.0"
author:
  - p25 developers (@port25)
description:
  - Puts a policy text under a name, the whole of it at once. What the text leaves out goes.
  - The text is given as it is (I(content), I(src)), or made of I(rules), I(sets), I(vars) and I(assertions).
    p25.conf(5) tells what a fragment may say.
  - Either all of it is in force afterwards or nothing has changed.
extends_documentation_fragment:
  - port25.p25.p25
  - port25.p25.p25.attributes
options:
  name:
    description:
      - The name of the fragment. Fragments decide in the order of their names.
    type: str
    required: true
  state:
    description:
      - Whether there is such a fragment.
    type: str
    choices: [present, absent]
    default: present
  content:
    description:
      - The text. An empty one is a fragment that says nothing; C(state=absent) takes a fragment away.
    type: str
  src:
    description:
      - A file on the managed host that holds the text.
    type: path
  rules:
    description:
      - The rules of the fragment, in their order.
    type: list
    elements: dict
    suboptions:
      action:
        description:
          - What happens to a connection that the rule matches.
        type: str
        choices: [allow, deny, reject, limit]
        required: true
      direction:
        description:
          - C(in) is a connection to a mail port of this host, C(out) one that a process of this host opens,
            C(routed) one that passes through.
        type: str
        choices: [in, out, routed]
        default: in
      ports:
        description:
          - Mail ports, as numbers or names; 25 where none is given.
        type: list
        elements: str
      from:
        description:
          - Addresses, prefixes, sets (C(@NAME)) or one variable (C($NAME)) that the connection comes from. Anywhere
            when it is left out; an empty list is refused.
        type: list
        elements: str
      to:
        description:
          - Where the connection goes to, in the same way.
        type: list
        elements: str
      interface:
        description:
          - The interface that the packet enters (C(in)) or leaves by (C(out)).
        type: str
      in_interface:
        description:
          - The interface that a routed packet enters.
        type: str
      out_interface:
        description:
          - The interface that a routed packet leaves by.
        type: str
      user:
        description:
          - Users whose processes open the connection, for I(direction=out) alone.
        type: list
        elements: str
      group:
        description:
          - Groups, in the same way.
        type: list
        elements: str
      unit:
        description:
          - Units of systemd, in the same way.
        type: list
        elements: str
      rate:
        description:
          - Of I(action=limit), new connections per source, as in C(30/minute).
        type: str
      burst:
        description:
          - Of I(action=limit), how many may come at once.
        type: int
      max:
        description:
          - Of I(action=limit), how many may be open at a time.
        type: int
      log:
        description:
          - Log the connections that the rule decides.
        type: bool
        default: false
      comment:
        description:
          - A comment of at most 200 bytes of UTF-8.
        type: str
  sets:
    description:
      - Sets by their names, each a list of entries, or a dictionary with C(file), a path on the managed host.
    type: dict
  vars:
    description:
      - Variables of roles by their names, each a value or a list of values.
    type: dict
  assertions:
    description:
      - What must hold; a change that would break one of them is refused, whoever makes it.
    type: list
    elements: dict
    suboptions:
      packet:
        description:
          - A connection, in the words of C(p25ctl explain).
        type: str
        required: true
      verdict:
        description:
          - What has to become of it. C(allow) is content with C(limit).
        type: str
        choices: [allow, deny, reject, limit]
        required: true
seealso:
  - module: port25.p25.p25_rule
  - module: port25.p25.p25_set
'''

EXAMPLES = r'''
- name: What this site allows, and that it stays so
  port25.p25.p25_policy:
    name: site
    rules:
      - action: allow
        from: [192.0.2.0/24, "@partners"]
        comment: offices
      - action: reject
        direction: out
        user: [www-data]
    sets:
      partners: [198.51.100.0/24]
    assertions:
      - packet: in from 192.0.2.9
        verdict: allow

- name: The same from a template of the controller
  port25.p25.p25_policy:
    name: site
    content: "{{ lookup('ansible.builtin.template', 'site.conf.j2') }}"

- name: A text that lies on the managed host
  port25.p25.p25_policy:
    name: blocklist
    src: /etc/mail/blocklist.conf

- name: It is not needed any more
  port25.p25.p25_policy:
    name: blocklist
    state: absent
'''

RETURN = r'''
revision:
  description: The revision of the policy; in check mode the one that would be changed.
  returned: success
  type: int
  sample: 7
difference:
  description:
    - What the policy gains (C(+)) and loses (C(-)), then what changes for connections.
  returned: success
  type: list
  elements: str
  sample: ["+ fragment site", "newly allowed: in 25/tcp from 192.0.2.0/24"]
messages:
  description: What p25ctl says of the change.
  returned: success
  type: list
  elements: str
  sample: ["Fragment site put"]
content:
  description: The text of the fragment; in check mode what it would be.
  returned: success, with state present and without I(src)
  type: str
  sample: |
    rules = (
      { action = "allow"; direction = "in"; from = [ "192.0.2.0/24" ]; }
    );
pending:
  description: Until when the change has to be confirmed.
  returned: changed, with I(confirm)
  type: dict
  sample: {revision: 7, deadline: "2026-11-21T21:10:55Z", seconds_left: 120}
error:
  description:
    - What kind of failure it was, one of C(failed), C(bad_input), C(not_authorised), C(kernel_refused),
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
  description: The errors of p25ctl, one by one; C(msg) has them all. A line is one of the text.
  returned: failure of p25ctl
  type: list
  elements: str
  sample: ["site:3: \"192.0.2.0/33\" has too long a prefix"]
'''

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.port25.p25.plugins.module_utils.p25ctl import P25ctl, argument_spec
from ansible_collections.port25.p25.plugins.module_utils.rule import Refused, fragment_text, rule_spec

STRUCTURED = ('rules', 'sets', 'vars', 'assertions')


# what p25ctl makes of an empty text, which p25d would take for "remove"
NOTHING = '\n'


def read_text(module, path):
    """What p25 has taken is UTF-8."""
    try:
        with open(path, 'rb') as f:
            return f.read().decode('utf-8') or NOTHING
    except (OSError, UnicodeDecodeError) as e:
        module.fail_json(msg='%s: %s' % (path, e))


def text_wanted(module):
    params = module.params
    if params['content'] is not None:
        return params['content'] or NOTHING
    try:
        return fragment_text(params['rules'], params['sets'], params['vars'], params['assertions'])
    except Refused as e:
        module.fail_json(msg=str(e))


def fragment_now(p25, name):
    """The list's entry of the fragment, and its text if p25d keeps it."""
    for fragment in p25.read('fragment', 'list'):
        if fragment['name'] == name:
            return fragment, p25.read('fragment', 'show', name)['text']
    return None, ''


def main():
    module = AnsibleModule(
        argument_spec=argument_spec(
            name=dict(type='str', required=True),
            state=dict(type='str', choices=['present', 'absent'], default='present'),
            content=dict(type='str'),
            src=dict(type='path'),
            rules=dict(type='list', elements='dict', options=rule_spec()),
            sets=dict(type='dict'),
            vars=dict(type='dict'),
            assertions=dict(type='list', elements='dict', options=dict(
                packet=dict(type='str', required=True),
                verdict=dict(type='str', choices=['allow', 'deny', 'reject', 'limit'], required=True),
            )),
        ),
        mutually_exclusive=[('content', 'src', word) for word in STRUCTURED],
        required_if=[('state', 'present', ('content', 'src') + STRUCTURED, True)],
        supports_check_mode=True,
    )
    params = module.params
    name = params['name']
    p25 = P25ctl(module)
    if params['state'] == 'present':
        before = fragment_now(p25, name)[1] if p25.wants_texts else None
        if params['src'] is not None:
            p25.change(['fragment', 'put', name, params['src']])
            wanted = read_text(module, params['src']) if p25.wants_texts else None
        else:
            wanted = text_wanted(module)
            p25.change(['fragment', 'put', name, '-'], source=p25.source_of(wanted), name=name)
            p25.result['content'] = wanted
        p25.exit('fragment ' + name, before, wanted)
    fragment, before = fragment_now(p25, name)
    if fragment is None:
        p25.result['revision'] = p25.status()['revision']
    else:
        p25.change(['fragment', 'drop', name])
    p25.exit('fragment ' + name, before, '')


if __name__ == '__main__':
    main()
