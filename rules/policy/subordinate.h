/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Subordinate ids: ranges of uids and gids that /etc/subuid and /etc/subgid lend to a user for
 * containers. What is decided for the owner is decided for them. Does not depend on files.
 */

#include "rules/base/util.h"

typedef struct IdRange {
        uint32_t first, last;
        uint32_t owner; /* never 0: ids lent to root belong to nobody */
} IdRange;

typedef struct IdRanges {
        IdRange *items; /* ascending; no id is in two of them */
        size_t n;
} IdRanges;

typedef struct Subordinates {
        IdRanges users;
        IdRanges groups; /* the owner is the user's primary group */
} Subordinates;

/* Adds what no earlier range holds. 0 or -ENOMEM. */
int id_ranges_add(IdRanges *l, const IdRange *range);
/* Finds the owner of an id; false if it was not lent to anybody. */
bool id_ranges_owner(const IdRanges *l, uint32_t id, uint32_t *ret_owner);

void subordinates_deinit(Subordinates *s);
int subordinates_copy(const Subordinates *s, Subordinates *ret);
bool subordinates_equal(const Subordinates *a, const Subordinates *b);
