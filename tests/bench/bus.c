/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The waiting time of root while 50 connections of an unprivileged user flood p25d: root's calls, a
 * bare call of the bus itself (GetId) at the same time, which is what no service on that bus can
 * fall below, and the part of it that is p25d's own, from the call's arrival in its socket to the
 * reply in it. Asserts nothing.
 *
 *   P25_SECONDS=N        for how long under each load (5)
 *   P25_FIRST=N          without the first N loads
 *   P25_WITHOUT_RELAY=1  p25d's own part is not measured: the relay between it and the bus takes
 * time
 */

#include "tests/bench/relay.h"
#include "tests/bus/calls.h"

#include <poll.h>
#include <sys/resource.h>

enum { CONNECTIONS = 50, WINDOW = 20, TIMES_MAX = 100000 };
/* Larger calls are sent one by one, by so many connections: with 127 MiB on their way to p25d the
 * bus refuses calls of root too. */
#define WINDOW_BYTES ((size_t)1 << 20)
#define LARGE_CONNECTIONS 4
/* packaging/systemd/p25d.service */
#define NICENESS (-5)

/* ---- the load, in a process of its own ---- */

typedef enum Manner {
        READS,   /* its answers */
        DEAF,    /* asks for answers and never reads */
        FORGETS, /* asks for none */
} Manner;

typedef struct Load {
        const char *text;
        const char *member; /* NULL: nothing is sent; empty: a signal */
        Manner manner;
        size_t size; /* of a text in the call */
        bool silent; /* polkit is there and does not answer */
} Load;

static const Load loads[] = {
        { "nobody else", NULL, READS, 0, false },
        { "Describe, and reads", "Describe", READS, 0, false },
        { "Explain, and reads", "Explain", READS, 0, false },
        { "SetLockdown, which is refused", "SetLockdown", READS, 0, false },
        { "Describe, and never reads", "Describe", DEAF, 0, false },
        { "ListRoles, and never reads", "ListRoles", DEAF, 0, false },
        { "Describe, and wants no answer", "Describe", FORGETS, 0, false },
        { "signals of 16 KiB", "", FORGETS, 16u << 10, false },
        { "DescribeReload of 8 MiB", "DescribeReload", READS, 8u << 20, false },
        { "PutFragment of 19 MiB", "PutFragment", READS, 19u << 20, false },
        { "Describe, with a polkit that does not answer", "Describe", READS, 0, true },
};

static int under_way[CONNECTIONS];

static int on_reply(sd_bus_message *m, void *data, sd_bus_error *error)
{
        (void)m;
        (void)error;
        --*(int *)data;
        return 0;
}

/* Of so many bytes; owned by the program. */
static const char *load_text(size_t size)
{
        static char *text;

        if (!text) {
                text = malloc(size);
                assert_non_null(text);
                memset(text, '#', size);
                text[size - 1] = '\0';
        }
        return text;
}

static void load_signal(sd_bus *bus, const Load *load)
{
        _cleanup_message_ sd_bus_message *m = NULL;

        assert_true(sd_bus_message_new_signal(bus, &m, BUS_PATH, BUS_INTERFACE, "Load") >= 0);
        APPEND(m, "s", load_text(load->size));
        assert_true(sd_bus_message_set_destination(m, BUS_NAME) >= 0);
        (void)sd_bus_send(bus, m, NULL);
}

static void load_call(sd_bus *bus, const Load *load, int *count)
{
        _cleanup_message_ sd_bus_message *m = new_call(bus, load->member);

        if (streq(load->member, "Explain"))
                APPEND(m, "a{sv}", 1, "direction", "s", "out");
        else if (streq(load->member, "SetLockdown"))
                APPEND(m, "ba{sv}", 1, 0);
        else if (streq(load->member, "DescribeReload"))
                APPEND(m, "a{sv}", 1, "text", "s", load_text(load->size));
        else if (streq(load->member, "PutFragment"))
                APPEND(m, "ssa{sv}", "load", load_text(load->size), 0);
        assert_true(sd_bus_message_set_expect_reply(m, load->manner != FORGETS) >= 0);
        if (load->manner == READS
                        ? sd_bus_call_async(bus, NULL, m, on_reply, count, UINT64_MAX) >= 0
                        : sd_bus_send(bus, m, load->manner == DEAF ? &(uint64_t){ 0 } : NULL) >= 0)
                ++*count;
}

/* Whether the bus has taken all that was sent: what it has not would pile up in this process. */
static bool is_written(sd_bus *bus)
{
        return (sd_bus_get_events(bus) & POLLOUT) == 0;
}

/* One that reads has a window of calls under way, one that does not writes what the bus takes. */
static void load_send(sd_bus *bus, const Load *load, int *count)
{
        int window = load->size > WINDOW_BYTES ? 1 : WINDOW;

        for (int i = 0; i < window && is_written(bus); i++) {
                if (!load->member[0])
                        load_signal(bus, load);
                else if (load->manner != READS || *count < window)
                        load_call(bus, load, count);
        }
}

