# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-2.0-or-later
# GNU General Public License v2.0, or v3.0 or any later version, as you like
"""A rule of a play: its options, and the two forms that p25 reads, words of p25ctl and text of a fragment."""

import re

LISTS = ('from', 'to', 'user', 'group', 'unit', 'ports')
# the kernel takes 128 KiB for one word of a command line
WORD_BYTES_MAX = 100000
NAME = re.compile(r'^[A-Za-z*][-A-Za-z0-9_*]*$')


class Refused(Exception):
    """What is wrong with the task, before p25 is asked."""


def rule_spec():
    spec = dict(
        action=dict(type='str', choices=['allow', 'deny', 'reject', 'limit'], required=True),
        direction=dict(type='str', choices=['in', 'out', 'routed'], default='in'),
        ports=dict(type='list', elements='str'),
        to=dict(type='list', elements='str'),
        interface=dict(type='str'),
        in_interface=dict(type='str'),
        out_interface=dict(type='str'),
        user=dict(type='list', elements='str'),
        group=dict(type='list', elements='str'),
        unit=dict(type='list', elements='str'),
        rate=dict(type='str'),
        burst=dict(type='int'),
        max=dict(type='int'),
        log=dict(type='bool', default=False),
        comment=dict(type='str'),
    )
    spec['from'] = dict(type='list', elements='str')
    return spec


def check_lists(rule):
    """A list that came out empty would mean "anywhere", or "everybody"."""
    for key in LISTS:
        if rule[key] is None:
            continue
        if not rule[key]:
            raise Refused('%s is an empty list: leave it out if the rule is to match any' % key)
        if any(item.strip() == '' for item in rule[key]):
            raise Refused('%s: an item of the list is empty' % key)


# ---- words ----

def listed(rule, key):
    """Commas take a list apart, so no item may hold one."""
    for item in rule[key]:
        if ',' in item:
            raise Refused("%s: '%s' holds a comma: write a list" % (key, item))
    word = ','.join(rule[key])
    if len(word.encode('utf-8', 'surrogateescape')) > WORD_BYTES_MAX:
        raise Refused('%s is too long for one rule: put the addresses into a set (p25_set) and name @SET' % key)
    return word


def interfaces(rule):
    routed = rule['direction'] == 'routed'
    for key in ('interface',) if routed else ('in_interface', 'out_interface'):
        if rule[key] is not None:
            raise Refused('%s is not for direction %s: %s' % (
                key, rule['direction'],
                'a routed rule has in_interface and out_interface' if routed else 'it has interface'))
    if not routed:
        return [] if rule['interface'] is None else ['on', rule['interface']]
    words = []
    for key, word in ('in_interface', 'in'), ('out_interface', 'out'):
        if rule[key] is not None:
            words += [word, 'on', rule[key]]
    return words


def rule_words(rule, placement=()):
    """The words that make p25ctl's rule."""
    check_lists(rule)
    routed = rule['direction'] == 'routed'
    words = ['route' if routed else 'rule'] + list(placement) + [rule['action']]
    if not routed:
        words.append(rule['direction'])
    words += interfaces(rule)
    if rule['log']:
        words.append('log')
    if rule['from']:
        words += ['from', listed(rule, 'from')]
    if rule['to'] or rule['ports']:
        words += ['to', listed(rule, 'to') if rule['to'] else 'any']
    if rule['ports']:
        words += ['port', listed(rule, 'ports')]
    for key in 'user', 'group', 'unit':
        if rule[key]:
            words += [key, listed(rule, key)]
    for key in 'rate', 'burst', 'max', 'comment':
        if rule[key] is not None:
            words += [key, str(rule[key])]
    return words


# ---- text ----

def quoted(text):
    """A string of libconfig that can hold anything and ends where it ends."""
    escapes = {'"': '\\"', '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t', '\f': '\\f'}
    out = []
    for c in text:
        if c in escapes:
            out.append(escapes[c])
        elif ord(c) < 0x20 or ord(c) == 0x7f:
            out.append('\\x%02x' % ord(c))
        else:
            out.append(c)
    return '"%s"' % ''.join(out)


def scalar(value):
    if isinstance(value, bool):
        return 'true' if value else 'false'
    if isinstance(value, int):
        return str(value)
    return quoted(str(value))


def array(items):
    return '[ %s ]' % ', '.join(scalar(item) for item in items)


def group(items):
    return '{ %s }' % ' '.join('%s = %s;' % item for item in items)


def port(item):
    return int(item) if re.match(r'^[0-9]{1,9}$', item) else item


def rule_text(rule):
    check_lists(rule)
    items = []
    for key in ('action', 'direction', 'ports', 'from', 'to', 'interface', 'in_interface', 'out_interface', 'user',
                'group', 'unit', 'rate', 'burst', 'max', 'log', 'comment'):
        value = rule[key]
        if value is None or value is False:
            continue
        if key == 'ports':
            value = [port(item) for item in value]
        items.append((key, array(value) if isinstance(value, list) else scalar(value)))
    return group(items)


def settings(kind, values, text_of_value):
    """NAME = VALUE; a line each, of vars and sets."""
    lines = []
    for name in sorted(values):
        if not NAME.match(str(name)):
            raise Refused("'%s' is not a valid name for %s in a policy text: letters, digits, _ and -" % (name, kind))
        lines.append('  %s = %s;' % (name, text_of_value(name, values[name])))
    return lines


def set_text(name, value):
    if isinstance(value, dict) and list(value) == ['file']:
        return group([('file', scalar(value['file']))])
    if isinstance(value, list):
        return group([('entries', array(str(item) for item in value))])
    raise Refused('set %s: a list of entries, or file: PATH' % name)


def var_text(name, value):
    if isinstance(value, list):
        return array(value)
    if isinstance(value, (str, int)):
        return scalar(value)
    raise Refused('variable %s: a value or a list of values' % name)


def fragment_text(rules=None, sets=None, variables=None, assertions=None):
    """The text of a fragment, the same for the same arguments."""
    parts = []
    if variables:
        parts += ['vars = {'] + settings('a variable', variables, var_text) + ['};']
    if sets:
        parts += ['sets = {'] + settings('a set', sets, set_text) + ['};']
    if rules:
        parts += ['rules = (', ',\n'.join('  ' + rule_text(rule) for rule in rules), ');']
    if assertions:
        parts += ['assert = (', ',\n'.join(
            '  ' + group([(key, scalar(item[key])) for key in ('packet', 'verdict')]) for item in assertions), ');']
    return '\n'.join(parts) + '\n'
