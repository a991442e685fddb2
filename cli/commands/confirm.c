/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns `confirm`.
 */

#include "cli/client/agent.h"
#include "cli/client/client.h"
#include "cli/commands/commands.h"
#include "rules/base/json.h"
#include "rules/report/report.h"

#include <inttypes.h>

/* The revision of --expect, else the one that waits; 0: none does, which p25d reports. */
static int revision_find(Cli *c, uint64_t *ret)
{
        _cleanup_(report_deinit) Report report = { 0 };
        int status;

        if (c->expect) {
                *ret = c->expected_revision;
                return 0;
        }
        status = client_get_report(c, &report);
        if (status == 0)
                *ret = report.pending_revision;
        return status;
}

int command_confirm(Cli *c, const Verb *v, char **args, size_t n)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        uint64_t revision = 0;
        Json *document;
        int status;

        (void)v, (void)args, (void)n;
        agent_open(c);
        status = revision_find(c, &revision);
        if (status == 0)
                status = client_ask_with(c, "Confirm", &reply, "t", revision);
        if (status != 0)
                return status;
        cli_say(c, "Revision %" PRIu64 " is confirmed: it stays in force.", revision);
        document = json_new_object();
        json_set(document, "confirmed", json_new_integer((int64_t)revision));
        return cli_document(c, document);
}
