/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns ufw's table: one row a rule, with "To", "Action", "From", then limit, expiry, source and
 * comment. Does not depend on the order of rules or on counters.
 */

#include "rules/policy/expiry.h"
#include "rules/words/words.h"

#include <errno.h>

/* A row stays readable: of longer lists the first ones are shown, and how many are not. */
#define CELL_ADDRESSES_MAX 8
/* After compile, a rule names a variable only if that holds nothing. */
#define EMPTY " (empty)"

const char rule_rows_head[] = "To                         Action      From\n"
                              "--                         ------      ----";

static void ports_cell(Buffer *b, const Rule *r)
{
        if (r->ports_var)
                buffer_printf(b, "$%s", r->ports_var);
        for (size_t i = 0; i < r->ports.n && !r->ports_var; i++)
                buffer_printf(b, "%s%u", i > 0 ? "," : "", r->ports.items[i]);
        buffer_add_string(b, "/tcp");
}

static void addresses_cell(Buffer *b, const AddressList *l)
{
        static const char *const sigils[] = {
                [ADDRESS_PREFIX] = "", [ADDRESS_SET] = "@", [ADDRESS_VAR] = "$"
        };
        char text[ADDRESS_TEXT_MAX];

        for (size_t i = 0; i < l->n; i++) {
                const AddressItem *item = &l->items[i];

                if (i == CELL_ADDRESSES_MAX && l->n > CELL_ADDRESSES_MAX + 1) {
                        buffer_printf(b, " and %zu more", l->n - i);
                        return;
                }
                buffer_printf(b, "%s%s%s%s", i > 0 ? "," : "", sigils[item->kind],
                        item->kind == ADDRESS_PREFIX ? prefix_format(&item->prefix, text)
                                                     : item->name,
                        item->kind == ADDRESS_VAR ? EMPTY : "");
        }
}

static void names_cell(Buffer *b, const char *what, char *const *names)
{
        if (!names || !*names)
                return;
        buffer_printf(b, "%s%s ", b->length > 0 ? " " : "", what);
        for (char *const *s = names; *s; s++)
                buffer_printf(b, "%s%s%s", s == names ? "" : ",", *s, **s == '$' ? EMPTY : "");
}

/* As in ufw: in rules for this host the interface is on the host's side, To of incoming
 * and From of outgoing ones; of routed rules each with the side it faces. */
static void interface_cell(Buffer *b, const char *interface)
{
        if (interface)
                buffer_printf(b, " on %s", interface);
}

static void to_cell(Buffer *b, const Rule *r)
{
        addresses_cell(b, &r->to);
        if (b->length > 0)
                buffer_add_char(b, ' ');
        ports_cell(b, r);
        interface_cell(b, r->direction == DIRECTION_IN ? r->interface : r->out_interface);
}

static void from_cell(Buffer *b, const Rule *r)
{
        addresses_cell(b, &r->from);
        names_cell(b, "user", r->user);
        names_cell(b, "group", r->group);
        names_cell(b, "unit", r->unit);
        if (b->length == 0)
                buffer_add_string(b, "Anywhere");
        interface_cell(b, r->direction == DIRECTION_OUT ? r->interface : r->in_interface);
}

/* " (for 1h59m)", or " (until 2026-11-22T00:05:54Z)" where the time left is not known */
static void expiry_print(Buffer *b, const Rule *r, uint64_t seconds_left)
{
        char text[EXPIRY_TEXT_MAX];

        if (r->expires_usec != 0 && seconds_left > 0)
                buffer_printf(b, " (for %s)", duration_format(seconds_left, text));
        else if (r->expires_usec != 0)
                buffer_printf(b, " (until %s)", expiry_format(r->expires_usec, text));
}

/* " (12/minute, burst 6, 20 open)" */
static void limit_print(Buffer *b, const Rule *r)
{
        Limit l = rule_limit(r);
        const char *joint = "";

        if (r->action != ACTION_LIMIT)
                return;
        buffer_add_string(b, " (");
        if (l.rate > 0) {
                buffer_printf(
                        b, "%u/%s, burst %u", l.rate, limit_unit_to_string(l.unit_sec), l.burst);
                joint = ", ";
        }
        if (l.open > 0)
                buffer_printf(b, "%s%u open", joint, l.open);
        buffer_add_char(b, ')');
}

/* Where the rule comes from, and the comment: " # role mx: why"; of p25ctl's own only the comment.
 */
static void source_print(Buffer *b, const Rule *r)
{
        static const char *const sources[_SOURCE_MAX] = {
                [SOURCE_P25CTL] = "",
                [SOURCE_CONF] = "p25.conf",
                [SOURCE_FRAGMENT] = "fragment ",
                [SOURCE_ROLE] = "role ",
        };
        const char *source = sources[r->source], *comment = r->comment ?: "";

        if (source[0] || comment[0])
                buffer_printf(b, " # %s%s%s%s", source, r->source_name ?: "",
                        source[0] && comment[0] ? ": " : "", comment);
}

static void tail_print(Buffer *b, const Rule *r, uint64_t seconds_left)
{
        limit_print(b, r);
        if (r->log)
                buffer_add_string(b, " (log)");
        expiry_print(b, r, seconds_left);
        source_print(b, r);
}

int rule_rows_print(const Rule *r, unsigned number, uint64_t seconds_left, char **ret)
{
        static const char *const actions[_ACTION_MAX] = {
                [ACTION_ALLOW] = "ALLOW",
                [ACTION_DENY] = "DENY",
                [ACTION_REJECT] = "REJECT",
                [ACTION_LIMIT] = "LIMIT",
        };
        static const char *const directions[_DIRECTION_MAX] = {
                [DIRECTION_IN] = "IN",
                [DIRECTION_OUT] = "OUT",
                [DIRECTION_ROUTED] = "FWD",
        };
        _cleanup_buffer_ Buffer b = { 0 }, to = { 0 }, from = { 0 }, action = { 0 };

        to_cell(&to, r);
        from_cell(&from, r);
        buffer_printf(&action, "%s %s", actions[r->action], directions[r->direction]);
        if (to.failed || from.failed || action.failed)
                return -ENOMEM;
        if (number > 0)
                buffer_printf(&b, "[%2u] ", number);
        buffer_printf(&b, "%-26s %-12s%-26s", to.data, action.data, from.data);
        tail_print(&b, r, seconds_left);
        return buffer_take(&b, ret);
}
