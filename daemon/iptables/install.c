/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Changes a table through libiptc. A commit replaces the whole table, foreign entries as they are;
 * ours are edited as little as possible, because entries that stay keep counting while the table is
 * exchanged.
 */

#include "daemon/iptables/install.h"

#include "daemon/iptables/image.h"
#include "daemon/iptables/library.h"
#include "rules/base/array.h"
#include "rules/base/diagnostic.h"
#include "rules/base/hash.h"
#include "rules/base/strv.h"
#include "rules/iptables/statement.h"

#include <errno.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>

#define COMMIT_TRIES 10
/* Steps in libiptc's lists that edits in the middle of a chain may cost. */
#define WALK_MAX 2000000

/* ---- one installation ---- */

typedef struct Sum {
        uint64_t packets, bytes;
} Sum;

typedef struct Install {
        const IptLibrary *library;
        struct xtc_handle *handle;
        Family family;
        const IptImage *want; /* NULL: nothing */
        const IptImage *known;
        Diagnostics *diagnostics;
        IptImage have;
        bool marked; /* something of ours was found */
        bool beside; /* a chain with a name of ours is not what was wanted, and stays */
        bool changed;
        bool committing; /* a failure from here on is the commit's */
        /* The counts of entries that are removed, by id: value is the number of a sum, plus 1. */
        NumberMap by_id;
        Sum *sums;
        size_t n_sums;
} Install;

static void install_deinit(Install *i)
{
        if (i->handle)
                i->library->free(i->handle);
        ipt_image_deinit(&i->have);
        number_map_deinit(&i->by_id);
        free(i->sums);
}

/* An error of libiptc, which returns 0 and sets errno. */
static int failed(Install *i, const char *what, const char *chain)
{
        int error = errno ?: EIO;

        diagnostics_error(i->diagnostics, (Place){ 0 }, NULL, "%s: %s%s%s: %s", i->library->program,
                what, chain ? " " : "", chain ?: "", i->library->error(error));
        return -error;
}

/* ---- reading ---- */

/* NULL for an extension's target. */
static const char *target_name(const IptLibrary *l, const void *entry, struct xtc_handle *h)
{
        static const char *const verdicts[] = { "", "ACCEPT", "DROP", "QUEUE", "RETURN" };
        const char *name = l->get_target(entry, h);

        for (size_t i = 0; i < ELEMENTS(verdicts); i++)
                if (streq(name, verdicts[i]))
                        return name;
        return l->is_chain(name, h) ? name : NULL;
}

static int read_chain(Install *i, const char *chain)
{
        const IptLibrary *l = i->library;
        int r = ipt_image_add_chain(&i->have, chain);

        for (const void *e = l->first_rule(chain, i->handle); e && r >= 0;
                e = l->next_rule(e, i->handle)) {
                r = ipt_image_add_entry(&i->have, e, target_name(l, e, i->handle));
                i->marked = i->marked || (r >= 0 && i->have.entries[i->have.n_entries - 1].has_id);
        }
        return r;
}

static int read_jumps(Install *i, IptHook hook)
{
        const IptLibrary *l = i->library;
        size_t at = 0;
        int r = 0;

        for (const void *e = l->first_rule(ipt_hook_to_string(hook), i->handle); e && r >= 0;
                e = l->next_rule(e, i->handle), at++) {
                const char *name = l->get_target(e, i->handle);

                if (!ipt_entry_is_our_jump(i->family, e, name))
                        continue;
                i->marked = true;
                r = ipt_image_found_jump(&i->have, hook, at, e, name);
        }
        return r;
}

/* libiptc keeps the place of its walk through the chains itself: names first. */
static int list_chains(Install *i, char ***ret)
{
        _cleanup_strv_ char **names = NULL;
        size_t n = 0;

        for (const char *c = i->library->first_chain(i->handle); c;
                c = i->library->next_chain(i->handle)) {
                if (!ipt_name_is_ours(c))
                        continue;
                if (array_grow(&names, n, sizeof(char *)) < 0)
                        return -ENOMEM;
                names[n] = strdup(c);
                if (!names[n++])
                        return -ENOMEM;
        }
        if (array_grow(&names, n, sizeof(char *)) < 0)
                return -ENOMEM;
        if (names)
                names[n] = NULL;
        *ret = TAKE_PTR(names);
        return 0;
}

