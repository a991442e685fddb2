/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * p25ctl: options, the verb, and its exit status.
 */

#include "cli/console/options.h"
#include "cli/several/several.h"
#include "cli/verbs.h"
#include "daemon/api/api.h"
#include "daemon/io/file.h"
#include "rules/base/strv.h"

static bool option_is_of(const Option *o, const char *verb)
{
        return streq(o->verbs[0], verb) || (o->verbs[1] && streq(o->verbs[1], verb));
}

/* An option that would have no effect is refused. */
static int options_suit(Cli *c, const Verb *v)
{
        for (const Option *o = options; o->name; o++) {
                if (!option_is_set(c, o))
                        continue;
                if (o->of_changes && !v->changes)
                        return cli_fail(c, EXIT_BAD_INPUT,
                                "--%s can only be used with a command that changes the policy, "
                                "not with '%s'",
                                o->name, v->name);
                if (o->verbs[0] && !option_is_of(o, v->name))
                        return cli_fail(c, EXIT_BAD_INPUT,
                                "--%s can only be used with '%s'%s%s%s, not with '%s'", o->name,
                                o->verbs[0], o->verbs[1] ? " and '" : "",
                                o->verbs[1] ? o->verbs[1] : "", o->verbs[1] ? "'" : "", v->name);
        }
        return 0;
}

typedef struct Run {
        const Verb *verb;
        char **args;
        size_t n;
} Run;

static int run_on_host(Cli *c, void *data)
{
        const Run *run = data;

        return run->verb->run(c, run->verb, run->args, run->n);
}

/* In a rule "-" is a word of a comment. */
static bool reads_input(const Run *run)
{
        return run->verb->run != command_rule && run->verb->run != command_delete &&
               strv_contains(run->args, "-");
}

static int run_on_hosts(Cli *c, Run *run)
{
        if (run->verb->one_host || c->follow)
                return cli_fail(c, EXIT_BAD_INPUT, "%s%s can only be used with one host",
                        run->verb->name, c->follow ? " --follow" : "");
        return several_run(c, run_on_host, run, reads_input(run));
}

static int verb_run(Cli *c, const Verb *v, char **args)
{
        size_t n = 0;

        while (args[n])
                n++;
        if (n >= v->min && n <= v->max) {
                int status = options_suit(c, v);

                if (status != 0)
                        return status;
                return c->hosts ? run_on_hosts(c, &(Run){ v, args, n }) : v->run(c, v, args, n);
        }
        cli_fail(c, EXIT_BAD_INPUT,
                n < v->min ? "%s: an argument is missing" : "%s: too many arguments", v->name);
        verb_print_usage(v);
        return EXIT_BAD_INPUT;
}

static int words_run(Cli *c, char **words)
{
        const Verb *v;
        size_t n = 0;

        if (c->version)
                return command_version(c, NULL, NULL, 0);
        if (c->help) {
                while (words[n])
                        n++;
                return command_help(c, NULL, words, n);
        }
        if (!words[0]) {
                cli_fail(c, EXIT_BAD_INPUT, "a command is missing");
                program_print_usage();
                return EXIT_BAD_INPUT;
        }
        v = verb_find(words, &n);
        if (!v || (words[n] && v->max == 0 && verb_takes_second(v))) {
                verb_fail_unknown(c, words);
                program_print_usage();
                return EXIT_BAD_INPUT;
        }
        return verb_run(c, v, words + n);
}

int main(int argc, char **argv)
{
        _cleanup_(cli_deinit) Cli c = { 0 };
        _cleanup_free_ char **words = NULL;
        int status;

        file_reserve_streams();
        status = options_parse(&c, argc, argv, &words);
        if (status == 0)
                status = words_run(&c, words);
        return cli_finish(&c, status);
}
