/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A bus that is not there yet, that goes, that returns; a name that another process has. */

#include "tests/bus/fixture.h"

#define REJOIN_USEC (10 * UINT64_C(1000000)) /* SPEC section 7 */

static Fixture fixture;

static int start(void **state)
{
        *state = &fixture;
        return fixture_start(&fixture);
}

static int stop(void **state)
{
        return fixture_stop(*state);
}

static void reopen(Fixture *f)
{
        f->bus = sd_bus_flush_close_unref(f->bus);
        f->bus = open_client(f);
}

static uint64_t read_revision(sd_bus *bus)
{
        uint64_t revision = UINT64_MAX;

        assert_true(sd_bus_get_property_trivial(bus, BUS_NAME, BUS_PATH, BUS_INTERFACE, "Revision",
                            NULL, 't', &revision) >= 0);
        return revision;
}

/* An address that is none: the daemon says so, once, and goes on. */
static void test_bad_address(void **state)
{
        Fixture *f = *state;

        snprintf(f->address, sizeof(f->address), "garbage");
        start_server(f);
        assert_notice(f, "cannot acquire the bus name org.port25.Policy1: Connection refused; the "
                         "policy stays in force");
        assert_int_equal(kill(f->server, 0), 0);
}

/* The daemon is there before the bus. */
static void test_bus_comes_later(void **state)
{
        Fixture *f = *state;

        start_server(f);
        usleep(300000);
        assert_int_equal(kill(f->server, 0), 0);
        start_dbus(f);
        reopen(f);
        assert_true(wait_for_owner(f->bus, REJOIN_USEC));
        assert_notice(f, "on the bus as org.port25.Policy1");
}

static void test_bus_returns(void **state)
{
        Fixture *f = *state;
        uint64_t revision;

        start_dbus(f);
        start_server(f);
        reopen(f);
        assert_true(wait_for_owner(f->bus, REJOIN_USEC));
        assert_notice(f, "on the bus");
        assert_true(sd_bus_call_method(f->bus, BUS_NAME, BUS_PATH, BUS_INTERFACE, "SetEnabled",
                            NULL, NULL, "ba{sv}", 1, 0) >= 0);
        revision = read_revision(f->bus);
        /* asked to go, killed, and gone for longer than one attempt */
        for (unsigned i = 0; i < 3; i++) {
                f->bus = sd_bus_flush_close_unref(f->bus);
                stop_process(&f->dbus, i == 1 ? SIGKILL : SIGTERM, false);
                assert_notice(f, "the bus is gone; the policy stays in force");
                usleep(i == 2 ? 5000000 : 200000);
                start_dbus(f);
                reopen(f);
                assert_true(wait_for_owner(f->bus, REJOIN_USEC));
                assert_notice(f, "on the bus");
                assert_int_equal(read_revision(f->bus), revision);
        }
}

/* A socket that nobody listens at, then a bus in its place. */
static void test_dead_socket(void **state)
{
        Fixture *f = *state;

        start_dbus(f);
        stop_process(&f->dbus, SIGKILL, false);
        start_server(f);
        usleep(300000);
        start_dbus(f);
        reopen(f);
        assert_true(wait_for_owner(f->bus, REJOIN_USEC));
}

static void test_name_taken(void **state)
{
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *other = NULL;
        Fixture *f = *state;

        start_dbus(f);
        other = open_client(f);
        assert_true(sd_bus_request_name(other, BUS_NAME, 0) >= 0);
        start_server(f);
        assert_notice(f, "another process has it; the policy stays in force");
        assert_true(sd_bus_release_name(other, BUS_NAME) >= 0);
        reopen(f);
        assert_true(wait_for_owner(f->bus, REJOIN_USEC));
        assert_notice(f, "on the bus");
        /* and nobody takes it away */
        assert_true(sd_bus_request_name(other, BUS_NAME, SD_BUS_NAME_REPLACE_EXISTING) < 0);
}

int main(_unused_ int argc, char **argv)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_bad_address, start, stop),
                cmocka_unit_test_setup_teardown(test_bus_comes_later, start, stop),
                cmocka_unit_test_setup_teardown(test_bus_returns, start, stop),
                cmocka_unit_test_setup_teardown(test_dead_socket, start, stop),
                cmocka_unit_test_setup_teardown(test_name_taken, start, stop),
        };

        if (!become_root(argv)) {
                puts("1..1\nok 1 # SKIP neither root nor user namespaces");
                return 0;
        }
        return cmocka_run_group_tests(tests, NULL, NULL);
}
