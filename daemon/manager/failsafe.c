/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Changes while the fail-safe is in force: what p25ctl stored waits aside, because it cannot be
 * judged without the files. Two words can be taken all the same: disable and lockdown. For a reload
 * see manager_settings.c.
 */

#include "daemon/manager/internal.h"

#include "rules/report/changes.h"

#include <errno.h>

/* A change of both states: what is stored, and the fail-safe's own, which is shown. */
typedef struct FailsafeChange {
        State *stored, *shown;
        Ruleset *ruleset;
} FailsafeChange;

static void failsafe_change_deinit(FailsafeChange *f)
{
        state_free(f->stored);
        state_free(f->shown);
        ruleset_free(f->ruleset);
}
#define _cleanup_failsafe_ _cleanup_(failsafe_change_deinit)

static int failsafe_begin(Manager *m, const Change *c, ChangeResult *r, FailsafeChange *ret)
{
        if (state_copy(m->parked, &ret->stored) < 0 ||
                state_copy(m->policy->state, &ret->shown) < 0 ||
                change_sign(ret->stored, r->revision, c) < 0)
                return change_no_memory(r);
        return 0;
}

static int failsafe_install(Manager *m, const Ruleset *ruleset, bool enabled, Diagnostics *d)
{
        int q;

        if (!enabled && !m->installed)
                return 0;
        q = manager_lock(m, m->backend, 0, d);
        if (q < 0)
                return q;
        return enabled ? manager_apply(m, ruleset, d) : m->backend->ops->remove(m->backend, d);
}

static void failsafe_take(Manager *m, FailsafeChange *f, bool enabled)
{
        state_free(m->parked);
        m->parked = TAKE_PTR(f->stored);
        state_free(m->policy->state);
        m->policy->state = TAKE_PTR(f->shown);
        m->policy->state->revision = m->parked->revision;
        ruleset_free(m->ruleset);
        m->ruleset = TAKE_PTR(f->ruleset);
        m->installed = enabled;
        manager_cut_later(m);
        manager_save_later(m);
}

/* Kernel and disk. */
static int failsafe_carry_out(Manager *m, FailsafeChange *f, bool enabled, ChangeResult *r)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        int q = failsafe_install(m, f->ruleset, enabled, &d);

        if (q < 0) {
                store_cancel(m->store);
                return change_fail_backend(m, r, m->backend, q, &d);
        }
        q = store_publish(m->store, &d);
        if (q < 0) {
                (void)failsafe_install(m, m->ruleset, m->installed, NULL);
                return change_fail_told(r, ERROR_FAILED, q, &d);
        }
        return 0;
}

static int failsafe_finish(
        Manager *m, FailsafeChange *f, WhilePending pending, const Change *c, ChangeResult *r)
{
        const Proposal proposal = { .state = f->stored, .pending = pending };
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        Policy next = *m->policy;
        _cleanup_resolver_ Resolver names = manager_resolver(m, &next, RESOLVE_IN_FORCE);
        bool enabled;
        int q;

        next.state = f->shown;
        enabled = policy_enabled(&next);
        if (policy_difference(m->policy, &next, &r->diff) < 0)
                return change_no_memory(r);
        q = resolver_compile(&names, &d, &f->ruleset);
        if (q < 0)
                return change_fail_told(r, ERROR_FAILED, q, &d);
        q = change_tell_effects(
                m, &(Proposal){ .state = f->shown }, NULL, f->ruleset, enabled, c, r);
        if (q < 0)
                return q;
        change_made(r, OUTCOME_CHANGED);
        if (c->dry_run)
                return 0;
        q = pending_admit(m, &proposal, c, r);
        if (q < 0)
                return q;
        q = store_prepare(m->store, m->parked, f->stored, NULL, &d);
        if (q < 0)
                return change_fail_told(r, ERROR_FAILED, q, &d);
        q = pending_begin(m, &proposal, c, r);
        if (q < 0) {
                store_cancel(m->store);
                return q;
        }
        q = failsafe_carry_out(m, f, enabled, r);
        manager_unlock(m);
        if (q < 0) {
                pending_cancel(m);
                return q;
        }
        pending_commit(m, &proposal, true);
        failsafe_take(m, f, enabled);
        r->revision = m->parked->revision;
        if (m->events.changed)
                m->events.changed(m->events.data, r->revision, c->uid, c->reason ? c->reason : "");
        return 0;
}

int failsafe_disable(Manager *m, const Change *c, ChangeResult *r)
{
        _cleanup_failsafe_ FailsafeChange f = { 0 };
        int q = change_check(m, c, r);

        if (q < 0)
                return q;
        if (!m->installed)
                return 0;
        q = failsafe_begin(m, c, r, &f);
        if (q < 0)
                return q;
        f.stored->enabled = f.shown->enabled = 0;
        f.stored->lockdown = f.shown->lockdown = false;
        return failsafe_finish(m, &f, PENDING_WAITS, c, r);
}

int failsafe_lockdown(Manager *m, bool on, const Change *c, ChangeResult *r)
{
        _cleanup_failsafe_ FailsafeChange f = { 0 };
        int q = change_check(m, c, r);

        if (q < 0)
                return q;
        if (m->policy->state->lockdown == on)
                return 0;
        q = failsafe_begin(m, c, r, &f);
        if (q < 0)
                return q;
        f.stored->lockdown = f.shown->lockdown = on;
        return failsafe_finish(m, &f, PENDING_STAYS, c, r);
}
