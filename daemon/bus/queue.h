/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Whose turn it is. Root's calls stand outside and ahead; others' wait until p25d has nothing else
 * to do, a user after the other, and what takes long is computed in workers.
 */

#include "daemon/bus/internal.h"

/* run and finish: BusQueue. */
void bus_queue_init(Bus *b, void (*run)(BusCall *c, BusHandler run),
        void (*finish)(BusCall *c, int r, sd_bus_error *error));
void bus_queue_deinit(Bus *b);
/* Takes in a call that is authorised. 0: it is to be run now; 1: it is run, and replied to, later;
 * LimitExceeded: its user has too many. */
int bus_queue_take(BusCall *c, sd_bus_error *error);
/* The call goes: out of the queue, and with its worker. */
void bus_queue_leave(BusCall *c);
