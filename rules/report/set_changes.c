/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "rules/report/set_changes.h"

#include "rules/address/prefixset.h"
#include "rules/address/timedentry.h"
#include "rules/address/timedset.h"
#include "rules/policy/expiry.h"
#include "rules/policy/fragment.h"
#include "rules/policy/state.h"

#include <errno.h>

static int set_line(Lines *lines, char sign, const char *name, size_t n)
{
        return lines_add(lines, "%c set %s %zu %s", sign, name, n, n == 1 ? "entry" : "entries");
}

/* Of a set that is new or gone one line even without entries. */
static int set_difference(
        const char *name, const PrefixSet *old, const PrefixSet *new, Lines *lines)
{
        size_t added, removed;

        prefix_set_count_changes(old, new, &added, &removed);
        if ((removed > 0 || (old && !new)) && set_line(lines, '-', name, removed) < 0)
                return -ENOMEM;
        if ((added > 0 || (new && !old)) && set_line(lines, '+', name, added) < 0)
                return -ENOMEM;
        return 0;
}

typedef struct TimedCount {
        size_t n;
        uint64_t until_usec; /* of all; UINT64_MAX: not the same */
} TimedCount;

static void timed_count(const TimedEntry *e, TimedCount *c)
{
        if (c->n++ == 0)
                c->until_usec = e->until_usec;
        else if (c->until_usec != e->until_usec)
                c->until_usec = UINT64_MAX;
}

static void timed_gone(const TimedEntry *e, void *data)
{
        timed_count(e, (TimedCount *)data);
}

static void timed_came(const TimedEntry *e, void *data)
{
        timed_count(e, (TimedCount *)data + 1);
}

static int timed_line(Lines *lines, char sign, const char *name, const TimedCount *c)
{
        char until[EXPIRY_TEXT_MAX];
        const char *word = c->n == 1 ? "entry" : "entries";

        if (c->n == 0)
                return 0;
        if (c->until_usec == UINT64_MAX)
                return lines_add(
                        lines, "%c set %s %zu %s, each until its own time", sign, name, c->n, word);
        return lines_add(lines, "%c set %s %zu %s until %s", sign, name, c->n, word,
                expiry_format(c->until_usec, until));
}

/* An entry with a new end goes and comes. */
static int timed_difference(
        const char *name, const TimedSet *old, const TimedSet *new, Lines *lines)
{
        TimedCount counts[2] = { 0 };

        timed_set_compare(old, new, timed_gone, timed_came, counts);
        if (timed_line(lines, '-', name, &counts[0]) < 0)
                return -ENOMEM;
        return timed_line(lines, '+', name, &counts[1]);
}

static const PrefixSet *decls_find(const Fragment *f, const char *name)
{
        for (size_t i = 0; f && i < f->sets.n; i++)
                if (streq(f->sets.items[i].name, name))
                        return f->sets.items[i].entries;
        return NULL;
}

int declared_sets_difference(const Fragment *old, const Fragment *new, Lines *lines)
{
        for (size_t i = 0; old && i < old->sets.n; i++) {
                const SetDecl *set = &old->sets.items[i];

                if (set_difference(set->name, set->entries, decls_find(new, set->name), lines) < 0)
                        return -ENOMEM;
        }
        for (size_t i = 0; new &&i < new->sets.n; i++) {
                const SetDecl *set = &new->sets.items[i];

                if (!decls_find(old, set->name) &&
                        set_difference(set->name, NULL, set->entries, lines) < 0)
                        return -ENOMEM;
        }
        return 0;
}

static int stored_set_difference(const StoredSet *old, const StoredSet *new, Lines *lines)
{
        static const StoredSet none = { 0 };
        const char *name = (old ?: new)->name;

        old = old ?: &none;
        new = new ?: &none;
        if (set_difference(name, old->entries, new->entries, lines) < 0)
                return -ENOMEM;
        return timed_difference(name, old->timed, new->timed, lines);
}

int stored_sets_difference(const State *old, const State *new, Lines *lines)
{
        for (size_t i = 0; i < old->n_sets; i++)
                if (stored_set_difference(
                            &old->sets[i], state_find_set(new, old->sets[i].name), lines) < 0)
                        return -ENOMEM;
        for (size_t i = 0; i < new->n_sets; i++)
                if (!state_find_set(old, new->sets[i].name) &&
                        stored_set_difference(NULL, &new->sets[i], lines) < 0)
                        return -ENOMEM;
        return 0;
}
