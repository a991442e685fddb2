/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Prints a difference: lines for people, objects for programs. Decides nothing.
 */

#include "rules/compare/difference_internal.h"

#include "rules/address/address.h"
#include "rules/address/prefixset.h"
#include "rules/address/ranges.h"
#include "rules/base/buffer.h"
#include "rules/base/json.h"
#include "rules/base/strv.h"
#include "rules/compare/difference.h"
#include "rules/compare/idnames.h"
#include "rules/ruleset/ruleset.h"

#include <errno.h>
#include <inttypes.h>

/* A line shows so many addresses; of more, how many there are and some. */
#define SHOWN_MAX 4
#define EXAMPLES_MAX 3
#define JSON_PREFIXES_MAX 100

/* "newly denied", "newly allowed", "limit changed", … */
static const char *difference_effect(const DifferenceItem *i)
{
        switch (i->after.action) {
        case ACTION_ALLOW:
                return "newly allowed";
        case ACTION_DENY:
                return "newly denied";
        case ACTION_REJECT:
                return "newly rejected";
        case ACTION_LIMIT:
                return i->before.action == ACTION_LIMIT ? "limit changed" : "newly limited";
        case _ACTION_MAX:
        case _ACTION_INVALID:
                break;
        }
        return "changed";
}

/* ---- addresses ---- */

/* The first prefixes of a set, and how many there are. */
typedef struct Prefixes {
        Buffer *b; /* NULL: only counted */
        Json *array;
        const char *between;
        size_t max, n;
} Prefixes;

static int prefix_take(const Prefix *prefix, void *data)
{
        Prefixes *p = data;
        char text[ADDRESS_TEXT_MAX];

        if (p->n++ >= p->max)
                return 0;
        if (p->b)
                buffer_printf(
                        p->b, "%s%s", p->n > 1 ? p->between : "", prefix_format(prefix, text));
        return 0;
}

static void prefixes_take(Prefixes *p, const RangeSet *s)
{
        (void)range_set_each_prefix(s, FAMILY_IPV4, prefix_take, p);
        (void)range_set_each_prefix(s, FAMILY_IPV6, prefix_take, p);
}

static size_t prefixes_count(const RangeSet *s)
{
        return range_set_count_prefixes(s, FAMILY_IPV4) + range_set_count_prefixes(s, FAMILY_IPV6);
}

/* A set of addresses as it is printed: itself, or what it leaves out of the item's families. */
typedef struct Addresses {
        RangeSet *ranges; /* a reference */
        bool except;
        size_t n;         /* prefixes */
        const char *name; /* of a named set that is the same; NULL: none */
} Addresses;

static const char *set_name(const Ruleset *r, const RangeSet *ranges)
{
        for (size_t i = 0; r && i < r->n_sets; i++)
                if (range_set_equal(r->sets[i].ranges, ranges))
                        return r->sets[i].name;
        return NULL;
}

static int addresses_make(
        const Difference *d, const DifferenceItem *i, RangeSet *ranges, Addresses *ret)
{
        _cleanup_(range_set_unref_p) RangeSet *rest = range_set_empty();
        Addresses a = { .n = prefixes_count(ranges) };
        size_t n_rest;

        if (!rest ||
                (i->ipv4 && range_set_append_difference(rest, FAMILY_IPV4, NULL, ranges, SIZE_MAX) <
                                    0) ||
                (i->ipv6 &&
                        range_set_append_difference(rest, FAMILY_IPV6, NULL, ranges, SIZE_MAX) < 0))
                return -ENOMEM;
        n_rest = prefixes_count(rest);
        a.except = 2 * n_rest <= a.n;
        if (a.except)
                a.n = n_rest;
        a.ranges = a.except ? TAKE_PTR(rest) : range_set_ref(ranges);
        a.name = set_name(d->after, a.ranges) ?: set_name(d->before, a.ranges);
        *ret = a;
        return 0;
}

static void addresses_deinit(Addresses *a)
{
        range_set_unref(a->ranges);
}

