/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns what all changes have in common: the options that they read last, and their reply.
 */

#include "daemon/bus/answer.h"

#include "daemon/bus/rule.h"

#include <errno.h>
#include <stdio.h>

int bus_name_check(const char *what, const char *name, sd_bus_error *error)
{
        char shown[TEXT_SHOWN_MAX];

        if (name_is_valid(name))
                return 0;
        return sd_bus_error_setf(error, BUS_ERROR_INVALID_ARGS,
                "\"%s\" is no name of a %s ([A-Za-z0-9._-]{1,%d})", text_show(name, shown), what,
                NAME_MAX_LENGTH);
}

/* The options are the last argument; the caller is the bus's word. */
int bus_change_read(BusCall *c, bool with_position, Change *ret, sd_bus_error *error)
{
        int r;

        r = bus_options_read(c->message, with_position, ret, error);
        if (r < 0)
                return r;
        ret->uid = c->caller.uid;
        ret->pid = c->caller.pid;
        ret->process = c->caller.process;
        ret->connection = c->connection;
        if (!ret->dry_run)
                caller_place("/proc", c->caller.pid, &c->place);
        ret->unit = c->place.unit;
        ret->remote = c->place.remote;
        return 0;
}

/* As many lines as a message takes; a change of a hundred thousand rules has more. */
static int lines_append(sd_bus_message *m, char *const *diff)
{
        size_t size = 0, n = strv_length(diff), i = 0;
        char rest[64];
        int r = 0;

        for (; r >= 0 && i < n && (size += strlen(diff[i]) + 8) <= BUS_REPLY_MAX; i++)
                r = sd_bus_message_append_basic(m, 's', diff[i]);
        if (r >= 0 && i < n) {
                snprintf(rest, sizeof(rest), "and %zu more", n - i);
                r = sd_bus_message_append_basic(m, 's', rest);
        }
        return r;
}

int bus_append_diff(sd_bus_message *m, const ChangeResult *change)
{
        int r = sd_bus_message_open_container(m, 'a', "s");

        if (r >= 0)
                r = lines_append(m, change->diff);
        if (r >= 0)
                r = lines_append(m, change->effects);
        for (char **w = change->warnings; r >= 0 && w && *w; w++) {
                _cleanup_buffer_ Buffer line = { 0 };

                buffer_printf(&line, BUS_WARNING "%s", *w);
                r = line.failed ? -ENOMEM : sd_bus_message_append_basic(m, 's', line.data);
        }
        return r < 0 ? r : sd_bus_message_close_container(m);
}

/* The reply to what the manager returned. */
int bus_change_reply(BusCall *c, int result, const ChangeResult *change, sd_bus_error *error)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r;

        if (result < 0 && change->locked_out && !c->last)
                return -EBUSY;
        if (result < 0 && change->locked_out)
                return sd_bus_error_setf(error, BUS_ERROR_BACKEND_FAILED,
                        "%s; given up after %d seconds", change->message ?: "the lock is held",
                        MANAGER_WAIT_SECONDS);
        if (result < 0) {
                ErrorKind kind = change->error == ERROR_NONE ? ERROR_FAILED : change->error;

                return sd_bus_error_set(error, error_kind_to_bus_name(kind),
                        change->message ?: "the change failed");
        }
        if ((r = sd_bus_message_new_method_return(c->message, &reply)) < 0 ||
                (r = sd_bus_message_append(reply, "bt", (int)change->changed, change->revision)) <
                        0 ||
                (r = bus_append_diff(reply, change)) < 0 ||
                (r = sd_bus_send(NULL, reply, NULL)) < 0)
                return r;
        return 0;
}
