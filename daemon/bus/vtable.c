/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the interface: its members and their types for the bus, and the one way in of all methods.
 */

#include "daemon/bus/vtable.h"

#include "daemon/bus/call.h"
#include "daemon/bus/error.h"
#include "daemon/bus/methods.h"
#include "daemon/bus/properties.h"

#include <errno.h>

#define ROW(name_, handler, privilege_, turn_, arguments, results) \
        { .name = (name_),                                         \
                .privilege = PRIVILEGE_##privilege_,               \
                .turn = BUS_##turn_,                               \
                .handle = (handler) },

const BusMethod bus_methods[] = { BUS_METHODS(ROW){ 0 } };

#undef ROW

const BusMethod *bus_method_find(sd_bus_message *m)
{
        const char *interface = sd_bus_message_get_interface(m),
                   *member = sd_bus_message_get_member(m);
        const BusMethod *method = bus_methods;

        if (interface && !streq(interface, BUS_INTERFACE))
                return NULL;
        while (method->name && !streq(method->name, member))
                method++;
        return method->name ? method : NULL;
}

/* The entry of every method. It is open to every caller here, so that the bus library does not
 * decide by its own view of credentials. */
static int on_method(sd_bus_message *m, void *data, sd_bus_error *error)
{
        const BusMethod *method = bus_method_find(m);
        Bus *b = data;
        int r;

        if (!method)
                return sd_bus_error_set(error, SD_BUS_ERROR_UNKNOWN_METHOD, "no such method");
        r = bus_call_begin(b, m, method, error);
        r = bus_error_complete(r, error);
        /* who calls may not be known yet */
        if (r < 0 && sd_bus_message_get_bus(m) == b->bus) {
                bus_outbox_refuse(&b->outbox, m, error);
                sd_bus_error_free(error);
                return 1;
        }
        return r < 0 ? r : 1;
}

#define ROW(name, handler, privilege, turn, arguments, results)                                \
        SD_BUS_METHOD_WITH_ARGS(name, SD_BUS_ARGS arguments, SD_BUS_RESULT results, on_method, \
                SD_BUS_VTABLE_UNPRIVILEGED),
#define PROPERTY(name, signature) \
        SD_BUS_PROPERTY(name, signature, bus_property_get, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE)

const sd_bus_vtable bus_vtable[] = {
        SD_BUS_VTABLE_START(0),

        BUS_METHODS(ROW)

                PROPERTY("Version", "s"),
        PROPERTY("Active", "b"),
        PROPERTY("Backend", "s"),
        PROPERTY("Roles", "as"),
        PROPERTY("Revision", "t"),
        PROPERTY("Lockdown", "b"),
        PROPERTY("Logging", "s"),
        PROPERTY("PendingRevision", "t"),
        PROPERTY("PendingDeadline", "t"),
        PROPERTY("Repairs", "t"),

        SD_BUS_SIGNAL_WITH_ARGS(
                "Changed", SD_BUS_ARGS("t", revision, "u", uid, "s", reason, "a{sv}", details), 0),
        SD_BUS_SIGNAL_WITH_ARGS("Repaired", SD_BUS_ARGS("t", count, "u", pid, "s", process), 0),
        SD_BUS_SIGNAL_WITH_ARGS("Blocked", SD_BUS_ARGS("a{sv}", event), 0),
        SD_BUS_SIGNAL_WITH_ARGS("Alert", SD_BUS_ARGS("a{sv}", alert), 0),

        SD_BUS_VTABLE_END,
};

bool bus_method_accepts(sd_bus_message *m)
{
        const char *member = sd_bus_message_get_member(m);

        for (const sd_bus_vtable *row = bus_vtable; row->type != _SD_BUS_VTABLE_END; row++)
                if (row->type == _SD_BUS_VTABLE_METHOD && streq(row->x.method.member, member))
                        return sd_bus_message_has_signature(m, row->x.method.signature) > 0;
        return false;
}
