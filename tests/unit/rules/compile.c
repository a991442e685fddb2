/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Policies built by hand, compiled: order, ports, vars, names, sets, ids. */

#include "rules/address/prefixset.h"
#include "rules/address/rangeset.h"
#include "rules/base/buffer.h"
#include "rules/base/strv.h"
#include "rules/policy/addressitem.h"
#include "rules/policy/fragment.h"
#include "rules/policy/hostconf.h"
#include "rules/policy/policy.h"
#include "rules/policy/role.h"
#include "rules/policy/rule.h"
#include "rules/policy/state.h"
#include "rules/ruleset/compiledrule.h"
#include "rules/ruleset/ruleset.h"
#include "tests/unit/fixture.h"

#include <time.h>

#define _cleanup_policy_ _cleanup_(policy_free_p)
#define _cleanup_ruleset_ _cleanup_(ruleset_free_p)

/* Compiling must fail with an error that holds the text, at file:line. */
static void assert_refused(const Policy *p, const char *text, const char *file, unsigned line)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_ruleset_ Ruleset *r = NULL;
        const Diagnostic *found;

        assert_int_equal(compile_policy(p, &fixture_names, &d, &r), -EINVAL);
        assert_null(r);
        found = find_diagnostic(&d, SEVERITY_ERROR, text);
        for (size_t i = 0; !found && i < d.n; i++)
                print_error("found: %s\n", d.items[i].text);
        assert_non_null(found);
        assert_true(streq_null(found->file, file));
        assert_int_equal(found->line, line);
        /* nobody listens: the same answer */
        assert_int_equal(compile_policy(p, &fixture_names, NULL, &r), -EINVAL);
}

static void test_empty(void **state)
{
        _cleanup_policy_ Policy *p = make_policy();
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_ruleset_ Ruleset *r = compile_good(p, &d);

        (void)state;
        assert_int_equal(d.n, 0);
        for (Direction i = 0; i < _DIRECTION_MAX; i++) {
                assert_int_equal(r->directions[i].n, 0);
                assert_int_equal(r->directions[i].managed.n, 1);
                assert_int_equal(r->directions[i].managed.items[0], 25);
                assert_true(ports_equal(&r->directions[i].managed, &r->directions[i].watched));
                assert_int_equal(r->directions[i].default_action, ACTION_ALLOW);
                assert_int_equal(r->default_origins[i], DEFAULT_BUILTIN);
                assert_false(r->directions[i].log_default);
        }
        assert_false(r->lockdown);
        assert_false(r->keep_established);
}

static void test_order(void **state)
{
        static const char *const order[] = { "10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4",
                "10.0.0.5", "10.0.0.6", "10.0.0.7", "10.0.0.8" };
        _cleanup_policy_ Policy *p = make_policy();
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_ruleset_ Ruleset *r = NULL;
        HostConf *h = make_host(p);

        (void)state;
        add_rule(&p->state->rules, .id = 1, .from = order[0]);
        add_rule(&p->state->rules, .id = 2, .from = order[1]);
        add_rule(&h->common->rules, .source = SOURCE_CONF, .from = order[2]);
        add_rule(&add_file(p, "a")->rules, .source = SOURCE_FRAGMENT, .source_name = "a",
                .from = order[3]);
        add_rule(&add_stored_fragment(p, "b")->rules, .source = SOURCE_FRAGMENT, .source_name = "b",
                .from = order[4]);
        add_rule(&add_file(p, "c")->rules, .source = SOURCE_FRAGMENT, .source_name = "c",
                .from = order[5]);
        add_rule(&add_role(p, "alpha")->rules, .source = SOURCE_ROLE, .source_name = "alpha",
                .from = order[7]);
        add_rule(&add_role(p, "omega")->rules, .source = SOURCE_ROLE, .source_name = "omega",
                .from = order[6]);
        add_rule(&add_role(p, "zzz")->rules, .source = SOURCE_ROLE, .source_name = "zzz");
        h->roles = split("omega,alpha");
        r = compile_good(p, &d);
        assert_int_equal(d.n, 0);
        assert_int_equal(r->directions[DIRECTION_IN].n, ELEMENTS(order));
        for (size_t i = 0; i < ELEMENTS(order); i++) {
                const CompiledRule *c = r->directions[DIRECTION_IN].rules + i;
                char text[ADDRESS_TEXT_MAX];

                assert_int_equal(c->from.n, 1);
                assert_int_equal(item_list_count(c->from.sets[0].ranges->v4), 1);
                assert_string_equal(prefix_format(&c->rule->from.items[0].prefix, text), order[i]);
        }
}

