/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Addresses of a rule as ranges: literals, named sets, and the values of variables. */

#include "rules/address/prefixset.h"
#include "rules/address/rangeset.h"
#include "rules/address/timedset.h"
#include "rules/base/array.h"
#include "rules/compile/compilation.h"
#include "rules/policy/addressitem.h"
#include "rules/policy/addresslist.h"

#include <errno.h>

/* An address list without variables. nothing: it had some, and they hold nothing. */
typedef struct Expansion {
        AddressList list;
        bool nothing;
} Expansion;

static int expansion_add(Expansion *e, const AddressList *l, size_t *capacity)
{
        AddressList copy = { 0 };
        AddressItem *grown;

        if (address_list_copy(l, &copy) < 0)
                return -ENOMEM;
        if (e->list.n + copy.n > *capacity) {
                *capacity = 2 * (e->list.n + copy.n);
                grown = reallocarray(e->list.items, *capacity, sizeof(*grown));
                if (!grown) {
                        address_list_deinit(&copy);
                        return -ENOMEM;
                }
                e->list.items = grown;
        }
        if (copy.n > 0)
                memcpy(e->list.items + e->list.n, copy.items, copy.n * sizeof(*copy.items));
        e->list.n += copy.n;
        free(copy.items);
        return 0;
}

static int list_expand(Compilation *c, Scope *s, const AddressList *l, Site site, Expansion *ret)
{
        Expansion e = { 0 };
        size_t capacity = 0;
        const ScopeVar *v;
        int r = 0;

        /* more than a rule may hold is enough for the judge */
        for (size_t i = 0; i < l->n && r == 0 && e.list.n <= RULE_ADDRESSES_MAX; i++) {
                AddressList one = { l->items + i, 1 };

                if (l->items[i].kind != ADDRESS_VAR) {
                        r = expansion_add(&e, &one, &capacity);
                        continue;
                }
                r = scope_get_var(c, s, l->items[i].name, VAR_NETWORKS, site, &v);
                if (r == 0 && v->any) {
                        address_list_deinit(&e.list);
                        *ret = (Expansion){ 0 };
                        return 0;
                }
                if (r == 0)
                        r = compile_count_values(c, site, v->networks.n);
                if (r == 0)
                        r = expansion_add(&e, &v->networks, &capacity);
        }
        if (r < 0) {
                address_list_deinit(&e.list);
                return r;
        }
        e.nothing = e.list.n == 0 && l->n > 0;
        *ret = e;
        return 0;
}

bool address_list_has_vars(const AddressList *l)
{
        for (size_t i = 0; i < l->n; i++)
                if (l->items[i].kind == ADDRESS_VAR)
                        return true;
        return false;
}

static int list_resolve(Compilation *c, Scope *s, AddressList *l, Site site)
{
        Expansion e;
        int r;

        if (!address_list_has_vars(l))
                return 0;
        r = list_expand(c, s, l, site, &e);
        if (r < 0 || e.nothing)
                return r;
        address_list_deinit(l);
        *l = e.list;
        return 0;
}

static void match_set_deinit(MatchSet *s)
{
        range_set_unref(s->ranges);
        timed_set_unref(s->timed);
        *s = (MatchSet){ 0 };
}

static int match_add(Match *m, MatchSet s)
{
        if (array_grow(&m->sets, m->n, sizeof(*m->sets)) < 0) {
                match_set_deinit(&s);
                return -ENOMEM;
        }
        m->sets[m->n++] = s;
        return 0;
}

static int match_add_prefixes(Match *m, const Prefix *prefixes, size_t n)
{
        _cleanup_(prefix_set_unref_p) PrefixSet *set = NULL;
        MatchSet s = { 0 };

        if (prefix_set_new(prefixes, n, &set) < 0 || range_set_from_prefixes(set, &s.ranges) < 0)
                return -ENOMEM;
        return match_add(m, s);
}

static int match_add_set(Compilation *c, Match *m, const char *name, Site site)
{
        MatchSet s[2];
        bool known = false;
        int r;

        r = set_use(c, name, site, s);
        if (r < 0)
                return r;
        for (size_t i = 0; i < m->n; i++)
                known = known || m->sets[i].name == s[0].name;
        if (known)
                match_set_deinit(&s[0]);
        else
                r = match_add(m, s[0]);
        if (known || r < 0 || !s[1].name) {
                match_set_deinit(&s[1]);
                return r;
        }
        return match_add(m, s[1]);
}

/* Literals come first, as one alternative; remaining variables hold nothing. */
static int match_compile(Compilation *c, const AddressList *l, Site site, Match *ret)
{
        _cleanup_free_ Prefix *prefixes = NULL;
        size_t n = 0;
        int r;

        ret->any = l->n == 0;
        if (l->n == 0)
                return 0;
        prefixes = calloc(l->n, sizeof(*prefixes));
        if (!prefixes)
                return -ENOMEM;
        for (size_t i = 0; i < l->n; i++)
                if (l->items[i].kind == ADDRESS_PREFIX)
                        prefixes[n++] = l->items[i].prefix;
        if (n > 0 && match_add_prefixes(ret, prefixes, n) < 0)
                return -ENOMEM;
        for (size_t i = 0; i < l->n; i++) {
                if (l->items[i].kind != ADDRESS_SET)
                        continue;
                r = match_add_set(c, ret, l->items[i].name, site);
                if (r < 0)
                        return r;
        }
        return 0;
}

int match_resolve(Compilation *c, Scope *s, AddressList *l, Site site, Match *ret)
{
        int r = list_resolve(c, s, l, site);

        return r < 0 ? r : match_compile(c, l, site, ret);
}
