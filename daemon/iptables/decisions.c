/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/iptables/decisions.h"

#include "daemon/backend/decision_count.h"
#include "daemon/netlink/acct.h"
#include "rules/base/array.h"
#include "rules/iptables/extension.h"
#include "rules/iptables/statement.h"
#include "rules/ruleset/decision.h"

#include <errno.h>

static int name_compare(const void *a, const void *b)
{
        return strcmp(a, b);
}

/* ---- the objects of tables ---- */

typedef int (*CountHandler)(IptBackend *b, const IptStatement *s);

static int each_count(IptBackend *b, IptTable *const *tables, CountHandler f)
{
        int r = 0;

        for (size_t t = 0; t < IPT_FAMILIES; t++)
                for (size_t i = 0; tables[t] && i < tables[t]->n_statements && r >= 0; i++)
                        if (tables[t]->statements[i].kind == IPT_COUNT ||
                                tables[t]->statements[i].kind == IPT_COUNT_OLD)
                                r = f(b, &tables[t]->statements[i]);
        return r;
}

static bool is_named(const IptBackend *b, const char *name)
{
        return b->counts.n > 0 &&
               bsearch(name, b->counts.names, b->counts.n, sizeof(*b->counts.names), name_compare);
}

static int count_make(IptBackend *b, const IptStatement *s)
{
        char name[IPT_COUNT_NAME_MAX];

        ipt_count_name(s, name);
        return is_named(b, name) ? 0 : acct_make(&b->netlink, name);
}

int ipt_decisions_prepare(IptBackend *b, IptTable *const *tables, Diagnostics *d)
{
        int r = each_count(b, tables, count_make);

        if (r < 0)
                diagnostics_error(d, (Place){ 0 }, NULL,
                        "an object that counts connections (nfacct) cannot be made: %s",
                        strerrordesc_np(-r));
        return r;
}

static int count_note(IptBackend *b, const IptStatement *s)
{
        if (array_grow(&b->counts.names, b->counts.n, sizeof(*b->counts.names)) < 0)
                return -ENOMEM;
        ipt_count_name(s, b->counts.names[b->counts.n++]);
        return 0;
}

int ipt_decisions_note(IptBackend *b)
{
        int r;

        b->counts.n = 0;
        r = each_count(b, b->wanted, count_note);
        b->counts.are_all = r >= 0;
        if (b->counts.n > 0)
                qsort(b->counts.names, b->counts.n, sizeof(*b->counts.names), name_compare);
        return r;
}

static bool have_extension(const IptBackend *b, uint8_t revision)
{
        const IptExtension *e = ipt_extension_find("nfacct", revision, false);

        for (size_t f = 0; f < IPT_FAMILIES; f++)
                if (b->kernels[f].fd >= 0 && !ipt_kernel_has_extension(&b->kernels[f], e))
                        return false;
        return true;
}

void ipt_decisions_probe(IptBackend *b)
{
        uint64_t packets;
        int r = acct_take(&b->netlink, "p25", &packets);

        b->counts.has_old_objects = !have_extension(b, 1) && have_extension(b, 0);
        b->counts.has_objects =
                (r >= 0 || r == -ENOENT) && (b->counts.has_old_objects || have_extension(b, 1));
        if (!b->counts.has_objects)
                b->base.lack = "this kernel has no nfacct, so with iptables connections of a rule "
                               "beyond 10 a second, and those of the time in which p25d does not "
                               "run, have no event";
}

/* ---- taking ---- */

typedef struct Found {
        char name[IPT_COUNT_NAME_MAX];
        bool counted, stale;
} Found;

typedef struct Taking {
        const IptBackend *backend;
        Found *items;
        size_t n;
} Taking;

/* Notes objects that counted, or are not needed any more. */
static int object_note(void *data, const AcctCount *c)
{
        Taking *t = data;
        Found found = { .counted = c->packets > 0,
                .stale = t->backend->counts.are_all && !is_named(t->backend, c->name) };
        bool has_uid;
        Decision d;
        uint32_t uid;

        if (strlen(c->name) >= sizeof(found.name) ||
                !ipt_count_parse(c->name, &d, &has_uid, &uid) || (!found.counted && !found.stale))
                return 0;
        if (array_grow(&t->items, t->n, sizeof(Found)) < 0)
                return -ENOMEM;
        memcpy(found.name, c->name, strlen(c->name));
        t->items[t->n++] = found;
        return 0;
}

static int object_take(IptBackend *b, const Found *found, DecisionHandler f, void *data)
{
        DecisionCount c = { 0 };
        Decision d = { 0 };
        int r = acct_take(&b->netlink, found->name, &c.count);

        if (r == -ENOENT)
                return 0;
        if (r < 0)
                return r;
        (void)ipt_count_parse(found->name, &d, &c.has_uid, &c.uid);
        c.direction = d.direction;
        c.action = d.action;
        c.audit = d.audit;
        c.logged = d.logged;
        c.in_log = d.in_log;
        c.rule = d.rule;
        if (c.count > 0)
                f(data, &c);
        if (!found->stale)
                return 0;
        r = acct_delete(&b->netlink, found->name);
        return r == -EBUSY || r == -ENOENT ? 0 : r; /* a table that is not ours names it */
}

static int take_from_kernel(IptBackend *b, DecisionHandler f, void *data)
{
        Taking t = { .backend = b };
        int r;

        if (!b->counts.has_objects)
                return 0;
        r = acct_list(&b->netlink, object_note, &t);
        for (size_t i = 0; i < t.n && r >= 0; i++)
                r = object_take(b, &t.items[i], f, data);
        free(t.items);
        return r;
}

int ipt_decisions_take(IptBackend *b, DecisionHandler f, void *data)
{
        for (size_t i = 0; i < b->counts.n_kept; i++)
                f(data, &b->counts.kept[i]);
        b->counts.n_kept = 0;
        return take_from_kernel(b, f, data);
}

static void keep(void *data, const DecisionCount *c)
{
        IptBackend *b = data;

        if (array_grow(&b->counts.kept, b->counts.n_kept, sizeof(*c)) >= 0)
                b->counts.kept[b->counts.n_kept++] = *c;
}

void ipt_decisions_keep(IptBackend *b)
{
        b->counts.n = 0;
        b->counts.are_all = true;
        (void)take_from_kernel(b, keep, b);
}
