/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Brings a ruleset into two tables: first everything that may fail without the kernel, then the
 * lock, then one commit a family. If the second fails the first is put back as it was.
 */

#include "daemon/iptables/apply.h"

#include "daemon/backend/rule_counter.h"
#include "daemon/iptables/decisions.h"
#include "daemon/iptables/image.h"
#include "daemon/iptables/install.h"
#include "daemon/iptables/monitor.h"
#include "rules/base/array.h"
#include "rules/iptables/extension.h"
#include "rules/iptables/statement.h"
#include "rules/policy/settings.h"
#include "rules/ruleset/ruleset.h"

#include <errno.h>
#include <unistd.h>

static const Family families[IPT_FAMILIES] = { FAMILY_IPV4, FAMILY_IPV6 };

static const char *family_name(size_t f)
{
        return f == 0 ? "IPv4" : "IPv6";
}

/* ---- making ready ---- */

/* The tables that are about to replace the installed ones. */
typedef struct Plan {
        IptTable *tables[IPT_FAMILIES];
        IptImage images[IPT_FAMILIES];
} Plan;

static void plan_deinit(Plan *p)
{
        for (size_t f = 0; f < IPT_FAMILIES; f++) {
                ipt_table_free(p->tables[f]);
                ipt_image_deinit(&p->images[f]);
        }
}

typedef struct ExtensionCheck {
        const IptKernel *kernel;
        Diagnostics *diagnostics;
} ExtensionCheck;

static int extension_check(const IptExtension *e, void *data)
{
        ExtensionCheck *c = data;

        if (ipt_kernel_has_extension(c->kernel, e))
                return 0;
        diagnostics_error(c->diagnostics, (Place){ 0 }, NULL,
                "this kernel's iptables has no %s %s (revision %u), which the policy needs",
                e->target ? "target" : "match", e->name, e->revision);
        return -EOPNOTSUPP;
}

static bool has_ends(const Ruleset *r)
{
        for (size_t i = 0; i < r->n_sets; i++)
                if (r->sets[i].timed)
                        return true;
        return false;
}

static int refuse_ends(Diagnostics *d)
{
        diagnostics_error(d, (Place){ 0 }, NULL,
                "this kernel has no sets (ipset), which entries that end need with the iptables "
                "backend");
        return -EOPNOTSUPP;
}

static int plan_table(IptBackend *b, const Ruleset *r, size_t f, Diagnostics *d, Plan *p)
{
        ExtensionCheck c = { &b->kernels[f], d };
        IptOptions o = { .family = families[f],
                .locals = b->locals.ranges,
                .chains_max = b->chains_max,
                .bridges = b->locals.bridges,
                .cut = true,
                .cut_local = b->cut_local,
                .counts = b->counts.wanted,
                .has_count_objects = b->counts.has_objects,
                .has_old_count_objects = b->counts.has_old_objects };
        int k;

        if (b->kernels[f].fd < 0)
                return 0;
        k = ipt_table_new(r, &o, d, &p->tables[f]);
        if (k >= 0 && p->tables[f]->n_sets > 0 && !ipt_sets_are_there(&b->sets)) {
                p->tables[f] = ipt_table_free(p->tables[f]);
                o.chains_max = 0;
                if (has_ends(r))
                        return refuse_ends(d);
                k = ipt_table_new(r, &o, d, &p->tables[f]);
        }
        if (k == -E2BIG)
                diagnostics_error(d, (Place){ 0 }, NULL, "a list is too long for chains");
        if (k == -ENOMEM)
                diagnostics_error(d, (Place){ 0 }, NULL, "out of memory");
        return k < 0 ? k : ipt_table_each_extension(p->tables[f], extension_check, &c);
}

static int plan_tables(IptBackend *b, const Ruleset *r, Diagnostics *d, Plan *p)
{
        int k = ipt_locals_read(&b->locals);

        /* a lockdown comes into force whatever the policy is */
        if (r->attribution == ATTRIBUTION_PROCESS && !r->lockdown) {
                diagnostics_error(d, (Place){ 0 }, "attribution", "%s",
                        attribution_beyond_iptables(ATTRIBUTION_PROCESS));
                return -EOPNOTSUPP;
        }
        if (k < 0)
                diagnostics_error(d, (Place){ 0 }, NULL,
                        "the addresses of this host cannot be read: %s", strerrordesc_np(-k));
        for (size_t f = 0; f < IPT_FAMILIES && k >= 0; f++)
                k = plan_table(b, r, f, d, p);
        return k < 0 ? k : 0;
}

