/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tests/differential/attempts.h"

#include "rules/address/ranges.h"
#include "rules/base/buffer.h"
#include "rules/ruleset/compiledrule.h"
#include "rules/ruleset/ruleset.h"

/* ---- drawing ---- */

static void address_step(Address *a, int by)
{
        for (unsigned i = family_bits(a->family) / 8; i-- > 0;) {
                a->bytes[i] = (uint8_t)(a->bytes[i] + by);
                if (by > 0 ? a->bytes[i] != 0 : a->bytes[i] != 0xff)
                        return;
        }
}

/* An end of one of the ranges, or its neighbour. */
static bool border_of(Random *r, const RangeSet *ranges, Family family, Address *ret)
{
        bool last = random_once(r, 2);
        size_t i;

        *ret = (Address){ .family = family };
        if (family == FAMILY_IPV4) {
                if (range_count(ranges, family) == 0)
                        return false;
                i = random_below(r, (uint32_t)range_count(ranges, family));
                *ret = address_from_ipv4(
                        last ? range4_at(ranges, i)->last : range4_at(ranges, i)->first);
        } else {
                if (range_count(ranges, family) == 0)
                        return false;
                i = random_below(r, (uint32_t)range_count(ranges, family));
                memcpy(ret->bytes, last ? range6_at(ranges, i)->last : range6_at(ranges, i)->first,
                        16);
        }
        if (random_once(r, 2))
                address_step(ret, last ? 1 : -1);
        return true;
}

static bool draw_border(
        Random *r, const RulesetDirection *d, bool to, Site owner, Family family, Address *ret)
{
        for (int i = 0; i < 8 && d->n > 0; i++) {
                const CompiledRule *rule = &d->rules[random_below(r, (uint32_t)d->n)];
                const Match *m = to ? &rule->to : &rule->from;

                if (m->n > 0 &&
                        border_of(
                                r, m->sets[random_below(r, (uint32_t)m->n)].ranges, family, ret) &&
                        site_owns(owner, ret))
                        return true;
        }
        return false;
}

static Address draw_address(
        Random *r, const RulesetDirection *d, bool to, Site owner, Family family)
{
        Address a;

        if (random_once(r, 2) && draw_border(r, d, to, owner, family, &a))
                return a;
        return site_draw(r, owner, family);
}

static void draw_sender(Random *r, Attempt *a)
{
        Packet *p = &a->packet;
        p->has_uid = p->has_gid = true;
        if (senders.many_users) {
                p->uid = random_of(r, sender_uids);
                p->gid = random_of(r, sender_gids);
        }
        a->unit = senders.folder[0] ? (int)random_below(r, SENDER_UNITS + 2) : -1;
        if (a->unit >= SENDER_UNITS)
                a->unit = -1;
        if (a->unit >= 0) {
                p->cgroups = senders.units[a->unit].chain;
                p->n_cgroups = senders.units[a->unit].n_chain;
        }
}

static const char *interface_of(Site s)
{
        return s == INTERNET ? "wan0" : "cont0";
}

static Direction direction_of(Site from, Site to)
{
        if (from == HOST)
                return DIRECTION_OUT;
        return to == HOST ? DIRECTION_IN : DIRECTION_ROUTED;
}

/* Ports that are published, and redirected. */
static void draw_special(Random *r, Attempt *a)
{
        Packet *p = &a->packet;

        if (p->direction == DIRECTION_IN && random_once(r, 5)) {
                p->to = site_address(p->family == FAMILY_IPV4 ? PUBLISHED4 : PUBLISHED6);
                p->port = random_once(r, 3) ? PORT_PUBLISHED_OTHER : 25;
        }
        if (p->direction == DIRECTION_OUT && p->interface && streq(p->interface, "wan0") &&
                p->family == FAMILY_IPV4 && random_once(r, 10)) {
                p->to = site_address(REDIRECTED4);
                p->port = 587;
        }
}

