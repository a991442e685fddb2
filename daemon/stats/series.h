/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Connections by time: a point for each span of seconds in which there were any, the oldest first.
 * Times are seconds of a clock that never goes back (stats.c).
 */

#include "rules/base/util.h"

typedef struct SeriesPoint {
        uint32_t begin;            /* of its span */
        uint32_t blocked, allowed; /* stay at UINT32_MAX rather than overflow */
} SeriesPoint;

typedef struct SeriesKind {
        uint32_t span;  /* seconds of a point */
        uint32_t spans; /* how many are kept: older points go */
} SeriesKind;

typedef struct Series {
        SeriesPoint *items;
        size_t n;
} Series;

/* Adds to the point of `when`, which is not after `now`. What is older than the series keeps is
 * left out. 0 or -ENOMEM. */
int series_add(Series *s, const SeriesKind *kind, uint32_t now, uint32_t when, uint64_t blocked,
        uint64_t allowed);
/* Of the points that begin in the last `seconds`. */
void series_sum(const Series *s, uint32_t now, uint32_t seconds, uint64_t *ret_blocked,
        uint64_t *ret_allowed);
/* Drops what is older than the series keeps. */
void series_prune(Series *s, const SeriesKind *kind, uint32_t now);
void series_deinit(Series *s);
