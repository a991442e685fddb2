/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * parse ∘ print is the identity, over random models of every kind: whatever rules, sets, vars and
 * texts they hold. And what is printed is libconfig's own language, so that other programs read
 * it too. SEED=N in the environment gives other models.
 */

#include "rules/config/print.h"
#include "rules/address/prefixset.h"
#include "rules/base/diagnostic.h"
#include "rules/base/strv.h"
#include "rules/policy/addressitem.h"
#include "rules/policy/assertion.h"
#include "rules/policy/assertions.h"
#include "rules/policy/fragment.h"
#include "rules/policy/hostconf.h"
#include "rules/policy/role.h"
#include "rules/policy/rule.h"
#include "rules/policy/state.h"
#include "tests/unit/random_models.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
/* cmocka wants the four above first */
#include <cmocka.h>

#define ROUNDS 2500

/* ---- sameness ---- */

static void expect_addresses(const AddressList *a, const AddressList *b)
{
        assert_int_equal(a->n, b->n);
        for (size_t i = 0; i < a->n; i++) {
                assert_int_equal(a->items[i].kind, b->items[i].kind);
                assert_true(streq_null(a->items[i].name, b->items[i].name));
                if (a->items[i].kind == ADDRESS_PREFIX)
                        assert_int_equal(
                                prefix_compare(&a->items[i].prefix, &b->items[i].prefix), 0);
        }
}

static void expect_rules(const RuleList *a, const RuleList *b)
{
        assert_int_equal(a->n, b->n);
        for (size_t i = 0; i < a->n; i++) {
                const Rule *x = a->items[i], *y = b->items[i];

                assert_true(rule_equal(x, y));
                if (x->id != 0)
                        assert_int_equal(x->id, y->id);
                else
                        assert_int_equal(y->id >> 47, 1); /* of a file: given when it is read */
                /* rule_equal does not look at the order of lists */
                expect_addresses(&x->from, &y->from);
                expect_addresses(&x->to, &y->to);
                assert_true(strv_equal(x->user, y->user));
                assert_true(strv_equal(x->group, y->group));
                assert_true(strv_equal(x->unit, y->unit));
        }
}

static void expect_asserts(const Assertions *a, const Assertions *b)
{
        assert_int_equal(a->n, b->n);
        for (size_t i = 0; i < a->n; i++) {
                assert_string_equal(a->items[i].packet, b->items[i].packet);
                assert_int_equal(a->items[i].verdict, b->items[i].verdict);
        }
}

static void expect_common(const Fragment *a, const Fragment *b)
{
        expect_rules(&a->rules, &b->rules);
        expect_asserts(&a->assertions, &b->assertions);
        assert_int_equal(a->vars.n, b->vars.n);
        for (size_t i = 0; i < a->vars.n; i++) {
                assert_string_equal(a->vars.items[i].name, b->vars.items[i].name);
                assert_true(strv_equal(a->vars.items[i].value, b->vars.items[i].value));
        }
        assert_int_equal(a->sets.n, b->sets.n);
        for (size_t i = 0; i < a->sets.n; i++) {
                const SetDecl *x = &a->sets.items[i], *y = &b->sets.items[i];

                assert_string_equal(x->name, y->name);
                assert_true(streq_null(x->path, y->path));
                assert_int_equal(!x->entries, !y->entries);
                if (x->entries)
                        assert_true(prefix_set_equal(x->entries, y->entries));
        }
}

static void expect_defaults(const Defaults *a, const Defaults *b)
{
        for (int i = 0; i < _DIRECTION_MAX; i++)
                assert_int_equal(a->of[i], b->of[i]);
}

static void expect_parsed(int r, const char *text, const Diagnostics *d)
{
        if (r < 0)
                fail_msg("%s:%u: %s\n%s", "printed", d->n > 0 ? d->items[0].line : 0,
                        d->n > 0 ? d->items[0].text : "?", text);
        /* what is canonical warns of nothing */
        assert_int_equal(d->n, 0);
}

/* ---- the tests ---- */

static int set_seed(_unused_ void **state)
{
        const char *seed = getenv("SEED");

        chance_begin(seed ? strtoull(seed, NULL, 10) : 25);
        return 0;
}

