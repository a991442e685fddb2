/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the items of a difference: regions with their numbers turned into names again, joined where
 * one line can say what two would.
 */

#include "rules/compare/difference_internal.h"

#include "rules/address/prefixset.h"
#include "rules/address/ranges.h"
#include "rules/address/wide.h"
#include "rules/base/array.h"
#include "rules/base/strv.h"
#include "rules/compare/difference.h"
#include "rules/compare/space.h"

#include <errno.h>

/* Joining compares all with all, which takes too long for thousands. */
#define JOIN_MAX 300

static void names_deinit(DifferenceNames *n)
{
        free(n->names);
}

static void difference_item_deinit(DifferenceItem *i)
{
        range_set_unref(i->from);
        range_set_unref(i->to);
        names_deinit(&i->interface);
        names_deinit(&i->in_interface);
        names_deinit(&i->out_interface);
        names_deinit(&i->unit);
        free(i->user.ids);
        free(i->group.ids);
        free(i->inside);
        free(i->outside);
        *i = (DifferenceItem){ 0 };
}

Difference *difference_free(Difference *d)
{
        if (!d)
                return NULL;
        for (size_t i = 0; i < d->n; i++)
                difference_item_deinit(d->items + i);
        free(d->items);
        free(d);
        return NULL;
}

int difference_add(Difference *d, DifferenceItem *item)
{
        if (array_grow(&d->items, d->n, sizeof(*d->items)) < 0) {
                difference_item_deinit(item);
                return -ENOMEM;
        }
        d->items[d->n++] = *item;
        *item = (DifferenceItem){ 0 };
        return 0;
}

/* ---- making ---- */

/* The numbers that a region names on an axis, or, of one that goes on to the end of the axis, those
 * that it leaves out. */
static int numbers_collect(const RangeSet *at, bool *ret_except, SpaceNumbers *ret)
{
        size_t n = range_count(at, FAMILY_IPV4);
        uint64_t hole = 0;

        *ret_except = n > 0 && range4_at(at, n - 1)->last == UINT32_MAX;
        for (size_t i = 0; i < n; i++) {
                const Range4 *r = range4_at(at, i);
                uint64_t first = *ret_except ? hole : r->first;
                uint64_t end = *ret_except ? r->first : r->last + UINT64_C(1);

                for (; first < end; first++)
                        if (space_numbers_add(ret, (uint32_t)first) < 0)
                                return -ENOMEM;
                hole = r->last + UINT64_C(1);
        }
        return 0;
}

static int ids_make(const RangeSet *at, DifferenceIds *ret)
{
        _cleanup_(space_numbers_deinit) SpaceNumbers n = { 0 };

        if (!at)
                return 0;
        if (numbers_collect(at, &ret->except, &n) < 0)
                return -ENOMEM;
        ret->stated = true;
        ret->n = n.n;
        ret->ids = TAKE_PTR(n.items);
        return 0;
}

static int names_make(const RangeSet *at, const SpaceNames *names, DifferenceNames *ret)
{
        _cleanup_(space_numbers_deinit) SpaceNumbers n = { 0 };

        if (!at)
                return 0;
        if (numbers_collect(at, &ret->except, &n) < 0)
                return -ENOMEM;
        ret->stated = true;
        ret->names = calloc(n.n + 1, sizeof(*ret->names));
        if (!ret->names)
                return -ENOMEM;
        for (size_t i = 0; i < n.n; i++)
                if (n.items[i] < names->n)
                        ret->names[ret->n++] = names->items[n.items[i]];
        qsort(ret->names, ret->n, sizeof(*ret->names), string_compare);
        return 0;
}

