/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The words of the model, its ports, and what a policy says once state and p25.conf are laid over
 * each other. */

#include "rules/policy/policy.h"
#include "rules/address/prefixset.h"
#include "rules/address/rangeset.h"
#include "rules/base/array.h"
#include "rules/base/strv.h"
#include "rules/policy/effective.h"
#include "rules/policy/fragment.h"
#include "rules/policy/hostconf.h"
#include "rules/policy/role.h"
#include "rules/policy/rule.h"
#include "rules/policy/state.h"
#include "rules/policy/valid.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>

/* ---- words ---- */

/* Enums as integers, so that one loop walks every table. */
#define WORDS(name, to, from)                 \
        static const char *name##_to(int i)   \
        {                                     \
                return to(i);                 \
        }                                     \
        static int name##_from(const char *s) \
        {                                     \
                return (int)from(s);          \
        }

WORDS(action, action_to_string, action_from_string)
WORDS(direction, direction_to_string, direction_from_string)
WORDS(adjective, direction_to_adjective, direction_from_adjective)
WORDS(logging, logging_to_string, logging_from_string)
WORDS(backend, backend_to_string, backend_from_string)
WORDS(var_type, var_type_to_string, var_type_from_string)

static const struct Table {
        int n;
        const char *(*to)(int i);
        int (*from)(const char *s);
        const char *words[6];
} tables[] = {
        { _ACTION_MAX, action_to, action_from, { "allow", "deny", "reject", "limit" } },
        { _DIRECTION_MAX, direction_to, direction_from, { "in", "out", "routed" } },
        { _DIRECTION_MAX, adjective_to, adjective_from, { "incoming", "outgoing", "routed" } },
        { _LOGGING_MAX, logging_to, logging_from, { "off", "low", "medium", "high" } },
        { _BACKEND_MAX, backend_to, backend_from, { "auto", "nftables", "iptables" } },
        { _VAR_TYPE_MAX, var_type_to, var_type_from,
                { "networks", "users", "groups", "units", "ports" } },
};

static void test_words(void **state _unused_)
{
        for (size_t t = 0; t < ELEMENTS(tables); t++) {
                for (int i = 0; i < tables[t].n; i++) {
                        assert_string_equal(tables[t].to(i), tables[t].words[i]);
                        assert_int_equal(tables[t].from(tables[t].words[i]), i);
                }
                assert_null(tables[t].words[tables[t].n]);
                assert_int_equal(tables[t].from(""), -1);
                assert_int_equal(tables[t].from("ALLOW"), -1);
                assert_int_equal(tables[t].from("nonsense"), -1);
        }
}

/* ---- texts ---- */

static char *repeat(char c, size_t n)
{
        static char text[512];

        assert_true(n < sizeof(text));
        memset(text, c, n);
        text[n] = '\0';
        return text;
}

static void test_names(void **state _unused_)
{
        static const char *const good[] = { "a", "mx", "p25.conf", "A-Z_0.9", "...", "-", "25" };
        static const char *const bad[] = { "", ".", "..", "a b", "a/b", "a\n", "caf\xc3\xa9", "$a",
                "@a", "a:b", "a*" };

        for (size_t i = 0; i < ELEMENTS(good); i++)
                assert_true(name_is_valid(good[i]));
        for (size_t i = 0; i < ELEMENTS(bad); i++)
                assert_false(name_is_valid(bad[i]));
        assert_true(name_is_valid(repeat('a', NAME_MAX_LENGTH)));
        assert_false(name_is_valid(repeat('a', NAME_MAX_LENGTH + 1)));
}

static void test_comments(void **state _unused_)
{
        assert_true(comment_is_valid(""));
        assert_true(comment_is_valid("from caf\xc3\xa9, \"quoted\" \\ # ;"));
        assert_false(comment_is_valid("two\nlines"));
        assert_false(comment_is_valid("\033[2J"));
        assert_false(comment_is_valid("\xff"));
        assert_true(comment_is_valid(repeat('a', COMMENT_MAX)));
        assert_false(comment_is_valid(repeat('a', COMMENT_MAX + 1)));
}

