/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A second of events is gathered and merged; then they get ids, are kept and reported. So what has
 * an id never changes, and a flood costs a bounded amount a second.
 */

#include "daemon/events/events.h"

#include "daemon/events/details.h"
#include "daemon/events/disk.h"
#include "daemon/events/merge.h"
#include "daemon/events/missing.h"
#include "daemon/events/record.h"
#include "daemon/loop/clock.h"
#include "daemon/loop/timer.h"
#include "daemon/netlink/nflog.h"
#include "rules/base/buffer.h"
#include "rules/policy/logprefix.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <syslog.h>

#define LOG_GROUP 25 /* NFT_LOG_GROUP, IPT_LOG_GROUP */
#define LOG_COPIED_BYTES 128
#define RETRY_USEC (10 * USEC_PER_SEC)
#define DATAGRAMS_AT_ONCE 16 /* others of the loop have their turn then */
#define DATAGRAMS_TO_SETTLE 1024
/* The log is later than the counts, by what the kernel gathers. */
#define DETAIL_USEC (200 * UINT64_C(1000))

struct Events {
        sd_event *loop;
        EventsFollower *followers;
        Ring ring;
        EventsDisk disk;
        Merge merge;
        uint64_t next_id;
        bool disk_failed; /* and followers know */
        size_t n_damaged; /* lines on disk that are not reported yet */
        Netlink log;
        sd_event_source *readable, *tick, *retry;
        bool log_failed; /* and followers know */
        bool has_sequence;
        uint32_t sequence; /* of the next packet */
        uint64_t lost;     /* since the last tick */
        bool anonymous;    /* users and groups are left out */
        Details details;
        Missing missing;
        Event run; /* packets that the log has one after the other and that are alike; count 0: none
                    */
};

static int on_tick(sd_event_source *s, uint64_t usec, void *data);
static int on_retry(sd_event_source *s, uint64_t usec, void *data);

static const TimerKind tick_kind = { CLOCK_MONOTONIC, 0, on_tick };
static const TimerKind retry_kind = { CLOCK_MONOTONIC, 0, on_retry };

static void notice(Events *e, int priority, const char *format, ...) _printf_(3, 4);
static void notice(Events *e, int priority, const char *format, ...)
{
        char text[512];
        va_list ap;

        va_start(ap, format);
        (void)vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        for (EventsFollower *f = e->followers; f; f = f->next)
                if (f->notice)
                        f->notice(f->data, priority, text);
}

/* ---- the end of a second ---- */

/* Ids of what was not stored are not given again: they begin with the time. */
static uint64_t id_take(Events *e)
{
        uint64_t now = clock_now_usec(CLOCK_REALTIME);

        if (e->next_id == 0)
                e->next_id = now > ring_last_id(&e->ring) ? now : ring_last_id(&e->ring) + 1;
        return e->next_id++;
}

static void store(Events *e, Buffer *lines)
{
        int r;

        if (lines->length == 0 && !lines->failed)
                return;
        r = lines->failed ? -ENOMEM : events_disk_append(&e->disk, lines->data, lines->length);
        if (r < 0 && !e->disk_failed)
                notice(e, LOG_ERR, "events are not stored in %s: %s; they are counted and reported",
                        e->disk.folder, strerrordesc_np(-r));
        else if (r >= 0 && e->disk_failed)
                notice(e, LOG_NOTICE, "events are stored again");
        e->disk_failed = r < 0;
}

static void report(Events *e, const Event *what, uint64_t left_out)
{
        for (EventsFollower *f = e->followers; f; f = f->next)
                if (f->event)
                        f->event(f->data, what, left_out);
}

static void second_end(Events *e)
{
        size_t n = merge_count(&e->merge);
        _cleanup_buffer_ Buffer lines = { 0 };
        Event *what;

        for (size_t i = 0; (what = merge_at(&e->merge, i)); i++) {
                details_give(&e->details, what);
                what->id = id_take(e);
                if (ring_add(&e->ring, what) < 0)
                        e->lost += what->count;
                record_print(&lines, what);
        }
        store(e, &lines);
        for (size_t i = 0; i < n && i < EVENTS_REPORTED_MAX; i++)
                report(e, merge_at(&e->merge, i),
                        i + 1 == EVENTS_REPORTED_MAX ? n - EVENTS_REPORTED_MAX : 0);
        e->lost += e->merge.left_out;
        if (e->lost > 0)
                notice(e, LOG_WARNING,
                        "%" PRIu64 " attempts are missing in the events: too many "
                        "came at once; the counters of the rules have them",
                        e->lost);
        e->lost = 0;
        merge_clear(&e->merge);
        details_age(&e->details);
}