static int read_all(Install *i)
{
        _cleanup_strv_ char **names = NULL;
        int r = list_chains(i, &names);

        i->have.family = i->family;
        STRV_FOREACH (name, names)
                if (r >= 0)
                        r = read_chain(i, *name);
        for (IptHook h = 0; h < _IPT_HOOK_MAX && r >= 0; h++)
                r = read_jumps(i, h);
        return r >= 0 ? ipt_image_finish(&i->have) : r;
}

/* ---- whose chains they are ---- */

static bool is_foreign(const Install *i, const ImageChain *c)
{
        unsigned references = 0;

        if (i->marked || ipt_image_find(i->known, c->name))
                return false;
        if (c->n > 0)
                return true;
        return i->library->get_references(&references, c->name, i->handle) && references > 0;
}

/* Drops foreign chains from `have`; one whose name is wanted is an error. */
static int sort_out_foreign(Install *i)
{
        IptImage *have = &i->have;
        size_t n = 0;

        for (size_t c = 0; c < have->n_chains; c++) {
                const ImageChain *chain = &have->chains[c];

                if (!is_foreign(i, chain)) {
                        have->chains[n++] = *chain;
                        continue;
                }
                i->beside = true;
                if (!ipt_image_find(i->want, chain->name))
                        continue;
                diagnostics_error(i->diagnostics, (Place){ 0 }, NULL,
                        "%s: there is a chain %s in the table " IPT_TABLE
                        " that is not p25's: rename or delete it",
                        i->library->program, chain->name);
                return -EEXIST;
        }
        if (n == have->n_chains)
                return 0;
        have->n_chains = n;
        return ipt_image_finish(have);
}

/* ---- counters of what goes ---- */

static int sum_add(Install *i, const ImageEntry *e)
{
        uint64_t *at;

        if (!e->has_id || e->id == IPT_COMMENT_MARK || (e->packets == 0 && e->bytes == 0))
                return 0;
        at = number_map_get(&i->by_id, e->id);
        if (!at)
                return -ENOMEM;
        if (*at == 0) {
                if (array_grow(&i->sums, i->n_sums, sizeof(Sum)) < 0)
                        return -ENOMEM;
                i->sums[i->n_sums++] = (Sum){ 0 };
                *at = i->n_sums;
        }
        i->sums[*at - 1].packets += e->packets;
        i->sums[*at - 1].bytes += e->bytes;
        return 0;
}

/* The sum of the id, which is given once. */
static Sum sum_take(Install *i, const ImageEntry *e)
{
        Sum none = { 0 }, sum;
        uint64_t *at;

        if (!e->has_id || e->id == IPT_COMMENT_MARK || i->n_sums == 0)
                return none;
        at = number_map_get(&i->by_id, e->id);
        if (!at || *at == 0)
                return none;
        sum = i->sums[*at - 1];
        i->sums[*at - 1] = none;
        return sum;
}

/* ---- editing a chain ---- */

/* The entries [first, first + had) go, and [first, first + gets) of the wanted come. */
typedef struct Edit {
        size_t first, had, gets;
} Edit;

static Edit edit_find(const Install *i, const ImageChain *have, const ImageChain *want)
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

static int edit_count(Install *i, const ImageChain *have, const Edit *e)
{
        int r = 0;

        for (size_t k = 0; k < e->had && r >= 0; k++)
                r = sum_add(i, &i->have.entries[have->first + e->first + k]);
        return r;
}

static int insert(Install *i, const char *chain, const ImageEntry *e, size_t at)
{
        _Alignas(struct ip6t_entry) uint8_t copy[UINT16_MAX + 1];
        Sum sum = sum_take(i, e);
        struct xt_counters counters = { sum.packets, sum.bytes };
        size_t offset = i->family == FAMILY_IPV4 ? offsetof(struct ipt_entry, counters)
                                                 : offsetof(struct ip6t_entry, counters);

        memcpy(copy, i->want->bytes.data + e->offset, e->length);
        memcpy(copy + offset, &counters, sizeof(counters));
        if (!i->library->insert(chain, copy, (unsigned)at, i->handle))
                return failed(i, "a rule cannot be added to", chain);
        return 0;
}

