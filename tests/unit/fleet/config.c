/* SPDX-License-Identifier: GPL-2.0-or-later */

/* fleet.conf: what is read, and which line an error names. */

#include "daemon/fleet/config.h"
#include "rules/base/strv.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define KEY "RWTra+eedp9YjOYJKCpnxm+Dc2sLenc3ypcpNRP2YI4jsSa7QLEo+S6f"
#define HEAD "host = \"mx1.example.net\";\n"
#define DOCUMENTS(more)                                                                \
        HEAD "documents = { url = \"https://a.example/x/\"; keys = [ \"" KEY "\" ];\n" \
             "sets = [ \"s\" ];\n" more "};\n"
#define LIVE(more)                                                           \
        HEAD "live = { brokers = [ \"mqtts://b.example\" ]; ca = \"/ca\";\n" \
             "certificate = \"/c\"; key = \"/k\";\n" more "};\n"

static int parse(const char *text, Diagnostics *d, FleetConfig **ret)
{
        return fleet_config_parse(text, strlen(text), "f", d, ret);
}

static void test_good(void **state _unused_)
{
        _cleanup_(fleet_config_free_p) FleetConfig *c = NULL, *l = NULL;
        _cleanup_diagnostics_ Diagnostics d = { 0 };

        assert_int_equal(
                parse(DOCUMENTS("interval = 60; groups = [ \"mx\", \"canary\" ];\n"), &d, &c), 0);
        assert_string_equal(c->host, "mx1.example.net");
        assert_string_equal(c->documents.url, "https://a.example/x/");
        assert_int_equal(c->documents.interval_sec, 60);
        assert_int_equal(strv_length(c->documents.groups), 2);
        assert_null(c->live.brokers);
        assert_int_equal(
                parse(LIVE("never = [ \"192.0.2.0/24\", \"2001:db8::/32\" ];\n"), &d, &l), 0);
        assert_string_equal(l->live.set, "fleet");
        assert_int_equal(strv_length(l->live.own), 1);
        assert_string_equal(l->live.own[0], "bans");
        assert_int_equal(l->live.n_never, 2);
        assert_true(l->live.publish);
        assert_false(l->live.lockdown);
        assert_false(l->live.view);
        assert_null(l->documents.url);
        assert_int_equal(l->documents.interval_sec, 5);
}

static void test_own(_unused_ void **state)
{
        _cleanup_(fleet_config_free_p) FleetConfig *one = NULL, *two = NULL;
        _cleanup_diagnostics_ Diagnostics d = { 0 };

        assert_int_equal(parse(LIVE("own = \"jail\";\n"), &d, &one), 0);
        assert_int_equal(strv_length(one->live.own), 1);
        assert_string_equal(one->live.own[0], "jail");
        assert_int_equal(parse(LIVE("own = [ \"bans\", \"f2b-sasl\" ];\n"), &d, &two), 0);
        assert_int_equal(strv_length(two->live.own), 2);
        assert_string_equal(two->live.own[1], "f2b-sasl");
}

