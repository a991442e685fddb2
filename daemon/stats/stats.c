/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Times are counted in seconds of a clock of its own, which begins with the wall clock when nothing
 * is on disk, and goes on with the time since boot: the wall clock may be set in any direction
 * without an age changing. Over a restart it goes on with what the wall clock says has passed.
 */

#include "daemon/stats/stats.h"

#include "daemon/events/event.h"
#include "daemon/loop/clock.h"
#include "daemon/loop/timer.h"
#include "daemon/stats/internal.h"
#include "rules/address/family.h"
#include "rules/base/buffer.h"
#include "rules/base/text.h"
#include "rules/ruleset/counterid.h"

#include <errno.h>
#include <stdio.h>
#include <sys/random.h>
#include <syslog.h>

/* Sampling and writing take at most a thousandth of the time. */
#define SAVE_USEC (60 * USEC_PER_SEC)
#define SAVE_SHARE 1000
/* So long p25d may run on without the own clock being at its end. */
#define RUN_SECONDS (UINT32_C(20) * 366 * 86400)

struct Stats {
        sd_event *loop;
        sd_event_source *tick;
        StatsOptions options;
        char *folder;
        Counted counted;
        uint32_t begin;      /* the own clock at ... */
        uint64_t begin_usec; /* ... this time since boot */
        bool changed;        /* since it was written */
        bool failed;         /* to write, and the log has it */
        bool ticks;          /* it will be written in a minute */
};

static int on_tick(sd_event_source *s, uint64_t usec, void *data);

static const TimerKind tick_kind = { CLOCK_MONOTONIC, USEC_PER_SEC, on_tick };

static uint64_t time_now(const Stats *s, clockid_t id)
{
        return (s->options.clock ?: clock_now_usec)(id);
}

static uint32_t now_of(const Stats *s)
{
        return s->begin + (uint32_t)((time_now(s, CLOCK_BOOTTIME) - s->begin_usec) / USEC_PER_SEC);
}

static void notice(Stats *s, int priority, const char *what, int error)
{
        char text[512];

        snprintf(text, sizeof(text), "%s %s/stats: %s", what, s->folder, strerrordesc_np(-error));
        if (s->options.notice)
                s->options.notice(s->options.data, priority, text);
}

/* ---- counting ---- */

static uint64_t destination_hash(const Counted *c, const Address *a)
{
        return hash_finish(
                hash_bytes(hash_number(HASH_BEGIN, c->key), a->bytes, family_bits(a->family) / 8));
}

/* Its row, or NULL: without memory the connection is in the totals only. */
static Sender *sender_add(
        Stats *s, SenderKind kind, uint32_t uid, const char *name, const SenderCount *c)
{
        Sender *sender = senders_get(&s->counted.senders[kind], uid, name, c->now);

        if (sender)
                (void)sender_count(sender, c);
        return sender;
}

/* As it may stand in a line and in a message. */
static const char *name_clean(const char *name, char buffer[static SENDER_NAME_MAX + 1])
{
        if (!name || !*name)
                return NULL;
        snprintf(buffer, SENDER_NAME_MAX + 1, "%s", name);
        text_make_printable(buffer);
        return buffer;
}

static void container_add(Stats *s, const Event *e, const char *name, const SenderCount *c)
{
        char called[SENDER_NAME_MAX + 1], image[SENDER_NAME_MAX + 1];
        Sender *sender = sender_add(s, SENDER_CONTAINER, 0, name, c);

        if (sender && sender != &s->counted.senders[SENDER_CONTAINER].others)
                (void)sender_set_labels(sender, name_clean(e->texts[EVENT_CONTAINER], called),
                        name_clean(e->texts[EVENT_IMAGE], image));
}

/* In audit a refusal is only reported: the connection passed. */
static bool is_blocked(const Event *e)
{
        return event_is_refusal(e) && !e->audit;
}

/* Without memory, or room, it is in the totals only. */
static void limit_count(Stats *s, Hit *hit, uint32_t now, uint32_t when, const SeriesCount *c)
{
        SeriesPast *past = NULL;

        if (s->options.is_limit && s->options.is_limit(s->options.sample_data, hit->rule))
                past = hits_past(&s->counted.hits, hit);
        for (PastKind k = 0; past && k < _PAST_KIND_MAX; k++)
                (void)series_add(&past->of[k], &past_kinds[k], now, when, c);
}

