# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-2.0-or-later
# GNU General Public License v2.0, or v3.0 or any later version, as you like
"""The state of p25d, as facts."""

DOCUMENTATION = r'''
module: p25_facts
short_description: Read a host's mail policy
version_added: "0.1.0"
author:
  - p25 developers (@port25)
description:
  - Reads the policy in force, its rules, roles, sets, fragments and revisions, into
    C(ansible_facts.p25). Needs no privilege on the managed host.
extends_documentation_fragment:
  - port25.p25.p25
  - port25.p25.p25.facts
notes:
  - Nothing is changed, so I(reason), I(strict), I(confirm) and I(expect) have no effect here; they are accepted for
    the sake of C(module_defaults).
options:
  gather:
    description:
      - What to read.
    type: list
    elements: str
    choices: [status, rules, roles, sets, fragments, revisions]
    default: [status, rules, roles, sets, fragments, revisions]
  revisions:
    description:
      - The number of revisions to return, newest first.
    type: int
    default: 20
'''

EXAMPLES = r'''
- name: Read the policy
  port25.p25.p25_facts:

- name: A host that is not a mail server must be closed
  ansible.builtin.assert:
    that:
      - ansible_facts.p25.status.active
      - ansible_facts.p25.status.default.incoming == 'deny'
'''

RETURN = r'''
ansible_facts:
  description: The facts.
  returned: success
  type: dict
  contains:
    p25:
      description: The state of p25d, limited to the parts in I(gather).
      returned: success
      type: dict
      contains:
        status:
          description: The output of C(p25ctl status --json), without the rules.
          returned: when gathered
          type: dict
          sample: {active: true, backend: nftables, roles: [mx], revision: 7, lockdown: false, logging: low}
        rules:
          description: All rules in evaluation order.
          returned: when gathered
          type: list
          elements: dict
          sample:
            - id: 1
              position: 1
              source: p25ctl
              action: allow
              direction: in
              ports: [25]
              from: [192.0.2.0/24]
        roles:
          description: The available roles, and whether the host has them.
          returned: when gathered
          type: list
          elements: dict
          sample:
            - name: mx
              summary: Receives mail from the Internet
              active: true
              shipped: true
        sets:
          description: The sets, with the number of their entries.
          returned: when gathered
          type: list
          elements: dict
          sample:
            - name: drop
              entries: 1000000
              source: p25ctl
        fragments:
          description: The fragments.
          returned: when gathered
          type: list
          elements: dict
          sample:
            - name: site
              source: p25ctl
              file: ""
              rules: 2
              sets: 0
        revisions:
          description: The newest revisions.
          returned: when gathered
          type: list
          elements: dict
          sample:
            - revision: 7
              time: "2026-11-21T21:10:55.850923Z"
              uid: 0
              process: p25ctl
              reason: ticket 4711
error:
  description:
    - The kind of failure, C(failed) or C(not_reachable).
  returned: failure of p25ctl
  type: str
  sample: not_reachable
rc:
  description: The exit status of p25ctl.
  returned: failure of p25ctl
  type: int
  sample: 8
'''

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.port25.p25.plugins.module_utils.p25ctl import P25ctl, argument_spec

SUBJECTS = ['status', 'rules', 'roles', 'sets', 'fragments', 'revisions']


def main():
    module = AnsibleModule(
        argument_spec=argument_spec(
            gather=dict(type='list', elements='str', choices=SUBJECTS, default=SUBJECTS),
            revisions=dict(type='int', default=20),
        ),
        supports_check_mode=True,
    )
    gather = module.params['gather']
    p25 = P25ctl(module)
    facts = {}
    if 'status' in gather or 'rules' in gather:
        status = p25.status()
        rules = status.pop('rules')
        if 'status' in gather:
            facts['status'] = status
        if 'rules' in gather:
            facts['rules'] = rules
    for subject, verb in ('roles', 'role'), ('sets', 'set'), ('fragments', 'fragment'):
        if subject in gather:
            facts[subject] = p25.read(verb, 'list')
    if 'revisions' in gather:
        facts['revisions'] = p25.read('history')[:max(module.params['revisions'], 0)]
    module.exit_json(changed=False, ansible_facts=dict(p25=facts))


if __name__ == '__main__':
    main()
