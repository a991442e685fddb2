/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The text and the JSON of `status`, to the letter. */

#include "rules/report/report.h"
#include "rules/base/diagnostic.h"
#include "rules/base/strv.h"
#include "rules/policy/addresslist.h"
#include "rules/policy/rule.h"
#include "rules/policy/settings.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define _cleanup_report_ _cleanup_(report_deinit)

static Rule *make_rule(Action action, Direction direction, SourceKind source, const char *name)
{
        Rule *rule = rule_new();

        assert_non_null(rule);
        rule->action = action;
        rule->direction = direction;
        rule->source = source;
        rule->source_name = name ? strdup(name) : NULL;
        return rule;
}

static void add_rule(Report *r, Rule *rule, unsigned position, uint64_t packets)
{
        r->rules = realloc(r->rules, (r->n_rules + 1) * sizeof(ReportRule));
        assert_non_null(r->rules);
        r->rules[r->n_rules++] = (ReportRule){
                .rule = rule, .position = position, .packets = packets, .bytes = 60 * packets
        };
}

static Report make_report(void)
{
        Report r = {
                .active = true,
                .backend = strdup("nftables"),
                .revision = 7,
                .defaults = { ACTION_DENY, ACTION_REJECT, ACTION_REJECT },
                .logging = LOGGING_LOW,
                .mail_ports = mail_ports_default,
        };

        assert_int_equal(ports_add(&r.mail_ports, 8025), 0);
        assert_int_equal(strv_append(&r.roles, "mx"), 0);
        assert_int_equal(strv_append(&r.roles, "app-server"), 0);
        return r;
}

/* The three rows of SPEC section 4 */
static void add_rules(Report *r)
{
        static char *const address[] = { (char *)"203.0.113.7", NULL };
        Rule *limit = make_rule(ACTION_LIMIT, DIRECTION_IN, SOURCE_ROLE, "mx");
        Rule *users = make_rule(ACTION_ALLOW, DIRECTION_OUT, SOURCE_ROLE, "mx");
        Rule *own = make_rule(ACTION_ALLOW, DIRECTION_OUT, SOURCE_P25CTL, NULL);

        limit->id = (UINT64_C(1) << 47) + 5;
        limit->limit = (Limit){ .rate = 60, .unit_sec = 60, .burst = 30, .open = 20 };
        assert_int_equal(strv_append(&users->user, "postfix"), 0);
        own->id = 3;
        own->log = true;
        own->comment = strdup("nightly");
        own->expires_usec = UINT64_C(1769860800000000);
        assert_int_equal(strv_append(&own->user, "backup"), 0);
        assert_int_equal(address_list_parse(address, false, "to", (Place){ 0 }, NULL, &own->to), 0);
        add_rule(r, own, 1, 2);
        r->rules[r->n_rules - 1].seconds_left = 7199;
        add_rule(r, limit, 0, 0);
        add_rule(r, users, 0, UINT32_MAX);
}

static void assert_text(const Report *r, ReportStyle style, const char *expected)
{
        _cleanup_free_ char *text = NULL;

        assert_int_equal(report_print_text(r, style, (ReportLook){ 0 }, &text), 0);
        assert_string_equal(text, expected);
}

#define ROW_OWN                                                                                \
        "203.0.113.7 25/tcp         ALLOW OUT   user backup                (log) (for 1h59m) " \
        "# nightly\n"
#define ROW_LIMIT                                                                        \
        "25/tcp                     LIMIT IN    Anywhere                   (60/minute, " \
        "burst 30, 20 open) # role mx\n"
#define COUNTED_OWN                                                                              \
        "203.0.113.7 25/tcp         ALLOW OUT   user backup                (log) (for 1h59m) # " \
        "nightly [2 packets]\n"
#define COUNTED_LIMIT                                                                              \
        "25/tcp                     LIMIT IN    Anywhere                   (60/minute, burst 30, " \
        "20 open) # role mx [0 packets]\n"
#define COUNTED_USERS                                                                              \
        "25/tcp                     ALLOW OUT   user postfix               # role mx [4294967295 " \
        "packets]\n"
#define ROW_CLOSED                                                                           \
        "25,465/tcp                 DENY IN     Anywhere                   # default (role " \
        "no-mail)\n"
