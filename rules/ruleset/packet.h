/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The first packet of a connection, as far as rules can ask for it.
 */

#include "rules/address/address.h"
#include "rules/address/family.h"
#include "rules/policy/direction.h"

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
