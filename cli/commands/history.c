/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns history, diff and rollback.
 */

#include "cli/client/change.h"
#include "cli/client/client.h"
#include "cli/commands/commands.h"
#include "cli/console/moment.h"
#include "daemon/api/api.h"
#include "rules/base/buffer.h"
#include "rules/base/json.h"
#include "rules/base/text.h"
#include "rules/report/report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

static int revision_parse(Cli *c, const char *word, uint64_t *ret)
{
        char shown[TEXT_SHOWN_MAX], *end;
        uint64_t revision;

        errno = 0;
        revision = strtoull(word, &end, 10);
        if (errno != 0 || *end || *word < '0' || *word > '9')
                return cli_fail(c, EXIT_BAD_INPUT,
                        "'%s' is not a valid revision: 'p25ctl history' lists them",
                        text_show(word, shown));
        *ret = revision;
        return 0;
}

/* ---- history ---- */

/* "uid 0 p25ctl[4711] cron.service from 192.0.2.7", as much of it as is known. */
static void who_print(Buffer *b, const Json *revision)
{
        const char *process = json_get_string(revision, "process");
        const char *unit = json_get_string(revision, "unit");
        const char *remote = json_get_string(revision, "remote");
        int64_t pid = json_get_integer(revision, "pid");

        buffer_printf(b, "uid %" PRId64, json_get_integer(revision, "uid"));
        if (process && process[0])
                buffer_printf(b, " %s", process);
        if (pid > 0)
                buffer_printf(b, "[%" PRId64 "]", pid);
        if (unit && unit[0])
                buffer_printf(b, " %s", unit);
        if (remote && remote[0])
                buffer_printf(b, " from %s", remote);
}

/* "  TEXT", or nothing. */
static void column_print(Buffer *b, const char *text)
{
        if (text && text[0])
                buffer_printf(b, "  %s", text);
}

/* Number, time, author, what was changed, and why. */
static void row_say(Cli *c, const Json *revision)
{
        uint64_t usec = (uint64_t)json_get_integer(revision, "time");
        _cleanup_buffer_ Buffer who = { 0 }, what = { 0 };
        char when[MOMENT_TEXT_MAX];

        who_print(&who, revision);
        column_print(&what, json_get_string(revision, "summary"));
        column_print(&what, json_get_string(revision, "reason"));
        cli_say(c, "%8lld  %-19s  %-20s%s", (long long)json_get_integer(revision, "revision"),
                moment_format(usec, MOMENT_SECONDS, when), who.failed ? "" : who.data,
                what.failed || !what.data ? "" : what.data);
}

static Json *revision_document(const Json *revision)
{
        static const char *const numbers[] = { "revision", "uid" };
        static const char *const texts[] = { "process", "unit", "remote", "reason", "summary" };
        int64_t pid = json_get_integer(revision, "pid");
        Json *document = json_new_object();

        for (size_t i = 0; i < ELEMENTS(numbers); i++)
                json_set(document, numbers[i],
                        json_new_integer(json_get_integer(revision, numbers[i])));
        json_set(document, "pid", pid > 0 ? json_new_integer(pid) : json_new_null());
        json_set(document, "time", json_new_time((uint64_t)json_get_integer(revision, "time")));
        for (size_t i = 0; i < ELEMENTS(texts); i++)
                json_set(document, texts[i], json_new_string(json_get_string(revision, texts[i])));
        return document;
}

/* ---- changes of sets ---- */

static void set_row_say(Cli *c, const Json *row)
{
        uint64_t usec = (uint64_t)json_get_integer(row, "time");
        _cleanup_buffer_ Buffer who = { 0 };
        int64_t entries = json_get_integer(row, "entries");
        char when[MOMENT_TEXT_MAX];

        who_print(&who, row);
        cli_say(c, "%-16s  %-20s  %s: +%" PRId64 " -%" PRId64 ", %" PRId64 " %s",
                moment_format(usec, MOMENT_MINUTES, when), who.failed ? "" : who.data,
                json_get_string(row, "set"), json_get_integer(row, "added"),
                json_get_integer(row, "removed"), entries, entries == 1 ? "entry" : "entries");
}