#define ROW_OUT "25/tcp                     REJECT OUT  Anywhere                   # default\n"
#define ROW_USERS "25/tcp                     ALLOW OUT   user postfix               # role mx\n"
#define HEAD "To                         Action      From\n"
#define DASHES "--                         ------      ----\n"
#define BAR "     "

static void test_inactive(void **state)
{
        _cleanup_report_ Report r = make_report();

        (void)state;
        r.active = false;
        r.repairs = 2;
        for (ReportStyle style = REPORT_PLAIN; style <= REPORT_NUMBERED; style++)
                assert_text(&r, style, "Status: inactive\n");
}

static void test_active(void **state)
{
        _cleanup_report_ Report r = make_report();
        _cleanup_free_ char *wide = NULL;

        (void)state;
        assert_text(&r, REPORT_PLAIN, "Status: active\n");
        /* a default that closes a port is a row; one that opens it, or closes none, is not */
        r.managed[DIRECTION_IN] = (Ports){ .items = { 25, 465 }, .n = 2 };
        r.managed[DIRECTION_OUT] = (Ports){ .items = { 25 }, .n = 1 };
        r.default_sources[DIRECTION_IN] = strdup("role no-mail");
        assert_text(&r, REPORT_PLAIN, "Status: active\n\n" HEAD DASHES ROW_CLOSED ROW_OUT);
        assert_text(&r, REPORT_NUMBERED,
                "Status: active\n\n" BAR HEAD BAR DASHES BAR ROW_CLOSED BAR ROW_OUT);
        r.defaults[DIRECTION_OUT] = ACTION_ALLOW;
        assert_text(&r, REPORT_PLAIN, "Status: active\n\n" HEAD DASHES ROW_CLOSED);
        r.lockdown = true;
        assert_text(&r, REPORT_PLAIN,
                "Status: active\n"
                "LOCKDOWN: ON, EVERY MAIL PORT IS CLOSED (p25ctl lockdown off)\n");
        r.lockdown = false;
        r.defaults[DIRECTION_OUT] = ACTION_REJECT;
        r.managed[DIRECTION_IN].n = r.managed[DIRECTION_OUT].n = 0;
        add_rules(&r);
        assert_text(&r, REPORT_PLAIN, "Status: active\n\n" HEAD DASHES ROW_OWN ROW_LIMIT ROW_USERS);
        assert_text(&r, REPORT_VERBOSE,
                "Status: active\n"
                "Backend: nftables   Roles: mx, app-server   Revision: 7\n"
                "Logging: on (low)\n"
                "Default: deny (incoming), reject (outgoing), reject (routed)\n"
                "\n" HEAD DASHES COUNTED_OWN COUNTED_LIMIT COUNTED_USERS);
        /* the row of a default has no counter */
        r.managed[DIRECTION_OUT].n = 1;
        r.rules[0].packets = 1;
        assert_int_equal(
                report_print_text(&r, REPORT_VERBOSE, (ReportLook){ .wide = true }, &wide), 0);
        assert_non_null(strstr(wide, "(log) (for 1h59m) # nightly [1 packet]\n"));
        assert_non_null(strstr(wide, "# default\n"));
        r.rules[0].packets = 2;
        r.managed[DIRECTION_OUT].n = 0;
        assert_text(&r, REPORT_NUMBERED,
                "Status: active\n\n" BAR HEAD BAR DASHES
                "[ 1] " ROW_OWN BAR ROW_LIMIT BAR ROW_USERS);
}

