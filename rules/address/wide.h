/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Numbers of 128 bits as two halves, for IPv6 addresses and other counts of that size. Only
 * arithmetic on ranges needs this header.
 */

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef struct Wide {
        uint64_t high, low;
} Wide;

/* From and to network byte order. */
static inline Wide wide_load(const uint8_t bytes[static 16])
{
        Wide w;

        memcpy(&w.high, bytes, 8);
        memcpy(&w.low, bytes + 8, 8);
        return (Wide){ be64toh(w.high), be64toh(w.low) };
}

static inline void wide_store(Wide w, uint8_t bytes[static 16])
{
        w = (Wide){ htobe64(w.high), htobe64(w.low) };
        memcpy(bytes, &w.high, 8);
        memcpy(bytes + 8, &w.low, 8);
}

static inline Wide wide_add(Wide a, Wide b)
{
        Wide sum = { a.high + b.high, a.low + b.low };

        sum.high += sum.low < a.low;
        return sum;
}

static inline Wide wide_subtract(Wide a, Wide b)
{
        return (Wide){ a.high - b.high - (a.low < b.low), a.low - b.low };
}

static inline Wide wide_next(Wide w)
{
        return wide_add(w, (Wide){ 0, 1 });
}

static inline Wide wide_previous(Wide w)
{
        return wide_subtract(w, (Wide){ 0, 1 });
}

static inline bool wide_less(Wide a, Wide b)
{
        return a.high < b.high || (a.high == b.high && a.low < b.low);
}

static inline bool wide_equal(Wide a, Wide b)
{
        return a.high == b.high && a.low == b.low;
}

/* 2^n - 1, n 0..128 */
static inline Wide wide_ones(unsigned n)
{
        if (n > 64)
                return (Wide){ UINT64_MAX >> (128 - n), UINT64_MAX };
        return (Wide){ 0, n == 0 ? 0 : UINT64_MAX >> (64 - n) };
}