static void test_interfaces(void **state _unused_)
{
        static const char *const good[] = { "eth0", "lo", "br-lan", "eth0.100", "wg_0", "veth1@x",
                "caf\xc3\xa9", "...", "%d" };
        static const char *const bad[] = { "", ".", "..", "eth 0", "eth\t0", "a/b", "eth*", "eth+",
                "eth0:1", "\"eth0\"", "a\\b", "eth0\n", "\xff" };

        for (size_t i = 0; i < ELEMENTS(good); i++)
                assert_true(interface_is_valid(good[i]));
        for (size_t i = 0; i < ELEMENTS(bad); i++)
                assert_false(interface_is_valid(bad[i]));
        assert_true(interface_is_valid(repeat('a', 15)));
        assert_false(interface_is_valid(repeat('a', 16)));
}

static void test_durations(void **state _unused_)
{
        static const struct Good {
                const char *text;
                uint64_t sec;
        } good[] = {
                { "1s", 1 },
                { "90s", 90 },
                { "10m", 600 },
                { "2h", 7200 },
                { "7d", 604800 },
                { "366d", 366 * 86400 },
                { "31622400s", 366 * 86400 },
        };
        static const char *const bad[] = { "", "s", "10", "0s", "367d", "31622401s", "-1s", "+1s",
                "1.5h", "1w", "10 m", " 10m", "10m ", "10ms", "010m", "10M",
                "18446744073709551617s", "213503982334602d" };

        for (size_t i = 0; i < ELEMENTS(good); i++) {
                uint64_t sec = 0;

                assert_int_equal(duration_parse(good[i].text, &sec), 0);
                assert_int_equal(sec, good[i].sec);
        }
        for (size_t i = 0; i < ELEMENTS(bad); i++) {
                uint64_t sec = 77;

                assert_int_equal(duration_parse(bad[i], &sec), -EINVAL);
                assert_int_equal(sec, 77);
        }
}

static void test_rates(void **state _unused_)
{
        static const struct Case {
                const char *text;
                int r;
                uint32_t rate, unit_sec;
        } cases[] = {
                { "1/second", 0, 1, 1 },
                { "30/minute", 0, 30, 60 },
                { "60/hour", 0, 60, 3600 },
                { "1000000/day", 0, 1000000, 86400 },
                { "1000001/day", -ERANGE, 7, 7 },
                { "0/minute", -ERANGE, 7, 7 },
                { "4294967297/minute", -ERANGE, 7, 7 },
                { "18446744073709551617/minute", -ERANGE, 7, 7 },
                { "", -EINVAL, 7, 7 },
                { "30", -EINVAL, 7, 7 },
                { "30/", -EINVAL, 7, 7 },
                { "/minute", -EINVAL, 7, 7 },
                { "30/week", -EINVAL, 7, 7 },
                { "30/minutes", -EINVAL, 7, 7 },
                { "30 /minute", -EINVAL, 7, 7 },
                { "-30/minute", -EINVAL, 7, 7 },
                { "030/minute", -EINVAL, 7, 7 },
                { "1.5/minute", -EINVAL, 7, 7 },
                { "30/minute/minute", -EINVAL, 7, 7 },
        };

        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                uint32_t rate = 7, unit_sec = 7;

                assert_int_equal(limit_rate_parse(cases[i].text, &rate, &unit_sec), cases[i].r);
                assert_int_equal(rate, cases[i].rate);
                assert_int_equal(unit_sec, cases[i].unit_sec);
        }
        assert_string_equal(limit_unit_to_string(1), "second");
        assert_string_equal(limit_unit_to_string(60), "minute");
        assert_string_equal(limit_unit_to_string(3600), "hour");
        assert_string_equal(limit_unit_to_string(86400), "day");
        assert_null(limit_unit_to_string(0));
        assert_null(limit_unit_to_string(61));
}

