/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Packet and ruleset to verdict and rule: the oracle of the tests, of `explain` and of cutting
 * connections.
 */

#include "rules/address/address.h"
#include "rules/policy/terms.h"

typedef struct CompiledRule CompiledRule;
typedef struct Ruleset Ruleset;

/* A connection attempt. What is not known matches only rules that do not ask for it (an unknown
 * address is in no prefix but the whole family). */
typedef struct Packet {
        uint64_t time_usec; /* when, since the epoch; 0: while no rule has ended */
        Direction direction;
        Family family;
        uint16_t port; /* that the client dialled */
        bool has_from, has_to;
        Address from, to;
        const char *interface;     /* NULL: unknown */
        const char *in_interface;  /* routed */
        const char *out_interface; /* routed */
        bool has_uid, has_gid;
        uint32_t uid, gid;
        const char *unit; /* name, for explain; NULL: unknown */
        /* Of live connections: the id of the innermost cgroup and those of the cgroups around it;
         * n_cgroups 0: unknown. */
        const uint64_t *cgroups;
        size_t n_cgroups;
} Packet;

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

/* Does the ruleset refuse the packet, for every answer to the doubts? A rule that asks for it may
 * match: then it allows, but does not refuse. */
bool is_refused_surely(const Ruleset *r, const Packet *p, Doubt d);