static int on_tick(_unused_ sd_event_source *s, _unused_ uint64_t usec, void *data)
{
        second_end(data);
        return 0;
}

static void count(Events *e, const Event *what)
{
        for (EventsFollower *f = e->followers; f; f = f->next)
                if (f->counted)
                        f->counted(f->data, what);
}

/* Equal events within the time are one. */
static void gather(Events *e, const Event *what, uint64_t usec)
{
        bool first = merge_count(&e->merge) == 0;

        merge_add(&e->merge, what);
        if (first && timer_arm(e->loop, &e->tick, &tick_kind, usec, e) < 0)
                second_end(e);
}

void events_add(Events *e, const Event *what)
{
        count(e, what);
        gather(e, what, USEC_PER_SEC);
}

void events_set_anonymous(Events *e, bool anonymous)
{
        e->anonymous = anonymous;
}

void events_count(Events *e, const Event *what, bool is_event)
{
        Event own = *what; /* borrows */

        if (own.time_usec == 0)
                own.time_usec = clock_now_usec(CLOCK_REALTIME);
        count(e, &own);
        if (is_event)
                gather(e, &own, DETAIL_USEC);
}

/* ---- the kernel's log ---- */

/* Connections that the log brings, and that are not counted in detail. */
static void run_end(Events *e)
{
        Event what = e->run;

        e->run = (Event){ 0 };
        if (what.count == 0)
                return;
        count(e, &what);
        if (!what.quiet)
                gather(e, &what, USEC_PER_SEC);
        if (what.numbered)
                missing_log(&e->missing, &what);
}

/* A flood is one for all who follow. */
static void run_add(Events *e, const Event *what)
{
        if (e->run.count > 0 && e->run.quiet == what->quiet && e->run.numbered == what->numbered &&
                event_same(&e->run, what)) {
                e->run.count += what->count;
                return;
        }
        run_end(e);
        e->run = *what;
}

static void report_logged(Events *e)
{
        for (EventsFollower *f = e->followers; f; f = f->next)
                if (f->logged)
                        f->logged(f->data);
}

/* Is its process known? Then it is an event of its own. */
static bool complete(Events *e, Event *what)
{
        if (what->direction == DIRECTION_OUT && !what->quiet && what->has_uid)
                for (EventsFollower *f = e->followers; f; f = f->next)
                        if (f->complete)
                                f->complete(f->data, what);
        return what->pid != 0;
}

static void on_packet(const NflogPacket *p, void *data)
{
        Events *e = data;
        Event what;
        int r;

        /* what is lost before it is found at the next packet */
        if (streq(p->prefix, LOG_WAKE)) {
                e->sequence++;
                report_logged(e);
                return;
        }
        r = event_parse(p->prefix, p->data, p->length, &what);
        /* of what is counted none is lost */
        if (e->has_sequence && (r < 0 || (!what.counted && !what.numbered)))
                e->lost += (uint32_t)(p->sequence - e->sequence);
        e->has_sequence = true;
        e->sequence = p->sequence + 1;
        if (r < 0)
                return;
        what.time_usec = clock_now_usec(CLOCK_REALTIME);
        what.has_uid = p->has_uid && !e->anonymous;
        what.uid = what.has_uid ? p->uid : 0;
        what.has_gid = p->has_gid && !e->anonymous;
        what.gid = what.has_gid ? p->gid : 0;
        if (what.counted) {
                details_note(&e->details, &what);
        } else if (complete(e, &what)) {
                run_end(e);
                run_add(e, &what);
                run_end(e);
        } else {
                run_add(e, &what);
        }
        if (what.counted || what.numbered)
                report_logged(e);
}

static void log_close(Events *e)
{
        e->readable = sd_event_source_disable_unref(e->readable);
        netlink_close(&e->log);
        e->has_sequence = false;
}

