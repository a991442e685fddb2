/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Lists of millions of items of one size, in an order that their users keep: immutable once made,
 * and shared by reference count (not thread safe). The items of a list are one array; those of a
 * long list that was made from another by a few changes are pieces of that one's array and a small
 * array of what is new, so that a change copies neither the old items nor clears pages for them.
 * NULL is the empty list. Does not know what the items are: a list is always used with their size.
 */

#include "rules/base/util.h"

/* Items that follow each other in memory, up to where the next piece begins. */
typedef struct Piece {
        size_t begin; /* the place of the first of them in the list */
        const char *items;
        bool own; /* in the list's own array, not in its base's */
} Piece;

typedef struct ItemList {
        unsigned n_refs;
        size_t n;    /* items of the list */
        char *items; /* its own array: of all of them, or of those that the base has not */
        size_t n_own;
        struct ItemList *base; /* NULL, or a list without a base: the other pieces are its */
        Piece *pieces;         /* of a list with a base */
        size_t n_pieces;
} ItemList;

ItemList *item_list_ref(ItemList *l);
ItemList *item_list_unref(ItemList *l);
DEFINE_CLEANUP(ItemList, item_list_unref)

/* A list of an array that is for free(3), which the list owns from then on, also on failure. 0 or
 * -ENOMEM. */
int item_list_adopt(void *items, size_t n, size_t size, ItemList **ret);

/* ---- reading ---- */

/* For item_list_at(), of a list in pieces. */
const void *item_list_in_pieces(const ItemList *l, size_t i, size_t size);

static inline size_t item_list_count(const ItemList *l)
{
        return l ? l->n : 0;
}

/* The i-th of item_list_count(). */
static inline const void *item_list_at(const ItemList *l, size_t i, size_t size)
{
        return l->base ? item_list_in_pieces(l, i, size) : l->items + i * size;
}

/* The i-th too, with those that follow it in memory, up to *ret_end in the list. */
const void *item_list_run(const ItemList *l, size_t i, size_t size, size_t *ret_end);
/* All items, into an array. */
void item_list_copy(const ItemList *l, void *to, size_t size);
/* A lower bound of the number of items that two lists have alike, byte by byte, from i and j on,
 * many at a time; 0 only if those at i and j differ, or one is at its end. */
size_t item_list_alike(const ItemList *a, size_t i, const ItemList *b, size_t j, size_t size);
/* The number of the items that are alike at the ends of both, of n at most. */
size_t item_list_alike_tail(const ItemList *a, const ItemList *b, size_t n, size_t size);
/* Byte by byte. */
bool item_list_equal(const ItemList *a, const ItemList *b, size_t size);

/* ---- building, from the first item to the last ---- */

/* Adds one item to a list that only its builder has; *l may be NULL. 0 or -ENOMEM. */
int item_list_append(ItemList **l, const void *item, size_t size);
/* The last item of such a list. */
static inline void *item_list_last(ItemList *l, size_t size)
{
        return l->items + (l->n - 1) * size;
}

/*
 * A changed copy of a list: begun empty, with memory for all that follows, then kept and new items
 * are added in their order, then it is ended. There are at most `n_changes` places where items of
 * `old` are left out or others put in, and at most n_new of these. 0 or -ENOMEM.
 */
int item_list_begin(ItemList *old, size_t n_changes, size_t n_new, size_t size, ItemList **ret);
/* Items from..to of `old`, which is the list that it was begun with. */
void item_list_keep(ItemList *l, const ItemList *old, size_t from, size_t to, size_t size);
/* The place for new items, and the number of those put there. */
void *item_list_room(ItemList *l, size_t size);
void item_list_put(ItemList *l, size_t n, size_t size);
/* Gives back the memory that is left; without items the list becomes NULL. */
void item_list_end(ItemList **l, size_t size);
