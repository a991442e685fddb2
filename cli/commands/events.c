/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns events. To follow is to ask twice a second: p25d keeps nothing for a follower, so that one
 * that stops reading costs nothing.
 */

#include "cli/client/client.h"
#include "cli/commands/commands.h"
#include "cli/console/moment.h"
#include "daemon/api/api.h"
#include "daemon/loop/clock.h"
#include "rules/base/buffer.h"
#include "rules/base/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#define SHOWN 50           /* without --number and --since */
#define SHOWN_FOLLOWING 10 /* before those that come */
#define ASK_USEC 500000
#define RETRIES 60 /* p25d may be restarting */

/* ---- a row ---- */

void row_print_end(Buffer *b, const char *address, int64_t port)
{
        if (!address)
                buffer_add_string(b, "-");
        else
                buffer_printf(
                        b, strchr(address, ':') ? "[%s]:%" PRId64 : "%s:%" PRId64, address, port);
}

void row_print_client(Buffer *b, const Json *event, const char *source)
{
        const char *user = json_get_string(event, "user"), *unit = json_get_string(event, "unit");
        const char *container = json_get_string(event, "container");
        int64_t uid = -1;

        if (user)
                buffer_add_string(b, user);
        else if (json_number(json_get(event, "uid"), &uid))
                buffer_printf(b, "uid %" PRId64, uid);
        else
                buffer_add_string(b, json_get_string(event, source) ?: "-");
        if (container)
                buffer_printf(b, " (container %s)", container);
        else if (unit)
                buffer_printf(b, " (%s)", unit);
}

static void rule_print(Buffer *b, const Json *event)
{
        int64_t rule = json_get_integer(event, "rule"), count = json_get_integer(event, "count");

        if (rule > 0)
                buffer_printf(b, "rule %" PRId64, rule);
        else
                buffer_add_string(b, "default");
        if (count > 1)
                buffer_printf(b, "  %" PRId64 " times", count);
}

/* "  example.org: POST /contact, /srv/www/contact.php", "  job: php news.php": what made it run. */
static void origin_print(Buffer *b, const Json *event)
{
        const char *site = json_get_string(event, "site"), *job = json_get_string(event, "job");
        const char *request = json_get_string(event, "request");
        const char *script = json_get_string(event, "script");

        if (site || request || script)
                buffer_printf(b, "  %s: %s%s%s", site ?: "script", request ?: "",
                        request && script ? ", " : "", script ?: "");
        if (job)
                buffer_printf(b, "  job: %s", job);
}

/* "  pid 17: php spam.php"; nothing where it is not known. */
static void process_print(Buffer *b, const Json *event)
{
        const char *process = json_get_string(event, "process");
        const char *command = json_get_string(event, "command") ?: process;
        int64_t pid = json_get_integer(event, "pid");

        if (pid > 0)
                buffer_printf(b, "  pid %" PRId64 ": %s", pid, command ?: "?");
        origin_print(b, event);
}

static void row_say(Cli *c, const Json *event)
{
        _cleanup_buffer_ Buffer who = { 0 }, to = { 0 }, rule = { 0 };
        uint64_t usec = (uint64_t)json_get_integer(event, "time");
        char when[MOMENT_TEXT_MAX];

        row_print_client(&who, event, "source_address");
        row_print_end(&to, json_get_string(event, "destination_address"),
                json_get_integer(event, "destination_port"));
        rule_print(&rule, event);
        process_print(&rule, event);
        if (who.failed || to.failed || rule.failed)
                (void)cli_fail(c, EXIT_FAILED, "out of memory");
        else
                cli_say(c, "%-19s  %-6s  %-6s  %-24s  %-21s  %s",
                        moment_format(usec, MOMENT_SECONDS, when),
                        json_get_string(event, "direction") ?: "-",
                        json_get_bool(event, "audit") ? "audit"
                                                      : json_get_string(event, "action") ?: "-",
                        who.data, to.data, rule.data);
}

