/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns `confirm`, and what is told of a change that waits for it.
 */

#include "cli/client/client.h"
#include "cli/commands/commands.h"

#include <errno.h>
#include <inttypes.h>
#include <time.h>

/* By this host's clock, also where p25d is another's: it is the one that the user sees. */
static time_t deadline_of(const Cli *c)
{
        return time(NULL) + (time_t)c->confirm_seconds;
}

void confirm_tell(Cli *c, uint64_t revision)
{
        time_t deadline = deadline_of(c), now = time(NULL);
        struct tm then, today;
        char when[32] = "";

        if (localtime_r(&deadline, &then) && localtime_r(&now, &today))
                (void)strftime(when, sizeof(when),
                        then.tm_yday == today.tm_yday && then.tm_year == today.tm_year
                                ? "%H:%M:%S"
                                : "%Y-%m-%d %H:%M:%S",
                        &then);
        cli_say(c,
                "Run 'p25ctl confirm' before %s (in %" PRIu32 " s), or revision %" PRIu64
                " is taken back.",
                when, c->confirm_seconds, revision);
}

Json *confirm_document(const Cli *c, uint64_t revision)
{
        Json *document = json_new_object();

        json_set(document, "revision", json_new_integer((int64_t)revision));
        json_set(document, "deadline", json_new_time((uint64_t)deadline_of(c) * 1000000));
        json_set(document, "seconds_left", json_new_integer(c->confirm_seconds));
        return document;
}

/* What --expect says, else what waits; 0: nothing does, of which p25d tells. */
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
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL, *reply = NULL;
        uint64_t revision = 0;
        Json *document;
        int status, r;

        (void)v, (void)args, (void)n;
        status = revision_find(c, &revision);
        if (status == 0)
                status = client_message(c, "Confirm", &m);
        if (status != 0)
                return status;
        r = sd_bus_message_append(m, "t", revision);
        status = r < 0 ? client_fail_message(c, r) : client_call(c, m, &reply);
        if (status != 0)
                return status;
        cli_say(c, "Revision %" PRIu64 " is confirmed: it stays in force.", revision);
        document = json_new_object();
        json_set(document, "confirmed", json_new_integer((int64_t)revision));
        return cli_document(c, document);
}
