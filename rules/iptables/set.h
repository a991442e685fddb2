/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A set of addresses in the kernel, to which entries refer.
 */

#include "rules/base/util.h"

typedef struct RangeSet RangeSet;
typedef struct TimedSet TimedSet;

/* The addresses that a set in the kernel holds. */
typedef struct IptSetKey {
        const char *name; /* of the policy's set; NULL: literal addresses of a rule */
        uint64_t id;      /* of that rule */
        bool to;
        bool timed; /* those entries of the policy's set that end */
} IptSetKey;

/* A set in the kernel (ipset, hash:net), for lists that are too long for chains, or that end. */
typedef struct IptSet {
        IptSetKey key;
        char *name;       /* of the key, owned */
        RangeSet *ranges; /* a reference */
        TimedSet *timed;  /* each entry with its end, a reference; NULL: none ends */
        size_t n;         /* prefixes of the family */
} IptSet;
