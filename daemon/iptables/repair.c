/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Looking after what was installed. Legacy iptables tells nobody of a change: the tables are read
 * every two seconds, and at once after another program has let go of the lock of iptables.
 * What differs from what was left there is put back; who keeps changing it is answered more and
 * more slowly. Changes of the host's own addresses come as events.
 */

#include "daemon/iptables/backend.h"

#include <errno.h>
#include <sys/inotify.h>
#include <unistd.h>

#define SECOND_USEC UINT64_C(1000000)
#define LOOK_USEC (2 * SECOND_USEC)
/* A look that took longer than this is followed by a longer pause, still within five seconds. */
#define LOOK_COST_USEC (20 * 1000)
#define LOOK_SELDOM_USEC (4 * SECOND_USEC)
/* Between two repairs in a fight. */
#define PAUSE_USEC (3 * SECOND_USEC)
/* A repair that meets another program's lock comes again. */
#define AGAIN_USEC (SECOND_USEC / 5)

static uint64_t now_usec(const IptBackend *b)
{
        uint64_t now = 0;

        sd_event_now(b->event, CLOCK_MONOTONIC, &now);
        return now;
}

bool ipt_watch_is_changed(IptBackend *b)
{
        for (size_t f = 0; f < IPT_FAMILIES; f++) {
                IptImage image;
                uint64_t hash;

                if (!b->wanted[f])
                        continue;
                if (ipt_kernel_read(&b->kernels[f], &image) < 0)
                        return true;
                hash = ipt_image_hash(&image);
                ipt_image_deinit(&image);
                if (hash != b->hashes[f])
                        return true;
        }
        return ipt_sets_check(&b->sets, true);
}

/* ---- repair ---- */

static int repair_later(sd_event_source *s, uint64_t usec, void *data);

static void repair_schedule(IptBackend *b, uint64_t usec)
{
        if (!b->later && sd_event_add_time_relative(b->event, &b->later, CLOCK_MONOTONIC, usec, 0,
                                 repair_later, b) < 0)
                b->later = NULL;
}

static uint64_t pause_usec(const IptBackend *b)
{
        return b->pause_usec > 0 ? b->pause_usec : PAUSE_USEC;
}

static void tell(IptBackend *b, uint64_t count)
{
        if (b->repaired)
                b->repaired(b->data, count, b->culprit.pid,
                        b->culprit.pid > 0 ? b->culprit.name : NULL);
}

static void tell_peace(IptBackend *b, BackendPeace peace)
{
        if (b->base.peace == peace)
                return;
        b->base.peace = peace;
        tell(b, 0);
}

/* broken: by somebody else, not only overtaken by the host's addresses. */
static void repair_now(IptBackend *b, bool broken)
{
        int r = ipt_apply_again(b);

        if (r == -EBUSY) {
                repair_schedule(b, AGAIN_USEC);
                return;
        }
        if (broken)
                repair_rate_note(&b->rate, now_usec(b));
        if (r < 0) {
                repair_schedule(b, b->base.peace == PEACE_KEPT ? AGAIN_USEC : pause_usec(b));
                tell_peace(b, PEACE_BROKEN);
                return;
        }
        if (b->base.peace == PEACE_BROKEN)
                b->base.peace = PEACE_FIGHT; /* until it has been quiet for a while */
        if (broken)
                tell(b, 1);
}

static void repair(IptBackend *b)
{
        uint64_t now = now_usec(b), next = repair_rate_last(&b->rate) + pause_usec(b);

        if (b->later)
                return; /* its time will come */
        if (!repair_rate_is_too_high(&b->rate, now)) {
                repair_now(b, true);
                return;
        }
        /* the pause began with the last repair: what was found late must not wait for another */
        repair_schedule(b, next > now ? next - now : 0);
        if (b->base.peace == PEACE_KEPT)
                tell_peace(b, PEACE_FIGHT);
}

static int repair_later(sd_event_source *s, uint64_t usec, void *data)
{
        IptBackend *b = data;
        bool broken;

        (void)s;
        (void)usec;
        b->later = sd_event_source_unref(b->later);
        broken = ipt_watch_is_changed(b);
        if (broken || !b->intact)
                repair_now(b, broken);
        if (b->base.peace == PEACE_KEPT)
                return 0;
        if (b->base.peace == PEACE_FIGHT && repair_rate_is_nought(&b->rate, now_usec(b)))
                tell_peace(b, PEACE_KEPT);
        else
                repair_schedule(b, pause_usec(b));
        return 0;
}

