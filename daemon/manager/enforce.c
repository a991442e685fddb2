/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/manager/enforce.h"

#include "daemon/manager/internal.h"
#include "rules/base/strv.h"
#include "rules/policy/effective.h"
#include "rules/policy/policy.h"
#include "rules/policy/state.h"
#include "rules/ruleset/ruleset.h"

#include <errno.h>

void candidate_deinit(Candidate *c)
{
        policy_free(c->files);
        host_inputs_deinit(&c->inputs);
        state_free(c->state);
        state_free(c->stored);
        ruleset_free(c->ruleset);
        diagnostics_deinit(&c->told);
        resolver_deinit(&c->names);
        *c = (Candidate){ 0 };
}

void in_force_deinit(InForce *f)
{
        policy_free(f->policy);
        ruleset_free(f->ruleset);
        host_inputs_deinit(&f->inputs);
        diagnostics_deinit(&f->told);
        strv_free(f->warnings);
        missing_names_deinit(&f->missing);
        state_free(f->parked);
        *f = (InForce){ 0 };
}

Policy candidate_policy(const Manager *m, const Candidate *c)
{
        Policy p = c->files ? *c->files : *m->in_force.policy;

        p.state = c->state ? c->state : m->in_force.policy->state;
        return p;
}

/* ---- the kernel ---- */

static bool has_lock(const Backend *b)
{
        return b && b->ops->lock;
}

/* Nobody knows what a former life left there. */
static bool may_hold_others(const Manager *m)
{
        return m->in_force.kept || !m->in_force.policy;
}

static int kernel_install(
        Manager *m, Backend *b, const Candidate *c, const Enforcement *how, Diagnostics *d)
{
        int r;

        if (m->in_force.installed && !how->set_alone)
                events_leaving(m);
        r = how->set_alone && b == m->slot.backend ? 0 : manager_lock(m, b, how->lock_usec, d);
        return r < 0 ? r : b->ops->apply(b, c->ruleset, d);
}

static int kernel_remove(Manager *m, const Policy *next, const Enforcement *how, Diagnostics *d)
{
        int r;

        if (m->in_force.installed) {
                events_leaving(m);
                r = manager_lock(m, m->slot.backend, how->lock_usec, d);
                return r < 0 ? r : m->slot.backend->ops->remove(m->slot.backend, d);
        }
        if (m->slot.backend && may_hold_others(m) && policy_switched_off(next))
                return manager_clear_backend(m->slot.backend, how->lock_usec, d);
        return 0;
}

/* From what is in the kernel to what shall be; *b is where that is then. Leaves the filter's lock
 * held, so that all can be put back. */
static int kernel_move(Manager *m, const Policy *next, const Candidate *c, Enforcement *how,
        Diagnostics *d, Backend **b)
{
        int r;

        *b = m->slot.backend;
        if (how->same && (!m->in_force.installed ||
                                 ruleset_same_identities(m->in_force.ruleset, c->ruleset)))
                return 0;
        if (!policy_enabled(next))
                return kernel_remove(m, next, how, d);
        r = manager_begin_backend(m, next, d, b);
        if (r >= 0)
                r = kernel_install(m, *b, c, how, d);
        how->locked_out = r == -EBUSY && (has_lock(*b) || has_lock(m->slot.backend));
        return r;
}

/* And back again; what fails here the backend's own watch may still repair. */
static void kernel_put_back(Manager *m, Backend *b, bool enabled)
{
        if (b != m->slot.backend)
                manager_drop_backend(m, b);
        else if (m->in_force.installed)
                (void)manager_apply(m, m->in_force.ruleset, NULL);
        else if (enabled &&
                 !m->in_force.kept) /* what was kept is lost, and its place is not left open */
                (void)b->ops->remove(b, NULL);
}

/* ---- what is in force ---- */

static void take_files(Manager *m, Candidate *c)
{
        State *state = m->in_force.policy ? TAKE_PTR(m->in_force.policy->state) : NULL;

        policy_free(m->in_force.policy);
        m->in_force.policy = TAKE_PTR(c->files);
        if (state) {
                state_free(m->in_force.policy->state);
                m->in_force.policy->state = state;
        }
        host_inputs_deinit(&m->in_force.inputs);
        m->in_force.inputs = TAKE_STRUCT(c->inputs);
        m->in_force.inputs_are_good = c->from_disk;
        state_free(TAKE_PTR(m->in_force.parked));
}

static void take_states(Manager *m, Candidate *c)
{
        if (c->state) {
                state_free(m->in_force.policy->state);
                m->in_force.policy->state = TAKE_PTR(c->state);
        }
        if (c->stored) {
                state_free(m->in_force.parked);
                m->in_force.parked = TAKE_PTR(c->stored);
        }
}

static void take_told(Manager *m, Diagnostics *d, Resolver *names)
{
        diagnostics_deinit(&m->in_force.told);
        m->in_force.told = *d;
        *d = (Diagnostics){ 0 };
        missing_names_deinit(&m->in_force.missing);
        m->in_force.missing = TAKE_STRUCT(names->missing);
}

static void take(Manager *m, Candidate *c, bool enabled)
{
        bool gone = m->in_force.kept || (m->in_force.installed && !enabled);

        if (c->files)
                take_files(m, c);
        take_states(m, c);
        ruleset_free(m->in_force.ruleset);
        m->in_force.ruleset = TAKE_PTR(c->ruleset);
        m->in_force.installed = enabled;
        if (enabled || policy_switched_off(m->in_force.policy)) {
                if (gone) /* they are about a policy that is not there any more */
                        strv_free(TAKE_PTR(m->in_force.warnings));
                m->in_force.kept = false;
        }
        if (!enabled)
                manager_forget_counters(m);
        take_told(m, &c->told, &c->names);
        for (size_t i = 0; i < m->n_followers; i++)
                m->followers[i](m);
        events_enforced(m);
}

int manager_enforce(Manager *m, Candidate *c, Enforcement *how, Diagnostics *d)
{
        const Policy next = candidate_policy(m, c);
        bool enabled = policy_enabled(&next);
        Backend *b;
        int r = kernel_move(m, &next, c, how, d, &b);

        if (r < 0)
                manager_drop_backend(m, b);
        else if (how->publish && (r = how->publish(how->data)) < 0)
                kernel_put_back(m, b, enabled);
        else
                manager_take_backend(m, b);
        manager_unlock(m);
        if (r >= 0)
                take(m, c, enabled);
        return r;
}
