/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The log of the kernel as events: read, merged, kept in memory and on disk, and given to
 * followers. Decides nothing and does not depend on the policy; without a kernel or a disk to read
 * it stays empty.
 */

#include "rules/base/util.h"

#include <systemd/sd-event.h>

typedef struct Event Event;
typedef struct Events Events;
typedef struct Ring Ring;

/* So many of the events of a second are given to followers; all are in memory and on disk. */
#define EVENTS_REPORTED_MAX 10

typedef struct EventsFollower {
        /* An event, and of how many others of this second only the number is given. */
        void (*event)(void *data, const Event *e, uint64_t left_out);
        /* Connections of one kind, whatever the verdict and the logging: e->count of them, each
         * counted once, as soon as they are known. Not bounded in number; e has no id yet. */
        void (*counted)(void *data, const Event *e);
        /* Before an outgoing connection counts that the log has brought and rules do not count in
         * detail: who opened it, if that is known. What is added is copied. */
        void (*complete)(void *data, Event *e);
        /* Rules have logged a connection that events_count() has not brought yet, have counted one
         * that they do not log, or what they logged may have been lost. */
        void (*logged)(void *data);
        /* Something that the log should hold: priority is syslog's, text one line. */
        void (*notice)(void *data, int priority, const char *text);
        void *data;
        struct EventsFollower *next; /* of this room */
} EventsFollower;

/* folder: where `events` is; read now. 0 or -ENOMEM. */
int events_new(sd_event *event, const char *folder, Events **ret);
Events *events_free(Events *e);
DEFINE_CLEANUP(Events, events_free)

/* Called from the event loop, after the fact; borrowed until it is removed. */
void events_follow(Events *e, EventsFollower *f);
void events_unfollow(Events *e, EventsFollower *f);
/* Begins to read what rules log in this network namespace. If that fails, it is tried again, and
 * followers get a notice. */
void events_listen(Events *e);
/* Is it read? While it is not, nothing calls EventsFollower.logged. */
bool events_are_heard(const Events *e);
/* Adds an event as if the kernel had logged it; within the second it is in events_list(). */
void events_add(Events *e, const Event *what);

/* Are users and groups to be left out? */
void events_set_anonymous(Events *e, bool anonymous);
/* Connections that rules counted: the log adds only the time, the source and the group of the first
 * attempt. is_event: it is kept and reported too. Without a time: now. */
void events_count(Events *e, const Event *what, bool is_event);
/* Connections counted by rules that log each of them, too: new is only the number of those that the
 * log left out. what->quiet: it is not an event. */
void events_complete(Events *e, const Event *what);
/* Reads the log and counts, without addresses, what events_complete() had before the last call and
 * the log has not brought; last: all that it had. To be called no more often than twice a second.
 * Is anything open? */
bool events_settle(Events *e, bool last);

/* In the order of their ids. */
const Ring *events_list(const Events *e);
