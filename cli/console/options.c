/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the words that begin with a dash.
 */

#include "cli/console/options.h"

#include "cli/console/moment.h"
#include "daemon/api/api.h"
#include "rules/base/nearest.h"
#include "rules/base/strv.h"
#include "rules/base/text.h"
#include "rules/policy/limit.h"
#include "rules/policy/valid.h"

#include <errno.h>
#include <strings.h>
#include <time.h>

const Option options[] = {
        { "dry-run", '\0', NULL, offsetof(Cli, dry_run),
                .help = "print what would change, change nothing" },
        { "json", '\0', NULL, offsetof(Cli, json), .help = "print one JSON document" },
        { "color", '\0', "auto|always|never", offsetof(Cli, color),
                .help = "color status and top (auto: on a terminal)" },
        { "quiet", 'q', NULL, offsetof(Cli, quiet),
                .help = "print only errors, warnings and whole texts" },
        { "force", 'f', NULL, offsetof(Cli, force), .help = "assume yes" },
        { "host", 'H', "[USER@]HOST[,...]", offsetof(Cli, host),
                .help = "use the p25d of another host, or of several, over ssh" },
        { "root", '\0', "DIR", offsetof(Cli, root), .help = "read files below DIR" },
        { "policies", '\0', "DIR", offsetof(Cli, policies), .help = "read shipped roles from DIR" },
        { "detailed-exitcode", '\0', NULL, offsetof(Cli, detailed_exitcode),
                .help = "exit with 2 if something changed" },
        { "strict", '\0', NULL, offsetof(Cli, strict), .help = "treat warnings as errors" },
        { "expect", '\0', "REVISION", offsetof(Cli, expect),
                .help = "fail with 7 unless the policy is at this revision", .of_changes = true },
        { "confirm", '\0', "DURATION", offsetof(Cli, confirm),
                .help = "take the change back unless confirmed in time", .of_changes = true },
        { "reason", '\0', "TEXT", offsetof(Cli, reason), .help = "a reason, for the history",
                .of_changes = true },
        { "format", '\0', "FORMAT", offsetof(Cli, format), .help = "ir, nft, iptables or json",
                .verbs = { "compile" } },
        { "ipv4", '4', NULL, offsetof(Cli, ipv4), .help = "of --format iptables: IPv4 only",
                .verbs = { "compile" } },
        { "ipv6", '6', NULL, offsetof(Cli, ipv6), .help = "of --format iptables: IPv6 only",
                .verbs = { "compile" } },
        { "number", 'n', "N", offsetof(Cli, number),
                .help = "of history and events: the newest N only",
                .verbs = { "history", "events" } },
        { "at", '\0', "TIME", offsetof(Cli, at),
                .help = "of explain: by the policy of that time (RFC 3339, 2h, yesterday)",
                .verbs = { "explain" } },
        { "probe", '\0', NULL, offsetof(Cli, probe),
                .help = "of explain out: also try it with a real packet (root)",
                .verbs = { "explain" } },
        { "openmetrics", '\0', NULL, offsetof(Cli, openmetrics),
                .help = "of stats: in the format of OpenMetrics", .verbs = { "stats" } },
        { "follow", '\0', NULL, offsetof(Cli, follow), .help = "of events: keep printing new ones",
                .verbs = { "events" } },
        { "since", '\0', "DURATION", offsetof(Cli, since),
                .help = "of events: only those of the last DURATION", .verbs = { "events" } },
        { "help", 'h', NULL, offsetof(Cli, help), .help = "print help about the command" },
        { "version", '\0', NULL, offsetof(Cli, version), .help = "print the version" },
        { 0 },
};

bool option_is_set(const Cli *c, const Option *o)
{
        const char *place = (const char *)c + o->place;

        return o->argument ? *(const char *const *)(const void *)place != NULL
                           : *(const bool *)(const void *)place;
}

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

static int fail_unknown_option(Cli *c, const char *word)
{
        _cleanup_free_ char *name = strndup(word + 2, strcspn(word + 2, "="));
        char shown[TEXT_SHOWN_MAX];
        Nearest near;

        if (!name)
                return cli_fail_errno(c, -ENOMEM, "options");
        near = nearest_begin(name);
        for (const Option *o = options; o->name; o++)
                (void)nearest_try(&near, o->name);
        text_show(word, shown);
        if (near.found)
                return cli_fail(c, EXIT_BAD_INPUT, "there is no option %s: did you mean \"--%s\"?",
                        shown, near.found);
        return cli_fail(c, EXIT_BAD_INPUT, "there is no option %s", shown);
}

