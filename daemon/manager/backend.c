/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns which backend holds the policy, and the move from one to another: the new one is in force
 * before the old one is removed, so that a policy is always in force.
 */

#include "daemon/manager/internal.h"

#include "daemon/loop/clock.h"
#include "daemon/loop/timer.h"
#include "rules/base/strv.h"
#include "rules/policy/effective.h"
#include "rules/policy/fragment.h"
#include "rules/policy/hostconf.h"
#include "rules/policy/policy.h"

#include <errno.h>
#include <unistd.h>

/* So long the table of a p25d that was killed may still belong to one of its workers, which the
 * kernel ends a moment later. */
#define OWNER_ENDS_USEC (2 * USEC_PER_SEC)
#define OWNER_LOOK_USEC (10 * UINT64_C(1000))
/* A removal that another program's lock prevents is tried again. */
#define SWEEP_AGAIN_USEC USEC_PER_SEC
#define REMOVE_DEADLINE_USEC (MANAGER_WAIT_SECONDS * USEC_PER_SEC)

void backend_slot_deinit(BackendSlot *s)
{
        sd_event_source_disable_unref(s->sweep);
        if (s->backend)
                s->backend->ops->close(s->backend);
        *s = (BackendSlot){ 0 };
}

int manager_choose_backend(
        const Manager *m, const Policy *p, Diagnostics *d, const BackendOps **ret)
{
        BackendKind kind = p->host ? p->host->backend : BACKEND_AUTO;

        *ret = m->slot.forced ? m->slot.forced : m->slot.kinds[kind];
        if (*ret)
                return 0;
        (void)diagnostics_error(d,
                ((Place){ .file = p->host && p->host->common ? p->host->common->file : NULL }),
                "backend", "backend %s is not available in this program", backend_to_string(kind));
        return -EOPNOTSUPP;
}

int manager_tell_attribution(const Manager *m, const Policy *p, char ***warnings, char ***notes)
{
        const HostConf *h = p->host;
        bool stated = h && h->attribution != _ATTRIBUTION_INVALID;
        const char *lack = attribution_beyond_iptables(policy_attribution(p));
        char ***lines = stated ? warnings : notes;
        const BackendOps *ops;

        if (!lack || !lines || manager_choose_backend(m, p, NULL, &ops) < 0 || !ops->lacks_units)
                return 0;
        if (stated && h->backend == BACKEND_IPTABLES)
                return 0; /* the compilation has said it */
        return strv_append(lines, lack);
}

/* By name: two tables of functions may be of one kind. */
static bool uses(const Manager *m, const BackendOps *ops)
{
        return m->slot.backend && streq(m->slot.backend->ops->name, ops->name);
}

static int backend_open(Manager *m, const BackendOps *ops, const int *fds, size_t n_fds,
        Diagnostics *d, Backend **ret)
{
        int r = ops->open(m->event, manager_on_repaired, m, fds, n_fds, ret);

        if (r == -EPERM)
                (void)diagnostics_error(d, (Place){ 0 }, NULL,
                        "not allowed to change the packet filter: p25d needs CAP_NET_ADMIN, and "
                        "CAP_NET_RAW for iptables (systemctl restart p25d grants what p25.conf "
                        "asks for; by hand, start it as root)");
        else if (r == -EOPNOTSUPP)
                (void)diagnostics_error(d, (Place){ 0 }, NULL,
                        "this kernel has no %s for p25 (or has not loaded it)", ops->name);
        else if (r < 0)
                (void)diagnostics_error(d, (Place){ 0 }, NULL,
                        "the packet filter of the kernel cannot be opened: %s",
                        strerrordesc_np(-r));
        return r;
}

/* At the start nobody waits for an answer yet. A kernel without a packet filter is an error only if
 * p25 is active. */
int manager_open_backend(Manager *m, const int *fds, size_t n_fds, Diagnostics *d)
{
        _cleanup_diagnostics_ Diagnostics own = { 0 };
        const BackendOps *ops = m->slot.forced ? m->slot.forced : m->slot.kinds[BACKEND_AUTO];
        uint64_t end = clock_now_usec(CLOCK_MONOTONIC) + OWNER_ENDS_USEC;
        int r = backend_open(m, ops, fds, n_fds, &own, &m->slot.backend);

        while (r == -EBUSY && clock_now_usec(CLOCK_MONOTONIC) < end) {
                diagnostics_deinit(&own);
                (void)usleep(OWNER_LOOK_USEC);
                r = backend_open(m, ops, fds, n_fds, &own, &m->slot.backend);
        }
        if (r == -EOPNOTSUPP)
                return 0;
        return diagnostics_move(d, &own) < 0 ? -ENOMEM : r;
}

int manager_begin_backend(Manager *m, const Policy *p, Diagnostics *d, Backend **ret)
{
        const BackendOps *ops;
        int r = manager_choose_backend(m, p, d, &ops);

        if (r < 0)
                return r;
        if (uses(m, ops)) {
                *ret = m->slot.backend;
                return 0;
        }
        return backend_open(m, ops, NULL, 0, d, ret);
}

