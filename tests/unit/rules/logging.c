/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Policies built by hand, compiled: what is logged, and what alerts need of that. */

#include "rules/policy/hostconf.h"
#include "rules/policy/policy.h"
#include "rules/policy/state.h"
#include "rules/ruleset/compiledrule.h"
#include "rules/ruleset/ruleset.h"
#include "tests/unit/fixture.h"

#define _cleanup_policy_ _cleanup_(policy_free_p)
#define _cleanup_ruleset_ _cleanup_(ruleset_free_p)

static void test_alerts(void **state)
{
        static const char anonymous[] = "with attribution = \"off\" no user is known";
        /* with any backend, whatever is logged */
        static const struct {
                Logging logging;
                BackendKind backend;
                Attribution attribution;
                const char *warning;
        } cases[] = {
                { LOGGING_LOW, BACKEND_AUTO, ATTRIBUTION_UNIT, NULL },
                { LOGGING_OFF, BACKEND_AUTO, ATTRIBUTION_UNIT, NULL },
                { LOGGING_OFF, BACKEND_IPTABLES, ATTRIBUTION_USER, NULL },
                { LOGGING_OFF, BACKEND_NFTABLES, ATTRIBUTION_UNIT, NULL },
                { LOGGING_LOW, BACKEND_NFTABLES, ATTRIBUTION_OFF, anonymous },
        };
        _cleanup_policy_ Policy *p = make_policy();
        HostConf *h = make_host(p);

        (void)state;
        for (int limited = 0; limited < 2; limited++)
                for (size_t i = 0; i < ELEMENTS(cases); i++) {
                        _cleanup_diagnostics_ Diagnostics d = { 0 };
                        _cleanup_ruleset_ Ruleset *r = NULL;
                        const char *expected = limited ? cases[i].warning : NULL;

                        h->alerts.limits[ALERT_BLOCKED] =
                                limited ? (Limit){ .rate = 20, .unit_sec = 3600 } : (Limit){ 0 };
                        h->logging = cases[i].logging;
                        h->backend = cases[i].backend;
                        h->attribution = cases[i].attribution;
                        r = compile_good(p, &d);
                        assert_int_equal(d.n, expected ? 1 : 0);
                        if (expected)
                                assert_non_null(find_diagnostic(&d, SEVERITY_WARNING, expected));
                }
}

/* What iptables cannot find is named where p25.conf asks for it of that backend. */
static void test_iptables(void **state)
{
        static const struct {
                BackendKind backend;
                Attribution attribution;
                bool warns, fails;
        } cases[] = {
                { BACKEND_IPTABLES, _ATTRIBUTION_INVALID, false, false },
                { BACKEND_IPTABLES, ATTRIBUTION_USER, false, false },
                { BACKEND_IPTABLES, ATTRIBUTION_OFF, false, false },
                { BACKEND_IPTABLES, ATTRIBUTION_UNIT, true, false },
                { BACKEND_IPTABLES, ATTRIBUTION_PROCESS, false, true },
                { BACKEND_NFTABLES, ATTRIBUTION_UNIT, false, false },
                { BACKEND_NFTABLES, ATTRIBUTION_PROCESS, false, false },
                { BACKEND_AUTO, ATTRIBUTION_PROCESS, false, false },
        };
        _cleanup_policy_ Policy *p = make_policy();
        HostConf *h = make_host(p);

        (void)state;
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_diagnostics_ Diagnostics d = { 0 };
                _cleanup_ruleset_ Ruleset *r = NULL;
                int error = cases[i].fails ? -EINVAL : 0;

                h->backend = cases[i].backend;
                h->attribution = cases[i].attribution;
                assert_int_equal(compile_policy(p, &fixture_names, &d, &r), error);
                assert_int_equal(d.n, cases[i].warns || cases[i].fails ? 1 : 0);
                if (d.n > 0)
                        assert_non_null(find_diagnostic(&d,
                                cases[i].fails ? SEVERITY_ERROR : SEVERITY_WARNING,
                                "the iptables backend "));
        }
        p->state->lockdown = true;
        h->backend = BACKEND_IPTABLES;
        {
                _cleanup_diagnostics_ Diagnostics d = { 0 };
                _cleanup_ruleset_ Ruleset *r = compile_good(p, &d);

                assert_true(r->lockdown);
        }
}

static void test_logging(void **state)
{
        /* of outgoing and routed rules; refused incoming ones are logged from medium on */
        static const bool logged[_LOGGING_MAX][_ACTION_MAX] = {
                [LOGGING_LOW] = { [ACTION_DENY] = true, [ACTION_REJECT] = true },
                [LOGGING_MEDIUM] = { [ACTION_DENY] = true,
                        [ACTION_REJECT] = true,
                        [ACTION_LIMIT] = true },
                [LOGGING_HIGH] = { true, true, true, true },
        };
        _cleanup_policy_ Policy *p = make_policy();

        (void)state;
        for (Direction way = 0; way < _DIRECTION_MAX; way++) {
                for (Action a = 0; a < _ACTION_MAX; a++)
                        add_rule(&p->state->rules, .id = 10u * way + a + 1u, .action = a,
                                .direction = way);
                add_rule(&p->state->rules, .id = 10u * way + 9, .action = ACTION_ALLOW,
                        .direction = way, .log = true);
        }
        p->state->defaults = (Defaults){ { ACTION_DENY, ACTION_REJECT, ACTION_ALLOW } };
        for (Logging l = 0; l < _LOGGING_MAX; l++) {
                _cleanup_diagnostics_ Diagnostics d = { 0 };
                _cleanup_ruleset_ Ruleset *r = NULL;

                p->state->logging = l;
                r = compile_good(p, &d);
                for (Direction way = 0; way < _DIRECTION_MAX; way++) {
                        const CompiledRule *rules = r->directions[way].rules;
                        bool unlogged = way == DIRECTION_IN && l == LOGGING_LOW;

                        for (Action a = 0; a < _ACTION_MAX; a++)
                                assert_int_equal(rules[a].log, logged[l][a] && !unlogged);
                        assert_int_equal(rules[ACTION_LIMIT].log_refused,
                                logged[l][ACTION_REJECT] && !unlogged);
                        assert_true(rules[4].log);
                }
                assert_int_equal(r->directions[DIRECTION_IN].log_default, l >= LOGGING_MEDIUM);
                assert_int_equal(r->directions[DIRECTION_OUT].log_default, l >= LOGGING_LOW);
                assert_int_equal(r->directions[DIRECTION_ROUTED].log_default, l == LOGGING_HIGH);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_alerts),
                cmocka_unit_test(test_iptables),
                cmocka_unit_test(test_logging),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