static void assert_ports(const Ports *p, const char *text)
{
        _cleanup_strv_ char **l = split(text);

        assert_int_equal(p->n, strv_length(l));
        for (size_t i = 0; i < p->n; i++)
                assert_int_equal(p->items[i], strtoul(l[i], NULL, 10));
}

static void test_ports(void **state)
{
        _cleanup_policy_ Policy *p = make_policy();
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_ruleset_ Ruleset *r = NULL;
        HostConf *h = make_host(p);
        Role *role = add_role(p, "r");

        (void)state;
        h->roles = split("r");
        ports_add(&h->mail_ports, 8025);
        ports_add(&role->manages[DIRECTION_IN], 587);
        role->manages_all[DIRECTION_OUT] = true;
        add_rule(&p->state->rules, .id = 1, .ports = "465,8025");
        add_rule(&p->state->rules, .id = 2, .direction = DIRECTION_ROUTED, .ports = "2525");
        r = compile_good(p, &d);
        assert_ports(&r->directions[DIRECTION_IN].managed, "25,587");
        assert_ports(&r->directions[DIRECTION_IN].watched, "25,465,587,8025");
        assert_ports(&r->directions[DIRECTION_OUT].managed, "25,465,587,2525,8025");
        assert_ports(&r->directions[DIRECTION_ROUTED].managed, "25");
        assert_ports(&r->directions[DIRECTION_ROUTED].watched, "25,2525");

        ports_add(&role->manages[DIRECTION_ROUTED], 26);
        assert_refused(p, "role r manages 26, which is not a mail port", "role.conf", 0);
}

static void test_bad_port(void **state)
{
        _cleanup_policy_ Policy *p = make_policy();
        Fragment *f = add_file(p, "f");

        (void)state;
        add_rule(&f->rules, .ports = "22", .source = SOURCE_FRAGMENT, .line = 9);
        assert_refused(p, "22 is not a mail port", "fragment.conf", 9);
}

static void test_state_over_conf(void **state)
{
        _cleanup_policy_ Policy *p = make_policy();
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_ruleset_ Ruleset *r = NULL;

        (void)state;
        make_host(p)->roles = split("nosuch");
        p->host->keep_established = true;
        assert_refused(p, "there is no role nosuch", "p25.conf", 2);
        p->state->roles_set = true;
        r = compile_good(p, &d);
        assert_true(r->keep_established);
        p->state->roles = split("other");
        assert_refused(p, "there is no role other", NULL, 0);
}

static void test_role_twice(void **state)
{
        _cleanup_policy_ Policy *p = make_policy();

        (void)state;
        add_role(p, "r");
        make_host(p)->roles = split("r,r");
        assert_refused(p, "role r is listed twice", "p25.conf", 2);
}

