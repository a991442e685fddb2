/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns `plan`: what would a reload change?
 */

#include "cli/client/change.h"
#include "cli/client/client.h"
#include "cli/commands/commands.h"
#include "cli/offline/offline.h"

#include <errno.h>
#include <unistd.h>

/* What p25d calls the text that it is sent. */
#define TEXT_NAME "p25.conf"

static int text_read(Cli *c, const char *path, char **ret)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_free_ char *text = NULL;
        size_t length;
        int status, r;

        r = streq(path, "-")
                    ? host_read_descriptor(STDIN_FILENO, path, POLICY_TEXT_MAX, &d, &text, &length)
                    : host_read_file(path, POLICY_TEXT_MAX, &d, &text, &length);
        status = cli_tell_diagnostics(c, &d);
        if (r < 0)
                return status != 0 ? status
                                   : cli_fail(c, EXIT_BAD_INPUT, "%s: %s", path, strerror(-r));
        if (strlen(text) != length)
                return cli_fail(c, EXIT_BAD_INPUT, "%s: the text holds a NUL byte", path);
        *ret = TAKE_PTR(text);
        return 0;
}

/* The text, not the name: p25d opens no file that somebody names. */
static int daemon_plan(Cli *c, const char *path, const char *text)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        _cleanup_change_reply_ ChangeReply reply = { 0 };
        int status, r;

        status = client_message(c, "DescribeReload", &m);
        if (status != 0)
                return status;
        r = text ? sd_bus_message_append(m, "a{sv}", 1, "text", "s", text)
                 : sd_bus_message_append(m, "a{sv}", 0);
        if (r == -EINVAL)
                return cli_fail(c, EXIT_BAD_INPUT, "%s: the text is not UTF-8", path);
        if (r < 0)
                return client_fail_message(c, r);
        status = client_plan(c, m, text ? TEXT_NAME : NULL, path, &reply);
        return status != 0 ? status : client_tell_change(c, &reply, NULL, NULL);
}

int command_plan(Cli *c, const Verb *v, char **args, size_t n)
{
        _cleanup_free_ char *text = NULL;
        int status;

        (void)v;
        c->dry_run = true; /* is all that it does */
        status = n > 0 ? text_read(c, args[0], &text) : 0;
        if (status != 0)
                return status;
        return c->root ? offline_plan(c, args[0], text) : daemon_plan(c, args[0], text);
}
