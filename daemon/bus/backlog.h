/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The messages of p25d that the bus still holds, because its clients do not read. A bus counts them
 * against their sender: dbus-daemon reads nothing more from a connection of which it holds 127 MiB
 * or 64 descriptors, so clients that never read would silence p25d. Each unprivileged user may
 * leave a share unread; what it asks for beyond that waits until it reads. Root is not counted. The
 * bus is asked what it holds (GetConnectionStats); one that cannot say so counts against the
 * receiver, and nothing is counted here.
 *
 * Signals have no caller to charge: what listeners leave of them unread adds up until the bus reads
 * nothing more. Before that, p25d leaves the bus and joins it again, which begins a new account.
 */

#include "daemon/auth/sender.h"
#include "daemon/bus/outbox.h"

#include <stdbool.h>

typedef struct BusBacklog {
        sd_bus *bus; /* borrowed; NULL: no bus */
        sd_event *event;
        Senders *senders;
        BusOutbox *outbox;  /* while the bus is behind, it is not asked either */
        struct Peer *peers; /* to whom something was sent that the bus may still hold */
        sd_event_source *timer;
        bool blind;         /* the bus does not say */
        unsigned n_signals; /* since it was asked what it holds of all that p25d has sent */
        sd_bus_slot *own_slot;
        size_t own_max; /* bytes; 0: BACKLOG_OWN_MAX */
        void (*full)(void *data, size_t held);
        /* the bus holds less, or has said that it cannot be asked */
        void (*freed)(void *data);
        void *data;
} BusBacklog;

/* The share of a user, in bytes. */
#define BACKLOG_OF_USER_MAX ((size_t)1 << 20)
/* A reply whose size is not known: the user's next one waits until the bus was asked. */
#define BACKLOG_WHOLE_SHARE BACKLOG_OF_USER_MAX

/* Of all messages of p25d that the bus holds. It reads nothing more at 127 MiB, and one reply may
 * have 31. */
#define BACKLOG_OWN_MAX ((size_t)80 << 20)

/* event, senders, outbox, freed, full and data are set before; the connection is new. */
void bus_backlog_begin(BusBacklog *b, sd_bus *bus);
/* The connection goes. */
void bus_backlog_end(BusBacklog *b);
/* A reply of so many bytes goes, or went, to the sender of m. */
void bus_backlog_add(BusBacklog *b, sd_bus_message *m, size_t bytes);
/* A signal was sent; full is called later, if the bus holds too much. */
void bus_backlog_signal(BusBacklog *b);
/* Must this user read first? */
bool bus_backlog_is_full(const BusBacklog *b, uint32_t uid);
/* Must the sender of m go without an answer, even one that refuses? Then its user has left several
 * shares unread; or a small part of one, where the answer can neither wait nor be read soon. */
bool bus_backlog_is_over(const BusBacklog *b, sd_bus_message *m, bool behind);
