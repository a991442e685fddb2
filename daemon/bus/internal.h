/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The object on the bus and its calls, as the files of this room share them.
 */

#include "daemon/api/api.h"
#include "daemon/auth/auth.h"
#include "daemon/auth/caller.h"
#include "daemon/bus/backlog.h"
#include "daemon/bus/bus.h"
#include "daemon/bus/direct.h"
#include "daemon/bus/outbox.h"
#include "daemon/bus/upload.h"
#include "daemon/events/events.h"
#include "daemon/manager/manager.h"

#include <systemd/sd-bus.h>

typedef struct BusParts BusParts;
typedef struct BusWorker BusWorker;
typedef struct Filters Filters;

/* The system bus accepts messages of at most 32 MiB and disconnects clients that send larger
 * ones. */
#define BUS_REPLY_MAX (31u << 20)
#define BUS_QUEUE_MAX 32  /* calls of one user that wait for their turn; root is outside */
#define BUS_UPLOADS_MAX 4 /* sets that are read from descriptors at a time, of one user */

/* Between p25d and its workers. */
#define BUS_WORKER_INTERFACE "org.port25.Policy1.Worker"

/* The properties as they are (strings borrowed) or as they were signalled last (strings owned). */
typedef struct BusProperties {
        char *version;
        int active; /* int: the type of a boolean in the bus library */
        char *backend;
        char **roles;
        uint64_t revision;
        int lockdown;
        char *logging;
        uint64_t pending_revision;
        uint64_t pending_deadline;
        uint64_t repairs;
} BusProperties;

typedef struct BusCall BusCall;

/*
 * Reads, validates, calls one function of the manager and replies. Returns 0 after a reply, 1 if
 * the reply comes later (the call stays until bus_call_finish), -EBUSY to be run again when the
 * lock of the packet filter is free, another negative errno with or without error set.
 */
typedef int (*BusHandler)(BusCall *c, sd_bus_error *error);

/* Calls that wait for their turn, in the order in which they came. */
typedef struct BusQueue {
        /* when it is a call's turn, and when it has failed: bus_call_run() and bus_call_finish() */
        void (*run)(BusCall *c, BusHandler run);
        void (*finish)(BusCall *c, int r, sd_bus_error *error);
        BusCall *first, **end;
        sd_event_source *turn, *patience;
        uint32_t last_uid; /* whose was the last */
        uint64_t round;    /* of root's last: each connection of root has one call in a round */
        size_t quiet;      /* held_bytes() when nothing waited or was computed; 0: never */
} BusQueue;

struct Bus {
        sd_event *event;
        Manager *manager;
        ManagerEvents events;
        Events *happened; /* NULL: no listener */
        Stats *stats;     /* NULL: no statistics */
        EventsFollower follower;
        sd_bus *bus; /* NULL: between two attempts */
        /* To the same bus, for questions about senders: their answers do not wait behind what
         * others send to p25d. */
        sd_bus *asker;
        sd_bus_slot *name_slot;
        sd_event_source *timer; /* next attempt to join, or to get the name */
        bool connected;         /* the bus has greeted */
        bool ready;             /* and the name is ours */
        bool told;              /* the reason has been logged */
        BusNotice notice;
        void *notice_data;
        uint64_t upload_timeout_usec;
        BusProperties published;
        Auth auth;
        BusCall *calls; /* a list */
        BusQueue queue;
        BusBacklog backlog;
        BusOutbox outbox;
        BusDirect direct;
        uint64_t worker_usec; /* how long one of an unprivileged caller may take */
};

/* A method call that is being answered. */
struct BusCall {
        Bus *bus;
        BusCall *next, *previous;
        sd_bus_message *message;
        const struct BusMethod *method;
        AuthQuery auth;
        Caller caller;
        bool manages;         /* was authorised for more than the method needs */
        CallerPlace place;    /* of who changes something */
        char connection[320]; /* its name, which no other connection ever has */
        ManagerWait wait;     /* for the lock of the packet filter */
        int (*run)(BusCall *c, sd_bus_error *error);
        bool last;      /* it is run for the last time */
        bool for_names; /* it waits for the name service, not for the packet filter */
        /* the queue, and the worker that answers */
        BusCall *queued_next;
        bool queued;
        uint64_t round; /* of root's: when it is its connection's turn */
        struct BusWorker *worker;
        sd_bus *answers;         /* in a worker: where to */
        struct Filters *filters; /* in a worker of BUS_FILTERS: the filters of the kernel */
        sd_bus_message *answer, *reply;
        sd_event_source *copying;
        size_t reply_size; /* of a change's lines, which are most of its reply */
        /* ReplaceSet: its arguments until its descriptor is read */
        BusUpload *upload;
        uint64_t upload_usec; /* since when, monotonic */
        sd_event_source *pause;
        Change change;
        const char *set; /* its name, in message */
        char *text;
        size_t text_length;
        struct BusParts *parts; /* PutDocuments: its arguments likewise */
};

/* When and where a call is answered. */
typedef enum BusTurn {
        BUS_AT_ONCE,
        BUS_WAITS,   /* behind the changes that wait for the lock of the packet filter */
        BUS_SHARED,  /* root's at once, others' in a worker: it takes as long as the policy is large
                      */
        BUS_WORKER,  /* in a worker: its arguments say how long it takes */
        BUS_FILTERS, /* in a worker that reads all packet filters before it gives up privileges */
} BusTurn;

typedef struct BusMethod {
        const char *name;
        Privilege privilege;
        BusTurn turn;
        BusHandler handle;
} BusMethod;
