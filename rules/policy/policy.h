/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The policy: the daemon's state, the host's files and the catalogue of roles, before anything is
 * decided. Its parts are immutable and shared by reference count (not thread safe), so that a
 * change copies pointers, not texts. Order and defaults are decided in compile.h and nowhere else.
 */

#include "rules/base/util.h"

typedef struct PrefixSet PrefixSet;
typedef struct State State;
typedef struct HostConf HostConf;
typedef struct Fragment Fragment;
typedef struct Role Role;

typedef struct Policy {
        State *state;     /* never NULL */
        HostConf *host;   /* NULL: there is no p25.conf */
        Fragment **files; /* of policy.d, by name */
        size_t n_files;
        Role **roles; /* the catalogue: shipped and own, by name */
        size_t n_roles;
} Policy;

Policy *policy_new(void);
Policy *policy_free(Policy *p);
DEFINE_CLEANUP(Policy, policy_free)

/* The name of a role that a misspelt one may mean; borrowed, NULL: none. */
const char *policy_nearest_role(const Policy *p, const char *name);
Role *policy_find_role(const Policy *p, const char *name); /* borrowed, or NULL */
/* Puts it in the order of names, or in the place of the one that has its name; 0 or -ENOMEM. */
int policy_put_role(Policy *p, Role *role);
int policy_put_file(Policy *p, Fragment *f);
/* The roles that are listed, in their order, without those that the catalogue lacks; from *i on,
 * which begins with 0. Borrowed; NULL: no more. */
const Role *policy_next_role(const Policy *p, size_t *i);
/* All that declares sets and has rules but p25ctl's and the roles: the i-th of p25.conf, the files
 * of policy.d, and the stored fragments. Borrowed; NULL: no more. */
const Fragment *policy_fragment(const Policy *p, size_t i);
/* The entries of a set of p25ctl, p25.conf or a fragment. Borrowed, or NULL. */
const PrefixSet *policy_find_set(const Policy *p, const char *name);
/* Between an entry and its end, an RFC 3339 time; a comment for readers of a set file. */
#define SET_EXPIRES " # expires "
/* Its entries as the text of a set file, those that end last. 0, -ENOENT, -ENOMEM. */
int policy_print_set(const Policy *p, const char *name, char **ret, size_t *ret_length);
