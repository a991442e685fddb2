/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The one namespace of sets: those that p25ctl and the bus made and those that files declare. Only
 * sets that a rule uses come into the ruleset; the ranges of each are made once and kept with its
 * entries, so that a change elsewhere costs nothing for a set of a million.
 */

#include "rules/address/prefixset.h"
#include "rules/address/rangeset.h"
#include "rules/address/timedset.h"
#include "rules/base/array.h"
#include "rules/compile/compilation.h"
#include "rules/policy/fragment.h"
#include "rules/policy/state.h"

#include <errno.h>
#include <stdio.h>

static int set_add(Compilation *c, SetSource s)
{
        if (array_grow(&c->sets, c->n_sets, sizeof(*c->sets)) < 0)
                return -ENOMEM;
        c->sets[c->n_sets++] = s;
        return 0;
}

static int sets_add_declared(Compilation *c, const Fragment *f)
{
        for (size_t i = 0; i < f->sets.n; i++) {
                SetDecl *s = f->sets.items + i;
                SetSource source = {
                        .name = s->name, .entries = s->entries, .place = { s->file, s->line }
                };

                if (set_add(c, source) < 0)
                        return -ENOMEM;
        }
        return 0;
}

static int sets_add_stored(Compilation *c, const State *state)
{
        for (size_t i = 0; i < state->n_sets; i++) {
                StoredSet *s = state->sets + i;
                SetSource source = {
                        .name = s->name, .entries = s->entries, .timed = s->timed, .stored = true
                };

                if (set_add(c, source) < 0)
                        return -ENOMEM;
        }
        return 0;
}

/* Stored ones first, then by place, so that of duplicates the later is reported. */
static int set_compare(const void *a, const void *b)
{
        const SetSource *x = a, *y = b;
        int r = strcmp(x->name, y->name);

        if (r != 0)
                return r;
        if (x->stored != y->stored)
                return x->stored ? -1 : 1;
        r = strcmp(x->place.file ? x->place.file : "", y->place.file ? y->place.file : "");
        return r != 0 ? r : (x->place.line > y->place.line) - (x->place.line < y->place.line);
}

static int set_report_duplicate(Compilation *c, const SetSource *first, const SetSource *second)
{
        char setting[NAME_MAX_LENGTH + 8];
        Site site = { second->place, setting };

        snprintf(setting, sizeof(setting), "sets.%s", second->name);
        if (first->stored)
                return compile_error(c, site,
                        "declared here, and there is a set of this name made by p25ctl (p25ctl set "
                        "drop "
                        "%s)",
                        second->name);
        if (!first->place.file)
                return compile_error(c, site, "declared twice");
        return compile_error(
                c, site, "declared twice, first at %s:%u", first->place.file, first->place.line);
}

int sets_collect(Compilation *c)
{
        const Fragment *f;
        bool failed = false;

        if (sets_add_stored(c, c->policy->state) < 0)
                return -ENOMEM;
        for (size_t i = 0; (f = policy_fragment(c->policy, i)); i++)
                if (sets_add_declared(c, f) < 0)
                        return -ENOMEM;
        if (c->n_sets > 1)
                qsort(c->sets, c->n_sets, sizeof(*c->sets), set_compare);
        for (size_t i = 1; i < c->n_sets; i++) {
                if (!streq(c->sets[i - 1].name, c->sets[i].name))
                        continue;
                if (set_report_duplicate(c, c->sets + i - 1, c->sets + i) != -EINVAL)
                        return -ENOMEM;
                failed = true;
        }
        return failed ? -EINVAL : 0;
}

static int set_compare_name(const void *name, const void *set)
{
        return strcmp(name, ((const SetSource *)set)->name);
}

static int ranges_publish(
        Ruleset *r, const char *set, RangeSet *ranges, TimedSet *timed, const char **ret_name)
{
        char *name;

        if (array_grow(&r->sets, r->n_sets, sizeof(*r->sets)) < 0)
                return -ENOMEM;
        name = strdup(set);
        if (!name)
                return -ENOMEM;
        r->sets[r->n_sets++] = (struct NamedRanges){
                .name = name, .ranges = range_set_ref(ranges), .timed = timed_set_ref(timed)
        };
        *ret_name = name;
        return 0;
}

/* Puts the set into the ruleset, where its name lives from then on. */
static int set_publish(Compilation *c, SetSource *s)
{
        Ruleset *r = c->ruleset;
        RangeSet *ranges;

        if (prefix_set_ranges(s->entries, &ranges) < 0 ||
                ranges_publish(r, s->name, ranges, NULL, &s->used_name) < 0)
                return -ENOMEM;
        if (!s->timed)
                return 0;
        if (timed_set_ranges(s->timed, &ranges) < 0)
                return -ENOMEM;
        return ranges_publish(r, s->name, ranges, s->timed, &s->used_timed);
}

static int set_find(Compilation *c, const char *name, Site site, SetSource **ret)
{
        SetSource *s = NULL;

        if (c->n_sets > 0)
                s = bsearch(name, c->sets, c->n_sets, sizeof(*c->sets), set_compare_name);
        if (!s)
                return compile_error(c, site, "there is no set @%s", name);
        if (!s->entries)
                return compile_error(c, site, "the entries of set @%s could not be read", name);
        *ret = s;
        return 0;
}

int set_check(Compilation *c, const char *name, Site site)
{
        SetSource *s;

        return set_find(c, name, site, &s);
}

int set_use(Compilation *c, const char *name, Site site, MatchSet ret[static 2])
{
        RangeSet *ranges;
        SetSource *s;
        int r;

        r = set_find(c, name, site, &s);
        if (r < 0)
                return r;
        if ((!s->used_name && set_publish(c, s) < 0) || prefix_set_ranges(s->entries, &ranges) < 0)
                return -ENOMEM;
        ret[0] = (MatchSet){ .name = s->used_name, .ranges = range_set_ref(ranges) };
        ret[1] = (MatchSet){ 0 };
        if (!s->timed)
                return 0;
        if (timed_set_ranges(s->timed, &ranges) < 0)
                return -ENOMEM;
        ret[1] = (MatchSet){ .name = s->used_timed,
                .ranges = range_set_ref(ranges),
                .timed = timed_set_ref(s->timed) };
        return 0;
}