static void test_remarks(void **state)
{
        _cleanup_report_ Report r = make_report();

        (void)state;
        add_rules(&r);
        r.roles = strv_free(r.roles);
        r.logging = LOGGING_OFF;
        r.pending_revision = 8;
        r.pending_seconds_left = 42;
        r.lockdown = true;
        r.repairs = 3;
        assert_int_equal(strv_append(&r.audit, "routed"), 0);
        assert_int_equal(strv_append(&r.audit, "role mx"), 0);
        assert_int_equal(strv_append(&r.warnings, "unit x.service does not run"), 0);
        assert_int_equal(strv_append(&r.warnings, "second"), 0);
        assert_int_equal(strv_append(&r.hints, "nothing listens"), 0);
        assert_int_equal(strv_append(&r.notes, "no user exim"), 0);
#define REMARKS                                                                         \
        "Pending: revision 8 is taken back in 42 s unless confirmed (p25ctl confirm)\n" \
        "LOCKDOWN: ON, EVERY MAIL PORT IS CLOSED (p25ctl lockdown off)\n"               \
        "AUDIT: REFUSALS ARE ONLY REPORTED, NOT ENFORCED: routed, role mx"              \
        " (p25ctl audit)\n"                                                             \
        "Warning: unit x.service does not run\n"                                        \
        "Warning: second\n"
        assert_text(&r, REPORT_PLAIN,
                "Status: active\n" REMARKS "\n" HEAD DASHES ROW_OWN ROW_LIMIT ROW_USERS);
        assert_text(&r, REPORT_VERBOSE,
                "Status: active\n"
                "Backend: nftables   Roles: none   Revision: 7\n"
                "Logging: off\n"
                "Default: deny (incoming), reject (outgoing), reject (routed)\n" REMARKS
                "Warning: nothing listens\nNote: no user exim\n\n" HEAD DASHES COUNTED_OWN
                        COUNTED_LIMIT COUNTED_USERS);
}

static void test_json(void **state)
{
        _cleanup_report_ Report r = make_report();
        _cleanup_free_ char *json = NULL;

        (void)state;
        add_rules(&r);
        assert_int_equal(report_print_json(&r, &json), 0);
        assert_string_equal(json,
                "{\"active\":true,\"backend\":\"nftables\",\"roles\":[\"mx\",\"app-server\"],"
                "\"revision\":7,\"default\":{\"incoming\":\"deny\",\"outgoing\":\"reject\","
                "\"routed\":\"reject\"},"
                "\"default_source\":{\"incoming\":null,\"outgoing\":null,\"routed\":null},"
                "\"managed\":{\"incoming\":[],\"outgoing\":[],\"routed\":[]},"
                "\"audit\":[],\"lockdown\":false,\"logging\":\"low\","
                "\"mail_ports\":[25,465,587,2525,8025],\"pending\":null,"
                "\"repairs\":0,\"warnings\":[],\"hints\":[],\"notes\":[],\"rules\":["
                "{\"id\":3,\"position\":1,\"source\":\"p25ctl\",\"action\":\"allow\","
                "\"direction\":\"out\",\"ports\":[25],\"from\":[],\"to\":[\"203.0.113.7\"],"
                "\"user\":[\"backup\"],\"expires\":\"2026-01-31T12:00:00Z\","
                "\"comment\":\"nightly\",\"packets\":2,\"bytes\":120,"
                "\"seconds_left\":7199,\"log\":true},"
                "{\"id\":140737488355333,\"position\":0,\"source\":\"role:mx\","
                "\"action\":\"limit\",\"direction\":\"in\",\"ports\":[25],\"from\":[],\"to\":[],"
                "\"user\":[],\"expires\":null,\"comment\":null,\"packets\":0,\"bytes\":0,"
                "\"rate\":\"60/minute\",\"burst\":30,\"max\":20,"
                "\"limit\":{\"rate\":\"60/minute\",\"burst\":30,\"max\":20}},"
                "{\"id\":0,\"position\":0,\"source\":\"role:mx\",\"action\":\"allow\","
                "\"direction\":\"out\",\"ports\":[25],\"from\":[],\"to\":[],"
                "\"user\":[\"postfix\"],\"expires\":null,"
                "\"comment\":null,\"packets\":4294967295,\"bytes\":257698037700}]}");
}

