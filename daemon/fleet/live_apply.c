/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/fleet/live_apply.h"

#include "daemon/fleet/live_clock.h"
#include "daemon/io/log.h"
#include "rules/base/array.h"
#include "rules/base/buffer.h"
#include "rules/base/strv.h"

#include <errno.h>

#define CALL_MAX 5000      /* entries */
#define WAITING_MAX 600000 /* entries */
#define JOBS_MAX 20000     /* calls, which a member that bans and takes back by turns makes many */
#define PAUSE_MIN_USEC USEC_PER_SEC
#define PAUSE_MAX_USEC (30 * USEC_PER_SEC)
#define LOG_USEC (60 * USEC_PER_SEC)

typedef enum JobKind {
        JOB_BAN,
        JOB_UNBAN,
        JOB_LOCKDOWN,
} JobKind;

typedef struct Job Job;
struct Job {
        Job *next;
        JobKind kind;
        Prefix *addresses;
        size_t n;
        uint64_t from_usec, until_usec; /* of bans: the ends that this call may have */
        bool on;
        char *reason;
};

struct LiveApply {
        sd_event *event;
        FleetClient *client;
        const char *set;
        Job *jobs, *last; /* the first is under way if `calling` */
        size_t n_jobs, n_waiting;
        bool calling;
        sd_event_source *timer;
        uint64_t pause_usec, logged_usec, applied, refused;
};

static Job *job_free(Job *j)
{
        free(j->addresses);
        free(j->reason);
        free(j);
        return NULL;
}

static void apply_next(LiveApply *a);

/* ---- the calls ---- */

static void job_drop(LiveApply *a)
{
        Job *j = a->jobs;

        a->jobs = j->next;
        if (!a->jobs)
                a->last = NULL;
        a->n_jobs--;
        a->n_waiting -= j->n;
        job_free(j);
}

/* The first job as two, each with half of the addresses. */
static int job_split(LiveApply *a)
{
        Job *j = a->jobs, *rest = calloc(1, sizeof(*rest));
        size_t half = j->n / 2;

        if (!rest)
                return -ENOMEM;
        *rest = (Job){ .next = j->next,
                .kind = j->kind,
                .n = j->n - half,
                .from_usec = j->from_usec,
                .until_usec = j->until_usec,
                .reason = strdup(j->reason ?: "") };
        rest->addresses = calloc(rest->n, sizeof(*rest->addresses));
        if (!rest->addresses || !rest->reason) {
                job_free(rest);
                return -ENOMEM;
        }
        memcpy(rest->addresses, j->addresses + half, rest->n * sizeof(*rest->addresses));
        j->n = half;
        j->next = rest;
        if (a->last == j)
                a->last = rest;
        a->n_jobs++;
        return 0;
}

static int on_timer(_unused_ sd_event_source *s, _unused_ uint64_t usec, void *data)
{
        apply_next(data);
        return 0;
}

static void retry_later(LiveApply *a)
{
        int r;

        if (!a->timer)
                r = sd_event_add_time_relative(
                        a->event, &a->timer, CLOCK_MONOTONIC, a->pause_usec, 0, on_timer, a);
        else {
                r = sd_event_source_set_time_relative(a->timer, a->pause_usec);
                if (r >= 0)
                        r = sd_event_source_set_enabled(a->timer, SD_EVENT_ONESHOT);
        }
        if (r < 0)
                log_line(LOG_ERR, "timer: %s", strerror(-r));
        a->pause_usec *= 2;
        if (a->pause_usec > PAUSE_MAX_USEC)
                a->pause_usec = PAUSE_MAX_USEC;
}

/* A line a minute at most. */
static void complain(LiveApply *a, const char *what, const char *why)
{
        uint64_t now = live_now_usec();

        if (now - a->logged_usec < LOG_USEC)
                return;
        a->logged_usec = now;
        log_line(LOG_WARNING, "%s: %s", what, why);
}

