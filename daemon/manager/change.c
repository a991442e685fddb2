/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The one way of a change: check who asks, compile, assert, write, apply, publish. Up to the kernel
 * nothing is true yet that was not before; after it there is one rename, and if that fails the
 * kernel is put back.
 */

#include "daemon/manager/internal.h"

#include "rules/report/changes.h"

#include <errno.h>

/* ---- finishing ---- */

static bool was_told(const Diagnostics *d, const char *text)
{
        for (size_t i = 0; i < d->n; i++)
                if (streq(d->items[i].text, text))
                        return true;
        return false;
}

/* Warnings that this change brings, not those that every change would repeat. */
static int result_add_warnings(ChangeResult *r, const Diagnostics *d, const Diagnostics *before)
{
        for (size_t i = 0; i < d->n; i++) {
                char *text;

                if (d->items[i].severity != SEVERITY_WARNING || was_told(before, d->items[i].text))
                        continue;
                if (diagnostic_format(&d->items[i], &text) < 0 ||
                        strv_consume(&r->warnings, text) < 0)
                        return -ENOMEM;
        }
        return 0;
}

static bool is_known_broken(const Manager *m, const Diagnostic *d)
{
        for (size_t i = 0; i < m->told.n; i++) {
                const Diagnostic *known = &m->told.items[i];

                if (streq_null(known->setting, "assert") && known->line == d->line &&
                        streq_null(known->file, d->file))
                        return true;
        }
        return false;
}

/* What does not hold any more already, as when a rule has expired, is no obstacle to other changes:
 * they do not break it. All others are errors. */
static int forgive_broken(const Manager *m, Diagnostics *d)
{
        for (size_t i = 0; i < d->n; i++) {
                if (d->items[i].severity != SEVERITY_ERROR)
                        continue;
                if (!is_known_broken(m, &d->items[i]))
                        return -EPERM;
        }
        for (size_t i = 0; i < d->n; i++)
                if (d->items[i].severity == SEVERITY_ERROR)
                        d->items[i].severity = SEVERITY_WARNING;
        d->n_errors = 0;
        return 0;
}

/* What is taken back was in force once, and so was what a lockdown hides: its names may be unknown
 * and its assertions are not checked again, as at the start. */
static bool was_in_force(const Manager *m, const Proposal *p)
{
        return p->pending == PENDING_TAKES_BACK || p->state->lockdown != m->policy->state->lockdown;
}

static int compile_and_assert(Manager *m, const Proposal *p, Resolver *names, ChangeResult *r,
        Ruleset **ret, Diagnostics *ret_told)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_(ruleset_free_p) Ruleset *ruleset = NULL;
        const BackendOps *ops;
        bool again = was_in_force(m, p);
        int q;

        q = manager_choose_backend(m, names->policy, &d, &ops);
        if (q < 0)
                return change_fail_told(r, ERROR_NOT_SUPPORTED, q, &d);
        q = resolver_compile(names, &d, &ruleset);
        if (q == -ENOMEM)
                return change_no_memory(r);
        if (q < 0)
                return change_fail_told(r, p->invalid, q, &d);
        q = again ? 0 : resolver_assert(names, ruleset, &d);
        if (q == -EPERM && !p->files)
                q = forgive_broken(m, &d);
        if (q == -ENOMEM)
                return change_no_memory(r);
        if (q < 0)
                return change_fail_told(
                        r, q == -EPERM ? ERROR_ASSERTION_FAILED : ERROR_INVALID_POLICY, q, &d);
        if (result_add_warnings(r, &d, &m->told) < 0)
                return change_no_memory(r);
        *ret_told = d;
        d = (Diagnostics){ 0 };
        *ret = TAKE_PTR(ruleset);
        return 0;
}

/* From what is in the kernel to what shall be; *ret_backend is where that is then. Leaves the
 * filter's lock held, so that all can be put back. A set alone may need no lock. */
static int install(Manager *m, const Policy *next, const Ruleset *ruleset, bool enabled,
        bool set_alone, ChangeResult *r, Backend **ret_backend)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        bool leaves = !enabled && (m->installed || (m->kept && policy_switched_off(next)));
        Backend *b = m->backend;
        int q = 0;

        if (enabled)
                q = manager_begin_backend(m, next, &d, &b);
        if (q < 0)
                return change_fail_told(r, change_backend_error(q), q, &d);
        if ((enabled || leaves) && !(set_alone && b == m->backend))
                q = manager_lock(m, b, 0, &d);
        if (q >= 0 && enabled)
                q = b->ops->apply(b, ruleset, &d);
        else if (q >= 0 && leaves)
                q = b->ops->remove(b, &d);
        if (q < 0) {
                (void)change_fail_backend(m, r, b, q, &d);
                manager_drop_backend(m, b);
                return q;
        }
        *ret_backend = b;
        return 0;
}

