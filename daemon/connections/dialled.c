/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/connections/dialled.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

static int listening_collect(Dialling *d, Netlink *sockets)
{
        _cleanup_(sockets_deinit) Sockets listeners = { 0 };
        int r;

        d->listening = calloc(65536 / 8, 1);
        if (!d->listening)
                return -ENOMEM;
        r = sockets_list(sockets, 1u << TCP_LISTEN, NULL, &listeners);
        if (r < 0)
                return r;
        for (size_t i = 0; i < listeners.n; i++)
                d->listening[listeners.items[i].local_port / 8] |=
                        (uint8_t)(1u << listeners.items[i].local_port % 8);
        return 0;
}

int dialling_init(Dialling *d, Netlink *sockets, const Ports *in, const Ports *out)
{
        *d = (Dialling){ .conntrack = NETLINK_CLOSED, .in = in, .out = out, .watched = *in };
        for (size_t i = 0; i < out->n; i++)
                if (ports_add(&d->watched, out->items[i]) < 0)
                        return -E2BIG;
        if (netlink_open(NETLINK_NETFILTER, &d->conntrack) < 0)
                d->conntrack = NETLINK_CLOSED;
        return listening_collect(d, sockets);
}

void dialling_deinit(Dialling *d)
{
        netlink_close(&d->conntrack);
        tracked_list_deinit(&d->list);
        free(d->listening);
}

const TrackedList *dialling_list(Dialling *d)
{
        if (!d->listed && d->conntrack.fd >= 0)
                (void)conntrack_list(&d->conntrack, &d->watched, 0, &d->list);
        d->listed = true;
        return &d->list;
}

/* ---- finding the entry ---- */

static bool entry_has(const Tracked *t, const Tuple *sent)
{
        return tuple_equal(&t->original, sent) || tuple_equal(&t->reply, sent);
}

/* In the default zone first; then in all. */
static bool entry_find(Dialling *d, const Tuple *sent, Tracked *ret)
{
        const TrackedList *l;
        int r;

        if (d->conntrack.fd < 0)
                return false;
        r = conntrack_find(&d->conntrack, sent, ret);
        if (r >= 0)
                return entry_has(ret, sent);
        if (r != -ENOENT)
                netlink_close(&d->conntrack); /* nothing is tracked here */
        l = dialling_list(d);
        for (size_t i = 0; i < l->n; i++)
                if (entry_has(&l->items[i], sent)) {
                        *ret = l->items[i];
                        return true;
                }
        return false;
}

/* ---- what the ports say ---- */

static bool port_is_served(const Dialling *d, uint16_t port)
{
        return d->listening[port / 8] & 1u << port % 8;
}

static bool port_is_low(uint16_t port)
{
        return port < IPPORT_RESERVED;
}

/* A socket without an owner is not yet accepted, or closed and delivering: never cut as outgoing.
 */
static void ask_ports(const Dialling *d, const Socket *s, Dialled *ret)
{
        uint16_t here = s->local_port, there = s->peer_port;

        ret->may_be_in =
                ports_contain(d->in, here) && (port_is_low(here) || port_is_served(d, here));
        ret->may_be_out = ports_contain(d->out, there) && s->inode != 0;
        if (!ret->may_be_in || !ret->may_be_out)
                return;
        /* a low port is dialled, rarely dialled from; one on which somebody listens never is */
        ret->may_be_in = port_is_served(d, here) || port_is_low(here) || !port_is_low(there);
        ret->may_be_out = !port_is_served(d, here) && (port_is_low(there) || !port_is_low(here));
}

/*
 * Takes the direction from the entry unless it is impossible: nobody listens on the port that the
 * peer is said to have dialled, but the peer's port is one that is dialled. Such entries come from
 * forged packets, and from the first packet of a connection that is older than conntrack.
 */
static void ask_entry(const Dialling *d, const Socket *s, const Tuple *sent, Dialled *ret)
{
        bool in = tuple_equal(&ret->entry.reply, sent);

        if (in && ports_contain(d->out, s->peer_port) && !ports_contain(d->in, s->local_port) &&
                !port_is_served(d, s->local_port) && ret->entry.original.to_port == s->local_port)
                in = false;
        ret->may_be_in = in;
        ret->may_be_out = !in && s->inode != 0;
}

static bool is_translated(const Tracked *t)
{
        return address_compare(&t->original.from, &t->reply.to) != 0 ||
               address_compare(&t->original.to, &t->reply.from) != 0 ||
               t->original.to_port != t->reply.from_port;
}

void dialling_ask(Dialling *d, const Socket *s, Dialled *ret)
{
        Tuple sent = { s->local, s->peer, s->local_port, s->peer_port };

        *ret = (Dialled){ 0 };
        ret->tracked = entry_find(d, &sent, &ret->entry);
        if (ret->tracked && (!ret->entry.picked_up || is_translated(&ret->entry)))
                ask_entry(d, s, &sent, ret);
        else
                ask_ports(d, s, ret);
}
