/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the connection to p25d, and what its failures mean for the exit status.
 */

#include "cli/client/client.h"

#include "daemon/api/errors.h"

#include <errno.h>

/* A daemon that says nothing for so long is as good as none; a set of millions takes seconds. */
#define CALL_TIMEOUT_USEC (120ull * 1000000)

#define BUS_FREEDESKTOP "org.freedesktop.DBus.Error."

/* What the bus says when it could not have p25d started, each with more behind it. */
static bool is_failed_start(const char *name)
{
        static const char *const families[] = { BUS_FREEDESKTOP "Spawn.",
                "org.freedesktop.systemd1." };

        for (size_t i = 0; i < ELEMENTS(families); i++)
                if (strncmp(name, families[i], strlen(families[i])) == 0)
                        return true;
        return false;
}

int client_error_status(const char *name)
{
        /* what the bus itself says; the daemon's own errors are in daemon/errors.c */
        static const struct {
                const char *name;
                int status;
        } errors[] = {
                { BUS_FREEDESKTOP "InteractiveAuthorizationRequired", EXIT_NOT_AUTHORISED },
                { BUS_FREEDESKTOP "AuthFailed", EXIT_NOT_AUTHORISED },
                { BUS_FREEDESKTOP "ServiceUnknown", EXIT_NOT_REACHABLE },
                { BUS_FREEDESKTOP "NameHasNoOwner", EXIT_NOT_REACHABLE },
                { BUS_FREEDESKTOP "UnknownObject", EXIT_NOT_REACHABLE },
                { BUS_FREEDESKTOP "NoReply", EXIT_NOT_REACHABLE },
                { BUS_FREEDESKTOP "Timeout", EXIT_NOT_REACHABLE },
                { BUS_FREEDESKTOP "TimedOut", EXIT_NOT_REACHABLE },
                { BUS_FREEDESKTOP "NoServer", EXIT_NOT_REACHABLE },
                { BUS_FREEDESKTOP "Disconnected", EXIT_NOT_REACHABLE },
                /* what the bus library makes of an errno: ssh went, or there was none */
                { "System.Error.ENOTCONN", EXIT_NOT_REACHABLE },
                { "System.Error.ECONNRESET", EXIT_NOT_REACHABLE },
                { "System.Error.EPIPE", EXIT_NOT_REACHABLE },
                { "System.Error.ETIMEDOUT", EXIT_NOT_REACHABLE },
        };

        for (size_t i = 0; i < ELEMENTS(errors); i++)
                if (streq(errors[i].name, name))
                        return errors[i].status;
        if (is_failed_start(name))
                return EXIT_NOT_REACHABLE;
        return error_kind_to_exit_status(error_kind_from_bus_name(name));
}

/* 0 or negative errno */
static int bus_open(Cli *c)
{
        int r;

        if (c->bus)
                return 0;
        r = c->host ? sd_bus_open_system_remote(&c->bus, c->host) : sd_bus_open_system(&c->bus);
        if (r < 0)
                return r;
        sd_bus_set_method_call_timeout(c->bus, CALL_TIMEOUT_USEC);
        sd_bus_set_allow_interactive_authorization(c->bus, true);
        return 0;
}

/* What went wrong ssh has said on its own, and best. */
static int fail_remote(Cli *c, const char *why)
{
        return cli_fail(c, EXIT_NOT_REACHABLE,
                "p25d is not reachable: ssh to %s failed, or systemd-stdio-bridge there (%s)",
                c->host, why);
}

static int client_open(Cli *c)
{
        int r = bus_open(c);

        if (r >= 0)
                return 0;
        if (c->host)
                return fail_remote(c, strerror(-r));
        return cli_fail(
                c, EXIT_NOT_REACHABLE, "p25d is not reachable: system bus: %s", strerror(-r));
}

bool client_is_reachable(Cli *c)
{
        int active;

        return bus_open(c) >= 0 && sd_bus_get_property_trivial(c->bus, BUS_NAME, BUS_PATH,
                                           BUS_INTERFACE, "Active", NULL, 'b', &active) >= 0;
}

