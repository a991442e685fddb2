# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-2.0-or-later
# GNU General Public License v2.0, or v3.0 or any later version, as you like
"""A fragment: a policy text that one owner replaces as a whole."""

DOCUMENTATION = r'''
module: p25_policy
short_description: Manage a fragment of a host's mail policy
version_added: "0.1.0"
author:
  - p25 developers (@port25)
description:
  - Stores a policy text under a name. The text replaces the former one as a whole; what it omits is removed.
  - The text is given directly (I(content), I(src)), or generated from I(rules), I(sets), I(vars) and I(assertions).
    p25.conf(5) tells what a fragment may say.
  - Either all of it comes into force or nothing changes.
extends_documentation_fragment:
  - port25.p25.p25
  - port25.p25.p25.attributes
options:
  name:
    description:
      - The name of the fragment. Fragments are evaluated in order of name.
    type: str
    required: true
  state:
    description:
      - Whether the fragment exists.
    type: str
    choices: [present, absent]
    default: present
  content:
    description:
      - The text. An empty text makes an empty fragment; C(state=absent) removes the fragment.
    type: str
  src:
    description:
      - A file on the managed host with the text.
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
          - Mail ports, as numbers or names. The default is 25.
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
          - The destination, in the same form.
        type: list
        elements: str
      interface:
        description:
          - The interface through which the packet enters (C(in)) or leaves (C(out)).
        type: str
      in_interface:
        description:
          - The interface through which a routed packet enters.
        type: str
      out_interface:
        description:
          - The interface through which a routed packet leaves.
        type: str
      user:
        description:
          - Users whose processes open the connection; for I(direction=out) only.
        type: list
        elements: str
      group:
        description:
          - Groups; for I(direction=out) only.
        type: list
        elements: str
      unit:
        description:
          - Units of systemd; for I(direction=out) only.
        type: list
        elements: str
      rate:
        description:
          - For I(action=limit), the rate of new connections per source, such as C(30/minute).
        type: str
      burst:
        description:
          - For I(action=limit), the number of connections that may arrive at once.
        type: int
      max:
        description:
          - For I(action=limit), the number of connections that may be open.
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
      - Sets by name, each a list of entries, or a dictionary with C(file), a path on the managed host.
    type: dict
  vars:
    description:
      - Variables of roles by name, each a value or a list of values.
    type: dict
  assertions:
    description:
      - Assertions; a change that breaks one is refused, whoever makes it.
    type: list
    elements: dict
    suboptions:
      packet:
        description:
          - A connection, in the syntax of C(p25ctl explain).
        type: str
        required: true
      verdict:
        description:
          - The expected verdict. C(allow) also accepts C(limit).
        type: str
        choices: [allow, deny, reject, limit]
        required: true
seealso:
  - module: port25.p25.p25_rule
  - module: port25.p25.p25_set
'''

EXAMPLES = r'''
- name: Rules and assertions of this site
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

- name: A text on the managed host
  port25.p25.p25_policy:
    name: blocklist
    src: /etc/mail/blocklist.conf

- name: Remove it
  port25.p25.p25_policy:
    name: blocklist
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
  sample: ["+ fragment site", "newly allowed: in 25/tcp from 192.0.2.0/24"]
messages:
  description: The message of p25ctl.
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
  description: The errors of p25ctl as a list; C(msg) joins them. Line numbers refer to the text.
  returned: failure of p25ctl
  type: list
  elements: str
  sample: ["site:3: \"192.0.2.0/33\" has too long a prefix"]
'''

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.port25.p25.plugins.module_utils.p25ctl import P25ctl, argument_spec
from ansible_collections.port25.p25.plugins.module_utils.rule import Refused, fragment_text, rule_spec

STRUCTURED = ('rules', 'sets', 'vars', 'assertions')


# what p25ctl sends for an empty text, because p25d takes an empty text as "remove"
NOTHING = '\n'


def read_text(module, path):
    """Texts that p25 has accepted are UTF-8."""
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
    """The fragment's entry in the list, and its text if p25d stores it."""
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