/* ---- ports ---- */

static void test_services(void **state _unused_)
{
        static const struct Service {
                const char *name;
                uint16_t port;
                bool first;
        } services[] = {
                { "smtp", 25, true },
                { "submissions", 465, true },
                { "smtps", 465, false },
                { "submission", 587, true },
                { "smtp-alt", 2525, true },
        };

        for (size_t i = 0; i < ELEMENTS(services); i++) {
                assert_int_equal(service_to_port(services[i].name), services[i].port);
                assert_true(ports_contain(&mail_ports_default, services[i].port));
                if (services[i].first)
                        assert_string_equal(port_to_service(services[i].port), services[i].name);
        }
        assert_int_equal(service_to_port("ssh"), 0);
        assert_int_equal(service_to_port(""), 0);
        assert_null(port_to_service(22));
        assert_int_equal(mail_ports_default.n, 4);
}

static void test_ports(void **state _unused_)
{
        static const uint16_t order[] = { 587, 25, 65535, 587, 465, 1, 25 };
        static const uint16_t want[] = { 1, 25, 465, 587, 65535 };
        Ports p = { 0 }, q = { 0 };

        for (size_t i = 0; i < ELEMENTS(order); i++)
                assert_int_equal(ports_add(&p, order[i]), 0);
        assert_int_equal(p.n, ELEMENTS(want));
        for (size_t i = 0; i < p.n; i++)
                assert_int_equal(p.items[i], want[i]);
        assert_true(ports_contain(&p, 465));
        assert_false(ports_contain(&p, 466));
        assert_false(ports_contain(&p, 0));
        for (size_t i = p.n; i-- > 0;) {
                assert_false(ports_equal(&p, &q));
                assert_int_equal(ports_add(&q, want[i]), 0);
        }
        assert_true(ports_equal(&p, &q));
}

static void test_too_many_ports(void **state _unused_)
{
        Ports p = { 0 };

        for (uint16_t i = 0; i < PORTS_MAX; i++)
                assert_int_equal(ports_add(&p, (uint16_t)(1000 - i)), 0);
        assert_int_equal(ports_add(&p, 1), -E2BIG);
        assert_int_equal(ports_add(&p, 1000), 0);
        assert_int_equal(p.n, PORTS_MAX);
}

/* ---- what is in force ---- */

static void test_nothing_stated(void **state _unused_)
{
        _cleanup_(policy_free_p) Policy *p = policy_new();
        Ports ports;

        assert_non_null(p);
        assert_false(policy_enabled(p));
        assert_null(policy_role_names(p));
        assert_int_equal(policy_logging(p), LOGGING_LOW);
        policy_mail_ports(p, &ports);
        assert_true(ports_equal(&ports, &mail_ports_default));
        assert_null(policy_find_role(p, "mx"));
        assert_int_equal(p->state->next_id, 1);
        assert_int_equal(p->state->revision, 0);
        for (int i = 0; i < _DIRECTION_MAX; i++)
                assert_int_equal(p->state->defaults.of[i], _ACTION_INVALID);
}

static void test_conf_stated(void **state _unused_)
{
        _cleanup_(policy_free_p) Policy *p = policy_new();
        Ports ports;

        assert_non_null(p);
        p->host = host_conf_new();
        assert_non_null(p->host);
        assert_false(policy_enabled(p));
        assert_int_equal(policy_logging(p), LOGGING_LOW);
        assert_int_equal(p->host->defaults.of[DIRECTION_ROUTED], _ACTION_INVALID);
        p->host->enabled = 1;
        p->host->logging = LOGGING_OFF;
        assert_int_equal(ports_add(&p->host->mail_ports, 8025), 0);
        assert_int_equal(strv_append(&p->host->roles, "mx"), 0);
        assert_true(policy_enabled(p));
        assert_int_equal(policy_logging(p), LOGGING_OFF);
        assert_string_equal(policy_role_names(p)[0], "mx");
        policy_mail_ports(p, &ports);
        assert_int_equal(ports.n, 5);
        assert_true(ports_contain(&ports, 8025) && ports_contain(&ports, 25));
        p->host->enabled = 0;
        assert_false(policy_enabled(p));
}

