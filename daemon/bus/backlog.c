/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the account of each connection: the amount that the bus reported for it, and the amount that
 * was sent since then. Does not depend on the content of messages.
 */

#include "daemon/bus/backlog.h"

#include "daemon/loop/timer.h"
#include "rules/base/util.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

/* Of all users: beyond it no reply of unknown size is sent. With the two that workers have under
 * way it stays below the limit of dbus-daemon. */
#define BACKLOG_MAX ((size_t)32 << 20)
/* Refusals are small: they go on for longer. A user has its share, one reply and them. */
#define OVER_OF_USER_MAX ((size_t)34 << 20)
#define OVER_MAX ((size_t)96 << 20)
/* Of a connection: the amount that it may leave unread while others of its user leave more than
 * theirs, or before the bus has named its user. */
#define OVER_OF_PEER_MAX ((size_t)64 << 10)
/* Descriptors are few: one that is not read fills the share of its user. */
#define DESCRIPTOR_BYTES ((size_t)2 << 20)
/* So much is sent before the bus is asked at once; less is asked for by the timer. */
#define ASK_AT_ONCE ((size_t)32 << 10)
#define ASK_AGAIN_USEC 250000
#define ASKED_AT_A_TIME 64
#define ANSWER_TIMEOUT_USEC (30 * USEC_PER_SEC)
/* A signal has at most some 20 KiB. */
#define SIGNALS_AT_A_TIME 64

typedef struct Peer Peer;
struct Peer {
        BusBacklog *backlog;
        Peer *next;
        char *name;
        bool known; /* uid is */
        uint32_t uid;
        SenderQuery query;
        size_t held;        /* reported by the bus */
        size_t sent, asked; /* since; and what of it the pending question covers */
        sd_bus_slot *slot;
};

/* ---- sums ---- */

static size_t held_for(const BusBacklog *b, uint32_t uid)
{
        size_t n = 0;

        for (const Peer *p = b->peers; p; p = p->next)
                if (p->known && p->uid == uid)
                        n += p->held + p->sent;
        return n;
}

static size_t held_for_all(const BusBacklog *b)
{
        size_t n = 0;

        for (const Peer *p = b->peers; p; p = p->next)
                n += p->held + p->sent;
        return n;
}

static Peer *peer_find(const BusBacklog *b, const char *name)
{
        Peer *p = b->peers;

        while (p && !streq(p->name, name))
                p = p->next;
        return p;
}

bool bus_backlog_is_full(const BusBacklog *b, uint32_t uid)
{
        return uid != 0 &&
               (held_for(b, uid) >= BACKLOG_OF_USER_MAX || held_for_all(b) >= BACKLOG_MAX);
}

bool bus_backlog_is_over(const BusBacklog *b, sd_bus_message *m, bool behind)
{
        const char *name = sd_bus_message_get_sender(m);
        const Peer *p = name ? peer_find(b, name) : NULL;
        size_t own;

        if (!p)
                return false;
        if (!p->known)
                return p->sent >= (behind ? 1 : OVER_OF_PEER_MAX);
        if (behind && held_for(b, p->uid) >= OVER_OF_PEER_MAX)
                return true;
        if (p->held + p->sent < OVER_OF_PEER_MAX)
                return false;
        own = held_for(b, p->uid);
        return own >= OVER_OF_USER_MAX ||
               (own >= BACKLOG_OF_USER_MAX && held_for_all(b) >= OVER_MAX);
}

/* ---- accounts ---- */

static void peer_free(Peer *p)
{
        Peer **place = &p->backlog->peers;

        while (*place != p)
                place = &(*place)->next;
        *place = p->next;
        sender_cancel(&p->query);
        sd_bus_slot_unref(p->slot);
        free(p->name);
        free(p);
}

static void forget_all(BusBacklog *b)
{
        while (b->peers)
                peer_free(b->peers);
}

/* Root's connections have no account. */
static void on_sender(SenderQuery *query, int r, const Caller *caller)
{
        Peer *p = (Peer *)((char *)query - offsetof(Peer, query));

        if (r < 0 || caller->uid == 0) {
                peer_free(p);
                return;
        }
        p->known = true;
        p->uid = caller->uid;
}

static Peer *peer_new(BusBacklog *b, const char *name)
{
        Peer *p = calloc(1, sizeof(*p));

        if (!p)
                return NULL;
        *p = (Peer){ .backlog = b, .next = b->peers, .name = strdup(name) };
        if (!p->name) {
                free(p);
                return NULL;
        }
        b->peers = p;
        return p;
}

/* ---- the bus is asked ---- */

static void backlog_freed(BusBacklog *b)
{
        if (b->freed)
                b->freed(b->data);
}

