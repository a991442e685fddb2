/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Many calls of one unprivileged user, in each way in which they might be in root's: root is
 * answered, and never refused, while the crowd is. How fast is printed, and not judged.
 */

#include "tests/bus/calls.h"

#include "rules/base/buffer.h"

#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

enum { CONNECTIONS = 60, CALLS = 60 };

/* ---- the crowd, in a process of its own ---- */

typedef struct Counts {
        unsigned answered, refused, failed;
} Counts;

static int on_reply(sd_bus_message *m, void *data, sd_bus_error *error)
{
        Counts *c = data;

        (void)error;
        if (sd_bus_message_is_method_error(m, BUS_ERROR_LIMIT_EXCEEDED))
                c->refused++;
        else if (sd_bus_message_is_method_error(m, NULL))
                c->failed++;
        else
                c->answered++;
        return 0;
}

static sd_bus_message *crowd_call(sd_bus *bus, const char *member)
{
        sd_bus_message *m = new_call(bus, member);

        if (streq(member, "Explain"))
                APPEND(m, "a{sv}", 2, "direction", "s", "out", "user", "s", "no-such-user-here");
        else if (streq(member, "DescribeReload"))
                APPEND(m, "a{sv}", 0);
        return m;
}

static void crowd_send(sd_bus **buses, const char *member, Counts *counts)
{
        for (unsigned i = 0; i < CALLS; i++)
                for (unsigned k = 0; k < CONNECTIONS; k++) {
                        _cleanup_message_ sd_bus_message *m = crowd_call(buses[k], member);

                        assert_true(sd_bus_call_async(
                                            buses[k], NULL, m, on_reply, counts, UINT64_MAX) >= 0);
                }
        for (unsigned k = 0; k < CONNECTIONS; k++)
                assert_true(sd_bus_flush(buses[k]) >= 0);
}

static void crowd_listen(sd_bus **buses, const Counts *counts)
{
        while (counts->answered + counts->refused + counts->failed < CALLS * CONNECTIONS) {
                struct pollfd fds[CONNECTIONS];
                bool busy = false;

                for (unsigned k = 0; k < CONNECTIONS; k++)
                        busy |= sd_bus_process(buses[k], NULL) > 0;
                if (busy)
                        continue;
                for (unsigned k = 0; k < CONNECTIONS; k++)
                        fds[k] = (struct pollfd){ sd_bus_get_fd(buses[k]), POLLIN, 0 };
                (void)poll(fds, CONNECTIONS, 1000);
        }
}

static int crowd_run(const Fixture *f, const char *member, int said, int go)
{
        sd_bus *buses[CONNECTIONS];
        Counts counts = { 0 };
        char byte = 0;

        if (!become_nobody())
                return CHILD_SKIP;
        for (unsigned k = 0; k < CONNECTIONS; k++)
                buses[k] = open_client(f);
        crowd_send(buses, member, &counts);
        if (write(said, &byte, 1) != 1 || read(go, &byte, 1) != 0)
                return 1;
        crowd_listen(buses, &counts);
        return write(said, &counts, sizeof(counts)) == sizeof(counts) ? 0 : 1;
}

/* It may listen now: what became of its calls. */
static Counts crowd_end(Outsiders *c)
{
        Counts counts = { 0 };
        int status;

        close(c->go);
        assert_int_equal(read(c->said, &counts, sizeof(counts)), sizeof(counts));
        close(c->said);
        assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        return counts;
}

/* ---- root ---- */

static void root_calls(Fixture *f, bool changes, const char *what)
{
        uint64_t slowest = 0;

        for (unsigned i = 0; i < 10; i++) {
                uint64_t began = now_usec(), took;
                _cleanup_message_ sd_bus_message *m = new_call(f->bus, "Describe"), *reply = NULL;
                _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;

                reply = send_call(f->bus, m, &error);
                if (!reply)
                        fail_msg("Describe: %s", error.message);
                if (changes)
                        CHANGES(f->bus, true, "SetLockdown", "ba{sv}", i % 2 == 0, 0);
                took = now_usec() - began;
                if (took > slowest)
                        slowest = took;
        }
        print_message("# %s: root's calls took %u ms at most\n", what, (unsigned)(slowest / 1000));
}