typedef struct SetIndex {
        const IptBackend *backend;
        Family family;
        bool similar;
} SetIndex;

static int set_index(void *data, const IptSet *set, uint16_t *ret)
{
        const SetIndex *s = data;
        const char *name = ipt_sets_name(&s->backend->sets, s->family, set, s->similar);

        return name ? ipt_kernel_set_index(&s->backend->kernels[0], name, ret) : -ENOENT;
}

static int plan_images(IptBackend *b, Plan *p, bool similar)
{
        int r = 0;

        for (size_t f = 0; f < IPT_FAMILIES && r >= 0; f++) {
                SetIndex s = { b, families[f], similar };

                ipt_image_deinit(&p->images[f]);
                if (p->tables[f])
                        r = ipt_image_from_table(p->tables[f], set_index, &s, &p->images[f]);
        }
        return r;
}

/* ---- units ---- */

/* The kernel binds a path to the cgroup that is there at the commit: one that was
 * created again has the same path. */
static bool units_differ(const IptTable *a, const IptTable *b)
{
        size_t i = 0, k = 0;

        for (;;) {
                while (a && i < a->n_statements && a->statements[i].kind != IPT_UNIT)
                        i++;
                while (b && k < b->n_statements && b->statements[k].kind != IPT_UNIT)
                        k++;
                if (!a || i == a->n_statements)
                        return b && k < b->n_statements;
                if (!b || k == b->n_statements)
                        return true;
                if (a->statements[i++].cgroup != b->statements[k++].cgroup)
                        return true;
        }
}

/* ---- committing ---- */

/* Families from `end` down are put back to what they were. */
static void put_back(size_t end, const IptInstalled *installed, const bool *changed, Diagnostics *d)
{
        for (size_t f = 0; f < end; f++) {
                const IptImage *before = &installed[f].before;
                int r;

                if (!changed[f])
                        continue;
                r = ipt_table_install(families[f], before, before, true, NULL, NULL);
                if (r < 0)
                        diagnostics_error(d, (Place){ 0 }, NULL,
                                "%s could not be put back to the former policy: %s", family_name(f),
                                strerrordesc_np(-r));
                else
                        diagnostics_error(d, (Place){ 0 }, NULL,
                                "%s was put back to the former policy", family_name(f));
        }
}

/* The state that the commit of each family found and left. */
typedef struct Committed {
        IptInstalled families[IPT_FAMILIES];
} Committed;

static void committed_deinit(Committed *c)
{
        for (size_t f = 0; f < IPT_FAMILIES; f++)
                ipt_installed_deinit(&c->families[f]);
}

static int commit(IptBackend *b, const IptImage *images, IptTable *const *tables, Committed *ret,
        Diagnostics *d)
{
        bool changed[IPT_FAMILIES] = { false };
        int r = 0;

        for (size_t f = 0; f < IPT_FAMILIES && r >= 0; f++) {
                bool force = tables && units_differ(tables[f], b->wanted[f]);

                if (b->kernels[f].fd < 0 || (!images && !ipt_kernel_has_table(&b->kernels[f])))
                        continue;
                r = ipt_table_install(families[f], images ? &images[f] : NULL, &b->installed[f],
                        force, &ret->families[f], d);
                changed[f] = r > 0;
                if (r < 0)
                        put_back(f, ret->families, changed, d);
        }
        return r < 0 ? r : 0;
}

/* Ascending by id, each once; the counts are added up. */
static size_t counters_sort(RuleCounter *counters, size_t n)
{
        size_t unique = 0;

        qsort(counters, n, sizeof(RuleCounter), number_compare);
        for (size_t i = 0; i < n; i++) {
                if (unique == 0 || counters[unique - 1].id != counters[i].id) {
                        counters[unique++] = counters[i];
                        continue;
                }
                counters[unique - 1].packets += counters[i].packets;
                counters[unique - 1].bytes += counters[i].bytes;
        }
        return unique;
}

/* The counters of a table, ascending. */
typedef struct Counters {
        RuleCounter *items;
        size_t n;
} Counters;

static void counters_deinit(Counters *c)
{
        free(c->items);
}

