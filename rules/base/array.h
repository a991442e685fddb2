/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Growing arrays, and order in them.
 */

#include <stdbool.h>
#include <stddef.h>

/*
 * Makes room for one more element in a malloc()ed array of n elements of `size` bytes; array points
 * to the pointer. Capacity is the next power of two (at least 4), so it follows from n: an array
 * that is to grow here must never have been allocated otherwise. Returns 0 or -ENOMEM (the array is
 * then untouched).
 */
int array_grow(void *array, size_t n, size_t size);
/*
 * The same for bytes whose capacity is kept: room for `wanted` of them, which doubles from `first`
 * on. 0 or -ENOMEM (bytes and capacity are then untouched).
 */
int array_reserve(void *bytes, size_t *capacity, size_t first, size_t wanted);
/* Of an array that grows by array_grow(): a copy of *element as the at-th; 0 or -ENOMEM. */
int array_insert(void *array, size_t *n, size_t size, size_t at, const void *element);
/* The at-th, which was freed, goes. */
void array_remove(void *array, size_t *n, size_t size, size_t at);

/* For qsort(3) and bsearch(3): of uint64_t, of uint32_t, or of structs that begin with one. */
int number_compare(const void *a, const void *b);
int id_compare(const void *a, const void *b);

/* The place of the first of n elements, ascending by compare(), that is not less than the key; n if
 * all are. As bsearch(3), compare() gets the key first. */
size_t array_lower_bound(const void *key, const void *array, size_t n, size_t size,
        int (*compare)(const void *key, const void *element));

/*
 * Do two arrays hold the same members, in any order and any number of times? Sorts copies; false if
 * there is no memory for them.
 */
bool array_same_members(const void *a, size_t n_a, const void *b, size_t n_b, size_t size,
        int (*compare)(const void *, const void *));