static void rule_count(Stats *s, const Event *e, uint32_t now, uint32_t when)
{
        Hit *hit = hits_get(
                &s->counted.hits, e->rule > 0 ? e->rule : DEFAULT_COUNTER_ID(e->direction));

        if (!hit)
                return;
        if (when > hit->last)
                hit->last = when;
        if (!is_blocked(e)) {
                hit->passed += e->count;
                return;
        }
        hit->refused += e->count;
        limit_count(s, hit, now, when, &(SeriesCount){ .blocked = e->count });
}

static void tick_in(Stats *s, uint64_t usec)
{
        s->ticks = timer_arm(s->loop, &s->tick, &tick_kind, usec, s) >= 0;
}

void stats_wake(Stats *s)
{
        if (!s->ticks)
                tick_in(s, SAVE_USEC);
}

void stats_count(Stats *s, const Event *e, const char *container)
{
        char unit[SENDER_NAME_MAX + 1], box[SENDER_NAME_MAX + 1];
        const char *unit_name = name_clean(e->unit, unit), *box_name = name_clean(container, box);
        uint32_t now = now_of(s);
        uint64_t wall_usec = time_now(s, CLOCK_REALTIME), age = 0;
        SenderCount c = { .now = now, .has_destination = e->destination.family != 0 };

        if (e->time_usec > 0 && e->time_usec < wall_usec)
                age = (wall_usec - e->time_usec) / USEC_PER_SEC;
        c.when = age < now ? now - (uint32_t)age : 0;
        *(is_blocked(e) ? &c.blocked : &c.allowed) = e->count;
        if (c.has_destination)
                c.destination = destination_hash(&s->counted, &e->destination);
        verdicts_add(&s->counted.verdicts, &(VerdictCount){ .direction = e->direction,
                                                   .verdict = e->audit ? ACTION_ALLOW : e->action,
                                                   .has_uid = e->has_uid,
                                                   .uid = e->uid,
                                                   .unit = (char *)unit_name,
                                                   .n = e->count });
        rule_count(s, e, now, c.when);
        if (e->direction == DIRECTION_OUT && e->has_uid)
                (void)sender_add(s, SENDER_USER, e->uid, NULL, &c);
        if (e->direction == DIRECTION_OUT && unit_name)
                (void)sender_add(s, SENDER_UNIT, 0, unit_name, &c);
        if (e->direction != DIRECTION_IN && box_name)
                container_add(s, e, box_name, &c);
        s->changed = true;
        stats_wake(s);
}

void stats_see_rule(Stats *s, uint64_t rule, uint64_t packets, uint64_t bytes)
{
        uint32_t now = now_of(s);
        SeriesCount c = { .allowed = hits_see(&s->counted.hits, rule, packets, bytes, now) };

        if (c.allowed == 0)
                return;
        limit_count(s, hits_get(&s->counted.hits, rule), now, now, &c);
        s->changed = true;
}

void stats_sample(Stats *s)
{
        hits_begin_sample(&s->counted.hits);
        if (s->options.sample)
                s->options.sample(s->options.sample_data, s);
}

void stats_restart(Stats *s)
{
        hits_restart(&s->counted.hits);
}

/* ---- what was counted ---- */

void stats_window(const Stats *s, const Sender *sender, uint32_t seconds, StatsWindow *ret)
{
        PastKind past = seconds <= 60      ? PAST_SECONDS
                        : seconds <= 3600  ? PAST_MINUTES
                        : seconds <= 86400 ? PAST_FIVES
                                           : PAST_HOURS;
        uint32_t now = now_of(s);

        series_sum(&sender->past.of[past], now, seconds, &ret->blocked, &ret->allowed);
        ret->destinations = distinct_count(&sender->destinations, now, seconds, &ret->estimated);
}

void stats_user(const Stats *s, uint32_t uid, uint32_t seconds, StatsWindow *ret)
{
        const Sender *sender = senders_find(&s->counted.senders[SENDER_USER], uid, NULL);

        *ret = (StatsWindow){ 0 };
        if (sender)
                stats_window(s, sender, seconds, ret);
}

const SenderTable *stats_senders(const Stats *s, SenderKind kind)
{
        return &s->counted.senders[kind];
}

const Verdicts *stats_verdicts(const Stats *s)
{
        return &s->counted.verdicts;
}

Hits *stats_hits(Stats *s)
{
        stats_sample(s);
        return &s->counted.hits;
}

uint64_t stats_time_usec(const Stats *s, uint32_t when)
{
        uint64_t wall_usec = time_now(s, CLOCK_REALTIME);
        uint32_t now = now_of(s);
        uint64_t age = when < now ? (now - when) * USEC_PER_SEC : 0;

        return when == 0 || age >= wall_usec ? 0 : wall_usec - age;
}

uint64_t stats_since_usec(const Stats *s)
{
        return s->counted.since_usec;
}

/* ---- the file ---- */

