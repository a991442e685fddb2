/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Memory for arrays of millions of entries. Most of what a copy of them costs is the kernel's work
 * for each page: large pages are few.
 */

#include <stddef.h>

/* As reallocarray(NULL, n, size), and for free() and realloc(). */
void *large_array_new(size_t n, size_t size);
/* Gives back the memory behind the first n elements; NULL, and all of it, if n is 0. */
void *large_array_shrink(void *items, size_t n, size_t size);
