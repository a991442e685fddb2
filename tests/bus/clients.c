/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Descriptors that clients pass, and clients that are slow, rude or dead. */

#include "tests/bus/calls.h"

#include <sys/socket.h>
#include <sys/un.h>

static int setup(void **state)
{
        const Fixture *f;

        if (server_setup(state) < 0)
                return -1;
        f = *state;
        CHANGES(f->bus, true, "SetEnabled", "ba{sv}", 1, 0);
        return 0;
}

static uint64_t count_entries(sd_bus *bus, const char *name)
{
        _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_message_ sd_bus_message *m = new_call(bus, "ListSets");
        _cleanup_message_ sd_bus_message *reply = send_call(bus, m, &error);
        uint64_t found = UINT64_MAX;

        assert_non_null(reply);
        assert_true(sd_bus_message_enter_container(reply, 'a', "a{sv}") > 0);
        while (sd_bus_message_enter_container(reply, 'a', "{sv}") > 0) {
                const char *key, *set = "", *text;
                uint64_t n = 0;

                while (sd_bus_message_enter_container(reply, 'e', "sv") > 0) {
                        assert_true(sd_bus_message_read(reply, "s", &key) > 0);
                        if (streq(key, "entries"))
                                assert_true(sd_bus_message_read(reply, "v", "t", &n) > 0);
                        else
                                assert_true(sd_bus_message_read(reply, "v", "s", &text) > 0);
                        if (streq(key, "name"))
                                set = text;
                        assert_true(sd_bus_message_exit_container(reply) >= 0);
                }
                if (streq(set, name))
                        found = n;
                assert_true(sd_bus_message_exit_container(reply) >= 0);
        }
        return found;
}

static void replace(sd_bus *bus, int fd)
{
        CHANGES(bus, true, "ReplaceSet", "sha{sv}", "s", fd, 0);
}