static void addresses_print(const Addresses *a, const char *word, Buffer *b)
{
        Prefixes p = { .b = b, .between = ",", .max = SHOWN_MAX };

        buffer_printf(b, " %s %s", word, a->except ? "anywhere but " : "");
        if (a->name)
                buffer_printf(b, "@%s (", a->name);
        if (a->n > SHOWN_MAX) {
                buffer_printf(b, "%zu prefixes%s", a->n, a->name ? ": " : " (");
                p.max = EXAMPLES_MAX;
                p.between = ", ";
        }
        prefixes_take(&p, a->ranges);
        if (a->n > SHOWN_MAX)
                buffer_add_string(b, ", ...");
        if (a->name || a->n > SHOWN_MAX)
                buffer_add_char(b, ')');
}

/* ---- lines ---- */

typedef struct LinePrinter {
        const Difference *difference;
        const IdNames *ids;
        Buffer *b;
        bool placed;   /* it says where from or where to, or whose */
        bool families; /* addresses on the line show the family */
} LinePrinter;

static int line_addresses(
        LinePrinter *p, const DifferenceItem *i, const char *word, RangeSet *ranges)
{
        _cleanup_(addresses_deinit) Addresses a = { 0 };

        if (!ranges)
                return 0;
        if (addresses_make(p->difference, i, ranges, &a) < 0)
                return -ENOMEM;
        addresses_print(&a, word, p->b);
        p->placed = true;
        p->families |= !a.except;
        return 0;
}

static void line_names(
        LinePrinter *p, const char *word, const char *const *names, size_t n, bool except)
{
        buffer_printf(p->b, " %s %s", word, except ? "other than " : "");
        for (size_t i = 0; i < n; i++)
                buffer_printf(p->b, "%s%s", i > 0 ? "," : "", names[i]);
}

static int id_name(int (*ask)(void *, uint32_t, char **), void *data, uint32_t id, char **ret)
{
        _cleanup_buffer_ Buffer number = { 0 };

        *ret = NULL;
        if (ask && ask(data, id, ret) < 0)
                return -ENOMEM;
        if (*ret)
                return 0;
        buffer_printf(&number, "%" PRIu32, id);
        return buffer_take(&number, ret);
}

typedef struct IdWords {
        const char *word;
        int (*ask)(void *data, uint32_t id, char **ret);
        void *data;
} IdWords;

static int ids_names(const IdWords *w, const DifferenceIds *ids, char ***ret)
{
        _cleanup_strv_ char **names = NULL;
        size_t n = ids->n;

        names = calloc(n + 1, sizeof(*names));
        if (!names)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++)
                if (id_name(w->ask, w->data, ids->ids[i], &names[i]) < 0)
                        return -ENOMEM;
        *ret = TAKE_PTR(names);
        return 0;
}

static IdWords user_words(const IdNames *n)
{
        return (IdWords){ "user", n ? n->user : NULL, n ? n->data : NULL };
}

static IdWords group_words(const IdNames *n)
{
        return (IdWords){ "group", n ? n->group : NULL, n ? n->data : NULL };
}

static int line_ids(LinePrinter *p, IdWords w, const DifferenceIds *ids)
{
        _cleanup_strv_ char **names = NULL;

        if (!ids->stated)
                return 0;
        if (ids_names(&w, ids, &names) < 0)
                return -ENOMEM;
        line_names(p, w.word, (const char *const *)names, ids->n, ids->except);
        p->placed = true;
        return 0;
}

static void line_interface(LinePrinter *p, const char *word, const DifferenceNames *n)
{
        if (n->stated)
                line_names(p, word, n->names, n->n, n->except);
}

static void limit_print(const Limit *l, Buffer *b)
{
        const char *between = "";

        if (l->rate > 0) {
                buffer_printf(b, "rate %" PRIu32 "/%s burst %" PRIu32, l->rate,
                        limit_unit_to_string(l->unit_sec), l->burst);
                between = " ";
        }
        if (l->open > 0)
                buffer_printf(b, "%smax %" PRIu32, between, l->open);
}

