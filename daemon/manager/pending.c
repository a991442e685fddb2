/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Changes that are taken back unless somebody confirms them: who may change something meanwhile,
 * the record on disk, the deadline, and the way back, also when p25d was dead or the host was off
 * when the time came.
 */

#include "daemon/manager/internal.h"

#include "daemon/loop/clock.h"
#include "daemon/loop/timer.h"
#include "daemon/store/pending_record.h"
#include "rules/policy/expiry.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

#define TIMER_SLACK_USEC UINT64_C(10000)
/* After an attempt that failed: twice as long each time. */
#define RETRY_USEC (USEC_PER_SEC / 2)
#define RETRY_MAX_USEC (64 * USEC_PER_SEC)
#define ALERT_FAILURES 3

struct Pending {
        PendingFile found;    /* at the start, until the state is known */
        PendingRecord record; /* in force */
        PendingRecord next;   /* of the change under way */
        bool written;         /* next is on disk, in the place of record */
        bool behind;          /* the disk does not say what record says */
        bool unstored;        /* what was taken back is in the kernel but not on disk */
        sd_event_source *timer;
        unsigned failures;
        bool alerted;
        char *failure;       /* why it could not be taken back */
        uint64_t taken_back; /* the last revision that was; 0: none */
};

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

static PendingClock clock_now(const Manager *m)
{
        PendingClock now = { .boottime_usec = clock_now_usec(CLOCK_BOOTTIME),
                .realtime_usec = clock_now_usec(CLOCK_REALTIME) };
        _cleanup_close_ int fd = -1;
        char id[64];
        ssize_t n = 0;

        if (m->boot_id) {
                boot_set(&now, m->boot_id);
                return now;
        }
        fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
        if (fd >= 0)
                n = read(fd, id, sizeof(id) - 1);
        id[n > 0 ? n : 0] = '\0';
        boot_set(&now, id);
        return now;
}

static uint64_t left_usec(const Manager *m)
{
        PendingClock now = clock_now(m);

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

/* What waits, whatever state is stored. */
static int record_write(Manager *m)
{
        return file_write(m, &(PendingFile){ .then = m->pending->record });
}

/* What the record stands on is not forgotten. */
static void record_hold(Manager *m, const PendingRecord *record)
{
        store_hold_revision(m->store, record->revision > 0 ? &record->base : NULL);
}

/* The record is another one now. */
static void record_take(Manager *m, PendingRecord *record)
{
        Pending *w = m->pending;

        pending_record_deinit(&w->record);
        w->record = *record;
        *record = (PendingRecord){ 0 };
        record_hold(m, &w->record);
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
                "revision %" PRIu64 " waits to be confirmed (%" PRIu64
                " s left): 'p25ctl confirm' keeps it, 'p25ctl rollback %" PRIu64
                "' takes it back, and a further change needs --confirm",
                w->record.revision, left_usec(m) / USEC_PER_SEC, w->record.base);
}

int pending_admit(const Manager *m, const Proposal *p, const Change *c, ChangeResult *r)
{
        const Pending *w = m->pending;

        if (c->confirm_seconds > 0 && m->failsafe)
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

/* What did not change is the same object. */
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
        const State *now = m->policy->state;
        PendingClock clock = clock_now(m);

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
                w->behind = record_write(m) < 0;
        w->written = false;
        record_hold(m, &w->record);
        pending_record_deinit(&w->next);
}

static void pending_arm(Manager *m);

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
        record_take(m, &w->next);
        w->unstored = !stored;
        if (!stored)
                store_distrust(m->store);
        /* as long as the file is there, the next start takes back what is stored */
        if (!stored)
                w->behind = true;
        else if (w->record.revision == 0 && (former > 0 || w->behind))
                w->behind = record_write(m) < 0;
        else if (w->written)
                w->behind = false;
        w->written = false;
        pending_arm(m);
}

/* Nothing waits any more, without a change. 0, or negative errno: then it still does. */
static int pending_end(Manager *m)
{
        PendingRecord none = { 0 };
        int q = file_write(m, &(PendingFile){ 0 });

        if (q < 0)
                return q;
        m->pending->behind = false;
        failure_forget(m->pending);
        record_take(m, &none);
        pending_arm(m);
        return 0;
}

/* ---- the way back ---- */

