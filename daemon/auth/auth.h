/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Who calls over the bus, and may they? The bus says who (GetConnectionCredentials, which the
 * kernel's SO_PEERCRED stands behind); nothing that the caller says of itself counts. uid 0 may do
 * all; of others polkit is asked, and without polkit they may read.
 */

#include "daemon/auth/polkit.h"

#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>

typedef enum Privilege {
        PRIVILEGE_PRESENT, /* is the caller still on the bus? */
        PRIVILEGE_READ,
        PRIVILEGE_MANAGE,
} Privilege;

/* Of one user; root's calls do not wait for polkit. */
#define AUTH_WAITING_MAX 64

typedef struct Caller {
        uint32_t uid;
        pid_t pid;        /* 0: not known */
        char process[64]; /* the process's name, printable; "" when not known */
} Caller;

/* What auth_error knows: -EACCES (polkit, or its absence, says no), -ENOKEY (after a password),
 * -EBUSY (too much of one user's is waiting), -ENXIO (has left the bus), other negative errno (the
 * bus does not say). caller is complete when r is 0, and borrowed. */
typedef void (*AuthDone)(void *data, int r, const Caller *caller);

typedef struct AuthQuery AuthQuery;
struct AuthQuery {
        struct Auth *auth;
        sd_bus_message *message;
        sd_bus_slot *slot;
        PolkitQuery polkit;
        Privilege privilege;
        Caller caller;
        AuthDone done;
        void *data;
        AuthQuery *next, *previous; /* that wait for polkit */
};

typedef struct Auth {
        AuthQuery *waiting;
} Auth;

/*
 * Asks for the sender of m; done is called once from the event loop, unless the query is cancelled
 * before. *q is the caller's and must stay where it is. 0 or negative errno (then done is not
 * called).
 */
int auth_query(
        Auth *a, AuthQuery *q, sd_bus_message *m, Privilege privilege, AuthDone done, void *data);
void auth_query_cancel(AuthQuery *q);

/* The D-Bus error of an answer, set if it is one of the above. Returns r. */
int auth_error(int r, sd_bus_error *error);
