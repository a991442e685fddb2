/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A small host for tests: users, groups and units from a table, and builders of rules and
 * policies. Builders fail the test when memory is short.
 */

#include "rules/base/diagnostic.h"
#include "rules/compile/compile.h"
#include "rules/policy/addresslist.h"
#include "rules/policy/fragment.h"
#include "rules/policy/hostconf.h"
#include "rules/policy/identity.h"
#include "rules/policy/role.h"
#include "rules/policy/rule.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

typedef struct RuleList RuleList;

typedef struct FixtureName {
        const char *name;
        uint32_t id;
        int error;
} FixtureName;

static const FixtureName fixture_users[] = { { "root", 0, 0 }, { "mail", 8, 0 },
        { "www-data", 33, 0 }, { "backup", 34, 0 }, { "postfix", 101, 0 }, { "alice", 1000, 0 },
        { "bob", 1001, 0 }, { "carol", 1002, 0 }, { "ldap-user", 0, -EAGAIN },
        { "broken", 0, -EIO } };

static const FixtureName fixture_groups[] = { { "root", 0, 0 }, { "mail", 8, 0 },
        { "www-data", 33, 0 }, { "postfix", 104, 0 }, { "users", 100, 0 }, { "carol", 1002, 0 } };

int fixture_user(void *data, const char *name, uint32_t *ret);
int fixture_group(void *data, const char *name, uint32_t *ret);

extern const Names fixture_names;

/* "a,b c" split at commas and blanks; NULL for NULL */
char **split(const char *text);
AddressList addresses(const char *text);

/* The statements of a rule of a test; the rest is 0 and NULL. */
typedef struct R {
        Action action;
        Direction direction;
        const char *ports; /* "25,587"; NULL: 25 */
        const char *from, *to, *user, *group, *unit;
        const char *interface, *in_interface, *out_interface;
        const char *ports_var;
        Limit limit;
        SourceKind source;
        const char *source_name;
        uint64_t id;
        bool log;
        unsigned line;
        uint64_t expires_usec;
} R;

char *copy_string(const char *s);
Rule *add_rule_from(RuleList *l, const R *t);

#define add_rule(l, ...) add_rule_from((l), &(R){ __VA_ARGS__ })

Policy *make_policy(void);
HostConf *make_host(Policy *p);

/* Into policy.d; must come in order of name. */
Fragment *add_file(Policy *p, const char *name);

/* Put over the bus. */
Fragment *add_stored_fragment(Policy *p, const char *name);
Role *add_role(Policy *p, const char *name);
void add_decl(Role *role, const char *name, VarType type, bool required, const char *value,
        const char *help);
void add_value(Fragment *f, const char *name, const char *value, unsigned line);
PrefixSet *make_set(const char *text);
void add_set(Fragment *f, const char *name, const char *text, unsigned line);
void add_stored_set(Policy *p, const char *name, const char *text);
Ruleset *compile_good(const Policy *p, Diagnostics *d);
const Diagnostic *find_diagnostic(const Diagnostics *d, Severity severity, const char *part);
