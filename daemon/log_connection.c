/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/log_connection.h"

#include "daemon/events/event.h"
#include "daemon/host/unit_names.h"
#include "daemon/log.h"
#include "rules/address/family.h"
#include "rules/base/buffer.h"

#include <inttypes.h>
#include <stdio.h>

#define NUMBER_MAX 24

static const char *number(uint64_t n, char buffer[static NUMBER_MAX])
{
        (void)snprintf(buffer, NUMBER_MAX, "%" PRIu64, n);
        return buffer;
}

static void end_print(Buffer *b, const Address *a, uint16_t port)
{
        char text[ADDRESS_TEXT_MAX];

        if (a->family == FAMILY_IPV6)
                buffer_printf(b, "[%s]:%u", address_format(a, text), port);
        else
                buffer_printf(b, "%s:%u", a->family ? address_format(a, text) : "?", port);
}

/* "refused: out 192.0.2.1:40000 -> 198.51.100.7:25, user www-data, rule 7 (3 times)" */
static void message_print(Buffer *b, const Event *e, const char *user, uint64_t left_out)
{
        buffer_printf(b, "%s: %s ",
                e->audit              ? "would be refused, but is in audit"
                : event_is_refusal(e) ? "refused"
                                      : "let pass",
                direction_to_string(e->direction));
        end_print(b, &e->source, e->source_port);
        buffer_add_string(b, " -> ");
        end_print(b, &e->destination, e->destination_port);
        if (user)
                buffer_printf(b, ", user %s", user);
        else if (e->has_uid)
                buffer_printf(b, ", uid %" PRIu32, e->uid);
        if (e->unit)
                buffer_printf(b, ", unit %s", e->unit);
        if (e->pid > 0)
                buffer_printf(b, ", process %" PRIu32 " (%s)", e->pid,
                        e->texts[EVENT_COMMAND]   ?: e->texts[EVENT_PROCESS] ?: "?");
        if (e->rule > 0)
                buffer_printf(b, ", rule %" PRIu64, e->rule);
        else
                buffer_add_string(b, ", default");
        if (e->count > 1)
                buffer_printf(b, " (%" PRIu64 " times)", e->count);
        if (left_out > 0)
                buffer_printf(b, "; %" PRIu64 " more of this second: see p25ctl events", left_out);
}

void log_connection(const Event *e, const char *user, uint64_t left_out)
{
        char id[NUMBER_MAX], rule[NUMBER_MAX], uid[NUMBER_MAX], gid[NUMBER_MAX], count[NUMBER_MAX];
        char source[ADDRESS_TEXT_MAX], destination[ADDRESS_TEXT_MAX];
        char container[CONTAINER_NAME_MAX];
        char pid[NUMBER_MAX], source_port[NUMBER_MAX], destination_port[NUMBER_MAX],
                more[NUMBER_MAX];
        _cleanup_buffer_ Buffer message = { 0 };
        const LogField fields[] = {
                { "P25_EVENT", number(e->id, id) },
                { "P25_DIRECTION", direction_to_string(e->direction) },
                { "P25_ACTION", action_to_string(e->action) },
                { "P25_AUDIT", e->audit ? "1" : NULL },
                { "P25_SOURCE", e->source.family ? address_format(&e->source, source) : NULL },
                { "P25_SOURCE_PORT", number(e->source_port, source_port) },
                { "P25_DESTINATION", e->destination.family
                                             ? address_format(&e->destination, destination)
                                             : NULL },
                { "P25_DESTINATION_PORT", number(e->destination_port, destination_port) },
                { "P25_RULE", e->rule > 0 ? number(e->rule, rule) : "default" },
                { "P25_UID", e->has_uid ? number(e->uid, uid) : NULL },
                { "P25_USER", user },
                { "P25_GID", e->has_gid ? number(e->gid, gid) : NULL },
                { "P25_UNIT", e->unit },
                { "P25_CONTAINER", e->texts[EVENT_CONTAINER] || !e->unit
                                           ? e->texts[EVENT_CONTAINER]
                                           : unit_container(e->unit, container) },
                { "P25_IMAGE", e->texts[EVENT_IMAGE] },
                { "P25_PID", e->pid > 0 ? number(e->pid, pid) : NULL },
                { "P25_PROCESS", e->texts[EVENT_PROCESS] },
                { "P25_COMMAND", e->texts[EVENT_COMMAND] },
                { "P25_DIRECTORY", e->texts[EVENT_DIRECTORY] },
                { "P25_SCRIPT", e->texts[EVENT_SCRIPT] },
                { "P25_REQUEST", e->texts[EVENT_REQUEST] },
                { "P25_SITE", e->texts[EVENT_SITE] },
                { "P25_JOB", e->texts[EVENT_JOB] },
                { "P25_COUNT", number(e->count, count) },
                { "P25_LEFT_OUT", left_out > 0 ? number(left_out, more) : NULL },
        };

        message_print(&message, e, user, left_out);
        log_fields(LOG_CONNECTION, event_is_refusal(e) || e->audit ? LOG_NOTICE : LOG_INFO, fields,
                ELEMENTS(fields), "%s", message.failed ? "out of memory" : message.data);
}
