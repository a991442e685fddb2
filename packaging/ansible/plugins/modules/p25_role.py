# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-2.0-or-later
# GNU General Public License v2.0, or v3.0 or any later version, as you like
"""The roles of a host."""

DOCUMENTATION = r'''
module: p25_role
short_description: Manage the roles of a host's mail policy
version_added: "0.1.0"
author:
  - p25 developers (@port25)
description:
  - States what kind of host this is, with the roles of p25 (C(mx), C(app-server), C(no-mail) and others, see
    p25-roles(7)); roles add up.
  - I(name) adds or removes one role; I(roles) sets the whole list, in its order.
  - These roles override those of C(/etc/p25/p25.conf). They come into force when p25 is enabled.
extends_documentation_fragment:
  - port25.p25.p25
  - port25.p25.p25.attributes
options:
  name:
    description:
      - One role. It is added after the roles that the host has.
    type: str
  state:
    description:
      - Whether the host has the role I(name).
    type: str
    choices: [present, absent]
    default: present
  roles:
    description:
      - All roles of the host. An empty list removes all roles.
    type: list
    elements: str
seealso:
  - module: port25.p25.p25_policy
  - module: port25.p25.p25_facts
'''

EXAMPLES = r'''
- name: A mail server that also runs web applications
  port25.p25.p25_role:
    roles: [mx, app-server]
    reason: ticket 4711

- name: Containers must not send
  port25.p25.p25_role:
    name: container-host

- name: This host is no longer a relay
  port25.p25.p25_role:
    name: internal-relay
    state: absent
'''

RETURN = r'''
roles:
  description: The roles of the host; in check mode, the roles that it would have.
  returned: success
  type: list
  elements: str
  sample: [mx, app-server]
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
  sample: ["+ role mx", "newly denied: out 25/tcp"]
messages:
  description: The message of p25ctl.
  returned: success
  type: list
  elements: str
  sample: ["Roles: mx, app-server"]
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
  sample: ["there is no role mxx"]
'''

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.port25.p25.plugins.module_utils.p25ctl import P25ctl, argument_spec, text_of

# the policy may change between reading it and changing it
ATTEMPTS = 5


def wanted_roles(params, now):
    if params['roles'] is not None:
        return params['roles']
    if params['state'] == 'present':
        return now if params['name'] in now else now + [params['name']]
    return [role for role in now if role != params['name']]


def main():
    module = AnsibleModule(
        argument_spec=argument_spec(
            name=dict(type='str'),
            state=dict(type='str', choices=['present', 'absent'], default='present'),
            roles=dict(type='list', elements='str'),
        ),
        required_one_of=[('name', 'roles')],
        mutually_exclusive=[('name', 'roles')],
        supports_check_mode=True,
    )
    params = module.params
    if params['roles'] is not None and params['state'] == 'absent':
        module.fail_json(msg='state=absent takes one role away: say name, or give the roles that are to stay')
    p25 = P25ctl(module)
    for attempt in range(ATTEMPTS):
        status = p25.status()
        now = status['roles']
        wanted = wanted_roles(params, now)
        p25.result['revision'] = status['revision']
        if wanted == now:
            break
        mine = params['expect'] is None and attempt + 1 < ATTEMPTS
        if p25.change(['role', 'set'] + wanted, expect=status['revision'] if params['expect'] is None else None,
                      stale_is_none=mine) is not None:
            break
    p25.exit('roles', text_of(now), text_of(wanted), roles=wanted)


if __name__ == '__main__':
    main()
