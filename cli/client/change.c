/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns a change, from its options to its output.
 */

#include "cli/client/change.h"

#include "cli/client/agent.h"
#include "cli/client/client.h"
#include "daemon/api/api.h"
#include "rules/base/json.h"
#include "rules/base/strv.h"

#include <errno.h>
#include <inttypes.h>
#include <time.h>

/* p25d's name for a text that is sent in place of p25.conf. */
#define CONF_NAME "p25.conf"

static int options_append(Cli *c, sd_bus_message *m, const ClientOption *more, bool dry_run)
{
        int r = sd_bus_message_open_container(m, 'a', "{sv}");

        if (r >= 0 && dry_run)
                r = sd_bus_message_append(m, "{sv}", "dry_run", "b", 1);
        if (r >= 0 && c->expect)
                r = sd_bus_message_append(
                        m, "{sv}", "expected_revision", "t", c->expected_revision);
        if (r >= 0 && c->confirm)
                r = sd_bus_message_append(m, "{sv}", "confirm_seconds", "u", c->confirm_seconds);
        if (r >= 0 && c->reason)
                r = sd_bus_message_append(m, "{sv}", "reason", "s", c->reason);
        if (r >= 0 && more && more->value > 0)
                r = sd_bus_message_append(m, "{sv}", more->name, "u", more->value);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        return r < 0 ? client_fail_message(c, r) : 0;
}

/* A message with the same arguments, to which options can be appended. */
static int message_copy(Cli *c, sd_bus_message *m, sd_bus_message **ret)
{
        int status = client_message(c, sd_bus_message_get_member(m), ret), r;

        if (status != 0)
                return status;
        r = sd_bus_message_rewind(m, 1);
        if (r >= 0)
                r = sd_bus_message_copy(*ret, m, 1);
        return r < 0 ? client_fail_message(c, r) : 0;
}

/* A text that p25d knows by a name, and the file that it is from; NULL: no such text. */
typedef struct Source {
        const char *name, *file;
} Source;

/* The part after the name in a message "NAME:LINE: …"; NULL: another message. */
static const char *behind_name(const char *message, const Source *s)
{
        size_t n = s->name ? strlen(s->name) : 0;

        if (n == 0 || strncmp(message, s->name, n) != 0 || message[n] != ':' ||
                message[n + 1] < '0' || message[n + 1] > '9')
                return NULL;
        return message + n;
}

/* As errors if they are to be, else as what they are. */
static int warnings_print(Cli *c, char **lines, const Source *s, bool as_errors)
{
        int status = 0;

        STRV_FOREACH (line, lines) {
                const char *tail = behind_name(*line, s);

                if (as_errors)
                        status = cli_fail(c, EXIT_BAD_INPUT, "%s%s", tail ? s->file : "",
                                tail ? tail : *line);
                else
                        cli_warn(c, "%s%s", tail ? s->file : "", tail ? tail : *line);
        }
        return status;
}

/* ---- the reply ---- */

void change_reply_deinit(ChangeReply *r)
{
        strv_free(r->diff);
        strv_free(r->effects);
        strv_free(r->replay);
        strv_free(r->warnings);
        strv_free(r->unchanged);
        *r = (ChangeReply){ 0 };
}

static int outcome_read(sd_bus_message *m, Outcome *ret)
{
        const char *word;
        int r = sd_bus_message_read(m, "v", "s", &word);

        if (r < 0)
                return r;
        *ret = outcome_from_string(word);
        return *ret == _OUTCOME_INVALID ? -EBADMSG : 0;
}