static int slices_make(const Space *s, const SpaceRegion *r, DifferenceItem *ret)
{
        ret->inside = calloc(s->slices.n + 1, sizeof(*ret->inside));
        ret->outside = calloc(s->slices.n + 1, sizeof(*ret->outside));
        if (!ret->inside || !ret->outside)
                return -ENOMEM;
        for (size_t i = 0; i < s->slices.n; i++) {
                if (r->slices[i] == SLICE_IN)
                        ret->inside[ret->n_inside++] = s->slices.items[i];
                if (r->slices[i] == SLICE_OUT)
                        ret->outside[ret->n_outside++] = s->slices.items[i];
        }
        return 0;
}

int difference_item_fill(const Space *s, SpaceRegion *region, DifferenceItem *i)
{
        if (ids_make(region->at[AXIS_USER], &i->user) < 0 ||
                ids_make(region->at[AXIS_GROUP], &i->group) < 0 ||
                names_make(region->at[AXIS_INTERFACE], &s->interfaces, &i->interface) < 0 ||
                names_make(region->at[AXIS_IN_INTERFACE], &s->interfaces, &i->in_interface) < 0 ||
                names_make(region->at[AXIS_OUT_INTERFACE], &s->interfaces, &i->out_interface) < 0 ||
                names_make(region->at[AXIS_UNIT], &s->units, &i->unit) < 0 ||
                slices_make(s, region, i) < 0) {
                difference_item_deinit(i);
                return -ENOMEM;
        }
        i->from = TAKE_PTR(region->at[AXIS_FROM]);
        i->to = TAKE_PTR(region->at[AXIS_TO]);
        return 0;
}

/* ---- joining ---- */

static bool ids_equal(const DifferenceIds *a, const DifferenceIds *b)
{
        return a->stated == b->stated && a->except == b->except && a->n == b->n &&
               (a->n == 0 || memcmp(a->ids, b->ids, a->n * sizeof(*a->ids)) == 0);
}

static bool strings_equal(const char *const *a, size_t n_a, const char *const *b, size_t n_b)
{
        if (n_a != n_b)
                return false;
        for (size_t i = 0; i < n_a; i++)
                if (!streq(a[i], b[i]))
                        return false;
        return true;
}

static bool names_equal(const DifferenceNames *a, const DifferenceNames *b)
{
        return a->stated == b->stated && a->except == b->except &&
               strings_equal(a->names, a->n, b->names, b->n);
}

static bool verdict_equal(const DifferenceVerdict *a, const DifferenceVerdict *b)
{
        return a->action == b->action && a->limit.rate == b->limit.rate &&
               a->limit.unit_sec == b->limit.unit_sec && a->limit.burst == b->limit.burst &&
               a->limit.open == b->limit.open;
}

/* The same but for ports and addresses? */
static bool items_agree(const DifferenceItem *a, const DifferenceItem *b)
{
        return a->direction == b->direction && verdict_equal(&a->before, &b->before) &&
               verdict_equal(&a->after, &b->after) && ids_equal(&a->user, &b->user) &&
               ids_equal(&a->group, &b->group) && names_equal(&a->interface, &b->interface) &&
               names_equal(&a->in_interface, &b->in_interface) &&
               names_equal(&a->out_interface, &b->out_interface) &&
               names_equal(&a->unit, &b->unit) &&
               strings_equal(a->inside, a->n_inside, b->inside, b->n_inside) &&
               strings_equal(a->outside, a->n_outside, b->outside, b->n_outside);
}

static void items_remove(Difference *d, size_t index)
{
        difference_item_deinit(d->items + index);
        array_remove(&d->items, &d->n, sizeof(*d->items), index);
}

/* The addresses of an IPv4 region and of an IPv6 one; either may be anywhere. */
static int addresses_join(RangeSet **v4, RangeSet *v6)
{
        static const Family families[] = { FAMILY_IPV4, FAMILY_IPV6 };
        _cleanup_(range_set_unref_p) RangeSet *joined = NULL;
        RangeSet *parts[] = { *v4, v6 };

        if (!*v4 && !v6)
                return 0;
        joined = range_set_empty();
        if (!joined)
                return -ENOMEM;
        for (size_t k = 0; k < ELEMENTS(parts); k++) {
                Family f = families[k];

                if (!parts[k] && range_set_append(joined, f, (Wide){ 0 }, range_end(f)) < 0)
                        return -ENOMEM;
                for (size_t i = 0; parts[k] && i < range_count(parts[k], f); i++)
                        if (range_set_append(joined, f, range_first(parts[k], f, i),
                                    range_last(parts[k], f, i)) < 0)
                                return -ENOMEM;
        }
        range_set_unref(*v4);
        *v4 = TAKE_PTR(joined);
        return 0;
}

