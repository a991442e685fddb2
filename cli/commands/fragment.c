/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns `fragment …`.
 */

#include "cli/client/change.h"
#include "cli/client/client.h"
#include "cli/commands/commands.h"
#include "cli/offline/offline.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static int name_check(Cli *c, const char *name)
{
        char shown[TEXT_SHOWN_MAX];

        if (name_is_valid(name))
                return 0;
        return cli_fail(c, EXIT_BAD_INPUT,
                "'%s' is not a valid fragment name: 1 to %d of A-Z a-z 0-9 . _ -",
                text_show(name, shown), NAME_MAX_LENGTH);
}

int command_fragment_list(Cli *c, const Verb *v, char **args, size_t n)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(json_free_p) Json *fragments = NULL;
        int status, r;

        (void)v, (void)args, (void)n;
        status = client_ask(c, "ListFragments", NULL, &reply);
        if (status != 0)
                return status;
        r = client_read_dicts(reply, &fragments);
        if (r < 0)
                return client_fail_message(c, r);
        for (size_t i = 0; i < json_array_length(fragments); i++) {
                const Json *f = json_array_item(fragments, i);

                cli_say(c, "%-24s %6lld rules  %s", json_get_string(f, "name"),
                        (long long)json_get_integer(f, "rules"), json_get_string(f, "source"));
        }
        return cli_document(c, TAKE_PTR(fragments));
}

int command_fragment_show(Cli *c, const Verb *v, char **args, size_t n)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *text;
        Json *document;
        int status, r;

        (void)v, (void)n;
        status = name_check(c, args[0]);
        if (status == 0)
                status = client_ask(c, "GetFragment", args[0], &reply);
        if (status != 0)
                return status;
        r = sd_bus_message_read_basic(reply, 's', &text);
        if (r < 0)
                return client_fail_message(c, r);
        document = json_new_object();
        json_set(document, "name", json_new_string(args[0]));
        json_set(document, "text", json_new_string(text));
        return cli_text(c, text, document);
}

/* file: where the text is from; NULL: nowhere */
static int fragment_put(
        Cli *c, const char *name, const char *text, const char *file, ChangeReply *ret)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int status, r;

        status = client_message(c, "PutFragment", &m);
        if (status != 0)
                return status;
        r = sd_bus_message_append(m, "ss", name, text);
        if (r == -EINVAL)
                return cli_fail(c, EXIT_BAD_INPUT, "fragment %s: the text is not UTF-8", name);
        if (r < 0)
                return client_fail_message(c, r);
        return client_change_file(c, &m, name, file ? file : name, ret);
}

/* An empty text means "remove" on the bus: an empty file must not. */
int command_fragment_put(Cli *c, const Verb *v, char **args, size_t n)
{
        _cleanup_change_reply_ ChangeReply reply = { 0 };
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_free_ char *text = NULL;
        char first[NAME_MAX_LENGTH + 64];
        size_t length;
        int status, r;

        (void)v, (void)n;
        status = name_check(c, args[0]);
        if (status != 0)
                return status;
        if (streq(args[1], "-"))
                r = host_read_descriptor(
                        STDIN_FILENO, args[1], POLICY_TEXT_MAX, &d, &text, &length);
        else
                r = host_read_file(args[1], POLICY_TEXT_MAX, &d, &text, &length);
        status = cli_tell_diagnostics(c, &d);
        if (r < 0)
                return status != 0 ? status
                                   : cli_fail(c, EXIT_BAD_INPUT, "%s: %s", args[1], strerror(-r));
        if (strlen(text) != length)
                return cli_fail(c, EXIT_BAD_INPUT, "%s: the text holds a NUL byte", args[1]);
        status = fragment_put(c, args[0], length > 0 ? text : "\n", args[1], &reply);
        if (status != 0)
                return status;
        snprintf(first, sizeof(first), "Fragment %s %s", args[0],
                reply.changed ? "put" : "says this already");
        return client_tell_change(c, &reply, first, NULL);
}

int command_fragment_drop(Cli *c, const Verb *v, char **args, size_t n)
{
        _cleanup_change_reply_ ChangeReply reply = { 0 };
        char first[NAME_MAX_LENGTH + 64];
        int status;

        (void)v, (void)n;
        status = name_check(c, args[0]);
        if (status == 0)
                status = fragment_put(c, args[0], "", NULL, &reply);
        if (status != 0)
                return status;
        if (!reply.changed)
                return cli_fail(c, EXIT_BAD_INPUT,
                        "no fragment %s was put: 'p25ctl fragment list' lists them", args[0]);
        snprintf(first, sizeof(first), "Fragment %s dropped", args[0]);
        return client_tell_change(c, &reply, first, NULL);
}
