/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A change that waits to be confirmed: who may change something meanwhile, its record on disk, the
 * deadline.
 */

#include "daemon/manager/pending.h"

#include "daemon/loop/clock.h"
#include "daemon/loop/timer.h"
#include "rules/base/strv.h"
#include "rules/base/text.h"
#include "rules/policy/expiry.h"
#include "rules/policy/policy.h"
#include "rules/policy/state.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

/* After an attempt that failed: twice as long each time. */
#define RETRY_USEC (USEC_PER_SEC / 2)
#define RETRY_MAX_USEC (64 * USEC_PER_SEC)

Pending *pending_free(Pending *w)
{
        if (!w)
                return NULL;
        sd_event_source_disable_unref(w->timer);
        pending_file_deinit(&w->found);
        pending_record_deinit(&w->record);
        pending_record_deinit(&w->next);
        free(w->failure);
        free(w);
        return NULL;
}

/* ---- the clocks ---- */

/* Without its dashes, as the service manager writes it. */
static void boot_set(PendingClock *clock, const char *id)
{
        size_t n = 0;

        for (; *id && n < sizeof(clock->boot) - 1; id++)
                if ((*id >= '0' && *id <= '9') || (*id >= 'a' && *id <= 'f'))
                        clock->boot[n++] = *id;
        clock->boot[n] = '\0';
}

PendingClock pending_clock(const Manager *m)
{
        PendingClock now = { .boottime_usec = clock_now_usec(CLOCK_BOOTTIME),
                .realtime_usec = clock_now_usec(CLOCK_REALTIME) };
        char id[64];

        if (m->boot_id) {
                boot_set(&now, m->boot_id);
                return now;
        }
        (void)file_read_start(AT_FDCWD, "/proc/sys/kernel/random/boot_id", id, sizeof(id));
        boot_set(&now, id);
        return now;
}

const char *manager_boot_id(const Manager *m, char buffer[static MANAGER_BOOT_ID_MAX])
{
        PendingClock now = pending_clock(m);

        snprintf(buffer, MANAGER_BOOT_ID_MAX, "%s", now.boot);
        return buffer;
}

uint64_t pending_left(const Manager *m)
{
        PendingClock now = pending_clock(m);

        return pending_left_usec(&m->pending->record, &now);
}

/* ---- the record ---- */

static int file_write(Manager *m, const PendingFile *file)
{
        _cleanup_free_ char *text = NULL;
        int q = pending_file_print(file, &text);

        if (q >= 0)
                q = store_write_pending(m->store, text);
        return q;
}

int pending_write(Manager *m)
{
        return file_write(m, &(PendingFile){ .then = m->pending->record });
}

/* The revision that the record names is kept. */
static void record_hold(Manager *m, const PendingRecord *record)
{
        store_hold_revision(m->store, record->revision > 0 ? &record->base : NULL);
}

void pending_take(Manager *m, PendingRecord *record)
{
        Pending *w = m->pending;
        uint64_t former = w->record.revision;

        pending_record_deinit(&w->record);
        w->record = *record;
        *record = (PendingRecord){ 0 };
        record_hold(m, &w->record);
        if (w->record.revision != former)
                events_pending(m);
}

static void failure_forget(Pending *w)
{
        free(TAKE_PTR(w->failure));
        w->failures = 0;
        w->alerted = false;
}

/* ---- a change on its way ---- */

static int fail_while_pending(const Manager *m, ChangeResult *r)
{
        const Pending *w = m->pending;

        return change_fail(r, ERROR_FAILED, -EBUSY,
                "revision %" PRIu64 " is waiting for confirmation (%" PRIu64
                " s left): 'p25ctl confirm' keeps it, 'p25ctl rollback %" PRIu64
                "' takes it back, and a further change needs --confirm",
                w->record.revision, pending_left(m) / USEC_PER_SEC, w->record.base);
}

