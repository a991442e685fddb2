/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/bus/reply.h"

#include <errno.h>

int bus_reply_new(BusCall *c, sd_bus_message **ret)
{
        if (c->answers)
                return sd_bus_message_new_signal(
                        c->answers, ret, BUS_PATH, BUS_WORKER_INTERFACE, "Answer");
        return sd_bus_message_new_method_return(c->message, ret);
}

int bus_reply_send(BusCall *c, sd_bus_message *reply)
{
        int r = c->answers ? sd_bus_send(c->answers, reply, NULL) : sd_bus_send(NULL, reply, NULL);

        return r < 0 ? r : 0;
}

int bus_reply_text(BusCall *c, const char *text, sd_bus_error *error)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r;

        if (strlen(text) > BUS_REPLY_MAX)
                return sd_bus_error_setf(error, BUS_ERROR_LIMIT_EXCEEDED,
                        "a text of %zu MiB is larger than a bus message can be",
                        strlen(text) >> 20);
        if ((r = bus_reply_new(c, &reply)) < 0 ||
                (r = sd_bus_message_append_basic(reply, 's', text)) < 0)
                return r;
        return bus_reply_send(c, reply);
}
