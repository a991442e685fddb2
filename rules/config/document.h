/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The four kinds of document, and the parts of the daemon's document around the state.
 */

#include "rules/base/util.h"

typedef struct State State;
typedef struct HostConf HostConf;
typedef struct Fragment Fragment;
typedef struct Role Role;

typedef enum DocumentKind {
        DOCUMENT_HOST,
        DOCUMENT_FRAGMENT,
        DOCUMENT_ROLE,
        DOCUMENT_STATE, /* the daemon's own */
        _DOCUMENT_MAX,
        _DOCUMENT_INVALID = -1,
} DocumentKind;

/* "p25.conf", "a fragment", "a role", "the daemon's state" */
const char *document_to_string(DocumentKind kind);

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
