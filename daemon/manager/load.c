/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The start: what is stored and written, else what was good last, else no mail at all. Something is
 * in force when this returns, or p25 is inactive, or the kernel refuses everything.
 */

#include "daemon/manager/internal.h"

#include "daemon/manager/enforce.h"
#include "rules/policy/effective.h"
#include "rules/policy/hostconf.h"
#include "rules/policy/policy.h"
#include "rules/policy/state.h"

#include <errno.h>
#include <stdio.h>

#define LOCK_DEADLINE_USEC (MANAGER_WAIT_SECONDS * USEC_PER_SEC)

static const char kept_warning[] =
        "a policy is in the kernel and its files are gone: it stays in force as it is, and its "
        "rules are not known here (restore the files and run 'p25ctl reload', or take it out with "
        "'p25ctl disable')";

/* The first errors are enough to know what to correct. */
static int warn_errors(Manager *m, const Diagnostics *d)
{
        size_t told = 0;

        for (size_t i = 0; i < d->n && told < 3; i++) {
                if (d->items[i].severity != SEVERITY_ERROR)
                        continue;
                if (diagnostic_add_line(&d->items[i], &m->in_force.warnings) < 0)
                        return -ENOMEM;
                told++;
        }
        if (d->n_errors > told)
                return manager_warn(m, "and %zu more errors", d->n_errors - told);
        return 0;
}

/* ---- the stored state ---- */

/* The state, or its copy, or none: *ret_lost says that there was one once. */
static int load_state(Manager *m, State **ret, bool *ret_lost)
{
        _cleanup_diagnostics_ Diagnostics d = { .hides_content = true }, ignored = { 0 };
        const char *what;
        int r, k;

        *ret_lost = false;
        r = store_load(m->store, &d, ret);
        if (r >= 0 || r == -ENOMEM)
                return r < 0 ? r : 0;
        what = r == -ENOENT ? "missing" : "damaged";
        k = store_load_copy(m->store, &ignored, ret);
        if (k == -ENOMEM)
                return k;
        if (r != -ENOENT && warn_errors(m, &d) < 0)
                return -ENOMEM;
        if (k >= 0)
                return manager_warn(
                        m, "the stored rules are %s: the last good copy of them is in force", what);
        *ret_lost = r != -ENOENT || k != -ENOENT;
        if (*ret_lost &&
                manager_warn(m, "the stored rules are %s and no good copy is left", what) < 0)
                return -ENOMEM;
        *ret = state_new();
        if (!*ret)
                return -ENOMEM;
        /* a revision's number is not given twice */
        if (*ret_lost)
                (*ret)->revision = store_newest_revision(m->store);
        return 0;
}

/* ---- candidates ---- */

/* Until it is taken the state is with the files: one policy, for which names are asked. */
static int candidate_set_state(Candidate *c, const State *state)
{
        c->files->state = state_free(c->files->state);
        return state_copy(state, &c->files->state);
}

static int candidate_compile(Manager *m, Candidate *c)
{
        c->names = manager_resolver(m, c->files, RESOLVE_IN_FORCE);
        return resolver_compile(&c->names, &c->told, &c->ruleset);
}

/* Files below paths, with the state; files is what their copies are called, NULL: not known.
 * -ENOMEM, or another errno with what is wrong in d. */
static int candidate_load(Manager *m, const HostPaths *paths, const State *state, const char *files,
        Diagnostics *d, Candidate *ret)
{
        _cleanup_candidate_ Candidate c = { 0 };
        const BackendOps *ops;
        int r;

        r = host_load_files(paths, &c.inputs, d, &c.files);
        if (r < 0)
                return r;
        r = candidate_set_state(&c, state);
        if (r >= 0)
                r = state_name_files(c.files->state, files);
        if (r >= 0)
                r = manager_choose_backend(m, c.files, d, &ops);
        if (r >= 0)
                r = candidate_compile(m, &c);
        if (r < 0) {
                if (diagnostics_move(d, &c.told) < 0)
                        return -ENOMEM;
                return r;
        }
        *ret = TAKE_STRUCT(c);
        return 0;
}

/* Does what the policy says of itself hold? -EPERM, or its errors are warnings from now on. */
static int candidate_assert(Candidate *c, bool must_hold, Diagnostics *d)
{
        _cleanup_diagnostics_ Diagnostics found = { 0 };
        int r = 0;

        if (policy_enabled(c->files))
                r = resolver_assert(&c->names, c->ruleset, &found);
        if (r == -ENOMEM || (r == -EPERM && must_hold))
                return diagnostics_move(d, &found) < 0 ? -ENOMEM : r;
        diagnostics_forgive(&found);
        return diagnostics_move(&c->told, &found);
}

