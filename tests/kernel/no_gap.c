/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Changes under traffic, for every backend: while one policy after another is brought into the
 * kernel, as many connections as possible are tried that all of the policies allow, or all refuse.
 * A single one that is answered otherwise has met a mixture of two policies, or none.
 * P25_CHANGES=N: how many changes.
 */

#include "rules/base/buffer.h"
#include "tests/lib/nft_backend.h"
#include "tests/lib/random.h"

#include <netinet/tcp.h>
#include <sys/mman.h>

#define INTERNET4 "192.0.2.2"
#define INTERNET4_BAD "192.0.2.3"
#define INTERNET6 "2001:db8:1::2"
#define INTERNET6_BAD "2001:db8:1::3"
#define ANSWER_MSEC 10000
#define LOOK_MSEC 20
#define STILL_USEC 500000

/* ---- traffic ---- */

static const struct Flow {
        const char *name;
        Site from;
        const char *source, *address;
        Answer answer; /* under every policy */
} flows[] = {
        { "in, allowed", INTERNET, INTERNET4, "192.0.2.1", OPEN },
        { "in, refused", INTERNET, INTERNET4_BAD, "192.0.2.1", RESET },
        { "in, IPv6, allowed", INTERNET, INTERNET6, "2001:db8:1::1", OPEN },
        { "in, IPv6, refused", INTERNET, INTERNET6_BAD, "2001:db8:1::1", RESET },
        { "out, allowed", HOST, "192.0.2.1", INTERNET4, OPEN },
        { "out, refused", HOST, "192.0.2.1", INTERNET4_BAD, RESET },
        { "routed, allowed", CONTAINER, "10.9.0.2", INTERNET4, OPEN },
        { "routed, refused", CONTAINER, "10.9.0.2", INTERNET4_BAD, RESET },
};

/* Shared by the process that sends and the one that changes. */
typedef struct Tally {
        volatile bool begun;
        volatile uint64_t n;
        volatile uint64_t stood_still; /* tried again */
        volatile uint64_t wrong[ELEMENTS(flows)];
        volatile Answer answer[ELEMENTS(flows)]; /* the last wrong one */
} Tally;

static uint64_t now_usec(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* Looks again and again until there is an answer, or silence. *ret_still: between two looks, or
 * since `since`, went so much time that the machine did not let this process run. */
static bool answer_wait(int fd, uint64_t since, bool *ret_still)
{
        struct pollfd p = { .fd = fd, .events = POLLOUT };
        uint64_t end = since + UINT64_C(1000) * ANSWER_MSEC, now;
        int r;

        *ret_still = false;
        do {
                r = poll(&p, 1, LOOK_MSEC);
                now = now_usec();
                *ret_still |= now - since > STILL_USEC;
                since = now;
        } while (r == 0 && now < end);
        return r > 0;
}

/* A packet that was dropped is sent again; one that is answered late, on a busy machine, is not.
 * But on one that stood still the timer for it may come before the answer that lay there. */
static bool was_silence(int fd)
{
        struct tcp_info info = { 0 };
        socklen_t n = sizeof(info);

        return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n) == 0 && info.tcpi_total_retrans > 0;
}

/* False: the machine stood still, and the packet was sent again. That says nothing, but the answer
 * to that one does. */
static bool flow_try(const struct Flow *f, Answer *ret)
{
        struct sockaddr_storage to, from;
        socklen_t n_to = endpoint(f->address, 25, &to), n_from = endpoint(f->source, 0, &from);
        socklen_t length = sizeof(int);
        bool answered = true, still = false, silence = false;
        int error = 0, fd;
        uint64_t began;

        world_enter(f->from);
        fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        began = now_usec();
        if (fd < 0 || bind(fd, (void *)&from, n_from) < 0 ||
                (connect(fd, (void *)&to, n_to) < 0 && errno != EINPROGRESS))
                error = errno;
        if (error == 0) {
                answered = answer_wait(fd, began, &still);
                silence = !answered || was_silence(fd);
                getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
        }
        still &= answered && silence;
        *ret = silence && !still       ? SILENT
               : error == 0            ? OPEN
               : error == ECONNREFUSED ? RESET
                                       : OTHER;
        abort_connection(fd);
        return !still;
}