static void test_lockdown(void **state)
{
        _cleanup_policy_ Policy *p = make_policy();
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_ruleset_ Ruleset *r = NULL;

        (void)state;
        ports_add(&make_host(p)->mail_ports, 8025);
        p->host->roles = split("nosuch");
        p->state->lockdown = true;
        add_rule(&p->state->rules, .id = 1);
        p->state->defaults.of[DIRECTION_IN] = ACTION_ALLOW;
        r = compile_good(p, &d);
        assert_true(r->lockdown);
        assert_int_equal(d.n_errors, 0);
        assert_non_null(find_diagnostic(&d, SEVERITY_WARNING, "there is no role nosuch"));
        for (Direction i = 0; i < _DIRECTION_MAX; i++) {
                assert_int_equal(r->directions[i].n, 0);
                assert_ports(&r->directions[i].managed, "25,465,587,2525,8025");
                assert_ports(&r->directions[i].watched, "25,465,587,2525,8025");
        }
        assert_int_equal(r->directions[DIRECTION_IN].default_action, ACTION_DENY);
        assert_int_equal(r->directions[DIRECTION_OUT].default_action, ACTION_REJECT);
        assert_int_equal(r->directions[DIRECTION_ROUTED].default_action, ACTION_REJECT);
}

/* ---- vars ---- */

static void test_role_vars(void **state)
{
        _cleanup_policy_ Policy *p = make_policy();
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_ruleset_ Ruleset *r = NULL;
        HostConf *h = make_host(p);
        Role *role = add_role(p, "relay");
        Rule *template;
        const CompiledRule *c;

        (void)state;
        h->roles = split("relay");
        add_decl(role, "internal", VAR_NETWORKS, true, NULL, "networks that may use the relay");
        add_decl(role, "hosts", VAR_NETWORKS, false, NULL, NULL);
        add_decl(role, "mta", VAR_USERS, false, "postfix,exim,root", NULL);
        add_decl(role, "ports", VAR_PORTS, false, "smtp,587", NULL);
        template = add_rule(&role->rules, .source = SOURCE_ROLE, .source_name = "relay",
                .from = "$internal", .ports_var = "ports");
        add_rule(&role->rules, .source = SOURCE_ROLE, .source_name = "relay",
                .direction = DIRECTION_OUT, .to = "$hosts", .user = "$mta");
        assert_refused(p,
                "vars.internal: role relay requires it (networks that may use the relay); set it "
                "in "
                "p25.conf, for example vars = { internal = [ \"192.0.2.0/24\" ]; };",
                "p25.conf", 2);
        add_value(h->common, "internal", "10.0.0.0/8,@s,fd00::/8", 7);
        add_set(h->common, "s", "192.0.2.1\n", 8);
        r = compile_good(p, &d);
        assert_int_equal(r->directions[DIRECTION_IN].n, 1);
        c = r->directions[DIRECTION_IN].rules;
        assert_false(c->from.any);
        assert_int_equal(c->from.n, 2);
        assert_null(c->from.sets[0].name);
        assert_int_equal(item_list_count(c->from.sets[0].ranges->v4), 1);
        assert_int_equal(item_list_count(c->from.sets[0].ranges->v6), 1);
        assert_string_equal(c->from.sets[1].name, "s");
        assert_int_equal(c->rule->from.n, 3);
        assert_ports(&c->ports, "25,587");
        assert_ports(&r->directions[DIRECTION_IN].watched, "25,587");
        /* the role itself is as it was */
        assert_int_equal(template->from.n, 1);
        assert_int_equal(template->from.items[0].kind, ADDRESS_VAR);
        assert_int_equal(template->id, c->rule->id);
        /* a var that holds nothing matches nothing, and is not shown as any */
        c = r->directions[DIRECTION_OUT].rules;
        assert_false(c->to.any);
        assert_int_equal(c->to.n, 0);
        assert_int_equal(c->rule->to.n, 1);
        assert_int_equal(c->rule->to.items[0].kind, ADDRESS_VAR);
        assert_true(c->users.stated);
        assert_int_equal(c->users.n, 2);
        assert_int_equal(c->users.ids[0], 0);
        assert_int_equal(c->users.ids[1], 101);
        assert_string_equal(c->rule->user[0], "postfix");
        assert_string_equal(c->rule->user[1], "root");
        assert_null(c->rule->user[2]);
        /* one note for the candidates that are not there */
        assert_int_equal(d.n, 1);
        assert_non_null(find_diagnostic(&d, SEVERITY_NOTE, "not exist: exim"));
        assert_string_equal(d.items[0].file, "role.conf");
        assert_int_equal(d.items[0].line, 5);
}

