/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The settings of p25ctl, which override p25.conf: roles, defaults, logging, lockdown, whether p25
 * is on. Setting the value that is already in force changes nothing.
 */

#include "daemon/manager/settings.h"

#include "daemon/loop/clock.h"
#include "daemon/manager/internal.h"
#include "daemon/manager/manager.h"
#include "rules/base/strv.h"
#include "rules/policy/effective.h"
#include "rules/policy/expiry.h"
#include "rules/policy/hostconf.h"
#include "rules/policy/policy.h"
#include "rules/policy/state.h"

#include <errno.h>

static int fail_no_role(const Manager *m, const char *name, ChangeResult *r)
{
        const char *meant = policy_nearest_role(m->in_force.policy, name);

        if (meant)
                return change_fail(r, ERROR_NO_SUCH_ROLE, -ENOENT,
                        "there is no role %s; did you mean \"%s\"?", name, meant);
        return change_fail(r, ERROR_NO_SUCH_ROLE, -ENOENT,
                "there is no role %s (p25ctl role list shows them)", name);
}

int manager_set_roles(Manager *m, char *const *roles, const Change *c, ChangeResult *r)
{
        _cleanup_proposal_ Proposal p = { 0 };
        int q;

        q = change_begin(m, c, ERROR_INVALID_POLICY, r, &p);
        if (q < 0)
                return q;
        for (char *const *name = roles; name && *name; name++) {
                if (!policy_find_role(m->in_force.policy, *name))
                        return fail_no_role(m, *name, r);
                for (char *const *other = roles; other < name; other++)
                        if (streq(*other, *name))
                                return change_fail(r, ERROR_INVALID_ARGS, -EINVAL,
                                        "role %s is listed twice", *name);
        }
        if (strv_equal(policy_role_names(m->in_force.policy), roles))
                return 0;
        strv_free(TAKE_PTR(p.state->roles));
        p.state->roles_set = true;
        if (strv_copy(roles, &p.state->roles) < 0)
                return change_no_memory(r);
        return change_finish(m, &p, c, r);
}

int manager_set_default(
        Manager *m, Direction direction, Action action, const Change *c, ChangeResult *r)
{
        _cleanup_proposal_ Proposal p = { 0 };
        Action now;
        int q;

        q = change_begin(m, c, ERROR_INVALID_POLICY, r, &p);
        if (q < 0)
                return q;
        if (direction < 0 || direction >= _DIRECTION_MAX)
                return change_fail(r, ERROR_INVALID_ARGS, -EINVAL,
                        "a default is for incoming, outgoing or routed");
        if (action < 0 || action >= ACTION_LIMIT)
                return change_fail(
                        r, ERROR_INVALID_ARGS, -EINVAL, "a default is allow, deny or reject");
        now = p.state->defaults.of[direction];
        if (now == _ACTION_INVALID && m->in_force.policy->host)
                now = m->in_force.policy->host->defaults.of[direction];
        if (now == action)
                return 0;
        p.state->defaults.of[direction] = action;
        return change_finish(m, &p, c, r);
}

int manager_set_enabled(Manager *m, bool enabled, const Change *c, ChangeResult *r)
{
        _cleanup_proposal_ Proposal p = { 0 };
        int q;

        q = enabled ? change_begin(m, c, ERROR_INVALID_POLICY, r, &p)
                    : change_begin_anyway(m, c, r, &p);
        if (q < 0)
                return q;
        if (policy_switched_on(m->in_force.policy) == enabled && (enabled || !p.state->lockdown) &&
                !(m->in_force.kept && !enabled))
                return 0;
        p.state->enabled = enabled;
        /* it takes everything out of the kernel */
        p.state->lockdown = p.state->lockdown && enabled;
        return change_finish(m, &p, c, r);
}

int manager_set_lockdown(Manager *m, bool on, const Change *c, ChangeResult *r)
{
        _cleanup_proposal_ Proposal p = { 0 };
        int q;

        q = change_begin_anyway(m, c, r, &p);
        if (q < 0)
                return q;
        if (p.state->lockdown == on)
                return 0;
        p.state->lockdown = on;
        p.pending = PENDING_STAYS;
        p.must = on; /* whoever fills the disk does not keep the ports open */
        return change_finish(m, &p, c, r);
}

int manager_set_logging(Manager *m, Logging logging, const Change *c, ChangeResult *r)
{
        _cleanup_proposal_ Proposal p = { 0 };
        Logging now;
        int q;

        q = change_begin(m, c, ERROR_INVALID_POLICY, r, &p);
        if (q < 0)
                return q;
        if (logging < 0 || logging >= _LOGGING_MAX)
                return change_fail(
                        r, ERROR_INVALID_ARGS, -EINVAL, "logging is off, low, medium or high");
        now = p.state->logging;
        if (now == _LOGGING_INVALID && m->in_force.policy->host)
                now = m->in_force.policy->host->logging;
        if (now == logging)
                return 0;
        p.state->logging = logging;
        return change_finish(m, &p, c, r);
}

static int load_files(Manager *m, Proposal *p, const Change *c, ChangeResult *r)
{
        _cleanup_diagnostics_ Diagnostics d = { .hides_content = c->uid != 0 };
        int q = host_load_files(&m->paths, &p->inputs, &d, &p->files);

        return q < 0 ? change_fail_told(r, ERROR_INVALID_POLICY, q, &d) : 0;
}

/* That a file is gone opens no port: only 'disable', or enabled = false, does. */
static int check_not_lost(const Manager *m, const Proposal *p, ChangeResult *r)
{
        Policy next = *p->files;

        next.state = p->state;
        if (!m->in_force.installed || policy_enabled(&next) || policy_switched_off(&next))
                return 0;
        return change_fail(r, ERROR_INVALID_POLICY, -EINVAL,
                "%s: %s; the policy stays in force ('p25ctl disable' takes it out)", m->paths.conf,
                next.host ? "'enabled' is gone" : "the file is gone");
}

int manager_reload(Manager *m, const Change *c, ChangeResult *r)
{
        _cleanup_proposal_ Proposal p = { .invalid = ERROR_INVALID_POLICY };
        int q;

        watch_ask_names(m);
        q = change_check(m, c, r);
        if (q < 0)
                return q;
        if (state_copy(manager_stored(m), &p.state) < 0)
                return change_no_memory(r);
        p.state->files_pinned = false;
        (void)state_name_files(p.state, NULL);
        /* what ended while the fail-safe was in force */
        if (manager_in_failsafe(m))
                (void)expiry_drop_all(p.state, clock_now_usec(CLOCK_REALTIME));
        q = load_files(m, &p, c, r);
        if (q >= 0)
                q = check_not_lost(m, &p, r);
        return q < 0 ? q : change_finish(m, &p, c, r);
}

int manager_reset(Manager *m, const Change *c, ChangeResult *r)
{
        _cleanup_proposal_ Proposal p = { .invalid = ERROR_INVALID_POLICY };
        int q;

        q = change_check(m, c, r);
        if (q < 0)
                return q;
        p.state = state_new();
        if (!p.state)
                return change_no_memory(r);
        /* ids are never given twice, nor is a revision */
        p.state->next_id = manager_stored(m)->next_id;
        if (manager_in_failsafe(m) || m->in_force.policy->state->files_pinned)
                q = load_files(m, &p, c, r);
        else if (manager_tell_edited(m, &r->warnings) < 0)
                return change_no_memory(r);
        return q < 0 ? q : change_finish(m, &p, c, r);
}