static void listeners_empty(const int *listeners, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                int fd = accept4(listeners[i], NULL, NULL, SOCK_CLOEXEC);

                if (fd >= 0)
                        close(fd);
        }
}

static void send_until_killed(Tally *t, const int *listeners, size_t n)
{
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        while (!t->begun)
                usleep(1000);
        for (size_t i = 0;; i = (i + 1) % ELEMENTS(flows)) {
                Answer a;

                while (!flow_try(&flows[i], &a) && a == flows[i].answer)
                        t->stood_still++;
                if (a == OPEN)
                        listeners_empty(listeners, n);
                t->n++;
                if (a == flows[i].answer)
                        continue;
                t->wrong[i]++;
                t->answer[i] = a;
        }
}

/* ---- policies ---- */

/* The verdicts of the incoming flows, said in different ways. */
static const char *const incoming[] = {
        "{ action = \"allow\"; direction = \"in\"; from = \"@friends\"; },"
        "{ action = \"reject\"; direction = \"in\"; },",
        "{ action = \"reject\"; direction = \"in\"; from = [ \"" INTERNET4_BAD
        "\", \"" INTERNET6_BAD "\" ]; },"
        "{ action = \"allow\"; direction = \"in\"; },",
        "{ action = \"allow\"; direction = \"in\"; from = [ \"" INTERNET4 "\", \"" INTERNET6
        "\", \"10.0.0.0/9\" ]; },"
        "{ action = \"reject\"; direction = \"in\"; from = [ \"192.0.2.0/28\", "
        "\"2001:db8:1::/120\" ]; },",
};

static void add_friends(Buffer *b, Random *r)
{
        size_t n = random_once(r, 12) ? 6000 : random_below(r, 30);

        buffer_add_string(
                b, "sets = { friends = { entries = [ \"" INTERNET4 "\", \"" INTERNET6 "\"");
        for (size_t i = 0; i < n; i++)
                buffer_printf(b, ", \"10.%zu.%u.%zu\"", 10 + i / 200, random_below(r, 256),
                        2 * (i % 100));
        buffer_add_string(b, " ]; }; };");
}

/* The other flows' verdicts, by lists that are never the same. */
static void add_others(Buffer *b, Random *r)
{
        if (random_once(r, 5))
                buffer_add_string(b, "{ action = \"deny\"; direction = \"out\";"
                                     "  ports = [ 587, 465 ]; },");
        buffer_printf(b,
                "{ action = \"allow\"; direction = \"out\"; to = [ \"%s\", \"10.0.0.%u\","
                "  \"10.0.1.1\", \"10.0.1.3\", \"10.0.1.5\", \"10.0.1.7\" ]; },"
                "{ action = \"reject\"; direction = \"out\"; },"
                "{ action = \"reject\"; direction = \"routed\"; to = [ \"%s\", \"10.1.0.%u\" ]; },"
                "{ action = \"allow\"; direction = \"routed\"; }",
                INTERNET4, random_below(r, 256), INTERNET4_BAD, random_below(r, 256));
}

static char *policy_draw(Random *r)
{
        static const char *const actions[] = { "allow", "deny", "reject" };
        _cleanup_buffer_ Buffer b = { 0 };
        char *text;

        buffer_printf(&b,
                "logging = \"off\";"
                "default = { incoming = \"%s\"; outgoing = \"%s\"; routed = \"%s\"; };",
                random_of(r, actions), random_of(r, actions), random_of(r, actions));
        if (random_once(r, 3))
                buffer_add_string(&b, "mail_ports = [ 80 ];");
        add_friends(&b, r);
        buffer_add_string(&b, "rules = (");
        for (uint32_t i = random_below(r, 4); i > 0; i--)
                buffer_printf(&b,
                        "{ action = \"deny\"; direction = \"in\"; from = [ \"10.77.%u.0/24\","
                        " \"10.78.0.%u\" ]; },",
                        random_below(r, 16), i);
        buffer_add_string(&b, random_of(r, incoming));
        add_others(&b, r);
        buffer_add_string(&b, ");");
        assert_int_equal(buffer_take(&b, &text), 0);
        return text;
}

