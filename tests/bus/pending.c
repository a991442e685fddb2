/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Changes that a reload would make, and those that wait to be confirmed, as clients see them. */

#include "tests/bus/calls.h"

static uint64_t get_number(sd_bus *bus, const char *property)
{
        uint64_t n = UINT64_MAX;

        assert_true(sd_bus_get_property_trivial(
                            bus, BUS_NAME, BUS_PATH, BUS_INTERFACE, property, NULL, 't', &n) >= 0);
        return n;
}

static void confirm(sd_bus *bus, uint64_t revision)
{
        _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_message_ sd_bus_message *m = new_call(bus, "Confirm"), *reply = NULL;

        APPEND(m, "t", revision);
        reply = send_call(bus, m, &error);
        if (!reply)
                fail_msg("%s", error.message);
        assert_string_equal(sd_bus_message_get_signature(reply, true), "");
}

/* ---- confirming ---- */

typedef struct Seen {
        unsigned changed;
        char reason[128];
        unsigned pending_changed; /* PropertiesChanged that name PendingRevision */
        uint64_t pending;
} Seen;

static int on_changed(sd_bus_message *m, void *data, sd_bus_error *error)
{
        Seen *seen = data;
        const char *reason;
        uint64_t revision;
        uint32_t uid;

        (void)error;
        assert_true(sd_bus_message_read(m, "tus", &revision, &uid, &reason) >= 0);
        seen->changed++;
        snprintf(seen->reason, sizeof(seen->reason), "%s", reason);
        return 0;
}

static int on_properties(sd_bus_message *m, void *data, sd_bus_error *error)
{
        Seen *seen = data;
        const char *name;

        (void)error;
        assert_true(sd_bus_message_skip(m, "s") >= 0);
        assert_true(sd_bus_message_enter_container(m, 'a', "{sv}") >= 0);
        while (sd_bus_message_enter_container(m, 'e', "sv") > 0) {
                assert_true(sd_bus_message_read(m, "s", &name) >= 0);
                if (streq(name, "PendingRevision")) {
                        seen->pending_changed++;
                        assert_true(sd_bus_message_read(m, "v", "t", &seen->pending) >= 0);
                } else {
                        assert_true(sd_bus_message_skip(m, "v") >= 0);
                }
                assert_true(sd_bus_message_exit_container(m) >= 0);
        }
        return 0;
}

static void look_out(sd_bus *bus, Seen *seen)
{
        assert_true(sd_bus_match_signal(bus, NULL, BUS_NAME, BUS_PATH, BUS_INTERFACE, "Changed",
                            on_changed, seen) >= 0);
        assert_true(sd_bus_match_signal(bus, NULL, BUS_NAME, BUS_PATH,
                            "org.freedesktop.DBus.Properties", "PropertiesChanged", on_properties,
                            seen) >= 0);
}

/* Until so many changes of PendingRevision were seen. */
static void wait_for_pending(sd_bus *bus, const Seen *seen, unsigned n)
{
        uint64_t end = now_usec() + PATIENCE_USEC;

        while (seen->pending_changed < n && now_usec() < end) {
                assert_true(sd_bus_process(bus, NULL) >= 0);
                assert_true(sd_bus_wait(bus, 10000) >= 0);
        }
        assert_int_equal(seen->pending_changed, n);
}

static void test_confirm(void **state)
{
        Fixture *f = *state;
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *other = open_client(f),
                                                    *third = open_client(f);
        Seen seen = { 0 };
        time_t now = time(NULL);
        uint64_t revision, deadline;

        look_out(third, &seen);
        assert_int_equal(get_number(f->bus, "PendingRevision"), 0);
        assert_int_equal(get_number(f->bus, "PendingDeadline"), 0);
        CHANGES(f->bus, true, "SetEnabled", "ba{sv}", 1, 1, "confirm_seconds", "u", 600);
        revision = get_revision(f->bus);
        assert_int_equal(get_number(f->bus, "PendingRevision"), revision);
        deadline = get_number(f->bus, "PendingDeadline") / 1000000;
        assert_true(deadline >= (uint64_t)now + 600 && deadline <= (uint64_t)time(NULL) + 601);
        wait_for_pending(third, &seen, 1);
        assert_int_equal(seen.pending, revision);

        /* nothing more to change, and nothing new to wait for */
        CHANGES(other, false, "SetEnabled", "ba{sv}", 1, 1, "confirm_seconds", "u", 1);
        FAILS(other, BUS_ERROR_FAILED, "SetLogging", "sa{sv}", "high", 0);
        FAILS(other, BUS_ERROR_NO_SUCH_REVISION, "Confirm", "t", revision + 1);
        FAILS(f->bus, BUS_ERROR_ACCESS_DENIED, "Confirm", "t", revision);
        assert_int_equal(get_number(other, "PendingRevision"), revision);
        confirm(other, revision);
        assert_int_equal(get_number(other, "PendingRevision"), 0);
        assert_int_equal(get_number(other, "PendingDeadline"), 0);
        wait_for_pending(third, &seen, 2);
        assert_int_equal(seen.pending, 0);
        assert_int_equal(seen.changed, 1);
        FAILS(other, BUS_ERROR_NO_SUCH_REVISION, "Confirm", "t", revision);
        CHANGES(other, true, "SetLogging", "sa{sv}", "high", 0);
}

