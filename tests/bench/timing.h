/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Parts that benchmarks share: the monotonic clock, and the median of measurements.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

static inline int64_t timing_now_nsec(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static inline int64_t timing_now_usec(void)
{
        return timing_now_nsec() / 1000;
}

static inline double timing_now_msec(void)
{
        return (double)timing_now_nsec() / 1e6;
}

static inline int timing_compare(const void *a, const void *b)
{
        const double *x = a, *y = b;

        return (*x > *y) - (*x < *y);
}

/* Sorts them. */
static inline double timing_median(double *msec, size_t n)
{
        qsort(msec, n, sizeof(*msec), timing_compare);
        return msec[n / 2];
}
