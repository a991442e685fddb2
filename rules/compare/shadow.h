/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Warnings for the author of a rule: that it can never match, that it changes nothing, that it
 * closes one family and leaves the other open. Exact, by the same means as difference.h.
 */

#include "rules/address/family.h"
#include "rules/base/util.h"
#include "rules/compare/families.h"
#include "rules/policy/direction.h"

typedef struct Diagnostics Diagnostics;
typedef struct RuleList RuleList;
typedef struct Ruleset Ruleset;
typedef struct Steps Steps;

typedef struct Shadow {
        /* It could match, but earlier rules, which last as long, take every packet of it: those at
         * these places of its direction, ascending; only one if that covers it. */
        bool covered;
        size_t *by;
        size_t n;
        /* Without it every packet would have the same verdict, now and whenever another rule has
         * ended. Covered rules are also idle. */
        bool idle;
        /* Of an idle one that is not covered: those that decide the same for its packets without
         * it are in `by`, and this says that the direction's default does so for some. */
        bool by_default;
} Shadow;

void shadow_deinit(Shadow *s);
/* Of the rule at a place of a direction. 0, -ENOMEM, -E2BIG as difference_compute_within(). */
int shadow_find(const Ruleset *r, Direction direction, size_t index, Steps *steps, Shadow *ret);

/*
 * The later rules with another action that the rule keeps from ever matching, in ret->by and
 * ret->n: it takes every packet of theirs, and lasts as long, and no other earlier rule does. What
 * steps do not suffice for is left out. 0 or -ENOMEM.
 */
int shadow_hidden(const Ruleset *r, Direction direction, size_t index, Steps *steps, Shadow *ret);

/*
 * Does the rule deny or reject a whole family, and is the other one open to anybody whom the same
 * rule would refuse there? Then *ret_open is that other one, and the result 1 if the rule does it
 * by a prefix of length 0, 2 if it does it together with others; else 0; -ENOMEM, -E2BIG.
 */
int shadow_family(
        const Ruleset *r, Direction direction, size_t index, Steps *steps, Family *ret_open);

typedef struct ShadowContext {
        const RuleList *own; /* p25ctl's rules, which have numbers */
        bool is_stored;      /* the rule stays where it is: to place it better means to delete it */
        HostFamilies families;
        uint64_t now_usec;
        Steps *steps; /* as difference_compute_within(); DIFFERENCE_STEPS_MAX: no hurry */
} ShadowContext;

/*
 * Warnings about a rule, at its place if it has one. Of p25ctl's: all that there are, also which
 * others it hides. Of files:
 * that it can never match, and that it leaves a family open; that it changes nothing may be meant,
 * as a word to the reader. Of roles, which add up: that the same role's rules cover it. What is too
 * large to be found out is passed over in silence. 0 or -ENOMEM.
 */
int shadow_warn_rule(const Ruleset *r, Direction direction, size_t index, const ShadowContext *c,
        Diagnostics *d);
/* Does the set of this name, as rules use it, hold every address of other families than before? */
bool shadow_set_whole_changed(const Ruleset *old, const Ruleset *new, const char *name);
/* Warns of rules that close a family by what the set of this name holds, and leave the other open.
 * 0 or -ENOMEM. */
int shadow_warn_set(const Ruleset *r, const char *name, const ShadowContext *c, Diagnostics *d);
/* The rule of this id; none if the ruleset has no such rule. */
int shadow_warn(const Ruleset *r, uint64_t id, const ShadowContext *c, Diagnostics *d);
