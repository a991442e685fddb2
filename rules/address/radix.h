/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A radix sort for large arrays of small items. Of no interest but to prefixset.c and rangeset.c;
 * a header, so that the compiler sees the size of an item as a constant.
 */

#include "rules/base/util.h"

#include <errno.h>

/* One pass: orders by the byte at offset `digit`, keeps the order of equal ones. False if all are
 * equal and nothing was done. */
static inline __attribute__((always_inline)) bool radix_pass(
        const char *items, char *out, size_t n, size_t size, size_t digit)
{
        size_t starts[256] = { 0 }, sum = 0;

        for (size_t i = 0; i < n; i++)
                starts[(unsigned char)items[i * size + digit]]++;
        if (starts[(unsigned char)items[digit]] == n)
                return false;
        for (size_t i = 0; i < 256; i++) {
                size_t count = starts[i];

                starts[i] = sum;
                sum += count;
        }
        for (size_t i = 0; i < n; i++)
                memcpy(out + starts[(unsigned char)items[i * size + digit]]++ * size,
                        items + i * size, size);
        return true;
}

/*
 * Sorts n items of `size` bytes by the bytes at the offsets `digits`, the least significant first;
 * stable. Bytes that are the same in all items cost one look. 0 or -ENOMEM, then nothing is moved.
 */
static inline __attribute__((always_inline)) int radix_sort(
        void *items, size_t n, size_t size, const uint8_t *digits, size_t n_digits)
{
        _cleanup_free_ char *scratch = NULL;
        char *from = items, *to;

        if (n < 2)
                return 0;
        scratch = reallocarray(NULL, n, size);
        if (!scratch)
                return -ENOMEM;
        to = scratch;
        for (size_t i = 0; i < n_digits; i++) {
                char *other = from;

                if (!radix_pass(from, to, n, size, digits[i]))
                        continue;
                from = to;
                to = other;
        }
        if (from != items)
                memcpy(items, from, n * size);
        return 0;
}
