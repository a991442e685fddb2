/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the methods that change sets. The entries of ReplaceSet come through a descriptor
 * (upload.c).
 */

#include "daemon/bus/answer.h"
#include "daemon/bus/call.h"
#include "daemon/bus/dict.h"
#include "daemon/bus/methods.h"
#include "daemon/loop/clock.h"
#include "daemon/loop/timer.h"
#include "rules/address/prefixset.h"

#include <errno.h>
#include <time.h>

#define PIPE_PAUSE_USEC UINT64_C(50000)
#define UPLOAD_BYTES_MAX (128u << 20) /* 64 bytes for each entry of the largest set */

#define _cleanup_result_ _cleanup_(change_result_deinit)

int bus_update_set(BusCall *c, sd_bus_error *error)
{
        _cleanup_result_ ChangeResult result = { 0 };
        _cleanup_free_ char **add = NULL, **remove = NULL;
        const char *name;
        size_t n_add, n_remove;
        Change change;
        int r;

        if ((r = sd_bus_message_read(c->message, "s", &name)) < 0 ||
                (r = bus_name_check("set", name, error)) < 0 ||
                (r = bus_strings_read(
                         c->message, PREFIX_SET_MAX, "entries to add", &add, &n_add, error)) < 0 ||
                (r = bus_strings_read(c->message, PREFIX_SET_MAX, "entries to remove", &remove,
                         &n_remove, error)) < 0 ||
                (r = bus_change_read(c, BUS_OPTION_TIMEOUT, &change, error)) < 0)
                return r;
        r = manager_update_set(c->bus->manager, name, add, remove, &change, &result);
        return bus_change_reply(c, r, &result, error);
}

int bus_drop_set(BusCall *c, sd_bus_error *error)
{
        _cleanup_result_ ChangeResult result = { 0 };
        const char *name;
        Change change;
        int r;

        if ((r = sd_bus_message_read(c->message, "s", &name)) < 0 ||
                (r = bus_name_check("set", name, error)) < 0 ||
                (r = bus_change_read(c, BUS_OPTION_NONE, &change, error)) < 0)
                return r;
        r = manager_drop_set(c->bus->manager, name, &change, &result);
        return bus_change_reply(c, r, &result, error);
}

static int set_replace(BusCall *c, sd_bus_error *error)
{
        _cleanup_result_ ChangeResult result = { 0 };
        int r;

        r = manager_replace_set(
                c->bus->manager, c->set, c->text, c->text_length, &c->change, &result);
        return bus_change_reply(c, r, &result, error);
}

static void on_still_there(void *data, int r, _unused_ const Caller *caller)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        BusCall *c = data;

        if (r >= 0)
                bus_call_run(c, set_replace);
        else
                bus_call_finish(c, r, &error);
}

static int on_pause_over(_unused_ sd_event_source *s, _unused_ uint64_t usec, void *data)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        BusCall *c = data;
        sd_bus *bus = sd_bus_message_get_bus(c->message);
        Caller caller;
        int r;

        if (bus_direct_find(&c->bus->direct, bus, &caller)) {
                on_still_there(c, sd_bus_is_open(bus) > 0 ? 0 : -ENXIO, &caller);
                return 0;
        }
        r = auth_query(&c->bus->auth, &c->auth, c->message,
                &(AuthQuestion){ PRIVILEGE_PRESENT, NULL, on_still_there }, c);
        if (r < 0)
                bus_call_finish(c, r, &error);
        return 0;
}

static int upload_error(int r, sd_bus_error *error)
{
        switch (r) {
        case -EFBIG:
                return sd_bus_error_setf(error, BUS_ERROR_LIMIT_EXCEEDED,
                        "the text of a set is at most %u MiB", UPLOAD_BYTES_MAX >> 20);
        case -ETIMEDOUT:
                return sd_bus_error_set(
                        error, BUS_ERROR_LIMIT_EXCEEDED, "the descriptor does not come to its end");
        case -ENOMEM:
                return r;
        default:
                return sd_bus_error_setf(error, BUS_ERROR_INVALID_ARGS,
                        "the descriptor cannot be read: %s", strerror(-r));
        }
}

static const TimerKind pause_timer = { CLOCK_MONOTONIC, 1000, on_pause_over };

/*
 * A pipe ends also when its writer is killed in the midst of a list; half a list must not become
 * the set. A writer that died has left the bus too, or leaves it at this moment: the bus is asked
 * again after a pause.
 */
static void on_uploaded(void *data, int r, char *text, size_t n)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        BusCall *c = data;

        c->text = text;
        c->text_length = n;
        if (r < 0)
                r = upload_error(r, &error);
        else if (bus_upload_is_pipe(c->upload))
                r = timer_arm(c->bus->event, &c->pause, &pause_timer, PIPE_PAUSE_USEC, c);
        else
                bus_call_run(c, set_replace);
        if (r < 0)
                bus_call_finish(c, r, &error);
}

/* The number of this user's uploads, and the oldest of them. */
static unsigned count_uploads(const Bus *b, uint32_t uid, BusCall **ret_oldest)
{
        unsigned n = 0;

        *ret_oldest = NULL;
        for (BusCall *c = b->calls; c; c = c->next) {
                if (!c->upload || c->caller.uid != uid)
                        continue;
                if (!*ret_oldest || c->upload_usec < (*ret_oldest)->upload_usec)
                        *ret_oldest = c;
                n++;
        }
        return n;
}

/* Descriptors that never come to their end must not keep out a new one: the one that has been read
 * for longest gives its place up, if it had its time. */
static int make_room(const BusCall *c, uint64_t now_usec, sd_bus_error *error)
{
        _cleanup_(sd_bus_error_free) sd_bus_error late = SD_BUS_ERROR_NULL;
        BusCall *oldest;

        if (count_uploads(c->bus, c->caller.uid, &oldest) < BUS_UPLOADS_MAX)
                return 0;
        if (now_usec - oldest->upload_usec < c->bus->upload_timeout_usec)
                return sd_bus_error_setf(error, BUS_ERROR_LIMIT_EXCEEDED,
                        "%d sets of this user are being read already", BUS_UPLOADS_MAX);
        bus_call_finish(oldest, upload_error(-ETIMEDOUT, &late), &late);
        return 0;
}

int bus_replace_set(BusCall *c, sd_bus_error *error)
{
        BusUploadLimits limits = { UPLOAD_BYTES_MAX, c->bus->upload_timeout_usec };
        int fd, r;

        if ((r = sd_bus_message_read(c->message, "sh", &c->set, &fd)) < 0 ||
                (r = bus_name_check("set", c->set, error)) < 0 ||
                (r = bus_change_read(c, BUS_OPTION_NONE, &c->change, error)) < 0)
                return r;
        c->upload_usec = clock_now_usec(CLOCK_MONOTONIC);
        r = make_room(c, c->upload_usec, error);
        if (r < 0)
                return r;
        r = bus_upload_new(c->bus->event, fd, &limits, on_uploaded, c, &c->upload);
        if (r == -EINVAL)
                return sd_bus_error_set(error, BUS_ERROR_INVALID_ARGS,
                        "the descriptor is neither a file nor a pipe that can be read");
        if (r < 0)
                return r;
        return 1;
}
