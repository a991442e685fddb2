/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns `status`, `show added` and `version`: prints the report of p25d.
 */

#include "cli/client/awaited.h"
#include "cli/client/client.h"
#include "cli/client/service.h"
#include "cli/commands/commands.h"
#include "cli/survey/fleet.h"
#include "daemon/api/api.h"
#include "rules/base/buffer.h"
#include "rules/base/json.h"
#include "rules/base/strv.h"
#include "rules/report/report.h"
#include "rules/words/words.h"

#include <errno.h>
#include <stdio.h>
#include <strings.h>

static int style_find(Cli *c, const char *word, ReportStyle *ret)
{
        static const char *const words[] = {
                [REPORT_PLAIN] = "plain",
                [REPORT_VERBOSE] = "verbose",
                [REPORT_NUMBERED] = "numbered",
        };

        for (*ret = REPORT_PLAIN; *ret < ELEMENTS(words); (*ret)++)
                if (strcasecmp(words[*ret], word) == 0)
                        return 0;
        return cli_fail_word(c, word, "style", words + 1, ELEMENTS(words) - 1);
}

/* A policy that is in force now and not after a reboot. */
static int warn_of_boot(Cli *c, Report *report)
{
        if (service_ask_start(c) != SERVICE_DISABLED)
                return 0;
        return strv_append(&report->warnings,
                "p25d.service is disabled, so p25 does not start at boot (systemctl enable p25d)");
}

static bool is_obstacle(const Json *finding)
{
        const char *code = json_get_string(finding, "code"),
                   *kind = json_get_string(finding, "severity");

        return code && kind && streq(kind, "problem") && strncmp(code, "FOREIGN", 7) == 0;
}

/* Of the findings of p25d, other firewalls that stop what the policy lets pass: the first, and how
 * many more; and that one keeps connections from being cut. */
static int obstacles_tell(const Json *findings, Report *report)
{
        const char *first = NULL;
        size_t n = 0;

        for (size_t i = 0; i < json_array_length(findings); i++) {
                const Json *j = json_array_item(findings, i);
                const char *code = json_get_string(j, "code");

                if (code && streq(code, "NOT_TRACKED") &&
                        strv_append(&report->notes, json_get_string(j, "text")) < 0)
                        return -ENOMEM;
                if (!is_obstacle(j))
                        continue;
                first = first ?: json_get_string(j, "text");
                n++;
        }
        if (!first)
                return 0;
        return n == 1 ? strv_append(&report->warnings, first)
                      : strv_printf(&report->warnings, "%s; and %zu more (p25ctl doctor)", first,
                                n - 1);
}

/* Looking at all packet filters may take long where they are large: status waits so long at most
 * and leaves them out; doctor waits for the answer. p25d looks while the report is read here. */
#define OBSTACLES_USEC 1000000

static int findings_ask(Cli *c, AwaitedCall *ret)
{
        return awaited_begin(c, "ListObstacles", OBSTACLES_USEC, ret);
}

/* *ret is NULL where the findings are not known in time. 0 or negative errno. */
static int findings_take(Cli *c, AwaitedCall *call, Json **ret)
{
        sd_bus_message *reply = awaited_wait(c, call);

        *ret = NULL;
        return reply ? client_read_dicts(reply, ret) : 0;
}

static int warn_of_obstacles(Cli *c, AwaitedCall *call, Report *report)
{
        _cleanup_(json_free_p) Json *findings = NULL;
        int r = report->active ? findings_take(c, call, &findings) : 0;

        return r < 0 ? r : obstacles_tell(findings, report);
}

/* Those of the findings that obstacles_tell() would warn of. */
static Json *obstacles_of(const Json *findings)
{
        Json *list = findings ? json_new_array() : json_new_null();

        for (size_t i = 0; i < json_array_length(findings); i++)
                if (is_obstacle(json_array_item(findings, i)))
                        json_append(list, json_ref(json_array_item(findings, i)));
        return list;
}

