/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Former policies: what they were, how they differ, and the way back. The host's files of then are
 * part of them, as copies: a rollback puts these in force and leaves /etc as it is.
 */

#include "daemon/manager/internal.h"

#include "daemon/loop/clock.h"
#include "daemon/store/set_changes.h"
#include "rules/address/prefixset.h"
#include "rules/address/timedset.h"
#include "rules/base/strv.h"
#include "rules/policy/effective.h"
#include "rules/policy/expiry.h"
#include "rules/policy/fragment.h"
#include "rules/policy/policy.h"
#include "rules/policy/state.h"
#include "rules/report/changes.h"
#include "rules/ruleset/ruleset.h"
#include "rules/words/words.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

int manager_list_set_changes(Manager *m, size_t max, SetChanges *ret)
{
        return store_list_set_changes(m->store, max, ret);
}

int manager_list_revisions(Manager *m, size_t max, Revisions *ret)
{
        return store_list_revisions(m->store, m->in_force.policy->state->revision, max, ret);
}

static int load(Manager *m, uint64_t revision, ChangeResult *r, State **ret)
{
        _cleanup_diagnostics_ Diagnostics d = { .hides_content = true };
        const State *now = m->in_force.policy->state;
        int q;

        if (revision == now->revision && !manager_in_failsafe(m))
                return state_copy(now, ret) < 0 ? change_no_memory(r) : 0;
        q = store_load_revision(m->store, now->revision, revision, &d, ret);
        if (q == -ENOMEM)
                return change_no_memory(r);
        if (q == -ENOENT)
                return change_fail(r, ERROR_NO_SUCH_REVISION, q,
                        "there is no revision %" PRIu64 " (p25ctl history shows them)", revision);
        return q < 0 ? change_fail_told(r, ERROR_INVALID_POLICY, q, &d) : 0;
}

/* The files that the state went with; *ret is NULL where they are those in force, or not known. */
static int load_files(
        Manager *m, const State *state, ChangeResult *r, Policy **ret, HostInputs *ret_inputs)
{
        _cleanup_diagnostics_ Diagnostics d = { .hides_content = true };
        _cleanup_(host_paths_deinit) HostPaths paths = { 0 };
        int q;

        *ret = NULL;
        if (!state->files || streq_null(state->files, m->in_force.policy->state->files))
                return 0;
        q = store_files_paths(m->store, state->files, &paths);
        if (q == -ENOENT)
                return change_fail(r, ERROR_NO_SUCH_REVISION, q,
                        "the copies of the files of revision %" PRIu64 " are lost",
                        state->revision);
        if (q >= 0)
                q = host_load_files(&paths, ret_inputs, &d, ret);
        return q < 0 ? change_fail_told(r, ERROR_INVALID_POLICY, q, &d) : 0;
}

/* ---- the difference of two ---- */

/* A former policy, whole; its files, if they are not those in force, are owned. */
typedef struct Former {
        State *state;
        Policy *files;
        HostInputs inputs;
} Former;

static void former_deinit(Former *f)
{
        state_free(f->state);
        policy_free(f->files);
        host_inputs_deinit(&f->inputs);
}
#define _cleanup_former_ _cleanup_(former_deinit)

static int former_load(Manager *m, uint64_t revision, ChangeResult *r, Former *ret)
{
        int q = load(m, revision, r, &ret->state);

        return q < 0 ? q : load_files(m, ret->state, r, &ret->files, &ret->inputs);
}

/* Borrowed, with the state in its place. */
static Policy former_policy(const Manager *m, const Former *f)
{
        Policy p = f->files ? *f->files : *m->in_force.policy;

        p.state = f->state;
        return p;
}

/* Entries do not belong to a revision: present sets stay as they are, and sets that were dropped
 * since return with their former entries. */
static int keep_sets_of_now(const Manager *m, State *s)
{
        const State *now = manager_stored(m);

        for (size_t i = 0; i < now->n_sets; i++)
                if (state_put_entries(
                            s, now->sets[i].name, now->sets[i].entries, now->sets[i].timed) < 0)
                        return -ENOMEM;
        return 0;
}

