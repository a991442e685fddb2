/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns `role suggest`: looks at sockets, interfaces and accounts, and prints what
 * cli/survey/suggest.c makes of them. Changes nothing, and needs no p25d.
 */

#include "cli/survey/suggest.h"
#include "cli/commands/commands.h"
#include "cli/survey/listening.h"
#include "rules/base/buffer.h"
#include "rules/base/json.h"
#include "rules/base/strv.h"
#include "rules/base/text.h"
#include "rules/policy/ports.h"

#include <errno.h>
#include <stdio.h>

enum { PORT_SMTP = 25, PORT_SUBMISSIONS = 465, PORT_SUBMISSION = 587 };

#define UID_PEOPLE_MIN 1000
#define UID_PEOPLE_MAX 59999

/* ---- looking ---- */

static int name_set(char **place, const Listener *l)
{
        if (*place)
                return 0;
        if (text_printf(place, "%s (user %s)", l->process ? l->process : "a process", l->user) < 0)
                return -ENOMEM;
        return 0;
}

static int listeners_look(HostFacts *f)
{
        Listeners list = { 0 };
        int r = listeners_read(&mail_ports_default, &list);

        for (size_t i = 0; r >= 0 && i < list.n; i++) {
                const Listener *l = &list.items[i];

                if (l->port == PORT_SMTP)
                        r = name_set(l->loopback ? &f->local_listener : &f->smtp_listener, l);
                else if (!l->loopback &&
                         (l->port == PORT_SUBMISSION || l->port == PORT_SUBMISSIONS))
                        r = name_set(&f->submission_listener, l);
        }
        listeners_deinit(&list);
        return r;
}

static int connections_look(HostFacts *f)
{
        Connections list = { 0 };
        int r = connections_read(PORT_SMTP, &list);

        for (size_t i = 0; r >= 0 && i < list.n; i++) {
                const Connection *c = &list.items[i];
                char text[ADDRESS_TEXT_MAX];

                if (c->incoming && address_is_private(&c->peer))
                        f->private_peers++;
                else if (c->incoming)
                        f->public_peers++;
                else if (!strv_contains(f->destinations, address_format(&c->peer, text)))
                        r = strv_append(&f->destinations, text);
        }
        connections_deinit(&list);
        return r;
}

/* "  docker0: 12345 …" of /proc/net/dev, which is of this network, as /sys may not be. */
static int bridge_look(HostFacts *f)
{
        static const char *const bridges[] = { "docker", "podman", "cni", "br-", "lxcbr", "lxdbr",
                "virbr", "vmbr" };
        FILE *file = fopen("/proc/net/dev", "re");
        char line[512], name[32];
        int r = 0;

        if (!file)
                return 0;
        while (!f->bridge && r >= 0 && fgets(line, sizeof(line), file)) {
                if (sscanf(line, " %31[^: ]:", name) != 1)
                        continue;
                for (size_t i = 0; !f->bridge && r >= 0 && i < ELEMENTS(bridges); i++)
                        if (strncmp(name, bridges[i], strlen(bridges[i])) == 0) {
                                f->bridge = strdup(name);
                                r = f->bridge ? 0 : -ENOMEM;
                        }
        }
        fclose(file);
        return r;
}

static bool forwarding_look(void)
{
        static const char *const switches[] = { "/proc/sys/net/ipv4/ip_forward",
                "/proc/sys/net/ipv6/conf/all/forwarding" };

        for (size_t i = 0; i < ELEMENTS(switches); i++) {
                FILE *f = fopen(switches[i], "re");
                bool on = f && fgetc(f) == '1';

                if (f)
                        fclose(f);
                if (on)
                        return true;
        }
        return false;
}

/* Accounts with a shell, of the file only: a directory may have thousands. */
static unsigned accounts_look(void)
{
        FILE *f = fopen("/etc/passwd", "re");
        char line[1024];
        unsigned n = 0;

        while (f && fgets(line, sizeof(line), f)) {
                const char *shell = strrchr(line, ':');
                unsigned uid;

                if (sscanf(line, "%*[^:]:%*[^:]:%u:", &uid) == 1 && uid >= UID_PEOPLE_MIN &&
                        uid <= UID_PEOPLE_MAX && shell && !strstr(shell, "nologin") &&
                        !strstr(shell, "/false"))
                        n++;
        }
        if (f)
                fclose(f);
        return n;
}

static int host_look(HostFacts *f)
{
        int r = listeners_look(f);

        if (r >= 0)
                r = connections_look(f);
        if (r >= 0)
                r = bridge_look(f);
        f->forwards = forwarding_look();
        f->accounts = accounts_look();
        return r;
}

/* ---- printing ---- */

static int suggestions_tell(Cli *c, const Suggestions *s)
{
        _cleanup_buffer_ Buffer text = { 0 }, command = { 0 };
        Json *document = json_new_object(), *roles = json_new_array();

        buffer_add_string(&command, "role set");
        for (size_t i = 0; i < s->n; i++) {
                Json *role = json_new_object();

                json_set(role, "name", json_new_string(s->items[i].role));
                json_set(role, "reason", json_new_string(s->items[i].reason));
                json_append(roles, role);
                buffer_printf(&text, "%-16s %s\n", s->items[i].role, s->items[i].reason);
                buffer_printf(&command, " %s", s->items[i].role);
        }
        buffer_printf(&text, "To see the changes: p25ctl --dry-run %s\n",
                command.failed ? "" : command.data);
        json_set(document, "roles", roles);
        json_set(document, "command", json_new_string(command.failed ? NULL : command.data));
        if (text.failed || command.failed) {
                json_free(document);
                return cli_fail_errno(c, -ENOMEM, "role suggest");
        }
        return cli_text(c, text.data, document);
}

int command_role_suggest(Cli *c, const Verb *v, char **args, size_t n)
{
        HostFacts facts = { 0 };
        Suggestions s = { 0 };
        int status, r;

        (void)v, (void)args, (void)n;
        r = host_look(&facts);
        if (r >= 0)
                r = roles_suggest(&facts, &s);
        status = r < 0 ? cli_fail_errno(c, r, "role suggest") : suggestions_tell(c, &s);
        suggestions_deinit(&s);
        host_facts_deinit(&facts);
        return status;
}
