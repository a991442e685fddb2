/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * p25-fleet: brings what a fleet has in common to this host, and hands it to p25d over D-Bus. A
 * program of its own, because p25d opens no Internet socket. Owns the table of verbs.
 */

#include "daemon/fleet/fleet.h"
#include "daemon/io/log.h"

#include <getopt.h>
#include <stdio.h>

#define VERSION "0.1.0"

typedef struct Verb {
        const char *name, *arguments;
        int min, max;
        int (*run)(const FleetArguments *a);
        const char *help;
} Verb;

static const Verb verbs[] = {
        { "run", "", 0, 0, fleet_verb_run, "follow the fleet, as p25-fleet.service does" },
        { "status", "[--json]", 0, 1, fleet_verb_status, "what is in force, and what is wrong" },
        { "publish", "--key FILE DIR", 0, 64, fleet_verb_publish,
                "make and sign what a web server serves" },
        { "announce", "--broker URL DIR", 1, 64, fleet_verb_announce,
                "say to the brokers which serial there is" },
        { "check", "[FILE]", 0, 1, fleet_verb_check, "check fleet.conf, or FILE in its place" },
        { "init", "URL KEY", 2, 2, fleet_verb_init, "write an explained fleet.conf" },
        { "may", "KIND NAME", 1, 2, fleet_verb_may, "may p25-fleet change this? (for polkit)" },
};

static const struct option options[] = {
        { "root", required_argument, NULL, 'r' },
        { "version", no_argument, NULL, 'v' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
};

static int print_help(void)
{
        puts("Usage: p25-fleet [--root DIR] VERB\n"
             "Follows the policy and the ban list that a fleet of hosts has in common.\n");
        for (size_t i = 0; i < ELEMENTS(verbs); i++) {
                char left[64];

                (void)snprintf(left, sizeof(left), "%s %s", verbs[i].name, verbs[i].arguments);
                printf("  %-25s %s\n", left, verbs[i].help);
        }
        puts("\n"
             "  --root DIR   all files are below DIR: DIR/etc/p25/fleet.conf, …\n"
             "  --version    prints the version\n"
             "  --help       prints this text");
        return fflush(stdout) == 0 ? FLEET_DONE : FLEET_FAILED;
}

static int run_verb(FleetArguments *a)
{
        const char *name = a->n > 0 ? a->words[0] : "";

        for (size_t i = 0; i < ELEMENTS(verbs); i++) {
                if (!streq(verbs[i].name, name))
                        continue;
                a->n--;
                a->words++;
                if (a->n >= verbs[i].min && a->n <= verbs[i].max)
                        return verbs[i].run(a);
                fprintf(stderr, "usage: p25-fleet %s %s\n", verbs[i].name, verbs[i].arguments);
                return FLEET_BAD_INPUT;
        }
        if (*name)
                fprintf(stderr, "p25-fleet: there is no verb '%s'; see p25-fleet --help\n", name);
        else
                fputs("p25-fleet: a verb is required; see p25-fleet --help\n", stderr);
        return FLEET_BAD_INPUT;
}

int main(int argc, char **argv)
{
        FleetArguments a = { .root = "" };
        int option;

        log_open("p25-fleet");
        while ((option = getopt_long(argc, argv, "+", options, NULL)) >= 0)
                switch (option) {
                case 'r':
                        a.root = optarg;
                        break;
                case 'v':
                        puts("p25-fleet " VERSION);
                        return FLEET_DONE;
                case 'h':
                        return print_help();
                default:
                        return FLEET_BAD_INPUT;
                }
        a.n = argc - optind;
        a.words = argv + optind;
        return run_verb(&a);
}
