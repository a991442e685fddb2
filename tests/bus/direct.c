/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Root's way to p25d that does not pass through the bus: answered first and without a bus, open to
 * nobody else, and in all else like a connection of the bus.
 */

#include "tests/bus/calls.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#define SECOND UINT64_C(1000000)

static void direct_path(const Fixture *f, char path[static 128])
{
        snprintf(path, 128, "%s/" DIRECT_SOCKET, f->folder);
}

static char *describe(sd_bus *bus)
{
        _cleanup_message_ sd_bus_message *m = new_call(bus, "Describe"), *reply = NULL;
        _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
        const char *text;

        reply = send_call(bus, m, &error);
        if (!reply)
                fail_msg("Describe: %s", error.message);
        assert_true(sd_bus_message_read(reply, "s", &text) > 0);
        return strdup(text);
}

/* ---- first ---- */

static int on_described(sd_bus_message *m, void *data, sd_bus_error *error)
{
        const char *text;

        (void)error;
        assert_true(sd_bus_message_read(m, "s", &text) > 0);
        assert_non_null(strstr(text, "\"lockdown\":true"));
        ++*(unsigned *)data;
        return 0;
}

/* What came over the bus before is answered later: it sees the change. */
static void test_first(void **state)
{
        Fixture *f = *state;
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *direct = open_direct(f);
        _cleanup_message_ sd_bus_message *lockdown = NULL;
        unsigned n = 0;
        int status;

        /* both are known: nothing has to be asked of the bus */
        free(describe(direct));
        free(describe(f->bus));
        assert_int_equal(kill(f->server, SIGSTOP), 0);
        assert_int_equal(waitpid(f->server, &status, WUNTRACED), f->server);
        assert_true(WIFSTOPPED(status));
        for (unsigned i = 0; i < 20; i++) {
                _cleanup_message_ sd_bus_message *m = new_call(f->bus, "Describe");

                assert_true(sd_bus_call_async(f->bus, NULL, m, on_described, &n, 60 * SECOND) >= 0);
        }
        assert_true(sd_bus_flush(f->bus) >= 0);
        /* the bus has passed them on */
        assert_true(wait_for_owner(f->bus, PATIENCE_USEC));
        lockdown = new_call(direct, "SetLockdown");
        APPEND(lockdown, "ba{sv}", 1, 0);
        assert_true(sd_bus_send(direct, lockdown, NULL) >= 0);
        assert_true(sd_bus_flush(direct) >= 0);
        assert_int_equal(kill(f->server, SIGCONT), 0);
        while (n < 20) {
                int r = sd_bus_process(f->bus, NULL);

                assert_true(r >= 0);
                if (r == 0)
                        assert_true(sd_bus_wait(f->bus, 60 * SECOND) > 0);
        }
}

static void test_without_bus(void **state)
{
        Fixture *f = *state;
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *direct = open_direct(f), *later = NULL;
        _cleanup_free_ char *text = NULL;

        free(describe(direct));
        stop_process(&f->dbus, SIGKILL, false);
        CHANGES(direct, true, "SetLockdown", "ba{sv}", 1, 0);
        later = open_direct(f);
        text = describe(later);
        assert_non_null(strstr(text, "\"lockdown\":true"));
        CHANGES(later, true, "SetLockdown", "ba{sv}", 0, 0);
        f->bus = sd_bus_flush_close_unref(f->bus);
        start_dbus(f);
        f->bus = open_client(f);
        assert_true(wait_for_owner(f->bus, PATIENCE_USEC));
        assert_int_equal(get_revision(f->bus), get_revision(later));
}

/* ---- for root only ---- */

/* 0: connected and answered; 1: not. */
static int nobody_calls(const Fixture *f)
{
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        _cleanup_message_ sd_bus_message *m = NULL, *reply = NULL;
        char address[160], path[128];

        if (!become_nobody())
                return CHILD_SKIP;
        direct_path(f, path);
        snprintf(address, sizeof(address), "unix:path=%s", path);
        if (sd_bus_new(&bus) < 0 || sd_bus_set_address(bus, address) < 0 || sd_bus_start(bus) < 0)
                return 1;
        m = new_call(bus, "Describe");
        return sd_bus_call(bus, m, 10 * SECOND, NULL, &reply) < 0;
}

static void test_nobody(void **state)
{
        Fixture *f = *state;
        char path[128];
        struct stat st;

        direct_path(f, path);
        assert_int_equal(stat(path, &st), 0);
        assert_true(S_ISSOCK(st.st_mode));
        assert_int_equal(st.st_mode & 0777, 0600);
        /* also with a mode that lets everybody connect */
        for (unsigned i = 0; i < 2; i++) {
                assert_child_ends(child_begin(f, nobody_calls), 1);
                assert_int_equal(chmod(path, 0666), 0);
        }
        assert_int_equal(waitpid(f->server, NULL, WNOHANG), 0);
}

