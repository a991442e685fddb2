/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The reply direction of a conntrack entry. Who receives one spoofed SYN from a mail server's port
 * 25 to a port of its own can dial that server from there: to conntrack the dialling SYN is a
 * reply, and the entry's original direction dialled another port. It is judged by its own
 * ports and addresses, once.
 */

#include "tests/adversary/attack.h"

#include "rules/ruleset/counterid.h"
#include "rules/ruleset/ruleset.h"

#define PORT 4001
#define NOBODY 65534

static int listeners[4];
static size_t n_listeners;

static int setup(void **state)
{
        (void)state;
        world_build();
        /* spoofed sources are accepted: what strict filtering would refuse is tried too */
        must("sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0"
             " net.ipv4.conf.cont0.rp_filter=0 net.ipv4.conf.wan0.rp_filter=0");
        for (Site s = HOST; s < _SITES; s++)
                listeners[n_listeners++] = listen_at(s, 25);
        return 0;
}

static int teardown(void **state)
{
        (void)state;
        for (size_t i = 0; i < n_listeners; i++)
                close(listeners[i]);
        world_end();
        return 0;
}

#define CLOSED "default = { incoming = \"reject\"; outgoing = \"reject\"; routed = \"reject\"; };"
/* The port that the entry dialled is managed too, and open. */
#define CLOSED_BUT_4001                                                                  \
        CLOSED "mail_ports = [ 4001 ];"                                                  \
               "rules = ({ action = \"allow\"; direction = \"in\"; ports = [ 4001 ]; }," \
               " { action = \"allow\"; direction = \"out\"; ports = [ 4001 ]; },"        \
               " { action = \"allow\"; direction = \"routed\"; ports = [ 4001 ]; });"

typedef struct Attack {
        Site spoofer;  /* who sends the spoofed SYN, server:25 -> attacker:PORT */
        Site attacker; /* who dials server:25 from PORT */
        uid_t uid;
        const char *server, *address;
        Direction direction; /* that has to judge it */
} Attack;

static Answer attack_try(const Attack *a)
{
        bool v6 = strchr(a->server, ':') != NULL;
        Segment spoofed = {
                .from = a->server, .to = a->address, .source = 25, .port = PORT, .flags = TH_SYN
        };
        int deaf = attack_deaf(a->attacker, a->uid, v6, PORT);
        Answer answer;

        attack_send(a->spoofer, &spoofed);
        usleep(20000);
        answer = attack_connect(attack_socket(a->attacker, a->uid, v6, PORT), a->server, 25);
        close(deaf);
        return answer;
}

static void expect_judged(const char *text, const Attack *a)
{
        uint64_t id = DEFAULT_COUNTER_ID(a->direction), before;
        Answer answer;

        attack_must_apply(text);
        before = attack_count_of(id);
        answer = attack_try(a);
        if (answer != RESET)
                print_message("# %s -> %s port 25: answer %d\n", a->address, a->server, answer);
        assert_int_equal(answer, RESET);
        assert_int_equal(attack_count_of(id), before + 1);
}

static void expect_all_judged(const char *text, const Attack *attacks, size_t n)
{
        for (size_t i = 0; i < n; i++)
                expect_judged(text, &attacks[i]);
}

static void test_routed(void **state)
{
        static const Attack attacks[] = {
                { CONTAINER, CONTAINER, 0, INTERNET4, CONTAINER4, DIRECTION_ROUTED },
                { CONTAINER, CONTAINER, 0, INTERNET6, CONTAINER6, DIRECTION_ROUTED },
                { INTERNET, CONTAINER, 0, INTERNET4, CONTAINER4, DIRECTION_ROUTED },
                { INTERNET, CONTAINER, 0, INTERNET6, CONTAINER6, DIRECTION_ROUTED },
        };

        (void)state;
        skip_without_backend();
        expect_all_judged(CLOSED, attacks, ELEMENTS(attacks));
        expect_all_judged(CLOSED_BUT_4001, attacks, ELEMENTS(attacks));
}

