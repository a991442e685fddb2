/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The state of one compilation, shared by the files of this room only.
 *
 * All functions return 0, -ENOMEM, or -EINVAL after a report in c->diagnostics: the caller goes on
 * with the next item, so that all errors are found at once, and compile_policy() fails.
 */

#include "rules/base/diagnostic.h"
#include "rules/base/hash.h"
#include "rules/compile/compile.h"
#include "rules/policy/action.h"
#include "rules/policy/addresslist.h"
#include "rules/policy/direction.h"
#include "rules/policy/identity.h"
#include "rules/policy/names.h"
#include "rules/policy/policy.h"
#include "rules/policy/role.h"
#include "rules/policy/rule.h"
#include "rules/policy/settings.h"
#include "rules/policy/valid.h"
#include "rules/ruleset/compiledrule.h"
#include "rules/ruleset/ruleset.h"

typedef enum NameKind {
        NAME_USER,
        NAME_GROUP,
        NAME_UNIT,
        _NAME_KIND_MAX,
} NameKind;

/* A resolved list of names. Units that do not run are in it, with cgroup 0. */
typedef struct Identities {
        CompiledIds ids;     /* unique; of units it is only stated */
        CompiledUnit *units; /* in the order of names; name is set by the rule that uses it */
        size_t n_units;
        char **names; /* those that exist, as written */
} Identities;

/* The value of a variable, read as one type. */
typedef struct ScopeVar {
        const char *name;
        char setting[NAME_MAX_LENGTH + 8]; /* "vars.NAME" */
        VarType type;
        int error; /* 0, or -EINVAL after a report */
        bool any;  /* networks: "any" */
        AddressList networks;
        Identities identities;
        Ports ports;
} ScopeVar;

/* The source whose rules are being compiled, with its variables. */
typedef struct Scope {
        SourceKind kind;
        const Role *role;         /* of SOURCE_ROLE */
        const Fragment *fragment; /* of SOURCE_CONF and SOURCE_FRAGMENT */
        ScopeVar *vars;           /* of a role: all that it declares; else the used ones so far */
        size_t n_vars;
        bool *used; /* by index of fragment->vars; NULL for roles */
} Scope;

typedef struct SetSource {
        const char *name;
        PrefixSet *entries;
        TimedSet *timed; /* what of it ends, or NULL */
        Place place;
        bool stored;           /* by p25ctl or the bus */
        const char *used_name; /* in the ruleset; NULL: not used so far */
        const char *used_timed;
} SetSource;

/* An answer of Names, which is asked once for each name. */
typedef struct NameAnswer {
        char *name;
        int error;
        uint32_t id;
        Cgroup cgroup;
        uint64_t reported_at; /* hash of the place of the last report; 0: nowhere */
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
        RuleIds ids;          /* those that are taken */
        bool *host_vars_used; /* by index of the host's vars */
        size_t n_rules;
        size_t n_values; /* of variables, each time that a rule used them */
        Ruleset *ruleset;
} Compilation;

/* ---- compilation.c ---- */

/* The source of a setting: a place, and the path of the setting there. */
typedef struct Site {
        Place place;
        const char *setting; /* NULL: none, as in a rule that was typed at a terminal */
} Site;

#define FIELD_PATH_MAX 64

/* A field of the setting at a site, as "rules[2].from"; the text is kept in path. */
Site site_field(Site s, const char *field, char path[static FIELD_PATH_MAX]);
/* The setting that lists the roles; nowhere, if p25ctl set them. */
Site site_of_roles(const Policy *p, const char *setting);

/* Reports at a site, with the setting in front of the text. Returns what diagnostics_add() does. */
int compile_report(Compilation *c, Severity severity, Site site, const char *format, ...)
        _printf_(4, 5);

#define compile_error(c, site, ...) compile_report(c, SEVERITY_ERROR, site, __VA_ARGS__)

/* Counts values of a variable that a rule is about to use: together with the rules that use it, a
 * small text can be a policy larger than memory. Too many are reported once. */
int compile_count_values(Compilation *c, Site site, size_t n);

/* Reports each of found at its own place; setting takes the place of its own, unless it is NULL. */
int compile_report_all(Compilation *c, const Diagnostics *found, const char *setting);

/* ---- names.c ---- */

/* A list of names to resolve. */
typedef struct NameQuery {
        NameKind kind;
        char *const *names;
        /* A name that does not exist is left out and listed in *ret_missing; else it is an error.
         */
        bool candidates;
        Site site;
} NameQuery;

/* Numbers for a list of names; *ret_missing is malloc()ed, NULL if all exist. */
int identities_resolve(Compilation *c, const NameQuery *query, Identities *ret, char **ret_missing);
void identities_deinit(Identities *i);
int identities_copy(const Identities *i, Identities *ret);
void name_table_deinit(NameTable *t);

/* ---- sets.c ---- */

int sets_collect(Compilation *c);
/* Is there such a set, with entries? */
int set_check(Compilation *c, const char *name, Site site);
/* Adds the set to the ruleset and *ret, which borrows the name and owns a reference; its entries
 * that end are the second of *ret, which has no name where none does. */
int set_use(Compilation *c, const char *name, Site site, MatchSet ret[static 2]);

/* ---- vars.c ---- */

int scope_init(
        Compilation *c, SourceKind kind, const Role *role, const Fragment *fragment, Scope *ret);
void scope_deinit(Scope *s);
/* The variable, read as the type that the site expects; borrowed until the next call. */
int scope_get_var(
        Compilation *c, Scope *s, const char *name, VarType type, Site site, const ScopeVar **ret);
/* Notes the variables that nothing uses. */
int scope_note_unused(Compilation *c, const Scope *s, const bool *also_used);

/* ---- match.c ---- */

bool address_list_has_vars(const AddressList *l);
/* Replaces the variables of l by their values, and compiles l. A list whose variables hold nothing
 * keeps them, so that it is not taken for `any`. */
int match_resolve(Compilation *c, Scope *s, AddressList *l, Site site, Match *ret);

/* ---- rule.c ---- */

/* Gives the rule its id and compiles it into *ret. setting is its path in its file, NULL for one
 * that was typed. */
int rule_compile(Compilation *c, Scope *s, Rule *rule, const char *setting, CompiledRule *ret);
/* ---- defaults.c ---- */

/* Every port of a policy is a mail port, and Ports has room for all of them. */
void ports_add_all(Ports *p, const Ports *more);
/* The default of a direction whose managed ports are known, and where it is only reported. */
void default_decide(Compilation *c, const Role *const *roles, size_t n, Direction d);
void default_set(Compilation *c, Direction d, Action action, DefaultOrigin origin);
/* Is a decision of this action logged at this level? */
bool logging_covers(Logging level, Direction direction, Action action);