static void test_var_any(void **state)
{
        _cleanup_policy_ Policy *p = make_policy();
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_ruleset_ Ruleset *r = NULL;
        Role *role = add_role(p, "r");

        (void)state;
        make_host(p)->roles = split("r");
        add_decl(role, "v", VAR_NETWORKS, false, NULL, NULL);
        add_rule(&role->rules, .source = SOURCE_ROLE, .from = "$v,10.0.0.1");
        add_value(p->host->common, "v", "any", 3);
        r = compile_good(p, &d);
        assert_true(r->directions[DIRECTION_IN].rules[0].from.any);
        assert_int_equal(r->directions[DIRECTION_IN].rules[0].rule->from.n, 0);
}

static void test_bad_role_vars(void **state)
{
        _cleanup_policy_ Policy *p = make_policy();
        HostConf *h = make_host(p);
        Role *role = add_role(p, "r");
        Rule *rule;

        (void)state;
        h->roles = split("r");
        add_decl(role, "v", VAR_NETWORKS, false, NULL, NULL);
        add_decl(role, "u", VAR_USERS, false, NULL, NULL);
        add_decl(role, "q", VAR_PORTS, false, "25", NULL);
        rule = add_rule(&role->rules, .source = SOURCE_ROLE, .from = "$w", .line = 11);
        assert_refused(p, "role r does not declare variable w", "role.conf", 11);
        rule->from.items[0].name[0] = 'u';
        assert_refused(
                p, "variable u holds users, and networks are expected here", "role.conf", 11);
        rule->from.items[0].name[0] = 'v';
        add_value(h->common, "v", "10.0.0.0/8,smtp.example.org", 12);
        assert_refused(p, "smtp.example.org", "p25.conf", 12);
        h->common->vars.items[0].value = strv_free(h->common->vars.items[0].value);
        h->common->vars.items[0].value = split("@nosuch");
        assert_refused(p, "vars.v: there is no set @nosuch", "p25.conf", 12);
        h->common->vars.items[0].value = strv_free(h->common->vars.items[0].value);
        add_value(h->common, "q", "25,22", 13);
        assert_refused(p, "22 is not a mail port", "p25.conf", 13);
}

static void test_fragment_vars(void **state)
{
        _cleanup_policy_ Policy *p = make_policy();
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_ruleset_ Ruleset *r = NULL;
        HostConf *h = make_host(p);
        Fragment *f = add_file(p, "f"), *g = add_file(p, "g");
        const CompiledRule *rules;

        (void)state;
        add_value(h->common, "v", "10.1.0.0/16", 3);
        add_value(h->common, "w", "10.2.0.0/16", 4);
        add_value(h->common, "unused", "10.3.0.0/16", 5);
        add_value(h->common, "x", "10.4.0.0/16", 6);
        add_value(f, "v", "10.9.0.0/16", 2);
        add_rule(&h->common->rules, .source = SOURCE_CONF, .from = "$v");
        add_rule(&f->rules, .source = SOURCE_FRAGMENT, .source_name = "f", .from = "$v");
        add_rule(&f->rules, .source = SOURCE_FRAGMENT, .source_name = "f", .from = "$w");
        add_rule(&g->rules, .source = SOURCE_FRAGMENT, .source_name = "g", .from = "$v,$x");
        add_value(g, "idle", "alice", 1);
        r = compile_good(p, &d);
        rules = r->directions[DIRECTION_IN].rules;
        assert_int_equal(range4_at(rules[0].from.sets[0].ranges, 0)->first, 0x0a010000);
        assert_int_equal(range4_at(rules[1].from.sets[0].ranges, 0)->first, 0x0a090000);
        assert_int_equal(range4_at(rules[2].from.sets[0].ranges, 0)->first, 0x0a020000);
        assert_int_equal(range4_at(rules[3].from.sets[0].ranges, 0)->first, 0x0a010000);
        assert_int_equal(d.n, 2);
        assert_non_null(find_diagnostic(&d, SEVERITY_NOTE, "vars.unused: not used by any rule"));
        assert_non_null(find_diagnostic(&d, SEVERITY_NOTE, "vars.idle: not used by any rule"));
}

