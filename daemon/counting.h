/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Feeds the statistics: connections from the events, with subordinate uids as their owners', and
 * the counters of rules from the manager.
 */

#include "daemon/events/events.h"
#include "daemon/manager/manager.h"
#include "daemon/stats/stats.h"

typedef struct Counting {
        Manager *manager;
        Events *events;
        Stats *stats; /* NULL: not started */
        EventsFollower follower;
        ManagerEvents changes;
        uint64_t *limits; /* ids of the rules in force that are, sorted */
        size_t n_limits;
        /* The last owner, for a second: files are looked at to find one. */
        struct {
                uint32_t uid, owner;
                uint64_t until_usec; /* by CLOCK_MONOTONIC */
        } owned;
} Counting;

/* c, m and e must outlive it. 0 or -ENOMEM. */
int counting_start(
        Counting *c, sd_event *event, const StatsOptions *options, Manager *m, Events *e);
void counting_stop(Counting *c);
/* The owner of a uid that lies in a range that a user was lent, or the uid itself. */
uint32_t counting_owner(Counting *c, uint32_t uid);
