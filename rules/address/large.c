/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "rules/address/large.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#define LARGE_PAGE ((size_t)2 << 20)
/* From here on what the last page has too much is little. */
#define LARGE_LEAST (2 * LARGE_PAGE)

void *large_array_new(size_t n, size_t size)
{
        size_t bytes;
        void *p;

        if (__builtin_mul_overflow(n, size, &bytes) || bytes > SIZE_MAX / 2)
                return NULL;
        if (bytes < LARGE_LEAST)
                return malloc(bytes);
        bytes = (bytes + LARGE_PAGE - 1) & ~(LARGE_PAGE - 1);
        p = aligned_alloc(LARGE_PAGE, bytes);
        if (p)
                (void)madvise(p, bytes, MADV_HUGEPAGE);
        return p;
}

void *large_array_shrink(void *items, size_t n, size_t size)
{
        if (n == 0) {
                free(items);
                return NULL;
        }
        return reallocarray(items, n, size) ?: items;
}
