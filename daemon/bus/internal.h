/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What the files of the bus share: the object, its calls, and the one table of methods.
 */

#include "daemon/api/api.h"
#include "daemon/auth/auth.h"
#include "daemon/auth/caller.h"
#include "daemon/bus/bus.h"
#include "daemon/bus/upload.h"

#include <systemd/sd-bus.h>

/* The system bus takes messages of at most 32 MiB and hangs up on who sends larger ones. */
#define BUS_REPLY_MAX (31u << 20)
#define BUS_CALLS_MAX 1024 /* that wait for the bus to say who called, or for polkit */
#define BUS_UPLOADS_MAX 4  /* sets that are read from descriptors at a time */

/* The properties as they are (strings borrowed) or as they were told last (strings owned). */
typedef struct BusProperties {
        char *version;
        int active; /* int: what the bus library reads and writes for a boolean */
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

struct Bus {
        sd_event *event;
        Manager *manager;
        sd_bus *bus; /* NULL: between two attempts */
        sd_bus_slot *name_slot;
        sd_event_source *timer; /* next attempt to join, or to get the name */
        bool connected;         /* the bus has greeted */
        bool ready;             /* and the name is ours */
        bool told;              /* the log knows why not */
        BusNotice notice;
        void *notice_data;
        uint64_t upload_timeout_usec;
        BusProperties published;
        Auth auth;
        BusCall *calls; /* a list */
        size_t n_calls;
        size_t n_uploads;
};

/* A method call that is being answered. */
struct BusCall {
        Bus *bus;
        BusCall *next, *previous;
        sd_bus_message *message;
        const struct BusMethod *method;
        AuthQuery auth;
        Caller caller;
        CallerPlace place;    /* of who changes something */
        char connection[320]; /* its name, which no other connection ever has */
        ManagerWait wait;     /* for the lock of the packet filter */
        int (*run)(BusCall *c, sd_bus_error *error);
        bool last; /* it is run for the last time */
        /* ReplaceSet: what is known until its descriptor is read */
        BusUpload *upload;
        sd_event_source *pause;
        Change change;
        const char *set; /* its name, in message */
        char *text;
        size_t text_length;
};

/*
 * Reads, validates, calls one function of the manager and replies. Returns 0 when it has replied,
 * 1 when it will (then the call stays until bus_call_finish), -EBUSY if it is to be run again once
 * the lock of the packet filter is there, another negative errno with or without error set.
 */
typedef int (*BusHandler)(BusCall *c, sd_bus_error *error);

typedef struct BusMethod {
        const char *name;
        Privilege privilege;
        BusHandler handle;
} BusMethod;

extern const BusMethod bus_methods[]; /* ends with a name NULL */
extern const sd_bus_vtable bus_vtable[];

/* Appends "as": what is removed and added, as many lines as a message takes; what that does to
 * packets; warnings. */
int bus_append_diff(sd_bus_message *m, const ChangeResult *change);
/* Runs a handler, or what is left of one, and ends the call when it is done. A change has its place
 * behind those that wait; to confirm one needs no lock. */
void bus_call_run(BusCall *c, BusHandler run);
/* Ends a call with an error, if r is negative, and frees it. */
void bus_call_finish(BusCall *c, int r, sd_bus_error *error);
/* Fills in c->connection. */
void bus_call_name_connection(BusCall *c);
/* Drops all calls without a reply. */
void bus_calls_drop(Bus *b);
/* Negative errno of sd-bus or of a handler to a D-Bus error, if none is set. Returns r. */
int bus_error_complete(int r, sd_bus_error *error);

void bus_properties_deinit(BusProperties *p);
/* Tells the properties that are not as they were told last. */
void bus_publish(Bus *b);

/* The handlers: bus_changes.c … */
int bus_add_rule(BusCall *c, sd_bus_error *error);
int bus_remove_rule(BusCall *c, sd_bus_error *error);
int bus_add_rules(BusCall *c, sd_bus_error *error);
int bus_remove_rules(BusCall *c, sd_bus_error *error);
int bus_set_roles(BusCall *c, sd_bus_error *error);
int bus_set_default(BusCall *c, sd_bus_error *error);
int bus_set_enabled(BusCall *c, sd_bus_error *error);
int bus_set_lockdown(BusCall *c, sd_bus_error *error);
int bus_set_logging(BusCall *c, sd_bus_error *error);
int bus_put_fragment(BusCall *c, sd_bus_error *error);
int bus_replace_set(BusCall *c, sd_bus_error *error);
int bus_update_set(BusCall *c, sd_bus_error *error);
int bus_drop_set(BusCall *c, sd_bus_error *error);
int bus_reload(BusCall *c, sd_bus_error *error);
int bus_reset(BusCall *c, sd_bus_error *error);
int bus_rollback(BusCall *c, sd_bus_error *error);
/* … bus_pending.c … */
int bus_confirm(BusCall *c, sd_bus_error *error);
int bus_describe_reload(BusCall *c, sd_bus_error *error);
/* … bus_texts.c … */
int bus_get_fragment(BusCall *c, sd_bus_error *error);
int bus_get_role(BusCall *c, sd_bus_error *error);
int bus_get_ruleset(BusCall *c, sd_bus_error *error);
int bus_get_set(BusCall *c, sd_bus_error *error);
/* … and bus_reads.c */
int bus_describe(BusCall *c, sd_bus_error *error);
int bus_list_rules(BusCall *c, sd_bus_error *error);
int bus_list_roles(BusCall *c, sd_bus_error *error);
int bus_list_sets(BusCall *c, sd_bus_error *error);
int bus_list_fragments(BusCall *c, sd_bus_error *error);
int bus_list_revisions(BusCall *c, sd_bus_error *error);
int bus_diff_revisions(BusCall *c, sd_bus_error *error);
int bus_check(BusCall *c, sd_bus_error *error);
int bus_explain(BusCall *c, sd_bus_error *error);
/* What other versions have: an error that says so. */
int bus_not_available(BusCall *c, sd_bus_error *error);
