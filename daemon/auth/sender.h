/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The process behind a connection of the bus: asked of the bus once (GetConnectionCredentials) and
 * remembered, because a bus never reuses the name of a connection.
 */

#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>

typedef struct Sender Sender;

typedef struct Caller {
        uint32_t uid;
        pid_t pid;        /* 0: not known */
        char process[64]; /* the process's name, printable; "" when not known */
} Caller;

/* The name of a process, printable; "" when not known. */
void caller_process(pid_t pid, char *ret, size_t size);

/* Limits of what a connection may send before its user is known, and of a question of p25d's own.
 */
#define SENDER_WAITING_MAX 65

typedef struct SenderQuery SenderQuery;
typedef void (*SenderDone)(SenderQuery *q, int r, const Caller *caller);

struct SenderQuery {
        struct Sender *sender; /* NULL: does not wait */
        SenderQuery *next;
        SenderDone done;
};

typedef struct Senders {
        struct Sender *first; /* the last one asked for is the first */
        size_t n;
        /* Over which the bus is asked, borrowed: a connection to the same bus on which nothing but
         * its answers arrives. NULL: that of the message. */
        sd_bus *asker;
} Senders;

/*
 * Asks who sent m. done is called once, at once if that is known already, unless the query is
 * cancelled before: 0; -ENXIO (has left the bus), -EIO or -EBADMSG (the bus does not say). *q is
 * the caller's and must stay where it is. 0; -EACCES: the sender cannot be identified; -EBUSY: too
 * many of its messages wait; other negative errno. Then done is not called.
 */
int sender_ask(Senders *s, SenderQuery *q, sd_bus_message *m, SenderDone done);
void sender_cancel(SenderQuery *q);
/* All queries must have been cancelled. The names of another bus mean other connections. */
void senders_forget(Senders *s);

/* The same without a memory, over this connection: is the sender still there? */
int sender_ask_bus(sd_bus *bus, sd_bus_message *m, sd_bus_slot **slot,
        sd_bus_message_handler_t handler, void *data);
/* The answer of the bus: 0 or negative errno as above. */
int sender_read(sd_bus_message *answer, Caller *ret);
