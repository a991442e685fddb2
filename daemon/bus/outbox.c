/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the errors that wait for the bus. Does not depend on calls. How many there are is bounded
 * where calls are accepted: bus_backlog_is_over() counts each call, whether answered or not.
 */

#include "daemon/bus/outbox.h"

#include "daemon/loop/timer.h"
#include "rules/base/util.h"

#include <stdlib.h>
#include <sys/ioctl.h>

#include <linux/sockios.h>

/* As the kernel counts: some 800 bytes for a short message. The bus reads about ten in its turn. */
#define BEHIND_BYTES (8 << 10)
#define LOOK_AGAIN_USEC 5000

typedef struct Kept Kept;
struct Kept {
        Kept *next;
        sd_bus_message *reply;
};

/* unix(7): SIOCOUTQ, the bytes that the peer has not read */
static bool is_unread(sd_bus *bus)
{
        uint64_t queued = 0;
        int fd = sd_bus_get_fd(bus), bytes = 0;

        return (sd_bus_get_n_queued_write(bus, &queued) >= 0 && queued > 0) ||
               (fd >= 0 && ioctl(fd, SIOCOUTQ, &bytes) >= 0 && bytes > BEHIND_BYTES);
}

static Kept *kept_take(BusOutbox *o)
{
        Kept *k = o->first;

        o->first = k->next;
        if (!o->first)
                o->end = &o->first;
        return k;
}

static Kept *kept_free(Kept *k)
{
        sd_bus_message_unref(k->reply);
        free(k);
        return NULL;
}

static int on_timer(_unused_ sd_event_source *s, _unused_ uint64_t usec, void *data)
{
        BusOutbox *o = data;

        if (!bus_outbox_is_behind(o))
                o->freed(o->data);
        while (o->first && !bus_outbox_is_behind(o)) {
                Kept *k = kept_take(o);

                (void)sd_bus_send(o->bus, k->reply, NULL);
                kept_free(k);
        }
        return 0;
}

bool bus_outbox_is_behind(BusOutbox *o)
{
        static const TimerKind kind = { CLOCK_MONOTONIC, LOOK_AGAIN_USEC / 10, on_timer };
        int armed = SD_EVENT_OFF;

        if (!o->bus || !is_unread(o->bus))
                return false;
        if (!o->timer || sd_event_source_get_enabled(o->timer, &armed) <= 0)
                (void)timer_arm(o->event, &o->timer, &kind, LOOK_AGAIN_USEC, o);
        return true;
}

void bus_outbox_refuse(BusOutbox *o, sd_bus_message *m, const sd_bus_error *error)
{
        Kept *k;

        if (!o->first && !bus_outbox_is_behind(o)) {
                (void)sd_bus_reply_method_error(m, error);
                return;
        }
        k = calloc(1, sizeof(*k));
        if (!k)
                return;
        if (sd_bus_message_new_method_error(m, &k->reply, error) < 0) {
                kept_free(k);
                return;
        }
        *o->end = k;
        o->end = &k->next;
}

void bus_outbox_begin(BusOutbox *o, sd_bus *bus)
{
        o->bus = bus;
        o->end = &o->first;
}

void bus_outbox_end(BusOutbox *o)
{
        while (o->first)
                kept_free(kept_take(o));
        o->timer = sd_event_source_disable_unref(o->timer);
        o->bus = NULL;
}