static void test_take_back(void **state)
{
        Fixture *f = *state;
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *third = open_client(f);
        _cleanup_message_ sd_bus_message *m = NULL;
        Seen seen = { 0 };
        uint64_t revision;

        look_out(third, &seen);
        m = new_call(f->bus, "SetLogging");
        APPEND(m, "sa{sv}", "high", 1, "confirm_seconds", "u", 1);
        assert_changes(f->bus, m, true, &revision);
        wait_for_pending(third, &seen, 2);
        assert_int_equal(seen.pending, 0);
        assert_int_equal(seen.changed, 2);
        assert_non_null(strstr(seen.reason, "not confirmed in time: revision"));
        assert_int_equal(get_revision(f->bus), revision + 1);
        CHANGES(f->bus, true, "SetLogging", "sa{sv}", "high", 0);
}

/* ---- plan ---- */

static void plan(Fixture *f, const char *text, bool expected)
{
        _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_message_ sd_bus_message *m = new_call(f->bus, "DescribeReload"), *reply = NULL;
        uint64_t before = get_revision(f->bus), told = 0;
        _cleanup_details_ Details details = { 0 };
        int changed = -1;

        if (text)
                APPEND(m, "a{sv}", 1, "text", "s", text);
        else
                APPEND(m, "a{sv}", 0);
        reply = send_call(f->bus, m, &error);
        if (!reply)
                fail_msg("%s", error.message);
        assert_true(sd_bus_message_read(reply, "bt", &changed, &told) > 0);
        details = read_details(reply);
        assert_int_equal(changed, expected);
        assert_int_equal(details.diff != NULL, expected);
        assert_int_equal(told, before);
        assert_int_equal(get_revision(f->bus), before);
}

static void test_plan(void **state)
{
        static const char set_file[] =
                "enabled = true; sets = { x = { file = \"/etc/p25/x.txt\"; }; };";
        static const char conf[] = "enabled = true; roles = ( \"mx\" );";
        Fixture *f = *state;

        plan(f, NULL, false);
        plan(f, "", false);
        plan(f, conf, true);
        write_text(f->folder, "root/etc/p25/p25.conf", conf);
        plan(f, NULL, true);
        plan(f, conf, true);
        plan(f, "", false);
        CHANGES(f->bus, true, "Reload", "a{sv}", 0);
        plan(f, NULL, false);
        plan(f, conf, false);
        plan(f, "", true);

        FAILS(f->bus, BUS_ERROR_INVALID_POLICY, "DescribeReload", "a{sv}", 1, "text", "s",
                "roles = (");
        FAILS(f->bus, BUS_ERROR_INVALID_POLICY, "DescribeReload", "a{sv}", 1, "text", "s",
                set_file);
        write_text(f->folder, "root/etc/p25/x.txt", "192.0.2.1\n");
        plan(f, set_file, true);
        FAILS(f->bus, BUS_ERROR_INVALID_ARGS, "DescribeReload", "a{sv}", 1, "file", "s",
                "/etc/passwd");
        FAILS(f->bus, BUS_ERROR_INVALID_ARGS, "DescribeReload", "a{sv}", 1, "text", "u", 1);
        write_text(f->folder, "root/etc/p25/p25.conf", "roles = (");
        FAILS(f->bus, BUS_ERROR_INVALID_POLICY, "DescribeReload", "a{sv}", 0);
}

int main(_unused_ int argc, char **argv)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_confirm, server_setup, server_teardown),
                cmocka_unit_test_setup_teardown(test_take_back, server_setup, server_teardown),
                cmocka_unit_test_setup_teardown(test_plan, server_setup, server_teardown),
        };

        if (!become_root(argv)) {
                puts("1..1\nok 1 # SKIP neither root nor user namespaces");
                return 0;
        }
        return cmocka_run_group_tests(tests, NULL, NULL);
}
