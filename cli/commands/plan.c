/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns `plan`: the changes that a reload would make.
 */

#include "cli/client/change.h"
#include "cli/commands/commands.h"
#include "cli/offline/offline.h"

static int daemon_plan(Cli *c, const char *path, const char *text)
{
        _cleanup_change_reply_ ChangeReply reply = { 0 };
        int status = client_plan_reload(c, text, path, &reply);

        return status != 0 ? status : client_tell_change(c, &reply, NULL, NULL);
}

int command_plan(Cli *c, _unused_ const Verb *v, char **args, size_t n)
{
        _cleanup_free_ char *text = NULL;
        int status;

        c->dry_run = true; /* is all that it does */
        status = n > 0 ? offline_read_text(c, args[0], &text) : 0;
        if (status != 0)
                return status;
        return c->root ? offline_plan(c, args[0], text) : daemon_plan(c, args[0], text);
}
