/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * One rule: a match and an action, with its identity and source. Immutable once complete and
 * shared by reference count (not thread safe).
 */

#include "rules/base/util.h"
#include "rules/policy/action.h"
#include "rules/policy/addresslist.h"
#include "rules/policy/direction.h"
#include "rules/policy/limit.h"
#include "rules/policy/ports.h"

typedef enum SourceKind {
        SOURCE_P25CTL,
        SOURCE_CONF,
        SOURCE_FRAGMENT,
        SOURCE_ROLE,
        _SOURCE_MAX,
} SourceKind;

typedef struct Rule {
        unsigned n_refs;

        /* Stable identity, below 2^48. Of p25ctl's rules a small number counted up and stored;
         * of others a hash of source, match, action and occurrence, with bit 47 set
         * (identity.h). 0: not given yet. */
        uint64_t id;
        SourceKind source;
        char *source_name; /* of fragment or role; else NULL */
        char *file;        /* where it was written; NULL: at a terminal or over the bus */
        unsigned line;

        Action action;
        Direction direction;
        Ports ports; /* never empty */
        /* ports = "$name", without the sigil, as ADDRESS_VAR; ports is then { 25 }. NULL: ports
         * says it */
        char *ports_var;
        AddressList from;
        AddressList to;
        char *interface;     /* in: enters by; out: leaves by; NULL: any */
        char *in_interface;  /* routed only */
        char *out_interface; /* routed only */
        char **user;         /* names, numbers, or one "$var"; out only */
        char **group;
        char **unit;
        Limit limit;           /* of ACTION_LIMIT */
        uint64_t expires_usec; /* since the epoch; 0: never */
        bool log;
        char *comment; /* NULL: none */
} Rule;

Rule *rule_new(void); /* one reference, direction in, port 25; NULL: out of memory */
Rule *rule_ref(Rule *r);
Rule *rule_unref(Rule *r);
DEFINE_CLEANUP(Rule, rule_unref)
/* A deep copy with one reference. */
int rule_copy(const Rule *r, Rule **ret);
/* The same match (direction, ports, addresses, interfaces, identities; the order within a list
 * does not count)? Action, limit, log, comment, expiry, id and source do not count. */
bool rule_same_match(const Rule *a, const Rule *b);
/* The same match, action, limit, log, comment and expiry. */
bool rule_equal(const Rule *a, const Rule *b);
/* The numbers of the rule's limit, and those that it grants where it states none. All zero: the
 * rule does not limit. */
Limit rule_limit(const Rule *r);
/* "p25ctl", "p25.conf", "fragment:NAME", "role:NAME"; 0 or -ENOMEM */
int rule_source_format(const Rule *r, char **ret);
