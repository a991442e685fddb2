/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Rules and entries of sets that end. The kernel stops applying one by itself, also while p25d is
 * dead; here it goes out of the policy, of the kernel's tables and of the stored state, and
 * somebody hears of it.
 *
 * Unlike other changes this one cannot be refused: not by an assertion, and not by a full disk. A
 * stored rule that has ended is left out by every start and every rollback, so that it does no harm
 * where it lies; it is written without it as soon as that is possible. Entries of sets are not
 * written without those that ended: each has its end with it, and the next writing of the set
 * leaves them out.
 */

#include "daemon/manager/internal.h"

#include "daemon/loop/clock.h"
#include "daemon/loop/clock_watch.h"
#include "daemon/loop/timer.h"
#include "rules/base/buffer.h"
#include "rules/base/diagnostic.h"
#include "rules/base/strv.h"
#include "rules/policy/expiry.h"
#include "rules/policy/policy.h"
#include "rules/policy/state.h"
#include "rules/policy/valid.h"
#include "rules/words/words.h"

#include <errno.h>
#include <stdio.h>

/* A timer of the wall clock: the kernel lets it fire when the clock is set past it, and not before
 * when it is set back. */
#define ACCURACY_USEC (10 * UINT64_C(1000))
/* After a failure, of the kernel or of the disk; while another program holds the filter's lock. */
#define RETRY_USEC (5 * USEC_PER_SEC)
#define RETRY_BUSY_USEC (200 * UINT64_C(1000))

void expiry_deinit(Expiry *e)
{
        sd_event_source_disable_unref(e->timer);
        clock_watch_free(e->clock);
        rule_list_deinit(&e->expired);
        *e = (Expiry){ 0 };
}

/* "rule expired: deny from 192.0.2.1 to any port 25", "3 rules expired: … and others" */
static int reason_print(const RuleList *expired, char **ret)
{
        _cleanup_free_ char *words = NULL;
        _cleanup_buffer_ Buffer b = { 0 };
        bool several = expired->n > 1;

        if (rule_words_print(expired->items[0], &words) < 0)
                return -ENOMEM;
        if (several)
                buffer_printf(&b, "%zu rules expired", expired->n);
        else
                buffer_add_string(&b, "rule expired");
        if (b.length + strlen(words) + strlen(":  and others") <= COMMENT_MAX)
                buffer_printf(&b, ": %s%s", words, several ? " and others" : "");
        return buffer_take(&b, ret);
}

/* "- deny from 192.0.2.1 to any port 25", … */
static int lines_print(const RuleList *expired, char ***ret)
{
        for (size_t i = 0; i < expired->n; i++) {
                _cleanup_free_ char *words = NULL;

                if (rule_words_print(expired->items[i], &words) < 0 ||
                        strv_printf(ret, "- %s", words) < 0)
                        return -ENOMEM;
        }
        return 0;
}

/* ---- the policy and the kernel ---- */

/* An assertion that does not hold any more is a warning, in the log and in `status`. */
static int report_broken(Manager *m, Diagnostics *broken)
{
        for (size_t i = 0; i < broken->n; i++) {
                if (broken->items[i].severity != SEVERITY_ERROR)
                        continue;
                broken->items[i].severity = SEVERITY_WARNING;
                manager_alert(
                        m, "assertion", "a rule has expired, and now: %s", broken->items[i].text);
        }
        broken->n_errors = 0;
        return diagnostics_move(&m->in_force.told, broken);
}

/* Takes out what has ended by now. Of rules that were left out at the start already the
 * rest is done: a look at the assertions. */
static int take_out(Manager *m)
{
        _cleanup_diagnostics_ Diagnostics broken = { 0 };
        _cleanup_candidate_ Candidate c = { 0 };
        uint64_t now_usec = clock_now_usec(CLOCK_REALTIME);
        size_t before = m->expiry.expired.n, n_entries;
        Enforcement how = { 0 };
        Policy next;
        int r, n;

        if (state_copy(m->in_force.policy->state, &c.state) < 0 ||
                expiry_drop_entries(c.state, now_usec, &n_entries) < 0)
                return -ENOMEM;
        n = expiry_drop(c.state, now_usec, &m->expiry.expired);
        if (n < 0 || (n == 0 && n_entries == 0 && !m->expiry.at_start))
                return n;
        how.set_alone = n == 0 && !m->expiry.at_start;
        next = candidate_policy(m, &c);
        c.names = manager_resolver(m, &next, RESOLVE_IN_FORCE);
        r = resolver_compile(&c.names, &c.told, &c.ruleset);
        if (r >= 0 && resolver_assert(&c.names, c.ruleset, &broken) == -ENOMEM)
                r = -ENOMEM;
        if (r >= 0)
                r = manager_enforce(m, &c, &how, NULL);
        if (r < 0) {
                while (m->expiry.expired.n > before)
                        rule_list_remove(&m->expiry.expired, m->expiry.expired.n - 1);
                return r;
        }
        m->expiry.revision = m->in_force.policy->state->revision;
        m->expiry.at_start = false;
        return report_broken(m, &broken);
}

