/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the reading of ports: one, lists of them, and what a role manages.
 */

#include "rules/config/reader.h"
#include "rules/policy/direction.h"
#include "rules/policy/role.h"

#include <errno.h>

uint16_t port_of_text(const char *text)
{
        unsigned long value;
        size_t n = strspn(text, "0123456789");

        if (n == 0 || text[n] != '\0')
                return service_to_port(text);
        value = n > 5 ? 0 : strtoul(text, NULL, 10);
        return value <= 65535 ? (uint16_t)value : 0;
}

int read_port(Reader *r, const Node *n, uint16_t *ret)
{
        int64_t value = 0;
        int k;

        if (node_kind(n) == NODE_INTEGER) {
                k = read_integer(r, n, 1, 65535, &value);
                if (k < 0)
                        return k;
        } else if (node_kind(n) == NODE_STRING) {
                value = port_of_text(node_string(n));
                if (value == 0)
                        return reader_error(r, n,
                                "\"%.64s\" is not a valid port (1 to 65535, smtp, submissions, "
                                "smtps, "
                                "submission, smtp-alt)",
                                node_string(n));
        } else
                return reader_error(r, n, "must be a number or the name of a service");
        *ret = (uint16_t)value;
        return 0;
}

/* One more port of a list. */
static int add_port(Reader *r, const Node *n, void *ports)
{
        uint16_t port;
        int k = read_port(r, n, &port);

        if (k < 0)
                return k;
        if (ports_add(ports, port) < 0)
                return reader_error(r, n, "more than %d mail ports", PORTS_MAX);
        return 0;
}

#define SSH_PORT 22

int read_mail_ports(Reader *r, const Node *n, _unused_ const Setting *s, void *place)
{
        Ports all = mail_ports_default, added = { 0 };
        int k = read_items(r, n, add_port, &all);

        if (k == -ENOMEM)
                return k;
        if (ports_contain(&all, SSH_PORT))
                return reader_error(r, n, "p25 never filters port %d (ssh)", SSH_PORT);
        if (k < 0)
                return k;
        for (size_t i = 0; i < all.n; i++)
                if (!ports_contain(&mail_ports_default, all.items[i]))
                        (void)ports_add(&added, all.items[i]); /* no more than there were */
        *(Ports *)place = added;
        return 0;
}

int read_listens(Reader *r, const Node *n, _unused_ const Setting *s, void *place)
{
        Ports ports = { 0 };
        int k = read_items(r, n, add_port, &ports);

        if (k >= 0)
                *(Ports *)place = ports;
        return k;
}

/* The ports that a role manages in one direction; 25 is always managed and not stored. */
typedef struct Managed {
        Ports ports;
        bool all;
} Managed;

static int add_managed(Reader *r, const Node *n, void *place)
{
        Managed *m = place;

        if (node_kind(n) != NODE_STRING || !streq(node_string(n), "all"))
                return add_port(r, n, &m->ports);
        m->all = true;
        return 0;
}

static int read_managed(Reader *r, const Node *n, Managed *ret)
{
        Managed m = { 0 };
        int k = read_items(r, n, add_managed, &m);

        if (k < 0)
                return k;
        *ret = (Managed){ .all = m.all };
        for (size_t i = 0; i < m.ports.n && !m.all; i++)
                if (m.ports.items[i] != 25)
                        (void)ports_add(&ret->ports, m.ports.items[i]);
        return 0;
}

static void set_managed(Role *role, Direction d, const Managed *m)
{
        role->manages[d] = m->ports;
        role->manages_all[d] = m->all;
}

int read_manages_one(Reader *r, const Node *n, const Setting *s, void *place)
{
        Managed m;
        int k = read_managed(r, n, &m);

        if (k >= 0)
                set_managed(place, direction_from_adjective(s->name), &m);
        return k;
}

int read_manages(Reader *r, const Node *n, _unused_ const Setting *s, void *place)
{
        Managed m;
        int k;

        if (node_kind(n) == NODE_GROUP)
                return read_group(r, n, &(ReadInto){ GROUP_MANAGES, place }, 1);
        k = read_managed(r, n, &m);
        for (Direction d = 0; k >= 0 && d < _DIRECTION_MAX; d++)
                set_managed(place, d, &m);
        return k;
}
