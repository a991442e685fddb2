/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A backend in tests, nftables if TESTED_BACKEND names no other: policies from text, applied; what
 * the kernel lists then. */

#include "daemon/nftables/apply.h"
#include "daemon/nftables/backend.h"
#include "daemon/nftables/kernel.h"
#include "daemon/nftables/monitor.h"
#include "rules/nftables/script.h"
#include "tests/lib/policy_files.h"
#include "tests/lib/world.h"

#ifndef TESTED_BACKEND
#define TESTED_BACKEND backend_nft
#endif

typedef struct Compiled {
        Policy *policy;
        Ruleset *ruleset;
} Compiled;

/* A p25.conf's text, with the users of the fixture. */
static inline Compiled compile_text(const char *text)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        Compiled c = { .policy = make_policy() };

        test_load_host(c.policy, text, "p25.conf", &d);
        c.ruleset = compile_good(c.policy, &d);
        return c;
}

static inline void compiled_deinit(Compiled *c)
{
        ruleset_free(c->ruleset);
        policy_free(c->policy);
        *c = (Compiled){ 0 };
}
#define _cleanup_compiled_ _cleanup_(compiled_deinit)

static inline int apply(Backend *b, const Ruleset *r)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        int k = TESTED_BACKEND.apply(b, r, &d);

        for (size_t i = 0; i < d.n; i++)
                print_message(
                        "# %s:%u: %s\n", d.items[i].file ?: "-", d.items[i].line, d.items[i].text);
        return k;
}

static inline void apply_text(Backend *b, const char *text)
{
        _cleanup_compiled_ Compiled c = compile_text(text);

        assert_int_equal(apply(b, c.ruleset), 0);
}

static inline Backend *open_backend(void)
{
        Backend *b = NULL;

        assert_int_equal(TESTED_BACKEND.open(NULL, NULL, NULL, NULL, 0, &b), 0);
        return b;
}

static inline void close_backend(Backend **b)
{
        if (*b)
                TESTED_BACKEND.close(*b);
        *b = NULL;
}
#define _cleanup_backend_ _cleanup_(close_backend)

static inline RuleCounter counter_of(Backend *b, uint64_t id)
{
        _cleanup_free_ RuleCounter *all = NULL;
        size_t n;

        assert_int_equal(TESTED_BACKEND.counters(b, &all, &n), 0);
        for (size_t i = 0; i < n; i++)
                if (all[i].id == id)
                        return all[i];
        fail_msg("no counter %llu", (unsigned long long)id);
        return (RuleCounter){ 0 };
}

static inline uint64_t packets_of(Backend *b, uint64_t id)
{
        return counter_of(b, id).packets;
}

/*
 * The listing, its blocks sorted (nft lists in the order in which they were made), without what
 * only says who owns the table, how much room sets have and what counters hold.
 */
#define LISTING                                                                      \
        "nft list table inet p25 | sed -e '/^table /d' -e '/^}/d' -e '/^\tflags /d'" \
        " -e '/^\t\tsize /d' -e 's/packets [0-9]* bytes [0-9]*/packets 0 bytes 0/'"  \
        " | awk -v RS= '{ gsub(/\\n/, \"\\001\"); print }' | LC_ALL=C sort | tr '\\001' '\\n'"

/* What `nft -f` makes of the ruleset's script, listed in a namespace that ends with it. */
static inline char *listing_of_script(const Ruleset *r)
{
        char path[] = "/tmp/p25-script-XXXXXX", command[1024];
        _cleanup_free_ char *text = NULL;
        int fd = mkstemp(path);
        FILE *f = fdopen(fd, "w");
        char *listing;

        assert_non_null(f);
        assert_int_equal(nft_script_print(r, &text), 0);
        fputs(text, f);
        assert_int_equal(fclose(f), 0);
        snprintf(command, sizeof(command), "exec 2>&1; unshare -n sh <<'E'\nnft -f %s && %s\nE",
                path, LISTING);
        listing = output_of(command);
        unlink(path);
        return listing;
}

static inline void print_difference(const char *expected, const char *found)
{
        char a[] = "/tmp/p25-script-XXXXXX", b[] = "/tmp/p25-kernel-XXXXXX";
        int fds[2] = { mkstemp(a), mkstemp(b) };

        if (write(fds[0], expected, strlen(expected)) < 0 ||
                write(fds[1], found, strlen(found)) < 0)
                print_message("# cannot write\n");
        run("diff -u %s %s | head -n 40 | sed 's/^/# /' >&2; rm -f %s %s", a, b, a, b);
        close(fds[0]);
        close(fds[1]);
}

static inline bool is_installed(const Ruleset *r)
{
        _cleanup_free_ char *expected = listing_of_script(r), *found = output_of(LISTING);

        return streq(expected, found);
}

static inline void expect_installed(const Ruleset *r)
{
        _cleanup_free_ char *expected = listing_of_script(r), *found = output_of(LISTING);

        assert_non_null(strstr(expected, "chain prerouting"));
        if (streq(found, expected))
                return;
        print_difference(expected, found);
        fail();
}
