/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The shipped roles, row by row of SPEC section 3's table: who may, who may not. */

#include "rules/base/strv.h"
#include "rules/policy/policy.h"
#include "rules/policy/role.h"
#include "rules/ruleset/compiledrule.h"
#include "rules/ruleset/evaluate.h"
#include "rules/ruleset/packet.h"
#include "rules/ruleset/ruleset.h"
#include "rules/words/packet.h"
#include "tests/lib/policy_files.h"

#define _cleanup_policy_ _cleanup_(policy_free_p)
#define _cleanup_ruleset_ _cleanup_(ruleset_free_p)

typedef struct Row {
        const char *packet;
        Action verdict;
} Row;

typedef struct RoleTable {
        const char *roles, *vars;
        Row rows[28];
} RoleTable;

#define A ACTION_ALLOW
#define D ACTION_DENY
#define J ACTION_REJECT
#define L ACTION_LIMIT
#define N _ACTION_MAX /* passes, for nobody manages the port */

/* clang-format off */
#define ONLY_MTA                                                                                   \
        { "out to 8.8.8.8 user postfix", A }, { "out to 2001:db8::1 user root", A },               \
        { "out to 8.8.8.8 user mail", A }, { "out to 8.8.8.8 user www-data", J },                  \
        { "out to 2001:db8::1 user alice", J }, { "out", J }
#define ROUTED_REJECTED                                                                            \
        { "routed from 172.17.0.2 to 8.8.8.8", J }, { "routed from fd00::2 to 2001:db8::1", J }
#define OTHER_PORTS_FREE                                                                           \
        { "out user alice port 587", N }, { "out user alice port 465", N },            \
        { "out user alice port 2525", N }, { "routed port 587", N }

static const RoleTable tables[] = {
        { "mx", "", {
                { "in from 198.51.100.1", L }, { "in from 2001:db8::1", L },
                { "in port 587", N }, ONLY_MTA, ROUTED_REJECTED, OTHER_PORTS_FREE } },
        { "internal-relay", "internal = [ \"10.0.0.0/8\", \"fd00::/8\" ];", {
                { "in from 10.1.2.3", A }, { "in from fd00::1", A }, { "in from 198.51.100.1", D },
                { "in from 2001:db8::1", D }, { "in", D }, { "in port 465", N },
                ONLY_MTA, ROUTED_REJECTED, OTHER_PORTS_FREE } },
        { "app-server", "", {
                { "in from 10.1.2.3", D }, { "in from 2001:db8::1", D },
                { "out to 8.8.8.8 user root", J }, { "out to 192.0.2.25 user www-data", J },
                { "out to 2001:db8::1", J }, { "in port 587", N },
                ROUTED_REJECTED, OTHER_PORTS_FREE } },
        { "app-server", "smarthosts = [ \"192.0.2.25\", \"2001:db8::25\" ];", {
                { "out to 192.0.2.25 user www-data", A }, { "out to 2001:db8::25", A },
                { "out to 192.0.2.26 user root", J }, { "out to 2001:db8::26", J },
                { "out", J }, { "in", D }, ROUTED_REJECTED, OTHER_PORTS_FREE } },
        { "submission", "", {
                { "in from 198.51.100.1", D }, { "in from 198.51.100.1 port 587", L },
                { "in from 198.51.100.1 port 465", L }, { "in from 2001:db8::1 port 587", L },
                { "in from 2001:db8::1 port 465", L }, { "in port 2525", N },
                ONLY_MTA, ROUTED_REJECTED, OTHER_PORTS_FREE } },
        { "outbound-mta", "", {
                { "in from 198.51.100.1", D }, { "in from 2001:db8::1", D },
                { "in port 587", N }, ONLY_MTA, ROUTED_REJECTED, OTHER_PORTS_FREE } },
        { "legacy-relay", "devices = [ \"10.0.9.10\", \"10.0.9.16/28\", \"fd00:9::/64\" ];", {
                { "in from 10.0.9.10", A }, { "in from 10.0.9.31", A }, { "in from fd00:9::1", A },
                { "in from 10.0.9.11", D }, { "in from fd00:a::1", D },
                ONLY_MTA, ROUTED_REJECTED, OTHER_PORTS_FREE } },
        { "shared-hosting", "", {
                { "in from 198.51.100.1", A }, { "in from 2001:db8::1", A },
                ONLY_MTA, ROUTED_REJECTED, OTHER_PORTS_FREE } },
        { "container-host", "", {
                { "in from 198.51.100.1", A }, { "out user www-data", A }, ROUTED_REJECTED,
                OTHER_PORTS_FREE } },
        { "container-host", "mail_containers = [ \"172.17.0.2\", \"fd00::2\" ];", {
                { "routed from 172.17.0.2 to 8.8.8.8", A }, { "routed from fd00::2", A },
                { "routed from 172.17.0.3 to 8.8.8.8", J }, { "routed from fd00::3", J },
                { "routed", J }, OTHER_PORTS_FREE } },
        { "no-mail", "", {
                { "in", D }, { "in port 465", D }, { "in port 587", D }, { "in port 2525", D },
                { "in from 2001:db8::1", D }, { "out user root", J }, { "out port 465", J },
                { "out port 587 user root", J }, { "out port 2525", J }, { "routed", J },
                { "routed port 465", J }, { "routed port 587", J }, { "routed port 2525", J },
                { "out port 8025", J }, { "in port 22", N } } },
        { "mx\", \"app-server", "smarthosts = [ \"192.0.2.25\" ];", {
                { "in from 198.51.100.1", L }, { "out user postfix to 8.8.8.8", A },
                { "out user www-data to 192.0.2.25", A }, { "out user www-data to 8.8.8.8", J },
                ROUTED_REJECTED } },
        { "no-mail\", \"mx", "", {
                { "in", L }, { "in port 587", D }, { "out user postfix", A }, { "out", J } } },
};
/* clang-format on */

