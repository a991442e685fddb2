/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What all changes have in common.
 */

#include "daemon/bus/internal.h"

/* Is this a valid name of a `what`? 0 or a negative errno with error set. */
int bus_name_check(const char *what, const char *name, sd_bus_error *error);
/* The options, which are the last argument, and who calls. */
int bus_change_read(BusCall *c, bool with_position, Change *ret, sd_bus_error *error);
/* Appends "as": what is removed and added, as many lines as a message takes; what that does to
 * packets; warnings. */
int bus_append_diff(sd_bus_message *m, const ChangeResult *change);
/* The reply to what the manager returned. */
int bus_change_reply(BusCall *c, int result, const ChangeResult *change, sd_bus_error *error);
