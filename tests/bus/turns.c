/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The workers that compute answers for root: who asks later does not come before one that waits,
 * and a connection with many calls does not keep another waiting.
 */

#include "tests/bus/calls.h"

#include "rules/base/buffer.h"

#include <dirent.h>

/* WORKERS: of root at a time (daemon/bus/queue.c). */
enum { WORKERS = 4, EARLY = 24, LATE = 4, MANY = 24 };

/* ---- calls that take a worker ---- */

typedef struct Client {
        sd_bus *bus;
        unsigned *n;     /* of the answers that all got */
        unsigned place;  /* among them, of its last; from 1 on */
        unsigned n_left; /* of its calls without answer */
} Client;

static int on_answer(sd_bus_message *m, void *data, _unused_ sd_bus_error *error)
{
        Client *c = data;

        if (sd_bus_message_is_method_error(m, NULL))
                fail_msg("DescribeReload: %s", sd_bus_message_get_error(m)->message);
        c->place = ++*c->n;
        c->n_left--;
        return 0;
}

/* p25d does not read one client's calls before those that another has sent earlier. */
static void client_asks(Client *c, unsigned n_calls)
{
        for (unsigned i = 0; i < n_calls; i++) {
                _cleanup_message_ sd_bus_message *m = new_call(c->bus, "DescribeReload");

                APPEND(m, "a{sv}", 0);
                assert_true(sd_bus_call_async(c->bus, NULL, m, on_answer, c, UINT64_MAX) >= 0);
                c->n_left++;
        }
        /* the bus has passed them on */
        assert_true(sd_bus_call_method(c->bus, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                            "org.freedesktop.DBus", "GetId", NULL, NULL, NULL) >= 0);
}

/* Known to p25d, so that it waits for nothing but a worker. */
static Client client_open(const Fixture *f, unsigned *n)
{
        Client c = { .bus = open_client(f), .n = n };
        _cleanup_message_ sd_bus_message *m = new_call(c.bus, "Describe"),
                                         *reply = send_call(c.bus, m, NULL);

        assert_non_null(reply);
        return c;
}

static void clients_open(const Fixture *f, Client *clients, unsigned n_clients, unsigned *n)
{
        for (unsigned i = 0; i < n_clients; i++)
                clients[i] = client_open(f, n);
}

/* One client at a time, a message at a time: places are those in which p25d has answered. */
static void clients_listen(Client *clients, unsigned n_clients)
{
        for (bool left = true; left; usleep(500)) {
                left = false;
                for (unsigned i = 0; i < n_clients; i++) {
                        assert_true(sd_bus_process(clients[i].bus, NULL) >= 0);
                        left |= clients[i].n_left > 0;
                }
        }
}

static void clients_close(Client *clients, unsigned n_clients)
{
        for (unsigned i = 0; i < n_clients; i++)
                sd_bus_close_unref(clients[i].bus);
}

/* ---- the server and its workers ---- */

/* The state of a process whose parent this is; 0: it is another's. */
static char child_state(const char *pid, pid_t parent)
{
        char path[64], state = 0;
        int of = 0;
        FILE *f;

        (void)snprintf(path, sizeof(path), "/proc/%.16s/stat", pid);
        f = fopen(path, "re");
        if (f && fscanf(f, "%*d %*s %c %d", &state, &of) != 2)
                of = 0;
        if (f)
                fclose(f);
        return of == parent ? state : 0;
}

/* The number of processes of this parent in one of these states (proc_pid_stat(5)). */
static unsigned count_children(pid_t parent, const char *states)
{
        DIR *proc = opendir("/proc");
        unsigned n = 0;

        assert_non_null(proc);
        for (struct dirent *e; (e = readdir(proc));) {
                char state = e->d_name[0] >= '1' && e->d_name[0] <= '9'
                                     ? child_state(e->d_name, parent)
                                     : 0;

                n += state != 0 && strchr(states, state);
        }
        closedir(proc);
        return n;
}

static void server_stop(const Fixture *f)
{
        int status;

        assert_int_equal(kill(f->server, SIGSTOP), 0);
        assert_int_equal(waitpid(f->server, &status, WUNTRACED), f->server);
}

/* The server is stopped when workers have ended of whom it has read no answer. One that sleeps
 * waits for the server. */
static void workers_end(const Fixture *f)
{
        for (unsigned looks = 0;; looks++) {
                assert_true(looks < 1000);
                server_stop(f);
                while (count_children(f->server, "RD") > 0)
                        usleep(1000);
                if (count_children(f->server, "Z") > 0)
                        return;
                assert_int_equal(kill(f->server, SIGCONT), 0);
                usleep(1000);
        }
}

/* So that the answer takes a worker a while. */
static void write_policy(const Fixture *f)
{
        _cleanup_buffer_ Buffer b = { 0 };
        char folder[128];

        buffer_add_string(&b, "enabled = true;\nassert = (\n");
        for (unsigned i = 0; i < 2000; i++)
                buffer_printf(&b, "%s{ packet = \"in from 10.0.%u.%u\"; verdict = \"allow\"; }\n",
                        i > 0 ? "," : "", i / 250, i % 250);
        buffer_add_string(&b, ");\n");
        assert_false(b.failed);
        (void)snprintf(folder, sizeof(folder), "%s/root/etc/p25", f->folder);
        write_text(folder, "p25.conf", b.data);
}

/* ---- the tests ---- */

/* Workers have ended, calls wait for them, and others come at this moment. */
static void test_overtaking(void **state)
{
        Client clients[EARLY + LATE];
        unsigned n = 0, first_late = UINT32_MAX;
        Fixture *f = *state;

        write_policy(f);
        clients_open(f, clients, EARLY + LATE, &n);
        server_stop(f);
        for (unsigned i = 0; i < EARLY; i++)
                client_asks(&clients[i], 1);
        assert_int_equal(kill(f->server, SIGCONT), 0);
        workers_end(f);
        for (unsigned i = EARLY; i < EARLY + LATE; i++)
                client_asks(&clients[i], 1);
        assert_int_equal(kill(f->server, SIGCONT), 0);
        clients_listen(clients, EARLY + LATE);
        for (unsigned i = EARLY; i < EARLY + LATE; i++)
                if (clients[i].place < first_late)
                        first_late = clients[i].place;
        clients_close(clients, EARLY + LATE);
        print_message("# the first of the late ones is answered as number %u\n", first_late);
        /* those that have workers at the same time end in any order */
        assert_true(first_late > EARLY - WORKERS + 1);
}

/* Each connection has its turn, however many calls another one has waiting. */
static void test_rounds(void **state)
{
        Fixture *f = *state;
        Client clients[3];
        unsigned n = 0;

        write_policy(f);
        clients_open(f, clients, 3, &n);
        server_stop(f);
        client_asks(&clients[0], MANY);
        client_asks(&clients[1], MANY);
        client_asks(&clients[2], 1);
        assert_int_equal(kill(f->server, SIGCONT), 0);
        clients_listen(clients, 3);
        clients_close(clients, 3);
        print_message("# the one call is answered as number %u\n", clients[2].place);
        /* its worker is the sixth; others may be quicker */
        assert_true(clients[2].place < MANY);
}

int main(_unused_ int argc, char **argv)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_overtaking, server_setup, server_teardown),
                cmocka_unit_test_setup_teardown(test_rounds, server_setup, server_teardown),
        };

        if (!become_root(argv)) {
                puts("1..1\nok 1 # SKIP neither root nor user namespaces");
                return 0;
        }
        return cmocka_run_group_tests(tests, NULL, NULL);
}
