/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns help and usage, printed from the tables of commands and options.
 */

#include "cli/console/options.h"
#include "cli/verbs.h"

#include <stdio.h>
#include <strings.h>

static void verb_usage(Buffer *b, const Verb *v)
{
        buffer_printf(b, "p25ctl %s%s%s\n", v->name, v->arguments ? " " : "",
                v->arguments ? v->arguments : "");
}

void verb_print_usage(const Verb *v, bool to_stderr)
{
        _cleanup_buffer_ Buffer b = { 0 };

        verb_usage(&b, v);
        if (!b.failed)
                fprintf(to_stderr ? stderr : stdout, "Usage: %s", b.data);
}

void program_print_usage(bool to_stderr)
{
        fputs("Usage: p25ctl [OPTION...] COMMAND [ARGUMENT...]\n"
              "'p25ctl help' lists the commands.\n",
                to_stderr ? stderr : stdout);
}

static void options_print(Buffer *b)
{
        for (const Option *o = options; o->name; o++) {
                char left[64];

                snprintf(left, sizeof(left), "%s%c%s--%s%s%s", o->letter ? "-" : "",
                        o->letter ? o->letter : ' ', o->letter ? ", " : "   ", o->name,
                        o->argument ? " " : "", o->argument ? o->argument : "");
                buffer_printf(b, "  %-28s %s\n", left, o->help);
        }
}

static void help_print(Buffer *b)
{
        buffer_add_string(b, "p25ctl keeps a host's policy for mail ports: 25 (smtp), 465 "
                             "(submissions), 587 (submission), 2525 (smtp-alt).\n"
                             "Usage: p25ctl [OPTION...] COMMAND [ARGUMENT...]\n\nCommands:\n");
        for (const Verb *v = verbs; v->name; v++)
                buffer_printf(b, "  %-16s %s%s\n", v->name, v->help,
                        v->run ? "" : " (not available in this version)");
        buffer_add_string(b, "\nOptions, before or after the command:\n");
        options_print(b);
        buffer_add_string(b,
                "\nExamples:\n"
                "  p25ctl deny                          nobody reaches port 25 of this host\n"
                "  p25ctl deny both                     and nothing leaves by it\n"
                "  p25ctl allow from 10.0.0.0/8         but for a network\n"
                "  p25ctl allow out user postfix        and the mail server's user\n"
                "  p25ctl limit rate 30/hour            thirty an hour from each source\n"
                "  p25ctl role set mx                   what a kind of host needs, at once\n"
                "  p25ctl explain out to 192.0.2.1 user www-data\n"
                "\n'p25ctl help COMMAND' tells the words of a command.\n");
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
        Json *object = json_new_object();

        json_set(object, "name", json_new_string(v->name));
        json_set(object, "arguments", json_new_string(v->arguments));
        json_set(object, "help", json_new_string(v->help));
        json_set(object, "available", json_new_bool(v->run != NULL));
        return object;
}

/* Of one word that begins several commands ("role") all are told. */
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
                if (n == 0)
                        continue;
                verb_usage(&b, v);
                buffer_printf(&b, "        %s%s\n", v->help,
                        v->run ? "" : " (not available in this version)");
        }
        if (!found || b.failed) {
                json_free(list);
                if (b.failed)
                        return cli_fail(c, EXIT_FAILED, "out of memory");
                return cli_fail(c, EXIT_BAD_INPUT,
                        "there is no command '%s%s%s': 'p25ctl help' lists them", args[0],
                        args[1] ? " " : "", args[1] ? args[1] : "");
        }
        return cli_text(c, b.data, list);
}
