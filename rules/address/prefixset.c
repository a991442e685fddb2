/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Sorted sets of prefixes: making, reading, comparing (prefixset.h). Entries of both families are
 * handled by the same code, which depends on size and order only; it is inlined so that the
 * compiler sees constants. Does not depend on texts (setfile.c) or on merging (rangeset.c).
 */

#include "rules/address/prefixset.h"

#include "rules/address/address.h"
#include "rules/address/prefixorder.h"
#include "rules/address/radix.h"
#include "rules/address/rangeset.h"

#include <errno.h>

/* The bytes by which a Prefix4 and a Prefix6 are ordered, the least significant first. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
static const uint8_t prefix4_digits[] = { offsetof(Prefix4, bits), 0, 1, 2, 3 };
#else
static const uint8_t prefix4_digits[] = { offsetof(Prefix4, bits), 3, 2, 1, 0 };
#endif
static const uint8_t prefix6_digits[] = { offsetof(Prefix6, bits), 15, 14, 13, 12, 11, 10, 9, 8, 7,
        6, 5, 4, 3, 2, 1, 0 };

static void prefix_set_destroy(PrefixSet *s)
{
        if (s->before)
                s->before->after = NULL;
        if (s->after)
                s->after->before = NULL;
        item_list_unref(s->v4);
        item_list_unref(s->v6);
        range_set_unref(s->ranges);
}

DEFINE_REFERENCES(PrefixSet, prefix_set, prefix_set_destroy)

/* ---- from arrays in any order ---- */

/* Drops duplicates from a sorted array; returns how many stay. */
_inline_ size_t drop_duplicates(
        char *items, size_t n, size_t size, int (*compare)(const void *, const void *))
{
        size_t kept = 0;

        for (size_t i = 0; i < n; i++) {
                if (kept > 0 && compare(items + (kept - 1) * size, items + i * size) == 0)
                        continue;
                if (kept != i)
                        memcpy(items + kept * size, items + i * size, size);
                kept++;
        }
        return kept;
}

/* Ascending, without duplicates? Most large lists come so. */
_inline_ bool is_ascending(
        const char *items, size_t n, size_t size, int (*compare)(const void *, const void *))
{
        for (size_t i = 1; i < n; i++)
                if (compare(items + (i - 1) * size, items + i * size) >= 0)
                        return false;
        return true;
}

/* Sorts and drops duplicates. */
_inline_ int items_settle(void *items, size_t *n, size_t size, const uint8_t *digits,
        size_t n_digits, int (*compare)(const void *, const void *))
{
        int r;

        if (is_ascending(items, *n, size, compare))
                return 0;
        r = radix_sort(items, *n, size, digits, n_digits);
        if (r >= 0)
                *n = drop_duplicates(items, *n, size, compare);
        return r;
}

int prefix_set_adopt(Prefix4 *v4, size_t n_v4, Prefix6 *v6, size_t n_v6, PrefixSet **ret)
{
        _cleanup_(prefix_set_unref_p) PrefixSet *s = calloc(1, sizeof(*s));
        _cleanup_free_ void *items4 = v4, *items6 = v6;

        if (!s)
                return -ENOMEM;
        s->n_refs = 1;
        if (items_settle(items4, &n_v4, sizeof(Prefix4), prefix4_digits, ELEMENTS(prefix4_digits),
                    prefix4_compare) < 0 ||
                items_settle(items6, &n_v6, sizeof(Prefix6), prefix6_digits,
                        ELEMENTS(prefix6_digits), prefix6_compare) < 0 ||
                item_list_adopt(TAKE_PTR(items4), n_v4, sizeof(Prefix4), &s->v4) < 0 ||
                item_list_adopt(TAKE_PTR(items6), n_v6, sizeof(Prefix6), &s->v6) < 0)
                return -ENOMEM;
        *ret = TAKE_PTR(s);
        return 0;
}

int prefix_set_new(const Prefix *prefixes, size_t n, PrefixSet **ret)
{
        _cleanup_free_ Prefix4 *v4 = NULL;
        _cleanup_free_ Prefix6 *v6 = NULL;
        size_t n_v4 = 0, n_v6 = 0;

        for (size_t i = 0; i < n; i++)
                n_v4 += prefixes[i].address.family == FAMILY_IPV4;
        v4 = n_v4 > 0 ? reallocarray(NULL, n_v4, sizeof(*v4)) : NULL;
        v6 = n > n_v4 ? reallocarray(NULL, n - n_v4, sizeof(*v6)) : NULL;
        if ((n_v4 > 0 && !v4) || (n > n_v4 && !v6))
                return -ENOMEM;
        n_v4 = 0;
        for (size_t i = 0; i < n; i++) {
                const Prefix *p = &prefixes[i];

                if (p->address.family == FAMILY_IPV4) {
                        v4[n_v4++] = (Prefix4){ address_to_ipv4(&p->address), p->bits };
                } else {
                        memcpy(v6[n_v6].address, p->address.bytes, sizeof(v6[n_v6].address));
                        v6[n_v6++].bits = p->bits;
                }
        }
        return prefix_set_adopt(TAKE_PTR(v4), n_v4, TAKE_PTR(v6), n_v6, ret);
}

