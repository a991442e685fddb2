/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The record on disk of a change that waits to be confirmed: which revision is taken back, to which
 * other, and when. Text in and out, and the arithmetic of the deadline; reads no clock, opens no
 * file.
 */

#include "rules/base/util.h"

/* The clocks, and the run of the kernel to which they belong. */
typedef struct PendingClock {
        char boot[64];          /* the kernel's boot id; "": not known */
        uint64_t boottime_usec; /* CLOCK_BOOTTIME: nobody can set it, and it counts while asleep */
        uint64_t realtime_usec; /* CLOCK_REALTIME */
} PendingClock;

typedef struct PendingRecord {
        uint64_t revision;      /* waits; 0: nothing does */
        uint64_t base;          /* what is in force again when nobody confirms */
        uint32_t seconds;       /* that were given */
        uint64_t deadline_usec; /* of the wall clock: for people, and after a reboot */
        char *boot;             /* as long as the kernel runs that has this id … */
        uint64_t boottime_usec; /* … this is the deadline */
        char *connection;       /* of the bus, that made the change; NULL: none */
        char *files;            /* of the host that go with base; NULL: not known */
        char **changed_sets;    /* by what waits */
        /* Changes by others in the meantime, which stay when the rest is taken back. */
        char **kept_sets;
        bool keeps_lockdown;
} PendingRecord;

void pending_record_deinit(PendingRecord *r);
#define _cleanup_pending_ _cleanup_(pending_record_deinit)
int pending_record_copy(const PendingRecord *r, PendingRecord *ret);
bool pending_record_equal(const PendingRecord *a, const PendingRecord *b);

/*
 * The file. It is written before the state of a change is, and true before and after: once that
 * state is stored what it says of `then`, and of `otherwise` as long as it is not.
 */
typedef struct PendingFile {
        uint64_t from; /* the revision of that state */
        PendingRecord then, otherwise;
} PendingFile;

void pending_file_deinit(PendingFile *f);
/* 0 or -ENOMEM. Where nothing waits either way it is an empty text. */
int pending_file_print(const PendingFile *f, char **ret);
/* 0, -EINVAL, -ENOMEM */
int pending_file_parse(const char *text, PendingFile *ret);

/* Gives it so many seconds from now. 0 or -ENOMEM. */
int pending_record_begin(PendingRecord *r, uint32_t seconds, const PendingClock *now);
/* Until the deadline; 0 when it has passed. After a reboot the wall clock decides, and one that was
 * set back does not make it longer than at the beginning. */
uint64_t pending_left_usec(const PendingRecord *r, const PendingClock *now);
/*
 * Makes the record refer to the running kernel, and adjusts the deadline to what the wall clock
 * shows. 1 if this changed something, 0, -ENOMEM.
 */
int pending_record_anchor(PendingRecord *r, const PendingClock *now);
