/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Sets and fragments that p25ctl and the bus make.
 */

#include "daemon/manager/set_update.h"
#include "rules/address/prefixset.h"
#include "rules/address/timedset.h"
#include "rules/policy/fragment.h"
#include "rules/policy/limit.h"
#include "rules/policy/policy.h"
#include "rules/policy/state.h"
#include "rules/policy/valid.h"
#include "rules/ruleset/ruleset.h"

#include <errno.h>

/* To the policy a ban makes nobody's decision stale; to entries it does. */
static int check_fresh(const Manager *m, const Change *c, ChangeResult *r)
{
        uint64_t now = m->in_force.policy->state->revision;

        return !c->has_expected || c->expected_revision == now
                       ? 0
                       : change_fail_stale(r, c->expected_revision);
}

/* As much text as SET_TEXT_MAX is in any case too many entries or too much comment. */
static int check_set_name(const char *name, ChangeResult *r)
{
        if (name_is_valid(name))
                return 0;
        return change_fail(r, ERROR_INVALID_ARGS, -EINVAL,
                "the name of a set is 1 to %d of A-Z a-z 0-9 . _ -", NAME_MAX_LENGTH);
}

static size_t count_lines(const char *text, size_t n)
{
        size_t lines = 0;

        for (const char *p = text; (p = memchr(p, '\n', n - (size_t)(p - text))); p++)
                lines++;
        return lines;
}

/* The sets of files are written there, and a name is taken once. */
static int check_set_undeclared(const Manager *m, const char *name, ChangeResult *r)
{
        if (state_find_set(m->in_force.policy->state, name) ||
                !policy_find_set(m->in_force.policy, name))
                return 0;
        return change_fail(r, ERROR_INVALID_POLICY, -EEXIST,
                "set %s is declared in p25.conf or a fragment: change it there", name);
}

/* The set in a proposal; 1: it is another one than before, 0, negative errno. */
static int stage_set(const Manager *m, Proposal *p, const ManagerText *t, ChangeResult *r)
{
        _cleanup_(prefix_set_unref_p) PrefixSet *entries = NULL;
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        const StoredSet *now;
        int q;

        q = check_set_name(t->name, r);
        if (q >= 0)
                q = check_set_undeclared(m, t->name, r);
        if (q < 0)
                return q;
        if (t->n > SET_TEXT_MAX)
                return change_fail(r, ERROR_LIMIT_EXCEEDED, -E2BIG,
                        "the text of a set is at most %u MiB", SET_TEXT_MAX >> 20);
        q = prefix_set_parse(t->text, t->n, t->name, &d, &entries);
        if (q < 0)
                return change_fail_told(r,
                        count_lines(t->text, t->n) > PREFIX_SET_MAX ? ERROR_LIMIT_EXCEEDED
                                                                    : ERROR_INVALID_POLICY,
                        q, &d);
        if (change_warn(r, &d) < 0)
                return change_no_memory(r);
        now = state_find_set(p->state, t->name);
        if (now && !now->timed && prefix_set_equal(now->entries, entries))
                return 0;
        p->outcome = now ? OUTCOME_CHANGED : OUTCOME_ADDED;
        prefix_set_count_changes(
                now ? now->entries : NULL, entries, &p->entries_added, &p->entries_removed);
        p->entries_removed += now ? timed_set_size(now->timed) : 0;
        return state_put_set(p->state, t->name, entries) < 0 ? change_no_memory(r) : 1;
}

static void count_entries(const Proposal *p, const char *name, ChangeResult *r)
{
        const StoredSet *set = state_find_set(p->state, name);

        r->counts_entries = true;
        r->entries = prefix_set_size(set->entries);
}

/* A change of one set's entries is none of the policy. */
static void propose_set_only(Proposal *p, const char *name)
{
        p->pending = PENDING_STAYS;
        p->set = name;
}

int manager_replace_set(
        Manager *m, const char *name, const char *text, size_t n, const Change *c, ChangeResult *r)
{
        _cleanup_proposal_ Proposal p = { 0 };
        int q;

        q = change_begin(m, c, ERROR_INVALID_POLICY, r, &p);
        if (q >= 0)
                q = check_fresh(m, c, r);
        if (q >= 0)
                q = stage_set(m, &p, &(ManagerText){ name, true, text, n }, r);
        if (q >= 0)
                count_entries(&p, name, r);
        if (q <= 0)
                return q;
        propose_set_only(&p, name);
        return change_finish(m, &p, c, r);
}

int manager_update_set(Manager *m, const char *name, char *const *add, char *const *remove,
        const Change *c, ChangeResult *r)
{
        _cleanup_set_update_ SetUpdate u = { .name = name };
        _cleanup_proposal_ Proposal p = { 0 };
        SetDelta delta = { .name = name };
        const StoredSet *now;
        int q;

        q = change_begin(m, c, ERROR_INVALID_POLICY, r, &p);
        if (q >= 0)
                q = check_fresh(m, c, r);
        if (q >= 0)
                q = check_set_name(name, r);
        if (q >= 0 && c->timeout_seconds > DURATION_MAX_SEC)
                q = change_fail(r, ERROR_INVALID_ARGS, -EINVAL, "an entry ends within 366 days");
        if (q >= 0)
                q = set_update_read(&u, add, remove, r);
        if (q < 0)
                return q;
        now = state_find_set(p.state, name);
        if (!now && prefix_set_size(u.plus) == 0)
                return change_fail(r, ERROR_NO_SUCH_SET, -ENOENT,
                        "no set \"%s\" was created with p25ctl", name);
        q = check_set_undeclared(m, name, r);
        if (q >= 0)
                q = set_update_find(&u, now, c->timeout_seconds, r);
        if (q < 0 || (now && set_update_is_empty(&u)))
                return q;
        p.outcome = set_update_outcome(&u);
        if (now) {
                delta.add = c->timeout_seconds > 0 ? NULL : u.plus;
                delta.timed = u.timed;
                delta.remove = u.minus;
                p.delta = &delta;
        }
        p.entries_added = u.added + u.changes.added + u.changes.renewed;
        p.entries_removed = u.removed + u.changes.removed;
        if (state_put_entries(p.state, name, u.entries, u.timed_entries) < 0)
                return change_no_memory(r);
        p.pending = PENDING_STAYS;
        p.set = name;
        return change_finish(m, &p, c, r);
}