/* Was there anything to be written? */
static bool save(Stats *s)
{
        _cleanup_buffer_ Buffer b = { 0 };
        int r;

        stats_sample(s);
        if (!s->changed)
                return false;
        counted_print(&b, &s->counted, now_of(s), time_now(s, CLOCK_REALTIME));
        r = b.failed ? -ENOMEM : stats_file_write(s->folder, &b);
        if (r < 0 && !s->failed)
                notice(s, LOG_ERR, "statistics go on in memory only; cannot write", r);
        s->failed = r < 0;
        if (r >= 0)
                s->changed = false;
        return true;
}

/* After a minute in which nothing was counted it rests, until something is: a rule that wakes p25d
 * every minute at most has room for it again (NFT_WAKE_RATE). */
static int on_tick(_unused_ sd_event_source *source, _unused_ uint64_t usec, void *data)
{
        Stats *s = data;
        uint64_t begin_usec = clock_now_usec(CLOCK_MONOTONIC), took_usec;
        bool busy;

        s->ticks = false;
        busy = save(s);
        took_usec = clock_now_usec(CLOCK_MONOTONIC) - begin_usec;
        if (busy || !s->options.woken || !s->options.woken(s->options.sample_data))
                tick_in(s, took_usec * SAVE_SHARE > SAVE_USEC ? took_usec * SAVE_SHARE : SAVE_USEC);
        return 0;
}

/* Nothing is on disk, or nothing that can be read. */
static void begin_empty(Stats *s)
{
        counted_deinit(&s->counted);
        counted_init(&s->counted);
        s->counted.since_usec = time_now(s, CLOCK_REALTIME);
        s->begin = (uint32_t)(s->counted.since_usec / USEC_PER_SEC);
        if (getrandom(&s->counted.key, sizeof(s->counted.key), GRND_NONBLOCK) < 0)
                s->counted.key = s->begin_usec; /* the best that there is so early */
}

static int begin_with(Stats *s, const char *text, size_t n)
{
        uint64_t wall_usec, now_usec = time_now(s, CLOCK_REALTIME), passed = 0;
        uint32_t then;
        int r = counted_parse(text, n, &s->counted, &then, &wall_usec);

        if (r < 0)
                return r;
        if (now_usec > wall_usec)
                passed = (now_usec - wall_usec) / USEC_PER_SEC;
        s->begin = then + passed < UINT32_MAX - RUN_SECONDS ? then + (uint32_t)passed : then;
        return 0;
}

static int begin(Stats *s)
{
        const char *boot_id = s->options.boot_id ?: "";
        _cleanup_free_ char *text = NULL;
        size_t n;
        int r = stats_file_read(s->folder, &text, &n);

        counted_init(&s->counted);
        s->begin_usec = time_now(s, CLOCK_BOOTTIME);
        if (r >= 0)
                r = begin_with(s, text, n);
        if (r == -ENOMEM)
                return r;
        if (r < 0) {
                if (r != -ENOENT) {
                        notice(s, LOG_ERR,
                                "statistics begin again, the file is kept as stats.damaged; "
                                "cannot read",
                                r);
                        (void)stats_file_set_aside(s->folder);
                }
                begin_empty(s);
        }
        if (!streq(s->counted.boot_id, boot_id))
                hits_restart(&s->counted.hits);
        snprintf(s->counted.boot_id, sizeof(s->counted.boot_id), "%s", boot_id);
        return 0;
}

/* ---- life ---- */

int stats_new(sd_event *event, const StatsOptions *options, Stats **ret)
{
        _cleanup_free_ Stats *s = calloc(1, sizeof(*s));
        int r;

        if (!s)
                return -ENOMEM;
        s->options = *options;
        s->options.folder = s->options.boot_id = NULL;
        r = strdup_null(options->folder, &s->folder);
        if (r < 0)
                return r;
        s->options.boot_id = options->boot_id;
        s->loop = sd_event_ref(event);
        r = begin(s);
        s->options.boot_id = NULL;
        if (r >= 0) {
                r = timer_arm(s->loop, &s->tick, &tick_kind, SAVE_USEC, s);
                s->ticks = r >= 0;
        }
        if (r < 0) {
                counted_deinit(&s->counted);
                sd_event_unref(s->loop);
                free(s->folder);
                return r;
        }
        *ret = TAKE_PTR(s);
        return 0;
}

Stats *stats_free(Stats *s)
{
        if (!s)
                return NULL;
        save(s);
        sd_event_source_disable_unref(s->tick);
        sd_event_unref(s->loop);
        counted_deinit(&s->counted);
        free(s->folder);
        free(s);
        return NULL;
}
