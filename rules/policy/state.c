/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "rules/policy/state.h"

#include "rules/address/prefixset.h"
#include "rules/address/timedset.h"
#include "rules/base/array.h"
#include "rules/base/strv.h"
#include "rules/base/text.h"
#include "rules/policy/fragment.h"

#include <errno.h>

/* ---- the daemon's state ---- */

State *state_new(void)
{
        State *s = calloc(1, sizeof(*s));

        if (!s)
                return NULL;
        s->policy_revision = REVISION_ITSELF;
        s->next_id = 1;
        s->enabled = -1;
        s->defaults = defaults_none;
        s->logging = _LOGGING_INVALID;
        return s;
}

static void stored_set_deinit(StoredSet *s)
{
        free(s->name);
        prefix_set_unref(s->entries);
        timed_set_unref(s->timed);
}

bool state_is_between(const State *s)
{
        return s->policy_revision != REVISION_ITSELF;
}

uint64_t state_policy_revision(const State *s)
{
        return state_is_between(s) ? s->policy_revision : s->revision;
}

State *state_free(State *s)
{
        if (!s)
                return NULL;
        origin_deinit(&s->origin);
        free(s->files);
        strv_free(s->roles);
        strv_free(s->promoted_roles);
        rule_list_deinit(&s->rules);
        for (size_t i = 0; i < s->n_fragments; i++)
                fragment_unref(s->fragments[i]);
        free(s->fragments);
        for (size_t i = 0; i < s->n_sets; i++)
                stored_set_deinit(&s->sets[i]);
        free(s->sets);
        free(s);
        return NULL;
}

static int state_copy_fragments(const State *s, State *copy)
{
        for (size_t i = 0; i < s->n_fragments; i++) {
                if (array_grow(&copy->fragments, i, sizeof(*copy->fragments)) < 0)
                        return -ENOMEM;
                copy->fragments[i] = fragment_ref(s->fragments[i]);
                copy->n_fragments++;
        }
        return 0;
}

static int state_copy_sets(const State *s, State *copy)
{
        for (size_t i = 0; i < s->n_sets; i++) {
                char *name;

                if (array_grow(&copy->sets, i, sizeof(*copy->sets)) < 0)
                        return -ENOMEM;
                name = strdup(s->sets[i].name);
                if (!name)
                        return -ENOMEM;
                copy->sets[i] = (StoredSet){
                        .name = name,
                        .entries = prefix_set_ref(s->sets[i].entries),
                        .timed = timed_set_ref(s->sets[i].timed),
                };
                copy->n_sets++;
        }
        return 0;
}

int state_name_files(State *s, const char *files)
{
        char *copy;

        if (strdup_null(files, &copy) < 0)
                return -ENOMEM;
        free(s->files);
        s->files = copy;
        return 0;
}

int state_copy(const State *s, State **ret)
{
        _cleanup_(state_free_p) State *copy = state_new();

        if (!copy)
                return -ENOMEM;
        if (origin_copy(&s->origin, &copy->origin) < 0 || strdup_null(s->files, &copy->files) < 0)
                return -ENOMEM;
        if (strv_copy(s->promoted_roles, &copy->promoted_roles) < 0)
                return -ENOMEM;
        memcpy(copy->promoted, s->promoted, sizeof(copy->promoted));
        if (strv_copy(s->roles, &copy->roles) < 0 || rule_list_copy(&s->rules, &copy->rules) < 0 ||
                state_copy_fragments(s, copy) < 0 || state_copy_sets(s, copy) < 0)
                return -ENOMEM;
        copy->revision = s->revision;
        copy->policy_revision = s->policy_revision;
        copy->files_pinned = s->files_pinned;
        copy->next_id = s->next_id;
        copy->enabled = s->enabled;
        copy->roles_set = s->roles_set;
        copy->defaults = s->defaults;
        copy->logging = s->logging;
        copy->lockdown = s->lockdown;
        *ret = TAKE_PTR(copy);
        return 0;
}

StoredSet *state_find_set(const State *s, const char *name)
{
        for (size_t i = 0; i < s->n_sets; i++)
                if (streq(s->sets[i].name, name))
                        return &s->sets[i];
        return NULL;
}

Fragment *state_find_fragment(const State *s, const char *name)
{
        for (size_t i = 0; i < s->n_fragments; i++)
                if (streq(s->fragments[i]->name, name))
                        return s->fragments[i];
        return NULL;
}

static void stored_set_put(StoredSet *s, PrefixSet *entries, TimedSet *timed)
{
        if (s->entries != entries) {
                prefix_set_unref(s->entries);
                s->entries = prefix_set_ref(entries);
        }
        if (s->timed != timed) {
                timed_set_unref(s->timed);
                s->timed = timed_set_ref(timed);
        }
}

int state_put_entries(State *s, const char *name, PrefixSet *entries, TimedSet *timed)
{
        StoredSet set = { 0 };
        size_t i = 0;

        while (i < s->n_sets && strcmp(s->sets[i].name, name) < 0)
                i++;
        if (i < s->n_sets && streq(s->sets[i].name, name)) {
                if (entries) {
                        stored_set_put(&s->sets[i], entries, timed);
                        return 0;
                }
                stored_set_deinit(&s->sets[i]);
                array_remove(&s->sets, &s->n_sets, sizeof(*s->sets), i);
                return 0;
        }
        if (!entries)
                return 0;
        set.name = strdup(name);
        if (!set.name || array_insert(&s->sets, &s->n_sets, sizeof(*s->sets), i, &set) < 0) {
                free(set.name);
                return -ENOMEM;
        }
        stored_set_put(&s->sets[i], entries, timed);
        return 0;
}

int state_put_set(State *s, const char *name, PrefixSet *entries)
{
        return state_put_entries(s, name, entries, NULL);
}

int state_put_fragment(State *s, const char *name, Fragment *f)
{
        size_t i = 0;

        while (i < s->n_fragments && strcmp(s->fragments[i]->name, name) < 0)
                i++;
        if (i < s->n_fragments && streq(s->fragments[i]->name, name)) {
                fragment_unref(s->fragments[i]);
                if (f) {
                        s->fragments[i] = fragment_ref(f);
                        return 0;
                }
                array_remove(&s->fragments, &s->n_fragments, sizeof(*s->fragments), i);
                return 0;
        }
        if (!f)
                return 0;
        if (array_insert(&s->fragments, &s->n_fragments, sizeof(*s->fragments), i, &f) < 0)
                return -ENOMEM;
        fragment_ref(f);
        return 0;
}