int client_fail_message(Cli *c, int r)
{
        if (r == -EBADMSG || r == -ENXIO)
                return cli_fail(c, EXIT_FAILED, "p25d answered in a way that is not understood");
        /* how the bus library says that a string is not UTF-8 */
        if (r == -EINVAL)
                return cli_fail(c, EXIT_BAD_INPUT, "an argument is not UTF-8");
        return cli_fail_errno(c, r, "message to p25d");
}

int client_check_descriptors(Cli *c)
{
        int status = client_open(c), r;

        if (status != 0)
                return status;
        r = sd_bus_can_send(c->bus, 'h');
        if (r > 0)
                return 0;
        if (r == 0 && c->host)
                return cli_fail(c, EXIT_FAILED,
                        "a set does not pass through ssh like this: run 'ssh %s p25ctl set …', "
                        "with '-' for the file",
                        c->host);
        return cli_fail(c, EXIT_NOT_REACHABLE, "p25d is not reachable: %s",
                r < 0 ? strerror(-r) : "the bus passes no descriptors");
}

int client_message(Cli *c, const char *method, sd_bus_message **ret)
{
        int status, r;

        status = client_open(c);
        if (status != 0)
                return status;
        r = sd_bus_message_new_method_call(c->bus, ret, BUS_NAME, BUS_PATH, BUS_INTERFACE, method);
        return r < 0 ? client_fail_message(c, r) : 0;
}

int client_fail(Cli *c, const sd_bus_error *error, int r)
{
        int status;

        if (!sd_bus_error_is_set(error)) {
                if (c->host && (r == -ECONNRESET || r == -ENOTCONN || r == -ETIMEDOUT))
                        return fail_remote(c, strerror(-r));
                if (r == -ECONNRESET || r == -ENOTCONN || r == -ETIMEDOUT)
                        return cli_fail(
                                c, EXIT_NOT_REACHABLE, "p25d is not reachable: %s", strerror(-r));
                return client_fail_message(c, r);
        }
        status = client_error_status(error->name);
        if (c->host && strncmp(error->name, "System.Error.", strlen("System.Error.")) == 0)
                return fail_remote(c, error->message ? error->message : error->name);
        if (status == EXIT_NOT_REACHABLE)
                return cli_fail(c, status,
                        "p25d is not reachable: is the service running%s%s? (%s)",
                        c->host ? " on " : "", c->host ? c->host : "",
                        error->message ? error->message : error->name);
        return cli_fail(c, status, "%s", error->message ? error->message : error->name);
}

int client_try(Cli *c, sd_bus_message *m, sd_bus_error *ret_error, sd_bus_message **ret_reply)
{
        int r = sd_bus_call(c->bus, m, 0, ret_error, ret_reply);

        return r < 0 ? r : 0;
}

int client_call(Cli *c, sd_bus_message *m, sd_bus_message **ret_reply)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        int r = client_try(c, m, &error, ret_reply);

        return r < 0 ? client_fail(c, &error, r) : 0;
}

int client_ask(Cli *c, const char *method, const char *argument, sd_bus_message **ret_reply)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int status, r;

        status = client_message(c, method, &m);
        if (status != 0)
                return status;
        r = argument ? sd_bus_message_append_basic(m, 's', argument) : 0;
        return r < 0 ? client_fail_message(c, r) : client_call(c, m, ret_reply);
}

int client_ask_text(Cli *c, const char *method, const char *argument, char **ret)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *text;
        int status, r;

        status = client_ask(c, method, argument, &reply);
        if (status != 0)
                return status;
        r = sd_bus_message_read_basic(reply, 's', &text);
        if (r < 0)
                return client_fail_message(c, r);
        *ret = strdup(text);
        return *ret ? 0 : cli_fail_errno(c, -ENOMEM, method);
}

/* ---- changes ---- */

static int options_append(Cli *c, sd_bus_message *m, uint32_t position, bool dry_run)
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
        if (r >= 0 && position > 0)
                r = sd_bus_message_append(m, "{sv}", "position", "u", position);
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

