/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * clients SECONDS COUNT: COUNT clients of the bus in $DBUS_SYSTEM_BUS_ADDRESS, every other one of
 * root, the others of five users, call methods of p25d in turn, each as soon as the answer to its
 * last call is there; beside them one of another user that floods, and one of another that never
 * reads. Prints how long the calls took, and how many the client made that was served least and
 * most.
 */

#include "tests/bench/timing.h"

#include <errno.h>
#include <error.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

enum { CLIENTS_MAX = 1000, CALLS_MAX = 1 << 20, FLOOD_WINDOW = 100 };
/* Users that every Debian has: a bus asks for the groups of its clients. */
static const uid_t users[] = { 5, 6, 7, 8, 9 };
enum { USERS = sizeof(users) / sizeof(*users), WHO_FLOODS = 1, WHO_IS_DEAF = 2 };

typedef struct Method {
        const char *member;
        const char *types; /* of its arguments, of which each is 0 or empty */
} Method;

static const Method methods[] = {
        { "Describe", "" },
        { "ListRules", "" },
        { "ListSets", "" },
        { "Explain", "p" },
        { "ListRoles", "" },
        { "ListRevisions", "u" },
        /* of root only */
        { "ListEvents", "tu" },
        { "DescribeStats", "" },
};
enum { METHODS = sizeof(methods) / sizeof(*methods), METHODS_OF_USERS = METHODS - 2 };

typedef struct Call {
        uint32_t usec;
        uint16_t client;
        uint8_t method;
        bool failed;
} Call;

/* The results of all, each in a place of its own. */
typedef struct Board {
        size_t count;
        Call calls[CALLS_MAX];
} Board;

static Board *board;
static int64_t until_usec;

static sd_bus *connected(void)
{
        sd_bus *bus;
        int r = sd_bus_open_system(&bus);

        if (r < 0)
                error(1, -r, "the bus");
        return bus;
}

static sd_bus_message *call_of(sd_bus *bus, const Method *method)
{
        sd_bus_message *m;
        int r = sd_bus_message_new_method_call(bus, &m, "org.port25.Policy1", "/org/port25/Policy1",
                "org.port25.Policy1.Manager", method->member);

        for (const char *t = method->types; r >= 0 && *t; t++)
                if (*t == 'p')
                        r = sd_bus_message_append(
                                m, "a{sv}", 2, "direction", "s", "in", "from", "s", "203.0.113.7");
                else if (*t == 'u')
                        r = sd_bus_message_append(m, "u", 100);
                else
                        r = sd_bus_message_append(m, "t", (uint64_t)0);
        if (r < 0)
                error(1, -r, "%s", method->member);
        return m;
}

static void be_client(unsigned client)
{
        unsigned most = client % 2 ? METHODS_OF_USERS : METHODS;
        sd_bus *bus = connected();

        for (unsigned k = client; timing_now_usec() < until_usec; k++) {
                const Method *method = &methods[k % most];
                sd_bus_message *m = call_of(bus, method);
                int64_t began = timing_now_usec();
                int r = sd_bus_call(bus, m, 60 * 1000000, NULL, NULL);
                size_t place = __atomic_fetch_add(&board->count, 1, __ATOMIC_RELAXED);

                if (place < CALLS_MAX)
                        board->calls[place] = (Call){
                                .usec = (uint32_t)(timing_now_usec() - began),
                                .client = (uint16_t)client,
                                .method = (uint8_t)(k % most),
                                .failed = r < 0,
                        };
                sd_bus_message_unref(m);
        }
}

static int on_reply(sd_bus_message *m, void *data, sd_bus_error *ret_error)
{
        (void)m;
        (void)ret_error;
        --*(int *)data;
        return 0;
}

static void be_flood(unsigned client)
{
        sd_bus *bus = connected();
        int under_way = 0;

        (void)client;
        while (timing_now_usec() < until_usec) {
                for (; under_way < FLOOD_WINDOW; under_way++) {
                        sd_bus_message *m = call_of(bus, &methods[0]);

                        if (sd_bus_call_async(bus, NULL, m, on_reply, &under_way, UINT64_MAX) < 0)
                                error(1, 0, "the flood has ended");
                        sd_bus_message_unref(m);
                }
                while (sd_bus_process(bus, NULL) > 0)
                        ;
                (void)sd_bus_wait(bus, 100000);
        }
}

