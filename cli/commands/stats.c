/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns `stats`: what p25d has counted, as tables, as its JSON document, or as metrics.
 */

#include "cli/client/client.h"
#include "cli/commands/commands.h"
#include "cli/commands/metrics.h"
#include "cli/console/moment.h"
#include "daemon/api/api.h"
#include "rules/base/buffer.h"

#include <inttypes.h>
#include <stdio.h>

#define SHOWN_MAX 20 /* rows of a table; --json has all */

/* "12", or "~300" for an estimate. */
static void destinations_print(const Json *window, char buffer[static 24])
{
        snprintf(buffer, 24, "%s%" PRId64, json_get_bool(window, "estimated") ? "~" : "",
                json_get_integer(window, "destinations"));
}

static void name_print(const Json *row, const char *key, char *buffer, size_t n)
{
        const char *name = json_get_string(row, key);
        int64_t uid;

        if (json_get_bool(row, "others"))
                snprintf(buffer, n, "(others)");
        else if (!name && json_number(json_get(row, "uid"), &uid))
                snprintf(buffer, n, "uid %" PRId64, uid);
        else
                snprintf(buffer, n, "%s", name ?: "-");
}

static void sender_say(Cli *c, const Json *row, const char *key)
{
        const Json *hour = json_get(row, "hour"), *day = json_get(row, "day");
        char name[256], to_hour[24], to_day[24];

        name_print(row, key, name, sizeof(name));
        destinations_print(hour, to_hour);
        destinations_print(day, to_day);
        cli_say(c, "%-24s %9" PRId64 " %9" PRId64 " %9s %9" PRId64 " %9" PRId64 " %9s", name,
                json_get_integer(hour, "blocked"), json_get_integer(hour, "allowed"), to_hour,
                json_get_integer(day, "blocked"), json_get_integer(day, "allowed"), to_day);
}

static void senders_say(Cli *c, const Json *rows, const char *title, const char *key)
{
        size_t n = json_array_length(rows);

        if (n == 0)
                return;
        cli_say(c, "%-24s %9s %9s %9s %9s %9s %9s", title, "blocked", "allowed", "to", "blocked",
                "allowed", "to");
        for (size_t i = 0; i < n && i < SHOWN_MAX; i++)
                sender_say(c, json_array_item(rows, i), key);
        if (n > SHOWN_MAX)
                cli_say(c, "… +%zu ('p25ctl stats --json' has all)", n - SHOWN_MAX);
        cli_say(c, "%s", "");
}

static bool rule_is_hit(const Json *row)
{
        return json_get_integer(row, "packets") > 0 || json_get_integer(row, "refused") > 0 ||
               json_get_integer(row, "passed") > 0;
}

/* The words of the rule, or "default (out)" in the buffer. */
static const char *rule_text(const Json *row, char buffer[static 24])
{
        if (json_get_integer(row, "id") > 0)
                return json_get_string(row, "text") ?: "-";
        snprintf(buffer, 24, "default (%s)", json_get_string(row, "direction") ?: "-");
        return buffer;
}

static void rules_say(Cli *c, const Json *rows)
{
        size_t shown = 0, left_out = 0;

        for (size_t i = 0; i < json_array_length(rows); i++) {
                const Json *row = json_array_item(rows, i);
                uint64_t last = json_get_time(row, "last");
                char fallback[24], when[MOMENT_TEXT_MAX];

                if (!rule_is_hit(row))
                        continue;
                if (++shown > SHOWN_MAX) {
                        left_out++;
                        continue;
                }
                if (shown == 1)
                        cli_say(c, "%-40s %9s %9s %9s  %s", "rule", "packets", "passed", "refused",
                                "last");
                cli_say(c, "%-40s %9" PRId64 " %9" PRId64 " %9" PRId64 "  %s",
                        rule_text(row, fallback), json_get_integer(row, "packets"),
                        json_get_integer(row, "passed"), json_get_integer(row, "refused"),
                        moment_format(last, MOMENT_MINUTES, when));
        }
        if (left_out > 0)
                cli_say(c, "… +%zu ('p25ctl stats --json' has all)", left_out);
        if (shown == 0)
                cli_say(c, "No rule has decided about a connection.");
}

static int stats_say(Cli *c, const Json *stats)
{
        const Json *users = json_get(stats, "users"), *units = json_get(stats, "units"),
                   *containers = json_get(stats, "containers");

        if (json_array_length(users) + json_array_length(units) + json_array_length(containers) > 0)
                cli_say(c, "%-24s %29s %29s", "Outgoing connections", "last hour", "last day");
        senders_say(c, users, "user", "user");
        senders_say(c, units, "unit", "unit");
        senders_say(c, containers, "container", "container");
        rules_say(c, json_get(stats, "rules"));
        return 0;
}

static int metrics_say(Cli *c, const Json *stats)
{
        _cleanup_buffer_ Buffer b = { 0 };

        metrics_print(&b, stats);
        if (b.failed)
                return cli_fail(c, EXIT_FAILED, "out of memory");
        return fputs(b.data, stdout) < 0 ? EXIT_FAILED : 0;
}

int command_stats(Cli *c, const Verb *v, char **args, size_t n)
{
        _cleanup_(json_free_p) Json *stats = NULL;
        _cleanup_free_ char *text = NULL;
        int status;

        (void)v, (void)args, (void)n;
        if (c->openmetrics && c->json)
                return cli_fail(c, EXIT_BAD_INPUT, "--openmetrics and --json exclude each other");
        status = client_ask_text(c, "DescribeStats", NULL, &text);
        if (status != 0)
                return status;
        if (json_parse(text, &stats) < 0)
                return cli_fail(c, EXIT_FAILED, "p25d's answer is not a valid document");
        if (c->openmetrics)
                return metrics_say(c, stats);
        return c->json ? cli_document_text(c, text) : stats_say(c, stats);
}
