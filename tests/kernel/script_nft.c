/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The script and the messages are the same policy: for every golden policy, what nft makes of the
 * script is what the emitter encodes, expression by expression, and what the backend installs is
 * listed as the script is.
 */

#include "rules/base/buffer.h"
#include "rules/nftables/message.h"
#include "rules/nftables/table.h"
#include "rules/policy/policy.h"
#include "rules/policy/settings.h"
#include "rules/ruleset/compiledrule.h"
#include "rules/ruleset/ruleset.h"
#include "tests/lib/golden.h"
#include "tests/lib/nft_backend.h"

/* Only the lines of expressions, in the order of chains and rules. */
static char *expressions_of_table(const Ruleset *r)
{
        _cleanup_(nft_table_free_p) NftTable *t = NULL;
        _cleanup_buffer_ Buffer all = { 0 }, b = { 0 };
        char *save = NULL, *text;

        assert_int_equal(nft_table_new(r, NULL, 0, &t), 0);
        for (size_t i = 0; i < t->n_chains; i++)
                for (size_t k = 0; k < t->chains[i].n; k++)
                        assert_int_equal(nft_rule_print_expressions(&all, t, &t->chains[i].key,
                                                 &t->chains[i].rules[k]),
                                0);
        assert_int_equal(buffer_take(&all, &text), 0);
        for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
                if (strncmp(l, "  [", 3) == 0)
                        buffer_printf(&b, "%s\n", l);
        free(text);
        assert_int_equal(buffer_take(&b, &text), 0);
        return text;
}

static char *expressions_of_script(const Ruleset *r)
{
        char path[] = "/tmp/p25-script-XXXXXX", command[256];
        _cleanup_free_ char *text = NULL;
        FILE *f = fdopen(mkstemp(path), "w");
        char *found;

        assert_non_null(f);
        assert_int_equal(nft_script_print(r, &text), 0);
        fputs(text, f);
        assert_int_equal(fclose(f), 0);
        snprintf(command, sizeof(command),
                "unshare -n nft --debug=netlink -f %s | grep '^  \\[' | sed 's/ *$//'", path);
        found = output_of(command);
        must("unshare -n nft -c -f %s", path);
        unlink(path);
        return found;
}

/* The cgroups of the fixture are not there: no script can name them. */
static void stop_units(Ruleset *r)
{
        for (Direction d = 0; d < _DIRECTION_MAX; d++)
                for (size_t i = 0; i < r->directions[d].n; i++)
                        for (size_t k = 0; k < r->directions[d].rules[i].n_units; k++)
                                r->directions[d].rules[i].units[k].cgroup = 0;
}

static void policy_check(const char *folder, const char *path)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_(policy_free_p) Policy *p = golden_load_policy(folder, path, &d);
        _cleanup_(ruleset_free_p) Ruleset *r = compile_good(p, &d);
        _cleanup_free_ char *encoded = NULL, *loaded = NULL;
        _cleanup_backend_ Backend *b = open_backend();

        stop_units(r);
        /* connections wait for p25d, which a script is without */
        r->attribution = ATTRIBUTION_UNIT;
        encoded = expressions_of_table(r);
        loaded = expressions_of_script(r);
        if (!streq(encoded, loaded)) {
                print_message("# %s\n", path);
                print_difference(loaded, encoded);
        }
        assert_true(streq(encoded, loaded));
        assert_int_equal(apply(b, r), 0);
        expect_installed(r);
        assert_int_equal(backend_nft.remove(b, NULL), 0);
}

static void test_roles(void **state)
{
        (void)state;
        golden_each("tests/golden/roles/", 14, policy_check);
}

static void test_statements(void **state)
{
        (void)state;
        golden_each("tests/golden/nft/", 3, policy_check);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_roles),
                cmocka_unit_test(test_statements),
        };

        if (!world_begin()) {
                puts("1..0 # SKIP no network namespaces here");
                return 0;
        }
        return cmocka_run_group_tests(tests, NULL, NULL);
}
