/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The manager on the system bus (SPEC section 5): joins the bus when there is one, joins again when
 * it returns, answers calls and signals changes. Makes no decision about policy.
 */

#include "rules/base/util.h"

typedef struct Bus Bus;

#include <systemd/sd-event.h>

typedef struct Events Events;
typedef struct Manager Manager;
typedef struct Stats Stats;

/* A line for the log, with a priority of syslog. */
typedef void (*BusNotice)(void *data, int priority, const char *text);

/*
 * Begins to join and does not wait for it; a missing bus is not an error. Follows the manager
 * (manager_add_events). event and m must outlive it. The address is DBUS_SYSTEM_BUS_ADDRESS, else
 * the system bus. 0, -ENOMEM, or an error of the event loop.
 */
int bus_new(sd_event *event, Manager *m, Bus **ret);
/* Leaves the bus; calls that wait for something are dropped. */
Bus *bus_free(Bus *b);
DEFINE_CLEANUP(Bus, bus_free)

/* Also answers root's connections to a socket at this path (direct.h). 0 or negative errno. */
int bus_listen(Bus *b, const char *path);

void bus_set_notice(Bus *b, BusNotice notice, void *data);
/* The events for ListEvents and Blocked; e must outlive b. Without it there are none. */
void bus_set_events(Bus *b, Events *e);
/* The bytes of p25d's messages that the bus may hold before p25d joins it again (80 MiB); for
 * tests. */
void bus_set_held_max(Bus *b, size_t bytes);
/* The statistics for DescribeStats; s must outlive b. */
void bus_set_stats(Bus *b, Stats *s);
/* The time that ReplaceSet waits for the next byte of a pipe (20 s); for tests. */
void bus_set_upload_timeout(Bus *b, uint64_t usec);
/* The time limit for computing an answer to an unprivileged caller (5 s); for tests. */
void bus_set_worker_time(Bus *b, uint64_t usec);
