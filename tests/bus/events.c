/* SPDX-License-Identifier: GPL-2.0-or-later */

/* ListEvents and Blocked: what root gets, and others do not. */

#include "tests/bus/calls.h"

/* ---- signals ---- */

typedef struct Seen {
        unsigned blocked, changed;
        char destination[64];
        uint64_t id;
} Seen;

static int on_signal(sd_bus_message *m, void *data, sd_bus_error *error)
{
        Seen *seen = data;

        (void)error;
        if (!streq(sd_bus_message_get_member(m), "Blocked")) {
                seen->changed++;
                return 0;
        }
        seen->blocked++;
        assert_true(sd_bus_message_enter_container(m, 'a', "{sv}") >= 0);
        while (sd_bus_message_enter_container(m, 'e', "sv") > 0) {
                const char *key, *text;

                assert_true(sd_bus_message_read(m, "s", &key) >= 0);
                if (streq(key, "destination_address")) {
                        assert_true(sd_bus_message_read(m, "v", "s", &text) >= 0);
                        (void)snprintf(seen->destination, sizeof(seen->destination), "%s", text);
                } else if (streq(key, "id"))
                        assert_true(sd_bus_message_read(m, "v", "t", &seen->id) >= 0);
                else
                        assert_true(sd_bus_message_skip(m, "v") >= 0);
                assert_true(sd_bus_message_exit_container(m) >= 0);
        }
        return 0;
}

static void follow(sd_bus *bus, Seen *seen)
{
        static const char *const members[] = { "Blocked", "Changed" };

        for (size_t i = 0; i < ELEMENTS(members); i++)
                assert_true(sd_bus_match_signal(bus, NULL, NULL, BUS_PATH, BUS_INTERFACE,
                                    members[i], on_signal, seen) >= 0);
}

static void wait_for(sd_bus *bus, const unsigned *number)
{
        while (*number == 0)
                if (sd_bus_process(bus, NULL) == 0)
                        assert_true(sd_bus_wait(bus, 30000000) > 0);
}

/* The number of events behind one. */
static unsigned list(sd_bus *bus, uint64_t after, uint32_t max)
{
        _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_message_ sd_bus_message *m = new_call(bus, "ListEvents"), *reply = NULL;
        unsigned n = 0;

        APPEND(m, "tu", after, max);
        reply = send_call(bus, m, &error);
        if (!reply)
                fail_msg("%s", error.message);
        assert_true(sd_bus_message_enter_container(reply, 'a', "a{sv}") >= 0);
        for (; sd_bus_message_at_end(reply, false) == 0; n++)
                assert_true(sd_bus_message_skip(reply, "a{sv}") >= 0);
        return n;
}

static void test_root_gets(void **state)
{
        Fixture *f = *state;
        Seen seen = { 0 };

        follow(f->bus, &seen);
        assert_int_equal(list(f->bus, 0, 0), 0);
        assert_int_equal(kill(f->server, SIGUSR1), 0);
        wait_for(f->bus, &seen.blocked);
        assert_string_equal(seen.destination, "198.51.100.7");
        assert_int_equal(list(f->bus, 0, 0), 1);
        assert_int_equal(list(f->bus, seen.id - 1, 5), 1);
        assert_int_equal(list(f->bus, seen.id, 0), 0);
        seen.blocked = 0;
        assert_int_equal(kill(f->server, SIGUSR1), 0);
        wait_for(f->bus, &seen.blocked);
        assert_int_equal(list(f->bus, 0, 0), 2);
        assert_int_equal(list(f->bus, 0, 1), 1);
}

/* ---- others ---- */

/* In a child that is nobody: what follows Blocked on the bus comes, and Blocked does not. */
static int nobody_follows(const Fixture *f, int ready)
{
        Seen seen = { 0 };
        sd_bus *bus;

        if (!become_nobody())
                return CHILD_SKIP;
        bus = open_client(f);
        FAILS(bus, BUS_ERROR_ACCESS_DENIED, "ListEvents", "tu", UINT64_C(0), 0);
        follow(bus, &seen);
        if (write(ready, "x", 1) != 1)
                return 1;
        wait_for(bus, &seen.changed);
        sd_bus_flush_close_unref(bus);
        return seen.blocked > 0 ? 2 : 0;
}

static void test_nobody_gets_none(void **state)
{
        Fixture *f = *state;
        Seen seen = { 0 };
        int p[2];
        char byte;
        pid_t child;

        assert_int_equal(pipe2(p, O_CLOEXEC), 0);
        child = fork();
        assert_true(child >= 0);
        if (child == 0) {
                close(p[0]);
                _exit(nobody_follows(f, p[1]));
        }
        close(p[1]);
        if (read(p[0], &byte, 1) == 1) {
                follow(f->bus, &seen);
                assert_int_equal(kill(f->server, SIGUSR1), 0);
                wait_for(f->bus, &seen.blocked);
                CHANGES(f->bus, true, "SetLogging", "sa{sv}", "high", 0);
        }
        close(p[0]);
        assert_child_ends(child, 0);
}

int main(_unused_ int argc, char **argv)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_root_gets, server_setup, server_teardown),
                cmocka_unit_test_setup_teardown(
                        test_nobody_gets_none, server_setup, server_teardown),
        };

        if (!become_root(argv)) {
                puts("1..1\nok 1 # SKIP neither root nor user namespaces");
                return 0;
        }
        return cmocka_run_group_tests(tests, NULL, NULL);
}