/* ---- changes ---- */

static const BackendOps *const backends[] = { &backend_nft,
#ifdef WITH_IPTABLES
        &backend_iptables
#endif
};

static void change(const BackendOps *ops, Backend **b, Random *r)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_free_ char *text = policy_draw(r);
        _cleanup_compiled_ Compiled c = compile_text(text);

        /* as when p25d is started again */
        if (*b && random_once(r, 8)) {
                ops->close(*b);
                *b = NULL;
        }
        if (!*b)
                assert_int_equal(ops->open(NULL, NULL, NULL, NULL, 0, b), 0);
        test_expect_good(ops->apply(*b, c.ruleset, &d), &d);
}

static uint64_t tally_print(const Tally *t)
{
        static const char *const answers[] = { "open", "reset", "silence", "an error" };
        uint64_t wrong = 0;

        for (size_t i = 0; i < ELEMENTS(flows); i++) {
                if (t->wrong[i] > 0)
                        print_message("# %s: %llu times wrong, such as %s\n", flows[i].name,
                                (unsigned long long)t->wrong[i], answers[t->answer[i]]);
                wrong += t->wrong[i];
        }
        return wrong;
}

static void test_changes(void **state)
{
        const BackendOps *ops = *(const BackendOps **)*state;
        const char *number = getenv("P25_CHANGES");
        unsigned long n = number ? strtoul(number, NULL, 10) : 1000;
        int listeners[] = { listen_at(HOST, 25), listen_at(INTERNET, 25) };
        Random random = { 25 };
        Backend *b = NULL;
        pid_t sender;
        Tally *t;

        if (ops->probe() < 0)
                skip();
        t = mmap(NULL, sizeof(Tally), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        assert_true(t != MAP_FAILED);
        /* before the backend is there: a copy of its socket would own the table */
        sender = fork();
        if (sender == 0)
                send_until_killed(t, listeners, ELEMENTS(listeners));
        for (unsigned long i = 0; i < n; i++) {
                change(ops, &b, &random);
                t->begun = true;
                usleep(500);
        }
        kill(sender, SIGKILL);
        waitpid(sender, NULL, 0);
        ops->remove(b, NULL);
        ops->close(b);
        for (size_t i = 0; i < ELEMENTS(listeners); i++)
                close(listeners[i]);
        printf("#: %s: %lu changes under %llu connections\n", ops->name, n,
                (unsigned long long)t->n);
        if (t->stood_still > 0)
                print_message("# the machine stood still %llu times\n",
                        (unsigned long long)t->stood_still);
        assert_int_equal(tally_print(t), 0);
        assert_true(t->n > n);
        munmap(t, sizeof(Tally));
}

static int setup(void **state)
{
        (void)state;
        if (!world_begin())
                return -1;
        world_build();
        /* what has ended leaves room for more */
        must("sysctl -qw net.netfilter.nf_conntrack_tcp_timeout_close=1");
        must("nsenter -t %d -n sh -c 'ip addr add " INTERNET4_BAD "/24 dev eth0;"
             "ip addr add " INTERNET6_BAD "/64 dev eth0 nodad'",
                (int)world.pid[INTERNET]);
        return 0;
}

static int teardown(void **state)
{
        (void)state;
        world_end();
        return 0;
}

int main(void)
{
        struct CMUnitTest tests[ELEMENTS(backends)];

        for (size_t i = 0; i < ELEMENTS(backends); i++)
                tests[i] = (struct CMUnitTest){ .name = backends[i]->name,
                        .test_func = test_changes,
                        .setup_func = setup,
                        .teardown_func = teardown,
                        .initial_state = (void *)&backends[i] };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
