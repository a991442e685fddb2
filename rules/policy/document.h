/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The model of a file: p25.conf, a fragment or a role, with their rules, sets, vars and assertions.
 * Immutable once complete and shared by reference count (not thread safe).
 */

#include "rules/base/util.h"
#include "rules/policy/limit.h"
#include "rules/policy/ports.h"
#include "rules/policy/rulelist.h"
#include "rules/policy/terms.h"

typedef struct PrefixSet PrefixSet;
typedef struct RuleList RuleList;

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

typedef struct Assertion {
        char *packet; /* words of `explain`: "out to 8.8.8.8 user www-data" */
        Action verdict;
        char *file;
        unsigned line;
} Assertion;

typedef struct Assertions {
        Assertion *items;
        size_t n;
} Assertions;

/* Defaults of the three directions, _ACTION_INVALID where not stated. Never ACTION_LIMIT. */
typedef struct Defaults {
        Action of[_DIRECTION_MAX];
} Defaults;

extern const Defaults defaults_none;

/* ---- the three kinds of document ---- */

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

/* What of a user's outgoing connections is watched. */
typedef enum AlertKind {
        ALERT_BLOCKED,
        ALERT_CONNECTIONS,  /* that were let pass */
        ALERT_DESTINATIONS, /* distinct ones, of both */
        _ALERT_MAX,
        _ALERT_INVALID = -1,
} AlertKind;

const char *alert_kind_to_string(AlertKind k); /* blocked connections destinations */

typedef struct Alerts {
        Limit limits[_ALERT_MAX]; /* rate and unit_sec; rate 0: none */
        uint64_t quarantine_sec;  /* 0: none */
} Alerts;

typedef struct HostConf {
        unsigned n_refs;
        Fragment *common;    /* rules, sets, vars, assert */
        int enabled;         /* -1: not stated */
        BackendKind backend; /* BACKEND_AUTO when not stated */
        char **roles;
        Defaults defaults;
        Logging logging;            /* _LOGGING_INVALID: not stated */
        Attribution attribution;    /* _ATTRIBUTION_INVALID: not stated */
        bool audit[_DIRECTION_MAX]; /* refusals are only reported */
        Alerts alerts;
        Ports mail_ports; /* those added to the four; n 0: none */
        bool keep_established;
        unsigned roles_line;
} HostConf;

HostConf *host_conf_new(void);
HostConf *host_conf_ref(HostConf *h);
HostConf *host_conf_unref(HostConf *h);
DEFINE_CLEANUP(HostConf, host_conf_unref)

typedef struct Role {
        unsigned n_refs;
        char *name;
        char *summary;
        char *file;
        bool shipped;
        bool audit;                       /* what it refuses is only reported */
        Ports manages[_DIRECTION_MAX];    /* besides 25 */
        bool manages_all[_DIRECTION_MAX]; /* manages = [ "all" ]: every mail port, added ones too */
        Ports listens;                    /* a server is expected on one of them; n 0: on none */
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
