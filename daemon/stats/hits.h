/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The number of decisions of each rule and the time of the last; of limits also their past. Packets
 * and bytes are those of the kernel's counters, which begin again when the machine is started; here
 * they go on. Bounded: rules that are gone make room for new ones; what finds no room is in the
 * kernel's counters only.
 */

#include "daemon/stats/series.h"
#include "rules/base/hash.h"

#define HITS_MAX 4096
/* So many rules have a past. */
#define HITS_PASTS_MAX 256

typedef struct Hit {
        uint64_t rule;                     /* its id, or DEFAULT_COUNTER_ID */
        uint64_t packets, bytes;           /* since ever */
        uint64_t seen_packets, seen_bytes; /* what the kernel's counter said last */
        uint64_t passed, refused;          /* connections, of events: an allow or a limit passes */
        uint32_t last;                     /* when a packet was last counted; 0: never */
        uint32_t sample;                   /* the last one that had the rule */
        SeriesPast *past;                  /* of a limit, see hits_past(); NULL: not kept */
} Hit;

typedef struct Hits {
        Hit *items;
        size_t n;
        size_t n_pasts;
        NumberMap by_rule; /* index + 1 */
        uint32_t sample;
} Hits;

/* NULL: nothing is known of the rule. */
const Hit *hits_find(Hits *h, uint64_t rule);
/* Its row; NULL: there is no room for it. */
Hit *hits_get(Hits *h, uint64_t rule);
/* The past of a row, a new one where it has none: `allowed` is the packets that the rule counted,
 * `blocked` the connections of events that it refused. NULL: there is no room for it. */
SeriesPast *hits_past(Hits *h, Hit *row);
/* Before the counters of all rules in force are given to hits_see(). */
void hits_begin_sample(Hits *h);
/* Returns the packets that it counted since the last sample. */
uint64_t hits_see(Hits *h, uint64_t rule, uint64_t packets, uint64_t bytes, uint32_t now);
/* The kernel was started again: its counters began at 0. */
void hits_restart(Hits *h);
void hits_deinit(Hits *h);