/* And back again; what fails here the backend's own watch may still repair. */
static void uninstall(Manager *m, Backend *b, bool enabled)
{
        if (b != m->backend)
                manager_drop_backend(m, b);
        else if (m->installed)
                (void)manager_apply(m, m->ruleset, NULL);
        else if (enabled && !m->kept) /* what was kept is lost, and its place is not left open */
                (void)b->ops->remove(b, NULL);
}

static int try(
        Manager *m, const Policy *next, const Ruleset *ruleset, bool enabled, ChangeResult *r)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        Backend *b = NULL;
        int q;

        if (!enabled)
                return 0;
        q = manager_begin_backend(m, next, &d, &b);
        if (q >= 0)
                q = b->ops->check(b, ruleset, &d);
        if (b && b != m->backend)
                b->ops->close(b);
        return q < 0 ? change_fail_told(r, change_backend_error(q), q, &d) : 0;
}

/* The new state names the copies of the files that it goes with, so that a rollback can put these
 * in force again. */
static int keep_files(Manager *m, Proposal *p, ChangeResult *r)
{
        int q;

        if (!p->files) {
                /* those in force; that they could not be copied is no reason to refuse a change */
                if (manager_keep_files(m) == -ENOMEM ||
                        state_name_files(p->state, m->policy->state->files) < 0)
                        return change_no_memory(r);
                return 0;
        }
        if (p->state->files)
                return 0;
        q = store_keep_files(m->store, &p->inputs, &p->state->files);
        if (q == -ESTALE)
                return change_fail(r, ERROR_FAILED, q,
                        "a file was changed while it was read; nothing was changed: try again");
        return q < 0 ? change_fail(r, ERROR_FAILED, q,
                               "%s: the files cannot be copied: %s; nothing was changed",
                               m->paths.state, strerrordesc_np(-q))
                     : 0;
}

static int prepare(Manager *m, Proposal *p, ChangeResult *r)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        const State *old = m->failsafe ? m->parked : m->policy->state;
        int q = keep_files(m, p, r);

        if (q < 0)
                return q;
        q = store_prepare(m->store, old, p->state, p->delta, &d);

        return q < 0 ? change_fail_told(r, q == -E2BIG ? ERROR_LIMIT_EXCEEDED : ERROR_FAILED, q, &d)
                     : 0;
}

static int publish(Manager *m, ChangeResult *r)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        int q = store_publish(m->store, &d);

        return q < 0 ? change_fail_told(r, ERROR_FAILED, q, &d) : 0;
}

/* The files of the proposal come into force; the state stays where it is. */
static void take_files(Manager *m, Proposal *p)
{
        State *state;

        if (!p->files)
                return;
        state = TAKE_PTR(m->policy->state);
        policy_free(m->policy);
        m->policy = TAKE_PTR(p->files);
        state_free(m->policy->state);
        m->policy->state = state;
        host_inputs_deinit(&m->inputs);
        m->inputs = p->inputs;
        p->inputs = (HostInputs){ 0 };
        m->inputs_are_good = !p->state || !p->state->files_pinned;
        m->failsafe = false;
        state_free(TAKE_PTR(m->parked));
        strv_free(TAKE_PTR(m->warnings));
}

static void take(Manager *m, Proposal *p, Ruleset *ruleset, bool enabled)
{
        take_files(m, p);
        state_free(m->policy->state);
        m->policy->state = TAKE_PTR(p->state);
        ruleset_free(m->ruleset);
        m->ruleset = ruleset;
        m->installed = enabled;
        if (enabled || policy_switched_off(m->policy)) {
                if (m->kept || !enabled) /* they are about a policy that is not there any more */
                        strv_free(TAKE_PTR(m->warnings));
                m->kept = false;
        }
        if (!enabled)
                manager_forget_counters(m);
        watch_update(m->watch);
        manager_update_expiry(m);
        manager_cut_later(m);
        manager_save_later(m);
}

/* Nothing to say to kernel and disk; but files that say the same were read anew, and users may have
 * got other numbers since. */
