/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Clients of one unprivileged user that call and never read: what p25d sends them stays with the
 * bus, which reads nothing more from p25d once it holds 127 MiB or 64 descriptors of it. Root is
 * answered all the time, the bus holds a bounded part, and when the clients leave, their user is
 * served as before.
 */

#include "tests/bus/calls.h"

#include "rules/base/buffer.h"
#include "tests/lib/sanitized.h"

enum { CONNECTIONS = 50, WAVES = 16, CALLS = 20 };

#define FRAGMENT_SIZE (5u << 20)
#define HELD_MAX (64u << 20)
#define RESIDENT_MAX (UINT64_C(512) << 20)

/* ---- the clients, in a process of their own ---- */

static sd_bus_message *deaf_call(sd_bus *bus, const char *member)
{
        sd_bus_message *m = NULL;

        if (streq(member, "Introspect")) {
                assert_true(sd_bus_message_new_method_call(bus, &m, BUS_NAME, BUS_PATH,
                                    "org.freedesktop.DBus.Introspectable", member) >= 0);
                return m;
        }
        m = new_call(bus, member);
        if (streq(member, "GetFragment"))
                APPEND(m, "s", "large");
        else if (streq(member, "GetSet"))
                APPEND(m, "s", "office");
        return m;
}

static int deaf_run(const Fixture *f, const char *member, int said, int go)
{
        sd_bus *buses[CONNECTIONS];
        char byte = 0;

        if (!become_nobody())
                return CHILD_SKIP;
        for (unsigned k = 0; k < CONNECTIONS; k++) {
                buses[k] = open_client(f);
                (void)sd_bus_get_unique_name(buses[k], &(const char *){ NULL });
        }
        for (unsigned wave = 0; wave < WAVES; wave++) {
                for (unsigned k = 0; k < CONNECTIONS; k++) {
                        for (unsigned i = 0; i < CALLS; i++) {
                                _cleanup_message_ sd_bus_message *m = deaf_call(buses[k], member);

                                assert_true(sd_bus_send(buses[k], m, &(uint64_t){ 0 }) >= 0);
                        }
                        assert_true(sd_bus_flush(buses[k]) >= 0);
                }
                if (write(said, &byte, 1) != 1)
                        return 1;
                usleep(50000);
        }
        return read(go, &byte, 1) == 0 ? 0 : 1;
}

/* ---- root ---- */

static void root_calls(Fixture *f)
{
        for (unsigned i = 0; i < 2; i++) {
                _cleanup_message_ sd_bus_message *m = new_call(f->bus, "Describe"), *reply = NULL;
                _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;

                reply = send_call(f->bus, m, &error);
                if (!reply)
                        fail_msg("Describe: %s: %s", error.name, error.message);
                CHANGES(f->bus, true, "SetLockdown", "ba{sv}", i % 2 == 0, 0);
        }
}

/* NULL: nobody has the name. */
static sd_bus_message *connection_stats(sd_bus *bus, const char *name)
{
        _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
        sd_bus_message *reply = NULL;
        int r = sd_bus_call_method(bus, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                "org.freedesktop.DBus.Debug.Stats", "GetConnectionStats", &error, &reply, "s",
                name);

        if (r < 0 && !sd_bus_error_has_name(&error, SD_BUS_ERROR_NAME_HAS_NO_OWNER))
                fail_msg("GetConnectionStats: %s: %s", error.name, error.message);
        return reply;
}

/* A number that the bus has of p25d's connection. False: p25d is not on the bus at this moment. */
static bool bus_count(const Fixture *f, const char *what, uint32_t *ret)
{
        _cleanup_message_ sd_bus_message *m = connection_stats(f->bus, BUS_NAME);
        const char *key, *contents;
        uint32_t n = UINT32_MAX;

        if (!m)
                return false;
        assert_true(sd_bus_message_enter_container(m, 'a', "{sv}") > 0);
        while (sd_bus_message_enter_container(m, 'e', "sv") > 0) {
                assert_true(sd_bus_message_read(m, "s", &key) > 0);
                assert_true(sd_bus_message_peek_type(m, NULL, &contents) > 0);
                if (streq(key, what))
                        assert_true(sd_bus_message_read(m, "v", "u", &n) > 0);
                else
                        assert_true(sd_bus_message_skip(m, "v") > 0);
                assert_true(sd_bus_message_exit_container(m) >= 0);
        }
        *ret = n;
        return true;
}

