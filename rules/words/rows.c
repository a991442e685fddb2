/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns ufw's table: one row a rule, with "To", "Action", "From", then limit, expiry, source and
 * comment. Does not depend on the order of rules or on counters.
 */

#include "rules/base/buffer.h"
#include "rules/base/strv.h"
#include "rules/policy/addressitem.h"
#include "rules/policy/addresslist.h"
#include "rules/policy/expiry.h"
#include "rules/policy/rule.h"
#include "rules/words/words.h"

#include <errno.h>

/* A row stays readable: of longer lists the first ones are shown, and how many are not. */
#define CELL_ADDRESSES_MAX 8
/* On a terminal, where columns grow with them. */
#define FOLDED_MAX 3
/* After compile, a rule names a variable only if that holds nothing. */
#define EMPTY " (empty)"

static void ports_cell(Buffer *b, const Rule *r)
{
        if (r->ports_var)
                buffer_printf(b, "$%s", r->ports_var);
        for (size_t i = 0; i < r->ports.n && !r->ports_var; i++)
                buffer_printf(b, "%s%u", i > 0 ? "," : "", r->ports.items[i]);
        buffer_add_string(b, "/tcp");
}

/* " and 12 more" of ufw's table, " … +12" of a folded one. True: the list ends here. */
static bool list_cut(Buffer *b, size_t i, size_t n, bool folded)
{
        size_t max = folded ? FOLDED_MAX : CELL_ADDRESSES_MAX;

        if (i != max || n <= max + 1)
                return false;
        buffer_printf(b, folded ? " … +%zu" : " and %zu more", n - i);
        return true;
}

static void addresses_cell(Buffer *b, const AddressList *l, bool folded)
{
        static const char *const sigils[] = {
                [ADDRESS_PREFIX] = "", [ADDRESS_SET] = "@", [ADDRESS_VAR] = "$"
        };
        char text[ADDRESS_TEXT_MAX];

        for (size_t i = 0; i < l->n; i++) {
                const AddressItem *item = &l->items[i];

                if (list_cut(b, i, l->n, folded))
                        return;
                buffer_printf(b, "%s%s%s%s", i > 0 ? "," : "", sigils[item->kind],
                        item->kind == ADDRESS_PREFIX ? prefix_format(&item->prefix, text)
                                                     : item->name,
                        item->kind == ADDRESS_VAR ? EMPTY : "");
        }
}

/* Names are cut only where the table is folded: ufw's row has all of them. */
static void names_cell(Buffer *b, const char *what, char *const *names, bool folded)
{
        size_t n = strv_length(names);

        if (n == 0)
                return;
        buffer_printf(b, "%s%s ", b->length > 0 ? " " : "", what);
        for (size_t i = 0; i < n && !(folded && list_cut(b, i, n, true)); i++)
                buffer_printf(
                        b, "%s%s%s", i == 0 ? "" : ",", names[i], names[i][0] == '$' ? EMPTY : "");
}

/* As in ufw: in rules for this host the interface is on the host's side, To of incoming
 * and From of outgoing ones; of routed rules each with the side it faces. */
static void interface_cell(Buffer *b, const char *interface)
{
        if (interface)
                buffer_printf(b, " on %s", interface);
}

static void to_cell(Buffer *b, const Rule *r, bool folded)
{
        addresses_cell(b, &r->to, folded);
        if (b->length > 0)
                buffer_add_char(b, ' ');
        ports_cell(b, r);
        interface_cell(b, r->direction == DIRECTION_IN ? r->interface : r->out_interface);
}

static void from_cell(Buffer *b, const Rule *r, bool folded)
{
        addresses_cell(b, &r->from, folded);
        names_cell(b, "user", r->user, folded);
        names_cell(b, "group", r->group, folded);
        names_cell(b, "unit", r->unit, folded);
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

/* The rule's source and comment: " # role mx: why"; of p25ctl's own only the comment. */
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

void rule_row_deinit(RuleRow *row)
{
        free(row->to);
        free(row->action);
        free(row->from);
        free(row->tail);
        *row = (RuleRow){ 0 };
}

int rule_row_make(const Rule *r, uint64_t seconds_left, bool folded, RuleRow *ret)
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
        _cleanup_buffer_ Buffer to = { 0 }, from = { 0 }, action = { 0 }, tail = { 0 };
        RuleRow row = { 0 };

        to_cell(&to, r, folded);
        from_cell(&from, r, folded);
        buffer_printf(&action, "%s %s", actions[r->action], directions[r->direction]);
        buffer_add_string(&tail, "");
        tail_print(&tail, r, seconds_left);
        if (buffer_take(&to, &row.to) < 0 || buffer_take(&action, &row.action) < 0 ||
                buffer_take(&from, &row.from) < 0 || buffer_take(&tail, &row.tail) < 0) {
                rule_row_deinit(&row);
                return -ENOMEM;
        }
        *ret = row;
        return 0;
}

int rule_rows_print(const Rule *r, unsigned number, uint64_t seconds_left, char **ret)
{
        _cleanup_(rule_row_deinit) RuleRow row = { 0 };
        _cleanup_buffer_ Buffer b = { 0 };

        if (rule_row_make(r, seconds_left, false, &row) < 0)
                return -ENOMEM;
        if (number > 0)
                buffer_printf(&b, "[%2u] ", number);
        buffer_printf(&b, "%-26s %-12s%-26s%s", row.to, row.action, row.from, row.tail);
        return buffer_take(&b, ret);
}