/* ---- like the bus ---- */

static void append_any(sd_bus_message *m, const ChangeCase *c, bool dry)
{
        c->append(m);
        if (dry)
                APPEND(m, "a{sv}", 1, "dry_run", "b", 1);
        else
                APPEND(m, "a{sv}", 0);
}

static void test_changes(void **state)
{
        Fixture *f = *state;
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *direct = open_direct(f);

        for (size_t i = 0; i < ELEMENTS(change_cases); i++) {
                _cleanup_message_ sd_bus_message *m = new_call(direct, change_cases[i].member);

                append_any(m, &change_cases[i], false);
                assert_changes(direct, m, change_cases[i].changes, NULL);
        }
        assert_int_equal(get_revision(f->bus), get_revision(direct));
        FAILS(direct, INVALID_ARGS, "SetDefault", "ssa{sv}", "incoming", "nothing", 0);
        FAILS(direct, SD_BUS_ERROR_UNKNOWN_METHOD, "NoSuchMethod", "s", "x");
}

/* A lock-out is what a confirmation guards against: a new connection must be possible. */
static void test_confirmation(void **state)
{
        Fixture *f = *state;
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *first = open_direct(f), *second = NULL;
        _cleanup_message_ sd_bus_message *m = NULL, *reply = NULL;
        uint64_t revision;

        CHANGES(first, true, "SetDefault", "ssa{sv}", "incoming", "deny", 1, "confirm_seconds", "u",
                600);
        revision = get_revision(first);
        FAILS(first, BUS_ERROR_ACCESS_DENIED, "Confirm", "t", revision);
        second = open_direct(f);
        m = new_call(second, "Confirm");
        APPEND(m, "t", revision);
        reply = send_call(second, m, NULL);
        assert_non_null(reply);
}

/* A set whose sender leaves before its end is not taken. */
static void test_leaves(void **state)
{
        Fixture *f = *state;
        uint64_t revision = get_revision(f->bus);

        for (unsigned i = 0; i < 10; i++) {
                sd_bus *direct = open_direct(f);
                _cleanup_message_ sd_bus_message *m = new_call(direct, "ReplaceSet");
                int p[2];

                assert_int_equal(pipe2(p, O_CLOEXEC), 0);
                APPEND(m, "sha{sv}", "s", p[0], 0);
                close(p[0]);
                assert_true(sd_bus_send(direct, m, NULL) >= 0);
                assert_true(sd_bus_flush(direct) >= 0);
                m = sd_bus_message_unref(m);
                assert_true(write(p[1], "192.0.2.1\n", 10) == 10);
                sd_bus_close_unref(direct);
                usleep(20000);
                close(p[1]);
        }
        /* one connection is served after another: these have all been seen */
        for (unsigned i = 0; i < 3; i++) {
                _cleanup_(sd_bus_flush_close_unrefp) sd_bus *direct = open_direct(f);

                free(describe(direct));
        }
        assert_int_equal(get_revision(f->bus), revision);
        assert_int_equal(waitpid(f->server, NULL, WNOHANG), 0);
}

/* More than are served at a time wait; whoever says nothing costs no processor. */
static void test_many(void **state)
{
        enum { N = 80 };
        Fixture *f = *state;
        int fds[N];
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        char path[128];

        direct_path(f, path);
        memcpy(address.sun_path, path,
                sizeof(path) < sizeof(address.sun_path) ? sizeof(path) : 100);
        for (unsigned i = 0; i < N; i++) {
                fds[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
                assert_int_equal(connect(fds[i], (void *)&address, sizeof(address)), 0);
        }
        /* the bus is not disturbed */
        free(describe(f->bus));
        for (unsigned i = 0; i < N; i++) {
                if (i % 2)
                        (void)!write(fds[i], "no D-Bus at all\r\n", 17);
                close(fds[i]);
        }
        for (unsigned i = 0; i < N; i++) {
                _cleanup_(sd_bus_flush_close_unrefp) sd_bus *direct = open_direct(f);

                free(describe(direct));
        }
}

int main(_unused_ int argc, char **argv)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_first, server_setup, server_teardown),
                cmocka_unit_test_setup_teardown(test_without_bus, server_setup, server_teardown),
                cmocka_unit_test_setup_teardown(test_nobody, server_setup, server_teardown),
                cmocka_unit_test_setup_teardown(test_changes, server_setup, server_teardown),
                cmocka_unit_test_setup_teardown(test_confirmation, server_setup, server_teardown),
                cmocka_unit_test_setup_teardown(test_leaves, server_setup, server_teardown),
                cmocka_unit_test_setup_teardown(test_many, server_setup, server_teardown),
        };

        signal(SIGPIPE, SIG_IGN);
        if (!become_root(argv)) {
                puts("1..1\nok 1 # SKIP neither root nor user namespaces");
                return 0;
        }
        return cmocka_run_group_tests(tests, NULL, NULL);
}
