/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The result of a change in its reply: the outcome, the policy before and after it; and a rule as
 * ListRules has it can be handed back.
 */

#include "tests/bus/calls.h"

#include "rules/base/strv.h"

static Details send_change(sd_bus *bus, sd_bus_message *m, sd_bus_message **ret_reply)
{
        _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;

        *ret_reply = send_call(bus, m, &error);
        if (!*ret_reply)
                fail_msg("%s: %s", sd_bus_message_get_member(m), error.message);
        assert_true(sd_bus_message_skip(*ret_reply, "bt") >= 0);
        return read_details(*ret_reply);
}

static void assert_outcome(sd_bus *bus, sd_bus_message *m, const char *expected)
{
        _cleanup_message_ sd_bus_message *reply = NULL;
        _cleanup_details_ Details d = send_change(bus, m, &reply);

        assert_string_equal(d.outcome, expected);
}

#define OUTCOME(bus, expected, member, ...)                                   \
        do {                                                                  \
                _cleanup_message_ sd_bus_message *m_ = new_call(bus, member); \
                APPEND(m_, __VA_ARGS__);                                      \
                assert_outcome(bus, m_, expected);                            \
        } while (0)

static void test_outcomes(void **state)
{
        sd_bus *bus = ((Fixture *)*state)->bus;

        OUTCOME(bus, "changed", "SetEnabled", "ba{sv}", 1, 0);
        OUTCOME(bus, "none", "SetEnabled", "ba{sv}", 1, 0);
        OUTCOME(bus, "added", "AddRule", "a{sv}a{sv}", 1, "action", "s", "deny", 1, "dry_run", "b",
                1);
        OUTCOME(bus, "added", "AddRule", "a{sv}a{sv}", 1, "action", "s", "deny", 0);
        OUTCOME(bus, "none", "AddRule", "a{sv}a{sv}", 1, "action", "s", "deny", 0);
        OUTCOME(bus, "updated", "AddRule", "a{sv}a{sv}", 1, "action", "s", "reject", 0);
        OUTCOME(bus, "inserted", "AddRule", "a{sv}a{sv}", 2, "action", "s", "allow", "from", "s",
                "192.0.2.1", 1, "position", "i", 1);
        OUTCOME(bus, "removed", "RemoveRule", "a{sv}a{sv}", 1, "position", "i", 2, 0);
        OUTCOME(bus, "none", "RemoveRule", "a{sv}a{sv}", 1, "action", "s", "reject", 0);
        OUTCOME(bus, "added", "PutFragment", "ssa{sv}", "a", "rules = ( );\n", 0);
        OUTCOME(bus, "updated", "PutFragment", "ssa{sv}", "a", "sets = { };\n", 0);
        OUTCOME(bus, "removed", "PutFragment", "ssa{sv}", "a", "", 0);
        OUTCOME(bus, "none", "PutFragment", "ssa{sv}", "a", "", 0);
}

static void test_former_end(void **state)
{
        sd_bus *bus = ((Fixture *)*state)->bus;
        sd_bus_message *replies[3] = { 0 };
        _cleanup_message_ sd_bus_message *first = new_call(bus, "AddRule"),
                                         *again = new_call(bus, "AddRule"),
                                         *stays = new_call(bus, "AddRule");
        Details d[3];

        APPEND(first, "a{sv}a{sv}", 2, "action", "s", "deny", "duration", "t", UINT64_C(3600), 0);
        APPEND(again, "a{sv}a{sv}", 2, "action", "s", "deny", "duration", "t", UINT64_C(7200), 0);
        APPEND(stays, "a{sv}a{sv}", 1, "action", "s", "reject", 0);
        d[0] = send_change(bus, first, &replies[0]);
        d[1] = send_change(bus, again, &replies[1]);
        d[2] = send_change(bus, stays, &replies[2]);
        assert_int_equal(d[0].former_expires, 0);
        assert_string_equal(d[1].outcome, "updated");
        assert_true(d[1].only_expires);
        assert_true(d[1].former_expires > 0);
        assert_int_equal(d[1].former_expires % 1000000, 0);
        assert_string_equal(d[2].outcome, "updated");
        assert_false(d[2].only_expires);
        assert_true(d[2].former_expires > d[1].former_expires);
        for (size_t i = 0; i < 3; i++) {
                details_deinit(&d[i]);
                sd_bus_message_unref(replies[i]);
        }
}