/* ---- reading ---- */

size_t prefix_set_size(const PrefixSet *s)
{
        return item_list_count(s->v4) + item_list_count(s->v6);
}

Prefix prefix_set_at(const PrefixSet *s, size_t i)
{
        size_t n_v4 = item_list_count(s->v4);
        Prefix p = { .address.family = FAMILY_IPV6 };
        const Prefix6 *v6;

        if (i < n_v4) {
                const Prefix4 *v4 = prefix4_at(s, i);

                return (Prefix){ address_from_ipv4(v4->address), v4->bits };
        }
        v6 = prefix6_at(s, i - n_v4);
        memcpy(p.address.bytes, v6->address, sizeof(p.address.bytes));
        p.bits = v6->bits;
        return p;
}

size_t prefix_set_seek(const PrefixSet *s, size_t from, const Prefix *p)
{
        size_t n_v4 = item_list_count(s->v4);
        Prefix6 v6 = { .bits = p->bits };

        if (p->address.family == FAMILY_IPV4) {
                Prefix4 v4 = { address_to_ipv4(&p->address), p->bits };

                return items_seek(s->v4, from, &v4, sizeof(v4), prefix4_compare);
        }
        memcpy(v6.address, p->address.bytes, sizeof(v6.address));
        return n_v4 +
               items_seek(s->v6, from > n_v4 ? from - n_v4 : 0, &v6, sizeof(v6), prefix6_compare);
}

bool prefix_set_has(const PrefixSet *s, const Prefix *p)
{
        size_t at = s ? prefix_set_seek(s, 0, p) : 0;
        Prefix found;

        if (!s || at == prefix_set_size(s))
                return false;
        found = prefix_set_at(s, at);
        return prefix_compare(&found, p) == 0;
}

size_t prefix_set_alike(const PrefixSet *a, size_t i, const PrefixSet *b, size_t j)
{
        size_t n_a = item_list_count(a->v4), n_b = item_list_count(b->v4), same;

        if ((i < n_a) != (j < n_b))
                return 0;
        if (i >= n_a)
                return item_list_alike(a->v6, i - n_a, b->v6, j - n_b, sizeof(Prefix6));
        same = item_list_alike(a->v4, i, b->v4, j, sizeof(Prefix4));
        /* not by memory: a Prefix4 has padding */
        return same > 0 ? same : prefix4_compare(prefix4_at(a, i), prefix4_at(b, j)) == 0;
}

bool prefix_set_equal(const PrefixSet *a, const PrefixSet *b)
{
        size_t n = prefix_set_size(a);

        if (a == b)
                return true;
        if (n != prefix_set_size(b))
                return false;
        for (size_t i = 0, same; i < n; i += same) {
                same = prefix_set_alike(a, i, b, i);
                if (same == 0)
                        return false;
        }
        return true;
}

/* ---- comparing ---- */

typedef struct Changes {
        size_t added, removed;
} Changes;

/* Most changes are small: what both have at their ends is passed quickly. */
_inline_ void count_changes(const ItemList *old, const ItemList *new, size_t size,
        int (*compare)(const void *, const void *), Changes *c)
{
        size_t n_old = item_list_count(old), n_new = item_list_count(new), i = 0, j;

        while (i < n_old && i < n_new &&
                compare(item_list_at(old, i, size), item_list_at(new, i, size)) == 0)
                i++;
        while (n_old > i && n_new > i &&
                compare(item_list_at(old, n_old - 1, size), item_list_at(new, n_new - 1, size)) ==
                        0) {
                n_old--;
                n_new--;
        }
        for (j = i; i < n_old && j < n_new;) {
                int order = compare(item_list_at(old, i, size), item_list_at(new, j, size));

                c->removed += order < 0;
                c->added += order > 0;
                i += order <= 0;
                j += order >= 0;
        }
        c->removed += n_old - i;
        c->added += n_new - j;
}

void prefix_set_count_changes(
        const PrefixSet *old, const PrefixSet *new, size_t *ret_added, size_t *ret_removed)
{
        static const PrefixSet nothing = { 0 };
        Changes c = { 0 };

        old = old ? old : &nothing;
        new = new ? new : &nothing;
        if (new->before == old) {
                c = (Changes){ new->added, new->removed };
        } else if (old->before == new) {
                c = (Changes){ old->removed, old->added };
        } else if (old != new) {
                count_changes(old->v4, new->v4, sizeof(Prefix4), prefix4_compare, &c);
                count_changes(old->v6, new->v6, sizeof(Prefix6), prefix6_compare, &c);
        }
        *ret_added = c.added;
        *ret_removed = c.removed;
}