static void test_state_over_conf(void **state _unused_)
{
        _cleanup_(policy_free_p) Policy *p = policy_new();

        assert_non_null(p);
        p->host = host_conf_new();
        assert_non_null(p->host);
        p->host->enabled = 1;
        p->host->logging = LOGGING_HIGH;
        assert_int_equal(strv_append(&p->host->roles, "mx"), 0);
        p->state->enabled = 0;
        p->state->logging = LOGGING_OFF;
        p->state->roles_set = true; /* to none */
        assert_false(policy_enabled(p));
        assert_int_equal(policy_logging(p), LOGGING_OFF);
        assert_int_equal(strv_length(policy_role_names(p)), 0);
        p->state->enabled = 1;
        p->host->enabled = 0;
        assert_true(policy_enabled(p));
}

static void test_find_role(void **state _unused_)
{
        static const char *const names[] = { "app-server", "mx", "no-mail" };
        _cleanup_(policy_free_p) Policy *p = policy_new();

        assert_non_null(p);
        for (size_t i = 0; i < ELEMENTS(names); i++) {
                assert_int_equal(array_grow(&p->roles, i, sizeof(*p->roles)), 0);
                p->roles[i] = role_new();
                assert_non_null(p->roles[i]);
                p->n_roles++;
                p->roles[i]->name = strdup(names[i]);
        }
        for (size_t i = 0; i < ELEMENTS(names); i++)
                assert_ptr_equal(policy_find_role(p, names[i]), p->roles[i]);
        assert_null(policy_find_role(p, "MX"));
}

/* A copy shares what is immutable and owns what is not. */
static void test_state_copy(void **state _unused_)
{
        State *s = state_new(), *copy = NULL;
        Rule *rule = rule_new();
        Fragment *fragment = fragment_new();
        PrefixSet *entries = NULL;

        assert_true(s && rule && fragment);
        assert_int_equal(prefix_set_parse("192.0.2.1", 9, NULL, NULL, &entries), 0);
        assert_int_equal(rule_list_append(&s->rules, rule), 0);
        assert_int_equal(array_grow(&s->fragments, 0, sizeof(*s->fragments)), 0);
        s->fragments[s->n_fragments++] = fragment_ref(fragment);
        assert_int_equal(array_grow(&s->sets, 0, sizeof(*s->sets)), 0);
        s->sets[s->n_sets++] =
                (StoredSet){ .name = strdup("drop"), .entries = prefix_set_ref(entries) };
        s->revision = 7;
        s->origin.time_usec = 8;
        s->origin.uid = 9;
        s->origin.pid = 11;
        s->origin.unit = strdup("unit");
        s->origin.remote = strdup("remote");
        s->files = strdup("files");
        s->files_pinned = true;
        s->next_id = 10;
        s->enabled = 1;
        s->roles_set = true;
        s->defaults.of[DIRECTION_OUT] = ACTION_REJECT;
        s->logging = LOGGING_HIGH;
        s->lockdown = true;
        s->origin.process = strdup("p25ctl");
        s->origin.reason = strdup("because");
        assert_int_equal(strv_append(&s->roles, "mx"), 0);

        assert_int_equal(state_copy(s, &copy), 0);
        state_free(s);
        assert_int_equal(copy->revision, 7);
        assert_int_equal(copy->origin.time_usec, 8);
        assert_int_equal(copy->origin.uid, 9);
        assert_int_equal(copy->origin.pid, 11);
        assert_string_equal(copy->origin.unit, "unit");
        assert_string_equal(copy->origin.remote, "remote");
        assert_string_equal(copy->files, "files");
        assert_true(copy->files_pinned);
        assert_int_equal(copy->next_id, 10);
        assert_int_equal(copy->enabled, 1);
        assert_true(copy->roles_set);
        assert_true(copy->lockdown);
        assert_int_equal(copy->defaults.of[DIRECTION_OUT], ACTION_REJECT);
        assert_int_equal(copy->defaults.of[DIRECTION_IN], _ACTION_INVALID);
        assert_int_equal(copy->logging, LOGGING_HIGH);
        assert_string_equal(copy->origin.process, "p25ctl");
        assert_string_equal(copy->origin.reason, "because");
        assert_string_equal(copy->roles[0], "mx");
        assert_ptr_equal(copy->rules.items[0], rule);
        assert_ptr_equal(copy->fragments[0], fragment);
        assert_string_equal(copy->sets[0].name, "drop");
        assert_ptr_equal(copy->sets[0].entries, entries);
        assert_int_equal(rule->n_refs, 2);
        state_free(copy);
        assert_int_equal(rule->n_refs, 1);
        assert_int_equal(fragment->n_refs, 1);
        assert_int_equal(entries->n_refs, 1);
        rule_unref(rule);
        fragment_unref(fragment);
        prefix_set_unref(entries);
}

