/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Pseudo-random numbers from a seed: the same on every machine, so that a failure can be
 * repeated. */

#include "rules/base/util.h"

typedef struct Random {
        uint64_t state;
} Random;

/* splitmix64 */
static inline uint64_t random_next(Random *r)
{
        uint64_t x = r->state += UINT64_C(0x9e3779b97f4a7c15);

        x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
        return x ^ (x >> 31);
}

/* 0 … n - 1 */
static inline uint32_t random_below(Random *r, uint32_t n)
{
        return (uint32_t)((random_next(r) >> 32) * n >> 32);
}

/* True once in n times. */
static inline bool random_once(Random *r, uint32_t n)
{
        return random_below(r, n) == 0;
}

#define random_of(r, table) ((table)[random_below((r), ELEMENTS(table))])