int pending_admit(const Manager *m, const Proposal *p, const Change *c, ChangeResult *r)
{
        const Pending *w = m->pending;

        if (c->confirm_seconds > 0 && manager_in_failsafe(m))
                return change_fail(r, ERROR_INVALID_POLICY, -EINVAL,
                        "nothing can be taken back to the fail-safe, which is in force (try it "
                        "without --confirm)");
        if (w->record.revision == 0 || c->confirm_seconds > 0)
                return 0;
        switch (p->pending) {
        case PENDING_WAITS:
                return fail_while_pending(m, r);
        case PENDING_STAYS:
                return p->set && strv_contains(w->record.changed_sets, p->set)
                               ? fail_while_pending(m, r)
                               : 0;
        case PENDING_REPLACES:
        case PENDING_TAKES_BACK:
                return 0;
        }
        return 0;
}

static const PrefixSet *entries_of(const State *s, const char *name)
{
        const StoredSet *set = state_find_set(s, name);

        return set ? set->entries : NULL;
}

/* Unchanged parts are the same object. */
static int note_changed_sets(const State *old, const State *new, char ***names)
{
        const State *both[] = { old, new };

        for (size_t i = 0; i < ELEMENTS(both); i++)
                for (size_t k = 0; k < both[i]->n_sets; k++) {
                        const char *name = both[i]->sets[k].name;

                        if (entries_of(old, name) != entries_of(new, name) &&
                                !strv_contains(*names, name) && strv_append(names, name) < 0)
                                return -ENOMEM;
                }
        return 0;
}

/* The change waits from now on, with those that waited before. */
static int next_waits(Manager *m, const Proposal *p, const Change *c, PendingRecord *next)
{
        const State *now = m->in_force.policy->state;
        PendingClock clock = pending_clock(m);

        if (next->revision == 0) {
                next->base = now->revision;
                if (manager_keep_files(m) == -ENOMEM || strdup_null(now->files, &next->files) < 0)
                        return -ENOMEM;
        }
        next->revision = p->state->revision;
        free(TAKE_PTR(next->connection));
        if (c->connection && !(next->connection = strdup(c->connection)))
                return -ENOMEM;
        if (note_changed_sets(now, p->state, &next->changed_sets) < 0)
                return -ENOMEM;
        return pending_record_begin(next, c->confirm_seconds, &clock);
}

/* Another waits, and this one stays whatever becomes of that. */
static int next_stays(const Manager *m, const Proposal *p, PendingRecord *next)
{
        const State *now = manager_stored(m);

        if (now->lockdown != p->state->lockdown)
                next->keeps_lockdown = true;
        if (!p->set || strv_contains(next->kept_sets, p->set))
                return 0;
        return strv_append(&next->kept_sets, p->set);
}

static int next_make(Manager *m, const Proposal *p, const Change *c, PendingRecord *next)
{
        int q = pending_record_copy(&m->pending->record, next);

        if (q < 0)
                return q;
        if (c->confirm_seconds > 0)
                return next_waits(m, p, c, next);
        if (next->revision == 0)
                return 0;
        if (p->pending == PENDING_STAYS)
                return next_stays(m, p, next);
        pending_record_deinit(next);
        return 0;
}

int pending_begin(Manager *m, const Proposal *p, const Change *c, ChangeResult *r)
{
        Pending *w = m->pending;
        int q;

        pending_record_deinit(&w->next);
        w->written = false;
        if (next_make(m, p, c, &w->next) < 0)
                return change_no_memory(r);
        if (!w->behind && pending_record_equal(&w->next, &w->record))
                return 0;
        /* the file belongs to what is stored, until this change is */
        if (w->unstored && w->next.revision == 0)
                return 0;
        if (c->confirm_seconds > 0 && p->files && !w->next.files)
                return change_fail(r, ERROR_FAILED, -ENOENT,
                        "p25d has no copies of the files that are in force, so nothing could be "
                        "taken back to them: try without --confirm; nothing was changed");
        q = c->confirm_seconds > 0 ? store_sync_revision(m->store, w->next.base) : 0;
        if (q < 0)
                return change_fail(r, ERROR_FAILED, q,
                        "revision %" PRIu64 " is not safely on disk, so nothing could be taken "
                        "back to it: %s; nothing was changed",
                        w->next.base, strerrordesc_np(-q));
        q = file_write(
                m, &(PendingFile){
                           .from = p->state->revision, .then = w->next, .otherwise = w->record });
        if (q < 0 && p->must)
                return 0;
        if (q < 0)
                return change_fail(r, ERROR_FAILED, q,
                        "%s: that the change waits cannot be written: %s; nothing was changed",
                        m->paths.state, strerrordesc_np(-q));
        w->written = true;
        if (w->next.revision > 0)
                record_hold(m, &w->next);
        return 0;
}

