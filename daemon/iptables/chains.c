/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Edits our chains as little as possible, because entries that stay keep counting while the table
 * is exchanged.
 */

#include "daemon/iptables/chains.h"

#include "daemon/iptables/image.h"
#include "daemon/iptables/installation.h"
#include "daemon/iptables/library.h"

#include <errno.h>
#include <linux/netfilter/x_tables.h>

/* Steps in libiptc's lists that edits in the middle of a chain may cost. */
#define WALK_MAX 2000000

/* ---- one chain ---- */

/* The entries [first, first + had) go, and [first, first + gets) of the wanted come. */
typedef struct Edit {
        size_t first, had, gets;
} Edit;

static Edit edit_find(const IptInstallation *i, const ImageChain *have, const ImageChain *want)
{
        const IptImage *ih = &i->have, *iw = i->want;
        size_t n = have ? have->n : 0, m = want ? want->n : 0, p = 0, s = 0, walk;

        while (p < n && p < m &&
                ipt_image_same_entry(
                        ih, &ih->entries[have->first + p], iw, &iw->entries[want->first + p]))
                p++;
        while (s < n - p && s < m - p &&
                ipt_image_same_entry(ih, &ih->entries[have->first + n - 1 - s], iw,
                        &iw->entries[want->first + m - 1 - s]))
                s++;
        walk = p < s ? p : s;
        if (walk * (n + m - 2 * (p + s)) > WALK_MAX)
                s = 0;
        return (Edit){ p, n - p - s, m - p - s };
}

static int edit_count(IptInstallation *i, const ImageChain *have, const Edit *e)
{
        int r = 0;

        for (size_t k = 0; k < e->had && r >= 0; k++)
                r = ipt_counts_add(&i->gone, &i->have.entries[have->first + e->first + k]);
        return r;
}

static int edit_apply(IptInstallation *i, const char *chain, const ImageChain *have,
        const ImageChain *want, const Edit *e)
{
        const IptLibrary *l = i->library;
        size_t n = have ? have->n : 0;
        int r = 0;

        i->changed = i->changed || e->had > 0 || e->gets > 0;
        if (e->had > 0 && e->had == n) {
                if (!l->flush(chain, i->handle))
                        return ipt_installation_failed(i, "cannot flush", chain);
        } else {
                /* From the end: that is where libiptc finds the end at once. */
                for (size_t k = e->had; k > 0; k--)
                        if (!l->delete (chain, (unsigned)(e->first + k - 1), i->handle))
                                return ipt_installation_failed(
                                        i, "a rule cannot be deleted from", chain);
        }
        for (size_t k = 0; k < e->gets && r >= 0; k++)
                r = ipt_installation_insert(
                        i, chain, &i->want->entries[want->first + e->first + k], e->first + k);
        return r;
}

/* An id that had more entries than it has now: their counts go to one that stayed. */
static int keep_sums(
        IptInstallation *i, const ImageChain *have, const ImageChain *want, const Edit *e)
{
        for (size_t k = 0; k < want->n; k++) {
                bool behind = k >= e->first + e->gets;
                const ImageEntry *old;
                struct xt_counters c;
                IptCount sum;

                if (k >= e->first && !behind)
                        continue;
                sum = ipt_counts_take(&i->gone, &i->want->entries[want->first + k]);
                if (sum.packets == 0 && sum.bytes == 0)
                        continue;
                old = &i->have.entries[have->first + k + (behind ? e->had - e->gets : 0)];
                c = (struct xt_counters){ old->packets + sum.packets, old->bytes + sum.bytes };
                if (!i->library->set_counter(want->name, (unsigned)k + 1, &c, i->handle))
                        return ipt_installation_failed(i, "cannot set a counter of", want->name);
        }
        return 0;
}

/* ---- all chains ---- */

int ipt_chains_create(IptInstallation *i)
{
        for (size_t c = 0; i->want && c < i->want->n_chains; c++) {
                const char *name = i->want->chains[c].name;

                if (ipt_image_find(&i->have, name))
                        continue;
                i->changed = true;
                if (!i->library->create_chain(name, i->handle))
                        return ipt_installation_failed(i, "cannot make the chain", name);
        }
        return 0;
}

int ipt_chains_edit(IptInstallation *i)
{
        size_t n = i->want ? i->want->n_chains : 0;
        _cleanup_free_ Edit *edits = calloc(n + 1, sizeof(Edit));
        int r = edits ? 0 : -ENOMEM;

        for (size_t c = 0; c < n && r >= 0; c++) {
                const ImageChain *want = &i->want->chains[c];
                const ImageChain *have = ipt_image_find(&i->have, want->name);

                edits[c] = edit_find(i, have, want);
                if (have)
                        r = edit_count(i, have, &edits[c]);
        }
        for (size_t c = 0; c < i->have.n_chains && r >= 0; c++) {
                const ImageChain *have = &i->have.chains[c];
                Edit all = { 0, have->n, 0 };

                if (!ipt_image_find(i->want, have->name))
                        r = edit_count(i, have, &all);
        }
        for (size_t c = 0; c < n && r >= 0; c++) {
                const ImageChain *want = &i->want->chains[c];

                r = edit_apply(
                        i, want->name, ipt_image_find(&i->have, want->name), want, &edits[c]);
        }
        for (size_t c = 0; c < n && r >= 0 && i->gone.n_sums > 0; c++) {
                const ImageChain *want = &i->want->chains[c];

                r = keep_sums(i, ipt_image_find(&i->have, want->name), want, &edits[c]);
        }
        return r;
}

/* All are flushed before the first is deleted, for they refer to each other. */
int ipt_chains_delete(IptInstallation *i)
{
        const IptLibrary *l = i->library;

        for (int pass = 0; pass < 2; pass++)
                for (size_t c = 0; c < i->have.n_chains; c++) {
                        const char *name = i->have.chains[c].name;

                        if (ipt_image_find(i->want, name))
                                continue;
                        i->changed = true;
                        if (pass == 0 && !l->flush(name, i->handle))
                                return ipt_installation_failed(i, "cannot flush", name);
                        if (pass == 1 && !l->delete_chain(name, i->handle)) {
                                if (errno != EMLINK)
                                        return ipt_installation_failed(
                                                i, "cannot delete the chain", name);
                                i->beside = true;
                        }
                }
        return 0;
}
