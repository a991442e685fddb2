/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tests/lib/nft_backend.h"

#include "daemon/backend/rule_counter.h"
#include "rules/policy/policy.h"
#include "rules/ruleset/ruleset.h"

const BackendOps *tested_backend = &backend_nft;
bool tested_decisions;

Compiled compile_text(const char *text)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        Compiled c = { .policy = make_policy() };

        test_load_host(c.policy, text, "p25.conf", &d);
        c.ruleset = compile_good(c.policy, &d);
        return c;
}

void compiled_deinit(Compiled *c)
{
        ruleset_free(c->ruleset);
        policy_free(c->policy);
        *c = (Compiled){ 0 };
}

int apply(Backend *b, const Ruleset *r)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        int k = tested_backend->apply(b, r, &d);

        for (size_t i = 0; i < d.n; i++)
                print_message(
                        "# %s:%u: %s\n", d.items[i].file ?: "-", d.items[i].line, d.items[i].text);
        return k;
}

void apply_text(Backend *b, const char *text)
{
        _cleanup_compiled_ Compiled c = compile_text(text);

        assert_int_equal(apply(b, c.ruleset), 0);
}

Backend *open_backend(void)
{
        NftBackend *nft;
        NftOptions options = { .as_script = true };
        Backend *b = NULL;

        if (tested_backend == &backend_nft && !tested_decisions) {
                assert_int_equal(nft_backend_open(NULL, NULL, NULL, &options, &nft), 0);
                return &nft->base;
        }
        assert_int_equal(tested_backend->open(NULL, NULL, NULL, NULL, 0, &b), 0);
        return b;
}

void close_backend(Backend **b)
{
        if (*b)
                tested_backend->close(*b);
        *b = NULL;
}

RuleCounter counter_of(Backend *b, uint64_t id)
{
        _cleanup_free_ RuleCounter *all = NULL;
        size_t n;

        assert_int_equal(tested_backend->counters(b, &all, &n), 0);
        for (size_t i = 0; i < n; i++)
                if (all[i].id == id)
                        return all[i];
        fail_msg("no counter %llu", (unsigned long long)id);
        return (RuleCounter){ 0 };
}

uint64_t packets_of(Backend *b, uint64_t id)
{
        return counter_of(b, id).packets;
}

/*
 * The listing, its blocks sorted (nft lists in the order in which they were made), without what
 * only says who owns the table, how much room sets have and what counters hold.
 */
#define LISTING                                                                       \
        "nft list table inet p25 | sed -e '/^table /d' -e '/^}/d' -e '/^\tflags /d'"  \
        " -e '/elements = { .* counter .*}$/d' -e '/elements = { .* counter /,/}$/d'" \
        " -e '/^\t\tsize /d' -e 's/packets [0-9]* bytes [0-9]*/packets 0 bytes 0/'"   \
        " | awk -v RS= '{ gsub(/\\n/, \"\\001\"); print }' | LC_ALL=C sort | tr '\\001' '\\n'"

/* The table that `nft -f` makes of the ruleset's script, listed in a namespace that ends with it.
 */
static char *listing_of_script(const Ruleset *r)
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

void print_difference(const char *expected, const char *found)
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

bool is_installed(const Ruleset *r)
{
        _cleanup_free_ char *expected = listing_of_script(r), *found = output_of(LISTING);

        return streq(expected, found);
}

void expect_installed(const Ruleset *r)
{
        _cleanup_free_ char *expected = listing_of_script(r), *found = output_of(LISTING);

        assert_non_null(strstr(expected, "chain prerouting"));
        if (streq(found, expected))
                return;
        print_difference(expected, found);
        fail();
}
