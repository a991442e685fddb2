/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns what is said of programs of this host that a policy does not judge as its author may expect:
 * those that hide the clients of a container's server, or whose way to it is refused; rootless
 * containers, which send as their user; a listener on port 25 whose user may not send. Warnings,
 * never obstacles.
 */

#include "daemon/manager/internal.h"

#include "daemon/connections/listeners.h"
#include "daemon/host/forwarders.h"
#include "daemon/netlink/sockets.h"
#include "rules/base/strv.h"
#include "rules/policy/effective.h"
#include "rules/policy/policy.h"
#include "rules/policy/role.h"
#include "rules/policy/rule.h"
#include "rules/ruleset/compiledrule.h"
#include "rules/ruleset/evaluate.h"
#include "rules/ruleset/packet.h"
#include "rules/ruleset/ruleset.h"

#include <errno.h>
#include <stdio.h>

#define SMTP 25

typedef struct Survey {
        const Manager *m;
        const Policy *policy;
        const Ruleset *ruleset;
        Ports mail_ports;
        Sockets listeners;
        Forwarders forwarders;
        char ***lines;
} Survey;

static void survey_deinit(Survey *s)
{
        sockets_deinit(&s->listeners);
        forwarders_deinit(&s->forwarders);
}

/* Once, however many sockets or processes lead to it. */
static int line_add(Survey *s, char *line)
{
        if (!strv_contains(*s->lines, line))
                return strv_consume(s->lines, line);
        free(line);
        return 0;
}

static int user_text(const Survey *s, uint32_t uid, char **ret)
{
        if (host_user_name(s->m->names, uid, ret) < 0)
                return -ENOMEM;
        if (!*ret && asprintf(ret, "%u", uid) < 0)
                return -ENOMEM;
        return 0;
}

static bool passes(const Survey *s, const Packet *p)
{
        Verdict v;

        evaluate(s->ruleset, p, &v);
        return v.action == ACTION_ALLOW || v.action == ACTION_LIMIT;
}

/* Mail that a user's process sends: port 25 of anybody. */
static Packet mail_of(uint32_t uid)
{
        return (Packet){ .direction = DIRECTION_OUT,
                .family = FAMILY_IPV4,
                .port = SMTP,
                .has_uid = true,
                .uid = uid };
}

/* ---- forwarders on mail ports ---- */

static bool is_any(const Address *a)
{
        static const uint8_t zero[16];

        return a->family == FAMILY_IPV6 && memcmp(a->bytes, zero, sizeof(zero)) == 0;
}

static int warn_hidden_clients(Survey *s, const Socket *l, const Forwarder *f)
{
        bool ipv4 = l->local.family == FAMILY_IPV4, ipv6 = !ipv4;
        Packet in = { .direction = DIRECTION_IN, .port = l->local_port };
        char *line;

        if (listener_is_loopback(l))
                return 0;
        /* [::] takes IPv4 as well, but Docker opens a socket for each family */
        ipv4 |= is_any(&l->local) && !f->has_target;
        in.family = FAMILY_IPV4;
        ipv4 = ipv4 && passes(s, &in);
        in.family = FAMILY_IPV6;
        ipv6 = ipv6 && passes(s, &in);
        if (forwarder_advice(&s->forwarders, f, ipv4, ipv6, l->local_port, &line) < 0)
                return -ENOMEM;
        return line ? line_add(s, line) : 0;
}

/* "docker-proxy (user root) passes port 25 on to 172.17.0.2 port 25, which …" */
static int warn_refused_hop(Survey *s, const Socket *l, const Forwarder *f)
{
        Packet out = { .direction = DIRECTION_OUT,
                .family = f->target.family,
                .port = f->target_port,
                .has_to = true,
                .to = f->target,
                .has_uid = true,
                .uid = f->uid };
        _cleanup_free_ char *user = NULL;
        char address[ADDRESS_TEXT_MAX], *line;

        if (!f->has_target || passes(s, &out))
                return 0;
        if (user_text(s, f->uid, &user) < 0)
                return -ENOMEM;
        (void)address_format(&f->target, address);
        if (asprintf(&line,
                    "%s (user %s) passes port %u on to the container at %s port %u, and this "
                    "connection is refused (out); to allow it: p25ctl allow out to %s port %u user "
                    "%s",
                    f->name, user, l->local_port, address, f->target_port, address, f->target_port,
                    user) < 0)
                return -ENOMEM;
        return line_add(s, line);
}

