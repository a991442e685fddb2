/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Who calls over the bus, and may they? The bus says who (GetConnectionCredentials, which the
 * kernel's SO_PEERCRED stands behind); nothing that the caller says of itself counts. Reading is
 * everybody's, managing uid 0's. The answer comes later, so that a service that must be asked
 * first can take its place here without a change elsewhere.
 */

#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>

typedef enum Privilege {
        PRIVILEGE_READ,
        PRIVILEGE_MANAGE,
} Privilege;

typedef struct Caller {
        uint32_t uid;
        pid_t pid;        /* 0: not known */
        char process[64]; /* the process's name, printable; "" when not known */
} Caller;

/* r: 0, -EACCES (may not), -ENXIO (has left the bus), or another negative errno (the bus does not
 * say). caller is complete when r is 0 or -EACCES, and borrowed. */
typedef void (*AuthDone)(void *data, int r, const Caller *caller);

typedef struct AuthQuery {
        sd_bus_slot *slot;
        Privilege privilege;
        AuthDone done;
        void *data;
} AuthQuery;

/*
 * Asks for the sender of m; done is called once from the event loop, unless the query is cancelled
 * before. *q is the caller's and must stay where it is. 0 or negative errno (then done is not
 * called).
 */
int auth_query(AuthQuery *q, sd_bus_message *m, Privilege privilege, AuthDone done, void *data);
void auth_query_cancel(AuthQuery *q);