static void assert_unchanged(
        sd_bus *bus, const char *add, const char *remove, bool ends, const char *const *expected)
{
        _cleanup_message_ sd_bus_message *m = new_call(bus, "UpdateSet"), *reply = NULL;
        _cleanup_details_ Details d = { 0 };

        APPEND(m, "sasas", "s", 1, add, 1, remove);
        if (ends)
                APPEND(m, "a{sv}", 1, "timeout_seconds", "u", 60);
        else
                APPEND(m, "a{sv}", 0);
        d = send_change(bus, m, &reply);
        assert_true(strv_equal(d.unchanged, (char *const *)expected));
}

static void test_unchanged(void **state)
{
        static const struct {
                const char *add, *remove;
                bool ends;
                const char *unchanged[3];
        } cases[] = {
                { "192.0.2.1", "192.0.2.2", true, { "192.0.2.2" } },
                /* from an entry that ends to one that stays */
                { "192.0.2.1", "2001:db8::1", false, { "2001:db8::1" } },
                { "192.0.2.1", "192.0.2.2", false, { "192.0.2.1", "192.0.2.2" } },
                { "192.0.2.1", "192.0.2.2", true, { "192.0.2.1", "192.0.2.2" } },
                { "192.0.2.3", "192.0.2.3", false, { NULL } },
                { "192.0.2.1", "192.0.2.1", false, { "192.0.2.1" } },
                { "192.0.2.0/24", "192.0.2.1", false, { "192.0.2.1" } },
        };

        for (size_t i = 0; i < ELEMENTS(cases); i++)
                assert_unchanged(((Fixture *)*state)->bus, cases[i].add, cases[i].remove,
                        cases[i].ends, cases[i].unchanged);
}

static void assert_entries(sd_bus *bus, const char *text, bool dry_run, uint64_t expected)
{
        _cleanup_message_ sd_bus_message *m = new_call(bus, "ReplaceSet"), *reply = NULL;
        _cleanup_details_ Details d = { 0 };
        int fd = make_file(text);

        APPEND(m, "sha{sv}", "s", fd, 1, "dry_run", "b", (int)dry_run);
        d = send_change(bus, m, &reply);
        assert_int_equal(d.entries, expected);
        close(fd);
}

/* ReplaceSet says how many entries the set has then, also where nothing changes. */
static void test_entries(void **state)
{
        sd_bus *bus = ((Fixture *)*state)->bus;

        assert_entries(bus, "192.0.2.1\n192.0.2.1\n2001:db8::/32\n", false, 2);
        assert_entries(bus, "192.0.2.1\n2001:db8::/32\n", false, 2);
        assert_entries(bus, "192.0.2.1\n", true, 1);
        assert_entries(bus, "", false, 0);
}

/* RemoveRule(ListRules()[0]) */
static void test_hand_back(void **state)
{
        sd_bus *bus = ((Fixture *)*state)->bus;
        _cleanup_message_ sd_bus_message *list = NULL, *add = new_call(bus, "AddRule"),
                                         *remove = new_call(bus, "RemoveRule");
        _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;

        CHANGES(bus, true, "AddRule", "a{sv}a{sv}", 5, "action", "s", "limit", "from", "as", 1,
                "198.51.100.0/24", "rate", "s", "5/hour", "comment", "s", "c", "duration", "u", 60,
                0);
        assert_true(sd_bus_call_method(bus, BUS_NAME, BUS_PATH, BUS_INTERFACE, "ListRules", &error,
                            &list, "") >= 0);
        assert_true(sd_bus_message_enter_container(list, 'a', "a{sv}") > 0);
        assert_true(sd_bus_message_copy(add, list, false) > 0);
        APPEND(add, "a{sv}", 0);
        assert_outcome(bus, add, "none");
        assert_true(sd_bus_message_rewind(list, true) >= 0);
        assert_true(sd_bus_message_enter_container(list, 'a', "a{sv}") > 0);
        assert_true(sd_bus_message_copy(remove, list, false) > 0);
        APPEND(remove, "a{sv}", 0);
        assert_outcome(bus, remove, "removed");
}

int main(_unused_ int argc, char **argv)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_outcomes, server_setup, server_teardown),
                cmocka_unit_test_setup_teardown(test_former_end, server_setup, server_teardown),
                cmocka_unit_test_setup_teardown(test_unchanged, server_setup, server_teardown),
                cmocka_unit_test_setup_teardown(test_entries, server_setup, server_teardown),
                cmocka_unit_test_setup_teardown(test_hand_back, server_setup, server_teardown),
        };

        if (!become_root(argv)) {
                puts("1..1\nok 1 # SKIP neither root nor user namespaces");
                return 0;
        }
        return cmocka_run_group_tests(tests, NULL, NULL);
}
