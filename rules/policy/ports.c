/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Small sorted sets of ports, and the names of the mail services (ports.h). */

#include "rules/policy/ports.h"
#include "rules/base/util.h"

#include <errno.h>

/* RFC 5321, RFC 8314, RFC 6409; the first name of a port is the one that is printed. */
static const struct Service {
        const char *name;
        uint16_t port;
} services[] = {
        { "smtp", 25 },
        { "submissions", 465 },
        { "smtps", 465 },
        { "submission", 587 },
        { "smtp-alt", 2525 },
};

const Ports mail_ports_default = { .items = { 25, 465, 587, 2525 }, .n = 4 };

uint16_t service_to_port(const char *name)
{
        for (size_t i = 0; i < ELEMENTS(services); i++)
                if (streq(services[i].name, name))
                        return services[i].port;
        return 0;
}

const char *port_to_service(uint16_t port)
{
        for (size_t i = 0; i < ELEMENTS(services); i++)
                if (services[i].port == port)
                        return services[i].name;
        return NULL;
}

int ports_add(Ports *p, uint16_t port)
{
        size_t i = 0;

        while (i < p->n && p->items[i] < port)
                i++;
        if (i < p->n && p->items[i] == port)
                return 0;
        if (p->n == PORTS_MAX)
                return -E2BIG;
        memmove(p->items + i + 1, p->items + i, (p->n - i) * sizeof(p->items[0]));
        p->items[i] = port;
        p->n++;
        return 0;
}

bool ports_contain(const Ports *p, uint16_t port)
{
        for (size_t i = 0; i < p->n; i++)
                if (p->items[i] == port)
                        return true;
        return false;
}

bool ports_equal(const Ports *a, const Ports *b)
{
        return a->n == b->n && memcmp(a->items, b->items, a->n * sizeof(a->items[0])) == 0;
}
