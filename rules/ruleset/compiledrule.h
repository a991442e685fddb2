/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A rule of a ruleset: its match, resolved, and its verdict.
 */

#include "rules/base/util.h"
#include "rules/policy/action.h"
#include "rules/policy/limit.h"
#include "rules/policy/ports.h"
#include "rules/policy/valid.h"
#include "rules/ruleset/ids.h"

typedef struct RangeSet RangeSet;
typedef struct Rule Rule;
typedef struct TimedSet TimedSet;

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

void compiled_rule_deinit(CompiledRule *r);
/* Does it count connections, whether it refuses those beyond or reports them? */
bool compiled_rule_limits(const CompiledRule *r);