static void test_bad_fragment_vars(void **state)
{
        _cleanup_policy_ Policy *p = make_policy();
        Fragment *f = add_file(p, "f");

        (void)state;
        add_rule(&f->rules, .source = SOURCE_FRAGMENT, .from = "$v", .line = 4);
        assert_refused(p, "there is no variable $v", "fragment.conf", 4);
        add_value(f, "v", "alice", 2);
        assert_refused(p, "alice", "fragment.conf", 2);
        add_rule(&p->state->rules, .id = 1, .to = "$v");
        assert_refused(p, "there is no variable $v: variables can only be used in files", NULL, 0);
}

/* ---- names ---- */

static void test_names(void **state)
{
        _cleanup_policy_ Policy *p = make_policy();
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_ruleset_ Ruleset *r = NULL;
        const CompiledRule *c;

        (void)state;
        add_rule(&p->state->rules, .id = 1, .direction = DIRECTION_OUT,
                .user = "postfix,4000,alice,101,0", .group = "mail,8",
                .unit = "nginx.service,stopped.service,nginx.service");
        r = compile_good(p, &d);
        c = r->directions[DIRECTION_OUT].rules;
        assert_int_equal(c->users.n, 4);
        assert_memory_equal(c->users.ids, ((uint32_t[]){ 0, 101, 1000, 4000 }), 16);
        assert_int_equal(c->groups.n, 1);
        assert_int_equal(c->groups.ids[0], 8);
        assert_true(c->has_units);
        assert_int_equal(c->n_units, 2);
        assert_string_equal(c->units[0].name, "nginx.service");
        assert_int_equal(c->units[0].cgroup, 5002);
        assert_int_equal(c->units[0].level, 2);
        assert_string_equal(c->units[1].name, "stopped.service");
        assert_int_equal(c->units[1].cgroup, 0);
        assert_int_equal(d.n, 1);
        assert_non_null(
                find_diagnostic(&d, SEVERITY_WARNING, "unit stopped.service is not running"));
}

static void test_bad_names(void **state)
{
        static const struct {
                const char *user, *group, *unit, *text;
        } cases[] = {
                { "nobody-here", NULL, NULL, "no such user: nobody-here" },
                { NULL, "nogroup-here", NULL, "no such group: nogroup-here" },
                { NULL, NULL, "a/b", "a/b" },
                { NULL, NULL, "old.service", "units need cgroup v2" },
                { "4294967295", NULL, NULL, "4294967295 is out of range" },
                { "broken", NULL, NULL, "user broken cannot be resolved: Input/output error" },
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_policy_ Policy *p = make_policy();

                add_rule(&add_file(p, "f")->rules, .direction = DIRECTION_OUT,
                        .source = SOURCE_FRAGMENT, .line = 3, .user = cases[i].user,
                        .group = cases[i].group, .unit = cases[i].unit);
                assert_refused(p, cases[i].text, "fragment.conf", 3);
        }
}

static void test_names_later(void **state)
{
        _cleanup_policy_ Policy *p = make_policy();
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_ruleset_ Ruleset *r = NULL;

        (void)state;
        add_rule(&p->state->rules, .id = 1, .direction = DIRECTION_OUT, .user = "ldap-user");
        r = compile_good(p, &d);
        assert_non_null(find_diagnostic(&d, SEVERITY_WARNING, "ldap-user cannot be looked up yet"));
        assert_true(r->directions[DIRECTION_OUT].rules[0].users.stated);
        assert_int_equal(r->directions[DIRECTION_OUT].rules[0].users.n, 0);
}