Attempt attempt_draw(Random *r, const Ruleset *ruleset)
{
        static const Site routes[][2] = { { INTERNET, HOST }, { INTERNET, HOST },
                { CONTAINER, HOST }, { HOST, INTERNET }, { HOST, INTERNET }, { HOST, CONTAINER },
                { CONTAINER, INTERNET }, { CONTAINER, INTERNET }, { INTERNET, CONTAINER } };
        static const Site on_host[] = { HOST, HOST };
        static uint16_t source_port = 9999;
        const Site *route = random_once(r, 20) ? on_host : random_of(r, routes);
        Attempt a = { .from = route[0], .unit = -1, .free = route[0] == route[1] };
        const RulesetDirection *d;
        Packet *p = &a.packet;

        *p = (Packet){ .direction = direction_of(route[0], route[1]),
                .family = random_once(r, 2) ? FAMILY_IPV4 : FAMILY_IPV6,
                .port = random_of(r, site_ports),
                .has_from = true,
                .has_to = true };
        d = &ruleset->directions[p->direction];
        if (!random_once(r, 3))
                p->port = d->watched.items[random_below(r, (uint32_t)d->watched.n)];
        p->from = draw_address(r, d, false, route[0], p->family);
        p->to = draw_address(r, d, true, route[1], p->family);
        if (p->direction == DIRECTION_ROUTED) {
                p->in_interface = interface_of(route[0]);
                p->out_interface = interface_of(route[1]);
        } else if (!a.free)
                p->interface = interface_of(route[0] == HOST ? route[1] : route[0]);
        if (p->direction == DIRECTION_OUT)
                draw_sender(r, &a);
        if (!a.free)
                draw_special(r, &a);
        /* each connection is new to conntrack */
        source_port = source_port < 60000 ? source_port + 1 : 10000;
        a.source_port = source_port;
        return a;
}

void attempt_print(Buffer *b, const Attempt *a)
{
        char from[ADDRESS_TEXT_MAX], to[ADDRESS_TEXT_MAX];
        const Packet *p = &a->packet;

        buffer_printf(b, "%s from %s to %s port %u", direction_to_string(p->direction),
                address_format(&p->from, from), address_format(&p->to, to), p->port);
        if (p->has_uid)
                buffer_printf(b, " user %u group %u", p->uid, p->gid);
        if (a->unit >= 0)
                buffer_printf(b, " unit %s", sender_unit_names[a->unit]);
        if (p->interface)
                buffer_printf(b, " on %s", p->interface);
        if (p->in_interface)
                buffer_printf(b, " in on %s out on %s", p->in_interface, p->out_interface);
        if (a->free)
                buffer_add_string(b, " (on the host itself)");
}

/* ---- connecting ---- */

static socklen_t attempt_endpoint(const Address *a, uint16_t port, struct sockaddr_storage *ret)
{
        struct sockaddr_in *v4 = (void *)ret;
        struct sockaddr_in6 *v6 = (void *)ret;

        memset(ret, 0, sizeof(*ret));
        if (a->family == FAMILY_IPV6) {
                v6->sin6_family = AF_INET6;
                v6->sin6_port = htons(port);
                memcpy(&v6->sin6_addr, a->bytes, sizeof(v6->sin6_addr));
                return sizeof(*v6);
        }
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        memcpy(&v4->sin_addr, a->bytes, sizeof(v4->sin_addr));
        return sizeof(*v4);
}

int attempt_begin(const Attempt *a, int *ret_error)
{
        static const int one = 1;
        const Packet *p = &a->packet;
        struct sockaddr_storage to, from;
        socklen_t n_to = attempt_endpoint(&p->to, p->port, &to);
        socklen_t n_from = attempt_endpoint(&p->from, a->source_port, &from);
        bool v6 = p->family == FAMILY_IPV6;
        int fd;

        world_enter(a->from);
        fd = sender_socket(p->uid, p->gid, a->unit, v6 ? AF_INET6 : AF_INET);
        assert_true(fd >= 0);
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
        setsockopt(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_FREEBIND : IP_FREEBIND, &one,
                sizeof(one));
        *ret_error = 0;
        if (bind(fd, (void *)&from, n_from) < 0 ||
                (connect(fd, (void *)&to, n_to) < 0 && errno != EINPROGRESS))
                *ret_error = errno;
        world_enter(HOST);
        return fd;
}

Answer attempt_answer(int fd, int error, int timeout_msec)
{
        struct pollfd p = { .fd = fd, .events = POLLOUT };
        socklen_t n = sizeof(error);

        if (error == 0 && poll(&p, 1, timeout_msec) == 0)
                return SILENT;
        if (error == 0)
                getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n);
        return error == 0 ? OPEN : error == ECONNREFUSED ? RESET : OTHER;
}
