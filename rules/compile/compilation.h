/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What the files of compile share: the state of one compilation. Nobody else includes this.
 *
 * All functions return 0, -ENOMEM, or -EINVAL after telling the user in c->diagnostics: the caller
 * goes on with the next item, so that all errors are found at once, and compile_policy() fails.
 */

#include "rules/base/hash.h"
#include "rules/compile/compile.h"

typedef enum NameKind {
        NAME_USER,
        NAME_GROUP,
        NAME_UNIT,
        _NAME_KIND_MAX,
} NameKind;

/* What a list of names came to. Units that do not run are in it, with cgroup 0. */
typedef struct Identities {
        bool stated;
        uint32_t *ids; /* ascending, unique; of users and groups */
        size_t n_ids;
        CompiledUnit *units; /* in the order of names; name is set by the rule that uses it */
        size_t n_units;
        char **names; /* those that count, as written */
} Identities;

/* A var's value, read as one type. */
typedef struct ScopeVar {
        const char *name;
        char setting[NAME_MAX_LENGTH + 8]; /* "vars.NAME" */
        VarType type;
        int error; /* 0, or -EINVAL and told */
        bool any;  /* networks: "any" */
        AddressList networks;
        Identities identities;
        Ports ports;
} ScopeVar;

/* Whose rules are being compiled: what its vars mean, what it forgives. */
typedef struct Scope {
        SourceKind kind;
        const Role *role;         /* of SOURCE_ROLE */
        const Fragment *fragment; /* of SOURCE_CONF and SOURCE_FRAGMENT */
        ScopeVar *vars;           /* of a role: all that it declares; else those used so far */
        size_t n_vars;
        bool *used; /* by index of fragment->vars; NULL for roles */
} Scope;

typedef struct SetSource {
        const char *name;
        RangeSet **ranges; /* where the set keeps them */
        const PrefixSet *entries;
        Place place;
        bool stored;           /* by p25ctl or the bus */
        const char *used_name; /* in the ruleset; NULL: not used so far */
} SetSource;

/* An answer of Names, asked once. */
typedef struct NameAnswer {
        char *name;
        int error;
        uint32_t id;
        Cgroup cgroup;
        uint64_t told; /* hash of the place where it was last complained of; 0: nowhere */
} NameAnswer;

typedef struct NameTable {
        NameAnswer *answers;
        size_t n;
        NumberMap by_hash; /* index + 1 of the answer; of another name's hash, the next one's */
} NameTable;

typedef struct Compilation {
        const Policy *policy;
        const Names *names;
        Diagnostics *diagnostics;
        bool failed;
        Ports mail_ports;
        Logging logging;
        SetSource *sets; /* by name */
        size_t n_sets;
        NameTable tables[_NAME_KIND_MAX];
        NumberMap ids;        /* of rules that are taken */
        NumberMap twins;      /* how many of one hash there are */
        bool *host_vars_used; /* by index of the host's vars */
        size_t n_rules;
        Ruleset *ruleset;
} Compilation;

/* compile.c */

/* Tells the user at a place, with the setting in front of the text if there is one (rules typed at
 * a terminal have none). Returns what diagnostics_add() does. */
int compile_tell(Compilation *c, Severity severity, Place place, const char *setting,
        const char *format, ...) _printf_(5, 6);

#define compile_error(c, place, setting, ...) \
        compile_tell(c, SEVERITY_ERROR, place, setting, __VA_ARGS__)

/* Where the list of roles stands; nowhere, if p25ctl set it. */
Place roles_place(const Policy *p);

/* compile_names.c */

/*
 * Numbers for a list of names. candidates: who does not exist is left out and listed in
 * *ret_missing (a malloc()ed text, NULL: all exist); else it is an error at place.
 */
int identities_resolve(Compilation *c, NameKind kind, char *const *names, bool candidates,
        Place place, const char *setting, Identities *ret, char **ret_missing);
void identities_deinit(Identities *i);
int identities_copy(const Identities *i, Identities *ret);
void name_table_deinit(NameTable *t);

/* compile_sets.c */

int sets_collect(Compilation *c);
/* Is there such a set, with entries? */
int set_check(Compilation *c, const char *name, Place place, const char *setting);
/* Adds the set to the ruleset and *ret (which borrows the name and owns a reference). */
int set_use(Compilation *c, const char *name, Place place, const char *setting, MatchSet *ret);

/* compile_vars.c */

int scope_init(
        Compilation *c, SourceKind kind, const Role *role, const Fragment *fragment, Scope *ret);
void scope_deinit(Scope *s);
/* The var as the type that its place wants; borrowed until the next call. */
int scope_get_var(Compilation *c, Scope *s, const char *name, VarType type, Place place,
        const char *setting, const ScopeVar **ret);
/* Warns of vars that nobody uses. */
int scope_note_unused(Compilation *c, const Scope *s, const bool *also_used);

/* compile_id.c */

/* A reference to the rule, which has an id of its own from now on; to a copy if the same rule
 * stands in the policy twice. */
int rule_identify(Compilation *c, Rule *rule, Rule **ret);

/* compile_rule.c */

/* Gives the rule its id and compiles it into *ret. */
int rule_compile(Compilation *c, Scope *s, Rule *rule, const char *setting, CompiledRule *ret);
/* Is a decision of this action logged at this level? */
bool logging_covers(Logging level, Action action);
