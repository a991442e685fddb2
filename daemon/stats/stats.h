/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Counts connections: by user, unit and container in the last second, minute, hour and day, with
 * distinct destinations; for plots over a week, as are limits; since ever by direction and verdict;
 * and by rule. Counts what it is given and keeps it on disk; knows no names, no policy and no
 * kernel.
 */

#include "daemon/stats/senders.h"

#include <systemd/sd-event.h>

typedef struct Event Event;
typedef struct Hits Hits;
typedef struct Stats Stats;
typedef struct Verdicts Verdicts;

typedef struct StatsOptions {
        const char *folder;  /* where the file is */
        const char *boot_id; /* of the kernel whose counters are sampled; NULL: not known */
        /* Gives the counters of all rules in force to stats_see_rule(), now; NULL: there are none
         */
        void (*sample)(void *data, Stats *s);
        void *sample_data; /* of sample(), is_limit() and woken() */
        /* Is it a limit? Of those the past is kept. NULL: none is. */
        bool (*is_limit)(void *data, uint64_t rule);
        /* Will stats_wake() be called when the counters of rules change? NULL: no. */
        bool (*woken)(void *data);
        /* Something that the log should hold: priority is syslog's, text one line. May be NULL. */
        void (*notice)(void *data, int priority, const char *text);
        void *data;
        uint64_t (*clock)(clockid_t id); /* NULL: clock_now_usec(); for tests */
} StatsOptions;

/* Reads the file. One that is damaged is put aside, with a notice. 0 or -ENOMEM. */
int stats_new(sd_event *event, const StatsOptions *options, Stats **ret);
/* Writes the file first. */
Stats *stats_free(Stats *s);
DEFINE_CLEANUP(Stats, stats_free)

/* e->count connections. A subordinate uid must be its owner's already. container: what tells it
 * from others, or NULL; its name and image are those of e. */
void stats_count(Stats *s, const Event *e, const char *container);
/* The counters of rules have changed, or may have. */
void stats_wake(Stats *s);
/* Of a sample. */
void stats_see_rule(Stats *s, uint64_t rule, uint64_t packets, uint64_t bytes);

/* ---- what was counted ---- */

typedef struct StatsWindow {
        uint64_t blocked, allowed; /* outgoing connections (a container's: also routed) */
        uint64_t destinations;     /* distinct ones, of both */
        bool estimated;            /* destinations is an estimate */
} StatsWindow;

/* The last `seconds` (1, 60, 3600, 86400) of a user; all 0 for one who did nothing, and for one who
 * is counted with the others. */
void stats_user(const Stats *s, uint32_t uid, uint32_t seconds, StatsWindow *ret);
void stats_window(const Stats *s, const Sender *sender, uint32_t seconds, StatsWindow *ret);
const SenderTable *stats_senders(const Stats *s, SenderKind kind);
const Verdicts *stats_verdicts(const Stats *s);
/* Takes a sample, before the counters are gone. */
void stats_sample(Stats *s);
/* The counters are gone: those of the next sample begin at zero. */
void stats_restart(Stats *s);
/* Packets and bytes are those of now. */
Hits *stats_hits(Stats *s);
/* Microseconds since the epoch of a time of Sender, SeriesPoint or Hit; 0 of 0. */
uint64_t stats_time_usec(const Stats *s, uint32_t when);
/* Since when the totals count. */
uint64_t stats_since_usec(const Stats *s);
