/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "rules/address/itemlist.h"

#include "rules/address/large.h"
#include "rules/base/array.h"

#include <errno.h>

/* A list is in pieces while they have so many items on average, and while not more than an eighth
 * of the items that it keeps in memory are not in it. So it is copied as a whole once in as many
 * changes as make that cheap, and never takes much more memory than one array. */
#define PIECE_LEAST 2048
#define UNUSED_PART 8

static void item_list_destroy(ItemList *l)
{
        free(l->items);
        free(l->pieces);
        item_list_unref(l->base);
}

DEFINE_REFERENCES(ItemList, item_list, item_list_destroy)

static ItemList *list_new(void *items)
{
        ItemList *l = items ? calloc(1, sizeof(*l)) : NULL;

        if (!l) {
                free(items);
                return NULL;
        }
        l->n_refs = 1;
        l->items = items;
        return l;
}

int item_list_adopt(void *items, size_t n, size_t size, ItemList **ret)
{
        ItemList *l;

        if (n == 0) {
                free(items);
                *ret = NULL;
                return 0;
        }
        l = list_new(large_array_shrink(items, n, size));
        if (!l)
                return -ENOMEM;
        l->n = l->n_own = n;
        *ret = l;
        return 0;
}

/* ---- reading ---- */

/* The piece that has the i-th item. */
static size_t piece_find(const ItemList *l, size_t i)
{
        size_t low = 0, high = l->n_pieces;

        while (high - low > 1) {
                size_t middle = low + (high - low) / 2;

                if (l->pieces[middle].begin <= i)
                        low = middle;
                else
                        high = middle;
        }
        return low;
}

static size_t piece_end(const ItemList *l, size_t k)
{
        return k + 1 < l->n_pieces ? l->pieces[k + 1].begin : l->n;
}

const void *item_list_in_pieces(const ItemList *l, size_t i, size_t size)
{
        const Piece *p = &l->pieces[piece_find(l, i)];

        return p->items + (i - p->begin) * size;
}

/* The block of memory around the i-th item. */
static Piece piece_around(const ItemList *l, size_t i, size_t *ret_end)
{
        size_t k;

        if (!l->base) {
                *ret_end = l->n;
                return (Piece){ .items = l->items, .own = true };
        }
        k = piece_find(l, i);
        *ret_end = piece_end(l, k);
        return l->pieces[k];
}

const void *item_list_run(const ItemList *l, size_t i, size_t size, size_t *ret_end)
{
        Piece p = piece_around(l, i, ret_end);

        return p.items + (i - p.begin) * size;
}

void item_list_copy(const ItemList *l, void *to, size_t size)
{
        char *out = to;
        size_t end;

        for (size_t i = 0; i < item_list_count(l); i = end) {
                const void *items = item_list_run(l, i, size, &end);

                memcpy(out + i * size, items, (end - i) * size);
        }
}

/* Equal parts of two lists are passed over by so many items at once. */
#define BLOCK 16

static size_t smaller(size_t a, size_t b)
{
        return a < b ? a : b;
}

size_t item_list_alike(const ItemList *a, size_t i, const ItemList *b, size_t j, size_t size)
{
        size_t end_a, end_b, left, n = 0;
        const char *from_a, *from_b;

        if (i >= item_list_count(a) || j >= item_list_count(b))
                return 0;
        from_a = item_list_run(a, i, size, &end_a);
        from_b = item_list_run(b, j, size, &end_b);
        left = smaller(end_a - i, end_b - j);
        if (from_a == from_b)
                return left;
        while (n + BLOCK <= left && memcmp(from_a + n * size, from_b + n * size, BLOCK * size) == 0)
                n += BLOCK;
        return n == 0 && memcmp(from_a, from_b, size) == 0 ? 1 : n;
}