/* ---- the stored state ---- */

static int write_state(Manager *m, State *state, Diagnostics *d)
{
        int r = store_prepare(m->store, m->in_force.policy->state, state, NULL, d);

        return r < 0 ? r : store_publish(m->store, d);
}

/* A revision of its own for what was taken out. */
static int store_expired(Manager *m)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_(state_free_p) State *state = NULL;
        _cleanup_free_ char *reason = NULL;
        _cleanup_strv_ char **lines = NULL;
        Change c = { .process = "p25d" };
        int r;

        /* the copies of the files that it goes with, as every revision */
        if (manager_keep_files(m) == -ENOMEM || reason_print(&m->expiry.expired, &reason) < 0 ||
                lines_print(&m->expiry.expired, &lines) < 0 ||
                state_copy(m->in_force.policy->state, &state) < 0)
                return -ENOMEM;
        c.reason = reason;
        state->policy_revision = REVISION_ITSELF;
        r = change_sign(state, state->revision, &c);
        if (r >= 0)
                r = origin_summarise(&state->origin, lines);
        if (r >= 0)
                r = write_state(m, state, &d);
        if (r < 0) {
                if (!m->expiry.told)
                        manager_alert(m, "unstored", "%s, and this cannot be stored yet: %s",
                                reason, d.n > 0 ? d.items[0].text : strerrordesc_np(-r));
                m->expiry.told = true;
                return r;
        }
        state_free(m->in_force.policy->state);
        m->in_force.policy->state = TAKE_PTR(state);
        rule_list_deinit(&m->expiry.expired);
        m->expiry.told = false;
        manager_save_later(m);
        events_changed(m, OUTCOME_REMOVED, lines);
        return 0;
}

/* ---- in time ---- */

/* Under the fail-safe the stored rules wait aside, until a reload leaves out those that ended. */
static int expire(Manager *m)
{
        int r, k = 0;

        if (manager_in_failsafe(m))
                return 0;
        /* another change may have stored the state without them */
        if (m->in_force.policy->state->revision != m->expiry.revision) {
                rule_list_deinit(&m->expiry.expired);
                m->expiry.told = false;
        }
        r = take_out(m);
        if (m->expiry.expired.n > 0)
                k = store_expired(m);
        return r < 0 ? r : k;
}

static int on_expiry(_unused_ sd_event_source *s, _unused_ uint64_t usec, void *data)
{
        Manager *m = data;

        m->expiry.error = expire(m);
        manager_update_expiry(m);
        return 0;
}

static const TimerKind expiry_timer = { CLOCK_REALTIME, ACCURACY_USEC, on_expiry };

void manager_update_expiry(Manager *m)
{
        uint64_t next = manager_in_failsafe(m) ? 0 : expiry_next(m->in_force.policy->state);
        uint64_t retry_usec = m->expiry.error == -EBUSY ? RETRY_BUSY_USEC : RETRY_USEC;
        uint64_t now_usec = clock_now_usec(CLOCK_REALTIME);

        if (m->expiry.at_start && !manager_in_failsafe(m))
                next = now_usec;
        if (m->expiry.error < 0 && (next <= now_usec || next > now_usec + retry_usec))
                next = now_usec + retry_usec;
        if (next != 0)
                (void)timer_arm_at(m->event, &m->expiry.timer, &expiry_timer, next, m);
        else
                timer_disarm(m->expiry.timer);
}

/* The kernel counts the time that entries of sets have left, and rules it compares with the wall
 * clock as p25d does. */
static void on_set_back(void *data)
{
        Manager *m = data;
        Backend *b = m->slot.backend;

        if (m->in_force.installed && b->ops->renew)
                b->ops->renew(b);
}

int manager_watch_clock(Manager *m)
{
        return clock_watch_new(m->event, on_set_back, m, &m->expiry.clock);
}

int manager_drop_expired(Manager *m, State *state)
{
        uint64_t now_usec = clock_now_usec(CLOCK_REALTIME);
        int n = expiry_drop_entries(state, now_usec, NULL);

        if (n >= 0)
                n = expiry_drop(state, now_usec, &m->expiry.expired);
        m->expiry.revision = state->revision;
        m->expiry.at_start = n > 0;
        return n < 0 ? n : 0;
}
