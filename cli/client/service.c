/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "cli/client/service.h"

#include "daemon/loop/clock.h"
#include "rules/base/util.h"

#include <errno.h>
#include <time.h>

#define SYSTEMD "org.freedesktop.systemd1"
/* Others may flood the bus, and what is not known is left out. */
#define ANSWER_USEC (2 * USEC_PER_SEC)

/* The states of systemctl is-enabled in which the unit starts. A static unit is started by others,
 * so its start is not known. */
static ServiceStart start_from_state(const char *state)
{
        static const char *const starts[] = { "enabled", "enabled-runtime", "alias", "generated" };
        static const char *const never[] = { "disabled", "masked", "masked-runtime", "linked",
                "linked-runtime" };

        for (size_t i = 0; i < ELEMENTS(starts); i++)
                if (streq(state, starts[i]))
                        return SERVICE_STARTS;
        for (size_t i = 0; i < ELEMENTS(never); i++)
                if (streq(state, never[i]))
                        return SERVICE_DISABLED;
        return SERVICE_UNKNOWN;
}

/* systemd says this when it finds no file of the unit. */
static bool is_missing(const sd_bus_error *error)
{
        return sd_bus_error_has_name(error, SD_BUS_ERROR_FILE_NOT_FOUND) ||
               sd_bus_error_has_name(error, SYSTEMD ".NoSuchUnit");
}

/* sd_bus_call(3) waits for a bus without the deadline of the call. */
static int open_within(uint64_t end_usec, sd_bus **ret)
{
        _cleanup_(sd_bus_close_unrefp) sd_bus *bus = NULL;
        int r = sd_bus_open_system(&bus);

        while (r >= 0 && (r = sd_bus_is_ready(bus)) == 0) {
                uint64_t now_usec = clock_now_usec(CLOCK_MONOTONIC);

                if (now_usec >= end_usec)
                        return -ETIMEDOUT;
                r = sd_bus_process(bus, NULL);
                if (r == 0)
                        r = sd_bus_wait(bus, end_usec - now_usec);
        }
        if (r < 0)
                return r;
        *ret = TAKE_PTR(bus);
        return 0;
}

ServiceStart service_ask_start(Cli *c)
{
        uint64_t end_usec = clock_now_usec(CLOCK_MONOTONIC) + ANSWER_USEC;
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(sd_bus_close_unrefp) sd_bus *system = NULL;
        const char *state;

        if (!c->bus || (!c->host && open_within(end_usec, &system) < 0))
                return SERVICE_UNKNOWN;
        if (system)
                sd_bus_set_method_call_timeout(system, ANSWER_USEC);
        if (sd_bus_call_method(system ?: c->bus, SYSTEMD, "/org/freedesktop/systemd1",
                    SYSTEMD ".Manager", "GetUnitFileState", &error, &reply, "s",
                    "p25d.service") < 0)
                return is_missing(&error) ? SERVICE_MISSING : SERVICE_UNKNOWN;
        return sd_bus_message_read_basic(reply, 's', &state) < 0 ? SERVICE_UNKNOWN
                                                                 : start_from_state(state);
}