static const struct {
        const char *text, *error;
} bad[] = {
        { LIVE("own = [ ];"), "f:4: own is empty: set publish = false to publish no bans" },
        { LIVE("own = [ \"bans\", \"fleet\" ];"), "f: live: set fleet cannot hold both" },
        { LIVE("own = 5;"), "f:4: own must be a text in quotes" },
        { HEAD, "f: nothing to do: set documents or live" },
        { "documents = 5;", "f:1: documents must be a group" },
        { "host = \"a b\";", "f:1: \"a b\" is not a valid host name" },
        { "hots = \"a\";", "f:1: there is no setting \"hots\" here; the settings are host, " },
        { DOCUMENTS("intervall = 5;"), "f:4: there is no setting \"intervall\" here" },
        { DOCUMENTS("interval = 0;"), "f:4: interval must be 1 to 86400 seconds" },
        { DOCUMENTS("interval = 4294967301;"), "f:4: " },
        { DOCUMENTS("interval = \"5\";"), "f:4: interval must be 1 to 86400 seconds" },
        { DOCUMENTS("groups = \"mx\";"), "f:4: groups must be a list" },
        { DOCUMENTS("groups = [ 5 ];"), "f:4: name must be a text in quotes" },
        { DOCUMENTS("groups = [ \"a/b\" ];"), "f:4: groups: \"a/b\" is not a valid name" },
        { DOCUMENTS("groups = [ \"..\" ];"), "f:4: groups: \"..\" is not a valid name" },
        { DOCUMENTS("groups = [ \"a\", \"a\" ];"), "f:4: groups: \"a\" is there twice" },
        { DOCUMENTS("ca = \"ca.pem\";"), "f:4: ca must be an absolute path" },
        { DOCUMENTS("key = \"/k\";"), "f:2: certificate and key can only be used together" },
        { DOCUMENTS("url = \"https://b.example/\";"), "f:4: " },
        { HEAD "documents = { url = \"http://a.example/\"; };",
                "f:2: \"http://a.example/\" is not a" },
        { HEAD "documents = { url = \"https://u@a.example/\"; };",
                "f:2: \"https://u@a.example/\" is" },
        { HEAD "documents = { url = \"file:///etc/\"; };",
                "f:2: \"file:///etc/\" is not a valid url" },
        { HEAD "documents = { url = \"https:///x/\"; };",
                "f:2: \"https:///x/\" is not a valid url" },
        { HEAD "documents = { url = \"https://a.example/x\"; };", "f:2: url names a folder" },
        { HEAD "documents = { url = \"https://a.example/\"; };", "f:2: documents requires keys" },
        { HEAD "documents = { keys = [ \"" KEY "\" ]; };", "f:2: documents requires url" },
        { HEAD "documents = { url = \"https://a.example/\"; keys = [ \"" KEY "\" ]; };",
                "f:2: documents requires sets or fragments" },
        { HEAD "documents = { keys = [ \"RWabc\" ]; };",
                "f:2: keys: \"RWabc\" is not a valid public" },
        { LIVE("never = [ \"192.0.2.300\" ];"), "f:4: never: 192.0.2.300: " },
        { LIVE("never = [ \"mx.example\" ];"), "f:4: never: mx.example: " },
        { LIVE("set = \"a b\";"), "f:4: \"a b\" is not a valid set name" },
        { LIVE("publish = 1;"), "f:4: publish must be true or false" },
        { LIVE("brokers = [ ];"), "f:4: " },
        { HEAD "live = { brokers = [ \"mqtt://b\" ]; };",
                "f:2: brokers: \"mqtt://b\" is not a valid" },
        { HEAD "live = { brokers = [ \"mqtts://b:0\" ]; };",
                "f:2: brokers: \"mqtts://b:0\" is not" },
        { HEAD "live = { brokers = [ \"mqtts://b:70000\" ]; };", "f:2: brokers: " },
        { HEAD "live = { brokers = [ \"mqtts://b\" ]; };",
                "f:2: live requires ca, certificate and key" },
        { HEAD "live = { };", "f:2: live requires brokers" },
        { HEAD "@include \"/etc/shadow\"", "f:2: @include is not allowed" },
        { HEAD "documents = {", "f:2: " },
};

static void test_bad(void **state _unused_)
{
        for (size_t i = 0; i < ELEMENTS(bad); i++) {
                _cleanup_(fleet_config_free_p) FleetConfig *c = NULL;
                _cleanup_diagnostics_ Diagnostics d = { 0 };
                _cleanup_free_ char *line = NULL;

                assert_int_equal(parse(bad[i].text, &d, &c), -EINVAL);
                assert_null(c);
                assert_non_null(diagnostics_first_error(&d));
                assert_int_equal(diagnostic_format(diagnostics_first_error(&d), &line), 0);
                if (strncmp(line, bad[i].error, strlen(bad[i].error)) != 0)
                        print_error("%s\nwanted: %s\n", line, bad[i].error);
                assert_int_equal(strncmp(line, bad[i].error, strlen(bad[i].error)), 0);
        }
}

/* One set cannot be both: whoever wrote last would win. */
static void test_both(void **state _unused_)
{
        _cleanup_(fleet_config_free_p) FleetConfig *c = NULL;
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        static const char text[] = DOCUMENTS(
                "") "live = { brokers = [ \"mqtts://b:8883\" ]; ca = \"/ca\"; certificate = \"/c\";"
                    "key = \"/k\"; set = \"s\"; };";

        assert_int_equal(parse(text, &d, &c), -EINVAL);
        assert_non_null(strstr(diagnostics_first_error(&d)->text, "set s holds the bans of live"));
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_good),
                cmocka_unit_test(test_own),
                cmocka_unit_test(test_bad),
                cmocka_unit_test(test_both),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
