/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A fragment: rules, sets, values of variables and assertions, as a file of policy.d has them.
 * Immutable once complete and shared by reference count (not thread safe).
 */

#include "rules/base/util.h"
#include "rules/policy/assertions.h"
#include "rules/policy/rulelist.h"

typedef struct PrefixSet PrefixSet;

/* A value as a host file or fragment gives it: texts, checked against the type where used. */
typedef struct VarValue {
        char *name;
        char **value;
        char *file;
        unsigned line;
} VarValue;

typedef struct VarValues {
        VarValue *items;
        size_t n;
} VarValues;

/* A set as a file declares it; exactly one of entries and path is given. */
typedef struct SetDecl {
        char *name;
        PrefixSet *entries; /* NULL until the shell has read `path` */
        char *path;
        char *file;
        unsigned line;
} SetDecl;

typedef struct SetDecls {
        SetDecl *items;
        size_t n;
} SetDecls;

/* A fragment; p25.conf holds the same four lists. name is NULL for p25.conf. */
typedef struct Fragment {
        unsigned n_refs;
        char *name;
        char *file; /* NULL: put over the bus */
        char *text; /* as it was put; NULL for files */
        RuleList rules;
        SetDecls sets;
        VarValues vars;
        Assertions assertions;
} Fragment;

Fragment *fragment_new(void);
Fragment *fragment_ref(Fragment *f);
Fragment *fragment_unref(Fragment *f);
DEFINE_CLEANUP(Fragment, fragment_unref)
