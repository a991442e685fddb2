/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Helpers that every room needs and the C library lacks: cleanup attributes, growing arrays and
 * texts, lists of strings. Does not depend on mail, policy or the kernel.
 */

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define USEC_PER_SEC UINT64_C(1000000)

#define ELEMENTS(a) (sizeof(a) / sizeof((a)[0]))
#define _printf_(f, a) __attribute__((format(printf, f, a)))
#define _unused_ __attribute__((unused))
#define _cleanup_(f) __attribute__((cleanup(f)))
#define _cleanup_free_ _cleanup_(free_p)
#define _cleanup_strv_ _cleanup_(strv_free_p)
#define _cleanup_buffer_ _cleanup_(buffer_deinit)

/* Moves a pointer out of a variable and leaves NULL behind. */
#define TAKE_PTR(p)                         \
        ({                                  \
                __typeof__(p) *_pp_ = &(p); \
                __typeof__(p) _p_ = *_pp_;  \
                *_pp_ = NULL;               \
                _p_;                        \
        })

/* The same for a file descriptor, which leaves -1. */
#define TAKE_FD(fd)                 \
        ({                          \
                int *_fdp_ = &(fd); \
                int _fd_ = *_fdp_;  \
                *_fdp_ = -1;        \
                _fd_;               \
        })

/* The same for a struct, which leaves zeroes. */
#define TAKE_STRUCT(s)                        \
        ({                                    \
                __typeof__(s) *_sp_ = &(s);   \
                __typeof__(s) _s_ = *_sp_;    \
                *_sp_ = (__typeof__(s)){ 0 }; \
                _s_;                          \
        })

/*
 * Defines NAME_ref() and NAME_unref() of a struct with a member n_refs: both take NULL; the last
 * unref calls destroy(), which frees what the struct has, and frees it.
 */
#define DEFINE_REFERENCES(type, name, destroy) \
        type *name##_ref(type *p)              \
        {                                      \
                if (p)                         \
                        p->n_refs++;           \
                return p;                      \
        }                                      \
        type *name##_unref(type *p)            \
        {                                      \
                if (p && --p->n_refs == 0) {   \
                        destroy(p);            \
                        free(p);               \
                }                              \
                return NULL;                   \
        }

/* Defines the function that _cleanup_() calls for a local of TYPE*, from a destructor of TYPE*. */
#define DEFINE_CLEANUP(type, destroy)            \
        static inline void destroy##_p(type **p) \
        {                                        \
                if (*p)                          \
                        destroy(*p);             \
        }

static inline void free_p(void *p)
{
        free(*(void **)p);
}

static inline bool streq(const char *a, const char *b)
{
        return strcmp(a, b) == 0;
}

/* Equal strings, or both NULL. */
static inline bool streq_null(const char *a, const char *b)
{
        return a == b || (a && b && strcmp(a, b) == 0);
}

/* A copy of s in *ret, NULL of NULL; 0 or -ENOMEM. */
int strdup_null(const char *s, char **ret);
/* A formatted text in *ret; 0, or -ENOMEM and NULL. */
int text_printf(char **ret, const char *format, ...) _printf_(2, 3);
bool text_ends_with(const char *s, const char *end);
/* Decimal digits and nothing else, at least one? */
bool text_is_number(const char *s);
/* n of them, to a number of at most max; 0, -EINVAL, or -ERANGE for digits that say more. */
int digits_parse(const char *s, size_t n, uint64_t max, uint64_t *ret);

/*
 * Makes room for one more element in a malloc()ed array of n elements of `size` bytes; array points
 * to the pointer. Capacity is the next power of two (at least 4), so it follows from n: an array
 * that is to grow here must never have been allocated otherwise. Returns 0 or -ENOMEM (the array is
 * then untouched).
 */
int array_grow(void *array, size_t n, size_t size);
/* Of an array that grows by array_grow(): a copy of *element as the at-th; 0 or -ENOMEM. */
int array_insert(void *array, size_t *n, size_t size, size_t at, const void *element);
/* The at-th, which was freed, goes. */
void array_remove(void *array, size_t *n, size_t size, size_t at);

/* For qsort(3) and bsearch(3): of uint64_t, of uint32_t, of char *, or of structs that begin with
 * one. */
int number_compare(const void *a, const void *b);
int id_compare(const void *a, const void *b);
int string_compare(const void *a, const void *b);

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

/*
 * Strings: a NULL-terminated, malloc()ed array of malloc()ed strings; a NULL pointer is the empty
 * list.
 */
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
void strv_sort(char **l);
char **strv_free(char **l);

static inline void strv_free_p(char ***l)
{
        strv_free(*l);
}

/* Bytes (1 to 4) and code of the UTF-8 character at s, which ends with a NUL somewhere; 0: none. */
size_t utf8_character(const char *s, uint32_t *ret_code);
/* Valid UTF-8 without control characters (C0, DEL, C1, line and paragraph separators)? */
bool text_is_printable(const char *s);
/* Puts '?' in the place of every byte that text_is_printable() would refuse. */
void text_make_printable(char *s);

/*
 * A text as a message may show it: at most 64 bytes of it, whole UTF-8 sequences, and without the
 * control characters that would move a terminal's cursor. Returns buffer.
 */
#define TEXT_SHOWN_MAX 68
const char *text_show(const char *text, char buffer[static TEXT_SHOWN_MAX]);

/*
 * A growing text or byte string. Always NUL-terminated once something was added. The first
 * allocation failure sticks: later additions do nothing, and buffer_take() says -ENOMEM, so that
 * long printers need one check, at their end.
 */
typedef struct Buffer {
        char *data;
        size_t length;
        size_t capacity;
        bool failed;
} Buffer;

void buffer_add(Buffer *b, const void *data, size_t n);
void buffer_add_string(Buffer *b, const char *s);
void buffer_add_char(Buffer *b, char c);
void buffer_printf(Buffer *b, const char *format, ...) _printf_(2, 3);
/* Drops the content, keeps the memory. */
void buffer_clear(Buffer *b);
/* Hands the text over (never NULL on success) and leaves the buffer empty; 0 or -ENOMEM. */
int buffer_take(Buffer *b, char **ret);
void buffer_deinit(Buffer *b);