/* The bytes of p25d's messages that the bus holds. */
static bool bytes_held(const Fixture *f, uint32_t *ret)
{
        return bus_count(f, "IncomingBytes", ret);
}

static uint64_t resident_bytes(pid_t pid)
{
        unsigned long size = 0, resident = 0;
        char path[64];
        FILE *file;

        (void)snprintf(path, sizeof(path), "/proc/%d/statm", (int)pid);
        file = fopen(path, "re");
        assert_non_null(file);
        assert_int_equal(fscanf(file, "%lu %lu", &size, &resident), 2);
        fclose(file);
        return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* ---- afterwards ---- */

/* The bus says in time that the clients have left; until then their calls wait. */
static bool answered(sd_bus *bus, const char *member, uint64_t end)
{
        for (;;) {
                _cleanup_message_ sd_bus_message *m = deaf_call(bus, member), *reply = NULL;
                _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;

                reply = send_call(bus, m, &error);
                if (reply)
                        return true;
                if (!sd_bus_error_has_name(&error, BUS_ERROR_LIMIT_EXCEEDED) || now_usec() > end) {
                        print_error("%s: %s\n", member, error.message);
                        return false;
                }
                usleep(20000);
        }
}

static int nobody_is_answered(const Fixture *f, const char *member)
{
        uint64_t end = now_usec() + PATIENCE_USEC;

        if (!become_nobody())
                return CHILD_SKIP;
        for (unsigned i = 0; i < 3; i++) {
                sd_bus *bus = open_client(f);

                for (unsigned k = 0; k < 3; k++)
                        if (!answered(bus, member, end))
                                return 1;
                sd_bus_flush_close_unref(bus);
        }
        return 0;
}

static void deaf_leave(Fixture *f, Outsiders *d, const char *member)
{
        int status;
        pid_t pid;

        close(d->go);
        close(d->said);
        assert_int_equal(waitpid(d->pid, &status, 0), d->pid);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                _exit(nobody_is_answered(f, member));
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        root_calls(f);
}

static void try_deaf(Fixture *f, const char *member)
{
        uint32_t held = 0, now;
        uint64_t began, slowest = 0;
        Outsiders deaf;
        char byte;

        outsiders_start(f, deaf_run, member, &deaf);
        for (unsigned wave = 1; wave < WAVES; wave++) {
                assert_int_equal(read(deaf.said, &byte, 1), 1);
                began = now_usec();
                root_calls(f);
                if (now_usec() - began > slowest)
                        slowest = now_usec() - began;
                assert_true(bytes_held(f, &now));
                if (now > held)
                        held = now;
        }
        print_message("# %s: the bus holds %u KiB, p25d has %u MiB, root's four calls took %u ms\n",
                member, held >> 10, (unsigned)(resident_bytes(f->server) >> 20),
                (unsigned)(slowest / 1000));
        assert_true(held < HELD_MAX);
        if (!SANITIZED)
                assert_true(resident_bytes(f->server) < RESIDENT_MAX);
        deaf_leave(f, &deaf, member);
}

static void test_texts(void **state)
{
        _cleanup_free_ char *text = malloc(FRAGMENT_SIZE);
        Fixture *f = *state;

        assert_non_null(text);
        memset(text, '#', FRAGMENT_SIZE);
        text[FRAGMENT_SIZE - 2] = '\n';
        text[FRAGMENT_SIZE - 1] = '\0';
        CHANGES(f->bus, true, "PutFragment", "ssa{sv}", "large", text, 0);
        try_deaf(f, "GetFragment");
}

static void test_lists(void **state)
{
        try_deaf(*state, "ListRoles");
}

static void test_descriptors(void **state)
{
        try_deaf(*state, "GetSet");
}

/* An answer of the bus library itself. */
static void test_introspection(void **state)
{
        try_deaf(*state, "Introspect");
}

/* ---- signals ---- */

#define SIGNALS_HELD_MAX ((size_t)1 << 20)

static int signals_setup(void **state)
{
        static Fixture fixture;
        Fixture *f = *state = &fixture;

        fixture_start(f);
        f->held_max = SIGNALS_HELD_MAX;
        return server_start(f);
}

static int on_signal(sd_bus_message *m, void *data, sd_bus_error *error)
{
        (void)m;
        (void)data;
        (void)error;
        return 0;
}

static int listener_run(const Fixture *f, const char *member, int said, int go)
{
        sd_bus *bus;
        char byte = 0;

        if (!become_nobody())
                return CHILD_SKIP;
        bus = open_client(f);
        assert_true(sd_bus_match_signal(bus, NULL, BUS_NAME, BUS_PATH, BUS_INTERFACE, member,
                            on_signal, NULL) >= 0);
        return write(said, &byte, 1) == 1 && read(go, &byte, 1) == 0 ? 0 : 1;
}

/* Many lines, others each time. */
static char *rules_text(unsigned i)
{
        _cleanup_buffer_ Buffer b = { 0 };

        buffer_add_string(&b, "rules = (");
        for (unsigned k = 0; k < 120; k++)
                buffer_printf(&b,
                        "%s { action = \"deny\"; direction = \"in\"; from = \"10.%u.%u.1\"; "
                        "comment = \"%0150u\"; }",
                        k > 0 ? "," : "", i % 2, k, k);
        buffer_add_string(&b, " );\n");
        assert_false(b.failed);
        return TAKE_PTR(b.data);
}

/* A listener that never reads gets so many signals that the bus would read nothing more. */
static void test_signals(void **state)
{
        Fixture *f = *state;
        sd_bus *direct = open_direct(f);
        Outsiders listener;
        uint32_t held = 0, most = 0;

        outsiders_start(f, listener_run, "Changed", &listener);
        for (unsigned i = 0; i < 400; i++) {
                _cleanup_free_ char *text = rules_text(i);

                CHANGES(direct, true, "PutFragment", "ssa{sv}", "large", text, 0);
                /* it may leave at any moment: then what it held before counts */
                if (i % 10 == 0 && wait_for_owner(f->bus, PATIENCE_USEC))
                        (void)bytes_held(f, &held);
                if (held > most)
                        most = held;
                if (held < most / 2)
                        break; /* it has joined again */
        }
        print_message("# the bus held %u KiB, and holds %u\n", most >> 10, held >> 10);
        assert_true(most > SIGNALS_HELD_MAX / 2 && most < 4 * SIGNALS_HELD_MAX);
        assert_true(held < most / 2);
        assert_notice(f, "on the bus as");
        assert_notice(f, "of signals that its clients do not read");
        assert_notice(f, "on the bus as");
        root_calls(f);
        sd_bus_flush_close_unref(direct);
        close(listener.go);
        close(listener.said);
        assert_int_equal(waitpid(listener.pid, NULL, 0), listener.pid);
}

/* Signals to p25d, which is stopped, so that the bus would hold what it passes on. */
static void test_signals_to_it(void **state)
{
        static char text[16384];
        Fixture *f = *state;
        uint32_t held;
        int status;

        memset(text, 'x', sizeof(text) - 1);
        assert_int_equal(kill(f->server, SIGSTOP), 0);
        assert_int_equal(waitpid(f->server, &status, WUNTRACED), f->server);
        for (unsigned i = 0; i < 300; i++) {
                _cleanup_message_ sd_bus_message *m = NULL;

                assert_true(sd_bus_message_new_signal(
                                    f->bus, &m, BUS_PATH, BUS_INTERFACE, "Changed") >= 0);
                APPEND(m, "s", text);
                assert_true(sd_bus_message_set_destination(m, BUS_NAME) >= 0);
                assert_true(sd_bus_send(f->bus, m, NULL) >= 0);
        }
        assert_true(wait_for_owner(f->bus, 60 * UINT64_C(1000000)));
        assert_true(bus_count(f, "OutgoingBytes", &held) && held == 0);
        assert_int_equal(kill(f->server, SIGCONT), 0);
        root_calls(f);
}

int main(_unused_ int argc, char **argv)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_texts, server_setup, server_teardown),
                cmocka_unit_test_setup_teardown(test_lists, server_setup, server_teardown),
                cmocka_unit_test_setup_teardown(test_descriptors, server_setup, server_teardown),
                cmocka_unit_test_setup_teardown(test_introspection, server_setup, server_teardown),
                cmocka_unit_test_setup_teardown(test_signals, signals_setup, server_teardown),
                cmocka_unit_test_setup_teardown(test_signals_to_it, server_setup, server_teardown),
        };

        if (!become_root(argv)) {
                puts("1..1\nok 1 # SKIP neither root nor user namespaces");
                return 0;
        }
        return cmocka_run_group_tests(tests, NULL, NULL);
}
