/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The difference of two rulesets for packets: exact, over all packets, so that a policy in other
 * words, in another order or in other prefixes of the same meaning is not a change. Compares what
 * evaluate() says; comments, logging, counters and whose rule decides do not count. A limit of
 * other numbers is another verdict; whether two rules or one keep count is not looked at.
 */

#include "rules/base/util.h"
#include "rules/policy/action.h"
#include "rules/policy/direction.h"
#include "rules/policy/limit.h"
#include "rules/policy/ports.h"

typedef struct IdNames IdNames;
typedef struct RangeSet RangeSet;
typedef struct Ruleset Ruleset;

typedef struct DifferenceVerdict {
        Action action;
        Limit limit; /* of ACTION_LIMIT */
} DifferenceVerdict;

/* Of users and groups. */
typedef struct DifferenceIds {
        bool stated; /* else whoever it is, known or not */
        bool except; /* all others than these, and unknown ones */
        uint32_t *ids;
        size_t n;
} DifferenceIds;

/* Of interfaces and units; borrowed from the rulesets. */
typedef struct DifferenceNames {
        bool stated, except;
        const char **names;
        size_t n;
} DifferenceNames;

/* A region of packets for which the verdict changes alike. What is not stated is anything. */
typedef struct DifferenceItem {
        Direction direction;
        DifferenceVerdict before, after;
        Ports ports;
        bool ipv4, ipv6;     /* at least one */
        RangeSet *from, *to; /* of those families; NULL: anywhere */
        DifferenceNames interface, in_interface, out_interface;
        DifferenceIds user, group;
        DifferenceNames unit;
        const char **inside, **outside; /* slices around the process, and not around it */
        size_t n_inside, n_outside;
} DifferenceItem;

/* The items cover all that changes and nothing else; they may overlap where that makes them
 * simpler. The rulesets must outlive it. */
typedef struct Difference {
        const Ruleset *before, *after; /* borrowed */
        DifferenceItem *items;         /* by direction; what is cut off before what is let in */
        size_t n;
        bool complete; /* false: there are too many regions to read */
} Difference;

/* More regions than that are not listed. */
#define DIFFERENCE_ITEMS_MAX 1000

/*
 * NULL for either stands for p25 inactive: everything is allowed. 0, -ENOMEM, or -E2BIG for
 * rulesets of many thousands of rules that differ in too many ways to be compared in a second or
 * so.
 */
int difference_compute(const Ruleset *before, const Ruleset *after, Difference **ret);
/*
 * The same for callers that cannot wait: -E2BIG as soon as it is clear that it would take more than
 * that many steps a direction. A rule is a step, and so is an end of a range that matters; a set of
 * which most is the same costs one for every few hundred ranges. A thousand take less than a
 * millisecond.
 */
#define DIFFERENCE_STEPS_MAX UINT64_C(200000000)
typedef struct Steps {
        uint64_t max;  /* of each comparison */
        uint64_t made; /* by all of them so far */
} Steps;

int difference_compute_within(
        const Ruleset *before, const Ruleset *after, Steps *steps, Difference **ret);
/* Is there any? 1, 0 or negative errno as above; mostly much faster. */
int difference_exists(const Ruleset *before, const Ruleset *after, Steps *steps);
Difference *difference_free(Difference *d);
DEFINE_CLEANUP(Difference, difference_free)

/*
 * Lines that a person reads, "newly denied: in 25/tcp from 198.51.100.0/24": at most max, and one
 * that counts the rest (0: all). Long lists of addresses are a count and the first three. ids may
 * be NULL. *ret is NULL if there is no difference. 0 or -ENOMEM.
 */
int difference_print(const Difference *d, const IdNames *ids, size_t max, char ***ret);
