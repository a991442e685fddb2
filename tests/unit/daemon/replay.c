/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The verdicts of two rulesets about the connections of the events: the refused, and the doubtful.
 */

#include "daemon/events/replay.h"
#include "daemon/events/event.h"
#include "rules/base/strv.h"
#include "rules/policy/policy.h"
#include "rules/ruleset/ruleset.h"
#include "tests/lib/policy_files.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static Ruleset *ruleset_of(const char *text)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_(policy_free_p) Policy *p = make_policy();

        test_load_host(p, text, "p25.conf", &d);
        return compile_good(p, &d);
}

static Address address(const char *text)
{
        const char *reason;
        Address a;

        assert_int_equal(address_parse(text, strlen(text), &a, &reason), 0);
        return a;
}

/* Outgoing, of uid 33. */
static Event event_to(uint64_t id, const char *destination)
{
        return (Event){ .id = id,
                .time_usec = id,
                .direction = DIRECTION_OUT,
                .source = address(strchr(destination, ':') ? "2001:db8::1" : "192.0.2.1"),
                .destination = address(destination),
                .destination_port = 25,
                .has_uid = true,
                .uid = 33,
                .count = 3 };
}

static void test_refuses(void **state)
{
        static const struct {
                const char *policy;
                bool refused;
        } cases[] = {
                { "default = { outgoing = \"reject\"; };", true },
                { "default = { incoming = \"deny\"; };", false },
                { "default = { outgoing = \"reject\"; }; audit = [ \"outgoing\" ];", false },
                { "rules = ( { action = \"deny\"; direction = \"out\"; user = \"33\"; } );", true },
                { "rules = ( { action = \"deny\"; direction = \"out\"; user = \"34\"; } );",
                        false },
                /* not known: the interface, which is decided in favour of the connection */
                { "rules = ( { action = \"deny\"; direction = \"out\"; interface = \"x\"; } );",
                        false },
                { "default = { outgoing = \"reject\"; };"
                  "rules = ( { action = \"allow\"; direction = \"out\"; interface = \"x\"; } );",
                        false },
        };
        Event e = event_to(1, "198.51.100.7"), rest = { .direction = DIRECTION_OUT, .count = 1 };

        (void)state;
        assert_false(replay_refuses(NULL, &e));
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_(ruleset_free_p) Ruleset *r = ruleset_of(cases[i].policy);

                assert_int_equal(replay_refuses(r, &e), cases[i].refused);
                assert_false(replay_refuses(r, &rest));
        }
}

static void test_compare(void **state)
{
        _cleanup_(ruleset_free_p) Ruleset *open =
                ruleset_of("rules = ( { action = \"reject\"; direction = \"out\"; to = "
                           "\"2001:db8::/32\"; } );");
        _cleanup_(ruleset_free_p) Ruleset *closed =
                ruleset_of("default = { outgoing = \"reject\"; };"
                           "rules = ( { action = \"allow\"; direction = \"out\"; to = "
                           "\"2001:db8::/32\"; } );");
        _cleanup_strv_ char **lines = NULL;
        Event rest = { .id = 9, .direction = DIRECTION_OUT, .count = 100 };
        Ring ring = { 0 };
        Replay r;

        (void)state;
        assert_int_equal(replay_tell(&ring, open, closed, &lines), 0);
        assert_null(lines);
        for (uint64_t id = 1; id <= 3; id++) {
                Event e = event_to(id, id == 2 ? "2001:db8::7" : "198.51.100.7");

                assert_int_equal(ring_add(&ring, &e), 0);
        }
        assert_int_equal(ring_add(&ring, &rest), 0);
        replay_compare(&ring, open, closed, &r);
        assert_int_equal(r.since_usec, 1);
        assert_int_equal(r.connections, 9);
        assert_int_equal(r.refused, 6);
        assert_int_equal(r.passed, 3);
        replay_compare(&ring, closed, closed, &r);
        assert_int_equal(r.refused + r.passed, 0);
        assert_int_equal(replay_tell(&ring, NULL, closed, &lines), 0);
        assert_string_equal(lines[0],
                "replay: of 9 connections in the events since 1970-01-01T00:00:00Z, 6 that pass "
                "now would have been refused");
        ring_deinit(&ring);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_refuses),
                cmocka_unit_test(test_compare),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
