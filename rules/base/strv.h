/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Lists of strings: a NULL-terminated, malloc()ed array of malloc()ed strings; a NULL pointer is
 * the empty list.
 */

#include "rules/base/util.h"

#include <stdarg.h>

#define _cleanup_strv_ _cleanup_(strv_free_p)
#define STRV_FOREACH(s, l) for (char **s = (l); s && *s; s++)

size_t strv_length(char *const *l);
bool strv_contains(char *const *l, const char *s);
bool strv_equal(char *const *a, char *const *b);
/* Appends a copy; 0 or -ENOMEM. Costs a walk of the list: for thousands, fill an array. */
int strv_append(char ***l, const char *s);
/* Appends and owns the string, also when it fails. */
int strv_consume(char ***l, char *s);
int strv_printf(char ***l, const char *format, ...) _printf_(2, 3);
int strv_vprintf(char ***l, const char *format, va_list ap) _printf_(2, 0);
/* A deep copy in *ret (NULL for an empty list); 0 or -ENOMEM. */
int strv_copy(char *const *l, char ***ret);
/* For qsort(3) and bsearch(3): of char *, or of structs that begin with one. */
int string_compare(const void *a, const void *b);
void strv_sort(char **l);
char **strv_free(char **l);

static inline void strv_free_p(char ***l)
{
        strv_free(*l);
}
