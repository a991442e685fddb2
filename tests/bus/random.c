/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Random calls: every method, with its own signature and with others, values that are nearly right
 * and values that are not, as root and as nobody at the same time. Each gets an answer, nobody
 * changes anything, and the server ends as it should, under sanitizers too.
 * P25_RANDOM_CALLS (2000) says how many of each, P25_RANDOM_ROOT how many of root if not as many,
 * P25_RANDOM_SEED which. Nobody's take longer, most of them a process of their own.
 */

#include "tests/bus/calls.h"

#include "daemon/bus/vtable.h"

#include <sys/socket.h>

enum { WINDOW = 16, DEPTH = 3 };

/* ---- randomness ---- */

typedef struct Random {
        uint64_t state;
} Random;

static uint32_t pick(Random *r, uint32_t n)
{
        r->state = r->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        return (uint32_t)(r->state >> 33) % n;
}

static const char *pick_string(Random *r)
{
        static const char *const strings[] = { "", "x", "mx", "no-mail", "nowhere", "in", "out",
                "routed", "incoming", "allow", "deny", "reject", "limit", "any", "smtp", "root",
                "nobody", "192.0.2.1", "192.0.2.0/24", "10.1.2.3/8", "2001:db8::/32", "@more",
                "@nowhere", "$internal", "::ffff:192.0.2.1", "a b", "../x", "\x1b[2J", "12/minute",
                "0/hour", "high", "off", "eth0", "postfix.service", "json", "nft", "ir", "iptables",
                "more", "own", "#", "enabled = true;", "rules = ( { action = \"deny\"; } );",
                "rules = ( { action = \"deny\"; direction = \"in\"; } );",
                "role = { name = \"r\"; summary = \"s\"; };", "(((((((((((((((((((((((((((((((",
                "sets = { more = { entries = [ \"192.0.2.7\" ]; }; };",
                "assert = ( { packet = \"in from 192.0.2.1\"; verdict = \"deny\"; } );",
                "99999999999999999999", "-1", "gr\xc3\xbc\xc3\x9f" };

        return strings[pick(r, ELEMENTS(strings))];
}

static const char *pick_key(Random *r)
{
        static const char *const keys[] = { "action", "direction", "ports", "from", "to",
                "interface", "in_interface", "out_interface", "user", "group", "unit", "rate",
                "burst", "max", "expires", "duration", "log", "comment", "id", "position", "source",
                "packets", "bytes", "dry_run", "expected_revision", "confirm_seconds", "reason",
                "text", "port", "timeout_seconds", "no such key", "" };

        return keys[pick(r, ELEMENTS(keys))];
}

/* The type of a value that a dictionary may have; now and then another. */
static const char *pick_type(Random *r)
{
        static const char *const types[] = { "s", "as", "b", "u", "t", "q", "aq", "i", "x", "y",
                "n", "ai", "au", "d", "a{sv}", "v", "(su)", "as", "s" };

        return types[pick(r, ELEMENTS(types))];
}

static int pick_descriptor(Random *r)
{
        int ends[2];

        switch (pick(r, 5)) {
        case 0:
                return open("/dev/null", O_RDONLY | O_CLOEXEC);
        case 1:
                assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
                close(ends[1]);
                return ends[0];
        case 2:
                assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
                close(ends[1]);
                return ends[0];
        case 3:
                return make_file("not an address\n");
        default:
                return make_file("192.0.2.1\n2001:db8::/32\n");
        }
}

/* ---- values ---- */

static void append_values(sd_bus_message *m, const char *signature, Random *r, unsigned depth);

/* The length of the first complete type. */
static size_t type_length(const char *s)
{
        size_t n = 1;
        unsigned open = 1;

        if (*s == 'a')
                return 1 + type_length(s + 1);
        if (*s != '(' && *s != '{')
                return 1;
        while (open > 0) {
                open += s[n] == '(' || s[n] == '{';
                open -= s[n] == ')' || s[n] == '}';
                n++;
        }
        return n;
}

static void append_container(
        sd_bus_message *m, char type, const char *contents, Random *r, unsigned depth)
{
        unsigned n = type == 'a' ? pick(r, depth > DEPTH ? 1 : 5) : 1;

        assert_true(sd_bus_message_open_container(m, type, contents) >= 0);
        while (n-- > 0)
                append_values(m, contents, r, depth + 1);
        assert_true(sd_bus_message_close_container(m) >= 0);
}

/* type: "{sv}", "{ss}" or "{sh}" */
static void append_entry(sd_bus_message *m, const char *type, Random *r, unsigned depth)
{
        const char contents[] = { 's', type[2], '\0' };

        assert_true(sd_bus_message_open_container(m, 'e', contents) >= 0);
        APPEND(m, "s", pick_key(r));
        append_values(m, contents + 1, r, depth);
        assert_true(sd_bus_message_close_container(m) >= 0);
}

static void append_number(sd_bus_message *m, char type, Random *r)
{
        static const uint64_t numbers[] = { 0, 1, 2, 25, 587, 22, 60, 65535, 65536, UINT32_MAX,
                UINT64_MAX, 31622401 };
        uint64_t number = numbers[pick(r, ELEMENTS(numbers))];
        double real = (double)number;

        if (type == 'd')
                assert_true(sd_bus_message_append_basic(m, type, &real) >= 0);
        else if (type == 'b')
                APPEND(m, "b", (int)(number & 1));
        else /* little endian, or other numbers */
                assert_true(sd_bus_message_append_basic(m, type, &number) >= 0);
}

