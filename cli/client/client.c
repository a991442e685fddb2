/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the connection to p25d and the exit status of its failures.
 */

#include "cli/client/client.h"

#include "cli/client/remote.h"
#include "cli/console/printable.h"
#include "daemon/api/api.h"
#include "daemon/api/errors.h"
#include "rules/report/report.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A daemon that does not answer for so long counts as unreachable; a set of millions takes
 * seconds. */
#define CALL_TIMEOUT_USEC (120ull * 1000000)

#define BUS_FREEDESKTOP "org.freedesktop.DBus.Error."

/* Errors of the bus when p25d could not be started; each continues with details. */
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
        /* errors of the bus itself; those of p25d are in daemon/api/errors.c */
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

/* A socket of p25d's own, which only root can open. */
static int direct_connect(const Cli *c)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        const char *root = c->root && !streq(c->root, "/") ? c->root : "";
        int fd, n = snprintf(address.sun_path, sizeof(address.sun_path),
                        "%s/run/p25/" DIRECT_SOCKET, root);

        if ((size_t)n >= sizeof(address.sun_path))
                return -ENAMETOOLONG;
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return -errno;
        if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
                int r = -errno;

                close(fd);
                return r;
        }
        return fd;
}

/* Root need not wait behind everybody else on the bus. 0 or negative errno. */
static int direct_open(Cli *c)
{
        _cleanup_(sd_bus_unrefp) sd_bus *bus = NULL;
        int fd = direct_connect(c), r;

        if (fd < 0)
                return fd;
        r = sd_bus_new(&bus);
        if (r >= 0)
                r = sd_bus_set_fd(bus, fd, fd);
        if (r < 0) {
                close(fd);
                return r;
        }
        if ((r = sd_bus_negotiate_fds(bus, true)) < 0 || (r = sd_bus_start(bus)) < 0)
                return r;
        c->bus = TAKE_PTR(bus);
        return 0;
}

/* 0 or negative errno */
static int bus_open(Cli *c)
{
        const char *chosen = getenv("DBUS_SYSTEM_BUS_ADDRESS");
        int r = -ENOTCONN;

        if (c->bus)
                return 0;
        if (c->host)
                r = remote_open(c->host, &c->bus);
        else if (geteuid() == 0 && !(chosen && *chosen))
                r = direct_open(c);
        /* the bus starts a p25d that does not run */
        if (r < 0 && !c->host)
                r = sd_bus_open_system(&c->bus);
        if (r < 0)
                return r;
        sd_bus_set_method_call_timeout(c->bus, CALL_TIMEOUT_USEC);
        sd_bus_set_allow_interactive_authorization(c->bus, true);
        return 0;
}

/* ssh has printed its own error. */
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

static int active_read(Cli *c, sd_bus_error *error, bool *ret)
{
        int active, r = sd_bus_get_property_trivial(c->bus, BUS_NAME, BUS_PATH, BUS_INTERFACE,
                            "Active", error, 'b', &active);

        if (r >= 0)
                *ret = active;
        return r;
}

bool client_is_reachable(Cli *c)
{
        bool active;

        return bus_open(c) >= 0 && active_read(c, NULL, &active) >= 0;
}

bool client_is_active(Cli *c, bool otherwise)
{
        bool active = otherwise;

        if (bus_open(c) >= 0)
                (void)active_read(c, NULL, &active);
        return active;
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
        if (r >= 0 && c->no_start)
                r = sd_bus_message_set_auto_start(*ret, false);
        return r < 0 ? client_fail_message(c, r) : 0;
}

int client_message_va(
        Cli *c, const char *method, const char *types, va_list arguments, sd_bus_message **ret)
{
        int status = client_message(c, method, ret), r;

        if (status != 0 || !types)
                return status;
        r = sd_bus_message_appendv(*ret, types, arguments);
        return r < 0 ? client_fail_message(c, r) : 0;
}

/* sudo on this host gives no rights on another. */
static int fail_told(Cli *c, int status, const char *message)
{
        static const char hint[] = " (try with sudo)";
        const char *found = c->host ? strstr(message, hint) : NULL;
        const char *at = found ? strchr(c->host, '@') : NULL;

        if (!found)
                return cli_fail(c, status, "%s", message);
        return cli_fail(c, status, "%.*s (try -H root@%s)%s", (int)(found - message), message,
                at ? at + 1 : c->host, found + strlen(hint));
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
        return fail_told(c, status, error->message ? error->message : error->name);
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

static int ask_va(Cli *c, const char *method, const char *types, va_list arguments,
        sd_bus_message **ret_reply)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int status = client_message_va(c, method, types, arguments, &m);

        return status != 0 ? status : client_call(c, m, ret_reply);
}

int client_ask_with(Cli *c, const char *method, sd_bus_message **ret_reply, const char *types, ...)
{
        va_list ap;
        int status;

        va_start(ap, types);
        status = ask_va(c, method, types, ap, ret_reply);
        va_end(ap);
        return status;
}

int client_ask_list(Cli *c, const char *method, Json **ret, const char *types, ...)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        va_list ap;
        int status, r;

        va_start(ap, types);
        status = ask_va(c, method, types, ap, &reply);
        va_end(ap);
        if (status != 0)
                return status;
        r = client_read_dicts(reply, ret);
        return r < 0 ? client_fail_message(c, r) : 0;
}

int client_ask(Cli *c, const char *method, const char *argument, sd_bus_message **ret_reply)
{
        return client_ask_with(c, method, ret_reply, argument ? "s" : NULL, argument);
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

/* ---- reading ---- */

int client_get_active(Cli *c, bool *ret)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        int status, r;

        status = client_open(c);
        if (status != 0)
                return status;
        r = active_read(c, &error, ret);
        return r < 0 ? client_fail(c, &error, r) : 0;
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

int client_parse_report(Cli *c, const char *json, Report *ret)
{
        _cleanup_free_ char *text = strdup(json);
        int r;

        if (!text)
                return cli_fail_errno(c, -ENOMEM, "status");
        printable_json(text);
        r = report_parse(text, ret);
        return r < 0 ? client_fail_message(c, r == -EINVAL ? -EBADMSG : r) : 0;
}

int client_get_report(Cli *c, Report *ret)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *json;
        int status = client_get_report_text(c, &reply, &json);

        return status != 0 ? status : client_parse_report(c, json, ret);
}
