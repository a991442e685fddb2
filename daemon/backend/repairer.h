/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Puts back what others change in the kernel, for every backend alike: at once, but never more
 * often than the pause between two repairs allows, so that a fight costs little and leaves no gap
 * longer than that. Only damage counts as a repair and towards a fight. Does not know what the
 * kernel holds: the backend looks, and puts back.
 */

#include "daemon/backend/backend.h"
#include "daemon/backend/repair_rate.h"

/* The least time between two repairs. A repair that takes longer is followed by a pause as long as
 * itself. */
#define REPAIR_PAUSE_USEC (50 * UINT64_C(1000))

/* The distance of the kernel from what was left there. */
typedef enum RepairNeed {
        REPAIR_NONE,
        REPAIR_OVERTAKEN, /* ours is whole, but out of date or no longer first */
        REPAIR_DAMAGE,    /* another process changed or removed what is ours */
} RepairNeed;

typedef struct RepairOps {
        RepairNeed (*look)(void *data);
        /* 0; -EAGAIN: another program is at work, try again soon; another negative errno. */
        int (*put_back)(void *data);
} RepairOps;

typedef struct Repairer {
        sd_event *event; /* NULL: nothing is watched */
        Backend *backend;
        const RepairOps *ops; /* data: the backend */
        BackendRepaired repaired;
        void *repaired_data;

        pid_t culprit_pid; /* the process that did it; 0: not known */
        char culprit[32];
        RepairNeed need;              /* damage that was found and is not yet repaired */
        RepairRate rate;              /* of damage */
        uint64_t failed;              /* times in a row */
        uint64_t next_usec, due_usec; /* no repair before; when the timer rings, 0: not */
        sd_event_source *timer;
} Repairer;

/* Something was found: puts it back, now or as soon as the pause is over. */
void repairer_found(Repairer *r, RepairNeed need);
/* Looks, and puts back what is needed. */
void repairer_look(Repairer *r);
/* Looks in so many microseconds at the latest. */
void repairer_look_later(Repairer *r, uint64_t usec);
void repairer_blame(Repairer *r, pid_t pid, const char *process); /* pid 0: not known */
/* Nothing is installed any more: nothing is looked after. */
void repairer_rest(Repairer *r);
void repairer_stop(Repairer *r);