/* Every field of a rule goes there and back. */
static void test_round_trip(void **state)
{
        static char *const lists[] = { (char *)"10.0.0.0/8", (char *)"2001:db8::/32",
                (char *)"@drop", NULL };
        Rule *routed = make_rule(ACTION_REJECT, DIRECTION_ROUTED, SOURCE_FRAGMENT, "a.b");
        Rule *in = make_rule(ACTION_DENY, DIRECTION_IN, SOURCE_CONF, NULL);
        Rule *out = make_rule(ACTION_LIMIT, DIRECTION_OUT, SOURCE_P25CTL, NULL);
        _cleanup_report_ Report r = make_report(), back = { 0 };
        _cleanup_free_ char *first = NULL, *second = NULL;

        (void)state;
        routed->in_interface = strdup("eth0");
        routed->out_interface = strdup("br-1");
        assert_int_equal(ports_add(&routed->ports, 587), 0);
        in->interface = strdup("wg0");
        assert_int_equal(address_list_parse(lists, false, "", (Place){ 0 }, NULL, &in->from), 0);
        out->limit = (Limit){ .open = 4 };
        out->expires_usec = 1234567;
        assert_int_equal(strv_append(&out->group, "mail"), 0);
        assert_int_equal(strv_append(&out->unit, "cron.service"), 0);
        add_rule(&r, routed, 0, 1);
        add_rule(&r, in, 0, 2);
        add_rule(&r, out, 17, UINT64_C(1) << 40);
        r.rules[r.n_rules - 1].seconds_left = 31622400;
        r.managed[DIRECTION_OUT] = mail_ports_default;
        r.default_sources[DIRECTION_OUT] = strdup("role mx");
        r.pending_revision = 9;
        r.pending_deadline_usec = UINT64_C(1769860800000000);
        r.pending_seconds_left = 1;
        r.repairs = 4;
        r.lockdown = true;
        assert_int_equal(strv_append(&r.audit, "role mx"), 0);
        assert_int_equal(strv_append(&r.warnings, "w"), 0);
        assert_int_equal(strv_append(&r.hints, "h"), 0);
        assert_int_equal(strv_append(&r.notes, "n"), 0);

        assert_int_equal(report_print_json(&r, &first), 0);
        assert_int_equal(report_parse(first, &back), 0);
        assert_int_equal(report_print_json(&back, &second), 0);
        assert_string_equal(first, second);
        assert_non_null(strstr(first, "\"warnings\":[\"w\",\"h\"],\"hints\":[\"h\"]"));
        assert_int_equal(back.n_rules, r.n_rules);
        for (size_t i = 0; i < r.n_rules; i++) {
                assert_true(rule_equal(back.rules[i].rule, r.rules[i].rule));
                assert_true(back.rules[i].seconds_left == r.rules[i].seconds_left);
                assert_int_equal(back.rules[i].rule->source, r.rules[i].rule->source);
                assert_true(
                        streq_null(back.rules[i].rule->source_name, r.rules[i].rule->source_name));
        }
}

/* Every text that is not a report is refused, however it is damaged; nothing is half read. */
static void test_refused(void **state)
{
        static const struct {
                const char *find, *put;
        } damages[] = {
                { "\"deny\"", "\"drop\"" },
                { "\"low\"", "\"loud\"" },
                { "\"in\"", "\"inside\"" },
                { "[25]", "[]" },
                { "[25]", "[0]" },
                { "[25]", "[65536]" },
                { "[25]", "[\"25\"]" },
                { "\"role:mx\"", "\"rolemx\"" },
                { "\"role:mx\"", "7" },
                { "\"60/minute\"", "\"60/fortnight\"" },
                { "203.0.113.7", "203.0.113.777" },
                { "\"nightly\"", "[]" },
                { "\"nftables\"", "null" },
                { "\"postfix\"", "1" },
                { "\"burst\":30", "\"burst\":70000" },
        };
        _cleanup_report_ Report r = make_report();
        _cleanup_free_ char *json = NULL;
        Report back = { 0 };

        (void)state;
        add_rules(&r);
        assert_int_equal(report_print_json(&r, &json), 0);
        for (size_t i = 0; i < ELEMENTS(damages); i++) {
                const char *at = strstr(json, damages[i].find);
                _cleanup_free_ char *damaged = NULL;

                assert_non_null(at);
                assert_true(asprintf(&damaged, "%.*s%s%s", (int)(at - json), json, damages[i].put,
                                    at + strlen(damages[i].find)) > 0);
                assert_int_equal(report_parse(damaged, &back), -EINVAL);
        }
        for (size_t n = 0; n < strlen(json); n += 7) {
                _cleanup_free_ char *cut = strndup(json, n);

                assert_int_equal(report_parse(cut, &back), -EINVAL);
        }
        assert_int_equal(report_parse("[]", &back), -EINVAL);
        assert_int_equal(report_parse("null", &back), -EINVAL);
        assert_null(back.rules);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_inactive),
                cmocka_unit_test(test_active),
                cmocka_unit_test(test_remarks),
                cmocka_unit_test(test_json),
                cmocka_unit_test(test_round_trip),
                cmocka_unit_test(test_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
