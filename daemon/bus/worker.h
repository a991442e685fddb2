/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Computes the answer of a call in a process of its own: a snapshot of p25d that may only read and
 * is killed at a deadline. Meanwhile p25d answers others.
 */

#include "daemon/bus/internal.h"

typedef struct BusWorker BusWorker;

/* The result: r is 0 and answer has the values of the reply, or r is a negative errno and error is
 * set. */
typedef void (*BusWorkerDone)(BusCall *c, int r, sd_bus_message *answer, sd_bus_error *error);

/*
 * Runs the method's handler for c in a child; done is called once from the event loop, unless the
 * worker is freed before. 0, or negative errno: then nothing was started.
 */
int bus_worker_new(BusCall *c, uint64_t deadline_usec, BusWorkerDone done, BusWorker **ret);
/* Ends the process, if it still runs. */
BusWorker *bus_worker_free(BusWorker *w);
