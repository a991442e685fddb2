/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * One rule: a match and an action, with its identity and source. Immutable once complete and
 * shared by reference count (not thread safe).
 */

#include "rules/address/address.h"
#include "rules/base/diagnostic.h"
#include "rules/base/util.h"
#include "rules/policy/ports.h"
#include "rules/policy/terms.h"

/* SPEC section 3, "Limits" */
#define RULE_ADDRESSES_MAX 10000
#define LIMIT_RATE_MAX 1000000
#define LIMIT_BURST_MAX 65535
#define LIMIT_OPEN_MAX 65535

typedef enum AddressKind {
        ADDRESS_PREFIX,
        ADDRESS_SET, /* @name */
        ADDRESS_VAR, /* $name: only in roles and fragments, gone after compile */
} AddressKind;

typedef struct AddressItem {
        AddressKind kind;
        Prefix prefix;
        char *name; /* without the sigil; NULL for ADDRESS_PREFIX */
} AddressItem;

/* No items: any. "any" in a list of others is an error of the parser. */
typedef struct AddressList {
        AddressItem *items;
        size_t n;
} AddressList;

void address_list_deinit(AddressList *l);
int address_list_copy(const AddressList *l, AddressList *ret);
/* The same members: order and duplicates do not count. */
bool address_list_equal(const AddressList *a, const AddressList *b);
/* True if an item can be an address of the family; what a set holds is not known here. */
bool address_list_has_family(const AddressList *l, Family family);

/* As stated; rule_limit() fills in the rest: 12/minute, burst 6, no max. A rule that states only
 * `max` has no rate. All zero: nothing is stated. */
typedef struct Limit {
        uint32_t rate;     /* new connections… */
        uint32_t unit_sec; /* …in 1, 60, 3600 or 86400 seconds; 0: no rate given */
        uint32_t burst;    /* 0: not given */
        uint32_t open;     /* open at once; 0: not given */
} Limit;

/* "30/minute" ↔ rate and unit; the text of unit_sec: second minute hour day. 0 or -EINVAL,
 * -ERANGE for a number out of range. */
int limit_rate_parse(const char *s, uint32_t *ret_rate, uint32_t *ret_unit_sec);
const char *limit_unit_to_string(uint32_t unit_sec); /* NULL: no such unit */

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

typedef struct RuleList {
        Rule **items; /* a reference each */
        size_t n;
} RuleList;

void rule_list_deinit(RuleList *l);
int rule_list_append(RuleList *l, Rule *r);               /* takes a new reference; 0 or -ENOMEM */
int rule_list_insert(RuleList *l, size_t index, Rule *r); /* beyond the end: at the end */
void rule_list_remove(RuleList *l, size_t index);
int rule_list_copy(const RuleList *l, RuleList *ret); /* shares the rules */