static void test_out(void **state)
{
        static const Attack attacks[] = {
                { INTERNET, HOST, NOBODY, INTERNET4, HOST4, DIRECTION_OUT },
                { INTERNET, HOST, NOBODY, INTERNET6, HOST6, DIRECTION_OUT },
                { CONTAINER, HOST, NOBODY, INTERNET4, HOST4, DIRECTION_OUT },
                { CONTAINER, HOST, NOBODY, INTERNET6, HOST6, DIRECTION_OUT },
        };

        (void)state;
        skip_without_backend();
        expect_all_judged(CLOSED, attacks, ELEMENTS(attacks));
        expect_all_judged(CLOSED_BUT_4001, attacks, ELEMENTS(attacks));
}

/* IPv4 drops what comes from outside with an address of the host; IPv6 does not. */
static void test_in(void **state)
{
        static const Attack attacks[] = {
                { CONTAINER, CONTAINER, 0, HOST6, CONTAINER6, DIRECTION_IN },
                { CONTAINER, CONTAINER, 0, HOST_INSIDE6, CONTAINER6, DIRECTION_IN },
                { INTERNET, INTERNET, 0, HOST6, INTERNET6, DIRECTION_IN },
        };

        (void)state;
        skip_without_backend();
        expect_all_judged(CLOSED, attacks, ELEMENTS(attacks));
        expect_all_judged(CLOSED_BUT_4001, attacks, ELEMENTS(attacks));
}

/* Rules decide by the addresses and the user of the packet itself. */
static void test_rules(void **state)
{
        static const Attack routed = { CONTAINER, CONTAINER, 0, INTERNET4, CONTAINER4,
                DIRECTION_ROUTED };
        static const Attack out = { INTERNET, HOST, NOBODY, INTERNET6, HOST6, DIRECTION_OUT };

        (void)state;
        skip_without_backend();
        attack_must_apply(CLOSED "rules = ("
                                 " { action = \"allow\"; direction = \"routed\";"
                                 "   from = \"10.9.0.2\"; to = \"192.0.2.2\"; },"
                                 " { action = \"allow\"; direction = \"out\";"
                                 "   to = \"2001:db8:1::2\"; });");
        assert_int_equal(attack_try(&routed), OPEN);
        assert_int_equal(attack_try(&out), OPEN);
        attack_must_apply(CLOSED "rules = ("
                                 " { action = \"deny\"; direction = \"routed\";"
                                 "   from = \"10.9.0.2\"; to = \"192.0.2.2\"; },"
                                 " { action = \"allow\"; direction = \"routed\"; },"
                                 " { action = \"deny\"; direction = \"out\";"
                                 "   to = \"2001:db8:1::2\"; },"
                                 " { action = \"allow\"; direction = \"out\"; });");
        assert_int_equal(attack_try(&routed), SILENT);
        assert_int_equal(attack_try(&out), SILENT);
}

/* Answers pass: of a listener on the port that is managed, and of both that open at once. */
static void test_answers(void **state)
{
        (void)state;
        skip_without_backend();
        attack_must_apply(CLOSED "rules = ({ action = \"allow\"; direction = \"in\"; },"
                                 " { action = \"allow\"; direction = \"out\"; },"
                                 " { action = \"allow\"; direction = \"routed\"; });");
        assert_int_equal(connect_to(INTERNET, HOST4, 25), OPEN);
        assert_int_equal(connect_to(HOST, INTERNET6, 25), OPEN);
        assert_int_equal(connect_to(CONTAINER, INTERNET4, 25), OPEN);
        assert_int_equal(
                attack_connect(attack_socket(CONTAINER, 0, false, 465), INTERNET4, 25), OPEN);
        assert_int_equal(
                attack_connect(attack_socket(CONTAINER, 0, true, 587), INTERNET6, 25), OPEN);
        assert_int_equal(attack_count(), 5);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_routed),
                cmocka_unit_test(test_out),
                cmocka_unit_test(test_in),
                cmocka_unit_test(test_rules),
                cmocka_unit_test(test_answers),
        };

        return attack_main(tests, ELEMENTS(tests), setup, teardown);
}