static void append_value(sd_bus_message *m, const char *type, size_t n, Random *r, unsigned depth)
{
        char contents[64];
        int fd;

        if (*type == '{') {
                append_entry(m, type, r, depth);
                return;
        }
        if (*type == 'a' || *type == '(') {
                bool array = *type == 'a';

                (void)snprintf(
                        contents, sizeof(contents), "%.*s", (int)(n - (array ? 1 : 2)), type + 1);
                append_container(m, array ? 'a' : 'r', contents, r, depth);
        } else if (*type == 'v')
                append_container(m, 'v', depth > DEPTH ? "s" : pick_type(r), r, depth);
        else if (*type == 's')
                APPEND(m, "s", pick_string(r));
        else if (*type == 'h') {
                fd = pick_descriptor(r);
                APPEND(m, "h", fd);
                close(fd);
        } else
                append_number(m, *type, r);
}

static void append_values(sd_bus_message *m, const char *signature, Random *r, unsigned depth)
{
        for (size_t n; *signature; signature += n) {
                n = type_length(signature);
                append_value(m, signature, n, r, depth);
        }
}

/* ---- calls ---- */

static const sd_bus_vtable *pick_method(Random *r)
{
        const sd_bus_vtable *v = bus_vtable + 1;
        uint32_t n = 0;

        while (v[n].type == _SD_BUS_VTABLE_METHOD)
                n++;
        return v + pick(r, n);
}

static sd_bus_message *random_call(sd_bus *bus, Random *r)
{
        static const char *const others[] = { "", "s", "as", "t", "u", "b", "h", "a{sv}", "aa{sv}",
                "ssa{sv}", "v", "(su)", "sasasa{sv}", "d", "aaaas" };
        const sd_bus_vtable *v = pick_method(r);
        const char *signature = v->x.method.signature ?: "";
        sd_bus_message *m = new_call(bus, v->x.method.member);

        if (pick(r, 8) == 0)
                signature = others[pick(r, ELEMENTS(others))];
        append_values(m, signature, r, 0);
        return m;
}

typedef struct Tally {
        unsigned under_way, answered, denied, failed, unknown;
} Tally;

static int on_reply(sd_bus_message *m, void *data, sd_bus_error *unused)
{
        static const char *const known[] = { "org.port25.Policy1.Error.",
                "org.freedesktop.DBus.Error.InvalidArgs", "org.freedesktop.DBus.Error.Failed",
                "System.Error." };
        const sd_bus_error *error = sd_bus_message_get_error(m);
        Tally *t = data;

        (void)unused;
        t->under_way--;
        if (!error) {
                t->answered++;
                return 0;
        }
        if (streq(error->name, BUS_ERROR_ACCESS_DENIED)) {
                t->denied++;
                return 0;
        }
        for (size_t i = 0; i < ELEMENTS(known); i++)
                if (strncmp(error->name, known[i], strlen(known[i])) == 0) {
                        t->failed++;
                        return 0;
                }
        print_error("%s: %s\n", error->name, error->message);
        t->unknown++;
        return 0;
}

static void random_calls(sd_bus *bus, unsigned n, uint64_t seed, Tally *t)
{
        Random r = { seed };

        for (unsigned i = 0; i < n || t->under_way > 0;) {
                if (i < n && t->under_way < WINDOW) {
                        _cleanup_message_ sd_bus_message *m = random_call(bus, &r);

                        assert_true(sd_bus_call_async(bus, NULL, m, on_reply, t,
                                            120 * UINT64_C(1000000)) >= 0);
                        t->under_way++;
                        i++;
                }
                while (sd_bus_process(bus, NULL) > 0)
                        ;
                if (i == n || t->under_way == WINDOW)
                        (void)sd_bus_wait(bus, 100000);
        }
}

static unsigned number_from_environment(const char *name, unsigned other)
{
        const char *text = getenv(name);

        return text ? (unsigned)strtoul(text, NULL, 10) : other;
}

/* In a child: 0 if all was answered, and no more than reading was done. */
static int nobody_calls(const Fixture *f, unsigned n, uint64_t seed)
{
        Tally t = { 0 };
        sd_bus *bus;

        if (!become_nobody())
                return CHILD_SKIP;
        bus = open_client(f);
        random_calls(bus, n, seed, &t);
        sd_bus_flush_close_unref(bus);
        print_message(
                "# nobody: %u answered, %u denied, %u failed\n", t.answered, t.denied, t.failed);
        return t.unknown > 0 || t.denied == 0 || t.answered == 0;
}

static void test_random(void **state)
{
        unsigned n = number_from_environment("P25_RANDOM_CALLS", 2000),
                 n_root = number_from_environment("P25_RANDOM_ROOT", n);
        uint64_t seed = number_from_environment("P25_RANDOM_SEED", 1);
        Fixture *f = *state;
        Tally t = { 0 };
        int status;
        pid_t pid;

        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                _exit(nobody_calls(f, n, seed + 1));
        }
        random_calls(f->bus, n_root, seed, &t);
        print_message(
                "# root: %u answered, %u denied, %u failed\n", t.answered, t.denied, t.failed);
        assert_int_equal(t.unknown, 0);
        assert_true(t.answered > n_root / 100);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        if (WEXITSTATUS(status) != CHILD_SKIP)
                assert_int_equal(WEXITSTATUS(status), 0);
        (void)get_revision(f->bus);
}

int main(_unused_ int argc, char **argv)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_random, server_setup, server_teardown),
        };

        if (!become_root(argv)) {
                puts("1..1\nok 1 # SKIP neither root nor user namespaces");
                return 0;
        }
        return cmocka_run_group_tests(tests, NULL, NULL);
}
