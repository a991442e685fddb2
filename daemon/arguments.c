/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/arguments.h"

#include "daemon/api/api.h"
#include "daemon/log.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <sys/stat.h>

enum { ROOT = 256, POLICIES, BACKEND, REMOVE, HAS_NFTABLES, VERSION, HELP };

static const struct option options[] = {
        { "root", required_argument, NULL, ROOT },
        { "policies", required_argument, NULL, POLICIES },
        { "backend", required_argument, NULL, BACKEND },
        { "remove-policy", no_argument, NULL, REMOVE },
        { "has-nftables", no_argument, NULL, HAS_NFTABLES },
        { "version", no_argument, NULL, VERSION },
        { "help", no_argument, NULL, HELP },
        { NULL, 0, NULL, 0 },
};

static const char help_text[] =
        "Usage: p25d [OPTION]...\n"
        "Keeps a host's policy for mail ports in the kernel; p25ctl(8) changes it.\n"
        "\n"
        "  --root DIR       all files are below DIR: DIR/etc/p25, DIR/var/lib/p25, …\n"
        "  --policies DIR   the shipped roles are those of DIR\n"
        "  --backend NAME   nftables, iptables, or memory, which is for tests and filters nothing\n"
        "  --remove-policy  takes the policy of a p25d that does not run any more out of the\n"
        "                   kernel, changes no file, and exits\n"
        "  --has-nftables   exits with 0 if the kernel has nf_tables, else with 6\n"
        "  --version        prints the version\n"
        "  --help           prints this text\n";

const BackendOps *const named_backends[] = { &backend_nft,
#ifdef WITH_IPTABLES
        &backend_iptables,
#endif
        &backend_memory };
const size_t n_named_backends = ELEMENTS(named_backends);

static int root_take(Arguments *a, const char *path)
{
        struct stat st;

        if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode)) {
                log_line(LOG_ERR, "--root %s: no such folder", path);
                return -EINVAL;
        }
        a->root = path;
        return 0;
}

static int backend_take(Arguments *a, const char *name)
{
        for (size_t i = 0; i < ELEMENTS(named_backends); i++)
                if (streq(named_backends[i]->name, name))
                        a->backend = named_backends[i];
        if (a->backend && streq(a->backend->name, name))
                return 0;
        log_line(LOG_ERR, "--backend must be one of nftables, iptables, memory (not %s)", name);
        return -EINVAL;
}

/* -ECANCELED: nothing else is to be done. */
static int option_take(int option, Arguments *a, int *ret_status)
{
        switch (option) {
        case ROOT:
                return root_take(a, optarg);
        case POLICIES:
                a->policies = optarg;
                return 0;
        case BACKEND:
                return backend_take(a, optarg);
        case REMOVE:
                a->remove_policy = true;
                return 0;
        case HAS_NFTABLES:
                *ret_status = backend_nft.probe() == -EOPNOTSUPP ? EXIT_KERNEL_REFUSED : EXIT_DONE;
                return -ECANCELED;
        case VERSION:
                puts("p25d " P25_VERSION);
                *ret_status = EXIT_DONE;
                return -ECANCELED;
        case HELP:
                fputs(help_text, stdout);
                *ret_status = EXIT_DONE;
                return -ECANCELED;
        default: /* getopt_long() has printed the error */
                fputs(help_text, stderr);
                return -EINVAL;
        }
}

int arguments_parse(int argc, char **argv, Arguments *ret, int *ret_status)
{
        int option, r;

        *ret_status = EXIT_BAD_INPUT;
        while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
                r = option_take(option, ret, ret_status);
                if (r < 0)
                        return r;
        }
        if (optind == argc)
                return 0;
        log_line(LOG_ERR, "unexpected argument %s: p25d takes options only (--help)", argv[optind]);
        return -EINVAL;
}