/* ---- a mail server that may not send ---- */

/* Does a rule of a role let some users send anywhere? */
static bool role_names_senders(const Survey *s)
{
        const RulesetDirection *out = &s->ruleset->directions[DIRECTION_OUT];

        for (size_t i = 0; i < out->n; i++) {
                const CompiledRule *r = &out->rules[i];

                if (r->rule->source == SOURCE_ROLE && r->users.stated && r->to.any &&
                        r->action == ACTION_ALLOW && ports_contain(&r->ports, SMTP))
                        return true;
        }
        return false;
}

static int warn_sender(Survey *s, const Socket *l)
{
        Packet out = mail_of(l->uid);
        _cleanup_free_ char *user = NULL;
        char *line;

        if (l->local_port != SMTP || !role_names_senders(s) || passes(s, &out))
                return 0;
        if (user_text(s, l->uid, &user) < 0)
                return -ENOMEM;
        if (asprintf(&line,
                    "user %s listens on port 25 and may not send: add it to vars.mta_users in "
                    "p25.conf, or: p25ctl allow out user %s",
                    user, user) < 0)
                return -ENOMEM;
        return line_add(s, line);
}

static int warn_listener(Survey *s, const Socket *l)
{
        const Forwarder *f = forwarders_find(&s->forwarders, l->inode);

        if (!ports_contain(&s->mail_ports, l->local_port))
                return 0;
        if (!f)
                return warn_sender(s, l);
        return warn_hidden_clients(s, l, f) < 0 ? -ENOMEM : warn_refused_hop(s, l, f);
}

/* ---- rootless containers ---- */

static const Role *role_that_closes_routed(const Survey *s)
{
        const Role *role;

        for (size_t i = 0; (role = policy_next_role(s->policy, &i));)
                if (role->defaults.of[DIRECTION_ROUTED] != _ACTION_INVALID &&
                        role->defaults.of[DIRECTION_OUT] == _ACTION_INVALID)
                        return role;
        return NULL;
}

/* Warns of a role that closes routed connections only: those of rootless containers are not routed.
 */
static int warn_rootless(Survey *s, const Role *role, const Forwarder *f)
{
        Packet out = mail_of(f->uid);
        _cleanup_free_ char *user = NULL;
        char *line;

        if (f->uid == 0 || f->has_target || !passes(s, &out))
                return 0;
        if (user_text(s, f->uid, &user) < 0)
                return -ENOMEM;
        if (asprintf(&line,
                    "role %s does not stop the rootless containers of user %s (%s), which send as "
                    "that user (out, not routed); to stop them: p25ctl reject out user %s",
                    role->name, user, f->name, user) < 0)
                return -ENOMEM;
        return line_add(s, line);
}

static int warn_all(Survey *s)
{
        const Role *role = role_that_closes_routed(s);

        for (size_t i = 0; i < s->listeners.n; i++)
                if (warn_listener(s, &s->listeners.items[i]) < 0)
                        return -ENOMEM;
        for (size_t i = 0; role && i < s->forwarders.n; i++)
                if (warn_rootless(s, role, &s->forwarders.items[i]) < 0)
                        return -ENOMEM;
        return 0;
}

int manager_tell_programs(const Manager *m, const Policy *p, const Ruleset *ruleset, char ***lines)
{
        _cleanup_(survey_deinit)
                Survey s = { .m = m, .policy = p, .ruleset = ruleset, .lines = lines };

        if (!m->listeners)
                return 0;
        policy_mail_ports(p, &s.mail_ports);
        if (listeners_list(&s.mail_ports, &s.listeners) < 0)
                return 0; /* nobody can be looked at */
        if (forwarders_read(m->paths.root, &s.forwarders) < 0)
                return -ENOMEM;
        return warn_all(&s);
}