/* Bytes and descriptors that wait for the client to read, or bytes that are the client's own. */
static int stats_read(sd_bus_message *m, bool own, size_t *ret)
{
        const char *key, *contents, *what = own ? "IncomingBytes" : "OutgoingBytes";
        uint32_t number;
        size_t held = 0;
        int r;

        if ((r = sd_bus_message_enter_container(m, 'a', "{sv}")) < 0)
                return r;
        while ((r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                bool bytes, descriptors;

                if ((r = sd_bus_message_read_basic(m, 's', &key)) < 0 ||
                        (r = sd_bus_message_peek_type(m, NULL, &contents)) < 0)
                        return r;
                bytes = streq(key, what);
                descriptors = !own && streq(key, "OutgoingFDs");
                if ((bytes || descriptors) && streq(contents, "u")) {
                        r = sd_bus_message_read(m, "v", "u", &number);
                        held += r < 0 ? 0 : number * (descriptors ? DESCRIPTOR_BYTES : 1);
                } else
                        r = sd_bus_message_skip(m, "v");
                if (r < 0 || (r = sd_bus_message_exit_container(m)) < 0)
                        return r;
        }
        *ret = held;
        return r;
}

static void go_blind(BusBacklog *b)
{
        b->blind = true;
        forget_all(b);
        backlog_freed(b);
}

static int on_stats(sd_bus_message *m, void *data, _unused_ sd_bus_error *error)
{
        Peer *p = data;
        BusBacklog *b = p->backlog;

        p->slot = sd_bus_slot_unref(p->slot);
        if (sd_bus_message_is_method_error(m, SD_BUS_ERROR_NAME_HAS_NO_OWNER))
                peer_free(p);
        else if (sd_bus_message_is_method_error(m, SD_BUS_ERROR_NO_REPLY))
                return 1; /* it is asked again */
        else if (sd_bus_message_is_method_error(m, NULL) || stats_read(m, false, &p->held) < 0) {
                go_blind(b);
                return 1;
        } else {
                p->sent -= p->asked;
                if (p->sent + p->held == 0)
                        peer_free(p);
        }
        backlog_freed(b);
        return 1;
}

static int stats_ask(sd_bus *bus, const char *name, sd_bus_slot **slot,
        sd_bus_message_handler_t handler, void *data)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        int r;

        if ((r = sd_bus_message_new_method_call(bus, &call, "org.freedesktop.DBus",
                     "/org/freedesktop/DBus", "org.freedesktop.DBus.Debug.Stats",
                     "GetConnectionStats")) < 0 ||
                (r = sd_bus_message_append_basic(call, 's', name)) < 0)
                return r;
        return sd_bus_call_async(bus, slot, call, handler, data, ANSWER_TIMEOUT_USEC);
}

static int peer_ask(Peer *p)
{
        int r = stats_ask(p->backlog->bus, p->name, &p->slot, on_stats, p);

        if (r >= 0)
                p->asked = p->sent;
        return r < 0 ? r : 0;
}

/* Messages that p25d itself has sent and nobody has read. */
static int on_own_stats(sd_bus_message *m, void *data, _unused_ sd_bus_error *error)
{
        BusBacklog *b = data;
        size_t held = 0;

        b->own_slot = sd_bus_slot_unref(b->own_slot);
        if (sd_bus_message_is_method_error(m, SD_BUS_ERROR_NO_REPLY))
                return 1;
        if (sd_bus_message_is_method_error(m, NULL) || stats_read(m, true, &held) < 0)
                go_blind(b);
        else if (held > (b->own_max ?: BACKLOG_OWN_MAX) && b->full)
                b->full(b->data, held);
        return 1;
}

void bus_backlog_signal(BusBacklog *b)
{
        const char *name;

        if (!b->bus || b->blind || b->own_slot || ++b->n_signals < SIGNALS_AT_A_TIME ||
                sd_bus_get_unique_name(b->bus, &name) < 0)
                return;
        b->n_signals = 0;
        (void)stats_ask(b->bus, name, &b->own_slot, on_own_stats, b);
}

static int on_timer(_unused_ sd_event_source *s, _unused_ uint64_t usec, void *data);

static void ask_later(BusBacklog *b)
{
        static const TimerKind kind = { CLOCK_MONOTONIC, ASK_AGAIN_USEC / 10, on_timer };

        (void)timer_arm(b->event, &b->timer, &kind, ASK_AGAIN_USEC, b);
}

/* Those that were asked about go to the end of the list. */
static int on_timer(_unused_ sd_event_source *s, _unused_ uint64_t usec, void *data)
{
        BusBacklog *b = data;
        Peer **end = &b->peers, *last = NULL;

        while (*end)
                end = &(*end)->next;
        for (unsigned i = 0; i < ASKED_AT_A_TIME && !bus_outbox_is_behind(b->outbox) && b->peers &&
                             b->peers != last;
                i++) {
                Peer *p = b->peers;

                if (!p->slot)
                        (void)peer_ask(p);
                last = last ?: p;
                if (!p->next)
                        break;
                b->peers = p->next;
                p->next = NULL;
                *end = p;
                end = &p->next;
        }
        if (b->peers)
                ask_later(b);
        return 0;
}

/* ---- what is sent ---- */

void bus_backlog_add(BusBacklog *b, sd_bus_message *m, size_t bytes)
{
        const char *name = sd_bus_message_get_sender(m);
        Peer *p;

        if (!b->bus || b->blind || !name)
                return;
        p = peer_find(b, name);
        if (!p) {
                p = peer_new(b, name);
                if (!p)
                        return;
                if (!p->next)
                        ask_later(b);
        }
        p->sent += bytes;
        if (!p->known && !p->query.sender) {
                if (sender_ask(b->senders, &p->query, m, on_sender) < 0)
                        return;
                p = peer_find(b, name);
        }
        if (p && !p->slot && p->sent >= ASK_AT_ONCE && !bus_outbox_is_behind(b->outbox))
                (void)peer_ask(p);
}

void bus_backlog_begin(BusBacklog *b, sd_bus *bus)
{
        b->bus = bus;
        b->blind = false;
}

void bus_backlog_end(BusBacklog *b)
{
        forget_all(b);
        b->own_slot = sd_bus_slot_unref(b->own_slot);
        b->n_signals = 0;
        b->timer = sd_event_source_disable_unref(b->timer);
        b->bus = NULL;
}
