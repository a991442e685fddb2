/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/bus/error.h"

#include "daemon/bus/internal.h"
#include "rules/base/text.h"

#include <errno.h>

/* One line that a terminal can show, for any text of a client in the message. */
static void error_make_printable(sd_bus_error *error)
{
        _cleanup_(sd_bus_error_free) sd_bus_error printable = SD_BUS_ERROR_NULL;
        _cleanup_free_ char *message = NULL;

        if (!error->message || text_is_printable(error->message))
                return;
        message = strdup(error->message);
        if (message)
                text_make_printable(message);
        sd_bus_error_set(&printable, error->name, message);
        sd_bus_error_free(error);
        sd_bus_error_move(error, &printable);
}

int bus_error_complete(int r, sd_bus_error *error)
{
        if (r >= 0)
                return r;
        if (sd_bus_error_is_set(error)) {
                error_make_printable(error);
                return r;
        }
        switch (r) {
        case -EACCES:
                return auth_error(r, error);
        case -EBADMSG: /* how the bus library says that the types are others */
        case -ENXIO:
                return sd_bus_error_set(error, BUS_ERROR_INVALID_ARGS,
                        "the arguments are not of the types of the method");
        default:
                return sd_bus_error_set_errno(error, r);
        }
}