/* Nothing of what the host's files or p25ctl say but what the fail-safe shows of it. */
static int candidate_failsafe(Manager *m, const State *state, Candidate *ret)
{
        _cleanup_candidate_ Candidate c = { 0 };
        _cleanup_(state_free_p) State *shown = NULL;
        int r = failsafe_policy(&c.files);

        if (r >= 0)
                r = failsafe_state(state, &shown);
        if (r >= 0)
                r = candidate_set_state(&c, shown);
        if (r >= 0)
                r = state_copy(state, &c.stored);
        if (r >= 0)
                r = candidate_compile(m, &c);
        if (r < 0)
                return r;
        *ret = TAKE_STRUCT(c);
        return 0;
}

/* A policy of the stored state only, for a host where p25 is off and nothing can be read. */
static int candidate_empty(Manager *m, const State *state, Candidate *ret)
{
        _cleanup_candidate_ Candidate c = { .files = policy_new() };
        int r;

        if (!c.files)
                return -ENOMEM;
        /* rules that nobody can judge now */
        r = candidate_compile(m, &c);
        if (r >= 0)
                r = candidate_set_state(&c, state);
        if (r < 0)
                return r;
        *ret = TAKE_STRUCT(c);
        return 0;
}

/* Into the kernel, or out of it, and from then on it is the policy. Nobody can be kept waiting for
 * an answer yet. */
static int candidate_take(Manager *m, Candidate *c, bool from_disk, Diagnostics *d)
{
        Enforcement how = { .lock_usec = LOCK_DEADLINE_USEC };
        int r;

        c->from_disk = from_disk;
        c->state = TAKE_PTR(c->files->state);
        r = manager_enforce(m, c, &how, d);
        if (r < 0)
                return r;
        m->in_force.kept = !m->in_force.installed && !policy_switched_off(m->in_force.policy) &&
                           manager_find_kept(m);
        return m->in_force.kept ? manager_warn(m, kept_warning) : 0;
}

/* ---- the order of trying ---- */

/* Another policy would fail as well. -EBUSY: the lock of the packet filter is held by another
 * program; whoever started p25d tries again. */
static bool is_hopeless(int error)
{
        return error == -EPERM || error == -ENOMEM || error == -EBUSY;
}

/* Copies of the host's files, whatever these say by now. */
static int try_copies(Manager *m, const State *state, const char *files, bool must_hold,
        Diagnostics *ret_hopeless)
{
        _cleanup_(host_paths_deinit) HostPaths paths = { 0 };
        _cleanup_diagnostics_ Diagnostics d = { .hides_content = true };
        _cleanup_candidate_ Candidate c = { 0 };
        int r;

        r = store_files_paths(m->store, files, &paths);
        if (r >= 0)
                r = candidate_load(m, &paths, state, files, &d, &c);
        if (r >= 0)
                r = candidate_assert(&c, must_hold, &d) == -EPERM ? -EINVAL : 0;
        if (r >= 0)
                r = candidate_take(m, &c, false, &d);
        if (is_hopeless(r))
                return diagnostics_move(ret_hopeless, &d) < 0 ? -ENOMEM : r;
        return r;
}

/* A rollback stays in force until a reload. */
static int try_pinned(Manager *m, const State *state, Diagnostics *ret_hopeless)
{
        int r = state->files ? try_copies(m, state, state->files, false, ret_hopeless) : -ENOENT;

        if (r >= 0 || is_hopeless(r))
                return r;
        if (manager_warn(m, "the copies of former files, which were in force, cannot be used: the "
                            "files as they are now are in force") < 0)
                return -ENOMEM;
        return r;
}

static int try_good(Manager *m, const State *state, Diagnostics *ret_hopeless)
{
        _cleanup_free_ char *files = NULL;
        int r;

        r = store_good_files(m->store, &files);
        if (r >= 0)
                r = try_copies(m, state, files, true, ret_hopeless);
        if (r < 0)
                return r;
        m->in_force.policy->state->files_pinned = false;
        return manager_warn(m, "the policy files cannot be used: the last good ones are in force "
                               "(p25ctl reload when they are corrected)");
}

/* p25.conf, which said that p25 is on, is gone, and what it put in force is in the kernel. */
static bool is_without_conf(Manager *m, const Policy *p)
{
        return !p->host && !policy_enabled(p) && !policy_switched_off(p) && manager_find_kept(m);
}

