/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns ListEvents and the signal Blocked: events as dictionaries.
 */

#include "daemon/bus/events.h"

#include "daemon/bus/dict.h"
#include "daemon/bus/methods.h"
#include "daemon/bus/reply.h"
#include "daemon/events/event.h"
#include "daemon/events/ring.h"
#include "daemon/host/host.h"
#include "daemon/host/unit_names.h"

#define _cleanup_message_ _cleanup_(sd_bus_message_unrefp)

static int end_append(sd_bus_message *m, const char *address_key, const char *port_key,
        const Address *a, uint16_t port)
{
        char text[ADDRESS_TEXT_MAX];
        int r;

        if (a->family == 0)
                return 0;
        r = bus_append_entry(m, address_key, "s", address_format(a, text));
        return r < 0 ? r : bus_append_entry(m, port_key, "q", port);
}

static int process_append(sd_bus_message *m, Bus *b, const Event *e)
{
        _cleanup_free_ char *user = NULL;
        char name[CONTAINER_NAME_MAX];
        const char *container;
        int r;

        if (e->has_uid) {
                r = host_user_name(manager_names(b->manager), e->uid, &user);
                if (r < 0 || (r = bus_append_entry(m, "uid", "u", e->uid)) < 0 ||
                        (user && (r = bus_append_entry(m, "user", "s", user)) < 0))
                        return r;
        }
        if (e->has_gid && (r = bus_append_entry(m, "gid", "u", e->gid)) < 0)
                return r;
        if (e->pid > 0 && (r = bus_append_entry(m, "pid", "u", e->pid)) < 0)
                return r;
        for (EventText t = 0; t < _EVENT_TEXT_MAX; t++)
                if (e->texts[t] &&
                        (r = bus_append_entry(m, event_text_to_string(t), "s", e->texts[t])) < 0)
                        return r;
        if (!e->unit)
                return 0;
        r = bus_append_entry(m, "unit", "s", e->unit);
        container = e->texts[EVENT_CONTAINER] ? NULL : unit_container(e->unit, name);
        return r < 0 || !container ? r : bus_append_entry(m, "container", "s", container);
}

static int event_append(sd_bus_message *m, Bus *b, const Event *e, uint64_t left_out)
{
        int r;

        if ((r = sd_bus_message_open_container(m, 'a', "{sv}")) < 0 ||
                (r = bus_append_entry(m, "id", "t", e->id)) < 0 ||
                (r = bus_append_entry(m, "time", "t", e->time_usec)) < 0 ||
                (r = bus_append_entry(m, "direction", "s", direction_to_string(e->direction))) <
                        0 ||
                (r = bus_append_entry(m, "action", "s", action_to_string(e->action))) < 0 ||
                (e->audit && (r = bus_append_entry(m, "audit", "b", true)) < 0) ||
                (r = end_append(m, "source_address", "source_port", &e->source, e->source_port)) <
                        0 ||
                (r = end_append(m, "destination_address", "destination_port", &e->destination,
                         e->destination_port)) < 0 ||
                (r = bus_append_entry(m, "rule", "t", e->rule)) < 0 ||
                (r = process_append(m, b, e)) < 0 ||
                (r = bus_append_entry(m, "count", "t", e->count)) < 0 ||
                (left_out > 0 && (r = bus_append_entry(m, "left_out", "t", left_out)) < 0))
                return r;
        return sd_bus_message_close_container(m);
}

/* The newest `max` of those behind `after`, in their order; 0: all. */
int bus_list_events(BusCall *c, _unused_ sd_bus_error *error)
{
        static const Ring none = { 0 };
        const Ring *ring = c->bus->happened ? events_list(c->bus->happened) : &none;
        _cleanup_message_ sd_bus_message *reply = NULL;
        uint64_t after;
        uint32_t max;
        size_t first;
        int r;

        r = sd_bus_message_read(c->message, "tu", &after, &max);
        if (r < 0)
                return r;
        first = ring_after(ring, after);
        if (max > 0 && ring->n - first > max)
                first = ring->n - max;
        if ((r = bus_reply_new(c, &reply)) < 0 ||
                (r = sd_bus_message_open_container(reply, 'a', "a{sv}")) < 0)
                return r;
        for (size_t i = first; i < ring->n; i++) {
                r = event_append(reply, c->bus, ring_at(ring, i), 0);
                if (r < 0)
                        return r;
        }
        r = sd_bus_message_close_container(reply);
        if (r >= 0)
                r = bus_reply_send(c, reply);
        return r < 0 ? r : 0;
}

void bus_event_signal(void *data, const Event *e, uint64_t left_out)
{
        _cleanup_message_ sd_bus_message *m = NULL;
        Bus *b = data;

        if (b->ready && event_is_refusal(e) &&
                sd_bus_message_new_signal(b->bus, &m, BUS_PATH, BUS_INTERFACE, "Blocked") >= 0 &&
                event_append(m, b, e, left_out) >= 0)
                (void)sd_bus_send(b->bus, m, NULL);
        bus_backlog_signal(&b->backlog);
}
