/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Legacy iptables reports no change: the tables are read every four seconds, and at once after
 * another program has let go of the lock of iptables. Changes of the host's own addresses and
 * local routes come as events.
 */

#include "daemon/iptables/monitor.h"

#include "daemon/iptables/image.h"
#include "daemon/iptables/lock_holder.h"
#include "daemon/loop/clock.h"
#include "daemon/loop/timer.h"

#include <errno.h>
#include <sys/inotify.h>
#include <unistd.h>

/* A change is found within five seconds. */
#define LOOK_USEC (4 * USEC_PER_SEC)

/* ---- looking ---- */

static RepairNeed family_look(IptBackend *b, size_t f)
{
        _cleanup_image_ IptImage image = { 0 };

        if (ipt_kernel_read(&b->kernels[f], &image) < 0 || ipt_image_hash(&image) != b->hashes[f])
                return REPAIR_DAMAGE;
        return ipt_image_is_overtaken(&image) ? REPAIR_OVERTAKEN : REPAIR_NONE;
}

RepairNeed ipt_monitor_look(void *data)
{
        IptBackend *b = data;
        RepairNeed need = b->intact || !b->wanted[0] ? REPAIR_NONE : REPAIR_OVERTAKEN;

        for (size_t f = 0; f < IPT_FAMILIES; f++) {
                RepairNeed found = b->wanted[f] ? family_look(b, f) : REPAIR_NONE;

                need = found > need ? found : need;
        }
        return ipt_sets_check(&b->sets, true) ? REPAIR_DAMAGE : need;
}

/* A translated connection to an address that is new here is incoming from now on. */
static void addresses_look(IptBackend *b)
{
        bool used = false;

        if (ipt_locals_read(&b->locals) <= 0)
                return;
        for (size_t f = 0; f < IPT_FAMILIES; f++)
                used = used || b->wanted[f] != NULL;
        if (!used)
                return;
        b->intact = false;
        repairer_found(&b->repairer, REPAIR_OVERTAKEN);
}

static void watch_lock(IptBackend *b);
static int look_in_time(sd_event_source *s, uint64_t usec, void *data);

static const TimerKind look_timer = { CLOCK_MONOTONIC, 0, look_in_time };

static void look_again(IptBackend *b)
{
        (void)timer_arm(b->event, &b->timer, &look_timer, LOOK_USEC, b);
}

static int look_in_time(sd_event_source *s, uint64_t usec, void *data)
{
        IptBackend *b = data;

        (void)s;
        (void)usec;
        addresses_look(b);
        repairer_look(&b->repairer);
        if (!b->lock_watch)
                watch_lock(b);
        look_again(b);
        return 0;
}

/* The holder of the lock is remembered until it has let go. */
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
                repairer_blame(&b->repairer, holder.pid, holder.name);
        if (seen & IN_CLOSE)
                repairer_look(&b->repairer);
        if (seen & IN_CLOSE && b->repairer.need == REPAIR_NONE)
                repairer_blame(&b->repairer, 0, NULL);
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

int ipt_monitor_start(IptBackend *b)
{
        b->inotify_fd = -1;
        if (!b->event)
                return 0;
        return sd_event_add_io(
                b->event, &b->locals_watch, b->locals.monitor.fd, EPOLLIN, addresses_changed, b);
}

void ipt_monitor_stop(IptBackend *b)
{
        b->timer = sd_event_source_unref(b->timer);
        b->lock_watch = sd_event_source_unref(b->lock_watch);
        b->locals_watch = sd_event_source_unref(b->locals_watch);
        if (b->inotify_fd >= 0)
                close(b->inotify_fd);
        b->inotify_fd = -1;
}

/* The lock's file is there once somebody has locked: we have. Without an instance of inotify, of
 * which a user has a limited number, only the looks in time find changes, and each tries again. */
static void watch_lock(IptBackend *b)
{
        if (b->inotify_fd < 0)
                b->inotify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
        if (b->inotify_fd < 0 ||
                inotify_add_watch(b->inotify_fd, ipt_lock_path(), IN_OPEN | IN_CLOSE) < 0 ||
                b->lock_watch)
                return;
        if (sd_event_add_io(b->event, &b->lock_watch, b->inotify_fd, EPOLLIN, lock_used, b) < 0)
                b->lock_watch = NULL;
}

void ipt_monitor_update(IptBackend *b)
{
        if (!b->event)
                return;
        if (!b->wanted[0]) {
                repairer_rest(&b->repairer);
                b->timer = sd_event_source_unref(b->timer);
                b->lock_watch = sd_event_source_unref(b->lock_watch);
                return;
        }
        watch_lock(b);
        if (!b->timer)
                look_again(b);
}
