/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Text to model: documents in libconfig's language. libconfig reads the text to a tree (node.h),
 * which is walked against the table of vocabulary.h: an unknown key, a wrong type or a number out
 * of range is an error at FILE:LINE that names the setting ("rules[2].from", counted from 0) and,
 * for a near miss, the key that was meant.
 *
 * All return 0, -EINVAL (errors in d), -ENOMEM; *ret is written on success only. `file` is the
 * name for messages, borrowed during the call. Parsing opens no files: a set's `path` stays a
 * path.
 */

#include "rules/config/document.h"

typedef struct Diagnostics Diagnostics;

int parse_host(const char *text, size_t n, const char *file, Diagnostics *d, HostConf **ret);
int parse_fragment(const char *text, size_t n, const char *name, const char *file, Diagnostics *d,
        Fragment **ret);
int parse_role(const char *text, size_t n, const char *file, Diagnostics *d, Role **ret);

int parse_state(const char *text, size_t n, const char *file, Diagnostics *d, StateDocument *ret);

/* By its keys. A text that is not in libconfig's language, or has the keys of no kind, is
 * DOCUMENT_HOST, so that its errors are reported as those of p25.conf. Never fails. */
DocumentKind document_kind(const char *text, size_t n);
