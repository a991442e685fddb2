/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/bus/alert.h"

#include "daemon/bus/dict.h"
#include "daemon/bus/internal.h"

#include <stdio.h>
#include <syslog.h>

#define _cleanup_message_ _cleanup_(sd_bus_message_unrefp)

static int signal_append(sd_bus_message *m, const BusAlert *a)
{
        int r;

        if ((r = sd_bus_message_open_container(m, 'a', "{sv}")) < 0 ||
                (r = bus_append_entry(m, "name", "s", a->name)) < 0 ||
                (r = bus_append_entry(m, "user", "s", a->user)) < 0 ||
                (r = bus_append_entry(m, "uid", "u", a->uid)) < 0 ||
                (r = bus_append_entry(m, "unit", "s", a->unit)) < 0 ||
                (r = bus_append_entry(m, "count", "t", a->count)) < 0 ||
                (r = bus_append_entry(m, "limit", "s", a->limit)) < 0 ||
                (r = bus_append_entry(m, "text", "s", a->text)) < 0)
                return r;
        return sd_bus_message_close_container(m);
}

/* Most hosts have no such unit, and some no service manager on the bus. */
static int on_started(sd_bus_message *m, void *data, _unused_ sd_bus_error *ret_error)
{
        const sd_bus_error *e = sd_bus_message_get_error(m);
        Bus *b = data;
        char text[256];

        if (!e || sd_bus_error_has_name(e, "org.freedesktop.systemd1.NoSuchUnit") ||
                sd_bus_error_has_name(e, SD_BUS_ERROR_SERVICE_UNKNOWN) ||
                sd_bus_error_has_name(e, SD_BUS_ERROR_NAME_HAS_NO_OWNER))
                return 0;
        (void)snprintf(text, sizeof(text), "the unit of an alert cannot be started: %s",
                e->message ?: e->name);
        if (b->notice)
                b->notice(b->notice_data, LOG_WARNING, text);
        return 0;
}

static void unit_start(Bus *b, const char *name)
{
        _cleanup_message_ sd_bus_message *m = NULL;
        char unit[64];

        (void)snprintf(unit, sizeof(unit), "p25-alert@%s.service", name);
        if (sd_bus_message_new_method_call(b->bus, &m, "org.freedesktop.systemd1",
                    "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager",
                    "StartUnit") >= 0 &&
                sd_bus_message_set_auto_start(m, false) >= 0 &&
                sd_bus_message_append(m, "ss", unit, "replace") >= 0)
                (void)sd_bus_call_async(b->bus, NULL, m, on_started, b, 0);
}

void bus_alert(Bus *b, const BusAlert *alert)
{
        _cleanup_message_ sd_bus_message *m = NULL;

        if (!b->ready)
                return;
        if (sd_bus_message_new_signal(b->bus, &m, BUS_PATH, BUS_INTERFACE, "Alert") >= 0 &&
                signal_append(m, alert) >= 0)
                (void)sd_bus_send(b->bus, m, NULL);
        unit_start(b, alert->name);
}