void pending_cancel(Manager *m)
{
        Pending *w = m->pending;

        if (w->written)
                w->behind = pending_write(m) < 0;
        w->written = false;
        record_hold(m, &w->record);
        pending_record_deinit(&w->next);
}

void pending_commit(Manager *m, const Proposal *p, bool stored)
{
        Pending *w = m->pending;
        uint64_t former = w->record.revision;

        if (p->pending == PENDING_TAKES_BACK)
                w->taken_back = former;
        else if (w->next.revision > 0)
                w->taken_back = 0;
        if (w->next.revision != former)
                failure_forget(w);
        pending_take(m, &w->next);
        w->unstored = !stored;
        if (!stored)
                store_distrust(m->store);
        /* as long as the file is there, the next start takes back what is stored */
        if (!stored)
                w->behind = true;
        else if (w->record.revision == 0 && (former > 0 || w->behind))
                w->behind = pending_write(m) < 0;
        else if (w->written)
                w->behind = false;
        w->written = false;
        pending_arm(m);
}

int pending_end(Manager *m)
{
        PendingRecord none = { 0 };
        int q = file_write(m, &(PendingFile){ 0 });

        if (q < 0)
                return q;
        m->pending->behind = false;
        failure_forget(m->pending);
        pending_take(m, &none);
        pending_arm(m);
        return 0;
}

static uint64_t retry_usec(const Pending *w)
{
        uint64_t usec = RETRY_USEC;

        for (unsigned i = 1; i < w->failures && usec < RETRY_MAX_USEC; i++)
                usec *= 2;
        return usec;
}

void pending_arm(Manager *m)
{
        Pending *w = m->pending;
        uint64_t usec = w->record.revision > 0 ? pending_left(m) : UINT64_MAX;

        if ((w->behind || w->unstored || w->failures > 0) && (usec == 0 || usec > retry_usec(w)))
                usec = retry_usec(w);
        /* without memory for a timer nothing else goes on either */
        if (usec != UINT64_MAX)
                (void)timer_arm(m->event, &w->timer, w->due, usec, m);
        else
                timer_disarm(w->timer);
}

/* ---- life ---- */

int pending_new(Manager *m)
{
        _cleanup_free_ char *text = NULL;
        int q;

        m->pending = calloc(1, sizeof(*m->pending));
        if (!m->pending)
                return -ENOMEM;
        q = store_read_pending(m->store, &text);
        if (q >= 0)
                q = pending_file_parse(text, &m->pending->found);
        if (q >= 0 || q == -ENOENT || q == -ENOMEM)
                return q == -ENOMEM ? q : 0;
        return manager_warn(m,
                "%s/" STATE_PENDING " cannot be read: a change that was to be confirmed stays in "
                "force (p25ctl history)",
                m->paths.state);
}

/* ---- what the bus asks ---- */

void manager_pending(Manager *m, PendingReport *ret)
{
        Pending *w = m->pending;
        PendingClock now;

        *ret = (PendingReport){ 0 };
        if (w->record.revision == 0)
                return;
        now = pending_clock(m);
        (void)pending_record_anchor(&w->record, &now);
        *ret = (PendingReport){
                .revision = w->record.revision,
                .deadline_usec = w->record.deadline_usec,
                .base = w->record.base,
                /* the last second is reported as one */
                .seconds_left =
                        (pending_left_usec(&w->record, &now) + USEC_PER_SEC - 1) / USEC_PER_SEC,
                .failure = w->failure,
        };
}

bool pending_is_from(const Manager *m, uint64_t base)
{
        return m->pending->record.revision > 0 && m->pending->record.base == base;
}
