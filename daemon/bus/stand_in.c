/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns nothing but the questions that are under way, which hold a reference to their calls.
 */

#include "daemon/bus/stand_in.h"

#include "rules/base/util.h"

#define SYSTEMD "org.freedesktop.systemd1"
#define SYSTEMD_PATH "/org/freedesktop/systemd1"
#define SYSTEMD_MANAGER SYSTEMD ".Manager"
/* Less than p25ctl waits. */
#define ANSWER_USEC (USEC_PER_SEC / 2)

#define _cleanup_message_ _cleanup_(sd_bus_message_unrefp)

/* D-Bus specification, "org.freedesktop.DBus.Hello": a connection has one peer, so any unique name
 * will do. */
static int on_hello(sd_bus_message *m, _unused_ void *data, _unused_ sd_bus_error *error)
{
        return sd_bus_reply_method_return(m, "s", ":1.1");
}

static int on_state(sd_bus_message *m, void *data, _unused_ sd_bus_error *unused)
{
        sd_bus_message *call = data;
        const sd_bus_error *error = sd_bus_message_get_error(m);
        const char *state;

        if (error)
                (void)sd_bus_reply_method_error(call, error);
        else if (sd_bus_message_read_basic(m, 's', &state) > 0)
                (void)sd_bus_reply_method_return(call, "s", state);
        return 0;
}

static void call_unref(void *data)
{
        sd_bus_message_unref(data);
}

/* Of p25d's own unit. */
static int on_state_asked(sd_bus_message *m, void *data, sd_bus_error *error)
{
        _cleanup_message_ sd_bus_message *question = NULL;
        sd_bus *system = *(sd_bus *const *)data;
        sd_bus_slot *slot;
        const char *unit;
        int r;

        r = sd_bus_message_read_basic(m, 's', &unit);
        if (r < 0)
                return r;
        if (!streq(unit, "p25d.service"))
                return sd_bus_error_set(error, SD_BUS_ERROR_INVALID_ARGS, "p25d.service only");
        if (!system || sd_bus_is_ready(system) <= 0)
                return sd_bus_error_set(error, SD_BUS_ERROR_NO_SERVER, "there is no bus");
        r = sd_bus_message_new_method_call(
                system, &question, SYSTEMD, SYSTEMD_PATH, SYSTEMD_MANAGER, "GetUnitFileState");
        if (r < 0 || (r = sd_bus_message_set_auto_start(question, false)) < 0 ||
                (r = sd_bus_message_append_basic(question, 's', unit)) < 0 ||
                (r = sd_bus_call_async(system, &slot, question, on_state, m, ANSWER_USEC)) < 0)
                return r;
        sd_bus_message_ref(m);
        (void)sd_bus_slot_set_destroy_callback(slot, call_unref);
        (void)sd_bus_slot_set_floating(slot, 1);
        sd_bus_slot_unref(slot);
        return 1;
}

static const sd_bus_vtable vtable_of_bus[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("Hello", NULL, "s", on_hello, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

static const sd_bus_vtable vtable_of_systemd[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("GetUnitFileState", "s", "s", on_state_asked, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

int stand_in_add(sd_bus *peer, sd_bus *const *system)
{
        int r = sd_bus_add_object_vtable(
                peer, NULL, "/org/freedesktop/DBus", "org.freedesktop.DBus", vtable_of_bus, NULL);

        return r < 0 ? r
                     : sd_bus_add_object_vtable(peer, NULL, SYSTEMD_PATH, SYSTEMD_MANAGER,
                               vtable_of_systemd, (void *)system);
}
