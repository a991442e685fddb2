/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The manager on the system bus (SPEC section 5): joins it when there is one, joins again when it
 * returns, answers calls, tells of changes. Decides nothing about policy.
 */

#include "daemon/events/events.h"
#include "daemon/manager/manager.h"

typedef struct Bus Bus;

/* Something that the log should hold: priority is syslog's, text one line. */
typedef void (*BusNotice)(void *data, int priority, const char *text);

/*
 * Begins to join, without waiting for it: that there is no bus is no error. Follows the
 * manager (manager_add_events). event and m must outlive it. The address is that of
 * DBUS_SYSTEM_BUS_ADDRESS, else the system bus. 0, -ENOMEM, or what the event loop says.
 */
int bus_new(sd_event *event, Manager *m, Bus **ret);
/* Leaves the bus; calls that wait for something are dropped. */
Bus *bus_free(Bus *b);
DEFINE_CLEANUP(Bus, bus_free)

void bus_set_notice(Bus *b, BusNotice notice, void *data);
/* What ListEvents returns and Blocked signals; e must outlive b. Without it there are no events. */
void bus_set_events(Bus *b, Events *e);
/* How long ReplaceSet waits for the next byte of a pipe (20 s); for tests. */
void bus_set_upload_timeout(Bus *b, uint64_t usec);
/* How long the answer to an unprivileged caller may be computed (5 s); for tests. */
void bus_set_worker_time(Bus *b, uint64_t usec);
/* Is the name ours now? */
bool bus_is_ready(const Bus *b);