static void try_crowd(Fixture *f, const char *member)
{
        Counts counts;
        Outsiders crowd;

        outsiders_start(f, crowd_run, member, &crowd);
        /* nobody reads yet, so some of it is under way all the time */
        root_calls(f, true, member);
        counts = crowd_end(&crowd);
        print_message("# %s: %u answered, %u refused, %u failed\n", member, counts.answered,
                counts.refused, counts.failed);
        /* the share, at least, was served */
        assert_true(counts.answered + counts.failed >= 32);
        assert_true(counts.refused > 0);
        root_calls(f, true, "afterwards");
}

static void test_describe(void **state)
{
        try_crowd(*state, "Describe");
}

static void test_explain(void **state)
{
        try_crowd(*state, "Explain");
}

static void test_plan(void **state)
{
        try_crowd(*state, "DescribeReload");
}

static void test_lists(void **state)
{
        try_crowd(*state, "ListRoles");
}

/* ---- what cannot be computed in time ---- */

static void write_slow_policy(const Fixture *f, unsigned n_assertions, unsigned n_rules)
{
        _cleanup_buffer_ Buffer b = { 0 };
        char folder[128];

        buffer_add_string(&b, "enabled = true;\nassert = (\n");
        for (unsigned i = 0; i < n_assertions; i++)
                buffer_printf(&b, "%s{ packet = \"in from 10.%u.%u.1\"; verdict = \"allow\"; }\n",
                        i > 0 ? "," : "", i / 250, i % 250);
        buffer_add_string(&b, ");\nrules = (\n");
        for (unsigned i = 0; i < n_rules; i++)
                buffer_printf(&b,
                        "%s{ action = \"deny\"; direction = \"in\"; from = \"11.%u.%u.%u\"; "
                        "ports = [ %s ]; }\n",
                        i > 0 ? "," : "", i / 65536, i / 256 % 256, i % 256, i % 2 ? "25" : "587");
        buffer_add_string(&b, ");\n");
        assert_false(b.failed);
        (void)snprintf(folder, sizeof(folder), "%s/root/etc/p25", f->folder);
        write_text(folder, "p25.conf", b.data);
}

static int slow_question(const Fixture *f)
{
        if (!become_nobody())
                return CHILD_SKIP;
        {
                sd_bus *bus = open_client(f);
                _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
                _cleanup_message_ sd_bus_message *m = crowd_call(bus, "DescribeReload");

                if (send_call(bus, m, &error))
                        return 1;
                if (!sd_bus_error_has_name(&error, BUS_ERROR_LIMIT_EXCEEDED) ||
                        !strstr(error.message, "the answer takes more than 1 s"))
                        return 2;
                sd_bus_flush_close_unref(bus);
        }
        return 0;
}

static void test_deadline(void **state)
{
        Fixture *f = *state;
        pid_t pid;

        write_slow_policy(f, 50000, 20000);
        pid = child_begin(f, slow_question);
        /* no lockdown: under it assertions are not asked */
        root_calls(f, false, "a question that takes too long");
        assert_child_ends(pid, 0);
}

/* ---- calls that want no answer ---- */

enum { WITHOUT_ANSWER = 2000 };

/* All of it arrives before the server goes on. The last one is answered, unless those before it
 * have filled its user's share of the queue. */