static int edit_apply(Install *i, const char *chain, const ImageChain *have, const ImageChain *want,
        const Edit *e)
{
        const IptLibrary *l = i->library;
        size_t n = have ? have->n : 0;
        int r = 0;

        i->changed = i->changed || e->had > 0 || e->gets > 0;
        if (e->had > 0 && e->had == n) {
                if (!l->flush(chain, i->handle))
                        return failed(i, "cannot flush", chain);
        } else {
                /* From the end: that is where libiptc finds the end at once. */
                for (size_t k = e->had; k > 0; k--)
                        if (!l->delete (chain, (unsigned)(e->first + k - 1), i->handle))
                                return failed(i, "a rule cannot be deleted from", chain);
        }
        for (size_t k = 0; k < e->gets && r >= 0; k++)
                r = insert(i, chain, &i->want->entries[want->first + e->first + k], e->first + k);
        return r;
}

/* An id that had more entries than it has now: their counts go to one that stayed. */
static int keep_sums(Install *i, const ImageChain *have, const ImageChain *want, const Edit *e)
{
        for (size_t k = 0; k < want->n; k++) {
                bool behind = k >= e->first + e->gets;
                const ImageEntry *old;
                struct xt_counters c;
                Sum sum;

                if (k >= e->first && !behind)
                        continue;
                sum = sum_take(i, &i->want->entries[want->first + k]);
                if (sum.packets == 0 && sum.bytes == 0)
                        continue;
                old = &i->have.entries[have->first + k + (behind ? e->had - e->gets : 0)];
                c = (struct xt_counters){ old->packets + sum.packets, old->bytes + sum.bytes };
                if (!i->library->set_counter(want->name, (unsigned)k + 1, &c, i->handle))
                        return failed(i, "cannot set a counter of", want->name);
        }
        return 0;
}

/* ---- all chains ---- */

static int create_chains(Install *i)
{
        for (size_t c = 0; i->want && c < i->want->n_chains; c++) {
                const char *name = i->want->chains[c].name;

                if (ipt_image_find(&i->have, name))
                        continue;
                i->changed = true;
                if (!i->library->create_chain(name, i->handle))
                        return failed(i, "cannot make the chain", name);
        }
        return 0;
}

static int edit_chains(Install *i)
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
        for (size_t c = 0; c < n && r >= 0 && i->n_sums > 0; c++) {
                const ImageChain *want = &i->want->chains[c];

                r = keep_sums(i, ipt_image_find(&i->have, want->name), want, &edits[c]);
        }
        return r;
}

/* First nothing in them, then they themselves: they refer to each other. One that others refer to
 * stays, empty. */
static int delete_chains(Install *i)
{
        const IptLibrary *l = i->library;

        for (int pass = 0; pass < 2; pass++)
                for (size_t c = 0; c < i->have.n_chains; c++) {
                        const char *name = i->have.chains[c].name;

                        if (ipt_image_find(i->want, name))
                                continue;
                        i->changed = true;
                        if (pass == 0 && !l->flush(name, i->handle))
                                return failed(i, "cannot flush", name);
                        if (pass == 1 && !l->delete_chain(name, i->handle)) {
                                if (errno != EMLINK)
                                        return failed(i, "cannot delete the chain", name);
                                i->beside = true;
                        }
                }
        return 0;
}

/* ---- jumps ---- */

static int delete_jumps(Install *i, IptHook hook)
{
        const char *chain = ipt_hook_to_string(hook);
        const IptLibrary *l = i->library;
        bool found = true;

        while (found) {
                unsigned at = 0;

                found = false;
                for (const void *e = l->first_rule(chain, i->handle); e && !found;
                        e = l->next_rule(e, i->handle), at++)
                        found = ipt_entry_is_our_jump(i->family, e, l->get_target(e, i->handle));
                if (found && !l->delete (chain, at - 1, i->handle))
                        return failed(i, "a rule cannot be deleted from", chain);
        }
        return 0;
}

