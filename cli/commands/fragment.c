/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns `fragment …`.
 */

#include "cli/client/change.h"
#include "cli/client/client.h"
#include "cli/commands/commands.h"
#include "cli/offline/offline.h"
#include "daemon/api/api.h"
#include "rules/base/json.h"

#include <stdio.h>

int command_fragment_list(Cli *c, const Verb *v, char **args, size_t n)
{
        _cleanup_(json_free_p) Json *fragments = NULL;
        int status;

        (void)v, (void)args, (void)n;
        status = client_ask_list(c, "ListFragments", &fragments, NULL);
        if (status != 0)
                return status;
        for (size_t i = 0; i < json_array_length(fragments); i++) {
                const Json *f = json_array_item(fragments, i);
                int64_t rules = json_get_integer(f, "rules");

                cli_say(c, "%-24s %6lld %-5s  %s", json_get_string(f, "name"), (long long)rules,
                        rules == 1 ? "rule" : "rules", json_get_string(f, "source"));
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
        status = cli_check_name(c, "fragment", args[0]);
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

/* An empty text means "remove" on the bus: an empty file must not. */
int command_fragment_put(Cli *c, const Verb *v, char **args, size_t n)
{
        _cleanup_change_reply_ ChangeReply reply = { 0 };
        _cleanup_free_ char *text = NULL;
        char first[NAME_MAX_LENGTH + 64];
        int status;

        (void)v, (void)n;
        status = cli_check_name(c, "fragment", args[0]);
        if (status != 0)
                return status;
        status = offline_read_text(c, args[1], &text);
        if (status != 0)
                return status;
        status = client_put_fragment(c, args[0], text[0] ? text : "\n", args[1], &reply);
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
        status = cli_check_name(c, "fragment", args[0]);
        if (status == 0)
                status = client_put_fragment(c, args[0], "", NULL, &reply);
        if (status != 0)
                return status;
        if (!reply.changed)
                return cli_fail(c, EXIT_BAD_INPUT,
                        "no fragment %s was put: 'p25ctl fragment list' lists them", args[0]);
        snprintf(first, sizeof(first), "Fragment %s dropped", args[0]);
        return client_tell_change(c, &reply, first, NULL);
}
