/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the words that begin with a dash.
 */

#include "cli/console/options.h"

#include "rules/policy/terms.h"

#include <errno.h>
#include <strings.h>

const Option options[] = {
        { "dry-run", '\0', NULL, offsetof(Cli, dry_run), "say what would change, change nothing" },
        { "json", '\0', NULL, offsetof(Cli, json), "print one JSON document" },
        { "quiet", 'q', NULL, offsetof(Cli, quiet), "print nothing but what was asked for" },
        { "force", 'f', NULL, offsetof(Cli, force), "do not ask" },
        { "host", 'H', "[USER@]HOST", offsetof(Cli, host), "the p25d of another host, over ssh" },
        { "root", '\0', "DIR", offsetof(Cli, root), "read files below DIR" },
        { "policies", '\0', "DIR", offsetof(Cli, policies), "read shipped roles from DIR" },
        { "detailed-exitcode", '\0', NULL, offsetof(Cli, detailed_exitcode),
                "exit with 2 if something changed" },
        { "strict", '\0', NULL, offsetof(Cli, strict), "take warnings for errors" },
        { "expect", '\0', "REVISION", offsetof(Cli, expect),
                "change this revision or none (exit 7)" },
        { "confirm", '\0', "DURATION", offsetof(Cli, confirm),
                "take the change back unless confirmed in time" },
        { "reason", '\0', "TEXT", offsetof(Cli, reason), "why, for the history" },
        { "format", '\0', "FORMAT", offsetof(Cli, format), "of compile: ir, nft, iptables, json" },
        { "ipv4", '4', NULL, offsetof(Cli, ipv4), "of compile --format iptables: IPv4 alone" },
        { "ipv6", '6', NULL, offsetof(Cli, ipv6), "of compile --format iptables: IPv6 alone" },
        { "help", 'h', NULL, offsetof(Cli, help), "tell about the command, run nothing" },
        { "follow", '\0', NULL, offsetof(Cli, follow), "of events: go on" },
        { 0 },
};

static const Option *option_find(const char *name, size_t n)
{
        for (const Option *o = options; o->name; o++)
                if (strlen(o->name) == n && strncmp(o->name, name, n) == 0)
                        return o;
        return NULL;
}

static const Option *option_find_letter(char letter)
{
        for (const Option *o = options; o->name; o++)
                if (o->letter == letter)
                        return o;
        return NULL;
}

static void option_set(Cli *c, const Option *o, const char *argument)
{
        char *place = (char *)c + o->place;

        if (o->argument)
                *(const char **)(void *)place = argument;
        else
                *(bool *)(void *)place = true;
}

/* --name, --name=argument, --name argument */
static int long_parse(Cli *c, char **argv, int *i)
{
        const char *name = argv[*i] + 2, *equals = strchr(name, '=');
        const Option *o = option_find(name, equals ? (size_t)(equals - name) : strlen(name));

        if (!o)
                return cli_fail(c, EXIT_BAD_INPUT, "there is no option %s", argv[*i]);
        if (!o->argument && equals)
                return cli_fail(c, EXIT_BAD_INPUT, "--%s takes no argument", o->name);
        if (o->argument && !equals && !argv[*i + 1])
                return cli_fail(
                        c, EXIT_BAD_INPUT, "--%s needs an argument: %s", o->name, o->argument);
        if (o->argument && !equals)
                (*i)++;
        option_set(c, o, equals ? equals + 1 : argv[*i]);
        return 0;
}

/* -qf, -Hhost, -H host */
static int short_parse(Cli *c, char **argv, int *i)
{
        for (const char *letter = argv[*i] + 1; *letter; letter++) {
                const Option *o = option_find_letter(*letter);

                if (!o)
                        return cli_fail(c, EXIT_BAD_INPUT, "there is no option %s", argv[*i]);
                if (!o->argument) {
                        option_set(c, o, NULL);
                        continue;
                }
                if (!letter[1] && !argv[*i + 1])
                        return cli_fail(c, EXIT_BAD_INPUT, "-%c needs an argument: %s", o->letter,
                                o->argument);
                option_set(c, o, letter[1] ? letter + 1 : argv[++*i]);
                break;
        }
        return 0;
}

/* A number that is negative by mistake is a word: its command says what is wrong with it. */
static bool is_option(const char *word)
{
        if (word[0] != '-' || !word[1])
                return false;
        return streq(word, "-4") || streq(word, "-6") || word[1] < '0' || word[1] > '9';
}

/* [USER@]HOST[:PORT], as the bus library reads it; no option, and no word for a shell over there.
 */
static int host_check(Cli *c)
{
        static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                      "0123456789._-@:[]/%+\\~";
        const char *at = strrchr(c->host, '@'), *name = at ? at + 1 : c->host;
        const char *colon = strchr(name, ':');

        if (c->host[strspn(c->host, letters)] || c->host[0] == '-' || !name[0] || name[0] == '-')
                return cli_fail(c, EXIT_BAD_INPUT, "--host %s: a host is [USER@]HOST[:PORT]",
                        c->host[0] ? c->host : "''");
        if (name[0] != '[' && colon && strchr(colon + 1, ':'))
                return cli_fail(c, EXIT_BAD_INPUT,
                        "--host %s: an IPv6 address stands in brackets: %.*s[%s]", c->host,
                        (int)(name - c->host), c->host, name);
        return 0;
}

static int options_check(Cli *c)
{
        uint64_t seconds = 0;
        char *end;

        if (c->confirm && duration_parse(c->confirm, &seconds) < 0)
                return cli_fail(c, EXIT_BAD_INPUT,
                        "--confirm %s: a duration is 90s, 10m, 2h or 7d, up to 366 days",
                        c->confirm);
        c->confirm_seconds = (uint32_t)seconds;
        if (c->expect) {
                errno = 0;
                c->expected_revision = strtoull(c->expect, &end, 10);
                if (errno != 0 || *end || *c->expect < '0' || *c->expect > '9')
                        return cli_fail(c, EXIT_BAD_INPUT, "--expect %s: a revision is a number",
                                c->expect);
        }
        if (c->reason && !comment_is_valid(c->reason))
                return cli_fail(c, EXIT_BAD_INPUT,
                        "--reason: at most %d bytes of UTF-8 without control characters",
                        COMMENT_MAX);
        return c->host ? host_check(c) : 0;
}

int options_parse(Cli *c, int argc, char **argv, char ***ret_words)
{
        _cleanup_free_ char **words = calloc((size_t)argc + 1, sizeof(char *));
        bool options_end = false;
        size_t n = 0;
        int status = 0;

        if (!words)
                return cli_fail_errno(c, -ENOMEM, "options");
        for (int i = 1; status == 0 && i < argc; i++) {
                bool text = n > 0 && strcasecmp(words[n - 1], "comment") == 0;

                if (options_end || text || !is_option(argv[i]))
                        words[n++] = argv[i];
                else if (streq(argv[i], "--"))
                        options_end = true;
                else
                        status = argv[i][1] == '-' ? long_parse(c, argv, &i)
                                                   : short_parse(c, argv, &i);
        }
        if (status == 0)
                status = options_check(c);
        if (status == 0)
                *ret_words = TAKE_PTR(words);
        return status;
}