/* ---- looking ---- */

static void look(IptBackend *b)
{
        if (ipt_watch_is_changed(b))
                repair(b);
}

static int addresses_look(IptBackend *b)
{
        bool used = false;

        if (ipt_locals_read(&b->locals) <= 0)
                return 0;
        for (size_t f = 0; f < IPT_FAMILIES; f++)
                used = used || (b->wanted[f] && b->wanted[f]->n_locals > 0);
        if (used && ipt_apply_again(b) < 0) {
                b->intact = false;
                repair_schedule(b, AGAIN_USEC);
        }
        return 0;
}

static int look_in_time(sd_event_source *s, uint64_t usec, void *data)
{
        IptBackend *b = data;
        uint64_t began, ended;

        (void)usec;
        sd_event_now(b->event, CLOCK_MONOTONIC, &began);
        addresses_look(b);
        look(b);
        ended = ipt_clock_usec();
        (void)sd_event_source_set_time_relative(
                s, ended - began > LOOK_COST_USEC ? LOOK_SELDOM_USEC : LOOK_USEC);
        (void)sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
        return 0;
}

/* Whoever takes the lock is remembered until it has let go. */
static int lock_used(sd_event_source *s, int fd, uint32_t events, void *data)
{
        _Alignas(struct inotify_event) char buffer[4096];
        const struct inotify_event *e;
        IptBackend *b = data;
        LockHolder holder;
        uint32_t seen = 0;
        ssize_t n;

        (void)s;
        (void)events;
        while ((n = read(fd, buffer, sizeof(buffer))) > 0)
                for (char *at = buffer; at < buffer + n; at += sizeof(*e) + e->len) {
                        e = (const void *)at;
                        seen |= e->mask;
                }
        if (seen & IN_OPEN && lock_holder_find(ipt_lock_path(), &holder))
                b->culprit = holder;
        if (seen & IN_CLOSE)
                look(b);
        if (seen & IN_CLOSE && !b->later)
                b->culprit.pid = 0;
        return 0;
}

static int addresses_changed(sd_event_source *s, int fd, uint32_t events, void *data)
{
        IptBackend *b = data;

        (void)s;
        (void)fd;
        (void)events;
        if (ipt_locals_drain(&b->locals))
                addresses_look(b);
        return 0;
}

/* ---- life ---- */

int ipt_watch_start(IptBackend *b)
{
        b->inotify_fd = -1;
        if (!b->event)
                return 0;
        b->inotify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
        if (b->inotify_fd < 0)
                return -errno;
        return sd_event_add_io(
                b->event, &b->locals_watch, b->locals.monitor.fd, EPOLLIN, addresses_changed, b);
}

void ipt_watch_stop(IptBackend *b)
{
        b->timer = sd_event_source_unref(b->timer);
        b->later = sd_event_source_unref(b->later);
        b->lock_watch = sd_event_source_unref(b->lock_watch);
        b->locals_watch = sd_event_source_unref(b->locals_watch);
        if (b->inotify_fd >= 0)
                close(b->inotify_fd);
        b->inotify_fd = -1;
}

/* The lock's file is there once somebody has locked: we have. */
static void watch_lock(IptBackend *b)
{
        if (inotify_add_watch(b->inotify_fd, ipt_lock_path(), IN_OPEN | IN_CLOSE) < 0 ||
                b->lock_watch)
                return;
        if (sd_event_add_io(b->event, &b->lock_watch, b->inotify_fd, EPOLLIN, lock_used, b) < 0)
                b->lock_watch = NULL;
}

void ipt_watch_update(IptBackend *b)
{
        if (!b->event || b->inotify_fd < 0)
                return;
        if (!b->wanted[0]) {
                b->base.peace = PEACE_KEPT;
                b->timer = sd_event_source_unref(b->timer);
                b->later = sd_event_source_unref(b->later);
                b->lock_watch = sd_event_source_unref(b->lock_watch);
                return;
        }
        watch_lock(b);
        if (!b->timer && sd_event_add_time_relative(b->event, &b->timer, CLOCK_MONOTONIC, LOOK_USEC,
                                 0, look_in_time, b) < 0)
                b->timer = NULL;
}
