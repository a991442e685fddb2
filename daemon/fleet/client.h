/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * p25d as p25-fleet sees it: calls over the system bus that do not block, each with a function that
 * gets the answer. polkit decides in p25d whether they are allowed. Does not know documents or
 * messages.
 */

#include "rules/base/util.h"

#include <systemd/sd-bus.h>

typedef struct FleetClient FleetClient;

/* r: 0, or negative errno with p25d's own words in `message` (borrowed, never NULL): -EACCES
 * (polkit says no), -EPERM (an assertion of the host refuses it), -EAGAIN (p25d does not answer
 * now, or another change waits to be confirmed: try again), -EINVAL and others (trying again is no
 * use). */
typedef void (*FleetDone)(void *data, int r, const char *message);

/* Another revision of the policy: signal Changed of p25d. All is borrowed. */
typedef struct FleetChanged {
        uint64_t revision;
        uint32_t uid;
        const char *reason;      /* what --reason said, "" */
        sd_bus_message *details; /* at the a{sv} of the signal */
} FleetChanged;

typedef struct FleetClientEvents {
        void (*changed)(void *data, const FleetChanged *c);
        void (*appeared)(void *data); /* p25d owns its name, now or again */
        void *data;
} FleetClientEvents;

/* Connects, and connects again after the bus was gone; events are borrowed, NULL: nobody follows.
 * 0 or negative errno. */
int fleet_client_new(sd_event *event, const FleetClientEvents *events, FleetClient **ret);
/* Ends the connection; calls that are under way are not answered. */
FleetClient *fleet_client_free(FleetClient *c);
DEFINE_CLEANUP(FleetClient, fleet_client_free)

/* Entries of one set, added with an end or for good, and removed. Lists may be NULL. */
typedef struct FleetEntries {
        const char *set;
        char *const *add, *const *remove;
        uint32_t timeout_sec; /* 0: what is added stays */
        const char *reason;   /* NULL: none */
} FleetEntries;

/* UpdateSet. 0 or negative errno, then done is not called. Texts are copied. */
int fleet_client_update_set(FleetClient *c, const FleetEntries *e, FleetDone done, void *data);
/* fd: a file with the entries, a line each, borrowed; -1 when r < 0; -ENOENT: there is no such set.
 */
typedef void (*FleetSetDone)(void *data, int r, const char *message, int fd);

/* GetSet. 0 or negative errno, then done is not called. */
int fleet_client_get_set(FleetClient *c, const char *set, FleetSetDone done, void *data);
/* m: at the aa{sv} of the answer, borrowed; NULL when r < 0. */
typedef void (*FleetEventsDone)(void *data, int r, const char *message, sd_bus_message *m);

/* ListEvents, which needs the privilege to manage: the newest `max` (0: all) whose id is larger
 * than after. 0 or negative errno, then done is not called. */
int fleet_client_list_events(
        FleetClient *c, uint64_t after, uint32_t max, FleetEventsDone done, void *data);
/* SetLockdown, which needs the privilege to manage. */
int fleet_client_set_lockdown(
        FleetClient *c, bool on, const char *reason, FleetDone done, void *data);

/* One text that takes the place of the one with its name. */
typedef struct FleetText {
        const char *name;
        const char *text; /* a fragment: "" removes it; NULL: it is a set, see fd */
        int fd;           /* of a set: a file with its entries, borrowed */
} FleetText;

/* PutDocuments: fragments and sets come into force as one change, or nothing does. */
int fleet_client_replace(FleetClient *c, const FleetText *texts, size_t n, const char *reason,
        FleetDone done, void *data);