static int lines_read(sd_bus_message *m, char ***ret)
{
        int r = sd_bus_message_enter_container(m, 'v', "as");

        if (r >= 0)
                r = sd_bus_message_read_strv(m, ret);
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int detail_read(sd_bus_message *m, const char *key, ChangeReply *ret)
{
        int on = 0, r;

        if (streq(key, "outcome"))
                return outcome_read(m, &ret->outcome);
        if (streq(key, "diff"))
                return lines_read(m, &ret->diff);
        if (streq(key, "effects"))
                return lines_read(m, &ret->effects);
        if (streq(key, "replay"))
                return lines_read(m, &ret->replay);
        if (streq(key, "warnings"))
                return lines_read(m, &ret->warnings);
        if (streq(key, "unchanged"))
                return lines_read(m, &ret->unchanged);
        if (streq(key, "entries")) {
                ret->counts_entries = true;
                return sd_bus_message_read(m, "v", "t", &ret->entries);
        }
        if (streq(key, "former_expires"))
                return sd_bus_message_read(m, "v", "t", &ret->former_expires_usec);
        if (!streq(key, "only_expires")) /* of a later p25d */
                return sd_bus_message_skip(m, "v");
        r = sd_bus_message_read(m, "v", "b", &on);
        ret->only_expires = on;
        return r;
}

static int details_read(sd_bus_message *m, ChangeReply *ret)
{
        const char *key;
        int r = sd_bus_message_enter_container(m, 'a', "{sv}");

        if (r < 0)
                return r;
        while ((r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                if ((r = sd_bus_message_read_basic(m, 's', &key)) < 0 ||
                        (r = detail_read(m, key, ret)) < 0 ||
                        (r = sd_bus_message_exit_container(m)) < 0)
                        return r;
        }
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int reply_read(sd_bus_message *m, ChangeReply *ret)
{
        int changed, r = sd_bus_message_read(m, "bt", &changed, &ret->revision);

        if (r < 0)
                return r;
        ret->changed = changed;
        return details_read(m, ret);
}

int client_difference_read(Cli *c, sd_bus_message *reply, ChangeReply *ret)
{
        int r = details_read(reply, ret);

        return r < 0 ? client_fail_message(c, r) : 0;
}

/* ---- sending ---- */

/* Would the change bring warnings? The change itself reports all errors. */
static int strict_try(Cli *c, sd_bus_message *m, const Source *s, const ClientOption *more)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *try = NULL, *reply = NULL;
        _cleanup_change_reply_ ChangeReply tried = { 0 };
        int status, r;

        status = message_copy(c, m, &try);
        if (status == 0)
                status = options_append(c, try, more, true);
        if (status != 0 || client_try(c, try, &error, &reply) < 0)
                return status;
        r = reply_read(reply, &tried);
        return r < 0 ? client_fail_message(c, r) : warnings_print(c, tried.warnings, s, true);
}

static int append_options(Cli *c, sd_bus_message **m, const Source *s, const ClientOption *more)
{
        sd_bus_message *again = NULL;
        int status, r;

        agent_open(c);
        /* what comes through a descriptor can be read once, and is looked at before */
        if (!c->strict || c->dry_run || strchr(sd_bus_message_get_signature(*m, 1), 'h'))
                return options_append(c, *m, more, c->dry_run);
        r = sd_bus_message_seal(*m, 1, 0);
        if (r < 0)
                return client_fail_message(c, r);
        status = strict_try(c, *m, s, more);
        if (status == 0)
                status = message_copy(c, *m, &again);
        if (status == 0)
                status = options_append(c, again, more, false);
        if (status != 0) {
                sd_bus_message_unref(again);
                return status;
        }
        sd_bus_message_unref(*m);
        *m = again;
        return 0;
}

int client_append_options(Cli *c, sd_bus_message **m, const ClientOption *more)
{
        return append_options(c, m, &(Source){ 0 }, more);
}

/* Warnings go to stderr. */
static int change_read(Cli *c, sd_bus_message *reply, const Source *s, ChangeReply *ret)
{
        int r = reply_read(reply, ret);

        return r < 0 ? client_fail_message(c, r)
                     : warnings_print(c, ret->warnings, s, c->strict && c->dry_run);
}

int client_change_read(Cli *c, sd_bus_message *reply, ChangeReply *ret)
{
        return change_read(c, reply, &(Source){ 0 }, ret);
}

int client_change(Cli *c, sd_bus_message **m, const ClientOption *more, ChangeReply *ret)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int status;

        status = client_append_options(c, m, more);
        if (status == 0)
                status = client_call(c, *m, &reply);
        return status != 0 ? status : client_change_read(c, reply, ret);
}

int client_change_with(Cli *c, const char *method, ChangeReply *ret, const char *types, ...)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        va_list ap;
        int status;

        va_start(ap, types);
        status = client_message_va(c, method, types, ap, &m);
        va_end(ap);
        return status != 0 ? status : client_change(c, &m, NULL, ret);
}

static int fail_in_file(Cli *c, const sd_bus_error *error, int r, const Source *s)
{
        const char *tail = error->message ? behind_name(error->message, s) : NULL;

        if (!tail)
                return client_fail(c, error, r);
        return cli_fail(c, client_error_status(error->name), "%s%s", s->file, tail);
}

