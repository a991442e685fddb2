/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The compiled policy: three ordered lists of matches and verdicts, one a direction, without names,
 * vars or roles, and independent of nftables and iptables. Every backend, the evaluator, the
 * difference and all tests read this and nothing above it.
 *
 * A packet that opens a connection (SYN without ACK), not on the interface lo, is judged in its
 * direction's list: the first rule that matches decides; else, if the port is managed, the default;
 * else it passes. The port is the one that the client dialled.
 */

#include "rules/address/address.h"
#include "rules/policy/limit.h"
#include "rules/policy/ports.h"
#include "rules/policy/settings.h"
#include "rules/policy/subordinate.h"
#include "rules/policy/terms.h"
#include "rules/policy/valid.h"

typedef struct Rule Rule;

/* One alternative of an address match. */
typedef struct MatchSet {
        const char *name; /* of the named set, borrowed from the ruleset's sets; NULL: literal */
        RangeSet *ranges; /* a reference */
        TimedSet *timed;  /* the same with the end of each entry, a reference; NULL: none ends */
} MatchSet;

/* Matches if any alternative contains the address; `any` has none. A literal list is one MatchSet,
 * every @set another, its entries that end a third. Neither any nor an alternative (a var that
 * holds nothing) matches nothing. */
typedef struct Match {
        bool any;
        MatchSet *sets;
        size_t n;
} Match;

typedef struct CompiledUnit {
        const char *name; /* borrowed from the rule */
        uint64_t cgroup;  /* 0: does not run, matches nothing */
        uint32_t level;
        char path[CGROUP_PATH_MAX]; /* as in Cgroup */
} CompiledUnit;

/* Users or groups. */
typedef struct CompiledIds {
        bool stated;
        uint32_t *ids; /* ascending */
        size_t n;
} CompiledIds;

typedef struct CompiledRule {
        Rule *rule;     /* a reference: id, source, comment, interfaces, log */
        Action action;  /* that is enforced */
        Action audited; /* that is only reported, while `action` allows; ACTION_ALLOW: none */
        Ports ports;
        Match from, to;
        /* The lists of names, resolved. An identity that is stated but resolved to nothing matches
         * nothing. user AND group AND unit; within a list OR. */
        CompiledIds users, groups;
        bool has_units;
        CompiledUnit *units;
        size_t n_units;
        Limit limit;      /* complete for a limit; rate 0: only `open` counts */
        bool log;         /* the rule's own, or by the level of logging */
        bool log_refused; /* of a limit: what goes beyond it */
} CompiledRule;

typedef struct RulesetDirection {
        CompiledRule *rules; /* in the order of decision */
        size_t n;
        Ports managed; /* where the default decides */
        Ports watched; /* managed, and all that a rule names: what the kernel must look at */
        Ports audited; /* managed ones where the default is only reported, and lets pass */
        Action default_action; /* never limit */
        bool log_default, log_audited;
        bool audit; /* the whole direction is in audit */
} RulesetDirection;

/* Where the default comes from: for `status` and `explain`. */
typedef enum DefaultOrigin {
        DEFAULT_BUILTIN,
        DEFAULT_ROLE,
        DEFAULT_CONF,
        DEFAULT_P25CTL,
} DefaultOrigin;

typedef struct Ruleset {
        RulesetDirection directions[_DIRECTION_MAX];
        DefaultOrigin default_origins[_DIRECTION_MAX];
        bool lockdown; /* the directions already say it; for status and for cutting */
        bool keep_established;
        Attribution attribution; /* what is counted and reported of the opener */
        /* All named sets that some rule uses, by name; a reference each. A set with entries that
         * end is there twice, these last. */
        struct NamedRanges {
                char *name;
                RangeSet *ranges;
                TimedSet *timed;
        } * sets;
        size_t n_sets;
        /* A rule for a user, or by the user (a limit), holds for ids that the user was lent too. */
        Subordinates subordinates;
        /* Users of this host, whose connections a backend may count apart. */
        CompiledIds accounts;
} Ruleset;

/* Of a host with more users these are the first in its list. */
#define ACCOUNTS_MAX 256

void compiled_rule_deinit(CompiledRule *r);
Ruleset *ruleset_free(Ruleset *r);
DEFINE_CLEANUP(Ruleset, ruleset_free)

/* Ids of the counters of the three defaults, distinct from every rule's (SPEC ids are < 2^48). */
#define DEFAULT_COUNTER_ID(direction) ((UINT64_C(1) << 62) + (uint64_t)(direction))

/* Does it count connections, whether it refuses those beyond or reports them? */
bool compiled_rule_limits(const CompiledRule *r);
/* Where the default decides, by what it does on the port: nothing on one that is not managed. */
Action ruleset_default(const RulesetDirection *d, uint16_t port);

/* Can the rule match a packet of this family at all? */
bool compiled_rule_has_family(const CompiledRule *r, Family family);

/* A list that is not stated holds all ids. */
bool compiled_ids_contain(const CompiledIds *l, uint32_t id);

/* Do all rules match the same users, groups and cgroups, and have these lent the same ids? And has
 * the host the same users? Of two
 * compilations of one policy. */
bool ruleset_same_identities(const Ruleset *a, const Ruleset *b);

/* The ruleset as text, one rule a line, for `compile --format ir` and the golden files; stable from
 * run to run. 0 or -ENOMEM. */
int ruleset_print(const Ruleset *r, char **ret);
