/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The events of the last second, in which equal ones are one with a count. Bounded: events without
 * room are counted by direction, action and rule, without addresses. Those whose process is known
 * have room of their own: each is another, and no more of them come than connections may wait.
 */

#include "daemon/events/event.h"

#define MERGE_MAX 256        /* with addresses */
#define MERGE_NAMED_MAX 2048 /* and with a process */
#define MERGE_REST_MAX 256   /* without both */

typedef struct Merge {
        Event items[MERGE_MAX], named[MERGE_NAMED_MAX], rest[MERGE_REST_MAX];
        size_t n, n_named, n_rest;
        uint64_t left_out; /* attempts that found room nowhere */
} Merge;

/* A copy; what memory is short for is left out. */
void merge_add(Merge *m, const Event *e);
size_t merge_count(const Merge *m);
/* The kinds one after the other, each in the order in which they came; NULL: there are no more. */
Event *merge_at(Merge *m, size_t i);
void merge_clear(Merge *m);