static void table_check(const RoleTable *t)
{
        _cleanup_policy_ Policy *p = make_policy();
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_ruleset_ Ruleset *r = NULL;
        _cleanup_free_ char *text = NULL;

        assert_true(asprintf(&text, "roles = [ \"%s\" ]; vars = { %s }; mail_ports = [ 8025 ];",
                            t->roles, t->vars) > 0);
        test_load_roles(p, &d);
        test_load_host(p, text, "p25.conf", &d);
        r = compile_good(p, &d);
        for (const Row *row = t->rows; row < t->rows + ELEMENTS(t->rows) && row->packet; row++) {
                _cleanup_strv_ char **words = NULL;
                Packet k;
                Verdict v;

                assert_int_equal(
                        packet_parse(row->packet, &fixture_names, (Place){ 0 }, &d, &k, &words), 0);
                evaluate(r, &k, &v);
                if (!v.rule && !v.by_default && v.action == ACTION_ALLOW)
                        v.action = N;
                if (v.action != row->verdict)
                        print_error("%s: %s\n", t->roles, row->packet);
                assert_int_equal(v.action, row->verdict);
        }
}

static void test_tables(void **state)
{
        (void)state;
        for (size_t i = 0; i < ELEMENTS(tables); i++)
                table_check(tables + i);
}

static void test_catalogue(void **state)
{
        static const char *const names[] = { "app-server", "container-host", "internal-relay",
                "legacy-relay", "mx", "no-mail", "outbound-mta", "shared-hosting", "submission" };
        _cleanup_policy_ Policy *p = make_policy();
        _cleanup_diagnostics_ Diagnostics d = { 0 };

        (void)state;
        test_load_roles(p, &d);
        assert_int_equal(d.n, 0);
        assert_int_equal(p->n_roles, ELEMENTS(names));
        for (size_t i = 0; i < ELEMENTS(names); i++) {
                assert_string_equal(p->roles[i]->name, names[i]);
                assert_non_null(p->roles[i]->summary);
                for (size_t k = 0; k < p->roles[i]->n_vars; k++)
                        assert_non_null(p->roles[i]->vars[k].help);
        }
}

/* The numbers of the table. */
static void test_limits(void **state)
{
        _cleanup_policy_ Policy *p = make_policy();
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_ruleset_ Ruleset *r = NULL;
        static const Limit limit = { 60, 60, 30, 20 };

        (void)state;
        test_load_roles(p, &d);
        test_load_host(p, "roles = [ \"mx\", \"submission\" ];", "p25.conf", &d);
        r = compile_good(p, &d);
        assert_int_equal(r->directions[DIRECTION_IN].n, 2);
        for (size_t i = 0; i < 2; i++)
                assert_memory_equal(
                        &r->directions[DIRECTION_IN].rules[i].limit, &limit, sizeof(limit));
}

static void test_required(void **state)
{
        static const struct {
                const char *role, *text;
        } cases[] = {
                { "internal-relay", "vars.internal: role internal-relay requires it" },
                { "legacy-relay", "vars.devices: role legacy-relay requires it" },
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_policy_ Policy *p = make_policy();
                _cleanup_diagnostics_ Diagnostics d = { 0 };
                _cleanup_ruleset_ Ruleset *r = NULL;
                char text[64];

                snprintf(text, sizeof(text), "\nroles = [ \"%s\" ];", cases[i].role);
                test_load_roles(p, &d);
                test_load_host(p, text, "p25.conf", &d);
                assert_int_equal(compile_policy(p, &fixture_names, &d, &r), -EINVAL);
                assert_non_null(find_diagnostic(&d, SEVERITY_ERROR, cases[i].text));
                assert_int_equal(find_diagnostic(&d, SEVERITY_ERROR, cases[i].text)->line, 2);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_catalogue),
                cmocka_unit_test(test_tables),
                cmocka_unit_test(test_limits),
                cmocka_unit_test(test_required),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