/* --name, --name=argument, --name argument */
static int long_parse(Cli *c, char **argv, int *i)
{
        const char *name = argv[*i] + 2, *equals = strchr(name, '=');
        const Option *o = option_find(name, equals ? (size_t)(equals - name) : strlen(name));

        if (!o)
                return fail_unknown_option(c, argv[*i]);
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

/* A negative number is a word: its command reports the mistake. */
static bool is_option(const char *word)
{
        if (word[0] != '-' || !word[1])
                return false;
        return streq(word, "-4") || streq(word, "-6") || word[1] < '0' || word[1] > '9';
}

/* [USER@]HOST[:PORT], as the bus library reads it; an option of ssh or a word of a shell is
 * refused.
 */
static int host_check(Cli *c, const char *host)
{
        static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                      "0123456789._-@:[]/%+\\~";
        const char *at = strrchr(host, '@'), *name = at ? at + 1 : host;
        const char *colon = strchr(name, ':');

        if (host[strspn(host, letters)] || host[0] == '-' || !name[0] || name[0] == '-')
                return cli_fail(c, EXIT_BAD_INPUT, "--host %s: a host is [USER@]HOST[:PORT]",
                        host[0] ? host : "''");
        if (name[0] != '[' && colon && strchr(colon + 1, ':'))
                return cli_fail(c, EXIT_BAD_INPUT,
                        "--host %s: write an IPv6 address in brackets: %.*s[%s]", host,
                        (int)(name - host), host, name);
        return 0;
}

/* One host, or a list with commas: then c->hosts has them. */
static int hosts_check(Cli *c)
{
        const char *at = c->host;

        if (!strchr(at, ','))
                return host_check(c, at);
        for (;;) {
                size_t n = strcspn(at, ",");
                char *host = strndup(at, n);
                int status = host ? host_check(c, host) : cli_fail_errno(c, -ENOMEM, "hosts");

                if (status == 0 && strv_contains(c->hosts, host))
                        status = cli_fail(c, EXIT_BAD_INPUT, "--host: %s is named twice", host);
                if (status != 0) {
                        free(host);
                        return status;
                }
                if (strv_consume(&c->hosts, host) < 0)
                        return cli_fail_errno(c, -ENOMEM, "hosts");
                if (!at[n])
                        return 0;
                at += n + 1;
        }
}

static int number_check(Cli *c)
{
        size_t length = strlen(c->number);

        if (length <= 7 && c->number[strspn(c->number, "0123456789")] == '\0')
                c->max_lines = (uint32_t)strtoul(c->number, NULL, 10);
        if (c->max_lines == 0)
                return cli_fail(c, EXIT_BAD_INPUT, "--number %s: must be 1 to 9999999", c->number);
        return 0;
}

/* text NULL: the option was not given. */
static int duration_check(Cli *c, const char *option, const char *text, uint32_t *ret)
{
        char shown[TEXT_SHOWN_MAX];
        uint64_t seconds = 0;

        if (text && duration_parse(text, &seconds) < 0)
                return cli_fail(c, EXIT_BAD_INPUT, "--%s %s: " DURATION_WANTED, option,
                        text_show(text, shown));
        *ret = (uint32_t)seconds;
        return 0;
}

static int at_check(Cli *c)
{
        struct timespec now;
        char shown[TEXT_SHOWN_MAX];

        clock_gettime(CLOCK_REALTIME, &now);
        if (moment_parse(c->at, (uint64_t)now.tv_sec * 1000000, &c->at_usec) < 0 || c->at_usec == 0)
                return cli_fail(c, EXIT_BAD_INPUT,
                        "--at '%s': a time is 2026-11-29T20:15:00Z, '2026-11-29 20:15', 2h (ago) "
                        "or "
                        "yesterday",
                        text_show(c->at, shown));
        return 0;
}

static int options_check(Cli *c)
{
        char shown[TEXT_SHOWN_MAX], *end;

        if (duration_check(c, "confirm", c->confirm, &c->confirm_seconds) != 0 ||
                duration_check(c, "since", c->since, &c->since_seconds) != 0)
                return EXIT_BAD_INPUT;
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
        if ((c->number && number_check(c) != 0) || (c->at && at_check(c) != 0))
                return EXIT_BAD_INPUT;
        if (c->color && !streq(c->color, "auto") && !streq(c->color, "always") &&
                !streq(c->color, "never"))
                return cli_fail(c, EXIT_BAD_INPUT, "--color must be auto, always or never (not %s)",
                        text_show(c->color, shown));
        return c->host ? hosts_check(c) : 0;
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