/* The similarity of an IPv4 and an IPv6 region; 0: none. Of two that differ both in sources and in
 * destinations one line would say less than two. */
static unsigned family_likeness(const DifferenceItem *a, const DifferenceItem *b)
{
        unsigned alike = (!a->from == !b->from) + (!a->to == !b->to);

        return a->ipv4 && !a->ipv6 && b->ipv6 && !b->ipv4 && items_agree(a, b) ? alike : 0;
}

int difference_join_families(Difference *d, size_t first)
{
        if (d->n - first > JOIN_MAX)
                return 0;
        for (unsigned wanted = 2; wanted > 0; wanted--)
                for (size_t i = first; i < d->n; i++)
                        for (size_t j = first; j < d->n; j++) {
                                DifferenceItem *a = d->items + i, *b = d->items + j;

                                if (family_likeness(a, b) < wanted)
                                        continue;
                                if (addresses_join(&a->from, b->from) < 0 ||
                                        addresses_join(&a->to, b->to) < 0)
                                        return -ENOMEM;
                                a->ipv6 = true;
                                items_remove(d, j);
                                i -= j < i;
                                break;
                        }
        return 0;
}

static bool addresses_equal(const RangeSet *a, const RangeSet *b)
{
        return a == b || (a && b && range_set_equal(a, b));
}

static bool ports_join(Ports *a, const Ports *b)
{
        Ports joined = *a;

        for (size_t i = 0; i < b->n; i++)
                if (ports_add(&joined, b->items[i]) < 0)
                        return false;
        *a = joined;
        return true;
}

int difference_join_ports(Difference *d, size_t first)
{
        if (d->n - first > JOIN_MAX)
                return 0;
        for (size_t i = first; i < d->n; i++)
                for (size_t j = i + 1; j < d->n;) {
                        DifferenceItem *a = d->items + i, *b = d->items + j;

                        if (a->ipv4 == b->ipv4 && a->ipv6 == b->ipv6 && items_agree(a, b) &&
                                addresses_equal(a->from, b->from) &&
                                addresses_equal(a->to, b->to) && ports_join(&a->ports, &b->ports))
                                items_remove(d, j);
                        else
                                j++;
                }
        return 0;
}

/* ---- order ---- */

/* Connections that are cut come first. */
static int verdict_order(const DifferenceVerdict *v)
{
        static const int order[_ACTION_MAX] = {
                [ACTION_DENY] = 0, [ACTION_REJECT] = 1, [ACTION_LIMIT] = 2, [ACTION_ALLOW] = 3
        };

        return order[v->action];
}

static int compare_items(const void *a, const void *b)
{
        const DifferenceItem *x = a, *y = b;

        if (x->direction != y->direction)
                return (int)x->direction - (int)y->direction;
        if (x->after.action != y->after.action)
                return verdict_order(&x->after) - verdict_order(&y->after);
        if (x->before.action != y->before.action)
                return (int)x->before.action - (int)y->before.action;
        return (int)x->ports.items[0] - (int)y->ports.items[0];
}

/* Keeps the order of those that compare equal, so that the output is the same everywhere. */
void difference_sort(Difference *d)
{
        for (size_t i = 1; i < d->n; i++) {
                DifferenceItem item = d->items[i];
                size_t j = i;

                for (; j > 0 && compare_items(d->items + j - 1, &item) > 0; j--)
                        d->items[j] = d->items[j - 1];
                d->items[j] = item;
        }
}
