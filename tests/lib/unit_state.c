/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * systemd on a test's bus, as far as p25ctl asks it: answers GetUnitFileState with its argument,
 * "missing" with the error for a unit without a file. Prints "ready" when it has the name.
 */

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-bus.h>

static int on_message(sd_bus_message *m, void *state, sd_bus_error *error)
{
        if (sd_bus_message_is_method_call(
                    m, "org.freedesktop.systemd1.Manager", "GetUnitFileState") <= 0)
                return 0;
        if (strcmp(state, "missing") == 0)
                return sd_bus_error_set(error, SD_BUS_ERROR_FILE_NOT_FOUND, "No such file");
        return sd_bus_reply_method_return(m, "s", (const char *)state);
}

int main(int argc, char **argv)
{
        sd_bus *bus = NULL;
        int r = sd_bus_open_system(&bus);

        if (argc != 2)
                return 1;
        if (r >= 0)
                r = sd_bus_add_object(bus, NULL, "/org/freedesktop/systemd1", on_message, argv[1]);
        if (r >= 0)
                r = sd_bus_request_name(bus, "org.freedesktop.systemd1", 0);
        if (r < 0) {
                fprintf(stderr, "unit_state: %s\n", strerror(-r));
                return 1;
        }
        puts("ready");
        fflush(stdout);
        while (r >= 0) {
                r = sd_bus_process(bus, NULL);
                if (r == 0)
                        r = sd_bus_wait(bus, UINT64_MAX);
        }
        sd_bus_unref(bus);
        return 1;
}