static void test_rule(_unused_ void **state)
{
        for (int round = 0; round < ROUNDS; round++) {
                _cleanup_diagnostics_ Diagnostics d = { 0 };
                _cleanup_(rule_unref_p) Rule *r = chance_rule(true, 0);
                _cleanup_(fragment_unref_p) Fragment *f = NULL;
                _cleanup_free_ char *rule = NULL, *text = NULL, *again = NULL;

                assert_int_equal(print_rule(r, &rule), 0);
                assert_null(strchr(rule, '\n'));
                assert_true(asprintf(&text, "rules = ( %s );", rule) > 0);
                expect_parsed(parse_fragment(text, strlen(text), "x", NULL, &d, &f), text, &d);
                expect_rules(&(RuleList){ &r, 1 }, &f->rules);
                assert_int_equal(print_rule(f->rules.items[0], &again), 0);
                assert_string_equal(rule, again);
        }
}

static void test_host(_unused_ void **state)
{
        for (int round = 0; round < ROUNDS; round++) {
                _cleanup_diagnostics_ Diagnostics d = { 0 };
                _cleanup_(host_conf_unref_p) HostConf *h = chance_host(), *again = NULL;
                _cleanup_free_ char *text = NULL, *text_again = NULL;

                assert_int_equal(print_host(h, &text), 0);
                expect_parsed(parse_host(text, strlen(text), "x", &d, &again), text, &d);
                expect_common(h->common, again->common);
                assert_int_equal(h->enabled, again->enabled);
                assert_int_equal(h->backend, again->backend);
                assert_true(strv_equal(h->roles, again->roles));
                expect_defaults(&h->defaults, &again->defaults);
                assert_int_equal(h->logging, again->logging);
                assert_int_equal(h->attribution, again->attribution);
                assert_true(ports_equal(&h->mail_ports, &again->mail_ports));
                assert_int_equal(h->keep_established, again->keep_established);
                assert_int_equal(print_host(again, &text_again), 0);
                assert_string_equal(text, text_again);
        }
}

static void test_fragment(_unused_ void **state)
{
        for (int round = 0; round < ROUNDS; round++) {
                _cleanup_diagnostics_ Diagnostics d = { 0 };
                _cleanup_(fragment_unref_p) Fragment *f = fragment_new(), *again = NULL;
                _cleanup_free_ char *text = NULL, *text_again = NULL;

                assert_non_null(f);
                chance_common(f);
                assert_int_equal(print_fragment(f, &text), 0);
                expect_parsed(parse_fragment(text, strlen(text), "n", "x", &d, &again), text, &d);
                expect_common(f, again);
                assert_string_equal(again->name, "n");
                assert_int_equal(print_fragment(again, &text_again), 0);
                assert_string_equal(text, text_again);
        }
}

static void test_role(_unused_ void **state)
{
        for (int round = 0; round < ROUNDS; round++) {
                _cleanup_diagnostics_ Diagnostics d = { 0 };
                _cleanup_(role_unref_p) Role *r = chance_role(), *again = NULL;
                _cleanup_free_ char *text = NULL, *text_again = NULL;

                assert_int_equal(print_role(r, &text), 0);
                expect_parsed(parse_role(text, strlen(text), "x", &d, &again), text, &d);
                assert_string_equal(r->name, again->name);
                assert_true(streq_null(r->summary, again->summary));
                for (int i = 0; i < _DIRECTION_MAX; i++) {
                        assert_true(ports_equal(&r->manages[i], &again->manages[i]));
                        assert_int_equal(r->manages_all[i], again->manages_all[i]);
                }
                assert_int_equal(r->n_vars, again->n_vars);
                for (size_t i = 0; i < r->n_vars; i++) {
                        assert_string_equal(r->vars[i].name, again->vars[i].name);
                        assert_int_equal(r->vars[i].type, again->vars[i].type);
                        assert_int_equal(r->vars[i].required, again->vars[i].required);
                        assert_true(strv_equal(r->vars[i].value, again->vars[i].value));
                        assert_true(streq_null(r->vars[i].help, again->vars[i].help));
                }
                expect_defaults(&r->defaults, &again->defaults);
                expect_rules(&r->rules, &again->rules);
                expect_asserts(&r->assertions, &again->assertions);
                assert_int_equal(print_role(again, &text_again), 0);
                assert_string_equal(text, text_again);
        }
}