/* The daemon's own document, and the obstacles behind it: null where they are not known. */
static int status_json(Cli *c)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(json_free_p) Json *document = NULL, *findings = NULL;
        _cleanup_awaited_ AwaitedCall call = { 0 };
        const char *json;
        int status = client_get_report_text(c, &reply, &json), r;

        if (status != 0)
                return status;
        r = findings_ask(c, &call);
        if (r < 0)
                return cli_fail_errno(c, r, "status");
        r = json_parse(json, &document);
        if (r < 0)
                return client_fail_message(c, r == -EINVAL ? -EBADMSG : r);
        r = json_get_bool(document, "active") ? findings_take(c, &call, &findings) : 0;
        if (r < 0)
                return cli_fail_errno(c, r, "status");
        json_set(document, "obstacles", obstacles_of(findings));
        return cli_document(c, TAKE_PTR(document));
}

/* Of this host's p25-fleet, if there is one: behind the report. */
static int add_fleet(const Cli *c, char **text)
{
        _cleanup_free_ char *line = NULL, *both = NULL;
        int r = c->host ? 0 : fleet_describe(c->root, &line);

        if (r < 0 && r != -ENOMEM)
                r = asprintf(&line, "Fleet: the status of p25-fleet cannot be read: %s\n",
                            strerror(-r)) < 0
                            ? -ENOMEM
                            : 0;
        if (r < 0 || !line)
                return r;
        if (asprintf(&both, "%s%s", *text, line) < 0) {
                both = NULL;
                return -ENOMEM;
        }
        free(*text);
        *text = TAKE_PTR(both);
        return 0;
}

/* The report, and the call for what stands in the way. An exit status. */
static int report_read(Cli *c, AwaitedCall *call, Report *ret)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *json;
        int status = client_get_report_text(c, &reply, &json), r;

        if (status != 0)
                return status;
        r = findings_ask(c, call);
        if (r < 0)
                return cli_fail_errno(c, r, "status");
        return client_parse_report(c, json, ret);
}

int command_status(Cli *c, _unused_ const Verb *v, char **args, size_t n)
{
        _cleanup_free_ char *text = NULL;
        ReportStyle style = REPORT_PLAIN;
        _cleanup_awaited_ AwaitedCall call = { 0 };
        Report report = { 0 };
        int status, r;

        status = n > 0 ? style_find(c, args[0], &style) : 0;
        if (status != 0)
                return status;
        if (c->json)
                return status_json(c);
        status = report_read(c, &call, &report);
        if (status != 0)
                return status;
        r = warn_of_boot(c, &report);
        if (r >= 0)
                r = warn_of_obstacles(c, &call, &report);
        if (r >= 0)
                r = report_print_text(
                        &report, style, (ReportLook){ cli_on_terminal(), cli_in_color(c) }, &text);
        report_deinit(&report);
        if (r >= 0)
                r = add_fleet(c, &text);
        return r < 0 ? cli_fail_errno(c, r, "status") : cli_colored_text(c, text);
}

int command_show_added(Cli *c, const Verb *v, char **args, size_t n)
{
        _cleanup_buffer_ Buffer b = { 0 };
        Report report = { 0 };
        Json *list = json_new_array();
        int status, r = 0;

        (void)v, (void)args, (void)n;
        status = client_get_report(c, &report);
        for (size_t i = 0; r >= 0 && i < report.n_rules; i++) {
                _cleanup_free_ char *words = NULL;

                if (report.rules[i].position == 0)
                        continue;
                r = rule_words_print_left(
                        report.rules[i].rule, report.rules[i].seconds_left, &words);
                if (r >= 0) {
                        buffer_printf(&b, "p25ctl %s\n", words);
                        json_append(list, json_new_string(words));
                }
        }
        report_deinit(&report);
        if (status != 0 || r < 0 || b.failed) {
                json_free(list);
                return status != 0 ? status : cli_fail_errno(c, -ENOMEM, "rules");
        }
        cli_say(c, "Added user rules (see 'p25ctl status' for the policy in force):");
        return cli_text(c, b.length > 0 ? b.data : "(None)\n", list);
}

int command_version(Cli *c, const Verb *v, char **args, size_t n)
{
        Json *document = json_new_object();

        (void)v, (void)args, (void)n;
        json_set(document, "version", json_new_string(P25_VERSION));
        return cli_text(c, "p25ctl " P25_VERSION "\n", document);
}
