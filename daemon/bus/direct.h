/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Connections of root that do not pass through the bus: a socket in the runtime folder which only
 * root can open. The bus is one queue for everybody, so unprivileged clients that flood it keep
 * root waiting there, before p25d sees the call. Calls over these connections are answered first,
 * and also while there is no bus. Signals are sent on the bus only. The kernel says who connects
 * (SO_PEERCRED); anybody but root is disconnected.
 */

#include "daemon/auth/sender.h"

#include <systemd/sd-bus.h>

typedef struct BusDirect {
        sd_event *event;
        const sd_bus_vtable *vtable; /* of the object, with data */
        void *data;
        sd_bus *const *system; /* the bus, for what stand_in.h passes on */
        int fd;
        struct DirectPeer *peers;
        unsigned n_peers;
        sd_event_source *listener, *sweep, *rest;
} BusDirect;

/* Listens at a path, whose folder nobody else may write to. event, vtable, data and system are set,
 * fd is -1 and the rest zero. 0 or negative errno. */
int bus_direct_open(BusDirect *d, const char *path);
void bus_direct_close(BusDirect *d);

/* The process at the other end, and a name that no other connection has; NULL: not one of these
 * connections. */
const char *bus_direct_find(const BusDirect *d, sd_bus *bus, Caller *ret);
