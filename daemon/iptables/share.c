/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Reads the chains that have a name of ours, and judges whose they are.
 */

#include "daemon/iptables/share.h"

#include "daemon/iptables/image.h"
#include "daemon/iptables/installation.h"
#include "daemon/iptables/library.h"
#include "rules/base/array.h"
#include "rules/base/diagnostic.h"
#include "rules/base/strv.h"

#include <errno.h>

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

static int read_chain(IptInstallation *i, const char *chain)
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

static int read_jumps(IptInstallation *i, IptHook hook)
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
static int list_chains(IptInstallation *i, char ***ret)
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

static int read_all(IptInstallation *i)
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

static bool is_foreign(const IptInstallation *i, const ImageChain *c)
{
        unsigned references = 0;

        if (i->marked || ipt_image_find(i->known, c->name))
                return false;
        if (c->n > 0)
                return true;
        return i->library->get_references(&references, c->name, i->handle) && references > 0;
}

/* Drops foreign chains from `have`; one whose name is wanted is an error. */
static int sort_out_foreign(IptInstallation *i)
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

int ipt_share_read(IptInstallation *i)
{
        int r = read_all(i);

        return r >= 0 ? sort_out_foreign(i) : r;
}
