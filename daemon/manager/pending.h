/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The change that waits to be confirmed, as the files that keep its record and take it back see it.
 */

#include "daemon/loop/timer.h"
#include "daemon/manager/internal.h"
#include "daemon/store/pending_record.h"

struct Pending {
        PendingFile found;    /* at the start, until the state is known */
        PendingRecord record; /* in force */
        PendingRecord next;   /* of the change under way */
        bool written;         /* next is on disk, in the place of record */
        bool behind;          /* the disk does not say what record says */
        bool unstored;        /* what was taken back is in the kernel but not on disk */
        const TimerKind *due; /* what is done when the timer fires */
        sd_event_source *timer;
        unsigned failures;
        bool alerted;
        char *failure;       /* why it could not be taken back */
        uint64_t taken_back; /* the last revision that was; 0: none */
};

PendingClock pending_clock(const Manager *m);
/* Until it is taken back. */
uint64_t pending_left(const Manager *m);
/* Writes down what waits, whatever state is stored. 0 or negative errno. */
int pending_write(Manager *m);
/* The record is another one now; its content is taken. */
void pending_take(Manager *m, PendingRecord *record);
/* Nothing waits any more, without a change. 0, or negative errno: then it still does. */
int pending_end(Manager *m);
/* For the deadline, or for another attempt at what failed. */
void pending_arm(Manager *m);