static void expect_state(const State *a, const State *b)
{
        assert_int_equal(a->revision, b->revision);
        assert_int_equal(a->origin.time_usec, b->origin.time_usec);
        assert_int_equal(a->origin.uid, b->origin.uid);
        assert_int_equal(a->origin.pid, b->origin.pid);
        assert_true(streq_null(a->origin.process, b->origin.process));
        assert_true(streq_null(a->origin.unit, b->origin.unit));
        assert_true(streq_null(a->origin.remote, b->origin.remote));
        assert_true(streq_null(a->files, b->files));
        assert_int_equal(a->files_pinned, b->files_pinned);
        assert_true(streq_null(a->origin.reason, b->origin.reason));
        assert_int_equal(a->next_id, b->next_id);
        assert_int_equal(a->enabled, b->enabled);
        assert_int_equal(a->roles_set, b->roles_set);
        assert_true(strv_equal(a->roles, b->roles));
        expect_defaults(&a->defaults, &b->defaults);
        assert_int_equal(a->logging, b->logging);
        assert_int_equal(a->lockdown, b->lockdown);
        expect_rules(&a->rules, &b->rules);
        for (size_t i = 0; i < b->rules.n; i++) {
                assert_int_equal(b->rules.items[i]->source, SOURCE_P25CTL);
                assert_null(b->rules.items[i]->file);
                assert_int_equal(b->rules.items[i]->line, 0);
        }
}

static void test_state(_unused_ void **state)
{
        for (int round = 0; round < ROUNDS; round++) {
                _cleanup_diagnostics_ Diagnostics d = { 0 };
                _cleanup_(state_free_p) State *s = chance_state_document();
                _cleanup_(state_document_deinit) StateDocument again = { 0 };
                _cleanup_strv_ char **fragments = NULL, **sets = NULL;
                _cleanup_free_ char *text = NULL;

                for (size_t i = 0; i < s->n_fragments; i++)
                        assert_int_equal(strv_consume(&fragments, chance_text(60, true)), 0);
                for (size_t i = 0; i < s->n_sets; i++)
                        assert_int_equal(strv_consume(&sets, chance_text(60, true)), 0);
                assert_int_equal(print_state(s, fragments, sets, &text), 0);
                expect_parsed(parse_state(text, strlen(text), "x", &d, &again), text, &d);
                expect_state(s, again.state);
                assert_int_equal(again.n_fragments, s->n_fragments);
                for (size_t i = 0; i < s->n_fragments; i++) {
                        assert_string_equal(again.fragments[i].name, s->fragments[i]->name);
                        assert_string_equal(again.fragments[i].file, fragments[i]);
                }
                assert_int_equal(again.n_sets, s->n_sets);
                for (size_t i = 0; i < s->n_sets; i++) {
                        assert_string_equal(again.sets[i].name, s->sets[i].name);
                        assert_string_equal(again.sets[i].file, sets[i]);
                }
        }
}

/* Nothing said is nothing printed, and a new state is a document. */
static void test_empty(_unused_ void **state)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_(host_conf_unref_p) HostConf *h = NULL;
        _cleanup_(fragment_unref_p) Fragment *f = NULL;
        _cleanup_(state_free_p) State *s = state_new();
        _cleanup_free_ char *host = NULL, *fragment = NULL, *text = NULL;

        assert_int_equal(parse_host("", 0, "x", &d, &h), 0);
        assert_int_equal(print_host(h, &host), 0);
        assert_string_equal(host, "");
        assert_int_equal(parse_fragment("", 0, "n", "x", &d, &f), 0);
        assert_int_equal(print_fragment(f, &fragment), 0);
        assert_string_equal(fragment, "");
        assert_int_equal(print_state(s, NULL, NULL, &text), 0);
        assert_string_equal(text, "state = {\n  revision = 0;\n  next_id = 1;\n};\n");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(test_rule, set_seed),
                cmocka_unit_test_setup(test_host, set_seed),
                cmocka_unit_test_setup(test_fragment, set_seed),
                cmocka_unit_test_setup(test_role, set_seed),
                cmocka_unit_test_setup(test_state, set_seed),
                cmocka_unit_test(test_empty),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