static Json *set_row_document(const Json *row)
{
        static const char *const numbers[] = { "uid", "added", "removed", "entries", "changes" };
        Json *document = json_new_object();

        json_set(document, "time", json_new_time((uint64_t)json_get_integer(row, "time")));
        json_set(document, "set", json_new_string(json_get_string(row, "set")));
        json_set(document, "process", json_new_string(json_get_string(row, "process")));
        for (size_t i = 0; i < ELEMENTS(numbers); i++)
                json_set(document, numbers[i], json_new_integer(json_get_integer(row, numbers[i])));
        return document;
}

/* ---- both ---- */

typedef struct HistoryKind {
        const char *method;
        void (*say)(Cli *c, const Json *row);
        Json *(*document)(const Json *row);
} HistoryKind;

static const HistoryKind of_policy = { "ListRevisions", row_say, revision_document };
static const HistoryKind of_sets = { "ListSetChanges", set_row_say, set_row_document };

static int history_tell(Cli *c, const HistoryKind *kind)
{
        _cleanup_(json_free_p) Json *rows = NULL;
        Json *document;
        int status = client_ask_list(c, kind->method, &rows, "u", c->max_lines);

        if (status != 0)
                return status;
        document = json_new_array();
        for (size_t i = 0; i < json_array_length(rows); i++) {
                const Json *row = json_array_item(rows, i);

                if (!c->quiet)
                        kind->say(c, row);
                json_append(document, kind->document(row));
        }
        return cli_document(c, document);
}

int command_history(Cli *c, _unused_ const Verb *v, char **args, size_t n)
{
        char shown[TEXT_SHOWN_MAX];

        if (n > 0 && strcasecmp(args[0], "sets") != 0)
                return cli_fail(c, EXIT_BAD_INPUT, "'%s': write 'history' or 'history sets'",
                        text_show(args[0], shown));
        return history_tell(c, n > 0 ? &of_sets : &of_policy);
}

/* ---- diff ---- */

static int current_revision(Cli *c, uint64_t *ret)
{
        _cleanup_(report_deinit) Report report = { 0 };
        int status = client_get_report(c, &report);

        if (status == 0)
                *ret = report.revision;
        return status;
}

int command_diff(Cli *c, _unused_ const Verb *v, char **args, size_t n)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_change_reply_ ChangeReply difference = { 0 };
        uint64_t from = 0, to = 0;
        Json *document;
        int status;

        status = revision_parse(c, args[0], &from);
        if (status == 0)
                status = n > 1 ? revision_parse(c, args[1], &to) : current_revision(c, &to);
        if (status == 0)
                status = client_ask_with(c, "DiffRevisions", &reply, "tt", from, to);
        if (status == 0)
                status = client_difference_read(c, reply, &difference);
        if (status != 0)
                return status;
        client_print_difference(c, &difference);
        if (!difference.diff || !difference.diff[0])
                cli_say(c, "No difference.");
        document = json_new_object();
        json_set(document, "from", json_new_integer((int64_t)from));
        json_set(document, "to", json_new_integer((int64_t)to));
        json_set(document, "diff", json_new_strv(difference.diff));
        json_set(document, "effects", json_new_strv(difference.effects));
        return cli_document(c, document);
}

/* ---- rollback ---- */

int command_rollback(Cli *c, const Verb *v, char **args, size_t n)
{
        _cleanup_change_reply_ ChangeReply reply = { 0 };
        char first[96];
        uint64_t revision = 0;
        int status;

        (void)v, (void)n;
        status = revision_parse(c, args[0], &revision);
        if (status == 0)
                status = client_change_with(c, "Rollback", &reply, "t", revision);
        if (status != 0)
                return status;
        if (reply.changed)
                (void)snprintf(first, sizeof(first),
                        "Rolled back to revision %" PRIu64 ", as revision %" PRIu64, revision,
                        reply.revision);
        else
                (void)snprintf(first, sizeof(first),
                        "Revision %" PRIu64 " says what is in force: nothing was changed",
                        revision);
        return client_tell_change(c, &reply, first,
                reply.changed
                        ? "What p25ctl and D-Bus stored is as it was then, except the entries "
                          "of sets; the files below /etc/p25 are not touched."
                        : NULL);
}