/* As p25d reports it, with the time as a text. */
static Json *document(const Json *event)
{
        Json *copy = json_ref(event);

        json_set(copy, "time", json_new_time((uint64_t)json_get_integer(event, "time")));
        return copy;
}

/* ---- asking ---- */

typedef struct Question {
        uint64_t after, since_usec;
        uint32_t max; /* 0: all */
} Question;

static int ask_message(Cli *c, const Question *q, sd_bus_message **ret)
{
        int status = client_message(c, "ListEvents", ret);
        int r;

        if (status != 0)
                return status;
        /* of which some are older than asked for */
        r = sd_bus_message_append(*ret, "tu", q->after, q->since_usec > 0 ? 0 : q->max);
        return r < 0 ? client_fail_message(c, r) : 0;
}

/* *ret is NULL when p25d does not answer now, and patience is left. */
static int ask(Cli *c, const Question *q, unsigned *patience, Json **ret)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL, *reply = NULL;
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        int status = ask_message(c, q, &m), r;

        *ret = NULL;
        if (status != 0)
                return status;
        r = client_try(c, m, &error, &reply);
        if (r < 0 && *patience > 0 && sd_bus_error_is_set(&error) &&
                client_error_status(error.name) == EXIT_NOT_REACHABLE) {
                (*patience)--;
                return 0;
        }
        if (r < 0)
                return client_fail(c, &error, r);
        r = client_read_dicts(reply, ret);
        return r < 0 ? client_fail_message(c, r) : 0;
}

/* ---- the command ---- */

/* From which event on: the newest `max` of those that are young enough. */
static size_t first_shown(const Json *events, const Question *q)
{
        size_t n = json_array_length(events), first = 0;

        while (first < n &&
                (uint64_t)json_get_integer(json_array_item(events, first), "time") < q->since_usec)
                first++;
        return q->max > 0 && n - first > q->max ? n - q->max : first;
}

static int list(Cli *c, const Question *q)
{
        _cleanup_(json_free_p) Json *events = NULL;
        Json *documents;
        unsigned patience = 0;
        int status = ask(c, q, &patience, &events);

        if (status != 0)
                return status;
        documents = json_new_array();
        for (size_t i = first_shown(events, q); i < json_array_length(events); i++) {
                const Json *event = json_array_item(events, i);

                if (!c->quiet)
                        row_say(c, event);
                json_append(documents, document(event));
        }
        return cli_document(c, documents);
}

/* A line each, at once, so that a pipe has it. */
static int show_new(Cli *c, const Json *events, Question *q)
{
        for (size_t i = first_shown(events, q); i < json_array_length(events); i++) {
                const Json *event = json_array_item(events, i);

                row_say(c, event);
                q->after = (uint64_t)json_get_integer(event, "id");
                if (c->json && cli_document(c, document(event)) != 0)
                        return EXIT_FAILED;
        }
        q->since_usec = 0;
        q->max = 0;
        return fflush(stdout) == 0 && !ferror(stdout) ? 0 : EXIT_FAILED;
}

/* Until it is interrupted, or nobody reads. */
static int follow(Cli *c, Question *q)
{
        unsigned patience = RETRIES;

        for (;; usleep(ASK_USEC)) {
                _cleanup_(json_free_p) Json *events = NULL;
                int status = ask(c, q, &patience, &events);

                if (status != 0)
                        return status;
                if (!events)
                        continue;
                patience = RETRIES;
                if (show_new(c, events, q) != 0)
                        return 0; /* cli_finish() reports it, unless it is a closed pipe */
        }
}

int command_events(Cli *c, const Verb *v, char **args, size_t n)
{
        Question q = { .max = c->max_lines };

        (void)v, (void)args, (void)n;
        if (c->since_seconds > 0) {
                uint64_t now = clock_now_usec(CLOCK_REALTIME);
                uint64_t age = (uint64_t)c->since_seconds * 1000000;

                q.since_usec = now > age ? now - age : 1;
        } else if (q.max == 0)
                q.max = c->follow ? SHOWN_FOLLOWING : SHOWN;
        return c->follow ? follow(c, &q) : list(c, &q);
}