/* Details that the effect leaves out: numbers, and the former verdict unless it was plain allow. */
static void line_verdicts(LinePrinter *p, const DifferenceItem *i)
{
        bool limit = i->after.action == ACTION_LIMIT;

        if (!limit && i->before.action == ACTION_ALLOW)
                return;
        buffer_add_string(p->b, " (");
        if (limit)
                limit_print(&i->after.limit, p->b);
        if (i->before.action != ACTION_ALLOW) {
                buffer_printf(p->b, "%swas %s", limit ? ", " : "",
                        limit && i->before.action == ACTION_LIMIT
                                ? ""
                                : action_to_string(i->before.action));
                if (i->before.action == ACTION_LIMIT) {
                        buffer_add_string(p->b, limit ? "" : " ");
                        limit_print(&i->before.limit, p->b);
                }
        }
        buffer_add_char(p->b, ')');
}

static int line_print(LinePrinter *p, const DifferenceItem *i)
{
        buffer_printf(p->b, "%s: %s", difference_effect(i), direction_to_string(i->direction));
        for (size_t k = 0; k < i->ports.n; k++)
                buffer_printf(p->b, "%c%u", k > 0 ? ',' : ' ', i->ports.items[k]);
        buffer_add_string(p->b, "/tcp");
        line_interface(p, "on", &i->interface);
        line_interface(p, "in on", &i->in_interface);
        line_interface(p, "out on", &i->out_interface);
        if (line_addresses(p, i, "from", i->from) < 0 || line_addresses(p, i, "to", i->to) < 0 ||
                line_ids(p, user_words(p->ids), &i->user) < 0 ||
                line_ids(p, group_words(p->ids), &i->group) < 0)
                return -ENOMEM;
        if (i->unit.stated)
                line_names(p, "unit", i->unit.names, i->unit.n, i->unit.except);
        for (size_t k = 0; k < i->n_inside; k++)
                buffer_printf(p->b, " unit %s", i->inside[k]);
        for (size_t k = 0; k < i->n_outside; k++)
                buffer_printf(p->b, " unit outside %s", i->outside[k]);
        p->placed |= i->unit.stated || i->n_inside > 0 || i->n_outside > 0;
        if (!p->placed)
                buffer_printf(p->b, " %s anywhere", i->direction == DIRECTION_IN ? "from" : "to");
        if (i->ipv4 != i->ipv6 && !p->families)
                buffer_printf(p->b, ", %s only", i->ipv4 ? "IPv4" : "IPv6");
        line_verdicts(p, i);
        return 0;
}

static int lines_end(const Difference *d, size_t n, char ***lines)
{
        _cleanup_buffer_ Buffer b = { 0 };
        char *text;

        if (!d->complete)
                buffer_printf(&b, "and more than %zu other differences", d->n - n);
        else if (n < d->n)
                buffer_printf(&b, "and %zu other difference%s", d->n - n, d->n - n == 1 ? "" : "s");
        else
                return 0;
        return buffer_take(&b, &text) < 0 ? -ENOMEM : strv_consume(lines, text);
}

int difference_print(const Difference *d, const IdNames *ids, size_t max, char ***ret)
{
        _cleanup_strv_ char **lines = NULL;
        size_t n = max > 0 && max < d->n ? max : d->n;

        for (size_t i = 0; i < n; i++) {
                _cleanup_buffer_ Buffer b = { 0 };
                LinePrinter p = { .difference = d, .ids = ids, .b = &b };
                char *text;

                if (line_print(&p, d->items + i) < 0 || buffer_take(&b, &text) < 0 ||
                        strv_consume(&lines, text) < 0)
                        return -ENOMEM;
        }
        if (lines_end(d, n, &lines) < 0)
                return -ENOMEM;
        *ret = TAKE_PTR(lines);
        return 0;
}
