/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the methods that change one set. The entries of ReplaceSet come through a descriptor
 * (receive.c).
 */

#include "daemon/bus/answer.h"
#include "daemon/bus/call.h"
#include "daemon/bus/dict.h"
#include "daemon/bus/methods.h"
#include "daemon/bus/receive.h"
#include "daemon/loop/timer.h"
#include "rules/address/prefixset.h"

#include <errno.h>
#include <time.h>

#define PIPE_PAUSE_USEC UINT64_C(50000)

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
                r = bus_receive_error(r, &error);
        else if (bus_upload_is_pipe(c->upload))
                r = timer_arm(c->bus->event, &c->pause, &pause_timer, PIPE_PAUSE_USEC, c);
        else
                bus_call_run(c, set_replace);
        if (r < 0)
                bus_call_finish(c, r, &error);
}

int bus_replace_set(BusCall *c, sd_bus_error *error)
{
        int fd, r;

        if ((r = sd_bus_message_read(c->message, "sh", &c->set, &fd)) < 0 ||
                (r = bus_name_check("set", c->set, error)) < 0 ||
                (r = bus_change_read(c, BUS_OPTION_NONE, &c->change, error)) < 0)
                return r;
        return bus_receive(c, fd, RECEIVE_BYTES_MAX, on_uploaded, error);
}