static void test_role_candidates(void **state)
{
        _cleanup_policy_ Policy *p = make_policy();
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_ruleset_ Ruleset *r = NULL;
        Role *role = add_role(p, "r");
        const CompiledRule *c;

        (void)state;
        make_host(p)->roles = split("r");
        add_decl(role, "mta", VAR_USERS, false, "exim,smmsp", NULL);
        add_rule(&role->rules, .source = SOURCE_ROLE, .direction = DIRECTION_OUT, .user = "$mta");
        add_rule(&role->rules, .source = SOURCE_ROLE, .direction = DIRECTION_OUT,
                .user = "mail,exim");
        r = compile_good(p, &d);
        c = r->directions[DIRECTION_OUT].rules;
        assert_true(c[0].users.stated);
        assert_int_equal(c[0].users.n, 0);
        assert_string_equal(c[0].rule->user[0], "$mta");
        assert_int_equal(c[1].users.n, 1);
        assert_int_equal(c[1].users.ids[0], 8);
        assert_int_equal(d.n, 2);
        assert_non_null(find_diagnostic(&d, SEVERITY_WARNING, "none is left"));
        assert_non_null(find_diagnostic(&d, SEVERITY_NOTE, "not exist: exim"));
}

/* ---- sets ---- */

static void test_sets(void **state)
{
        _cleanup_policy_ Policy *p = make_policy();
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_ruleset_ Ruleset *r = NULL, *again = NULL;
        HostConf *h = make_host(p);
        const CompiledRule *c;

        (void)state;
        add_set(h->common, "zebra", "10.0.0.0/9\n10.128.0.0/9\n2001:db8::/32\n", 3);
        add_set(h->common, "idle", "10.0.0.0/9\n", 4);
        add_set(add_file(p, "f"), "ape", "192.0.2.1\n", 1);
        add_stored_set(p, "empty", "");
        add_rule(&p->state->rules, .id = 1, .from = "@zebra,203.0.113.1,@ape,@zebra,203.0.113.0");
        add_rule(&p->state->rules, .id = 2, .from = "@empty");
        r = compile_good(p, &d);
        assert_int_equal(d.n, 0);
        assert_int_equal(r->n_sets, 3);
        assert_string_equal(r->sets[0].name, "ape");
        assert_string_equal(r->sets[1].name, "empty");
        assert_string_equal(r->sets[2].name, "zebra");
        c = r->directions[DIRECTION_IN].rules;
        assert_int_equal(c->from.n, 3);
        assert_null(c->from.sets[0].name);
        assert_int_equal(item_list_count(c->from.sets[0].ranges->v4), 1);
        assert_ptr_equal(c->from.sets[1].name, r->sets[2].name);
        assert_ptr_equal(c->from.sets[1].ranges, r->sets[2].ranges);
        assert_int_equal(item_list_count(r->sets[2].ranges->v4), 1);
        assert_ptr_equal(c->from.sets[2].name, r->sets[0].name);
        assert_false(c[1].from.any);
        /* merged once: the next ruleset shares the ranges */
        again = compile_good(p, &d);
        assert_ptr_equal(again->sets[2].ranges, r->sets[2].ranges);
        assert_ptr_equal(again->sets[1].ranges, r->sets[1].ranges);
        /* and one that no rule uses is not merged */
        assert_null(h->common->sets.items[1].entries->ranges);
}

static void test_bad_sets(void **state)
{
        _cleanup_policy_ Policy *p = make_policy();
        HostConf *h = make_host(p);
        Fragment *f = add_file(p, "f");

        (void)state;
        add_rule(&f->rules, .source = SOURCE_FRAGMENT, .to = "@nosuch", .line = 6);
        assert_refused(p, "there is no set @nosuch", "fragment.conf", 6);
        add_set(h->common, "nosuch", "10.0.0.1\n", 2);
        add_set(f, "nosuch", "10.0.0.1\n", 4);
        assert_refused(p, "sets.nosuch: declared twice", "p25.conf", 2);
        add_stored_set(p, "other", "10.0.0.1\n");
        add_set(f, "other", "10.0.0.1\n", 5);
        assert_refused(p, "there is a set of this name made by p25ctl", "fragment.conf", 5);
}