static void load_turn(sd_bus **buses, const Load *load)
{
        unsigned n = load->size > WINDOW_BYTES ? LARGE_CONNECTIONS : CONNECTIONS;
        struct pollfd fds[CONNECTIONS];
        bool busy = false;

        for (unsigned k = 0; k < n; k++) {
                load_send(buses[k], load, &under_way[k]);
                if (load->manner == READS)
                        while (sd_bus_process(buses[k], NULL) > 0)
                                busy = true;
                else
                        (void)sd_bus_flush(buses[k]);
                fds[k] = (struct pollfd){ sd_bus_get_fd(buses[k]), POLLIN, 0 };
        }
        if (!busy)
                (void)poll(fds, n, load->manner == READS ? 100 : 1);
}

static int load_run(const Fixture *f, const char *number, int said, int go)
{
        const Load *load = &loads[strtoul(number, NULL, 10)];
        struct pollfd end = { .fd = go, .events = POLLIN };
        sd_bus *buses[CONNECTIONS];

        if (!become_nobody())
                return CHILD_SKIP;
        for (unsigned k = 0; load->member && k < CONNECTIONS; k++) {
                buses[k] = open_client(f);
                (void)sd_bus_get_unique_name(buses[k], &(const char *){ NULL });
        }
        if (write(said, "", 1) != 1)
                return 1;
        while (poll(&end, 1, load->member ? 0 : -1) == 0)
                load_turn(buses, load);
        return 0;
}

/* ---- root ---- */

typedef struct Times {
        uint32_t usec[TIMES_MAX];
        size_t n;
} Times;

static int compare(const void *a, const void *b)
{
        uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

        return (x > y) - (x < y);
}

static void times_add(Times *t, uint64_t since_usec)
{
        if (t->n < TIMES_MAX)
                t->usec[t->n++] = (uint32_t)(now_usec() - since_usec);
}

static double times_at(Times *t, double part)
{
        qsort(t->usec, t->n, sizeof(t->usec[0]), compare);
        return t->n ? t->usec[(size_t)((double)(t->n - 1) * part)] / 1000. : 0;
}

static void call_bus(Fixture *f, Times *t)
{
        uint64_t began = now_usec();

        assert_true(sd_bus_call_method(f->bus, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                            "org.freedesktop.DBus", "GetId", NULL, NULL, NULL) >= 0);
        times_add(t, began);
}

static void call_p25d(sd_bus *way, const char *member, bool on, Times *t)
{
        _cleanup_message_ sd_bus_message *m = new_call(way, member), *reply = NULL;
        _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
        uint64_t began = now_usec();

        if (streq(member, "SetLockdown"))
                APPEND(m, "ba{sv}", (int)on, 0);
        reply = send_call(way, m, &error);
        if (!reply)
                fail_msg("%s: %s", member, error.message);
        times_add(t, began);
}

/* A connection that nobody knows yet, from its first byte to the answer of its first call: what it
 * takes of the bus alone, and of p25d, which has to ask the bus who that is. */
static void call_new(const Fixture *f, const char *member, Times *t)
{
        _cleanup_message_ sd_bus_message *m = NULL, *reply = NULL;
        _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
        uint64_t began = now_usec();
        sd_bus *bus = open_client(f);

        if (member) {
                m = new_call(bus, member);
                reply = send_call(bus, m, &error);
                if (!reply)
                        fail_msg("%s: %s", member, error.message);
        } else
                assert_true(sd_bus_call_method(bus, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                    "org.freedesktop.DBus", "GetId", NULL, NULL, NULL) >= 0);
        times_add(t, began);
        sd_bus_flush_close_unref(bus);
}