/* Everything can be referred to by nobody. */
static void test_null(void **state _unused_)
{
        assert_null(rule_ref(NULL));
        assert_null(rule_unref(NULL));
        assert_null(fragment_ref(NULL));
        assert_null(fragment_unref(NULL));
        assert_null(host_conf_ref(NULL));
        assert_null(host_conf_unref(NULL));
        assert_null(role_ref(NULL));
        assert_null(role_unref(NULL));
        assert_null(state_free(NULL));
        assert_null(policy_free(NULL));
        assert_null(prefix_set_ref(NULL));
        assert_null(prefix_set_unref(NULL));
        assert_null(range_set_ref(NULL));
        assert_null(range_set_unref(NULL));
}

static void assert_summary(const char *first, size_t n, const char *expected)
{
        _cleanup_strv_ char **lines = NULL;
        Origin o = { 0 };

        for (size_t i = 0; i < n; i++)
                assert_int_equal(strv_append(&lines, i == 0 ? first : "+ role mx"), 0);
        assert_int_equal(origin_summarise(&o, lines), 0);
        if (expected)
                assert_string_equal(o.summary, expected);
        else
                assert_null(o.summary);
        origin_deinit(&o);
}

static void test_summary(void **state)
{
        char line[302], expected[302];

        (void)state;
        assert_summary("", 0, NULL);
        assert_summary("+ lockdown", 1, "+ lockdown");
        assert_summary("- enabled", 3, "+ role mx (and 2 more)");
        assert_summary("- enabled", 1, "- enabled");
        /* 199 bytes, and a character of two that does not fit */
        memset(line, 'a', 199);
        memcpy(line + 199, "\303\251 and so on", sizeof("\303\251 and so on"));
        memset(expected, 'a', 199);
        memcpy(expected + 199, "…", sizeof("…"));
        assert_summary(line, 1, expected);
        memcpy(line + 198, "\303\251", sizeof("\303\251"));
        assert_summary(line, 1, line);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_words),
                cmocka_unit_test(test_names),
                cmocka_unit_test(test_comments),
                cmocka_unit_test(test_interfaces),
                cmocka_unit_test(test_durations),
                cmocka_unit_test(test_rates),
                cmocka_unit_test(test_services),
                cmocka_unit_test(test_ports),
                cmocka_unit_test(test_too_many_ports),
                cmocka_unit_test(test_nothing_stated),
                cmocka_unit_test(test_conf_stated),
                cmocka_unit_test(test_state_over_conf),
                cmocka_unit_test(test_find_role),
                cmocka_unit_test(test_state_copy),
                cmocka_unit_test(test_null),
                cmocka_unit_test(test_summary),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
