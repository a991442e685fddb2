/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Calls from their message to their reply.
 */

#include "daemon/bus/internal.h"

/* Accepts a message: asks the bus who sent it, and polkit if necessary, then runs the method's
 * handler. 0 or negative errno, with or without error set. */
int bus_call_begin(Bus *b, sd_bus_message *m, const BusMethod *method, sd_bus_error *error);
/* Runs a handler, or the rest of one, and ends the call when it is done. */
void bus_call_run(BusCall *c, BusHandler run);
/* Ends a call with an error, if r is negative, and frees it. */
void bus_call_finish(BusCall *c, int r, sd_bus_error *error);
/* Drops all calls of a connection without a reply; NULL: of all connections. */
void bus_calls_drop(Bus *b, const sd_bus *bus);
