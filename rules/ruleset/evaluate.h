/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Packet and ruleset to verdict and rule: the oracle of the tests, of `explain` and of cutting
 * connections.
 */

#include "rules/address/family.h"
#include "rules/policy/action.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct CompiledRule CompiledRule;
typedef struct Packet Packet;
typedef struct Ruleset Ruleset;

typedef struct Verdict {
        Action action;            /* that is enforced */
        Action audited;           /* what is only reported; ACTION_ALLOW: nothing */
        const CompiledRule *rule; /* NULL: a default, or a port that nothing manages */
        size_t index;             /* of rule in its direction */
        bool by_default;          /* false and rule NULL: the port is not managed */
} Verdict;

/* A unit given by name is taken to run; else its cgroup must be among the packet's. */
void evaluate(const Ruleset *r, const Packet *p, Verdict *ret);

/* Can the rule match a packet of this family at all? */
bool compiled_rule_has_family(const CompiledRule *r, Family family);

/* Facts about a packet that cannot be known, although rules may ask for them. Only facts that the
 * packet leaves open are in doubt. */
typedef struct Doubt {
        bool interfaces, group, unit;
} Doubt;

/* The first rule that would decide otherwise than v, which evaluate() found, if what is in doubt
 * were as the rule asks; NULL: none. */
const CompiledRule *rule_in_doubt(const Ruleset *r, const Packet *p, Doubt d, const Verdict *v);

/* Does the ruleset refuse the packet, for every answer to the doubts? A rule that asks for it may
 * match: then it allows, but does not refuse. */
bool is_refused_surely(const Ruleset *r, const Packet *p, Doubt d);