static int finish_unchanged(Manager *m, Proposal *p, Ruleset *ruleset, ChangeResult *r)
{
        Backend *b;
        int q;

        if (m->installed && !ruleset_same_identities(m->ruleset, ruleset)) {
                q = install(m, m->policy, ruleset, true, false, r, &b);
                if (q >= 0)
                        manager_take_backend(m, b);
                manager_unlock(m);
                if (q < 0)
                        return q;
        }
        if (p->files)
                (void)state_name_files(m->policy->state, NULL);
        take_files(m, p);
        ruleset_free(m->ruleset);
        m->ruleset = ruleset;
        watch_update(m->watch);
        manager_cut_later(m);
        manager_save_later(m);
        return 0;
}

/* That other files are in force than those on disk, or no longer, is a change by itself. */
static int tell_pinned(const Manager *m, const State *next, ChangeResult *r)
{
        static const char *const lines[] = { "+ the files as they are on disk",
                "+ the files as they were" };

        return m->policy->state->files_pinned != next->files_pinned
                       ? strv_append(&r->diff, lines[next->files_pinned])
                       : 0;
}

/* In force but not on disk: no failure of what must be. */
static void tell_unstored(ChangeResult *r)
{
        char *message = TAKE_PTR(r->message);

        r->error = ERROR_NONE;
        if (message)
                (void)strv_consume(&r->warnings, message);
}

/* The disk, as far as that goes before the kernel. */
static int get_ready(Manager *m, Proposal *p, const Change *c, ChangeResult *r, bool *ret_stored)
{
        int q;

        /* a line of the journal would be true before it is known when to take it back */
        if (c->confirm_seconds > 0)
                p->delta = NULL;
        q = prepare(m, p, r);
        *ret_stored = q >= 0;
        if (q < 0)
                return p->must ? 0 : q;
        q = pending_begin(m, p, c, r);
        if (q < 0)
                store_cancel(m->store);
        return q;
}

/* Kernel and disk. */
static int carry_out(Manager *m, Proposal *p, const Policy *next, Ruleset *ruleset, bool enabled,
        bool *stored, ChangeResult *r)
{
        Backend *b = NULL;
        int q;

        q = install(m, next, ruleset, enabled, p->delta != NULL, r, &b);
        if (q < 0) {
                if (*stored)
                        store_cancel(m->store);
                return q;
        }
        *stored = *stored && (q = publish(m, r)) >= 0;
        if (q < 0 && !p->must) {
                uninstall(m, b, enabled);
                return q;
        }
        if (!*stored)
                tell_unstored(r);
        manager_take_backend(m, b);
        take(m, p, ruleset, enabled);
        return 0;
}

int change_finish(Manager *m, Proposal *p, const Change *c, ChangeResult *r)
{
        _cleanup_(ruleset_free_p) Ruleset *ruleset = NULL;
        _cleanup_diagnostics_ Diagnostics told = { 0 };
        Policy next = p->files ? *p->files : *m->policy;
        uint64_t revision = m->policy->state->revision;
        _cleanup_resolver_ Resolver names =
                manager_resolver(m, &next, was_in_force(m, p) ? RESOLVE_IN_FORCE : RESOLVE_CHANGE);
        bool enabled, stored;
        int q;

        next.state = p->state;
        enabled = policy_enabled(&next);
        if (policy_difference(m->policy, &next, &r->diff) < 0 || tell_pinned(m, p->state, r) < 0 ||
                change_sign(p->state, revision, c) < 0)
                return change_no_memory(r);
        if (!r->diff && !p->files)
                return 0;
        q = compile_and_assert(m, p, &names, r, &ruleset, &told);
        if (q < 0)
                return q;
        if (!r->diff && !m->failsafe) {
                if (c->dry_run)
                        return 0;
                q = finish_unchanged(m, p, ruleset, r);
                if (q < 0)
                        return q;
                ruleset = NULL; /* taken */
                manager_take_told(m, &told, &names);
                return 0;
        }
        q = change_tell_effects(m, p, &next, ruleset, enabled, c, r);
        if (q < 0)
                return q;
        if (c->dry_run) {
                q = p->untried ? 0 : try(m, &next, ruleset, enabled, r);
                if (q < 0)
                        return q;
                change_made(r, p->outcome);
                return 0;
        }
        q = pending_admit(m, p, c, r);
        if (q >= 0)
                q = get_ready(m, p, c, r, &stored);
        if (q < 0)
                return q;
        q = carry_out(m, p, &next, ruleset, enabled, &stored, r);
        manager_unlock(m);
        if (q < 0) {
                pending_cancel(m);
                return q;
        }
        ruleset = NULL; /* taken */
        manager_take_told(m, &told, &names);
        pending_commit(m, p, stored);
        change_made(r, p->outcome);
        r->revision = m->policy->state->revision;
        if (m->events.changed)
                m->events.changed(m->events.data, r->revision, c->uid, c->reason ? c->reason : "");
        return 0;
}
