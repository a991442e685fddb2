/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Asks polkit whether the sender of a message may do an action. Never blocks, keeps no answer.
 */

#include <systemd/sd-bus.h>

typedef enum PolkitAnswer {
        POLKIT_NONE, /* no polkit to ask, or an answer that cannot be read */
        POLKIT_YES,
        POLKIT_NO,
        POLKIT_CHALLENGE, /* yes, after a password, but without an agent to ask for it */
        POLKIT_LEFT,      /* the sender has left the bus meanwhile */
} PolkitAnswer;

typedef void (*PolkitDone)(void *data, PolkitAnswer answer);

typedef struct PolkitQuery {
        sd_bus_message *message; /* whose sender it is; NULL: nothing is asked */
        sd_bus_slot *call, *watch;
        char cancellation[64];
        PolkitDone done;
        void *data;
} PolkitQuery;

typedef struct PolkitQuestion {
        const char *action;
        const char *name; /* for polkit's rules: the detail "name"; NULL: none */
        PolkitDone done;
        void *data;
} PolkitQuestion;

/*
 * If the message allows interaction, the answer may take as long as typing a password. When the
 * sender leaves the bus, the query is cancelled at polkit. *q is the caller's and must not move;
 * done is called once from the event loop, unless polkit_cancel comes first. 0 or negative errno
 * (then done is not called).
 */
int polkit_ask(PolkitQuery *q, sd_bus_message *m, const PolkitQuestion *question);
void polkit_cancel(PolkitQuery *q);
