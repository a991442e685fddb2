/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tests/lib/allocations.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static unsigned n_calls, fail_at; /* fail_at: 0: none fails */
static bool fail_on, gives_back;

/* The names that ld --wrap gives them. */

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t n);
void *__real_reallocarray(void *old, size_t n, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t n);
void *__real_large_array_shrink(void *items, size_t n, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t n);
void *__wrap_reallocarray(void *old, size_t n, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t n);
void *__wrap_large_array_shrink(void *items, size_t n, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t n);

static bool fails(void)
{
        n_calls++;
        if (fail_at == 0 || (fail_on ? n_calls < fail_at : n_calls != fail_at))
                return false;
        errno = ENOMEM;
        return true;
}

void *__wrap_malloc(size_t n)
{
        return fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
        return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *old, size_t n)
{
        return fails() ? NULL : __real_realloc(old, n);
}

void *__wrap_reallocarray(void *old, size_t n, size_t size)
{
        return !gives_back && fails() ? NULL : __real_reallocarray(old, n, size);
}

/* Memory is always given back. Whether a block grows is not asked of malloc_usable_size(3), which
 * depends on the heap: the allocations of two tries would be numbered differently. */
void *__wrap_large_array_shrink(void *items, size_t n, size_t size)
{
        void *shrunk;

        gives_back = true;
        shrunk = __real_large_array_shrink(items, n, size);
        gives_back = false;
        return shrunk;
}

void *__wrap_aligned_alloc(size_t alignment, size_t n)
{
        return fails() ? NULL : __real_aligned_alloc(alignment, n);
}

char *__wrap_strdup(const char *text)
{
        return fails() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t n)
{
        return fails() ? NULL : __real_strndup(text, n);
}

void allocations_fail(unsigned at, bool on)
{
        n_calls = 0;
        fail_at = at;
        fail_on = on;
}

unsigned allocations_made(void)
{
        return n_calls;
}