void manager_drop_backend(Manager *m, Backend *b)
{
        if (!b || b == m->slot.backend)
                return;
        (void)b->ops->remove(b, NULL);
        b->ops->close(b);
}

void manager_take_backend(Manager *m, Backend *b)
{
        Backend *old = m->slot.backend;

        if (!b || b == old)
                return;
        manager_carry_counters(m);
        (void)manager_take_decisions(m);
        m->slot.backend = b;
        manager_drop_backend(m, old);
}

/* ---- what is in force ---- */

int manager_apply(Manager *m, const Ruleset *r, Diagnostics *d)
{
        if (!m->slot.backend) {
                (void)diagnostics_error(
                        d, (Place){ 0 }, NULL, "this kernel has no packet filter for p25");
                return -EOPNOTSUPP;
        }
        return m->slot.backend->ops->apply(m->slot.backend, r, d);
}

/* ---- what was decided ---- */

void manager_follow_decisions(Manager *m, DecisionHandler f, void *data)
{
        m->decisions.f = f;
        m->decisions.data = data;
}

int manager_take_decisions(Manager *m)
{
        Backend *b = m->slot.backend;
        int r;

        if (!b || !b->ops->take_decisions || !m->decisions.f)
                return 0;
        r = b->ops->take_decisions(b, m->decisions.f, m->decisions.data);
        return r < 0 ? r : 1;
}

bool manager_is_woken(const Manager *m)
{
        return !m->in_force.installed || !m->slot.backend || m->slot.backend->wakes;
}

/* ---- leftovers of other backends ---- */

int manager_clear_backend(Backend *b, uint64_t deadline_usec, Diagnostics *d)
{
        int r = b->ops->remove(b, NULL);

        if (r >= 0)
                return 0;
        if (r == -EBUSY && b->ops->lock) {
                r = b->ops->lock(b, deadline_usec, d);
                if (r < 0)
                        return r;
        }
        return b->ops->remove(b, d);
}

bool manager_find_kept(Manager *m)
{
        if (m->slot.backend && m->slot.backend->ops->holds(m->slot.backend))
                return true;
        for (BackendKind k = 0; k < _BACKEND_MAX && !m->slot.forced; k++) {
                const BackendOps *ops = m->slot.kinds[k];
                Backend *b;

                if (!ops || uses(m, ops) || backend_open(m, ops, NULL, 0, NULL, &b) < 0)
                        continue;
                if (b->ops->holds(b)) {
                        manager_take_backend(m, b);
                        return true;
                }
                b->ops->close(b);
        }
        return false;
}

int manager_remove_policy(
        sd_event *event, const BackendOps *const *backends, size_t n, Diagnostics *d)
{
        int result = 0;

        for (size_t i = 0; i < n; i++) {
                Backend *b;
                int r = backends[i]->open(event, NULL, NULL, NULL, 0, &b);

                if (r >= 0) {
                        r = manager_clear_backend(b, REMOVE_DEADLINE_USEC, d);
                        b->ops->close(b);
                } else if (r != -EOPNOTSUPP) {
                        (void)diagnostics_error(d, (Place){ 0 }, NULL, "cannot open %s: %s",
                                backends[i]->name, strerrordesc_np(-r));
                }
                if (r < 0 && r != -EOPNOTSUPP)
                        result = r;
        }
        return result;
}

static int sweep(Manager *m, const BackendOps *ops)
{
        Backend *b;
        int r;

        if (uses(m, ops) || ops->open(NULL, NULL, NULL, NULL, 0, &b) < 0)
                return 0;
        r = b->ops->remove(b, NULL);
        b->ops->close(b);
        return r;
}

static int on_sweep(_unused_ sd_event_source *s, void *data);

static int on_sweep_again(sd_event_source *s, _unused_ uint64_t usec, void *data)
{
        return on_sweep(s, data);
}

static const TimerKind sweep_timer = { CLOCK_MONOTONIC, 0, on_sweep_again };

static int on_sweep(_unused_ sd_event_source *s, void *data)
{
        Manager *m = data;
        bool locked_out = false;

        if (!m->in_force.installed && !policy_switched_off(m->in_force.policy))
                return 0;
        m->slot.sweep = sd_event_source_disable_unref(m->slot.sweep);
        for (BackendKind k = 0; k < _BACKEND_MAX && !m->slot.forced; k++)
                if (k != BACKEND_AUTO && m->slot.kinds[k] && sweep(m, m->slot.kinds[k]) == -EBUSY)
                        locked_out = true;
        if (locked_out)
                (void)timer_arm(m->event, &m->slot.sweep, &sweep_timer, SWEEP_AGAIN_USEC, m);
        return 0;
}

void manager_sweep_later(Manager *m)
{
        if (sd_event_add_defer(m->event, &m->slot.sweep, on_sweep, m) >= 0)
                (void)sd_event_source_set_priority(m->slot.sweep, SD_EVENT_PRIORITY_IDLE);
}
