/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Policies built by hand, compiled: what decides where no rule does, and what is in audit. */

#include "rules/base/strv.h"
#include "rules/policy/hostconf.h"
#include "rules/policy/policy.h"
#include "rules/policy/role.h"
#include "rules/policy/rule.h"
#include "rules/policy/state.h"
#include "rules/ruleset/compiledrule.h"
#include "rules/ruleset/ruleset.h"
#include "tests/unit/fixture.h"

#define _cleanup_policy_ _cleanup_(policy_free_p)
#define _cleanup_ruleset_ _cleanup_(ruleset_free_p)

static void assert_ports(const Ports *p, const char *text)
{
        _cleanup_strv_ char **l = split(text);

        assert_int_equal(p->n, strv_length(l));
        for (size_t i = 0; i < p->n; i++)
                assert_int_equal(p->items[i], strtoul(l[i], NULL, 10));
}

static void test_defaults(void **state)
{
        _cleanup_policy_ Policy *p = make_policy();
        HostConf *h = make_host(p);
        Role *mild = add_role(p, "mild"), *strict = add_role(p, "strict");

        (void)state;
        h->roles = split("strict,mild");
        mild->defaults = (Defaults){ { ACTION_ALLOW, ACTION_REJECT, _ACTION_INVALID } };
        strict->defaults = (Defaults){ { ACTION_REJECT, ACTION_DENY, _ACTION_INVALID } };
        for (unsigned i = 0; i < 3; i++) {
                _cleanup_diagnostics_ Diagnostics d = { 0 };
                _cleanup_ruleset_ Ruleset *r = NULL;

                if (i == 1)
                        h->defaults.of[DIRECTION_OUT] = ACTION_ALLOW;
                if (i == 2)
                        p->state->defaults.of[DIRECTION_OUT] = ACTION_REJECT;
                r = compile_good(p, &d);
                assert_int_equal(r->directions[DIRECTION_IN].default_action, ACTION_REJECT);
                assert_int_equal(r->default_origins[DIRECTION_IN], DEFAULT_ROLE);
                assert_int_equal(r->directions[DIRECTION_ROUTED].default_action, ACTION_ALLOW);
                assert_int_equal(r->default_origins[DIRECTION_ROUTED], DEFAULT_BUILTIN);
                assert_int_equal(r->directions[DIRECTION_OUT].default_action,
                        ((Action[]){ ACTION_DENY, ACTION_ALLOW, ACTION_REJECT })[i]);
                assert_int_equal(r->default_origins[DIRECTION_OUT],
                        ((DefaultOrigin[]){ DEFAULT_ROLE, DEFAULT_CONF, DEFAULT_P25CTL })[i]);
        }
}

/* What is in audit allows, and says what it would do; lockdown is never in audit. */
static void test_audit_direction(void **state)
{
        _cleanup_policy_ Policy *p = make_policy();
        HostConf *h = make_host(p);

        (void)state;
        h->audit[DIRECTION_IN] = true;
        h->defaults.of[DIRECTION_IN] = h->defaults.of[DIRECTION_OUT] = ACTION_DENY;
        add_rule(&p->state->rules, .id = 1, .action = ACTION_REJECT);
        add_rule(&p->state->rules, .id = 2, .action = ACTION_LIMIT);
        add_rule(&p->state->rules, .id = 3, .action = ACTION_ALLOW);
        for (unsigned i = 0; i < 3; i++) {
                bool audit = i == 0;
                _cleanup_diagnostics_ Diagnostics d = { 0 };
                _cleanup_ruleset_ Ruleset *r = NULL;
                const RulesetDirection *in;

                p->state->promoted[DIRECTION_IN] = i == 1;
                p->state->lockdown = i == 2;
                r = compile_good(p, &d);
                in = &r->directions[DIRECTION_IN];
                assert_ports(&in->audited, audit ? "25" : "");
                assert_int_equal(in->audit, audit);
                assert_int_equal(ruleset_default(in, 25), audit ? ACTION_ALLOW : ACTION_DENY);
                assert_int_equal(r->directions[DIRECTION_OUT].audited.n, 0);
                for (size_t k = 0; k < in->n; k++) {
                        Action stated = in->rules[k].rule->action;

                        assert_int_equal(in->rules[k].action, audit ? ACTION_ALLOW : stated);
                        assert_int_equal(in->rules[k].audited, audit ? stated : ACTION_ALLOW);
                        assert_int_equal(compiled_rule_limits(&in->rules[k]), k == 1);
                        /* at the level "low", which says nothing of incoming connections */
                        assert_int_equal(in->rules[k].log, audit && k == 0);
                        assert_int_equal(in->rules[k].log_refused, audit && k == 1);
                }
        }
}

/* A role in audit closes nothing that the others leave open. */
static void test_audit_role(void **state)
{
        static const struct {
                Action other, audited; /* defaults of the two roles */
                Action action;
                const char *ports;
        } cases[] = {
                { _ACTION_INVALID, ACTION_DENY, ACTION_DENY, "25,465" },
                { ACTION_ALLOW, ACTION_REJECT, ACTION_REJECT, "25,465" },
                { ACTION_REJECT, ACTION_DENY, ACTION_REJECT, "465" },
                { ACTION_DENY, _ACTION_INVALID, ACTION_DENY, "465" },
                { ACTION_ALLOW, _ACTION_INVALID, ACTION_ALLOW, "" },
        };
        _cleanup_policy_ Policy *p = make_policy();
        Role *other = add_role(p, "other"), *role = add_role(p, "tried");

        (void)state;
        make_host(p)->roles = split("other,tried");
        role->audit = true;
        role->manages[DIRECTION_OUT] = (Ports){ .items = { 465 }, .n = 1 };
        add_rule(
                &role->rules, .source = SOURCE_ROLE, .source_name = "tried", .action = ACTION_DENY);
        add_rule(&other->rules, .source = SOURCE_ROLE, .source_name = "other",
                .action = ACTION_DENY);
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_diagnostics_ Diagnostics d = { 0 };
                _cleanup_ruleset_ Ruleset *r = NULL, *promoted = NULL;

                other->defaults.of[DIRECTION_OUT] = cases[i].other;
                role->defaults.of[DIRECTION_OUT] = cases[i].audited;
                r = compile_good(p, &d);
                assert_int_equal(r->directions[DIRECTION_OUT].default_action, cases[i].action);
                assert_ports(&r->directions[DIRECTION_OUT].audited, cases[i].ports);
                assert_int_equal(r->directions[DIRECTION_IN].rules[0].audited, ACTION_ALLOW);
                assert_int_equal(r->directions[DIRECTION_IN].rules[1].audited, ACTION_DENY);
                p->state->promoted_roles = split("tried");
                promoted = compile_good(p, &d);
                p->state->promoted_roles = strv_free(p->state->promoted_roles);
                assert_int_equal(promoted->directions[DIRECTION_OUT].audited.n, 0);
                assert_int_equal(promoted->directions[DIRECTION_IN].rules[1].audited, ACTION_ALLOW);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_defaults),
                cmocka_unit_test(test_audit_direction),
                cmocka_unit_test(test_audit_role),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
