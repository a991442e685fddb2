/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tests/lib/peer.h"

#include <stdio.h>
#include <string.h>

int peer_run(const char *name, const char *path, sd_bus_message_handler_t on_message, void *data)
{
        sd_bus *bus = NULL;
        int r = sd_bus_open_system(&bus);

        if (r >= 0)
                r = sd_bus_add_object(bus, NULL, path, on_message, data);
        if (r >= 0)
                r = sd_bus_request_name(bus, name, 0);
        if (r < 0) {
                fprintf(stderr, "%s: %s\n", name, strerror(-r));
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