static bool jumps_are_good(const Install *i, IptHook h)
{
        const ImageEntry *have = &i->have.jumps[h];

        if (i->have.n_stray_jumps > 0 || i->have.overtaken[h])
                return false;
        if (!i->want || i->want->jumps[h].length == 0)
                return have->length == 0;
        return have->length > 0 &&
               ipt_image_same_entry(&i->have, have, i->want, &i->want->jumps[h]);
}

static int set_jumps(Install *i, bool force)
{
        int r = 0;

        for (IptHook h = 0; h < _IPT_HOOK_MAX && r >= 0; h++) {
                if (jumps_are_good(i, h) && !force)
                        continue;
                i->changed = true;
                r = delete_jumps(i, h);
                if (r >= 0 && i->want && i->want->jumps[h].length > 0)
                        r = insert(i, ipt_hook_to_string(h), &i->want->jumps[h], 0);
        }
        return r;
}

/* libiptc forgets what the policies of the built-in chains have counted, unless they are set. */
static int keep_policies(Install *i)
{
        for (IptHook h = 0; h < _IPT_HOOK_MAX; h++) {
                const char *chain = ipt_hook_to_string(h), *policy;
                struct xt_counters c = { 0 };

                policy = i->library->get_policy(chain, &c, i->handle);
                if (policy && !i->library->set_policy(chain, policy, &c, i->handle))
                        return failed(i, "cannot keep the policy of", chain);
        }
        return 0;
}

/* ---- the whole ---- */

void ipt_installed_deinit(IptInstalled *i)
{
        ipt_image_deinit(&i->before);
}

static int install_once(Install *i, bool force)
{
        int r;

        errno = 0;
        i->handle = i->library->init(IPT_TABLE);
        if (!i->handle)
                return failed(i, "the table " IPT_TABLE " cannot be read", NULL);
        r = read_all(i);
        if (r >= 0)
                r = sort_out_foreign(i);
        if (r >= 0)
                r = create_chains(i);
        if (r >= 0)
                r = edit_chains(i);
        if (r >= 0)
                r = set_jumps(i, force && i->want && i->want->n_chains > 0);
        if (r >= 0)
                r = delete_chains(i);
        if (r < 0 || !i->changed)
                return r;
        r = keep_policies(i);
        if (r < 0)
                return r;
        errno = 0;
        i->committing = true;
        return i->library->commit(i->handle) ? 1 : -(errno ?: EIO);
}

/*
 * A commit is two calls: the table, then what its entries have counted. If another program that
 * takes no lock changes the table between them the second is refused (EINVAL), as a bad table is by
 * the first: reading again shows which it was.
 */
int ipt_table_install(Family family, const IptImage *want, const IptImage *known, bool force,
        IptInstalled *ret, Diagnostics *d)
{
        _cleanup_(ipt_installed_deinit) IptInstalled installed = { 0 };
        const IptLibrary *l = family == FAMILY_IPV4 ? &ipt_library4 : &ipt_library6;
        bool doubtful = false, again = true, committing = false;
        int r = 0;

        for (unsigned n = 0; n < COMMIT_TRIES && again; n++) {
                _cleanup_(install_deinit) Install i = {
                        .library = l,
                        .family = family,
                        .want = want,
                        .known = known,
                        .diagnostics = d,
                };

                r = install_once(&i, force && !doubtful);
                committing = i.committing;
                again = committing && (r == -EAGAIN || (r == -EINVAL && !doubtful));
                if (!doubtful) {
                        ipt_image_deinit(&installed.before);
                        installed.before = TAKE_STRUCT(i.have);
                }
                doubtful = doubtful || (committing && r == -EINVAL);
                installed.exactly = !doubtful && !i.beside;
        }
        if (r < 0 && committing)
                diagnostics_error(d, (Place){ 0 }, NULL,
                        "%s: the kernel refuses the table " IPT_TABLE ": %s", l->program,
                        r == -EAGAIN ? "other programs keep changing it" : l->error(-r));
        if (r < 0)
                return r;
        if (ret) {
                *ret = TAKE_STRUCT(installed);
        }
        return doubtful ? 1 : r;
}
