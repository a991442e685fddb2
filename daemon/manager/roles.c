/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns what is said of roles that do not do what their name promises: a role whose server is not
 * there is one for another host, or for a server that has to be started; a role that closes all
 * ports closes nothing that another role opens; one that closes routed connections does not see
 * those that pass by the packet filter. Warnings, never obstacles.
 */

#include "daemon/manager/internal.h"

#include "daemon/connections/bypass.h"
#include "daemon/connections/listeners.h"
#include "rules/base/buffer.h"
#include "rules/base/strv.h"
#include "rules/policy/policy.h"
#include "rules/policy/role.h"
#include "rules/policy/rule.h"

#include <errno.h>

/* ---- servers that are missing ---- */

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

static int warn_role(const Manager *m, const Role *role, char ***lines)
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

static int warn_servers(const Manager *m, const Policy *p, char *const *known, char ***lines)
{
        const Role *role;

        for (size_t i = 0; m->listeners && (role = policy_next_role(p, &i));)
                if (role->listens.n > 0 && !strv_contains(known, role->name) &&
                        warn_role(m, role, lines) < 0)
                        return -ENOMEM;
        return 0;
}

/* ---- a role that closes, together with others that open ---- */

static bool closes_only(const Role *role)
{
        for (Direction d = 0; d < _DIRECTION_MAX; d++)
                if (role->defaults.of[d] != ACTION_DENY && role->defaults.of[d] != ACTION_REJECT)
                        return false;
        return role->rules.n == 0;
}

static bool opens(const Role *role)
{
        for (size_t i = 0; i < role->rules.n; i++)
                if (role->rules.items[i]->action == ACTION_ALLOW ||
                        role->rules.items[i]->action == ACTION_LIMIT)
                        return true;
        return false;
}

/* "role no-mail closes nothing that mx and submission open: roles add up; …" */
static int warn_closing(const Policy *p, const Role *closing, char *const *known, char ***lines)
{
        bool is_new = !strv_contains(known, closing->name);
        _cleanup_buffer_ Buffer openers = { 0 };
        const Role *role;

        for (size_t i = 0; (role = policy_next_role(p, &i));) {
                if (!opens(role))
                        continue;
                is_new |= !strv_contains(known, role->name);
                buffer_printf(&openers, "%s%s", openers.length > 0 ? ", " : "", role->name);
        }
        if (openers.failed)
                return -ENOMEM;
        if (openers.length == 0 || !is_new)
                return 0;
        return strv_printf(lines,
                "role %s closes nothing that other roles open (%s), because roles add up; to close "
                "every mail port: p25ctl role set %s",
                closing->name, openers.data, closing->name);
}

static int warn_contradictions(const Policy *p, char *const *known, char ***lines)
{
        const Role *role;

        for (size_t i = 0; (role = policy_next_role(p, &i));)
                if (closes_only(role) && warn_closing(p, role, known, lines) < 0)
                        return -ENOMEM;
        return 0;
}

/* ---- a role that closes routed connections, where guests have a way past the host ---- */

static bool closes_routed(const Role *role)
{
        return role->defaults.of[DIRECTION_ROUTED] == ACTION_DENY ||
               role->defaults.of[DIRECTION_ROUTED] == ACTION_REJECT;
}

/* "role container-host does not see what guests send over eth0.1 (macvlan): …" */
static int warn_bypasses(const Manager *m, const Policy *p, char *const *known, char ***lines)
{
        _cleanup_strv_ char **found = NULL;
        _cleanup_buffer_ Buffer names = { 0 };
        const Role *closing = NULL, *role;

        for (size_t i = 0; (role = policy_next_role(p, &i));) {
                if (!closes_routed(role))
                        continue;
                if (strv_contains(known, role->name))
                        return 0; /* it was said when that role came */
                closing = closing ?: role;
        }
        if (!closing || !m->listeners || bypasses_find(&found) < 0 || !found)
                return 0;
        STRV_FOREACH (name, found)
                buffer_printf(&names, "%s%s", names.length > 0 ? ", " : "", *name);
        if (names.failed)
                return -ENOMEM;
        return strv_printf(lines,
                "role %s does not stop what guests send over %s, because it passes by this host's "
                "packet filter: filter it at the next router or in the guest",
                closing->name, names.data);
}

int manager_tell_roles(const Manager *m, const Policy *p, char *const *known, char ***lines)
{
        int r = warn_contradictions(p, known, lines);

        if (r >= 0)
                r = warn_bypasses(m, p, known, lines);
        return r < 0 ? r : warn_servers(m, p, known, lines);
}
