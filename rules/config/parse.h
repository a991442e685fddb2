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

#include "rules/policy/state.h"

typedef enum DocumentKind {
        DOCUMENT_HOST,
        DOCUMENT_FRAGMENT,
        DOCUMENT_ROLE,
        DOCUMENT_STATE, /* the daemon's own */
        _DOCUMENT_MAX,
        _DOCUMENT_INVALID = -1,
} DocumentKind;

int parse_host(const char *text, size_t n, const char *file, Diagnostics *d, HostConf **ret);
int parse_fragment(const char *text, size_t n, const char *name, const char *file, Diagnostics *d,
        Fragment **ret);
int parse_role(const char *text, size_t n, const char *file, Diagnostics *d, Role **ret);

/* The state document names fragments and sets by their files below the state folder:
 * (name, file) pairs, which the caller reads. */
typedef struct StateFile {
        char *name;
        char *file;
} StateFile;

typedef struct StateDocument {
        State *state; /* without fragments and sets */
        StateFile *fragments;
        size_t n_fragments;
        StateFile *sets;
        size_t n_sets;
} StateDocument;

void state_document_deinit(StateDocument *s);
int parse_state(const char *text, size_t n, const char *file, Diagnostics *d, StateDocument *ret);

/* By its keys. A text that is not in libconfig's language, or has the keys of no kind, is
 * DOCUMENT_HOST, so that its errors are reported as those of p25.conf. Never fails. */
DocumentKind document_kind(const char *text, size_t n);
