/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the table of commands, and prints usage and help from it and from the table of options.
 */

#include "cli/verbs.h"

#include "cli/console/options.h"
#include "daemon/api/api.h"
#include "rules/base/buffer.h"
#include "rules/base/json.h"
#include "rules/base/nearest.h"
#include "rules/base/text.h"
#include "rules/policy/action.h"

#include <stdio.h>
#include <strings.h>

#define RULE_WORDS                                                                           \
        "[in|out|both] [on IFACE] [log|log-all] [PORT[/tcp]|SERVICE | [proto tcp] [from A] " \
        "[to A [port P]]] [user U] [group G] [unit U] [rate N/T] [burst N] [max N] "         \
        "[for DURATION] [comment TEXT]"

const Verb verbs[] = {
        { "status", 0, 1, command_status, "[verbose|numbered]", "show the policy in force",
                .examples = { "status verbose", "status numbered" }, .group = "See" },
        { "show added", 0, 0, command_show_added, NULL, "p25ctl's rules as commands",
                .examples = { "show added", "show added --json" } },
        { "show raw", 0, 0, command_show_raw, NULL,
                "the policy in force, in the words of nft or iptables",
                .examples = { "show raw", "show raw >policy.nft" } },
        { "show listening", 0, 0, command_show_listening, NULL,
                "processes that listen on mail ports, and the rules for them",
                .examples = { "show listening", "show listening --json" } },
        { "explain", 1, VERB_ANY, command_explain,
                "in|out|routed [from A] [to A] [port P] [user U] [group G] [unit U] [on IFACE | in "
                "on IFACE out on IFACE] [--probe] [--at TIME]",
                "the verdict about a connection, and the reason",
                .examples = { "explain out to 192.0.2.1 user www-data",
                        "explain in from 198.51.100.9 --at 2h" } },
        { "events", 0, 0, command_events, "[-n N] [--since DURATION] [--follow]",
                "connections that were refused or logged",
                .examples = { "events --since 1h", "events --follow" } },
        { "audit promote", 0, 0, command_audit_promote, NULL,
                "enforce the directions and roles that are in audit",
                .examples = { "audit promote --dry-run", "audit promote --confirm 10m" },
                .changes = true },
        { "audit", 0, 0, command_audit, NULL,
                "connections that would be refused if nothing were in audit",
                .examples = { "audit", "audit --json" } },
        { "enable", 0, 0, command_enable, NULL, "put the policy in force, now and at every start",
                .examples = { "enable", "enable --confirm 5m" }, .changes = true,
                .group = "Switch" },
        { "disable", 0, 0, command_disable, NULL,
                "take the policy out of the kernel; it stays stored",
                .examples = { "disable", "disable --dry-run" }, .changes = true },
        { "lockdown", 1, 1, command_lockdown, "on|off",
                "close every mail port now and cut open connections",
                .examples = { "lockdown on", "lockdown off" }, .changes = true },
        { "reload", 0, 0, command_reload, NULL, "read the files below /etc/p25 again",
                .examples = { "plan", "reload --confirm 60s" }, .changes = true },
        { "reset", 0, 0, command_reset, NULL, "drop everything that p25ctl and D-Bus stored",
                .examples = { "reset --dry-run", "reset" }, .changes = true },
        { "default", 1, 2, command_default, "allow|deny|reject [incoming|outgoing|routed]",
                "the action when no rule matches",
                .examples = { "default deny incoming", "default reject outgoing" },
                .changes = true },
        { "logging", 1, 1, command_logging, "on|off|low|medium|high",
                "the connections that are logged", .examples = { "logging on", "logging medium" },
                .changes = true },
        { "allow", 0, VERB_ANY, command_rule, RULE_WORDS, "let connections pass",
                .examples = { "allow from 10.0.0.0/8", "allow out user postfix" }, .changes = true,
                .group = "Rules" },
        { "deny", 0, VERB_ANY, command_rule, RULE_WORDS, "drop connections silently",
                .examples = { "deny", "deny in from @drop" }, .changes = true },
        { "reject", 0, VERB_ANY, command_rule, RULE_WORDS, "refuse connections with a TCP reset",
                .examples = { "reject out", "reject out user www-data" }, .changes = true },
        { "limit", 0, VERB_ANY, command_rule, RULE_WORDS,
                "let so many connections pass for each source",
                .examples = { "limit rate 30/hour", "limit 587 rate 20/minute max 10" },
                .changes = true },
        { "route", 0, VERB_ANY, command_rule, "[delete|insert N|prepend] RULE",
                "a rule for connections that pass through this host",
                .examples = { "route reject", "route allow from 10.0.3.0/24 to 192.0.2.25" },
                .changes = true },
        { "rule", 0, VERB_ANY, command_rule, "[delete|insert N|prepend] RULE",
                "the same as the rule itself",
                .examples = { "rule allow from 10.0.0.0/8", "rule delete allow from 10.0.0.0/8" },
                .changes = true },
        { "insert", 0, VERB_ANY, command_rule, "N RULE", "a rule in the place of rule N",
                .examples = { "insert 1 allow from 192.0.2.7", "status numbered" },
                .changes = true },
        { "prepend", 0, VERB_ANY, command_rule, "RULE", "a rule before all others",
                .examples = { "prepend deny from 192.0.2.9", "prepend allow out to 192.0.2.25" },
                .changes = true },
        { "delete", 1, VERB_ANY, command_delete, "N | RULE", "remove a rule",
                .examples = { "delete 2", "delete deny from 192.0.2.9" }, .changes = true },
        { "role list", 0, 0, command_role_list, NULL, "all roles; * marks those of this host",
                .examples = { "role list", "role list --json" },
                .group = "Roles, sets, fragments" },
        { "role show", 1, 1, command_role_show, "NAME", "the text of a role",
                .examples = { "role show mx", "role show mx >/etc/p25/roles.d/mx.conf" } },
        { "role set", 0, VERB_ANY, command_role_change, "NAME...", "set the roles of this host",
                .examples = { "role set mx", "role set mx app-server" }, .changes = true },
        { "role add", 1, 1, command_role_change, "NAME", "add a role",
                .examples = { "role add submission", "--dry-run role add container-host" },
                .changes = true },
        { "role remove", 1, 1, command_role_change, "NAME", "remove a role",
                .examples = { "role remove submission", "role remove mx --confirm 5m" },
                .changes = true },
        { "role suggest", 0, 0, command_role_suggest, NULL,
                "roles that fit the services of this host",
                .examples = { "role suggest", "role suggest --json" } },
        { "set list", 0, 0, command_set_list, NULL, "sets, their size and source",
                .examples = { "set list", "set list --json" } },
        { "set show", 1, 1, command_set_show, "NAME", "the entries of a set",
                .examples = { "set show drop", "set show drop | head" } },
        { "set load", 2, 2, command_set_load, "NAME FILE", "replace a set ('-': standard input)",
                .examples = { "set load drop /tmp/drop.txt", "set load drop -" }, .changes = true },
        { "set add", 2, VERB_ANY, command_set_change, "NAME A... [for DURATION]",
                "add entries ('-': standard input)",
                .examples = { "set add drop 198.51.100.0/24", "set add bans 198.51.100.1 for 1h" },
                .changes = true },
        { "set remove", 2, VERB_ANY, command_set_change, "NAME A...",
                "remove entries ('-': standard input)",
                .examples = { "set remove drop 198.51.100.0/24", "set remove drop -" },
                .changes = true },
        { "set drop", 1, 1, command_set_drop, "NAME", "remove a set that no rule uses",
                .examples = { "set drop old", "set list" }, .changes = true },
        { "set feed", 1, 1, command_set_feed, "NAME", "add and remove entries, a line each",
                .examples = { "set feed bans <lines.txt", "--json set feed bans <lines.txt" },
                .changes = true, .one_host = true },
        { "fragment list", 0, 0, command_fragment_list, NULL, "fragments and their source",
                .examples = { "fragment list", "fragment list --json" } },
        { "fragment show", 1, 1, command_fragment_show, "NAME", "the text of a fragment",
                .examples = { "fragment show site", "fragment show site >site.conf" } },
        { "fragment put", 2, 2, command_fragment_put, "NAME FILE",
                "add or replace a fragment ('-': standard input)",
                .examples = { "fragment put site site.conf", "fragment put site -" },
                .changes = true },
        { "fragment drop", 1, 1, command_fragment_drop, "NAME", "remove a fragment",
                .examples = { "fragment drop site", "fragment list" }, .changes = true },
        { "check", 0, VERB_ANY, command_check, "[FILE|FOLDER...]",
                "check files before p25d reads them", .examples = { "check", "check new.conf" },
                .group = "Files" },
        { "compile", 1, 1, command_compile, "FILE [--format ir|nft|iptables|json] [-4|-6]",
                "print the rules of a file",
                .examples = { "compile new.conf", "compile new.conf --format nft" } },
        { "test", 1, 1, command_test, "FILE", "check the assertions in a file",
                .examples = { "test asserts.conf", "test asserts.conf --root /mnt" } },
        { "plan", 0, 1, command_plan, "[FILE]", "the changes that a reload would make",
                .examples = { "plan", "plan new.conf" } },
        { "edit", 0, 1, command_edit, "[NAME]",
                "edit p25.conf or a fragment, with checks and a plan",
                .examples = { "edit", "edit site" }, .changes = true, .one_host = true },
        { "confirm", 0, 0, command_confirm, NULL, "keep a change made with --confirm",
                .examples = { "--confirm 60s deny out", "confirm" }, .group = "History" },
        { "history", 0, 1, command_history, "[-n N] [sets]", "stored revisions, or changes of sets",
                .examples = { "history", "history sets -n 10" } },
        { "diff", 1, 2, command_diff, "A [B]", "the differences between revisions",
                .examples = { "diff 7", "diff 5 7" } },
        { "rollback", 1, 1, command_rollback, "N", "go back to a revision",
                .examples = { "history", "rollback 7" }, .changes = true },
        { "stats", 0, 0, command_stats, "[--openmetrics]",
                "connections by user, unit, container and rule",
                .examples = { "stats", "stats --openmetrics" }, .group = "More" },
        { "top", 0, 0, command_top, NULL, "senders of this moment, on a live screen",
                .examples = { "top", "top --color never" }, .one_host = true },
        { "doctor", 0, 16, command_doctor, "[TARGET...]",
                "problems with mail on this host, and on the way to others",
                .examples = { "doctor", "doctor mx.example.org" } },
        { "version", 0, 0, command_version, NULL, "the version of p25ctl",
                .examples = { "version", "version --json" } },
        { "help", 0, 2, command_help, "[COMMAND]", "this text, or more about a command",
                .examples = { "help", "help role set" } },
        { 0 },
};