static void log_fail(Events *e, int r)
{
        log_close(e);
        if (!e->log_failed)
                notice(e, LOG_ERR,
                        r == -EBUSY ? "another process reads NFLOG group %d, so that p25d sees no "
                                      "events (%s)"
                                    : "cannot read NFLOG group %d, so that there are no events: %s",
                        LOG_GROUP, strerrordesc_np(-r));
        e->log_failed = true;
        (void)timer_arm(e->loop, &e->retry, &retry_kind, RETRY_USEC, e);
}

/* 0: there may be more; -EAGAIN: there is none, or the log is closed. */
static int log_read(Events *e, unsigned datagrams)
{
        int r = e->log.fd < 0 ? -EAGAIN : 0;

        for (unsigned i = 0; i < datagrams && r != -EAGAIN; i++) {
                r = nflog_read(&e->log, on_packet, e);
                /* lost messages are a gap in the sequence */
                if (r == -ENOBUFS || r == -ENOSPC)
                        report_logged(e);
                if (r < 0 && r != -EAGAIN && r != -ENOBUFS && r != -ENOSPC) {
                        log_fail(e, r);
                        r = -EAGAIN;
                }
        }
        run_end(e);
        return r;
}

static int on_readable(
        _unused_ sd_event_source *s, _unused_ int fd, _unused_ uint32_t revents, void *data)
{
        (void)log_read(data, DATAGRAMS_AT_ONCE);
        return 0;
}

void events_listen(Events *e)
{
        int r = nflog_open(LOG_GROUP, LOG_COPIED_BYTES, &e->log);

        if (e->n_damaged > 0)
                notice(e, LOG_WARNING, "%zu line%s of the events in %s cannot be read",
                        e->n_damaged, e->n_damaged == 1 ? "" : "s", e->disk.folder);
        e->n_damaged = 0;
        if (r >= 0)
                r = sd_event_add_io(e->loop, &e->readable, e->log.fd, EPOLLIN, on_readable, e);
        if (r < 0) {
                log_fail(e, r);
                return;
        }
        if (e->log_failed)
                notice(e, LOG_NOTICE, "events are read again");
        e->log_failed = false;
        report_logged(e);
}

bool events_are_heard(const Events *e)
{
        return e->log.fd >= 0;
}

/* ---- what the log left out ---- */

void events_complete(Events *e, const Event *what)
{
        missing_count(&e->missing, what);
}

static void on_missing(void *data, const Event *what)
{
        events_count(data, what, !what->quiet);
}

bool events_settle(Events *e, bool last)
{
        (void)log_read(e, DATAGRAMS_TO_SETTLE);
        return missing_settle(&e->missing, last, on_missing, e);
}

static int on_retry(_unused_ sd_event_source *s, _unused_ uint64_t usec, void *data)
{
        events_listen(data);
        return 0;
}

/* ---- life ---- */

int events_new(sd_event *event, const char *folder, Events **ret)
{
        _cleanup_(events_free_p) Events *e = calloc(1, sizeof(*e));
        int r;

        if (!e)
                return -ENOMEM;
        e->log = NETLINK_CLOSED;
        e->loop = sd_event_ref(event);
        r = events_disk_init(&e->disk, folder);
        if (r >= 0)
                r = events_disk_read(&e->disk, &e->ring, &e->n_damaged);
        /* a file that cannot be read cannot be written either, which is reported then */
        if (r == -ENOMEM)
                return r;
        *ret = TAKE_PTR(e);
        return 0;
}

Events *events_free(Events *e)
{
        if (!e)
                return NULL;
        if (merge_count(&e->merge) > 0)
                second_end(e);
        log_close(e);
        sd_event_source_disable_unref(e->tick);
        sd_event_source_disable_unref(e->retry);
        sd_event_unref(e->loop);
        merge_clear(&e->merge);
        missing_deinit(&e->missing);
        ring_deinit(&e->ring);
        events_disk_deinit(&e->disk);
        free(e);
        return NULL;
}

void events_follow(Events *e, EventsFollower *f)
{
        EventsFollower **end = &e->followers;

        while (*end)
                end = &(*end)->next;
        f->next = NULL;
        *end = f;
}

void events_unfollow(Events *e, EventsFollower *f)
{
        for (EventsFollower **at = &e->followers; *at; at = &(*at)->next)
                if (*at == f) {
                        *at = f->next;
                        return;
                }
}

const Ring *events_list(const Events *e)
{
        return &e->ring;
}
