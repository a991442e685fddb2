/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Supplements to the language: cleanup attributes, ownership that moves, equality of strings. Every
 * source may need it, so it declares no type and needs no other header of this program.
 */

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