const Verb *verb_find(char *const *words, size_t *ret_n)
{
        for (const Verb *v = verbs; v->name; v++) {
                const char *space = strchr(v->name, ' ');
                size_t n = space ? (size_t)(space - v->name) : strlen(v->name);

                if (strlen(words[0]) != n || strncasecmp(words[0], v->name, n) != 0)
                        continue;
                if (space && (!words[1] || strcasecmp(words[1], space + 1) != 0))
                        continue;
                *ret_n = space ? 2 : 1;
                return v;
        }
        return NULL;
}

/* ---- words that are not a command ---- */

/* The second word of a verb that begins with this word; NULL: it has another first word, or none.
 */
static const char *second_word(const Verb *v, const char *first)
{
        size_t n = strlen(first);

        return strncasecmp(v->name, first, n) == 0 && v->name[n] == ' ' ? v->name + n + 1 : NULL;
}

bool verb_takes_second(const Verb *v)
{
        for (const Verb *other = verbs; other->name; other++)
                if (second_word(other, v->name))
                        return true;
        return false;
}

static int fail_second_word(Cli *c, char *const *words, const char *list)
{
        Nearest near = nearest_begin(words[1] ? words[1] : "");
        char first[TEXT_SHOWN_MAX], second[TEXT_SHOWN_MAX];

        for (const Verb *v = verbs; v->name; v++)
                if (second_word(v, words[0]))
                        (void)nearest_try(&near, second_word(v, words[0]));
        text_show(words[0], first);
        if (!words[1])
                return cli_fail(
                        c, EXIT_BAD_INPUT, "'%s' must be followed by one of: %s", first, list);
        text_show(words[1], second);
        if (near.found)
                return cli_fail(c, EXIT_BAD_INPUT,
                        "'%s %s' is not a command: did you mean \"%s %s\"?", first, second, first,
                        near.found);
        return cli_fail(c, EXIT_BAD_INPUT,
                "'%s %s' is not a command: '%s' must be followed by one of: %s", first, second,
                first, list);
}

