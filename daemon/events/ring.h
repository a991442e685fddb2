/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The last events, the oldest first.
 */

#include "rules/base/util.h"

typedef struct Event Event;

#define RING_MAX 10000

typedef struct Ring {
        Event *items; /* grows to RING_MAX */
        size_t n, first;
} Ring;

/* A copy; the oldest makes room for it. Its id must be larger than all before. 0 or -ENOMEM. */
int ring_add(Ring *r, const Event *e);
/* i is 0 for the oldest, and less than r->n. */
const Event *ring_at(const Ring *r, size_t i);
/* The index of the first event with a larger id; r->n: there is none. */
size_t ring_after(const Ring *r, uint64_t id);
uint64_t ring_last_id(const Ring *r); /* 0: it is empty */
void ring_deinit(Ring *r);
