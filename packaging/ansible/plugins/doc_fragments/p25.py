# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the documentation of all modules has in common."""


class ModuleDocFragment:
    DOCUMENTATION = r'''
options:
  executable:
    description:
      - The p25ctl of the managed host, as a path or as a name to look for.
    type: path
    default: p25ctl
  reason:
    description:
      - Why, for the history of the policy (C(p25ctl history)); at most 200 bytes.
    type: str
  strict:
    description:
      - Take p25's warnings for errors, so that a change which brings one is not made. Without it they are
        warnings of the task.
    type: bool
    default: false
  confirm:
    description:
      - Take the change back after so many seconds, unless C(p25ctl confirm) comes in time.
    type: int
  expect:
    description:
      - Change this revision of the policy or none; the task fails with I(rc=7) if the policy is another by
        now.
    type: int
requirements:
  - p25 on the managed host, with p25d running
'''

    # for the modules that change something
    ATTRIBUTES = r'''
attributes:
  check_mode:
    description: Can run in check mode and tell what would change, without changing it.
    support: full
  diff_mode:
    description: Tells the canonical text before and after, and what would become of connections.
    support: full
  platform:
    description: The systems that it works on.
    platforms: linux
    support: full
'''

    FACTS = r'''
attributes:
  check_mode:
    description: Changes nothing, in check mode or out of it.
    support: full
  diff_mode:
    description: Changes nothing.
    support: N/A
  platform:
    description: The systems that it works on.
    platforms: linux
    support: full
'''

    RULE = r'''
options:
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
      - Mail ports, as numbers or as names (C(smtp), C(submission), C(submissions), C(smtp-alt)). Port 25 where
        none is given. Any other port is refused by p25.
    type: list
    elements: str
  from:
    description:
      - Addresses, prefixes and sets (C(@NAME)) that the connection comes from. Anywhere when it is left out;
        an empty list is refused.
    type: list
    elements: str
  to:
    description:
      - Addresses, prefixes and sets that the connection goes to. As for I(from).
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
      - Users whose processes open the connection, as names or numbers; for I(direction=out) only.
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
'''