/* Words of other programs for what a command does. */
static const char *verb_meant(const char *word)
{
        static const char *const words[][2] = { { "stop", "disable" }, { "start", "enable" },
                { "restart", "reload" }, { "list", "status" }, { "log", "logging" } };
        Action action = action_from_other_word(word);

        for (size_t i = 0; i < ELEMENTS(words); i++)
                if (strcasecmp(words[i][0], word) == 0)
                        return words[i][1];
        return action == _ACTION_INVALID ? NULL : action_to_string(action);
}

int verb_fail_unknown(Cli *c, char *const *words)
{
        _cleanup_buffer_ Buffer list = { 0 };
        Nearest near = nearest_begin(words[0]);
        char shown[TEXT_SHOWN_MAX], first[32];

        for (const Verb *v = verbs; v->name; v++) {
                const char *second = second_word(v, words[0]);

                if (second)
                        buffer_printf(&list, "%s%s", list.length > 0 ? ", " : "", second);
                snprintf(first, sizeof(first), "%.*s", (int)strcspn(v->name, " "), v->name);
                if (nearest_try(&near, first))
                        near.found = v->name;
        }
        if (list.failed)
                return cli_fail(c, EXIT_FAILED, "out of memory");
        if (list.length > 0)
                return fail_second_word(c, words, list.data);
        text_show(words[0], shown);
        if (verb_meant(words[0]))
                near.found = verb_meant(words[0]);
        if (near.found)
                return cli_fail(c, EXIT_BAD_INPUT, "'%s' is not a command: did you mean \"%.*s\"?",
                        shown, (int)strcspn(near.found, " "), near.found);
        return cli_fail(
                c, EXIT_BAD_INPUT, "'%s' is not a command: 'p25ctl help' lists them", shown);
}

