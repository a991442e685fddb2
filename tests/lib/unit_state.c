/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * systemd on a test's bus, as far as p25ctl asks it: answers GetUnitFileState with its argument,
 * "missing" with the error for a unit without a file.
 */

#include "tests/lib/peer.h"

#include <string.h>

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
        return argc == 2 ? peer_run("org.freedesktop.systemd1", "/org/freedesktop/systemd1",
                                   on_message, argv[1])
                         : 1;
}
