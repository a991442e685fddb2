/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Connections by time: a point for each span of seconds in which there were any, the oldest first;
 * and a past of such series, the finer the later. Times are seconds of a clock that never goes back
 * (stats.c).
 */

#include "rules/base/util.h"

typedef struct SeriesPoint {
        uint32_t begin; /* of its span */
        /* stay at UINT32_MAX rather than overflow */
        uint32_t blocked, allowed;
        uint32_t destinations; /* distinct ones of the span, of both */
} SeriesPoint;

/* The numbers that are added to a point. */
typedef struct SeriesCount {
        uint64_t blocked, allowed, destinations;
} SeriesCount;

typedef struct SeriesKind {
        uint32_t span;  /* seconds of a point */
        uint32_t spans; /* how many are kept: older points go */
} SeriesKind;

typedef struct Series {
        SeriesPoint *items;
        size_t n;
} Series;

/* The steps in which a past is known: the last minute by the second, the last hour by the minute,
 * the last day by five minutes, the last week by the hour. */
typedef enum PastKind {
        PAST_SECONDS,
        PAST_MINUTES,
        PAST_FIVES,
        PAST_HOURS,
        _PAST_KIND_MAX,
} PastKind;

extern const SeriesKind past_kinds[_PAST_KIND_MAX];

typedef struct SeriesPast {
        Series of[_PAST_KIND_MAX];
} SeriesPast;

/* Adds to the point of `when`, which is not after `now`. What is older than the series keeps is
 * left out. 0 or -ENOMEM. */
int series_add(
        Series *s, const SeriesKind *kind, uint32_t now, uint32_t when, const SeriesCount *c);
/* Of the points that begin in the last `seconds`. */
void series_sum(const Series *s, uint32_t now, uint32_t seconds, uint64_t *ret_blocked,
        uint64_t *ret_allowed);
/* Drops what is older than the series keeps. */
void series_prune(Series *s, const SeriesKind *kind, uint32_t now);
void series_deinit(Series *s);
void series_past_prune(SeriesPast *p, uint32_t now);
void series_past_deinit(SeriesPast *p);
