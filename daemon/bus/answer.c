/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns what all changes share: the options, which they read last, and their reply.
 */

#include "daemon/bus/answer.h"

#include "daemon/bus/dict.h"
#include "daemon/bus/reply.h"
#include "daemon/bus/rule.h"
#include "rules/base/strv.h"
#include "rules/base/text.h"
#include "rules/policy/valid.h"

#include <errno.h>
#include <stdio.h>

int bus_name_check(const char *what, const char *name, sd_bus_error *error)
{
        char shown[TEXT_SHOWN_MAX];

        if (name_is_valid(name))
                return 0;
        return sd_bus_error_setf(error, BUS_ERROR_INVALID_ARGS,
                "\"%s\" is not a valid %s name ([A-Za-z0-9._-]{1,%d})", text_show(name, shown),
                what, NAME_MAX_LENGTH);
}

/* The options are the last argument; the caller is the bus's word. */
int bus_change_read(BusCall *c, BusOption more, Change *ret, sd_bus_error *error)
{
        int r;

        r = bus_options_read(c->message, more, ret, error);
        if (r < 0)
                return r;
        if (ret->confirm_seconds > 0 && !c->manages && c->caller.uid != 0 &&
                c->method->privilege > PRIVILEGE_MANAGE)
                return -ENOKEY;
        ret->uid = c->caller.uid;
        ret->pid = c->caller.pid;
        ret->process = c->caller.process;
        ret->connection = c->connection;
        if (!ret->dry_run)
                caller_place(c->caller.pid, &c->place);
        if (ret->process[0] == '\0')
                ret->process = c->place.process;
        ret->unit = c->place.unit;
        ret->remote = c->place.remote;
        return 0;
}

/* ---- what came of it ---- */

/* As many lines as fit into *left bytes: a change of a hundred thousand rules has more. */
static int lines_append(sd_bus_message *m, char *const *lines, size_t *left)
{
        size_t n = strv_length(lines), i = 0;
        char rest[64];
        int r = 0;

        for (; r >= 0 && i < n && strlen(lines[i]) + 8 <= *left; i++) {
                *left -= strlen(lines[i]) + 8;
                r = sd_bus_message_append_basic(m, 's', lines[i]);
        }
        if (r >= 0 && i < n) {
                snprintf(rest, sizeof(rest), "and %zu more", n - i);
                r = sd_bus_message_append_basic(m, 's', rest);
        }
        return r;
}

int bus_append_lines(sd_bus_message *m, const char *key, char *const *lines, size_t *left)
{
        int r;

        if ((r = sd_bus_message_open_container(m, 'e', "sv")) < 0 ||
                (r = sd_bus_message_append_basic(m, 's', key)) < 0 ||
                (r = sd_bus_message_open_container(m, 'v', "as")) < 0 ||
                (r = sd_bus_message_open_container(m, 'a', "s")) < 0 ||
                (r = lines_append(m, lines, left)) < 0 ||
                (r = sd_bus_message_close_container(m)) < 0 ||
                (r = sd_bus_message_close_container(m)) < 0)
                return r;
        return sd_bus_message_close_container(m);
}

/* Details that only some changes have. */
static int former_append(sd_bus_message *m, const ChangeResult *change)
{
        int r;

        if (change->former_expires_usec == 0)
                return 0;
        r = bus_append_entry(m, "former_expires", "t", change->former_expires_usec);
        return r < 0 ? r : bus_append_entry(m, "only_expires", "b", (int)change->only_expires);
}

static int entries_append(sd_bus_message *m, const ChangeResult *change)
{
        return change->counts_entries ? bus_append_entry(m, "entries", "t", change->entries) : 0;
}

int bus_append_details(sd_bus_message *m, const ChangeResult *change)
{
        const char *outcome = outcome_to_string(change->outcome);
        size_t left = BUS_REPLY_MAX;
        int r;

        if ((r = sd_bus_message_open_container(m, 'a', "{sv}")) < 0 ||
                (r = bus_append_entry(m, "outcome", "s", outcome)) < 0 ||
                (r = former_append(m, change)) < 0 || (r = entries_append(m, change)) < 0 ||
                /* warnings first: they are few, and must not fall behind a long difference */
                (r = bus_append_lines(m, "warnings", change->warnings, &left)) < 0 ||
                (change->unchanged &&
                        (r = bus_append_lines(m, "unchanged", change->unchanged, &left)) < 0) ||
                (r = bus_append_lines(m, "effects", change->effects, &left)) < 0 ||
                (change->replay &&
                        (r = bus_append_lines(m, "replay", change->replay, &left)) < 0) ||
                (r = bus_append_lines(m, "diff", change->diff, &left)) < 0)
                return r;
        return sd_bus_message_close_container(m);
}

static size_t lines_size(char *const *lines)
{
        size_t n = 0;

        for (; lines && *lines; lines++)
                n += strlen(*lines) + 8;
        return n;
}

int bus_result_send(BusCall *c, const ChangeResult *change)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r;

        c->reply_size = lines_size(change->warnings) + lines_size(change->unchanged) +
                        lines_size(change->effects) + lines_size(change->diff);
        if ((r = bus_reply_new(c, &reply)) < 0 ||
                (r = sd_bus_message_append(reply, "bt", (int)change->changed, change->revision)) <
                        0 ||
                (r = bus_append_details(reply, change)) < 0 || (r = bus_reply_send(c, reply)) < 0)
                return r;
        return 0;
}

int bus_result_fail(const ChangeResult *change, sd_bus_error *error)
{
        ErrorKind kind = change->error == ERROR_NONE ? ERROR_FAILED : change->error;

        return sd_bus_error_set(
                error, error_kind_to_bus_name(kind), change->message ?: "out of memory");
}

/* The reply to what the manager returned. */
int bus_change_reply(BusCall *c, int result, const ChangeResult *change, sd_bus_error *error)
{
        c->for_names = change->unanswered;
        if (result < 0 && change->locked_out && !c->last)
                return -EBUSY;
        if (result < 0 && change->locked_out && !change->unanswered)
                return sd_bus_error_setf(error, BUS_ERROR_BACKEND_FAILED,
                        "%s; given up after %d seconds", change->message ?: "the lock is held",
                        MANAGER_WAIT_SECONDS);
        return result < 0 ? bus_result_fail(change, error) : bus_result_send(c, change);
}
