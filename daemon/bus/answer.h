/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Shared by all methods that change something: options, details, the reply.
 */

#include "daemon/bus/rule.h"

typedef struct BusCall BusCall;
typedef struct ChangeResult ChangeResult;

/* Checks the name of a `what`. 0 or a negative errno with error set. */
int bus_name_check(const char *what, const char *name, sd_bus_error *error);
/* The options, which are the last argument, and who calls. */
int bus_change_read(BusCall *c, BusOption more, Change *ret, sd_bus_error *error);
/* Appends one {sv} with an array of strings: as many as fit into *left bytes, which counts down. */
int bus_append_lines(sd_bus_message *m, const char *key, char *const *lines, size_t *left);
/* Appends the a{sv} of a change's reply: outcome, diff, effects, warnings. */
int bus_append_details(sd_bus_message *m, const ChangeResult *change);
/* The reply (b changed, t revision, a{sv} details). */
int bus_result_send(BusCall *c, const ChangeResult *change);
/* The error of a result; a negative errno. */
int bus_result_fail(const ChangeResult *change, sd_bus_error *error);
/* The reply or the error, or -EBUSY while the change waits for the lock of the packet filter. */
int bus_change_reply(BusCall *c, int result, const ChangeResult *change, sd_bus_error *error);