/* What stands behind the name in a message "NAME:LINE: …"; NULL: it is another message. */
static const char *behind_name(const char *message, const Source *s)
{
        size_t n = s->name ? strlen(s->name) : 0;

        if (n == 0 || strncmp(message, s->name, n) != 0 || message[n] != ':' ||
                message[n + 1] < '0' || message[n + 1] > '9')
                return NULL;
        return message + n;
}

/* Warnings are the last lines. As errors if they are to be, else as what they are. */
static int warnings_tell(Cli *c, char *const *lines, const Source *s, bool as_errors)
{
        int status = 0;

        for (; lines && *lines; lines++) {
                const char *text = *lines + strlen(BUS_WARNING), *tail;

                if (strncmp(*lines, BUS_WARNING, strlen(BUS_WARNING)) != 0)
                        continue;
                tail = behind_name(text, s);
                if (as_errors)
                        status = cli_fail(
                                c, EXIT_BAD_INPUT, "%s%s", tail ? s->file : "", tail ? tail : text);
                else
                        cli_warn(c, "%s%s", tail ? s->file : "", tail ? tail : text);
        }
        return status;
}

/* Would it bring warnings? What else is wrong with it, the change itself is told. */
static int strict_try(Cli *c, sd_bus_message *m, const Source *s, uint32_t position)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *try = NULL, *reply = NULL;
        _cleanup_strv_ char **lines = NULL;
        int status, r;

        status = message_copy(c, m, &try);
        if (status == 0)
                status = options_append(c, try, position, true);
        if (status != 0 || client_try(c, try, &error, &reply) < 0)
                return status;
        r = sd_bus_message_skip(reply, "bt");
        if (r >= 0)
                r = sd_bus_message_read_strv(reply, &lines);
        return r < 0 ? client_fail_message(c, r) : warnings_tell(c, lines, s, true);
}

static int append_options(Cli *c, sd_bus_message **m, const Source *s, uint32_t position)
{
        sd_bus_message *again = NULL;
        int status, r;

        /* what comes through a descriptor can be read once, and is looked at before */
        if (!c->strict || c->dry_run || strchr(sd_bus_message_get_signature(*m, 1), 'h'))
                return options_append(c, *m, position, c->dry_run);
        r = sd_bus_message_seal(*m, 1, 0);
        if (r < 0)
                return client_fail_message(c, r);
        status = strict_try(c, *m, s, position);
        if (status == 0)
                status = message_copy(c, *m, &again);
        if (status == 0)
                status = options_append(c, again, position, false);
        if (status != 0) {
                sd_bus_message_unref(again);
                return status;
        }
        sd_bus_message_unref(*m);
        *m = again;
        return 0;
}

int client_append_options(Cli *c, sd_bus_message **m, uint32_t position)
{
        return append_options(c, m, &(Source){ 0 }, position);
}

void change_reply_deinit(ChangeReply *r)
{
        strv_free(r->diff);
        *r = (ChangeReply){ 0 };
}

/* Warnings go to stderr; what is left are the lines about policy and packets. */
static int warnings_take(Cli *c, char **lines, const Source *s)
{
        int status = warnings_tell(c, lines, s, c->strict && c->dry_run);

        while (lines && *lines && strncmp(*lines, BUS_WARNING, strlen(BUS_WARNING)) != 0)
                lines++;
        for (; status == 0 && lines && *lines; lines++)
                free(TAKE_PTR(*lines));
        return status;
}

static int change_read(Cli *c, sd_bus_message *reply, const Source *s, ChangeReply *ret)
{
        int r, changed;

        r = sd_bus_message_read(reply, "bt", &changed, &ret->revision);
        if (r >= 0)
                r = sd_bus_message_read_strv(reply, &ret->diff);
        if (r < 0)
                return client_fail_message(c, r);
        ret->changed = changed;
        return warnings_take(c, ret->diff, s);
}

int client_change_read(Cli *c, sd_bus_message *reply, ChangeReply *ret)
{
        return change_read(c, reply, &(Source){ 0 }, ret);
}

int client_change(Cli *c, sd_bus_message **m, ChangeReply *ret)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int status;

        status = client_append_options(c, m, 0);
        if (status == 0)
                status = client_call(c, *m, &reply);
        return status != 0 ? status : client_change_read(c, reply, ret);
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

        status = append_options(c, m, &source, 0);
        if (status != 0)
                return status;
        r = client_try(c, *m, &error, &reply);
        return r < 0 ? fail_in_file(c, &error, r, &source) : change_read(c, reply, &source, ret);
}

