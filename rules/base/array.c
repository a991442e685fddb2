/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "rules/base/array.h"
#include "rules/base/util.h"

#include <errno.h>

int array_grow(void *array, size_t n, size_t size)
{
        void **p = array, *grown;
        size_t capacity;

        if (n >= 4 ? (n & (n - 1)) != 0 : n != 0)
                return 0;
        capacity = n < 4 ? 4 : 2 * n;
        grown = reallocarray(*p, capacity, size);
        if (!grown)
                return -ENOMEM;
        *p = grown;
        return 0;
}

int array_reserve(void *bytes, size_t *capacity, size_t first, size_t wanted)
{
        size_t more = *capacity > 0 ? *capacity : first;
        void **p = bytes, *grown;

        if (wanted <= *capacity)
                return 0;
        if (wanted > SIZE_MAX / 2)
                return -ENOMEM;
        while (more < wanted)
                more *= 2;
        grown = realloc(*p, more);
        if (!grown)
                return -ENOMEM;
        *p = grown;
        *capacity = more;
        return 0;
}

int array_insert(void *array, size_t *n, size_t size, size_t at, const void *element)
{
        void **p = array;
        char *place;

        if (array_grow(array, *n, size) < 0)
                return -ENOMEM;
        place = (char *)*p + at * size;
        memmove(place + size, place, (*n - at) * size);
        memcpy(place, element, size);
        ++*n;
        return 0;
}

void array_remove(void *array, size_t *n, size_t size, size_t at)
{
        void **p = array;
        char *place = (char *)*p + at * size;

        --*n;
        memmove(place, place + size, (*n - at) * size);
}

int number_compare(const void *a, const void *b)
{
        uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

        return (x > y) - (x < y);
}

int id_compare(const void *a, const void *b)
{
        uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

        return (x > y) - (x < y);
}

size_t array_lower_bound(const void *key, const void *array, size_t n, size_t size,
        int (*compare)(const void *key, const void *element))
{
        size_t low = 0;

        while (low < n) {
                size_t middle = low + (n - low) / 2;

                if (compare(key, (const char *)array + middle * size) > 0)
                        low = middle + 1;
                else
                        n = middle;
        }
        return low;
}

bool array_same_members(const void *a, size_t n_a, const void *b, size_t n_b, size_t size,
        int (*compare)(const void *, const void *))
{
        _cleanup_free_ char *x = NULL, *y = NULL;
        size_t i = 0, j = 0;

        if (n_a == 0 || n_b == 0)
                return n_a == n_b;
        if (n_a == 1 && n_b == 1)
                return compare(a, b) == 0;
        x = reallocarray(NULL, n_a, size);
        y = reallocarray(NULL, n_b, size);
        if (!x || !y)
                return false;
        memcpy(x, a, n_a * size);
        memcpy(y, b, n_b * size);
        qsort(x, n_a, size, compare);
        qsort(y, n_b, size, compare);
        while (i < n_a && j < n_b) {
                if (compare(x + i * size, y + j * size) != 0)
                        return false;
                for (i++; i < n_a && compare(x + (i - 1) * size, x + i * size) == 0; i++)
                        ;
                for (j++; j < n_b && compare(y + (j - 1) * size, y + j * size) == 0; j++)
                        ;
        }
        return i == n_a && j == n_b;
}