static void test_files(void **state)
{
        Fixture *f = *state;
        int fd = make_file("192.0.2.1\n2001:db8::/32 ; six\n# none\n\n"), same, folder;

        replace(f->bus, fd);
        assert_int_equal(count_entries(f->bus, "s"), 2);
        CHANGES(f->bus, false, "ReplaceSet", "sha{sv}", "s", fd, 0);
        same = make_file("2001:db8::/32\r\n192.0.2.1");
        CHANGES(f->bus, false, "ReplaceSet", "sha{sv}", "s", same, 0);
        close(same);
        close(fd);
        fd = make_file("192.0.2.1\n192.0.2.300\n");
        FAILS(f->bus, BUS_ERROR_INVALID_POLICY, "ReplaceSet", "sha{sv}", "s", fd, 0);
        close(fd);
        folder = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        FAILS(f->bus, INVALID_ARGS, "ReplaceSet", "sha{sv}", "s", folder, 0);
        close(folder);
        fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
        FAILS(f->bus, INVALID_ARGS, "ReplaceSet", "sha{sv}", "s", fd, 0);
        close(fd);
        fd = open("/proc/self/exe", O_PATH | O_CLOEXEC);
        FAILS(f->bus, INVALID_ARGS, "ReplaceSet", "sha{sv}", "s", fd, 0);
        close(fd);
        fd = open("/tmp", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
        FAILS(f->bus, INVALID_ARGS, "ReplaceSet", "sha{sv}", "s", fd, 0);
        close(fd);
        /* more than the limit, which is not read to its end */
        fd = make_file("");
        assert_int_equal(ftruncate(fd, INT64_C(1) << 40), 0);
        FAILS(f->bus, BUS_ERROR_LIMIT_EXCEEDED, "ReplaceSet", "sha{sv}", "s", fd, 0);
        close(fd);
        assert_int_equal(count_entries(f->bus, "s"), 2);
        fd = make_file("");
        replace(f->bus, fd);
        close(fd);
        assert_int_equal(count_entries(f->bus, "s"), 0);
}

/* Page faults of the server's children that have ended. */
static unsigned long children_faults(const Fixture *f)
{
        unsigned long n = 0;
        char path[32];
        FILE *file;

        (void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)f->server);
        file = fopen(path, "re");
        assert_non_null(file);
        assert_int_equal(fscanf(file, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %lu", &n), 1);
        fclose(file);
        return n;
}

/* The server reads memory itself; any other file, which might keep it waiting, a child reads. */
static void test_who_reads(void **state)
{
        Fixture *f = *state;
        int memory = make_file("192.0.2.1\n198.51.100.0/24\n");
        int file = open("/proc/version", O_RDONLY | O_CLOEXEC);
        unsigned long before = children_faults(f);

        replace(f->bus, memory);
        assert_int_equal(count_entries(f->bus, "s"), 2);
        assert_int_equal(children_faults(f), before);
        FAILS(f->bus, BUS_ERROR_INVALID_POLICY, "ReplaceSet", "sha{sv}", "s", file, 0);
        assert_true(children_faults(f) > before);
        close(memory);
        close(file);
}

/* A writer that takes its time, in another process. */
static pid_t start_writer(int fd, unsigned pieces, unsigned pause_usec)
{
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid > 0)
                return pid;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (unsigned i = 0; i < pieces; i++) {
                dprintf(fd, "10.0.%u.%u", i >> 8, i & 255);
                usleep(pause_usec);
                dprintf(fd, "\n");
        }
        _exit(0);
}

static void test_pipes(void **state)
{
        Fixture *f = *state;
        int p[2], s[2];
        pid_t writer;

        assert_int_equal(pipe2(p, O_CLOEXEC), 0);
        writer = start_writer(p[1], 20, 150000); /* longer than the server waits for one byte */
        close(p[1]);
        replace(f->bus, p[0]);
        assert_int_equal(count_entries(f->bus, "s"), 20);
        /* our end is as it was: nobody made it non-blocking */
        assert_false(fcntl(p[0], F_GETFL) & O_NONBLOCK);
        close(p[0]);
        stop_process(&writer, SIGTERM, false);

        assert_int_equal(pipe2(p, O_CLOEXEC), 0);
        FAILS(f->bus, INVALID_ARGS, "ReplaceSet", "sha{sv}", "s", p[1], 0);
        close(p[0]);
        close(p[1]);
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
        FAILS(f->bus, INVALID_ARGS, "ReplaceSet", "sha{sv}", "s", s[0], 0);
        close(s[0]);
        close(s[1]);
}

/* Four lists that come from a pipe. */
static void replace_four(sd_bus *bus, const char *set, int fd)
{
        for (unsigned i = 0; i < 4; i++) {
                _cleanup_message_ sd_bus_message *m = new_call(bus, "ReplaceSet");

                APPEND(m, "sha{sv}", set, fd, 0);
                assert_true(sd_bus_send(bus, m, NULL) >= 0);
        }
        assert_true(sd_bus_flush(bus) >= 0);
}

/* Nothing comes and nobody closes: others are served meanwhile, and it ends. On a busy machine it
 * may end before others have asked: then again. */
static void test_silent_pipes(void **state)
{
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *other = NULL;
        uint64_t began = 0, revision = 0;
        bool meanwhile = false;
        Fixture *f = *state;
        int p[2];

        assert_int_equal(pipe2(p, O_CLOEXEC), 0);
        assert_int_equal(write(p[1], "10.0.0.1\n", 9), 9);
        other = open_client(f);
        for (unsigned attempt = 0; attempt < 20 && !meanwhile; attempt++) {
                if (attempt > 0)
                        usleep(2 * UPLOAD_TIMEOUT_USEC);
                began = now_usec();
                replace_four(other, "s", p[0]);
                revision = get_revision(f->bus);
                meanwhile = now_usec() - began < UPLOAD_TIMEOUT_USEC;
        }
        assert_true(meanwhile);
        FAILS(f->bus, BUS_ERROR_LIMIT_EXCEEDED, "ReplaceSet", "sha{sv}", "s", p[0], 0);
        usleep(2 * UPLOAD_TIMEOUT_USEC);
        /* the four have ended */
        FAILS(f->bus, BUS_ERROR_LIMIT_EXCEEDED, "ReplaceSet", "sha{sv}", "s", p[0], 0);
        assert_true(now_usec() - began > 3 * UPLOAD_TIMEOUT_USEC);
        assert_int_equal(get_revision(f->bus), revision);
        close(p[0]);
        close(p[1]);
}

/* Four pipes to which something always comes: they give up their place to a new one. */
static void test_endless_pipes(void **state)
{
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *other = NULL;
        uint64_t began = now_usec();
        Fixture *f = *state;
        int p[2], fd;

        assert_int_equal(pipe2(p, O_CLOEXEC | O_NONBLOCK), 0);
        other = open_client(f);
        replace_four(other, "endless", p[0]);
        (void)get_revision(f->bus);
        /* the four share the bytes: enough of them for each to get some in time */
        while (now_usec() - began < 3 * UPLOAD_TIMEOUT_USEC) {
                (void)!write(p[1], "#\n#\n#\n#\n#\n#\n#\n#\n", 16);
                usleep(5000);
        }
        fd = make_file("192.0.2.1\n");
        replace(f->bus, fd);
        close(fd);
        close(p[0]);
        close(p[1]);
}

/* A client that is killed in the midst of its list: the pipe ends, the set stays. */
static void test_dead_writer(void **state)
{
        Fixture *f = *state;
        int fd = make_file("192.0.2.1\n");
        uint64_t revision;

        replace(f->bus, fd);
        close(fd);
        revision = get_revision(f->bus);
        for (unsigned i = 0; i < 20; i++) {
                pid_t pid = fork();

                assert_true(pid >= 0);
                if (pid == 0) {
                        sd_bus *bus = open_client(f);
                        sd_bus_message *m = new_call(bus, "ReplaceSet");
                        int p[2];

                        assert_int_equal(pipe2(p, O_CLOEXEC), 0);
                        APPEND(m, "sha{sv}", "s", p[0], 0);
                        assert_true(sd_bus_send(bus, m, NULL) >= 0);
                        assert_true(sd_bus_flush(bus) >= 0);
                        dprintf(p[1], "10.0.0.%u\n", i);
                        usleep(10000);
                        kill(getpid(), SIGKILL);
                }
                assert_int_equal(waitpid(pid, NULL, 0), pid);
        }
        usleep(200000);
        assert_int_equal(get_revision(f->bus), revision);
        assert_int_equal(count_entries(f->bus, "s"), 1);
}

/* Calls whose caller does not wait for the answer. */
static void test_hang_up(void **state)
{
        Fixture *f = *state;

        for (size_t i = 0; i < 4 * ELEMENTS(change_cases); i++) {
                const struct ChangeCase *c = &change_cases[i % ELEMENTS(change_cases)];
                _cleanup_(sd_bus_close_unrefp) sd_bus *bus = open_client(f);
                _cleanup_message_ sd_bus_message *m = new_call(bus, c->member);

                c->append(m);
                APPEND(m, "a{sv}", 1, "dry_run", "b", 1);
                assert_true(sd_bus_send(bus, m, NULL) >= 0);
                if (i % 2)
                        assert_true(sd_bus_flush(bus) >= 0);
        }
        assert_int_equal(get_revision(f->bus), 1);
        assert_int_equal(waitpid(f->server, NULL, WNOHANG), 0);
}

/* Many calls without waiting for one answer: all are answered, in order. */
static int on_answer(sd_bus_message *m, void *data, sd_bus_error *error)
{
        uint64_t *last = data, revision;
        int changed;

        (void)error;
        assert_false(sd_bus_message_is_method_error(m, NULL));
        assert_true(sd_bus_message_read(m, "bt", &changed, &revision) > 0);
        assert_int_equal(changed, 1);
        assert_int_equal(revision, ++*last);
        return 1;
}

static void test_pipelined(void **state)
{
        Fixture *f = *state;
        uint64_t last = get_revision(f->bus), end = last + 100;

        for (unsigned i = 0; i < 100; i++) {
                _cleanup_message_ sd_bus_message *m = new_call(f->bus, "UpdateSet");
                char entry[32];

                snprintf(entry, sizeof(entry), "10.0.0.%u", i);
                APPEND(m, "sasasa{sv}", "s", 1, entry, 0, 0);
                assert_true(sd_bus_call_async(f->bus, NULL, m, on_answer, &last, 0) >= 0);
        }
        while (last < end) {
                int r = sd_bus_process(f->bus, NULL);

                assert_true(r >= 0);
                if (r == 0)
                        assert_true(sd_bus_wait(f->bus, PATIENCE_USEC) > 0);
        }
        assert_int_equal(count_entries(f->bus, "s"), 100);
}

/* ---- bytes that no library sends ---- */

static int open_raw(const Fixture *f)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        static const char hello[] = "l\1\0\1\0\0\0\0\1\0\0\0\x6d\0\0\0"
                                    "\1\1o\0\x15\0\0\0/org/freedesktop/DBus\0\0\0"
                                    "\2\1s\0\x14\0\0\0org.freedesktop.DBus\0\0\0\0"
                                    "\3\1s\0\5\0\0\0Hello\0\0\0"
                                    "\6\1s\0\x14\0\0\0org.freedesktop.DBus\0\0\0\0";
        char auth[64], answer[512];

        assert_true(fd >= 0);
        snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", f->folder);
        assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
        /* the uid "0" in hexadecimal digits of its text */
        snprintf(auth, sizeof(auth), "%cAUTH EXTERNAL 30\r\n", 0);
        assert_int_equal(write(fd, auth, 1 + strlen(auth + 1)), 1 + strlen(auth + 1));
        assert_true(read(fd, answer, sizeof(answer)) > 0);
        assert_memory_equal(answer, "OK ", 3);
        assert_int_equal(write(fd, "BEGIN\r\n", 7), 7);
        assert_int_equal(write(fd, hello, sizeof(hello) - 1), sizeof(hello) - 1);
        assert_true(read(fd, answer, sizeof(answer)) > 0);
        return fd;
}