static void test_fragment_twice(void **state)
{
        _cleanup_policy_ Policy *p = make_policy();

        (void)state;
        add_file(p, "f");
        add_stored_fragment(p, "f");
        assert_refused(p, "there is a fragment f already", "fragment.conf", 0);
}

/* ---- limits, logging, ids ---- */

static void test_limits(void **state)
{
        static const struct {
                Limit given, complete;
        } cases[] = {
                { { 0, 0, 0, 0 }, { 12, 60, 6, 0 } },
                { { 30, 3600, 0, 0 }, { 30, 3600, 6, 0 } },
                { { 30, 3600, 9, 4 }, { 30, 3600, 9, 4 } },
                { { 0, 0, 0, 20 }, { 0, 0, 0, 20 } },
                { { 0, 0, 3, 20 }, { 12, 60, 3, 20 } },
                { { 0, 0, 3, 0 }, { 12, 60, 3, 0 } },
        };
        _cleanup_policy_ Policy *p = make_policy();
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_ruleset_ Ruleset *r = NULL;

        (void)state;
        for (size_t i = 0; i < ELEMENTS(cases); i++)
                add_rule(&p->state->rules, .id = i + 1, .action = ACTION_LIMIT,
                        .limit = cases[i].given);
        r = compile_good(p, &d);
        for (size_t i = 0; i < ELEMENTS(cases); i++)
                assert_memory_equal(&r->directions[DIRECTION_IN].rules[i].limit, &cases[i].complete,
                        sizeof(Limit));
}

static void test_ids(void **state)
{
        _cleanup_policy_ Policy *p = make_policy();
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_ruleset_ Ruleset *r = NULL, *again = NULL, *bare = NULL;
        Fragment *f = add_file(p, "f"), *g = add_file(p, "g");
        const CompiledRule *c;
        Rule *shared;

        (void)state;
        add_rule(&p->state->rules, .id = 7);
        add_rule(&f->rules, .source = SOURCE_FRAGMENT, .source_name = "f", .to = "10.0.0.1");
        add_rule(&f->rules, .source = SOURCE_FRAGMENT, .source_name = "f", .to = "10.0.0.1");
        shared = add_rule(
                &g->rules, .source = SOURCE_FRAGMENT, .source_name = "g", .to = "10.0.0.1");
        assert_int_equal(rule_list_append(&g->rules, shared), 0);
        r = compile_good(p, &d);
        c = r->directions[DIRECTION_IN].rules;
        assert_int_equal(r->directions[DIRECTION_IN].n, 5);
        assert_int_equal(c[0].rule->id, 7);
        /* this very number: rulesets of another machine and of the next version have it too */
        assert_int_equal(c[1].rule->id, UINT64_C(0xc549bb83e338));
        for (size_t i = 1; i < 5; i++) {
                assert_int_equal(c[i].rule->id >> 47, 1);
                for (size_t k = 0; k < i; k++)
                        assert_int_not_equal(c[i].rule->id, c[k].rule->id);
        }
        again = compile_good(p, &d);
        for (size_t i = 0; i < 5; i++)
                assert_int_equal(again->directions[DIRECTION_IN].rules[i].rule->id, c[i].rule->id);
        assert_ptr_equal(again->directions[DIRECTION_IN].rules[1].rule, f->rules.items[0]);
        /* what is shared is not written to, also where nobody gave an id */
        f->rules.items[0]->id = 0;
        assert_int_equal(compile_policy(p, &fixture_names, &d, &bare), 0);
        assert_int_equal(f->rules.items[0]->id, 0);
        assert_int_equal(
                bare->directions[DIRECTION_IN].rules[1].rule->id, UINT64_C(0xc549bb83e338));
}

/* ---- size ---- */

