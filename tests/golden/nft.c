/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The output of the nft emitter for the policies in tests/golden/roles and tests/golden/nft,
 * against golden texts in tests/golden/nft: NAME.nft is the script, NAME.netlink what its rules are
 * in the kernel's expressions, as `nft --debug=netlink` prints them; with attribution = "process"
 * these have what waits, which a script has not, and NAME.target is how it waits on kernels without
 * nft_queue. untracked.notes has what p25d knows of connections that conntrack does not follow,
 * untracked.stateless the same policy where conntrack is asked nothing.
 * GOLDEN_UPDATE=1 writes what is found.
 */

#include "rules/base/buffer.h"
#include "rules/nftables/message.h"
#include "rules/nftables/script.h"
#include "rules/nftables/table.h"
#include "rules/policy/policy.h"
#include "rules/policy/settings.h"
#include "rules/ruleset/ruleset.h"
#include "tests/lib/golden.h"

#define FOLDER "tests/golden/nft/"

static bool every(_unused_ NftChainKind kind)
{
        return true;
}

static bool only_hold(NftChainKind kind)
{
        return kind == CHAIN_HOLD;
}

/* Of the chains that `wanted` takes. */
static char *print_expressions(const Ruleset *r, unsigned flags, bool (*wanted)(NftChainKind kind))
{
        _cleanup_(nft_table_free_p) NftTable *t = NULL;
        _cleanup_buffer_ Buffer b = { 0 };
        char *text;

        assert_int_equal(nft_table_new(r, NULL, flags, &t), 0);
        for (size_t i = 0; i < t->n_chains; i++)
                for (size_t k = 0; k < t->chains[i].n && wanted(t->chains[i].key.kind); k++) {
                        nft_rule_print(&b, t, &t->chains[i].rules[k]);
                        buffer_add_char(&b, '\n');
                        assert_int_equal(nft_rule_print_expressions(
                                                 &b, t, &t->chains[i].key, &t->chains[i].rules[k]),
                                0);
                        buffer_add_char(&b, '\n');
                }
        assert_int_equal(buffer_take(&b, &text), 0);
        return text;
}

static bool notes_routed(NftChainKind kind)
{
        return kind == CHAIN_FORWARD || kind == CHAIN_CLASS || kind == CHAIN_RULE ||
               kind == CHAIN_UNTRACKED_CLASS || kind == CHAIN_ALLOWED || kind == CHAIN_REFUSED;
}

static void policy_check(const char *folder, const char *path)
{
        _cleanup_free_ char *name = test_base_name(path);
        _cleanup_free_ char *script_path = format_path(FOLDER, name, ".nft");
        _cleanup_free_ char *expressions_path = format_path(FOLDER, name, ".netlink");
        _cleanup_free_ char *script = NULL, *expressions = NULL;
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_(policy_free_p) Policy *p = golden_load_policy(folder, path, &d);
        _cleanup_(ruleset_free_p) Ruleset *r = compile_good(p, &d);

        assert_int_equal(nft_script_print(r, &script), 0);
        file_expect(script_path, script);
        expressions = print_expressions(r, NFT_TABLE_HOLD_QUEUE, every);
        file_expect(expressions_path, expressions);
        if (r->attribution == ATTRIBUTION_PROCESS) {
                _cleanup_free_ char *target_path = format_path(FOLDER, name, ".target");
                _cleanup_free_ char *target =
                        print_expressions(r, NFT_TABLE_HOLD_TARGET, only_hold);

                file_expect(target_path, target);
        }
        if (streq(name, "untracked")) {
                _cleanup_free_ char *notes =
                        print_expressions(r, NFT_TABLE_NOTES | NFT_TABLE_REFUSES, notes_routed);

                _cleanup_free_ char *stateless = print_expressions(
                        r, NFT_TABLE_STATELESS | NFT_TABLE_NOTES | NFT_TABLE_REFUSES, every);

                file_expect(FOLDER "untracked.notes", notes);
                assert_null(strstr(stateless, "[ ct load"));
                file_expect(FOLDER "untracked.stateless", stateless);
        }
}

static void test_policies(void **state)
{
        (void)state;
        golden_each("tests/golden/roles/", 14, policy_check);
}

static void test_statements(void **state)
{
        (void)state;
        golden_each(FOLDER, 4, policy_check);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_policies),
                cmocka_unit_test(test_statements),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
