/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns `audit` and `audit promote`: the connections that would be refused if the audit part were
 * enforced, and its enforcement.
 */

#include "cli/client/change.h"
#include "cli/client/client.h"
#include "cli/commands/commands.h"
#include "cli/console/moment.h"
#include "daemon/api/api.h"
#include "rules/base/buffer.h"
#include "rules/base/json.h"
#include "rules/base/strv.h"

#include <inttypes.h>

static void group_say(Cli *c, const Json *group)
{
        _cleanup_buffer_ Buffer who = { 0 }, to = { 0 };
        int64_t count = json_get_integer(group, "count");

        row_print_client(&who, group, "source");
        row_print_end(&to, json_get_string(group, "destination"), json_get_integer(group, "port"));
        if (who.failed || to.failed)
                (void)cli_fail(c, EXIT_FAILED, "out of memory");
        else
                cli_say(c, "%-6s  %-24s  %-21s  %" PRId64 " time%s",
                        json_get_string(group, "direction") ?: "-", who.data, to.data, count,
                        count == 1 ? "" : "s");
}

static int audit_say(Cli *c, const Json *document)
{
        const Json *groups = json_get(document, "groups");
        int64_t connections = json_get_integer(document, "connections");
        int64_t left_out = json_get_integer(document, "left_out");
        int64_t unknown = json_get_integer(document, "unknown");
        int64_t clients = json_get_integer(document, "proposals_left_out");
        const char *logging = json_get_string(document, "logging");
        _cleanup_strv_ char **audit = NULL, **proposals = NULL;
        _cleanup_buffer_ Buffer names = { 0 };
        uint64_t since = json_get_time(document, "since");
        char when[MOMENT_TEXT_MAX];

        if (json_get_strv(document, "audit", &audit) < 0 ||
                json_get_strv(document, "proposals", &proposals) < 0)
                return cli_fail(c, EXIT_FAILED, "p25d's answer is not a valid document");
        if (!audit) {
                cli_say(c, json_get_bool(document, "lockdown")
                                   ? "Nothing is in audit: lockdown is on and refuses everything."
                                   : "Nothing is in audit.");
                return 0;
        }
        STRV_FOREACH (name, audit)
                buffer_printf(&names, "%s%s", name == audit ? "" : ", ", *name);
        if (names.failed)
                return cli_fail(c, EXIT_FAILED, "out of memory");
        cli_say(c, "In audit: %s", names.data);
        if (logging && streq(logging, "off"))
                cli_say(c, "Logging is off: connections are counted only ('p25ctl logging low').");
        cli_say(c, "%" PRId64 " connection%s%s%s would have been refused.", connections,
                connections == 1 ? "" : "s", since > 0 ? " since " : "",
                since > 0 ? moment_format(since, MOMENT_SECONDS, when) : "");
        for (size_t i = 0; i < json_array_length(groups); i++)
                group_say(c, json_array_item(groups, i));
        if (left_out > 0)
                cli_say(c, "… and %" PRId64 " more groups", left_out);
        if (unknown > 0)
                cli_say(c,
                        "%" PRId64
                        " more came in a flood: between whom is not known (p25ctl stats)",
                        unknown);
        if (proposals)
                cli_say(c, "To let them pass:");
        STRV_FOREACH (proposal, proposals)
                cli_say(c, "  p25ctl %s", *proposal);
        if (clients > 0)
                cli_say(c, "… and no rule for %" PRId64 " more client%s", clients,
                        clients == 1 ? "" : "s");
        cli_say(c, "To refuse what no rule allows: p25ctl audit promote");
        return 0;
}

int command_audit(Cli *c, const Verb *v, char **args, size_t n)
{
        _cleanup_(json_free_p) Json *document = NULL;
        _cleanup_free_ char *text = NULL;
        int status = client_ask_text(c, "DescribeAudit", NULL, &text);

        (void)v, (void)args, (void)n;
        if (status != 0)
                return status;
        if (json_parse(text, &document) < 0)
                return cli_fail(c, EXIT_FAILED, "p25d's answer is not a valid document");
        return c->json ? cli_document_text(c, text) : audit_say(c, document);
}

int command_audit_promote(Cli *c, const Verb *v, char **args, size_t n)
{
        _cleanup_change_reply_ ChangeReply reply = { 0 };
        int status = client_change_with(c, "PromoteAudit", &reply, NULL);

        (void)v, (void)args, (void)n;
        if (status != 0)
                return status;
        if (!reply.changed)
                return client_tell_change(c, &reply, "Nothing is in audit", NULL);
        status = client_tell_change(c, &reply, "Audit ended",
                "What was only reported is refused from now on ('p25ctl reset' undoes this).");
        if (!c->dry_run)
                STRV_FOREACH (line, reply.effects)
                        cli_say(c, "%s", *line);
        return status;
}
