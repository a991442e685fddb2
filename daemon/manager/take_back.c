/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The way back from a change that nobody confirmed, also when p25d was dead or the host was off
 * when the time came; and its confirmation.
 */

#include "daemon/manager/pending.h"

#include "rules/base/strv.h"
#include "rules/policy/expiry.h"
#include "rules/policy/policy.h"
#include "rules/policy/state.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#define TIMER_SLACK_USEC UINT64_C(10000)
#define ALERT_FAILURES 3

/* Changes by others in the meantime stay. */
static int keep_the_rest(const Manager *m, State *state)
{
        const PendingRecord *record = &m->pending->record;
        const State *now = manager_stored(m);

        if (record->keeps_lockdown)
                state->lockdown = now->lockdown;
        STRV_FOREACH (name, record->kept_sets) {
                const StoredSet *set = state_find_set(now, *name);

                if (state_put_entries(
                            state, *name, set ? set->entries : NULL, set ? set->timed : NULL) < 0)
                        return -ENOMEM;
        }
        return 0;
}

static int take_back(Manager *m, bool must, const Change *c, ChangeResult *r)
{
        _cleanup_proposal_ Proposal p = {
                .invalid = ERROR_INVALID_POLICY, .pending = PENDING_TAKES_BACK, .must = must
        };
        Pending *w = m->pending;
        uint64_t revision = w->record.revision;
        const FormerRevision base = { w->record.base, w->record.files, .entries_of_then = true };
        int q = manager_propose_revision(m, &base, r, &p);

        if (q >= 0 && keep_the_rest(m, p.state) < 0)
                q = change_no_memory(r);
        if (q >= 0)
                q = change_finish(m, &p, c, r);
        if (q < 0 || r->changed)
                return q;
        w->taken_back = revision;
        q = pending_end(m);
        return q < 0 ? change_fail(
                               r, ERROR_FAILED, q, "%s: %s", m->paths.state, strerrordesc_np(-q))
                     : 0;
}

int pending_take_back(Manager *m, const Change *c, ChangeResult *r)
{
        return take_back(m, false, c, r);
}

/* It is tried again, which may be all that it needs; if not, somebody hears of it, once. */
static void take_back_failed(Manager *m, ChangeResult *r)
{
        Pending *w = m->pending;

        free(w->failure);
        w->failure = TAKE_PTR(r->message);
        w->failures++;
        pending_arm(m);
        if (w->alerted || w->failures < ALERT_FAILURES || !m->events)
                return;
        w->alerted = true;
        manager_alert(m, "pending",
                "revision %" PRIu64 " was not confirmed in time and cannot be taken back: %s",
                w->record.revision, w->failure ? w->failure : "out of memory");
}

static void take_back_now(Manager *m)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };
        Pending *w = m->pending;
        Change change = { .process = "p25d" };
        char reason[96];

        (void)snprintf(reason, sizeof(reason),
                "not confirmed in time: revision %" PRIu64 " taken back", w->record.revision);
        change.reason = reason;
        if (take_back(m, true, &change, &r) < 0)
                take_back_failed(m, &r);
        else if (w->unstored)
                manager_alert(m, "unstored",
                        "revision %" PRIu64 " is taken back, and this cannot be stored yet: %s",
                        w->taken_back, r.warnings ? r.warnings[0] : "out of memory");
}

static void store_now(Manager *m)
{
        const State *state = manager_stored(m);
        Pending *w = m->pending;

        if (store_prepare(m->store, state, state, NULL, NULL) >= 0 &&
                store_publish(m->store, NULL) >= 0)
                w->unstored = false;
        else
                w->failures++;
}

static int on_timer(_unused_ sd_event_source *s, _unused_ uint64_t usec, void *data)
{
        Manager *m = data;
        Pending *w = m->pending;

        if (w->unstored)
                store_now(m);
        if (w->behind && !w->unstored) {
                w->behind = pending_write(m) < 0;
                w->failures = w->behind ? w->failures + 1 : 0;
        }
        if (w->record.revision > 0 && pending_left(m) == 0)
                take_back_now(m);
        else
                pending_arm(m);
        return 0;
}

static const TimerKind due_timer = { CLOCK_BOOTTIME, TIMER_SLACK_USEC, on_timer };

void pending_start(Manager *m)
{
        const State *state = manager_stored(m);
        Pending *w = m->pending;
        PendingFile *found = &w->found;
        PendingClock now = pending_clock(m);
        bool was_made = m->state_is_lost || state->revision >= found->from;

        w->due = &due_timer;
        if (found->then.revision == 0 && found->otherwise.revision == 0)
                return;
        pending_take(m, was_made ? &found->then : &found->otherwise);
        pending_file_deinit(found);
        if (pending_record_anchor(&w->record, &now) != 0 || !was_made || w->record.revision == 0)
                w->behind = pending_write(m) < 0;
        if (w->record.revision > 0 && pending_left(m) == 0)
                take_back_now(m);
        else
                pending_arm(m);
}

static int fail_not_pending(const Pending *w, uint64_t revision, ChangeResult *r)
{
        if (w->record.revision > 0)
                return change_fail(r, ERROR_NO_SUCH_REVISION, -ENOENT,
                        "revision %" PRIu64 " is not waiting for confirmation; revision %" PRIu64
                        " is",
                        revision, w->record.revision);
        if (w->taken_back > 0)
                return change_fail(r, ERROR_NO_SUCH_REVISION, -ENOENT,
                        "no change is waiting for confirmation: revision %" PRIu64
                        " was not confirmed in time and is taken back",
                        w->taken_back);
        return change_fail(
                r, ERROR_NO_SUCH_REVISION, -ENOENT, "no change is waiting for confirmation");
}

int manager_confirm(Manager *m, uint64_t revision, const Change *c, ChangeResult *r)
{
        Pending *w = m->pending;
        int q;

        /* too late, though the timer has not come yet; what could not be taken back may be kept */
        if (w->record.revision > 0 && !w->failure && pending_left(m) == 0)
                take_back_now(m);
        r->revision = m->in_force.policy->state->revision;
        if (w->record.revision == 0 || w->record.revision != revision)
                return fail_not_pending(w, revision, r);
        if (c->connection && streq_null(c->connection, w->record.connection))
                return change_fail(r, ERROR_ACCESS_DENIED, -EACCES,
                        "this connection made the change: confirm it over a new one, which shows "
                        "that there can be one");
        q = pending_end(m);
        return q < 0 ? change_fail(r, ERROR_FAILED, q,
                               "%s: cannot be written: %s; revision %" PRIu64
                               " is still waiting for confirmation",
                               m->paths.state, strerrordesc_np(-q), revision)
                     : 0;
}
