/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Shared by the files of this room that implement space.h. */

#include "rules/compare/space.h"

#include <errno.h>

/* The first view: what an entry that asks for a slice wants on the slice's axis. */
#define SPACE_VIEW_IN 0

/*
 * Things that are kept once, each in an array of its owner: where the thing is, or may go. *ret
 * points to its index + 1, or to 0. Things that share a hash by accident stand under the hashes
 * behind it. 0 or -ENOMEM.
 */
typedef bool (*SpaceIsEqual)(const void *owner, const void *thing, uint32_t index);
int space_find(NumberMap *map, uint64_t hash, SpaceIsEqual is_equal, const void *owner,
        const void *thing, uint64_t **ret);

/* Counts steps before they are made: 0, or -E2BIG if they are too many. */
static inline int space_work(Space *s, size_t n)
{
        s->work += n;
        return s->work > s->work_max ? -E2BIG : 0;
}

static inline Family axis_family(uint32_t axis, Family family)
{
        return axis <= AXIS_TO ? family : FAMILY_IPV4;
}

/* Takes over the arrays, also when it fails; a node whose intervals all lead to one child is that
 * child. 0 or -ENOMEM. */
int space_node(
        Space *s, uint32_t axis, Wide *starts, uint32_t *children, size_t n, uint32_t *ret_node);
/* 0, -ENOMEM, -ECANCELED (first_is_enough) */
int space_leaf(Space *s, uint32_t before, uint32_t after, uint32_t *ret_node);

/* ---- one comparison ---- */

/* A list of entries: their numbers in the pool. */
typedef struct List {
        size_t first, n;
} List;

typedef struct Comparison {
        Space *space;
        Family family;
        uint32_t n_axes;
        /* The parts that can differ: nothing else is looked at. NULL: all. */
        RangeSet *focus[_AXIS_MAX];
        SpaceNumbers pool;
        List *lists; /* unique */
        size_t n_lists;
        NumberMap list_by_hash;
        NumberMap nodes; /* node + 1 by axis and both lists */
} Comparison;

static inline const SpaceEntry *entry_at(const Comparison *c, uint32_t list, size_t position)
{
        return c->space->entries + c->pool.items[c->lists[list].first + position];
}

static inline bool entry_asks(const SpaceEntry *e, uint32_t axis)
{
        return axis < _AXIS_MAX ? !e->axes[axis].any : e->slice == axis - _AXIS_MAX + 1;
}

static inline int comparison_work(Comparison *c, size_t n)
{
        return space_work(c->space, n);
}

/* lists.c: the number of a list. */
int comparison_list(Comparison *c, const SpaceNumbers *l, uint32_t *ret);
/* Adds an entry to a list of those that still matter from an axis on. 0: no later entry matters;
 * 1, -ENOMEM. */
int comparison_list_add(const Comparison *c, SpaceNumbers *l, uint32_t entry, uint32_t axis);

/* sweep.c: where two lists differ from an axis on. */
int comparison_walk(Comparison *c, uint32_t axis, uint32_t a, uint32_t b, uint32_t *ret_node);

/* focus.c: the parts of two lists that can differ at all; their numbers, without what cannot matter
 * there. *ret_same: nothing differs. */
int comparison_focus(Comparison *c, const SpaceNumbers *a, const SpaceNumbers *b, bool *ret_same,
        uint32_t ret_lists[static 2]);