/* ---- usage ---- */

static void verb_usage(Buffer *b, const Verb *v)
{
        buffer_printf(b, "p25ctl %s%s%s\n", v->name, v->arguments ? " " : "",
                v->arguments ? v->arguments : "");
}

void verb_print_usage(const Verb *v)
{
        _cleanup_buffer_ Buffer b = { 0 };

        verb_usage(&b, v);
        if (!b.failed)
                fprintf(stderr, "Usage: %s", b.data);
}

void program_print_usage(void)
{
        fputs("Usage: p25ctl [OPTION...] COMMAND [ARGUMENT...]\n"
              "'p25ctl help' lists the commands.\n",
                stderr);
}

/* ---- help ---- */

static void options_print(Buffer *b)
{
        for (const Option *o = options; o->name; o++) {
                char left[64];

                snprintf(left, sizeof(left), "%s%c%s--%s%s%s", o->letter ? "-" : "",
                        o->letter ? o->letter : ' ', o->letter ? ", " : "   ", o->name,
                        o->argument ? " " : "", o->argument ? o->argument : "");
                buffer_printf(b, "  %-30s %s\n", left, o->help);
        }
}

static void help_print(Buffer *b)
{
        buffer_add_string(b,
                "p25ctl controls the policy for the mail ports of this host: 25 (smtp), "
                "465 (submissions), 587 (submission), 2525 (smtp-alt).\n"
                "Usage: p25ctl [OPTION...] COMMAND [ARGUMENT...]\n");
        for (const Verb *v = verbs; v->name; v++) {
                if (v->group)
                        buffer_printf(b, "\n%s:\n", v->group);
                buffer_printf(b, "  %-16s %s\n", v->name, v->help);
        }
        buffer_add_string(b, "\nOptions, before or after the command:\n");
        options_print(b);
        buffer_add_string(b,
                "\nExamples, which make the policy of a mail server when entered in this order:\n"
                "  p25ctl role set mx                   receive mail; only the mail server sends\n"
                "  p25ctl enable                        put the policy in force\n"
                "  p25ctl set add drop 198.51.100.0/24  a list of networks\n"
                "  p25ctl deny in from @drop            which cannot connect\n"
                "  p25ctl allow out to 192.0.2.25 user backup   one more user may send\n"
                "  p25ctl explain out to 192.0.2.1 user www-data\n"
                "  p25ctl status verbose                all rules, with counters\n"
                "\nExit status:\n"
                "  0  done, or nothing to do\n"
                "  1  failed\n"
                "  2  changed, with --detailed-exitcode\n"
                "  4  invalid input: usage, rule or policy; nothing was changed\n"
                "  5  not authorised\n"
                "  6  the kernel refused\n"
                "  7  the policy is not at the revision given with --expect\n"
                "  8  p25d cannot be reached\n"
                "\n'p25ctl help COMMAND' prints the usage of a command.\n");
}

