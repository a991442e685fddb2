/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Decides whose turn it is. Long answers are computed in workers: root has some of its own, which
 * its connections get in turn. Root's other calls are not queued; calls of other users wait until
 * p25d has nothing else to do, and take turns by user.
 */

#include "daemon/bus/internal.h"

/* run and finish: BusQueue. */
void bus_queue_init(Bus *b, void (*run)(BusCall *c, BusHandler run),
        void (*finish)(BusCall *c, int r, sd_bus_error *error));
void bus_queue_deinit(Bus *b);
/* Accepts an authorised call. 0: run it now; 1: it is run and answered later; LimitExceeded: its
 * user has too many. */
int bus_queue_take(BusCall *c, sd_bus_error *error);
/* There is room again for calls that wait. */
void bus_queue_look_again(Bus *b);
/* Removes a call that ends from the queue, and its worker. */
void bus_queue_leave(BusCall *c);