/* A call of SetLogging with body bytes of the test's choice. */
static size_t make_raw_call(char *buffer, const char *body, size_t n_body)
{
        static const char fields[] = "\1\1o\0\x12\0\0\0/org/port25/Policy1\0\0\0\0\0"
                                     "\2\1s\0\x1a\0\0\0org.port25.Policy1.Manager\0\0\0\0\0\0"
                                     "\3\1s\0\x0a\0\0\0SetLogging\0\0\0\0\0\0"
                                     "\6\1s\0\x12\0\0\0org.port25.Policy1\0\0\0\0\0\0"
                                     "\x08\1g\0\6sa{sv}\0";
        char head[16] = "l\1\0\1";
        uint32_t n = sizeof(fields) - 1, length = (uint32_t)n_body, serial = 2;
        size_t size = (16 + n + 7) & ~(size_t)7;

        memcpy(head + 4, &length, 4);
        memcpy(head + 8, &serial, 4);
        memcpy(head + 12, &n, 4);
        memset(buffer, 0, size);
        memcpy(buffer, head, 16);
        memcpy(buffer + 16, fields, n);
        memcpy(buffer + size, body, n_body);
        return size + n_body;
}

static void test_raw_bytes(void **state)
{
        static const struct {
                const char *bytes;
                size_t n;
        } bodies[] = {
                { "\3\0\0\0\xff\xfe\xfd\0\0\0\0\0", 12 }, /* no UTF-8 */
                { "\3\0\0\0a\0b\0\0\0\0\0", 12 },         /* a NUL within */
                { "\xff\xff\xff\x7fxxx\0\0\0\0\0", 12 },  /* longer than the message */
                { "\3\0\0\0low\0\xff\xff\xff\x7f", 12 },  /* an array of 2 GiB */
                { "\3\0\0\0low", 7 },
                { "", 0 },
        };
        Fixture *f = *state;
        uint64_t revision = get_revision(f->bus);
        char buffer[512];

        for (size_t i = 0; i < ELEMENTS(bodies); i++) {
                int fd = open_raw(f);
                size_t n = make_raw_call(buffer, bodies[i].bytes, bodies[i].n);

                (void)!write(fd, buffer, n);
                usleep(20000);
                close(fd);
        }
        /* the header cut at every length, and one bit of it turned */
        for (size_t i = 0; i < 170; i += 3) {
                int fd = open_raw(f);
                size_t n = make_raw_call(buffer, "\3\0\0\0low\0\0\0\0\0", 12);

                buffer[i] ^= (char)(1 << i % 8);
                (void)!write(fd, buffer, i % 2 ? n : i);
                close(fd);
        }
        assert_int_equal(get_revision(f->bus), revision);
        assert_int_equal(waitpid(f->server, NULL, WNOHANG), 0);
}

int main(_unused_ int argc, char **argv)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_files, setup, server_teardown),
                cmocka_unit_test_setup_teardown(test_who_reads, setup, server_teardown),
                cmocka_unit_test_setup_teardown(test_pipes, setup, server_teardown),
                cmocka_unit_test_setup_teardown(test_silent_pipes, setup, server_teardown),
                cmocka_unit_test_setup_teardown(test_endless_pipes, setup, server_teardown),
                cmocka_unit_test_setup_teardown(test_dead_writer, setup, server_teardown),
                cmocka_unit_test_setup_teardown(test_hang_up, setup, server_teardown),
                cmocka_unit_test_setup_teardown(test_pipelined, setup, server_teardown),
                cmocka_unit_test_setup_teardown(test_raw_bytes, setup, server_teardown),
        };

        signal(SIGPIPE, SIG_IGN);
        if (!become_root(argv)) {
                puts("1..1\nok 1 # SKIP neither root nor user namespaces");
                return 0;
        }
        return cmocka_run_group_tests(tests, NULL, NULL);
}
