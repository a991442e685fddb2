/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns what is said of a role whose server is not there: a mail exchanger on which nobody listens
 * is a role for another host, or a server that has to be started. A warning, never an obstacle.
 */

#include "daemon/manager/internal.h"

#include "daemon/connections/listeners.h"

#include <errno.h>

static void ports_print(Buffer *b, const Ports *ports)
{
        for (size_t i = 0; i < ports->n; i++)
                buffer_printf(b, "%s%u",
                        i == 0              ? ""
                        : i + 1 == ports->n ? " or "
                                            : ", ",
                        ports->items[i]);
}

static bool ports_meet(const Ports *a, const Ports *b)
{
        for (size_t i = 0; i < a->n; i++)
                if (ports_contain(b, a->items[i]))
                        return true;
        return false;
}

static int tell_role(const Manager *m, const Role *role, char ***lines)
{
        _cleanup_buffer_ Buffer b = { 0 };
        Listeners l;
        char *text;

        if (m->listeners(&role->listens, &l) < 0 || ports_meet(&role->listens, &l.heard))
                return 0;
        buffer_printf(&b, "role %s: nothing listens on port ", role->name);
        ports_print(&b, &role->listens);
        if (ports_meet(&role->listens, &l.loopback))
                buffer_add_string(&b, " but for this host itself");
        if (buffer_take(&b, &text) < 0)
                return -ENOMEM;
        return strv_consume(lines, text);
}

int manager_tell_listeners(const Manager *m, const Policy *p, char *const *known, char ***lines)
{
        char *const *names = policy_role_names(p);

        for (; m->listeners && names && *names; names++) {
                const Role *role = policy_find_role(p, *names);

                if (role && role->listens.n > 0 && !strv_contains(known, *names) &&
                        tell_role(m, role, lines) < 0)
                        return -ENOMEM;
        }
        return 0;
}
