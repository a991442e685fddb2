/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Checks a text for anybody who may read the policy: it is compiled in place of its counterpart,
 * and opens only files that the policy in force has opened.
 */

#include "daemon/manager/internal.h"
#include "daemon/manager/resolve.h"
#include "rules/address/prefixset.h"
#include "rules/policy/fragment.h"
#include "rules/policy/hostconf.h"
#include "rules/policy/policy.h"
#include "rules/policy/role.h"
#include "rules/policy/state.h"
#include "rules/ruleset/ruleset.h"

#include <errno.h>

static PrefixSet *read_entries(const Policy *p, const char *path)
{
        const Fragment *f;

        for (size_t i = 0; (f = policy_fragment(p, i)); i++)
                for (size_t k = 0; k < f->sets.n; k++)
                        if (streq_null(f->sets.items[k].path, path) && f->sets.items[k].entries)
                                return f->sets.items[k].entries;
        return NULL;
}

int manager_fill_sets(const Policy *p, Fragment *f, SetFileUnknown *unknown, Diagnostics *d)
{
        int r = 0;

        for (size_t i = 0; i < f->sets.n && r != -ENOMEM; i++) {
                SetDecl *set = &f->sets.items[i];
                PrefixSet *entries;

                if (set->entries || !set->path)
                        continue;
                entries = read_entries(p, set->path);
                if (entries)
                        set->entries = prefix_set_ref(entries);
                else
                        r = unknown(set, d);
        }
        return r;
}

static int take_as_empty(SetDecl *set, _unused_ Diagnostics *d)
{
        return prefix_set_new(NULL, 0, &set->entries);
}

static int compile_only(Manager *m, const Policy *p, Diagnostics *d)
{
        _cleanup_resolver_ Resolver names = manager_resolver(m, p, RESOLVE_CHANGE);
        _cleanup_(ruleset_free_p) Ruleset *ruleset = NULL;
        int r = resolver_compile(&names, d, &ruleset);

        return r < 0 ? r : resolver_assert(&names, ruleset, d);
}

static int check_host(Manager *m, const char *text, size_t n, Diagnostics *d)
{
        _cleanup_(host_conf_unref_p) HostConf *host = NULL;
        Policy p = *m->in_force.policy;
        int r;

        r = parse_host(text, n, NULL, d, &host);
        if (r >= 0)
                r = manager_fill_sets(m->in_force.policy, host->common, take_as_empty, d);
        if (r < 0)
                return r;
        p.host = host;
        return compile_only(m, &p, d);
}

static bool shares_set(const Fragment *a, const Fragment *b)
{
        for (size_t i = 0; i < a->sets.n; i++)
                for (size_t j = 0; j < b->sets.n; j++)
                        if (streq(a->sets.items[i].name, b->sets.items[j].name))
                                return true;
        return false;
}

/* The text does not say its name. A fragment in force that declares a set of the same name is taken
 * for its former version. */
static Fragment **without_former(Fragment *const *l, size_t n, const Fragment *f, size_t *ret_n)
{
        Fragment **kept = calloc(n + 2, sizeof(*kept));

        *ret_n = 0;
        for (size_t i = 0; kept && i < n; i++)
                if (!shares_set(l[i], f))
                        kept[(*ret_n)++] = l[i];
        return kept;
}

static int check_fragment(Manager *m, const char *text, size_t n, Diagnostics *d)
{
        _cleanup_(fragment_unref_p) Fragment *f = NULL;
        _cleanup_free_ Fragment **files = NULL, **stored = NULL;
        State state = *m->in_force.policy->state;
        Policy p = *m->in_force.policy;
        int r;

        /* a name that no file can have taken */
        r = parse_fragment(text, n, "(text)", NULL, d, &f);
        if (r >= 0)
                r = manager_fill_sets(m->in_force.policy, f, take_as_empty, d);
        if (r < 0)
                return r;
        files = without_former(p.files, p.n_files, f, &p.n_files);
        stored = without_former(state.fragments, state.n_fragments, f, &state.n_fragments);
        if (!files || !stored)
                return -ENOMEM;
        stored[state.n_fragments++] = f;
        state.fragments = stored;
        p.files = files;
        p.state = &state;
        return compile_only(m, &p, d);
}

static int check_role(Manager *m, const char *text, size_t n, Diagnostics *d)
{
        _cleanup_(role_unref_p) Role *role = NULL;
        _cleanup_free_ Role **roles = NULL;
        Policy p = *m->in_force.policy;
        int r;

        r = parse_role(text, n, NULL, d, &role);
        if (r < 0)
                return r;
        roles = calloc(p.n_roles + 1, sizeof(*roles));
        if (!roles)
                return -ENOMEM;
        for (size_t i = 0; i < p.n_roles; i++)
                roles[i] = streq(p.roles[i]->name, role->name) ? role : p.roles[i];
        if (!policy_find_role(m->in_force.policy, role->name))
                roles[p.n_roles++] = role;
        p.roles = roles;
        return compile_only(m, &p, d);
}

int manager_check(Manager *m, const char *text, size_t n, Diagnostics *d)
{
        int r = -EINVAL;

        switch (document_kind(text, n)) {
        case DOCUMENT_HOST:
        case DOCUMENT_STATE:
        case _DOCUMENT_MAX:
        case _DOCUMENT_INVALID:
                r = check_host(m, text, n, d);
                break;
        case DOCUMENT_FRAGMENT:
                r = check_fragment(m, text, n, d);
                break;
        case DOCUMENT_ROLE:
                r = check_role(m, text, n, d);
                break;
        }
        return r == -EINVAL ? 0 : r;
}