static int asks_for_nothing(const Fixture *f, _unused_ const char *member, int said, int go)
{
        _cleanup_message_ sd_bus_message *last = NULL;
        Counts counts = { 0 };
        char byte = 0;
        sd_bus *bus;

        if (!become_nobody())
                return CHILD_SKIP;
        bus = open_client(f);
        for (unsigned i = 0; i < WITHOUT_ANSWER; i++) {
                _cleanup_message_ sd_bus_message *m = crowd_call(bus, "Explain");

                assert_true(sd_bus_message_set_expect_reply(m, false) >= 0);
                assert_true(sd_bus_send(bus, m, NULL) >= 0);
        }
        last = new_call(bus, "ListRoles");
        assert_true(
                sd_bus_call_async(bus, NULL, last, on_reply, &counts, 60 * UINT64_C(1000000)) >= 0);
        /* the bus answers in turn: it has passed them on */
        assert_true(wait_for_owner(bus, 60 * UINT64_C(1000000)));
        if (write(said, &byte, 1) != 1 || read(go, &byte, 1) != 0)
                return 1;
        while (counts.answered + counts.refused + counts.failed == 0)
                if (sd_bus_process(bus, NULL) == 0)
                        assert_true(sd_bus_wait(bus, UINT64_MAX) >= 0);
        return counts.answered == 1 ? 0 : 2;
}

static void test_without_answer(void **state)
{
        Fixture *f = *state;
        Outsiders asks;
        int status;

        assert_int_equal(kill(f->server, SIGSTOP), 0);
        assert_int_equal(waitpid(f->server, &status, WUNTRACED), f->server);
        outsiders_start(f, asks_for_nothing, "", &asks);
        assert_int_equal(kill(f->server, SIGCONT), 0);
        close(asks.go);
        close(asks.said);
        assert_int_equal(waitpid(asks.pid, &status, 0), asks.pid);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
}

/* A change is one, whether its caller waits for the answer or not. */
static void test_change_without_answer(void **state)
{
        Fixture *f = *state;
        _cleanup_message_ sd_bus_message *m = new_call(f->bus, "SetLockdown"), *reply = NULL;
        const char *text;

        APPEND(m, "ba{sv}", 1, 0);
        assert_true(sd_bus_message_set_expect_reply(m, false) >= 0);
        assert_true(sd_bus_send(f->bus, m, NULL) >= 0);
        m = sd_bus_message_unref(m);
        m = new_call(f->bus, "Describe");
        reply = send_call(f->bus, m, NULL);
        assert_non_null(reply);
        assert_true(sd_bus_message_read(reply, "s", &text) > 0);
        assert_non_null(strstr(text, "\"lockdown\":true"));
}

/* ---- a connection that p25d does not know yet ---- */

enum { FLOOD = 20000 };

static int on_answer(_unused_ sd_bus_message *m, void *data, _unused_ sd_bus_error *error)
{
        *(bool *)data = true;
        return 0;
}

/* The bus has taken what was sent before. */
static void bus_takes(sd_bus *bus)
{
        assert_true(sd_bus_call_method(bus, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                            "org.freedesktop.DBus", "GetId", NULL, NULL, NULL) >= 0);
}

static void ask(sd_bus *bus, bool *answered)
{
        _cleanup_message_ sd_bus_message *m = new_call(bus, "Describe");

        assert_true(sd_bus_call_async(bus, NULL, m, on_answer, answered, UINT64_MAX) >= 0);
        bus_takes(bus);
}

static void flood(sd_bus *bus)
{
        for (unsigned i = 0; i < FLOOD; i++) {
                _cleanup_message_ sd_bus_message *m = new_call(bus, "Describe");

                assert_true(sd_bus_message_set_expect_reply(m, false) >= 0);
                assert_true(sd_bus_send(bus, m, NULL) >= 0);
                if (i % 500 == 0)
                        bus_takes(bus);
        }
        bus_takes(bus);
}