static bool ruleset_uses(const Ruleset *r, const char *set)
{
        for (size_t i = 0; i < r->n_sets; i++)
                if (streq(r->sets[i].name, set))
                        return true;
        return false;
}

int manager_drop_set(Manager *m, const char *name, const Change *c, ChangeResult *r)
{
        _cleanup_(ruleset_free_p) Ruleset *behind = NULL;
        _cleanup_proposal_ Proposal p = { 0 };
        int q;

        q = change_begin(m, c, ERROR_INVALID_POLICY, r, &p);
        if (q >= 0)
                q = check_set_name(name, r);
        if (q < 0)
                return q;
        if (!state_find_set(p.state, name))
                return change_fail(r, ERROR_NO_SUCH_SET, -ENOENT,
                        "no set \"%s\" was created with p25ctl (see p25ctl set list; drop a file's "
                        "set in the file)",
                        name);
        if (m->in_force.ruleset->lockdown && manager_compile_behind_lockdown(m, &behind) == -ENOMEM)
                return change_no_memory(r);
        if (ruleset_uses(behind ? behind : m->in_force.ruleset, name))
                return change_fail(r, ERROR_INVALID_POLICY, -EBUSY,
                        "set %s is in use: a rule names @%s", name, name);
        p.outcome = OUTCOME_REMOVED;
        if (state_put_set(p.state, name, NULL) < 0)
                return change_no_memory(r);
        return change_finish(m, &p, c, r);
}

/* The same of a fragment. */
static int stage_fragment(
        const Manager *m, Proposal *p, const ManagerText *t, const Change *c, ChangeResult *r)
{
        _cleanup_(fragment_unref_p) Fragment *f = NULL;
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        const Fragment *now;
        int q;

        if (!name_is_valid(t->name))
                return change_fail(r, ERROR_INVALID_ARGS, -EINVAL,
                        "the name of a fragment is 1 to %d of A-Z a-z 0-9 . _ -", NAME_MAX_LENGTH);
        now = state_find_fragment(p->state, t->name);
        if (t->n == 0 && !now)
                return 0;
        if (t->n > POLICY_TEXT_MAX)
                return change_fail(r, ERROR_LIMIT_EXCEEDED, -E2BIG,
                        "a policy text is at most %u MiB", POLICY_TEXT_MAX >> 20);
        if (now && strlen(now->text) == t->n && memcmp(now->text, t->text, t->n) == 0)
                return 0;
        if (t->n > 0) {
                /* p25d reads more than its callers may: an error shows a line of the file */
                q = host_parse_stored_fragment(
                        t->name, t->text, t->n, c->uid == 0 ? m->paths.root : NULL, &d, &f);
                if (q < 0)
                        return change_fail_told(r, ERROR_INVALID_POLICY, q, &d);
                if (change_warn(r, &d) < 0)
                        return change_no_memory(r);
        }
        p->outcome = !f ? OUTCOME_REMOVED : now ? OUTCOME_UPDATED : OUTCOME_ADDED;
        return state_put_fragment(p->state, t->name, f) < 0 ? change_no_memory(r) : 1;
}

int manager_put_fragment(
        Manager *m, const char *name, const char *text, size_t n, const Change *c, ChangeResult *r)
{
        _cleanup_proposal_ Proposal p = { 0 };
        int q;

        q = change_begin(m, c, ERROR_INVALID_POLICY, r, &p);
        if (q >= 0)
                q = stage_fragment(m, &p, &(ManagerText){ name, false, text, n }, c, r);
        return q <= 0 ? q : change_finish(m, &p, c, r);
}

int manager_put_texts(
        Manager *m, const ManagerText *texts, size_t n, const Change *c, ChangeResult *r)
{
        _cleanup_proposal_ Proposal p = { 0 };
        const ManagerText *last = NULL;
        size_t n_changed = 0;
        int q;

        q = change_begin(m, c, ERROR_INVALID_POLICY, r, &p);
        for (size_t i = 0; q >= 0 && i < n; i++) {
                q = texts[i].is_set ? stage_set(m, &p, &texts[i], r)
                                    : stage_fragment(m, &p, &texts[i], c, r);
                if (q > 0) {
                        n_changed++;
                        last = &texts[i];
                }
        }
        if (q < 0 || n_changed == 0)
                return q < 0 ? q : 0;
        if (n_changed == 1 && last->is_set)
                propose_set_only(&p, last->name);
        else if (n_changed > 1) {
                p.outcome = OUTCOME_CHANGED;
                p.entries_added = p.entries_removed = 0;
        }
        return change_finish(m, &p, c, r);
}
