/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Calls of one unprivileged user that are large, or pass many descriptors, while they wait for
 * their turn: what p25d holds of them is bounded, in bytes and in descriptors, and root is
 * answered.
 */

#include "tests/bus/calls.h"
#include "tests/lib/sanitized.h"

#include <dirent.h>

enum { CONNECTIONS = 8, CALLS = 5, DESCRIPTORS = 16 };
#define TEXT_BYTES ((size_t)12 << 20)
/* Above what the server has with nothing to do. */
#define HELD_MAX ((size_t)224 << 20)
#define DESCRIPTORS_MAX 290

/* ---- the load, in a process of its own ---- */

static sd_bus_message *heavy_call(sd_bus *bus, const char *what)
{
        sd_bus_message *m = new_call(bus, "Explain");

        if (streq(what, "bytes")) {
                char *text = malloc(TEXT_BYTES);

                assert_non_null(text);
                memset(text, 'x', TEXT_BYTES - 1);
                text[TEXT_BYTES - 1] = '\0';
                APPEND(m, "a{sv}", 2, "direction", "s", "out", "user", "s", text);
                free(text);
                return m;
        }
        assert_true(sd_bus_message_open_container(m, 'a', "{sv}") >= 0);
        for (unsigned i = 0; i < DESCRIPTORS; i++)
                APPEND(m, "{sv}", "user", "h", STDIN_FILENO);
        assert_true(sd_bus_message_close_container(m) >= 0);
        return m;
}

static int heavy_run(const Fixture *f, const char *what, int said, int go)
{
        sd_bus *buses[CONNECTIONS];
        char byte = 0;

        if (!become_nobody())
                return CHILD_SKIP;
        for (unsigned k = 0; k < CONNECTIONS; k++)
                buses[k] = open_client(f);
        /* one by one: the bus itself holds a bounded number of bytes and descriptors of each */
        for (unsigned i = 0; i < CALLS; i++)
                for (unsigned k = 0; k < CONNECTIONS; k++) {
                        _cleanup_message_ sd_bus_message *m = heavy_call(buses[k], what);

                        assert_true(sd_bus_message_set_expect_reply(m, true) >= 0);
                        (void)sd_bus_send(buses[k], m, &(uint64_t){ 0 });
                        (void)sd_bus_flush(buses[k]);
                }
        if (write(said, &byte, 1) != 1)
                return 1;
        return read(go, &byte, 1) == 0 ? 0 : 1;
}

/* ---- the server ---- */

static size_t held_bytes(pid_t pid)
{
        unsigned long pages = 0;
        char path[64];
        FILE *file;

        (void)snprintf(path, sizeof(path), "/proc/%d/statm", (int)pid);
        file = fopen(path, "re");
        assert_non_null(file);
        assert_int_equal(fscanf(file, "%*u %lu", &pages), 1);
        fclose(file);
        return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static unsigned held_descriptors(pid_t pid)
{
        char path[64];
        unsigned n = 0;
        DIR *d;

        (void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
        d = opendir(path);
        assert_non_null(d);
        while (readdir(d))
                n++;
        closedir(d);
        return n;
}

/* Over its own socket: dbus-daemon refuses calls to whom it has 127 MiB for. */
static void root_is_answered(sd_bus *direct)
{
        _cleanup_message_ sd_bus_message *m = new_call(direct, "Describe"), *reply = NULL;
        _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;

        reply = send_call(direct, m, &error);
        if (!reply)
                fail_msg("%s: %s", error.name, error.message);
}

static void try_load(Fixture *f, const char *what)
{
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *direct = open_direct(f);
        size_t before = held_bytes(f->server), most = 0;
        uint64_t end;
        unsigned fds = 0;
        Outsiders load;

        outsiders_start(f, heavy_run, what, &load);
        for (end = now_usec() + 4 * UINT64_C(1000000); now_usec() < end;) {
                size_t now = held_bytes(f->server);
                unsigned n = held_descriptors(f->server);

                most = now > most ? now : most;
                fds = n > fds ? n : fds;
                root_is_answered(direct);
                usleep(10000);
        }
        print_message("# %s: %zu MiB more than before, %u descriptors\n", what,
                most > before ? (most - before) >> 20 : 0, fds);
        close(load.go);
        close(load.said);
        assert_int_equal(waitpid(load.pid, NULL, 0), load.pid);
        /* a sanitizer keeps for a while what was freed */
        assert_true(SANITIZED || most < before + HELD_MAX);
        assert_true(fds < DESCRIPTORS_MAX);
}

static void test_bytes(void **state)
{
        try_load(*state, "bytes");
}

static void test_descriptors(void **state)
{
        try_load(*state, "descriptors");
}

int main(_unused_ int argc, char **argv)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_bytes, server_setup, server_teardown),
                cmocka_unit_test_setup_teardown(test_descriptors, server_setup, server_teardown),
        };

        if (!become_root(argv)) {
                puts("1..2\nok 1 # SKIP neither root nor user namespaces\nok 2 # SKIP");
                return 0;
        }
        return cmocka_run_group_tests(tests, NULL, NULL);
}
