/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A role: rules for a kind of host, with the variables that they need.
 * Immutable once complete and shared by reference count (not thread safe).
 */

#include "rules/base/util.h"
#include "rules/policy/assertions.h"
#include "rules/policy/defaults.h"
#include "rules/policy/directions.h"
#include "rules/policy/ports.h"
#include "rules/policy/rulelist.h"

typedef enum VarType {
        VAR_NETWORKS, /* addresses, prefixes, @sets */
        VAR_USERS,
        VAR_GROUPS,
        VAR_UNITS,
        VAR_PORTS,
        _VAR_TYPE_MAX,
        _VAR_TYPE_INVALID = -1,
} VarType;

const char *var_type_to_string(VarType t); /* networks users groups units ports */
VarType var_type_from_string(const char *s);

/* A var as a role declares it. */
typedef struct VarDecl {
        char *name;
        VarType type;
        bool required;
        char **value; /* the default, as written; NULL: none */
        char *help;   /* NULL: none */
        unsigned line;
} VarDecl;

typedef struct Role {
        unsigned n_refs;
        char *name;
        char *summary;
        char *file;
        bool shipped;
        bool audit;                   /* what it refuses is only reported */
        Ports manages[DIRECTIONS];    /* besides 25 */
        bool manages_all[DIRECTIONS]; /* manages = [ "all" ]: every mail port, added ones too */
        Ports listens;                /* a server is expected on one of them; n 0: on none */
        VarDecl *vars;
        size_t n_vars;
        Defaults defaults;
        RuleList rules;
        Assertions assertions;
} Role;

Role *role_new(void);
Role *role_ref(Role *r);
Role *role_unref(Role *r);
DEFINE_CLEANUP(Role, role_unref)