int client_plan(Cli *c, sd_bus_message *m, const char *name, const char *file, ChangeReply *ret)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const Source source = { name, file };
        int changed = 0, r;

        r = client_try(c, m, &error, &reply);
        if (r < 0)
                return fail_in_file(c, &error, r, &source);
        r = sd_bus_message_read_basic(reply, 'b', &changed);
        if (r >= 0)
                r = sd_bus_message_read_strv(reply, &ret->diff);
        if (r >= 0)
                r = sd_bus_message_read_basic(reply, 't', &ret->revision);
        if (r < 0)
                return client_fail_message(c, r);
        ret->changed = changed;
        return warnings_take(c, ret->diff, &source);
}

/* Is there a line about packets, behind those about the policy? */
static bool changes_traffic(const ChangeReply *r)
{
        STRV_FOREACH (line, r->diff)
                if (**line != '+' && **line != '-')
                        return true;
        return false;
}

int client_tell_change(Cli *c, const ChangeReply *r, const char *first, const char *second)
{
        bool waits = c->confirm && r->changed && !c->dry_run;
        Json *document = json_new_object();

        json_set(document, "changed", json_new_bool(r->changed));
        json_set(document, "dry_run", json_new_bool(c->dry_run));
        json_set(document, "revision", json_new_integer((int64_t)r->revision));
        json_set(document, "diff", json_new_strv(r->diff));
        json_set(document, "message", json_new_string(c->dry_run ? NULL : first));
        json_set(document, "text", json_new_string(c->dry_run ? NULL : second));
        json_set(document, "warnings", c->warnings ? c->warnings : json_new_array());
        c->warnings = NULL;
        if (waits)
                json_set(document, "pending", confirm_document(c, r->revision));
        if (cli_document(c, document) != 0)
                return EXIT_FAILED;
        if (c->dry_run) {
                STRV_FOREACH (line, r->diff)
                        cli_say(c, "%s", *line);
                if (!r->changed)
                        cli_say(c, "Nothing would change.");
                else if (!changes_traffic(r))
                        cli_say(c, "No connection would be treated differently.");
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

/* ---- reading ---- */

int client_get_active(Cli *c, bool *ret)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        int status, r, active;

        status = client_open(c);
        if (status != 0)
                return status;
        r = sd_bus_get_property_trivial(
                c->bus, BUS_NAME, BUS_PATH, BUS_INTERFACE, "Active", &error, 'b', &active);
        if (r < 0)
                return client_fail(c, &error, r);
        *ret = active;
        return 0;
}

int client_get_string(Cli *c, const char *property, char **ret)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        int status, r;

        status = client_open(c);
        if (status != 0)
                return status;
        r = sd_bus_get_property_string(
                c->bus, BUS_NAME, BUS_PATH, BUS_INTERFACE, property, &error, ret);
        return r < 0 ? client_fail(c, &error, r) : 0;
}

int client_get_strings(Cli *c, const char *property, char ***ret)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        int status, r;

        status = client_open(c);
        if (status != 0)
                return status;
        r = sd_bus_get_property_strv(
                c->bus, BUS_NAME, BUS_PATH, BUS_INTERFACE, property, &error, ret);
        return r < 0 ? client_fail(c, &error, r) : 0;
}

int client_get_report_text(Cli *c, sd_bus_message **ret_reply, const char **ret_json)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int status, r;

        status = client_ask(c, "Describe", NULL, &reply);
        if (status != 0)
                return status;
        r = sd_bus_message_read(reply, "s", ret_json);
        if (r < 0)
                return client_fail_message(c, r);
        *ret_reply = TAKE_PTR(reply);
        return 0;
}

int client_get_report(Cli *c, Report *ret)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *json;
        int status, r;

        status = client_get_report_text(c, &reply, &json);
        if (status != 0)
                return status;
        r = report_parse(json, ret);
        return r < 0 ? client_fail_message(c, r == -EINVAL ? -EBADMSG : r) : 0;
}
