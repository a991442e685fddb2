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

#include "rules/base/util.h"
#include "rules/policy/action.h"
#include "rules/policy/directions.h"
#include "rules/policy/ports.h"
#include "rules/policy/settings.h"
#include "rules/policy/subordinate.h"
#include "rules/ruleset/ids.h"

typedef struct CompiledRule CompiledRule;
typedef struct RangeSet RangeSet;
typedef struct TimedSet TimedSet;

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

/* The origin of the default: for `status` and `explain`. */
typedef enum DefaultOrigin {
        DEFAULT_BUILTIN,
        DEFAULT_ROLE,
        DEFAULT_CONF,
        DEFAULT_P25CTL,
} DefaultOrigin;

typedef struct Ruleset {
        RulesetDirection directions[DIRECTIONS];
        DefaultOrigin default_origins[DIRECTIONS];
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

Ruleset *ruleset_free(Ruleset *r);
DEFINE_CLEANUP(Ruleset, ruleset_free)

/* The action of the default on a port: it allows one that is not managed. */
Action ruleset_default(const RulesetDirection *d, uint16_t port);

/* Do all rules match the same users, groups and cgroups, and have these lent the same ids? And has
 * the host the same users? Of two
 * compilations of one policy. */
bool ruleset_same_identities(const Ruleset *a, const Ruleset *b);
