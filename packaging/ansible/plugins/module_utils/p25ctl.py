# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-2.0-or-later
# GNU General Public License v2.0, or v3.0 or any later version, as you like
"""Runs p25ctl and reads the one JSON document that it prints. Knows what all modules have in common: options,
exit statuses, check mode, the form of a difference. Refuses to know what a rule or a set is."""

import json
import os
import re
import tempfile

EXIT_CHANGED = 2
EXIT_STALE = 7
ERRORS = {
    1: 'failed',
    4: 'bad_input',
    5: 'not_authorised',
    6: 'kernel_refused',
    7: 'stale_revision',
    8: 'not_reachable',
}

# what Ansible is given to compare, at most, of each text
DIFF_BYTES_MAX = 1 << 20


def argument_spec(**more):
    spec = dict(
        executable=dict(type='path', default='p25ctl'),
        reason=dict(type='str'),
        strict=dict(type='bool', default=False),
        confirm=dict(type='int'),
        expect=dict(type='int'),
    )
    spec.update(more)
    return spec


def text_of(lines):
    return ''.join(line + '\n' for line in lines)


class P25ctl:
    """One task: the calls that it makes, and its result."""

    def __init__(self, module):
        self.module = module
        self.program = module.get_bin_path(module.params['executable'], required=True, opt_dirs=['/usr/local/bin'])
        self.result = dict(changed=False, difference=[], messages=[])

    # ---- calls ----

    def run(self, words, options=(), source=None, name=None):
        """The exit status and the document. What stands in `words` is never taken for an option. `source`: a file
        that is p25ctl's standard input; `name` stands for it in what p25ctl says of its lines."""
        command = [self.program, '--json'] + list(options) + ['--'] + list(words)
        environment = {}
        if source is not None:
            # not a pipe of ours: p25ctl may end before it has read all, and has the better message then
            command = ['/bin/sh', '-c', 'exec "$0" "$@" <"$P25_SOURCE"'] + command
            environment = dict(P25_SOURCE=source)
        # a variable of the environment has no meaning in a comment
        rc, out, err = self.module.run_command(command, environ_update=environment, expand_user_and_vars=False)
        try:
            document = json.loads(out)
        except ValueError:
            self.module.fail_json(msg='%s does not answer in JSON: %s' % (self.program, (err or out).strip()),
                                  rc=rc, stdout=out, stderr=err)
        if isinstance(document, dict):
            for key in 'errors', 'warnings':
                if name and document.get(key):
                    document[key] = [re.sub(r'^-(:\d+: )', lambda m: name + m.group(1), text)
                                     for text in document[key]]
        return rc, document

    def source_of(self, text):
        """A file that holds the text, until the module ends."""
        fd, path = tempfile.mkstemp(prefix='p25-', dir=self.module.tmpdir)
        self.module.add_cleanup_file(path)
        with os.fdopen(fd, 'wb') as f:
            f.write(text.encode('utf-8', 'surrogateescape'))
        return path

    def fail(self, rc, document):
        errors = document.get('errors', [])
        result = dict(self.result, rc=rc, error=ERRORS.get(rc, 'failed'), errors=errors,
                      msg='\n'.join(errors) or 'p25ctl failed with exit status %d' % rc)
        self.module.fail_json(**result)

    def read(self, *words):
        rc, document = self.run(words)
        if rc != 0:
            self.fail(rc, document)
        return document

    def status(self):
        return self.read('status')

    def change(self, words, source=None, name=None, expect=None, stale_is_none=False):
        """Makes a change, or in check mode asks what it would do. Adds to the result; returns the document, or
        None if the policy has moved on and stale_is_none."""
        params = self.module.params
        options = ['--detailed-exitcode']
        if self.module.check_mode:
            options.append('--dry-run')
        if params['reason'] is not None:
            options.append('--reason=' + params['reason'])
        if params['strict']:
            options.append('--strict')
        if params['confirm'] is not None:
            options.append('--confirm=%ds' % params['confirm'])
        if expect is None:
            expect = params['expect']
        if expect is not None:
            options.append('--expect=%d' % expect)
        rc, document = self.run(words, options, source, name)
        if rc == EXIT_STALE and stale_is_none:
            return None
        if rc not in (0, EXIT_CHANGED):
            self.fail(rc, document)
        self.add(document)
        return document

    def add(self, document):
        for text in document['warnings']:
            self.module.warn(text)
        self.result['changed'] = self.result['changed'] or document['changed']
        self.result['revision'] = document['revision']
        self.result['difference'] += document['diff'] + document['effects']
        if document.get('pending'):
            self.result['pending'] = document['pending']
        if document['message']:
            self.result['messages'] += [text for text in (document['message'], document['text']) if text]

    # ---- the end ----

    @property
    def wants_texts(self):
        """Has somebody asked for the texts before and after?"""
        return self.module._diff

    def exit(self, header=None, before=None, after=None, **more):
        """before, after: texts, or None where there is nothing to compare."""
        if self.wants_texts:
            diff = []
            if before is not None and after is not None:
                if max(len(before), len(after)) > DIFF_BYTES_MAX:
                    diff.append(dict(dst_larger=DIFF_BYTES_MAX))
                else:
                    diff.append(dict(before=before, after=after, before_header=header, after_header=header))
            if self.result['difference']:
                diff.append(dict(prepared=text_of(self.result['difference'])))
            self.result['diff'] = diff
        self.result.update(more)
        self.module.exit_json(**self.result)