int manager_diff_revisions(Manager *m, uint64_t from, uint64_t to, ChangeResult *r)
{
        _cleanup_former_ Former a = { 0 }, b = { 0 };
        Policy old, new;
        int q;

        r->revision = m->in_force.policy->state->revision;
        q = former_load(m, from, r, &a);
        if (q >= 0)
                q = former_load(m, to, r, &b);
        if (q < 0)
                return q;
        if (keep_sets_of_now(m, a.state) < 0 || keep_sets_of_now(m, b.state) < 0)
                return change_no_memory(r);
        old = former_policy(m, &a);
        new = former_policy(m, &b);
        if (policy_difference(&old, &new, &r->diff) < 0)
                return change_no_memory(r);
        if (!r->diff)
                return 0;
        /* for packets, as it would be now */
        (void)expiry_drop_all(a.state, clock_now_usec(CLOCK_REALTIME));
        (void)expiry_drop_all(b.state, clock_now_usec(CLOCK_REALTIME));
        return manager_tell_difference(m, &old, &new, r);
}

/* ---- the policy of a time ---- */

void former_policy_deinit(FormerPolicy *p)
{
        ruleset_free(p->ruleset);
        *p = (FormerPolicy){ 0 };
}

static char *time_print(uint64_t usec, char *buffer, size_t n)
{
        time_t sec = (time_t)(usec / USEC_PER_SEC);
        struct tm tm;

        if (!gmtime_r(&sec, &tm) || strftime(buffer, n, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
                snprintf(buffer, n, "?");
        return buffer;
}

/* The newest that was there at the time. */
static int find_at(const Revisions *all, uint64_t at_usec, ChangeResult *r, const Revision **ret)
{
        char begin[32], at[32];

        for (size_t i = 0; i < all->n; i++)
                if (all->items[i].origin.time_usec <= at_usec) {
                        *ret = &all->items[i];
                        return 0;
                }
        if (all->n == 0)
                return change_fail(r, ERROR_NO_SUCH_REVISION, -ENOENT,
                        "there is no history yet: the policy was never changed");
        return change_fail(r, ERROR_NO_SUCH_REVISION, -ENOENT,
                "the policy of %s is not kept: the history begins at %s (revision %" PRIu64 ")",
                time_print(at_usec, at, sizeof(at)),
                time_print(all->items[all->n - 1].origin.time_usec, begin, sizeof(begin)),
                all->items[all->n - 1].revision);
}

static int former_compile(Manager *m, const Former *f, ChangeResult *r, Ruleset **ret)
{
        Policy p = former_policy(m, f);
        _cleanup_resolver_ Resolver names = manager_resolver(m, &p, RESOLVE_IN_FORCE);
        int q = policy_enabled(&p) ? resolver_compile(&names, NULL, ret) : 0;

        if (q == -ENOMEM)
                return change_no_memory(r);
        return q < 0 ? change_fail(r, ERROR_INVALID_POLICY, q,
                               "revision %" PRIu64 " cannot be compiled now", f->state->revision)
                     : 0;
}

int manager_policy_at(Manager *m, uint64_t at_usec, ChangeResult *r, FormerPolicy *ret)
{
        _cleanup_(revisions_deinit) Revisions all = { 0 };
        _cleanup_former_ Former f = { 0 };
        const Revision *then = NULL;
        int q;

        if (at_usec > clock_now_usec(CLOCK_REALTIME))
                return change_fail(r, ERROR_INVALID_ARGS, -EINVAL, "the time is in the future");
        if (manager_list_revisions(m, REVISIONS_MAX, &all) < 0)
                return change_no_memory(r);
        q = find_at(&all, at_usec, r, &then);
        if (q >= 0)
                q = former_load(m, then->revision, r, &f);
        if (q < 0)
                return q;
        if (keep_sets_of_now(m, f.state) < 0)
                return change_no_memory(r);
        *ret = (FormerPolicy){ .revision = then->revision,
                .time_usec = then->origin.time_usec,
                .files_of_now = !f.state->files };
        return former_compile(m, &f, r, &ret->ruleset);
}

/* ---- the way back ---- */

/* Sets and fragments that are the same need not be written again. */
static int share(State *s, const State *now)
{
        for (size_t i = 0; i < s->n_sets; i++) {
                const StoredSet *set = state_find_set(now, s->sets[i].name);

                if (set && prefix_set_equal(set->entries, s->sets[i].entries) &&
                        timed_set_equal(set->timed, s->sets[i].timed) &&
                        state_put_entries(s, set->name, set->entries, set->timed) < 0)
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

/* 1: the files say something else than those in force, so they are to come into force. */
static int files_differ(const Manager *m, const Former *f)
{
        _cleanup_strv_ char **lines = NULL;
        Policy now = *m->in_force.policy, then;

        if (!f->files)
                return 0;
        now.state = f->state;
        then = former_policy(m, f);
        if (policy_difference(&now, &then, &lines) < 0)
                return -ENOMEM;
        return lines != NULL || manager_in_failsafe(m);
}

/* The files of then into the proposal, if they matter: those on disk, if they are these, else the
 * copies, which are in force then until a reload. */
static int propose_files(Manager *m, Former *f, Proposal *p, ChangeResult *r)
{
        _cleanup_(host_inputs_deinit) HostInputs inputs = { 0 };
        _cleanup_(policy_free_p) Policy *on_disk = NULL;
        int q = files_differ(m, f);

        if (q < 0)
                return change_no_memory(r);
        if (q == 0) {
                f->state->files_pinned = m->in_force.policy->state->files_pinned;
                return 0;
        }
        q = host_load_files(&m->paths, &inputs, NULL, &on_disk);
        if (q == -ENOMEM)
                return change_no_memory(r);
        f->state->files_pinned = q < 0 || !store_files_are(m->store, f->state->files, &inputs);
        if (f->state->files_pinned) {
                p->files = TAKE_PTR(f->files);
                return 0;
        }
        p->files = TAKE_PTR(on_disk);
        p->inputs = TAKE_STRUCT(inputs);
        return 0;
}

/* Rules that have ended since do not come back. */
static int leave_out_expired(State *s, ChangeResult *r)
{
        RuleList expired = { 0 };
        int k = expiry_drop(s, clock_now_usec(CLOCK_REALTIME), &expired);

        for (size_t i = 0; i < expired.n && k >= 0; i++) {
                _cleanup_free_ char *words = NULL;

                k = rule_words_print_until(expired.items[i], &words);
                if (k >= 0)
                        k = strv_printf(
                                &r->warnings, "a rule has expired and stays away: %s", words);
        }
        rule_list_deinit(&expired);
        return k < 0 ? k : expiry_drop_entries(s, clock_now_usec(CLOCK_REALTIME), NULL);
}

int manager_propose_revision(Manager *m, const FormerRevision *former, ChangeResult *r, Proposal *p)
{
        const State *now = manager_stored(m);
        _cleanup_former_ Former f = { 0 };
        int q = load(m, former->revision, r, &f.state);

        if (q < 0)
                return q;
        if ((former->files && state_name_files(f.state, former->files) < 0) ||
                (!former->entries_of_then && keep_sets_of_now(m, f.state) < 0))
                return change_no_memory(r);
        q = load_files(m, f.state, r, &f.files, &f.inputs);
        if (q < 0)
                return q;
        if (manager_in_failsafe(m) && !f.files)
                return change_fail_in_failsafe(r);
        q = propose_files(m, &f, p, r);
        if (q < 0)
                return q;
        /* ids are never given twice */
        if (f.state->next_id < now->next_id)
                f.state->next_id = now->next_id;
        if (leave_out_expired(f.state, r) < 0 || share(f.state, now) < 0)
                return change_no_memory(r);
        p->state = TAKE_PTR(f.state);
        return 0;
}
