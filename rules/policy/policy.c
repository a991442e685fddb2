/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "rules/policy/policy.h"

#include "rules/address/prefixset.h"
#include "rules/address/timedentry.h"
#include "rules/address/timedset.h"
#include "rules/base/array.h"
#include "rules/base/buffer.h"
#include "rules/base/nearest.h"
#include "rules/base/strv.h"
#include "rules/policy/effective.h"
#include "rules/policy/expiry.h"
#include "rules/policy/fragment.h"
#include "rules/policy/hostconf.h"
#include "rules/policy/role.h"
#include "rules/policy/state.h"

#include <errno.h>

/* ---- everything in force ---- */

Policy *policy_new(void)
{
        Policy *p = calloc(1, sizeof(*p));

        if (!p)
                return NULL;
        p->state = state_new();
        if (!p->state) {
                free(p);
                return NULL;
        }
        return p;
}

Policy *policy_free(Policy *p)
{
        if (!p)
                return NULL;
        state_free(p->state);
        host_conf_unref(p->host);
        for (size_t i = 0; i < p->n_files; i++)
                fragment_unref(p->files[i]);
        free(p->files);
        for (size_t i = 0; i < p->n_roles; i++)
                role_unref(p->roles[i]);
        free(p->roles);
        free(p);
        return NULL;
}

const char *policy_nearest_role(const Policy *p, const char *name)
{
        Nearest near = nearest_begin(name);

        for (size_t i = 0; i < p->n_roles; i++)
                (void)nearest_try(&near, p->roles[i]->name);
        return near.found;
}

Role *policy_find_role(const Policy *p, const char *name)
{
        for (size_t i = 0; i < p->n_roles; i++)
                if (streq(p->roles[i]->name, name))
                        return p->roles[i];
        return NULL;
}

int policy_put_role(Policy *p, Role *role)
{
        size_t i = 0;

        while (i < p->n_roles && strcmp(p->roles[i]->name, role->name) < 0)
                i++;
        if (i < p->n_roles && streq(p->roles[i]->name, role->name))
                role_unref(p->roles[i]);
        else if (array_insert(&p->roles, &p->n_roles, sizeof(Role *), i, &role) < 0)
                return -ENOMEM;
        p->roles[i] = role_ref(role);
        return 0;
}

int policy_put_file(Policy *p, Fragment *f)
{
        size_t i = 0;

        /* in the order of files' names, which is not quite that of their own */
        while (i < p->n_files && !streq(p->files[i]->name, f->name))
                i++;
        if (i < p->n_files)
                fragment_unref(p->files[i]);
        else {
                for (i = 0; i < p->n_files && strcmp(p->files[i]->name, f->name) < 0;)
                        i++;
                if (array_insert(&p->files, &p->n_files, sizeof(Fragment *), i, &f) < 0)
                        return -ENOMEM;
        }
        p->files[i] = fragment_ref(f);
        return 0;
}

const Role *policy_next_role(const Policy *p, size_t *i)
{
        char *const *names = policy_role_names(p);
        const Role *role = NULL;

        while (names && names[*i] && !role)
                role = policy_find_role(p, names[(*i)++]);
        return role;
}

const Fragment *policy_fragment(const Policy *p, size_t i)
{
        if (p->host && i-- == 0)
                return p->host->common;
        if (i < p->n_files)
                return p->files[i];
        i -= p->n_files;
        return i < p->state->n_fragments ? p->state->fragments[i] : NULL;
}

const PrefixSet *policy_find_set(const Policy *p, const char *name)
{
        const StoredSet *stored = state_find_set(p->state, name);
        const Fragment *f;

        if (stored)
                return stored->entries;
        for (size_t i = 0; (f = policy_fragment(p, i)); i++)
                for (size_t k = 0; k < f->sets.n; k++)
                        if (streq(f->sets.items[k].name, name))
                                return f->sets.items[k].entries;
        return NULL;
}

static void timed_print(Buffer *b, const TimedSet *s)
{
        char prefix[ADDRESS_TEXT_MAX], until[EXPIRY_TEXT_MAX];

        for (size_t i = 0; i < timed_set_size(s); i++) {
                TimedEntry e = timed_set_at(s, i);

                buffer_printf(b, "%s" SET_EXPIRES "%s\n", prefix_format(&e.prefix, prefix),
                        expiry_format(e.until_usec, until));
        }
}

int policy_print_set(const Policy *p, const char *name, char **ret, size_t *ret_length)
{
        const PrefixSet *entries = policy_find_set(p, name);
        const StoredSet *stored = state_find_set(p->state, name);
        _cleanup_buffer_ Buffer b = { 0 };
        _cleanup_free_ char *text = NULL;
        size_t n;

        if (!entries)
                return -ENOENT;
        if (!stored || !stored->timed)
                return prefix_set_print(entries, ret, ret_length);
        if (prefix_set_print(entries, &text, &n) < 0)
                return -ENOMEM;
        buffer_add(&b, text, n);
        timed_print(&b, stored->timed);
        *ret_length = b.length;
        return buffer_take(&b, ret);
}