static uint64_t now_usec(void)
{
        struct timespec t;

        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
        return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void test_many(void **state)
{
        _cleanup_policy_ Policy *p = make_policy();
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_ruleset_ Ruleset *r = NULL;
        Fragment *f = add_file(p, "f");
        uint64_t before;

        (void)state;
        add_set(f, "s", "10.0.0.0/8\n", 1);
        for (unsigned i = 0; i < POLICY_RULES_MAX; i++) {
                char from[ADDRESS_TEXT_MAX];
                Address a = address_from_ipv4(0x0a000000 + i / 2);

                address_format(&a, from);
                add_rule(&f->rules, .source = SOURCE_FRAGMENT, .source_name = "f",
                        .direction = DIRECTION_OUT, .from = from, .to = "@s", .user = "alice");
        }
        before = now_usec();
        r = compile_good(p, &d);
        print_message("%u rules compiled in %u ms\n", POLICY_RULES_MAX,
                (unsigned)((now_usec() - before) / 1000));
        assert_int_equal(r->directions[DIRECTION_OUT].n, POLICY_RULES_MAX);
        assert_int_equal(d.n, 0);
        add_rule(&p->state->rules, .id = 1);
        assert_refused(p, "a policy can hold at most 100000 rules", "fragment.conf", 0);
}

/* A small text whose variables are large where each rule has a copy of them. */
static void test_many_values(void **state)
{

        (void)state;
        for (size_t kind = 0; kind < 2; kind++) {
                _cleanup_policy_ Policy *p = make_policy();
                _cleanup_buffer_ Buffer b = { 0 };
                _cleanup_diagnostics_ Diagnostics d = { 0 };
                HostConf *h = make_host(p);
                Role *role = add_role(p, "x");
                Ruleset *r = NULL;

                h->roles = split("x");
                for (size_t i = 0; i < 250; i++)
                        buffer_printf(&b, "%s%s%zu", i > 0 ? "," : "", kind ? "" : "10.0.0.", i);
                add_decl(role, "v", kind ? VAR_USERS : VAR_NETWORKS, false, b.data, NULL);
                for (size_t i = 0; i < POLICY_VALUES_MAX / 250; i++)
                        add_rule(&role->rules, .source = SOURCE_ROLE, .source_name = "x",
                                .direction = DIRECTION_OUT, .to = kind ? NULL : "$v",
                                .user = kind ? "$v" : NULL);
                r = compile_good(p, &d);
                ruleset_free(r);
                for (size_t i = 0; i < 3; i++)
                        add_rule(&role->rules, .source = SOURCE_ROLE, .source_name = "x",
                                .direction = DIRECTION_OUT, .to = kind ? NULL : "$v",
                                .user = kind ? "$v" : NULL);
                r = NULL;
                diagnostics_deinit(&d);
                assert_int_equal(compile_policy(p, &fixture_names, &d, &r), -EINVAL);
                assert_int_equal(d.n, 1);
                assert_non_null(strstr(d.items[0].text, "hold more than 2000000 values together"));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_empty),
                cmocka_unit_test(test_order),
                cmocka_unit_test(test_ports),
                cmocka_unit_test(test_bad_port),
                cmocka_unit_test(test_state_over_conf),
                cmocka_unit_test(test_role_twice),
                cmocka_unit_test(test_lockdown),
                cmocka_unit_test(test_role_vars),
                cmocka_unit_test(test_var_any),
                cmocka_unit_test(test_bad_role_vars),
                cmocka_unit_test(test_fragment_vars),
                cmocka_unit_test(test_bad_fragment_vars),
                cmocka_unit_test(test_names),
                cmocka_unit_test(test_bad_names),
                cmocka_unit_test(test_names_later),
                cmocka_unit_test(test_role_candidates),
                cmocka_unit_test(test_sets),
                cmocka_unit_test(test_bad_sets),
                cmocka_unit_test(test_fragment_twice),
                cmocka_unit_test(test_limits),
                cmocka_unit_test(test_ids),
                cmocka_unit_test(test_many),
                cmocka_unit_test(test_many_values),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