/* What others did meanwhile stays. */
static int keep_the_rest(const Manager *m, State *state)
{
        const PendingRecord *record = &m->pending->record;
        const State *now = manager_stored(m);

        if (record->keeps_lockdown)
                state->lockdown = now->lockdown;
        STRV_FOREACH (name, record->kept_sets) {
                const StoredSet *set = state_find_set(now, *name);

                if (state_put_set(state, *name, set ? set->entries : NULL) < 0)
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
        int q = manager_propose_revision(m, w->record.base, w->record.files, r, &p);

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
        if (w->alerted || w->failures < ALERT_FAILURES || !m->events.alert)
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
        const State *state = m->policy->state;
        Pending *w = m->pending;

        if (store_prepare(m->store, state, state, NULL, NULL) >= 0 &&
                store_publish(m->store, NULL) >= 0)
                w->unstored = false;
        else
                w->failures++;
}

static int on_timer(sd_event_source *s, uint64_t usec, void *data)
{
        Manager *m = data;
        Pending *w = m->pending;

        (void)s;
        (void)usec;
        if (w->unstored)
                store_now(m);
        if (w->behind && !w->unstored) {
                w->behind = record_write(m) < 0;
                w->failures = w->behind ? w->failures + 1 : 0;
        }
        if (w->record.revision > 0 && left_usec(m) == 0)
                take_back_now(m);
        else
                pending_arm(m);
        return 0;
}

static const TimerKind pending_timer = { CLOCK_BOOTTIME, TIMER_SLACK_USEC, on_timer };

static uint64_t retry_usec(const Pending *w)
{
        uint64_t usec = RETRY_USEC;

        for (unsigned i = 1; i < w->failures && usec < RETRY_MAX_USEC; i++)
                usec *= 2;
        return usec;
}

static void pending_arm(Manager *m)
{
        Pending *w = m->pending;
        uint64_t usec = w->record.revision > 0 ? left_usec(m) : UINT64_MAX;

        if ((w->behind || w->unstored || w->failures > 0) && (usec == 0 || usec > retry_usec(w)))
                usec = retry_usec(w);
        /* without memory for a timer nothing else goes on either */
        if (usec != UINT64_MAX)
                (void)timer_arm(m->event, &w->timer, &pending_timer, usec, m);
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

void pending_start(Manager *m)
{
        const State *state = manager_stored(m);
        Pending *w = m->pending;
        PendingFile *found = &w->found;
        PendingClock now = clock_now(m);
        bool was_made = m->state_is_lost || state->revision >= found->from;

        if (found->then.revision == 0 && found->otherwise.revision == 0)
                return;
        record_take(m, was_made ? &found->then : &found->otherwise);
        pending_file_deinit(found);
        if (pending_record_anchor(&w->record, &now) != 0 || !was_made || w->record.revision == 0)
                w->behind = record_write(m) < 0;
        if (w->record.revision > 0 && left_usec(m) == 0)
                take_back_now(m);
        else
                pending_arm(m);
}

/* ---- what the bus asks ---- */

void manager_pending(Manager *m, PendingReport *ret)
{
        Pending *w = m->pending;
        PendingClock now;

        *ret = (PendingReport){ 0 };
        if (w->record.revision == 0)
                return;
        now = clock_now(m);
        (void)pending_record_anchor(&w->record, &now);
        *ret = (PendingReport){
                .revision = w->record.revision,
                .deadline_usec = w->record.deadline_usec,
                /* the last second is told as one */
                .seconds_left =
                        (pending_left_usec(&w->record, &now) + USEC_PER_SEC - 1) / USEC_PER_SEC,
                .failure = w->failure,
        };
}

bool pending_is_from(const Manager *m, uint64_t base)
{
        return m->pending->record.revision > 0 && m->pending->record.base == base;
}

static int fail_not_pending(const Pending *w, uint64_t revision, ChangeResult *r)
{
        if (w->record.revision > 0)
                return change_fail(r, ERROR_NO_SUCH_REVISION, -ENOENT,
                        "revision %" PRIu64 " does not wait to be confirmed: %" PRIu64 " does",
                        revision, w->record.revision);
        if (w->taken_back > 0)
                return change_fail(r, ERROR_NO_SUCH_REVISION, -ENOENT,
                        "nothing waits to be confirmed: revision %" PRIu64
                        " was not confirmed in time and is taken back",
                        w->taken_back);
        return change_fail(r, ERROR_NO_SUCH_REVISION, -ENOENT, "nothing waits to be confirmed");
}

int manager_confirm(Manager *m, uint64_t revision, const Change *c, ChangeResult *r)
{
        Pending *w = m->pending;
        int q;

        /* too late, though the timer has not come yet; what could not be taken back may be kept */
        if (w->record.revision > 0 && !w->failure && left_usec(m) == 0)
                take_back_now(m);
        r->revision = m->policy->state->revision;
        if (w->record.revision == 0 || w->record.revision != revision)
                return fail_not_pending(w, revision, r);
        if (c->connection && streq_null(c->connection, w->record.connection))
                return change_fail(r, ERROR_ACCESS_DENIED, -EACCES,
                        "this connection made the change: confirm it over a new one, which shows "
                        "that there can be one");
        q = pending_end(m);
        return q < 0 ? change_fail(r, ERROR_FAILED, q,
                               "%s: cannot be written: %s; revision %" PRIu64
                               " still waits to be confirmed",
                               m->paths.state, strerrordesc_np(-q), revision)
                     : 0;
}