int client_change_file(
        Cli *c, sd_bus_message **m, const char *name, const char *file, ChangeReply *ret)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const Source source = { name, file };
        int status, r;

        status = append_options(c, m, &source, NULL);
        if (status != 0)
                return status;
        r = client_try(c, *m, &error, &reply);
        return r < 0 ? fail_in_file(c, &error, r, &source) : change_read(c, reply, &source, ret);
}

static int fail_text(Cli *c, int r, const char *file)
{
        if (r == -EINVAL)
                return cli_fail(c, EXIT_BAD_INPUT, "%s: the text is not UTF-8", file);
        return client_fail_message(c, r);
}

/* The text, not the name: p25d opens no file that somebody names. */
int client_plan_reload(Cli *c, const char *text, const char *file, ChangeReply *ret)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL, *reply = NULL;
        const Source source = { text ? CONF_NAME : NULL, file };
        int status, r;

        status = client_message(c, "DescribeReload", &m);
        if (status != 0)
                return status;
        r = text ? sd_bus_message_append(m, "a{sv}", 1, "text", "s", text)
                 : sd_bus_message_append(m, "a{sv}", 0);
        if (r < 0)
                return fail_text(c, r, file);
        r = client_try(c, m, &error, &reply);
        return r < 0 ? fail_in_file(c, &error, r, &source) : change_read(c, reply, &source, ret);
}

int client_put_fragment(
        Cli *c, const char *name, const char *text, const char *file, ChangeReply *ret)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int status, r;

        status = client_message(c, "PutFragment", &m);
        if (status != 0)
                return status;
        r = sd_bus_message_append(m, "ss", name, text);
        if (r < 0)
                return fail_text(c, r, file ? file : name);
        return client_change_file(c, &m, name, file ? file : name, ret);
}

/* ---- what is printed of a change ---- */

void client_print_difference(Cli *c, const ChangeReply *r)
{
        STRV_FOREACH (line, r->diff)
                cli_say(c, "%s", *line);
        STRV_FOREACH (line, r->effects)
                cli_say(c, "%s", *line);
}

/* By this host's clock, also where p25d is another's: it is the one that the user sees. */
static time_t deadline_of(const Cli *c)
{
        return time(NULL) + (time_t)c->confirm_seconds;
}

static void confirm_tell(Cli *c, uint64_t revision)
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

static Json *confirm_document(const Cli *c, uint64_t revision)
{
        Json *document = json_new_object();

        json_set(document, "revision", json_new_integer((int64_t)revision));
        json_set(document, "deadline", json_new_time((uint64_t)deadline_of(c) * 1000000));
        json_set(document, "seconds_left", json_new_integer(c->confirm_seconds));
        return document;
}

int client_tell_change(Cli *c, const ChangeReply *r, const char *first, const char *second)
{
        bool waits = c->confirm && r->changed && !c->dry_run;
        Json *document = json_new_object();

        c->changed = r->changed && !c->dry_run;
        json_set(document, "changed", json_new_bool(r->changed));
        json_set(document, "dry_run", json_new_bool(c->dry_run));
        json_set(document, "revision", json_new_integer((int64_t)r->revision));
        json_set(document, "outcome", json_new_string(outcome_to_string(r->outcome)));
        json_set(document, "only_expires", json_new_bool(r->only_expires));
        json_set(document, "diff", json_new_strv(r->diff));
        json_set(document, "effects", json_new_strv(r->effects));
        if (r->replay)
                json_set(document, "replay", json_new_strv(r->replay));
        json_set(document, "message", json_new_string(c->dry_run ? NULL : first));
        json_set(document, "text", json_new_string(c->dry_run ? NULL : second));
        json_set(document, "warnings", c->warnings ? c->warnings : json_new_array());
        c->warnings = NULL;
        if (waits)
                json_set(document, "pending", confirm_document(c, r->revision));
        if (cli_document(c, document) != 0)
                return EXIT_FAILED;
        if (c->dry_run) {
                client_print_difference(c, r);
                if (!r->changed)
                        cli_say(c, "Nothing would change.");
                else if (!r->effects || !r->effects[0])
                        cli_say(c, "No effect on connections.");
                STRV_FOREACH (line, r->replay)
                        cli_say(c, "%s", *line);
        } else {
                if (first)
                        cli_say(c, "%s", first);
                if (second)
                        cli_say(c, "%s", second);
                if (waits)
                        confirm_tell(c, r->revision);
        }
        return c->detailed_exitcode && r->changed ? EXIT_WOULD_CHANGE : 0;
}
