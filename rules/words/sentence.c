/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the sentence about what a command did: ports, directions, families, and what was not
 * touched. Does not depend on whether it is in force.
 */

#include "rules/address/address.h"
#include "rules/address/family.h"
#include "rules/base/buffer.h"
#include "rules/base/strv.h"
#include "rules/policy/addressitem.h"
#include "rules/policy/addresslist.h"
#include "rules/policy/expiry.h"
#include "rules/policy/rule.h"
#include "rules/words/words.h"

#include <errno.h>

#define SENTENCE_ADDRESSES_MAX 3

/* `last` (" and ", " or ") before the last of n, ", " before the others but the first */
static const char *joint_with(size_t i, size_t n, const char *last)
{
        return i == 0 ? "" : i + 1 == n ? last : ", ";
}

static const char *joint(size_t i, size_t n)
{
        return joint_with(i, n, " and ");
}

static void ports_tell(Buffer *b, const Rule *r)
{
        const Ports *ports = &r->ports;

        if (r->ports_var)
                buffer_printf(b, "$%s", r->ports_var);
        for (size_t i = 0; i < ports->n && !r->ports_var; i++) {
                const char *service = port_to_service(ports->items[i]);

                buffer_add_string(b, joint(i, ports->n));
                if (service)
                        buffer_printf(b, "%s (%u/tcp)", service, ports->items[i]);
                else
                        buffer_printf(b, "%u/tcp", ports->items[i]);
        }
}

static void addresses_tell(Buffer *b, const AddressList *l)
{
        size_t n = l->n > SENTENCE_ADDRESSES_MAX + 1 ? SENTENCE_ADDRESSES_MAX : l->n;
        char text[ADDRESS_TEXT_MAX];

        if (l->n == 0)
                buffer_add_string(b, "anywhere");
        for (size_t i = 0; i < n; i++) {
                const AddressItem *item = &l->items[i];

                buffer_add_string(b, n == l->n ? joint(i, n) : i > 0 ? ", " : "");
                if (item->kind == ADDRESS_PREFIX)
                        buffer_add_string(b, prefix_format(&item->prefix, text));
                else
                        buffer_printf(b, "%c%s", item->kind == ADDRESS_SET ? '@' : '$', item->name);
        }
        if (n < l->n)
                buffer_printf(b, " and %zu more", l->n - n);
}

static void side_tell(Buffer *b, const char *word, const AddressList *l)
{
        buffer_printf(b, " %s ", word);
        addresses_tell(b, l);
}

/* " by users a, b or c" */
static void names_tell(Buffer *b, const char *before, const char *what, char *const *names)
{
        size_t n = strv_length(names);

        if (n == 0)
                return;
        buffer_printf(b, "%s%s%s ", before, what, n > 1 ? "s" : "");
        for (size_t i = 0; i < n; i++)
                buffer_printf(b, "%s%s", joint_with(i, n, " or "), names[i]);
}

/* " by user root, in group mail": all of it must hold */
static void opener_tell(Buffer *b, const Rule *r)
{
        bool user = strv_length(r->user) > 0, group = strv_length(r->group) > 0;

        names_tell(b, " by ", "user", r->user);
        names_tell(b, user ? ", in " : " by processes in ", "group", r->group);
        names_tell(b, user || group ? ", in " : " by processes in ", "unit", r->unit);
}

static void interface_tell(Buffer *b, const char *what, const char *interface)
{
        if (interface)
                buffer_printf(b, "%s%s", what, interface);
}

/* The far side first; the near one only where it is stated. */
static void match_tell(Buffer *b, const Rule *r)
{
        buffer_printf(b, " %s", direction_to_adjective(r->direction));
        switch (r->direction) {
        case DIRECTION_IN:
                side_tell(b, "from", &r->from);
                if (r->to.n > 0)
                        side_tell(b, "to", &r->to);
                break;
        case DIRECTION_OUT:
                side_tell(b, "to", &r->to);
                if (r->from.n > 0)
                        side_tell(b, "from", &r->from);
                break;
        case DIRECTION_ROUTED:
                side_tell(b, "from", &r->from);
                side_tell(b, "to", &r->to);
                break;
        case _DIRECTION_MAX:
        case _DIRECTION_INVALID:
                break;
        }
        interface_tell(b, " on ", r->interface);
        interface_tell(b, ", entering on ", r->in_interface);
        interface_tell(b, ", leaving on ", r->out_interface);
        opener_tell(b, r);
}

static void limit_tell(Buffer *b, const Rule *r)
{
        const Limit l = rule_limit(r);
        const char *per = r->direction == DIRECTION_OUT ? "user" : "source";

        buffer_add_string(b, ", to ");
        if (l.rate > 0)
                buffer_printf(
                        b, "%u/%s (burst %u)", l.rate, limit_unit_to_string(l.unit_sec), l.burst);
        if (l.open > 0)
                buffer_printf(b, "%s%u open at once", l.rate > 0 ? " and " : "", l.open);
        buffer_printf(b, " for each %s", per);
}

static void families_tell(Buffer *b, const Rule *r)
{
        bool v4 = address_list_has_family(&r->from, FAMILY_IPV4) &&
                  address_list_has_family(&r->to, FAMILY_IPV4);
        bool v6 = address_list_has_family(&r->from, FAMILY_IPV6) &&
                  address_list_has_family(&r->to, FAMILY_IPV6);

        buffer_add_string(b, v4 && v6 ? ", IPv4 and IPv6" : v4 ? ", IPv4 only" : ", IPv6 only");
}

static void untouched_tell(Buffer *b, Rule *const *rules, size_t n)
{
        bool touched[_DIRECTION_MAX] = { false };
        size_t left = _DIRECTION_MAX, i = 0;

        for (size_t k = 0; k < n; k++) {
                left -= !touched[rules[k]->direction];
                touched[rules[k]->direction] = true;
        }
        buffer_add_string(b, "; ");
        for (Direction d = 0; d < _DIRECTION_MAX; d++)
                if (!touched[d])
                        buffer_printf(b, "%s%s", joint(i++, left), direction_to_adjective(d));
        if (left > 0)
                buffer_add_string(b, " mail and ");
        buffer_add_string(b, "all other ports are not touched.");
}

int rule_sentence_print(
        Rule *const *rules, size_t n, Placement placement, uint64_t duration_sec, char **ret)
{
        static const char *const verbs[_ACTION_MAX][2] = {
                [ACTION_ALLOW] = { "Allows ", "No longer allows " },
                [ACTION_DENY] = { "Blocks ", "No longer blocks " },
                [ACTION_REJECT] = { "Rejects ", "No longer rejects " },
                [ACTION_LIMIT] = { "Limits ", "No longer limits " },
        };
        _cleanup_buffer_ Buffer b = { 0 };
        char duration[EXPIRY_TEXT_MAX];

        if (n == 0)
                return -EINVAL;
        buffer_add_string(&b, verbs[rules[0]->action][placement == PLACEMENT_DELETE]);
        ports_tell(&b, rules[0]);
        for (size_t i = 0; i < n; i++) {
                buffer_add_string(&b, i > 0 ? " and" : "");
                match_tell(&b, rules[i]);
        }
        if (rules[0]->action == ACTION_LIMIT)
                limit_tell(&b, rules[0]);
        families_tell(&b, rules[0]);
        if (duration_sec > 0 && placement != PLACEMENT_DELETE)
                buffer_printf(&b, ", for %s", duration_format(duration_sec, duration));
        untouched_tell(&b, rules, n);
        return buffer_take(&b, ret);
}
