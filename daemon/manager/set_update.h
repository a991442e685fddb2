/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The effect of one call of UpdateSet on the entries of a set. Does not depend on how the change is
 * made.
 */

#include "daemon/manager/internal.h"
#include "rules/address/timedset.h"

typedef struct StoredSet StoredSet;

typedef struct SetUpdate {
        const char *name;
        PrefixSet *plus, *minus; /* that were named */
        TimedSet *timed;         /* of plus, where that ends */
        PrefixSet *entries;      /* what the set is then */
        TimedSet *timed_entries;
        size_t added, removed;
        TimedChanges changes;
} SetUpdate;

void set_update_deinit(SetUpdate *u);
#define _cleanup_set_update_ _cleanup_(set_update_deinit)

/* Reads what a caller named; an error names the text. */
int set_update_read(SetUpdate *u, char *const *add, char *const *remove, ChangeResult *r);
/* The resulting set (NULL: none). Notes on single entries are in r->unchanged and in warnings, if
 * they are SET_UPDATE_NOTED_MAX at most. */
#define SET_UPDATE_NOTED_MAX 5000
int set_update_find(SetUpdate *u, const StoredSet *now, uint32_t timeout_sec, ChangeResult *r);
bool set_update_is_empty(const SetUpdate *u);
Outcome set_update_outcome(const SetUpdate *u);
