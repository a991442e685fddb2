/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Identifies and authorises callers on the bus. The bus identifies them (GetConnectionCredentials,
 * from the kernel's SO_PEERCRED); a caller's own claims do not count. uid 0 may do everything;
 * polkit decides for others, who without polkit may only read.
 */

#include "daemon/auth/polkit.h"
#include "daemon/auth/sender.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>

typedef enum Privilege {
        PRIVILEGE_PRESENT, /* is the caller still on the bus? */
        PRIVILEGE_READ,
        PRIVILEGE_READ_TEXT, /* to manage, if a text comes along, else to read; never asked for */
        PRIVILEGE_MANAGE,
        /* of one set or fragment, whose name is passed to polkit; also granted to users who may
         * manage */
        PRIVILEGE_MANAGE_SET,
        PRIVILEGE_MANAGE_FRAGMENT,
        /* the two, for each name among the arguments: the method asks for them; never asked for */
        PRIVILEGE_MANAGE_EACH,
} Privilege;

/* Of one user; root's calls do not wait for polkit. */
#define AUTH_WAITING_MAX 64 /* and held.h */

/* The errors that auth_error knows: -EACCES (polkit, or its absence, says no), -ENOKEY (after a
 * password), -EBUSY (too much of one user's is waiting), -ENXIO (has left the bus), other negative
 * errno (the bus does not say). caller is complete when r is 0, and borrowed. */
typedef void (*AuthDone)(void *data, int r, const Caller *caller);

typedef struct AuthQuery AuthQuery;
struct AuthQuery {
        struct Auth *auth;
        sd_bus_message *message;
        sd_bus_slot *slot;
        PolkitQuery polkit;
        SenderQuery sender;
        Privilege privilege;
        const char *name; /* borrowed, or NULL */
        Caller caller;
        AuthDone done;
        void *data;
        AuthQuery *next, *previous; /* that wait for polkit */
        bool held;                  /* polkit is not asked yet */
};

typedef struct Auth {
        AuthQuery *waiting;
        size_t quiet; /* bytes in use when nothing waited */
        /* Must polkit not be asked now? NULL: it may be. Then auth_go_on() is called later. */
        bool (*must_hold)(void *data);
        void *data;
        Senders senders;
} Auth;

typedef struct AuthQuestion {
        Privilege privilege;
        const char *name; /* of the set or fragment, must live as long as the query; NULL: none */
        AuthDone done;
} AuthQuestion;

/*
 * Asks for the sender of m; done is called once, unless the query is cancelled before: from the
 * event loop, or at once where all is known. *q is the caller's and must stay where it is. 0 or
 * negative errno (then done is not called).
 */
int auth_query(Auth *a, AuthQuery *q, sd_bus_message *m, const AuthQuestion *question, void *data);
void auth_query_cancel(AuthQuery *q);

/* Asks polkit what was held, the oldest first. */
void auth_go_on(Auth *a);

/* The bus has gone, and with it the names of its connections; no query may be under way. */
void auth_forget(Auth *a);

/* The D-Bus error of an answer, set if it is one of the above. Returns r. */
int auth_error(int r, sd_bus_error *error);
