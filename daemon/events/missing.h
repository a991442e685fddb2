/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Rules that log each connection and count the number of them: how many the log has left out, by
 * kind of decision and, where they are counted so, by user. The log is full, is not read while p25d
 * is down, and comes later than the counts; so what was counted is missing if it has not come by
 * the next settlement. Does not depend on where either comes from.
 */

#include "daemon/events/event.h"

#define MISSING_MAX 4096 /* kinds and users at a time; beyond it, users are not distinguished */

typedef struct MissingRow {
        Event what;                /* without addresses; quiet: it is not an event */
        uint64_t counted, settled; /* all; up to the last settlement */
        uint64_t logged, reported;
        unsigned age; /* settlements since it changed */
} MissingRow;

typedef struct Missing {
        MissingRow *rows; /* by kind, without a user last */
        size_t n;
} Missing;

/* The log has brought it (e->count of them); e->quiet says whether it is an event. */
void missing_log(Missing *m, const Event *e);
/* Rules have counted e->count of its kind, of this user (has_uid), or of all users that are not
 * counted apart. */
void missing_count(Missing *m, const Event *e);
/* Calls f with what the log has left out of what was counted before the last settlement; last: of
 * all. Settlements must be further apart than the log is late. Is anything open? */
bool missing_settle(Missing *m, bool last, void (*f)(void *data, const Event *e), void *data);
void missing_deinit(Missing *m);
