/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Makes idle ends of connections send (segment.h), by p25d itself where it may, otherwise by
 * p25d-knocker. Where neither is there, an idle connection is reset when it sends by itself.
 */

#include "daemon/connections/knock_order.h"
#include "daemon/connections/segment.h"

typedef struct Knocker {
        Segments segments;
        KnockOrder order;
} Knocker;

#define KNOCKER_CLOSED ((Knocker){ .segments = SEGMENTS_CLOSED })

/* From one end to the other, with the mark that decides the route (0: none); at the latest when
 * the knocker is closed. Does not wait. */
void knock(Knocker *k, const Tuple *t, uint32_t mark);
void knocker_close(Knocker *k);