/* What the bus says of it does not wait behind all that others have sent to p25d since. */
static void test_unknown_sender(void **state)
{
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *other = NULL;
        bool last = false, answered = false;
        Fixture *f = *state;
        int status, r;

        root_calls(f, false, "before");
        other = open_client(f);
        assert_int_equal(kill(f->server, SIGSTOP), 0);
        assert_int_equal(waitpid(f->server, &status, WUNTRACED), f->server);
        ask(other, &answered);
        flood(f->bus);
        ask(f->bus, &last);
        assert_int_equal(kill(f->server, SIGCONT), 0);
        while (!last) {
                while ((r = sd_bus_process(other, NULL)) > 0)
                        continue;
                assert_true(r >= 0);
                r = sd_bus_process(f->bus, NULL);
                assert_true(r >= 0);
                if (r == 0)
                        assert_true(sd_bus_wait(f->bus, 1000) >= 0);
        }
        assert_true(answered);
}

/* As many as the bus lets wait for their answers, which is more than wait for a name. */
enum { UNKNOWN_CALLS = 120, BEHIND_MAX = 16 << 10 };

/* The bytes that wait in a socket of the server's: written and not read, or come and not read. */
static int in_sockets(pid_t server, unsigned long request)
{
        int pidfd = (int)syscall(SYS_pidfd_open, server, 0), most = 0;

        assert_true(pidfd >= 0);
        for (int number = 0; number < 64; number++) {
                int fd = (int)syscall(SYS_pidfd_getfd, pidfd, number, 0), bytes = 0;

                struct stat st;

                if (fd >= 0 && fstat(fd, &st) >= 0 && S_ISSOCK(st.st_mode) &&
                        ioctl(fd, request, &bytes) >= 0 && bytes > most)
                        most = bytes;
                if (fd >= 0)
                        close(fd);
        }
        close(pidfd);
        return most;
}

static void process_stop(pid_t pid)
{
        int status;

        assert_int_equal(kill(pid, SIGSTOP), 0);
        assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
}

/* Calls of a connection that is not known, all of them at the server before it goes on, and what it
 * writes while the bus reads nothing. */
static int write_while_bus_stands(Fixture *f, const char *member, Counts *counts)
{
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *other = open_client(f);
        uint64_t end = now_usec() + PATIENCE_USEC;
        int written;

        process_stop(f->server);
        for (unsigned i = 0; i < UNKNOWN_CALLS; i++) {
                _cleanup_message_ sd_bus_message *m = new_call(other, member);

                assert_true(sd_bus_call_async(other, NULL, m, on_reply, counts, UINT64_MAX) >= 0);
        }
        bus_takes(other);
        process_stop(f->dbus);
        assert_int_equal(kill(f->server, SIGCONT), 0);
        while (in_sockets(f->server, SIOCINQ) > 0 && now_usec() < end)
                usleep(1000);
        usleep(100000); /* for the last ones */
        written = in_sockets(f->server, SIOCOUTQ);
        assert_int_equal(kill(f->dbus, SIGCONT), 0);
        while (counts->answered + counts->refused + counts->failed < UNKNOWN_CALLS)
                if (sd_bus_process(other, NULL) == 0)
                        assert_true(sd_bus_wait(other, UINT64_MAX) >= 0);
        print_message("# %s: %d bytes written; %u answered, %u refused, %u failed\n", member,
                written, counts->answered, counts->refused, counts->failed);
        return written;
}

/* Refusals do not lie in root's way while the bus does not read. */
static void test_refusals_wait(void **state)
{
        Counts many = { 0 }, wrong = { 0 };

        assert_true(write_while_bus_stands(*state, "Describe", &many) < BEHIND_MAX);
        assert_true(many.refused > 0 && many.answered > 0 && many.failed == 0);
        /* without the arguments that it needs */
        assert_true(write_while_bus_stands(*state, "SetLogging", &wrong) < BEHIND_MAX);
        assert_int_equal(wrong.failed, UNKNOWN_CALLS);
}

/* ---- root as the crowd ---- */