static void verb_print_help(Buffer *b, const Verb *v)
{
        verb_usage(b, v);
        buffer_printf(b, "        %s\n", v->help);
        for (size_t i = 0; i < ELEMENTS(v->examples) && v->examples[i]; i++)
                buffer_printf(b, "%s  p25ctl %s\n", i == 0 ? "Examples:\n" : "", v->examples[i]);
}

static bool verb_matches(const Verb *v, char *const *words)
{
        size_t n = strlen(words[0]);

        if (words[1]) {
                size_t found;

                return verb_find(words, &found) == v;
        }
        return strncasecmp(v->name, words[0], n) == 0 && (v->name[n] == '\0' || v->name[n] == ' ');
}

static Json *verb_json(const Verb *v)
{
        Json *object = json_new_object(), *examples = json_new_array();

        for (size_t i = 0; i < ELEMENTS(v->examples) && v->examples[i]; i++)
                json_append(examples, json_new_string(v->examples[i]));
        json_set(object, "name", json_new_string(v->name));
        json_set(object, "arguments", json_new_string(v->arguments));
        json_set(object, "help", json_new_string(v->help));
        json_set(object, "examples", examples);
        return object;
}

/* Of a word that begins several commands ("role") all are printed. */
int command_help(Cli *c, const Verb *v, char **args, size_t n)
{
        _cleanup_buffer_ Buffer b = { 0 };
        Json *list = json_new_array();
        bool found = false;

        if (n == 0)
                help_print(&b);
        for (v = verbs; v->name; v++) {
                if (n > 0 && !verb_matches(v, args))
                        continue;
                found = true;
                json_append(list, verb_json(v));
                if (n > 0)
                        verb_print_help(&b, v);
        }
        if (found && !b.failed)
                return cli_text(c, b.data, list);
        json_free(list);
        return b.failed ? cli_fail(c, EXIT_FAILED, "out of memory") : verb_fail_unknown(c, args);
}