/* Asks as long as the bus takes its questions, and reads nothing. */
static void be_deaf(unsigned client)
{
        sd_bus *bus = connected();

        (void)client;
        while (timing_now_usec() < until_usec) {
                sd_bus_message *m = call_of(bus, &methods[0]);

                if ((sd_bus_get_events(bus) & 4) ==
                        0) /* POLLOUT: something waits in this process */
                        (void)sd_bus_send(bus, m, &(uint64_t){ 0 });
                else
                        usleep(1000);
                sd_bus_message_unref(m);
        }
}

static void begin(void (*be)(unsigned client), unsigned client, uid_t uid)
{
        pid_t pid = fork();

        if (pid < 0)
                error(1, errno, "fork");
        if (pid > 0)
                return;
        if (uid != 0 && (setgid(uid) < 0 || setuid(uid) < 0))
                error(1, errno, "uid %u", uid);
        be(client);
        _exit(0);
}

static int by_usec(const void *a, const void *b)
{
        const Call *x = a, *y = b;

        return (x->usec > y->usec) - (x->usec < y->usec);
}

static double msec_of(const Call *calls, size_t n, double share)
{
        return n ? calls[(size_t)(share * (double)(n - 1))].usec / 1e3 : 0;
}

/* The calls of every other client (0: root, 1: users) of one method, or of all (METHODS). */
static void report(const char *name, unsigned half, unsigned method)
{
        static Call chosen[CALLS_MAX];
        size_t n = 0, failed = 0;

        for (size_t i = 0; i < board->count; i++) {
                const Call *c = &board->calls[i];

                if (c->client % 2 != half || (method < METHODS && c->method != method))
                        continue;
                failed += c->failed;
                chosen[n++] = *c;
        }
        qsort(chosen, n, sizeof(*chosen), by_usec);
        printf("  %-24s %7zu calls %8.1f ms %8.1f ms, 99 %% %8.1f ms at most, %zu failed\n", name,
                n, msec_of(chosen, n, 0.5), msec_of(chosen, n, 0.99), msec_of(chosen, n, 1),
                failed);
}

static void report_served(unsigned count, unsigned half)
{
        static size_t of[CLIENTS_MAX];
        size_t least = SIZE_MAX, most = 0;

        for (size_t i = 0; i < board->count; i++)
                of[board->calls[i].client]++;
        for (unsigned k = half; k < count; k += 2) {
                least = of[k] < least ? of[k] : least;
                most = of[k] > most ? of[k] : most;
        }
        memset(of, 0, sizeof(of));
        printf("  served least: %zu calls, most: %zu\n", least, most);
}

int main(int argc, char **argv)
{
        static const char *const whose[] = { "root", "five users" };
        long seconds = argc == 3 ? strtol(argv[1], NULL, 10) : 0,
             count = argc == 3 ? strtol(argv[2], NULL, 10) : 0;

        if (seconds <= 0 || count < 2 || count > CLIENTS_MAX)
                error(2, 0, "usage: clients SECONDS COUNT");
        board = mmap(
                NULL, sizeof(*board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (board == MAP_FAILED)
                error(1, errno, "mmap");
        until_usec = timing_now_usec() + seconds * 1000000;
        for (unsigned k = 0; k < (unsigned)count; k++)
                begin(be_client, k, k % 2 ? users[k / 2 % USERS] : 0);
        begin(be_flood, 0, WHO_FLOODS);
        begin(be_deaf, 0, WHO_IS_DEAF);
        while (wait(NULL) > 0)
                ;
        if (board->count > CALLS_MAX)
                board->count = CALLS_MAX;
        for (unsigned half = 0; half < 2; half++) {
                report(whose[half], half, METHODS);
                report_served((unsigned)count, half);
                for (unsigned k = 0; k < (half ? METHODS_OF_USERS : METHODS); k++)
                        report(methods[k].member, half, k);
        }
        return 0;
}
