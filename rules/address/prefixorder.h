/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The order of a set's entries, and looking for one by it. Of no interest but to prefixset.c and
 * prefixupdate.c; a header, so that the compiler sees sizes and orders as constants.
 */

#include "rules/address/prefixset.h"

#define _inline_ static inline __attribute__((always_inline))

_inline_ int prefix4_compare(const void *a, const void *b)
{
        const Prefix4 *x = a, *y = b;

        if (x->address != y->address)
                return x->address < y->address ? -1 : 1;
        return (int)x->bits - (int)y->bits;
}

_inline_ int prefix6_compare(const void *a, const void *b)
{
        const Prefix6 *x = a, *y = b;
        int r = memcmp(x->address, y->address, sizeof(x->address));

        return r != 0 ? r : (int)x->bits - (int)y->bits;
}

/*
 * The first item from `start` on that is not less than key: steps that double, then halves, so that
 * near ones are found as fast as a merge would and far ones without touching what lies between.
 */
_inline_ size_t items_seek(const ItemList *l, size_t start, const void *key, size_t size,
        int (*compare)(const void *, const void *))
{
        size_t n = item_list_count(l), low = start, step = 1;

        while (low + step <= n && compare(item_list_at(l, low + step - 1, size), key) < 0) {
                low += step;
                step *= 2;
        }
        for (size_t high = low + step - 1 < n ? low + step - 1 : n; low < high;) {
                size_t middle = low + (high - low) / 2;

                if (compare(item_list_at(l, middle, size), key) < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}
