/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Former states: what they were, how they differ, and the way back. The files of the host are no
 * part of them: a rollback leaves p25.conf and its folders as they are.
 */

#include "daemon/manager_internal.h"

#include "daemon/difference.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

int manager_list_revisions(Manager *m, size_t max, Revisions *ret)
{
        return store_list_revisions(m->store, m->policy->state->revision, max, ret);
}

static int load(Manager *m, uint64_t revision, ChangeResult *r, State **ret)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        int q = store_load_revision(m->store, m->policy->state->revision, revision, &d, ret);

        if (q == -ENOMEM)
                return change_no_memory(r);
        if (q == -ENOENT)
                return change_fail(r, ERROR_NO_SUCH_REVISION, q,
                        "there is no revision %" PRIu64 " (p25ctl history shows them)", revision);
        return q < 0 ? change_fail_told(r, ERROR_INVALID_POLICY, q, &d) : 0;
}

int manager_diff_revisions(Manager *m, uint64_t from, uint64_t to, ChangeResult *r)
{
        _cleanup_(state_free_p) State *a = NULL, *b = NULL;
        Policy old = *m->policy, new = *m->policy;
        int q;

        r->revision = m->policy->state->revision;
        q = load(m, from, r, &a);
        if (q >= 0)
                q = load(m, to, r, &b);
        if (q < 0)
                return q;
        old.state = a;
        new.state = b;
        if (policy_difference(&old, &new, &r->diff) < 0)
                return change_no_memory(r);
        return r->diff ? manager_tell_difference(m, &old, &new, r) : 0;
}

/* Sets and fragments that are the same need not be written again. */
static int share(State *s, const State *now)
{
        for (size_t i = 0; i < s->n_sets; i++) {
                const StoredSet *set = state_find_set(now, s->sets[i].name);

                if (set && prefix_set_equal(set->entries, s->sets[i].entries) &&
                        state_put_set(s, set->name, set->entries) < 0)
                        return -ENOMEM;
        }
        for (size_t i = 0; i < s->n_fragments; i++) {
                Fragment *f = state_find_fragment(now, s->fragments[i]->name);

                if (f && streq(f->text, s->fragments[i]->text) &&
                        state_put_fragment(s, f->name, f) < 0)
                        return -ENOMEM;
        }
        return 0;
}

int manager_rollback(Manager *m, uint64_t revision, const Change *c, ChangeResult *r)
{
        _cleanup_proposal_ Proposal p = { 0 };
        Change change = *c;
        uint64_t next_id;
        char reason[64];
        int q;

        q = change_begin(m, c, ERROR_INVALID_POLICY, r, &p);
        if (q < 0)
                return q;
        next_id = p.state->next_id;
        state_free(TAKE_PTR(p.state));
        q = load(m, revision, r, &p.state);
        if (q < 0)
                return q;
        /* ids are never given twice */
        if (p.state->next_id < next_id)
                p.state->next_id = next_id;
        if (share(p.state, m->policy->state) < 0)
                return change_no_memory(r);
        if (!change.reason || !change.reason[0]) {
                (void)snprintf(reason, sizeof(reason), "rollback to revision %" PRIu64, revision);
                change.reason = reason;
        }
        return change_finish(m, &p, &change, r);
}
