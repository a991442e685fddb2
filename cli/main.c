/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * p25ctl: options, the verb, and its exit status.
 */

#include "cli/console/options.h"
#include "cli/verbs.h"

#include <strings.h>

/* "role" alone, or "role frobnicate": the second words there are. */
static int fail_second_word(Cli *c, char *const *words)
{
        _cleanup_buffer_ Buffer list = { 0 };
        size_t n = strlen(words[0]);
        char shown[TEXT_SHOWN_MAX];

        for (const Verb *v = verbs; v->name; v++)
                if (strncasecmp(v->name, words[0], n) == 0 && v->name[n] == ' ')
                        buffer_printf(&list, "%s%s", list.length > 0 ? ", " : "", v->name + n + 1);
        if (list.length == 0)
                return cli_fail(c, EXIT_BAD_INPUT,
                        "there is no command '%s': 'p25ctl help' lists them",
                        text_show(words[0], shown));
        return cli_fail(c, EXIT_BAD_INPUT, "'%s' needs one of these behind it: %s", words[0],
                list.failed ? "" : list.data);
}

static int verb_run(Cli *c, const Verb *v, char **args)
{
        size_t n = 0;

        while (args[n])
                n++;
        if (!v->run)
                return cli_fail(c, EXIT_BAD_INPUT, "%s is not available in this version", v->name);
        if (n >= v->min && n <= v->max)
                return v->run(c, v, args, n);
        cli_fail(c, EXIT_BAD_INPUT,
                n < v->min ? "%s: an argument is missing" : "%s: too many arguments", v->name);
        verb_print_usage(v, true);
        return EXIT_BAD_INPUT;
}

static int words_run(Cli *c, char **words)
{
        const Verb *v;
        size_t n = 0;

        if (c->help) {
                while (words[n])
                        n++;
                return command_help(c, NULL, words, n);
        }
        if (!words[0]) {
                cli_fail(c, EXIT_BAD_INPUT, "a command is missing");
                program_print_usage(true);
                return EXIT_BAD_INPUT;
        }
        v = verb_find(words, &n);
        if (!v) {
                fail_second_word(c, words);
                program_print_usage(true);
                return EXIT_BAD_INPUT;
        }
        return verb_run(c, v, words + n);
}

int main(int argc, char **argv)
{
        _cleanup_(cli_deinit) Cli c = { 0 };
        _cleanup_free_ char **words = NULL;
        int status;

        status = options_parse(&c, argc, argv, &words);
        if (status == 0)
                status = words_run(&c, words);
        return cli_finish(&c, status);
}