static void job_refused(LiveApply *a, const char *message)
{
        Job *j = a->jobs;
        char text[ADDRESS_TEXT_MAX];

        if (j->n > 1 && job_split(a) >= 0)
                return;
        complain(a, j->n == 1 ? prefix_format(&j->addresses[0], text) : "lockdown", message);
        a->refused += j->n;
        job_drop(a);
}

static void on_done(void *data, int r, const char *message)
{
        LiveApply *a = data;

        a->calling = false;
        if (r == -EAGAIN || r == -EACCES) {
                complain(a, "p25d does not take it", message);
                retry_later(a);
                return;
        }
        a->pause_usec = PAUSE_MIN_USEC;
        if (r < 0)
                job_refused(a, message);
        else {
                a->applied += a->jobs->n;
                job_drop(a);
        }
        apply_next(a);
}

static int job_texts(const Job *j, char ***ret)
{
        _cleanup_strv_ char **list = calloc(j->n + 1, sizeof(char *));
        char text[ADDRESS_TEXT_MAX];

        if (!list)
                return -ENOMEM;
        for (size_t i = 0; i < j->n; i++)
                if (!(list[i] = strdup(prefix_format(&j->addresses[i], text))))
                        return -ENOMEM;
        *ret = TAKE_PTR(list);
        return 0;
}

/* > 0: under way; 0: there is nothing to do. */
static int job_call(LiveApply *a, const Job *j)
{
        FleetEntries e = { .set = a->set, .reason = j->reason };
        _cleanup_strv_ char **texts = NULL;
        uint64_t now = live_now_usec();
        int r;

        if (j->kind == JOB_LOCKDOWN)
                r = fleet_client_set_lockdown(a->client, j->on, j->reason, on_done, a);
        else {
                if (j->n == 0 || (j->kind == JOB_BAN && j->until_usec <= now))
                        return 0;
                r = job_texts(j, &texts);
                if (r < 0)
                        return r;
                if (j->kind == JOB_BAN) {
                        e.add = texts;
                        e.timeout_sec =
                                (uint32_t)((j->until_usec - now + USEC_PER_SEC - 1) / USEC_PER_SEC);
                } else
                        e.remove = texts;
                r = fleet_client_update_set(a->client, &e, on_done, a);
        }
        return r < 0 ? r : 1;
}

static void apply_next(LiveApply *a)
{
        while (a->jobs && !a->calling) {
                int r = job_call(a, a->jobs);

                if (r == 0)
                        job_drop(a);
                else if (r > 0)
                        a->calling = true;
                else {
                        complain(a, "p25d cannot be called", strerror(-r));
                        retry_later(a);
                        return;
                }
        }
}

void live_apply_retry(LiveApply *a)
{
        a->pause_usec = PAUSE_MIN_USEC;
        apply_next(a);
}

/* ---- the queue ---- */

static int job_add(LiveApply *a, JobKind kind, const char *reason, Job **ret)
{
        Job *j = calloc(1, sizeof(*j));

        if (!j)
                return -ENOMEM;
        j->kind = kind;
        j->reason = strdup(reason);
        if (!j->reason) {
                job_free(j);
                return -ENOMEM;
        }
        if (a->last)
                a->last->next = j;
        else
                a->jobs = j;
        a->last = j;
        a->n_jobs++;
        *ret = j;
        return 0;
}

/* A call has one time for all that it adds: ends that differ by a 64th of what is left are one, the
 * later of them. */
static bool job_takes(const LiveApply *a, const Job *j, JobKind kind, uint64_t until_usec)
{
        uint64_t now = live_now_usec(), left = until_usec > now ? until_usec - now : 0;

        if (!j || (j == a->jobs && a->calling) || j->kind != kind || j->n == CALL_MAX)
                return false;
        return kind == JOB_UNBAN || (until_usec + left / 64 + USEC_PER_SEC >= j->until_usec &&
                                            until_usec <= j->from_usec + left / 64 + USEC_PER_SEC);
}