/* All zero. */
static int counters_list(const IptTable *t, Counters *ret)
{
        ret->items = calloc(t->n_counters + 1, sizeof(RuleCounter));
        if (!ret->items)
                return -ENOMEM;
        for (size_t i = 0; i < t->n_counters; i++)
                ret->items[i].id = t->counters[i];
        ret->n = t->n_counters;
        return 0;
}

static void counters_add(uint64_t id, uint64_t packets, uint64_t bytes, void *data)
{
        Counters *all = data;
        RuleCounter *c = bsearch(&id, all->items, all->n, sizeof(RuleCounter), number_compare);

        if (!c)
                return;
        c->packets += packets;
        c->bytes += bytes;
}

static int count_family(IptBackend *b, size_t f)
{
        _cleanup_(counters_deinit) Counters counters = { 0 };
        int r = counters_list(b->wanted[f], &counters);

        if (r >= 0)
                r = ipt_kernel_count(&b->kernels[f], counters_add, &counters);
        if (r < 0 && r != -ENOENT) /* where the whole table is gone nothing counts */
                return r;
        return totals_read(&b->totals[f], counters.items, counters.n);
}

/* The commit has read what the entries had counted, and carried it over. */
static int count_committed(IptBackend *b, size_t f, const IptImage *before)
{
        _cleanup_(counters_deinit) Counters counters = { 0 };
        int r = counters_list(b->wanted[f], &counters);

        for (size_t i = 0; i < before->n_entries && r >= 0; i++) {
                const ImageEntry *e = &before->entries[i];

                if (e->has_id)
                        counters_add(e->id, e->packets, e->bytes, &counters);
        }
        return r < 0 ? r : totals_read(&b->totals[f], counters.items, counters.n);
}

/* The present table was left there by us. */
static void note_hash(IptBackend *b, size_t f, bool exactly)
{
        _cleanup_image_ IptImage image = { 0 };

        if (!exactly && ipt_kernel_read(&b->kernels[f], &image) >= 0)
                b->hashes[f] = ipt_image_hash(&image);
        else
                b->hashes[f] = ipt_image_hash(&b->installed[f]);
}

int ipt_counters(const IptBackend *b, RuleCounter **ret, size_t *ret_n)
{
        _cleanup_free_ RuleCounter *v4 = NULL, *v6 = NULL;
        RuleCounter *all;
        size_t n4, n6;

        if (totals_get(&b->totals[0], &v4, &n4) < 0 || totals_get(&b->totals[1], &v6, &n6) < 0)
                return -ENOMEM;
        all = calloc(n4 + n6 + 1, sizeof(RuleCounter));
        if (!all)
                return -ENOMEM;
        memcpy(all, v4, n4 * sizeof(RuleCounter));
        memcpy(all + n4, v6, n6 * sizeof(RuleCounter));
        *ret = all;
        *ret_n = counters_sort(all, n4 + n6);
        return 0;
}

int ipt_count(IptBackend *b)
{
        int r = 0;

        for (size_t f = 0; f < IPT_FAMILIES && r >= 0; f++)
                if (b->wanted[f])
                        r = count_family(b, f);
        return r;
}

static void plan_keep(IptBackend *b, Plan *p)
{
        for (size_t f = 0; f < IPT_FAMILIES; f++) {
                ipt_table_free(b->wanted[f]);
                b->wanted[f] = TAKE_PTR(p->tables[f]);
                ipt_image_deinit(&b->installed[f]);
                b->installed[f] = TAKE_STRUCT(p->images[f]);
        }
        (void)ipt_decisions_note(b);
}

/* The plan is what is in the kernel now. */
static void plan_take(IptBackend *b, Plan *p, const Committed *c)
{
        plan_keep(b, p);
        b->intact = true;
        for (size_t f = 0; f < IPT_FAMILIES; f++)
                if (b->wanted[f]) {
                        (void)count_committed(b, f, &c->families[f].before);
                        note_hash(b, f, c->families[f].exactly);
                }
        ipt_monitor_update(b);
}

/* An entry more or less in a long list, and nothing else: no table needs to be touched. */
static bool edit_set(IptBackend *b, Plan *p)
{
        if (b->sets.n == 0 || !b->intact || plan_images(b, p, true) < 0)
                return false;
        for (size_t f = 0; f < IPT_FAMILIES; f++)
                if (!p->tables[f] != !b->wanted[f] || units_differ(p->tables[f], b->wanted[f]) ||
                        ipt_image_hash(&p->images[f]) != ipt_image_hash(&b->installed[f]))
                        return false;
        return ipt_sets_edit(&b->sets, p->tables, IPT_FAMILIES) >= 0;
}

