# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-2.0-or-later
# GNU General Public License v2.0, or v3.0 or any later version, as you like
"""One rule, as p25ctl adds it."""

DOCUMENTATION = r'''
module: p25_rule
short_description: Manage one rule of a host's mail policy
version_added: "0.1.0"
author:
  - p25 developers (@port25)
description:
  - Adds or removes one of the rules that C(p25ctl show added) lists. They are evaluated before the rules of
    files, fragments and roles.
  - A rule with the same match is the same rule; another action or comment updates it in place.
  - For a list of rules whose order matters, or where omitted rules must be removed, use
    M(port25.p25.p25_policy).
extends_documentation_fragment:
  - port25.p25.p25
  - port25.p25.p25.attributes
  - port25.p25.p25.rule
options:
  state:
    description:
      - Whether the rule exists. A rule is removed if match and action agree.
    type: str
    choices: [present, absent]
    default: present
  position:
    description:
      - Insert a new rule at this position, counted from 1 (C(p25ctl status numbered)); after all others when
        it is omitted. An existing rule keeps its position.
    type: int
  for:
    description:
      - The rule expires after this time, such as C(90s), C(10m), C(2h) or C(7d).
      - An existing rule keeps its expiry. After it has expired, the next run of the play adds it
        again.
    type: str
seealso:
  - module: port25.p25.p25_policy
  - module: port25.p25.p25_set
'''

EXAMPLES = r'''
- name: The backup may send to one host
  port25.p25.p25_rule:
    action: allow
    direction: out
    to: [203.0.113.7, "2001:db8::7"]
    user: [backup]
    comment: nightly report

- name: A blocklist comes first
  port25.p25.p25_rule:
    action: deny
    from: ["@drop"]
    ports: [smtp, submission]
    position: 1

- name: Limit submission
  port25.p25.p25_rule:
    action: limit
    ports: [587, 465]
    rate: 30/minute
    burst: 10
    max: 5

- name: Remove a rule
  port25.p25.p25_rule:
    action: allow
    from: [192.0.2.0/24]
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
  sample: ["+ deny from 192.0.2.1 to any port 25", "newly denied: in 25/tcp from 192.0.2.1"]
messages:
  description: The message of p25ctl.
  returned: success
  type: list
  elements: str
  sample: ["Rule added"]
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
  description: The errors of p25ctl as a list; C(msg) joins them.
  returned: failure of p25ctl
  type: list
  elements: str
  sample: ["22 is not a mail port (25, 465, 587, 2525)"]
'''

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.port25.p25.plugins.module_utils.p25ctl import P25ctl, argument_spec
from ansible_collections.port25.p25.plugins.module_utils.rule import Refused, rule_spec, rule_words


def main():
    module = AnsibleModule(
        argument_spec=argument_spec(
            state=dict(type='str', choices=['present', 'absent'], default='present'),
            position=dict(type='int'),
            **dict(rule_spec(), **{'for': dict(type='str')})
        ),
        supports_check_mode=True,
    )
    params = module.params
    present = params['state'] == 'present'
    placement = []
    if not present:
        placement = ['delete']
    elif params['position'] is not None:
        placement = ['insert', str(params['position'])]
    try:
        words = rule_words(params, placement)
    except Refused as e:
        module.fail_json(msg=str(e))
    if present and params['for'] is not None:
        words += ['for', params['for']]
    p25 = P25ctl(module)
    document = None
    if present and params['for'] is not None:
        rc, document = p25.run(words, ['--dry-run'])
    if document is not None and rc == 0 and document['only_expires']:
        # the rule is there and has an end: a later end is no change
        p25.result['revision'] = document['revision']
    else:
        p25.change(words)
    p25.exit()


if __name__ == '__main__':
    main()