static int nobody_asks(const Fixture *f, int go)
{
        char byte;

        if (!become_nobody() || read(go, &byte, 1) != 1)
                return CHILD_SKIP;
        for (unsigned i = 0; i < 3; i++) {
                sd_bus *bus = open_client(f);
                _cleanup_message_ sd_bus_message *m = new_call(bus, "ListSets"), *reply = NULL;
                _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;

                reply = send_call(bus, m, &error);
                if (!reply) {
                        print_error("ListSets: %s\n", error.message);
                        return 1;
                }
                sd_bus_flush_close_unref(bus);
        }
        return 0;
}

static void root_goes_on(sd_bus *bus, unsigned *n, Counts *counts)
{
        while (*n - counts->answered - counts->refused - counts->failed < 10) {
                _cleanup_message_ sd_bus_message *m = new_call(bus, "Reload");

                APPEND(m, "a{sv}", 1, "dry_run", "b", 1);
                assert_true(sd_bus_call_async(bus, NULL, m, on_reply, counts, UINT64_MAX) >= 0);
                ++*n;
        }
        while (sd_bus_process(bus, NULL) > 0)
                ;
        assert_int_equal(counts->refused, 0);
}

/* Root comes first, and has more calls as long as nobody is not answered. */
static void test_patience(void **state)
{
        enum { N = 8 };
        Fixture *f = *state;
        uint64_t end = now_usec() + 300 * UINT64_C(1000000); /* of a test that hangs */
        Counts counts[N] = { 0 };
        unsigned n[N] = { 0 };
        sd_bus *buses[N];
        int status = 0, go[2], piped = pipe2(go, O_CLOEXEC);
        pid_t pid = fork();

        assert_int_equal(piped, 0);
        /* a call takes p25d much longer than the bus: there is always another one */
        write_slow_policy(f, 60, 60);
        assert_true(pid >= 0);
        if (pid == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                _exit(nobody_asks(f, go[0]));
        }
        for (unsigned i = 0; i < N; i++)
                buses[i] = open_client(f);
        while (waitpid(pid, &status, WNOHANG) == 0 && now_usec() < end) {
                for (unsigned i = 0; i < N; i++)
                        root_goes_on(buses[i], &n[i], &counts[i]);
                if (n[0] > 20 && go[1] >= 0) {
                        assert_int_equal(write(go[1], "", 1), 1);
                        close(go[1]);
                        go[1] = -1;
                }
        }
        assert_true(now_usec() < end);
        for (unsigned i = 0; i < N; i++)
                sd_bus_close_unref(buses[i]);
        print_message("# three calls of nobody among %u of root\n", n[0] * N);
        assert_true(WIFEXITED(status));
        if (WEXITSTATUS(status) == CHILD_SKIP)
                skip();
        assert_int_equal(WEXITSTATUS(status), 0);
}

/* What takes longer than a worker may is refused. */
static int deadline_setup(void **state)
{
        static Fixture fixture;
        Fixture *f = *state = &fixture;

        fixture_start(f);
        f->worker_usec = 1000000;
        return server_start(f);
}

int main(_unused_ int argc, char **argv)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_describe, server_setup, server_teardown),
                cmocka_unit_test_setup_teardown(test_explain, server_setup, server_teardown),
                cmocka_unit_test_setup_teardown(test_plan, server_setup, server_teardown),
                cmocka_unit_test_setup_teardown(test_lists, server_setup, server_teardown),
                cmocka_unit_test_setup_teardown(test_deadline, deadline_setup, server_teardown),
                cmocka_unit_test_setup_teardown(test_without_answer, server_setup, server_teardown),
                cmocka_unit_test_setup_teardown(
                        test_change_without_answer, server_setup, server_teardown),
                cmocka_unit_test_setup_teardown(test_unknown_sender, server_setup, server_teardown),
                cmocka_unit_test_setup_teardown(test_refusals_wait, server_setup, server_teardown),
                cmocka_unit_test_setup_teardown(test_patience, server_setup, server_teardown),
        };

        if (!become_root(argv)) {
                puts("1..1\nok 1 # SKIP neither root nor user namespaces");
                return 0;
        }
        return cmocka_run_group_tests(tests, NULL, NULL);
}
