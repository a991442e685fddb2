/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The names of one policy, as the compiler and the assertions ask for them. A value of its own for
 * each compilation: it holds which policy asks and what may be unknown, and collects what is
 * missing.
 */

#include "rules/base/util.h"

typedef struct Diagnostics Diagnostics;
typedef struct HostNames HostNames;
typedef struct Policy Policy;
typedef struct Ruleset Ruleset;

typedef struct MissingNames {
        char **users, **groups;
} MissingNames;

void missing_names_deinit(MissingNames *l);

typedef struct Resolver {
        HostNames *host;
        const char *root;          /* of the files of units; NULL: any unit may come to be */
        const Policy *policy;      /* asks */
        const Policy *relied_on;   /* users and groups in its rules may be unknown for now */
        const MissingNames *known; /* were missing lately; NULL: ask for all of them again */
        MissingNames missing;      /* owned; users and groups that do not exist */
        bool unanswered; /* the name service has yet to answer about one that must exist */
} Resolver;

void resolver_deinit(Resolver *r);
#define _cleanup_resolver_ _cleanup_(resolver_deinit)

/* compile_policy() and assertions_check() of the resolver's policy; they may be called in turn. */
int resolver_compile(Resolver *r, Diagnostics *d, Ruleset **ret);
int resolver_assert(Resolver *r, const Ruleset *ruleset, Diagnostics *d);
