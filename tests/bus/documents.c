/* SPDX-License-Identifier: GPL-2.0-or-later */

/* PutDocuments: fragments and sets come into force together, or nothing does. */

#include "tests/bus/calls.h"

#define RULE "rules = ( { action = \"deny\"; direction = \"in\"; from = \"@listed\"; } );\n"

static int setup(void **state)
{
        const Fixture *f;

        if (server_setup(state) < 0)
                return -1;
        f = *state;
        CHANGES(f->bus, true, "SetEnabled", "ba{sv}", 1, 0);
        return 0;
}

static void put(const Fixture *f, bool expected, const char *rule, const char *entries)
{
        int fd = make_file(entries);

        CHANGES(f->bus, expected, "PutDocuments", "a{ss}a{sh}a{sv}", 1, "own", rule, 1, "listed",
                fd, 0);
        close(fd);
}

static void refuse(const Fixture *f, const char *error, const char *rule, const char *entries)
{
        int fd = make_file(entries);

        FAILS(f->bus, error, "PutDocuments", "a{ss}a{sh}a{sv}", 1, "own", rule, 1, "listed", fd, 0);
        close(fd);
}

static char *get_fragment(const Fixture *f, const char *name)
{
        _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_message_ sd_bus_message *m = new_call(f->bus, "GetFragment"), *reply = NULL;
        const char *text;

        APPEND(m, "s", name);
        reply = send_call(f->bus, m, &error);
        if (!reply)
                return NULL;
        assert_true(sd_bus_message_read(reply, "s", &text) > 0);
        return strdup(text);
}

/* A rule that names a set which comes with it; alone, neither order would do. */
static void test_together(void **state)
{
        const Fixture *f = *state;
        _cleanup_free_ char *text = NULL;
        uint64_t before = get_revision(f->bus);

        put(f, true, RULE, "192.0.2.1\n192.0.2.2\n");
        assert_int_equal(get_revision(f->bus), before + 1);
        text = get_fragment(f, "own");
        assert_string_equal(text, RULE);
        put(f, false, RULE, "192.0.2.2\n192.0.2.1 # again\n");
        assert_int_equal(get_revision(f->bus), before + 1);
        put(f, true, RULE, "192.0.2.1\n");
        assert_int_equal(get_revision(f->bus), before + 2);
        /* an empty text takes the fragment away, and the set is empty then, but there */
        put(f, true, "", "");
        assert_null(get_fragment(f, "own"));
        CHANGES(f->bus, false, "PutDocuments", "a{ss}a{sh}a{sv}", 0, 0, 0);
        put(f, true, RULE, "192.0.2.1\n");
        before = get_revision(f->bus);
        CHANGES(f->bus, true, "PutDocuments", "a{ss}a{sh}a{sv}", 1, "own", "", 0, 1, "dry_run", "b",
                1);
        assert_int_equal(get_revision(f->bus), before);
}

static void test_nothing(void **state)
{
        const Fixture *f = *state;
        _cleanup_free_ char *text = NULL;
        uint64_t before;

        put(f, true, RULE, "192.0.2.1\n");
        before = get_revision(f->bus);
        refuse(f, BUS_ERROR_INVALID_POLICY, RULE, "192.0.2.1\n192.0.2.300\n");
        refuse(f, BUS_ERROR_INVALID_POLICY, "rules = (", "192.0.2.9\n");
        refuse(f, BUS_ERROR_INVALID_POLICY,
                "rules = ( { action = \"deny\"; direction = \"in\"; from = \"@other\"; } );\n",
                "192.0.2.9\n");
        assert_int_equal(get_revision(f->bus), before);
        text = get_fragment(f, "own");
        assert_string_equal(text, RULE);
        put(f, false, RULE, "192.0.2.1\n");
}

static void test_arguments(void **state)
{
        const Fixture *f = *state;
        int fd = make_file("192.0.2.1\n"), s[2], huge;
        _cleanup_message_ sd_bus_message *m = new_call(f->bus, "PutDocuments");

        FAILS(f->bus, INVALID_ARGS, "PutDocuments", "a{ss}a{sh}a{sv}", 1, "../x", RULE, 0, 0);
        FAILS(f->bus, INVALID_ARGS, "PutDocuments", "a{ss}a{sh}a{sv}", 0, 1, "a b", fd, 0);
        FAILS(f->bus, INVALID_ARGS, "PutDocuments", "a{ss}a{sh}a{sv}", 2, "x", RULE, "x", "", 0, 0);
        FAILS(f->bus, INVALID_ARGS, "PutDocuments", "a{ss}a{sh}a{sv}", 0, 2, "x", fd, "x", fd, 0);
        FAILS(f->bus, INVALID_ARGS, "PutDocuments", "a{ss}a{ss}a{sv}", 0, 0, 0);
        /* half a list must not become the set when its writer dies */
        assert_int_equal(pipe2(s, O_CLOEXEC), 0);
        FAILS(f->bus, INVALID_ARGS, "PutDocuments", "a{ss}a{sh}a{sv}", 0, 1, "x", s[0], 0);
        close(s[0]);
        close(s[1]);
        huge = make_file("");
        assert_int_equal(ftruncate(huge, INT64_C(1) << 40), 0);
        FAILS(f->bus, BUS_ERROR_LIMIT_EXCEEDED, "PutDocuments", "a{ss}a{sh}a{sv}", 0, 2, "x", fd,
                "y", huge, 0);
        close(huge);
        close(fd);
        /* too many */
        assert_true(sd_bus_message_open_container(m, 'a', "{ss}") >= 0);
        for (int i = 0; i < 257; i++) {
                char name[16];

                snprintf(name, sizeof(name), "f%d", i);
                APPEND(m, "{ss}", name, "");
        }
        assert_true(sd_bus_message_close_container(m) >= 0);
        APPEND(m, "a{sh}a{sv}", 0, 0);
        assert_fails(f->bus, m, BUS_ERROR_LIMIT_EXCEEDED);
}

int main(_unused_ int argc, char **argv)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_together, setup, server_teardown),
                cmocka_unit_test_setup_teardown(test_nothing, setup, server_teardown),
                cmocka_unit_test_setup_teardown(test_arguments, setup, server_teardown),
        };

        signal(SIGPIPE, SIG_IGN);
        if (!become_root(argv)) {
                puts("1..1\nok 1 # SKIP neither root nor user namespaces");
                return 0;
        }
        return cmocka_run_group_tests(tests, NULL, NULL);
}