/* Of the processor, since the start. */
static uint64_t processor_usec(pid_t pid)
{
        unsigned long user = 0, system = 0;
        char path[64];
        FILE *file;

        (void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
        file = fopen(path, "re");
        assert_non_null(file);
        assert_int_equal(fscanf(file, "%*d %*s %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
                                 &user, &system),
                2);
        fclose(file);
        return (user + system) * UINT64_C(1000000) / (uint64_t)sysconf(_SC_CLK_TCK);
}

static void print_line(const char *what, Times *t, double reference)
{
        printf("  %-44s %8.2f %8.2f %8.2f ms", what, times_at(t, .5), times_at(t, .99),
                times_at(t, 1));
        if (reference > 0)
                printf("   %6.1f ×", times_at(t, .5) / reference);
        printf("\n");
}

static void print_own(RelayTimes own)
{
        printf("  %-44s %8.2f %8s %8.2f ms\n", "over the bus: of which in p25d",
                own.median_usec / 1000., "", own.slowest_usec / 1000.);
        printf("  %-44s %17s %8u\n", "calls of others that came in between", "", own.n_others);
}

static void measure(Fixture *f, Relay *relay, const char *name, uint64_t usec)
{
        static Times bus, status, lockdown, direct_status, direct_lockdown, new_bus, new_status;
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *direct = open_direct(f);
        uint64_t end = now_usec() + usec;
        uint64_t bus_usec = processor_usec(f->dbus), own_usec = processor_usec(f->server);

        bus.n = status.n = lockdown.n = direct_status.n = direct_lockdown.n = 0;
        new_bus.n = new_status.n = 0;
        if (relay)
                relay_watch(relay, name);
        for (unsigned i = 0; now_usec() < end; i++) {
                call_bus(f, &bus);
                call_p25d(f->bus, "Describe", false, &status);
                call_bus(f, &bus);
                call_p25d(f->bus, "SetLockdown", i % 2 == 0, &lockdown);
                call_new(f, NULL, &new_bus);
                call_new(f, "Describe", &new_status);
                for (unsigned k = 0; k < 4; k++) {
                        call_p25d(direct, "Describe", false, &direct_status);
                        call_p25d(direct, "SetLockdown", (i + k) % 2, &direct_lockdown);
                }
        }
        print_line("the bus alone (GetId)", &bus, 0);
        print_line("Describe", &status, times_at(&bus, .5));
        print_line("SetLockdown", &lockdown, times_at(&bus, .5));
        print_line("a new connection: the bus alone", &new_bus, 0);
        print_line("a new connection: Describe", &new_status, times_at(&new_bus, .5));
        printf("  %-44s %8.2f %8s %8.2f ms\n", "a new connection: Describe less the bus alone",
                times_at(&new_status, .5) - times_at(&new_bus, .5), "",
                times_at(&new_status, 1) - times_at(&new_bus, 1));
        print_line("Describe over root's own socket", &direct_status, times_at(&bus, .5));
        print_line("SetLockdown over root's own socket", &direct_lockdown, times_at(&bus, .5));
        if (relay)
                print_own(relay_times(relay));
        printf("  %-44s %8llu %8llu ms\n", "processor time of the bus, of p25d",
                (unsigned long long)(processor_usec(f->dbus) - bus_usec) / 1000,
                (unsigned long long)(processor_usec(f->server) - own_usec) / 1000);
}

/* ---- all ---- */

/* NULL: without. */
static void start_all(Fixture *f, Relay *relay)
{
        char bus[96], path[96], address[sizeof(f->address)];

        fixture_start(f);
        start_dbus(f);
        memcpy(address, f->address, sizeof(address));
        if (relay) {
                snprintf(bus, sizeof(bus), "%s/socket", f->folder);
                snprintf(path, sizeof(path), "%s/relay", f->folder);
                assert_int_equal(relay_start(path, bus, relay), 0);
                snprintf(f->address, sizeof(f->address), "unix:path=%s", path);
        }
        start_server(f);
        memcpy(f->address, address, sizeof(address));
        f->bus = open_client(f);
        assert_true(wait_for_owner(f->bus, 10 * UINT64_C(1000000)));
}

/* It has the name, and reads nothing. */
static sd_bus *open_silent_polkit(const Fixture *f)
{
        sd_bus *bus = open_client(f);

        assert_true(sd_bus_request_name(bus, "org.freedesktop.PolicyKit1", 0) >= 0);
        return bus;
}

/* As the unit runs it; without the right to, as it is. */
static void raise_server(const Fixture *f)
{
        (void)setpriority(PRIO_PROCESS, (id_t)f->server, NICENESS);
}

static void try_load(const char *number, const Load *kind, uint64_t usec)
{
        _cleanup_(sd_bus_close_unrefp) sd_bus *polkit = NULL;
        const char *name;
        Outsiders load;
        Fixture f;
        Relay own, *relay = getenv("P25_WITHOUT_RELAY") ? NULL : &own;

        start_all(&f, relay);
        raise_server(&f);
        if (kind->silent)
                polkit = open_silent_polkit(&f);
        assert_true(sd_bus_get_unique_name(f.bus, &name) >= 0);
        outsiders_start(&f, load_run, number, &load);
        printf("%s\n", kind->text);
        measure(&f, relay, name, usec);
        close(load.go);
        close(load.said);
        assert_int_equal(kill(load.pid, SIGKILL), 0);
        assert_int_equal(waitpid(load.pid, NULL, 0), load.pid);
        fixture_stop(&f);
        if (relay)
                relay_stop(relay);
}

static void test_loads(void **state)
{
        const char *seconds = getenv("P25_SECONDS"), *first = getenv("P25_FIRST");
        uint64_t usec = (seconds ? strtoul(seconds, NULL, 10) : 5) * UINT64_C(1000000);

        (void)state;
        printf("  %-44s %8s %8s %8s\n", "", "median", "99 %", "slowest");
        for (size_t i = first ? strtoul(first, NULL, 10) : 0; i < ELEMENTS(loads); i++) {
                char number[16];

                snprintf(number, sizeof(number), "%zu", i);
                try_load(number, &loads[i], usec);
        }
}

int main(_unused_ int argc, char **argv)
{
        static const struct CMUnitTest tests[] = { cmocka_unit_test(test_loads) };

        if (!become_root(argv)) {
                puts("needs root, or user namespaces");
                return 0;
        }
        setvbuf(stdout, NULL, _IOLBF, 0);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
