/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The changes of set entries, a row for each actor, set and minute: history shows bans from it. A
 * record for people, apart from what p25d needs to be what it was: it is not synced, the oldest
 * rows give their place to new ones, and a loss of power may cost the last seconds of it.
 */

#include "rules/base/util.h"

typedef struct Store Store;

typedef struct SetChange {
        uint64_t minute; /* since the epoch */
        uint32_t uid;
        char *process; /* NULL: not known */
        char *set;
        uint64_t added, removed; /* entries */
        uint64_t entries;        /* that the set had then */
        uint64_t changes;        /* calls */
} SetChange;

typedef struct SetChanges {
        SetChange *items; /* the newest first */
        size_t n;
} SetChanges;

void set_changes_deinit(SetChanges *l);
/* Adds it to the row of its actor, set and minute. 0 or negative errno. */
int store_note_set_change(Store *s, const SetChange *change);
/* At most max rows. 0 or negative errno. */
int store_list_set_changes(Store *s, size_t max, SetChanges *ret);