/* The same, back from the i-th and the j-th. */
static size_t alike_before(const ItemList *a, size_t i, const ItemList *b, size_t j, size_t size)
{
        size_t end, left, n = 0;
        Piece in_a = piece_around(a, i - 1, &end), in_b = piece_around(b, j - 1, &end);
        const char *to_a = in_a.items + (i - in_a.begin) * size;
        const char *to_b = in_b.items + (j - in_b.begin) * size;

        left = smaller(i - in_a.begin, j - in_b.begin);
        if (to_a == to_b)
                return left;
        while (n + BLOCK <= left &&
                memcmp(to_a - (n + BLOCK) * size, to_b - (n + BLOCK) * size, BLOCK * size) == 0)
                n += BLOCK;
        return n == 0 && memcmp(to_a - size, to_b - size, size) == 0 ? 1 : n;
}

size_t item_list_alike_tail(const ItemList *a, const ItemList *b, size_t n, size_t size)
{
        size_t same = 0, more;

        do {
                if (same >= n)
                        return n;
                more = alike_before(
                        a, item_list_count(a) - same, b, item_list_count(b) - same, size);
                same += more;
        } while (more > 0);
        return same;
}

bool item_list_equal(const ItemList *a, const ItemList *b, size_t size)
{
        size_t n = item_list_count(a), i = 0, same;

        if (a == b)
                return true;
        if (n != item_list_count(b))
                return false;
        while ((same = item_list_alike(a, i, b, i, size)) > 0)
                i += same;
        return i == n;
}

/* ---- building ---- */

int item_list_append(ItemList **l, const void *item, size_t size)
{
        if (!*l) {
                *l = calloc(1, sizeof(**l));
                if (!*l)
                        return -ENOMEM;
                (*l)->n_refs = 1;
        }
        if (array_grow(&(*l)->items, (*l)->n, size) < 0)
                return -ENOMEM;
        memcpy((*l)->items + (*l)->n * size, item, size);
        (*l)->n_own = ++(*l)->n;
        return 0;
}

int item_list_begin(ItemList *old, size_t n_changes, size_t n_new, size_t size, ItemList **ret)
{
        size_t n = item_list_count(old), n_own = n_new + (old && old->base ? old->n_own : 0);
        size_t n_pieces = 2 * n_changes + (old && old->base ? old->n_pieces : 1);
        ItemList *base = old && old->base ? old->base : old;
        bool pieces = n_pieces <= n / PIECE_LEAST && base->n + n_own <= n + n / UNUSED_PART;
        _cleanup_(item_list_unref_p) ItemList *l =
                list_new(large_array_new((pieces ? n_own : n + n_new) + 1, size));

        if (!l)
                return -ENOMEM;
        if (pieces) {
                l->pieces = reallocarray(NULL, n_pieces, sizeof(*l->pieces));
                if (!l->pieces)
                        return -ENOMEM;
                l->base = item_list_ref(base);
        }
        *ret = TAKE_PTR(l);
        return 0;
}

/* Items in memory are the next ones of the list; often they follow those before. */
static void add_piece(ItemList *l, const char *items, bool own, size_t n, size_t size)
{
        Piece *last = l->n_pieces > 0 ? &l->pieces[l->n_pieces - 1] : NULL;

        if (!last || last->own != own || last->items + (l->n - last->begin) * size != items)
                l->pieces[l->n_pieces++] = (Piece){ l->n, items, own };
        l->n += n;
}

void item_list_keep(ItemList *l, const ItemList *old, size_t from, size_t to, size_t size)
{
        for (size_t i = from, end; i < to; i = end) {
                Piece p = piece_around(old, i, &end);
                const char *items = p.items + (i - p.begin) * size;

                end = smaller(end, to);
                if (l->base && (!p.own || !old->base)) {
                        add_piece(l, items, false, end - i, size);
                } else {
                        memcpy(item_list_room(l, size), items, (end - i) * size);
                        item_list_put(l, end - i, size);
                }
        }
}

void *item_list_room(ItemList *l, size_t size)
{
        return l->items + l->n_own * size;
}

void item_list_put(ItemList *l, size_t n, size_t size)
{
        if (n == 0)
                return;
        if (l->base)
                add_piece(l, item_list_room(l, size), true, n, size);
        else
                l->n += n;
        l->n_own += n;
}

void item_list_end(ItemList **l, size_t size)
{
        if ((*l)->n == 0)
                *l = item_list_unref(*l);
        else if (!(*l)->base) /* pieces point to theirs, which is small */
                (*l)->items = large_array_shrink((*l)->items, (*l)->n, size);
}