static int address_add(
        LiveApply *a, JobKind kind, const Prefix *p, uint64_t until_usec, const char *reason)
{
        Job *j = a->last;
        int r = 0;

        if (a->n_waiting >= WAITING_MAX)
                return -ENOBUFS;
        if (!job_takes(a, j, kind, until_usec)) {
                r = a->n_jobs >= JOBS_MAX ? -ENOBUFS : job_add(a, kind, reason, &j);
                if (r < 0)
                        return r;
                j->from_usec = j->until_usec = until_usec;
        }
        if (array_grow(&j->addresses, j->n, sizeof(*j->addresses)) < 0)
                return -ENOMEM; /* a job without addresses makes no call */
        if (until_usec > j->until_usec)
                j->until_usec = until_usec;
        if (until_usec < j->from_usec)
                j->from_usec = until_usec;
        j->addresses[j->n++] = *p;
        a->n_waiting++;
        return 0;
}

/* In the order of their ends, so that few calls have all. */
static int ban_compare(const void *a, const void *b)
{
        const LiveBan *x = a, *y = b;

        return x->until_usec < y->until_usec ? -1 : x->until_usec > y->until_usec;
}

int live_apply_bans(LiveApply *a, const LiveBan *bans, size_t n)
{
        _cleanup_free_ LiveBan *sorted = calloc(n + 1, sizeof(*sorted));
        int r = 0;

        if (!sorted)
                return -ENOMEM;
        memcpy(sorted, bans, n * sizeof(*sorted));
        qsort(sorted, n, sizeof(*sorted), ban_compare);
        for (size_t i = 0; i < n && r >= 0; i++) {
                _cleanup_buffer_ Buffer reason = { 0 };
                const LiveBan *b = &sorted[i];

                buffer_printf(&reason, "%s%s%s%s%s", b->host, *b->who ? ", " : "", b->who,
                        *b->why ? ": " : "", b->why);
                r = reason.failed ? -ENOMEM
                                  : address_add(a, JOB_BAN, &b->address, b->until_usec,
                                            reason.length <= 200 ? reason.data : b->host);
        }
        apply_next(a);
        return r;
}

int live_apply_unbans(LiveApply *a, const Prefix *addresses, size_t n)
{
        int r = 0;

        for (size_t i = 0; i < n && r >= 0; i++)
                r = address_add(a, JOB_UNBAN, &addresses[i], 0, "taken back by the fleet");
        apply_next(a);
        return r;
}

/* The lockdown that waits, if there is one: the last word counts. */
static Job *lockdown_waiting(const LiveApply *a)
{
        Job *j = a->calling ? a->jobs->next : a->jobs;

        while (j && j->kind != JOB_LOCKDOWN)
                j = j->next;
        return j;
}

int live_apply_lockdown(LiveApply *a, bool on, const char *why)
{
        const char *reason = *why ? why : "the fleet";
        Job *j = lockdown_waiting(a);
        char *text;
        int r;

        if (j) {
                text = strdup(reason);
                if (!text)
                        return -ENOMEM;
                free(j->reason);
                j->reason = text;
        } else {
                r = job_add(a, JOB_LOCKDOWN, reason, &j);
                if (r < 0)
                        return r;
        }
        j->on = on;
        apply_next(a);
        return 0;
}

int live_apply_new(sd_event *event, FleetClient *client, const char *set, LiveApply **ret)
{
        LiveApply *a = calloc(1, sizeof(*a));

        if (!a)
                return -ENOMEM;
        a->event = sd_event_ref(event);
        a->client = client;
        a->set = set;
        a->pause_usec = PAUSE_MIN_USEC;
        *ret = a;
        return 0;
}

LiveApply *live_apply_free(LiveApply *a)
{
        if (!a)
                return NULL;
        while (a->jobs)
                job_drop(a);
        sd_event_source_disable_unref(a->timer);
        sd_event_unref(a->event);
        free(a);
        return NULL;
}

bool live_apply_is_idle(const LiveApply *a)
{
        return !a->jobs;
}

uint64_t live_apply_applied(const LiveApply *a)
{
        return a->applied;
}

uint64_t live_apply_refused(const LiveApply *a)
{
        return a->refused;
}