/* ---- the ways in ---- */

int ipt_check(IptBackend *b, const Ruleset *r, Diagnostics *d)
{
        _cleanup_(plan_deinit) Plan p = { 0 };

        return plan_tables(b, r, d, &p);
}

/* Under the lock: everything else is ready. */
static int commit_plan(IptBackend *b, Plan *p, Diagnostics *d)
{
        _cleanup_(committed_deinit) Committed c = { 0 };
        bool held = b->lock.held;
        int r = ipt_lock(&b->lock, 0, d);

        if (r >= 0)
                r = commit(b, p->images, p->tables, &c, d);
        if (r >= 0)
                plan_take(b, p, &c);
        if (!held)
                ipt_unlock(&b->lock);
        return r;
}

int ipt_apply(IptBackend *b, const Ruleset *r, Diagnostics *d)
{
        _cleanup_(plan_deinit) Plan p = { 0 };
        int k;

        k = plan_tables(b, r, d, &p);
        if (k < 0)
                return k;
        if (edit_set(b, &p)) {
                plan_keep(b, &p);
                return 0;
        }
        k = ipt_sets_prepare(&b->sets, p.tables, IPT_FAMILIES, d);
        if (k >= 0)
                k = ipt_decisions_prepare(b, p.tables, d);
        if (k >= 0)
                k = plan_images(b, &p, false);
        if (k >= 0)
                k = commit_plan(b, &p, d);
        ipt_sets_collect(&b->sets, k >= 0);
        return k;
}

int ipt_apply_again(IptBackend *b)
{
        _cleanup_(committed_deinit) Committed c = { 0 };
        Plan p = { 0 };
        int r = 0;

        for (size_t f = 0; f < IPT_FAMILIES && r >= 0; f++)
                if (b->wanted[f])
                        r = ipt_table_set_host(b->wanted[f], b->locals.ranges, b->locals.bridges);
        if (r < 0)
                return r;
        r = ipt_lock(&b->lock, 0, NULL);
        if (r < 0)
                return r;
        memcpy(p.tables, b->wanted, sizeof(p.tables));
        r = ipt_sets_prepare(&b->sets, p.tables, IPT_FAMILIES, NULL);
        b->counts.n = 0; /* another program may have removed what is not in use */
        if (r >= 0)
                r = ipt_decisions_prepare(b, p.tables, NULL);
        if (r >= 0)
                r = plan_images(b, &p, false);
        if (r >= 0)
                r = commit(b, p.images, p.tables, &c, NULL);
        if (r >= 0) {
                memset(b->wanted, 0, sizeof(b->wanted)); /* the plan's tables are the same */
                plan_take(b, &p, &c);
        } else {
                memset(p.tables, 0, sizeof(p.tables));
                b->intact = false;
        }
        ipt_unlock(&b->lock);
        ipt_sets_collect(&b->sets, r >= 0);
        plan_deinit(&p);
        return r;
}

/* Takes no lock. */
bool ipt_is_there(const IptBackend *b)
{
        for (size_t f = 0; f < IPT_FAMILIES; f++) {
                _cleanup_image_ IptImage image = { 0 };
                int r;

                if (b->kernels[f].fd < 0)
                        continue;
                r = ipt_kernel_read(&b->kernels[f], &image);
                if (r < 0 ? r != -ENOENT : !ipt_image_is_empty(&image))
                        return true;
        }
        return false;
}

int ipt_apply_remove(IptBackend *b, Diagnostics *d)
{
        _cleanup_(committed_deinit) Committed c = { 0 };
        bool held = b->lock.held;
        int r = 0;

        if (ipt_is_there(b)) {
                r = ipt_lock(&b->lock, 0, d);
                if (r >= 0)
                        r = commit(b, NULL, NULL, &c, d);
                if (!held)
                        ipt_unlock(&b->lock);
        }
        if (r < 0)
                return r;
        for (size_t f = 0; f < IPT_FAMILIES; f++) {
                b->wanted[f] = ipt_table_free(b->wanted[f]);
                ipt_image_deinit(&b->installed[f]);
                totals_deinit(&b->totals[f]);
        }
        ipt_decisions_keep(b);
        ipt_sets_clear(&b->sets);
        ipt_monitor_update(b);
        return 0;
}
