/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/service.h"

#include "rules/base/util.h"

#include <errno.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-login.h>

#define ANSWER_USEC UINT64_C(500000)
#define SYSTEMD "org.freedesktop.systemd1"

static void bus_unref_p(sd_bus **bus)
{
        sd_bus_flush_close_unref(*bus);
}

static void message_unref_p(sd_bus_message **m)
{
        sd_bus_message_unref(*m);
}

/* "restart" of the job that this unit's stop is a part of; -ENOENT: it has none. */
static int job_type(sd_bus *bus, const char *unit, char **ret)
{
        _cleanup_(message_unref_p) sd_bus_message *answer = NULL;
        _cleanup_free_ char *path = NULL;
        const char *job;
        uint32_t id;
        int r = sd_bus_path_encode("/org/freedesktop/systemd1/unit", unit, &path);

        if (r >= 0)
                r = sd_bus_get_property(
                        bus, SYSTEMD, path, SYSTEMD ".Unit", "Job", NULL, &answer, "(uo)");
        if (r >= 0)
                r = sd_bus_message_read(answer, "(uo)", &id, &job);
        if (r < 0 || id == 0)
                return r < 0 ? r : -ENOENT;
        return sd_bus_get_property_string(bus, SYSTEMD, job, SYSTEMD ".Job", "JobType", NULL, ret);
}

bool service_is_restarted(void)
{
        _cleanup_(bus_unref_p) sd_bus *bus = NULL;
        _cleanup_free_ char *unit = NULL, *type = NULL;
        int r = sd_pid_get_unit(0, &unit);

        if (r >= 0)
                r = sd_bus_open_system(&bus);
        if (r >= 0)
                r = sd_bus_set_method_call_timeout(bus, ANSWER_USEC);
        if (r >= 0)
                r = job_type(bus, unit, &type);
        return r >= 0 && streq(type, "restart");
}