static int try_kept(Manager *m, const State *state, Diagnostics *ret_hopeless)
{
        _cleanup_free_ char *files = NULL;
        int r;

        r = store_good_files(m->store, &files);
        if (r >= 0)
                r = try_copies(m, state, files, false, ret_hopeless);
        if (r < 0)
                return r;
        m->in_force.policy->state->files_pinned = false;
        if (m->in_force.kept) /* the copies do not say either that it is on */
                return 0;
        return manager_warn(m,
                "%s is gone: the policy of which it was part stays in force (restore it and run "
                "'p25ctl reload', or take the policy out with 'p25ctl disable')",
                m->paths.conf);
}

/* ret_broken: gets the assertions that do not hold; NULL: they may fail. */
static int try_files(
        Manager *m, const State *state, Diagnostics *ret_broken, Diagnostics *ret_hopeless)
{
        _cleanup_diagnostics_ Diagnostics d = { .hides_content = true };
        _cleanup_candidate_ Candidate c = { 0 };
        int r;

        r = candidate_load(m, &m->paths, state, NULL, &d, &c);
        if (r >= 0)
                c.files->state->files_pinned = false;
        if (r >= 0)
                r = candidate_assert(&c, ret_broken != NULL, &d);
        if (r == -EPERM)
                return diagnostics_move(ret_broken, &d) < 0 ? -ENOMEM : -EINVAL;
        if (r >= 0 && is_without_conf(m, c.files) && try_kept(m, state, ret_hopeless) >= 0)
                return 0;
        if (r >= 0)
                r = candidate_take(m, &c, true, &d);
        if (is_hopeless(r))
                return diagnostics_move(ret_hopeless, &d) < 0 ? -ENOMEM : r;
        if (r < 0 && warn_errors(m, &d) < 0)
                return -ENOMEM;
        return r;
}

static int take_failsafe(Manager *m, State *state, Diagnostics *d)
{
        _cleanup_candidate_ Candidate c = { 0 };
        int r;

        r = candidate_failsafe(m, state, &c);
        if (r >= 0)
                r = candidate_take(m, &c, false, d);
        if (r < 0)
                return r;
        return manager_warn(m,
                "the policy cannot be read: the fail-safe no-mail is in force, no mail flows "
                "(p25ctl reload when it is corrected)");
}

static int take_nothing(Manager *m, const State *state, Diagnostics *d)
{
        _cleanup_candidate_ Candidate c = { 0 };
        int r;

        r = candidate_empty(m, state, &c);
        if (r >= 0)
                r = candidate_take(m, &c, false, d);
        return r;
}

/* Is p25 meant to be on, although the files cannot be loaded? A p25.conf that cannot be read counts
 * as a yes, p25ctl's word above all. */
static bool meant_to_be_on(const Manager *m, const State *state)
{
        _cleanup_(host_conf_unref_p) HostConf *host = NULL;
        _cleanup_(host_paths_deinit) HostPaths pinned = { 0 };
        const HostPaths *paths = &m->paths;

        if (state->lockdown)
                return true;
        if (state->enabled >= 0)
                return state->enabled > 0;
        if (state->files_pinned && state->files &&
                store_files_paths(m->store, state->files, &pinned) >= 0)
                paths = &pinned;
        if (host_load_conf(paths, NULL, NULL, &host) < 0)
                return true;
        return host && host->enabled > 0;
}

static int start_policy(Manager *m, Diagnostics *d)
{
        _cleanup_(state_free_p) State *state = NULL;
        _cleanup_diagnostics_ Diagnostics broken = { 0 };
        bool lost;
        int r;

        r = load_state(m, &state, &lost);
        if (r >= 0)
                r = manager_drop_expired(m, state);
        if (r < 0)
                return r;
        m->state_is_lost = lost;
        if (!lost) {
                r = state->files_pinned ? try_pinned(m, state, d) : -ENOENT;
                if (r < 0 && !is_hopeless(r))
                        r = try_files(m, state, &broken, d);
                if (r >= 0)
                        return 0;
                if (is_hopeless(r))
                        return r;
                if (!meant_to_be_on(m, state))
                        return take_nothing(m, state, d);
                r = try_good(m, state, d);
                if (r >= 0)
                        return warn_errors(m, &broken);
                /* a failed assertion does not stop all mail */
                if (!is_hopeless(r) && broken.n_errors > 0)
                        r = try_files(m, state, NULL, d);
                if (r >= 0)
                        return 0;
                if (is_hopeless(r))
                        return r;
        }
        return take_failsafe(m, state, d);
}

int manager_start(Manager *m, const int *fds, size_t n_fds, Diagnostics *d)
{
        int r = manager_open_backend(m, fds, n_fds, d);

        return r < 0 ? r : start_policy(m, d);
}
