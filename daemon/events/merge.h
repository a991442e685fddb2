/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The events of the last second, in which equal ones are one with a count. Bounded: events without
 * room are counted by direction, action and rule, without addresses.
 */

#include "daemon/events/event.h"

#define MERGE_MAX 256      /* with addresses */
#define MERGE_REST_MAX 256 /* without */

typedef struct Merge {
        Event items[MERGE_MAX + MERGE_REST_MAX];
        size_t n, n_rest;  /* of both kinds; those without addresses are behind the others */
        uint64_t left_out; /* attempts that found room nowhere */
} Merge;

/* A copy; what memory is short for is left out. */
void merge_add(Merge *m, const Event *e);
/* In the order in which they came; NULL: there are no more. */
Event *merge_at(Merge *m, size_t i);
void merge_clear(Merge *m);
