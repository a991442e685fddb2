/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The decisions that entries of iptables count in objects: each once, by user, also of the time in
 * which no p25d runs and of rules that are gone; and no object stays behind.
 */

#include "daemon/backend/decision_count.h"
#include "rules/base/buffer.h"
#include "rules/iptables/statement.h"
#include "rules/iptables/table.h"
#include "rules/ruleset/ruleset.h"
#include "tests/lib/ipt_backend.h"

#define OUT_REJECT "default = { outgoing = \"reject\"; routed = \"reject\"; };"

#define ALLOW                                                                  \
        OUT_REJECT "rules = ({ action = \"allow\"; direction = \"out\"; to = " \
                   "[ \"192.0.2.2\", \"2001:db8:1::2\" ]; ports = [ 25, 587 ]; });"

static const uint32_t accounts[] = { 0, 33, 1234, 4000000000 };

typedef struct Sums {
        uint64_t all, quiet, groups, of_users[ELEMENTS(accounts)], of_others;
        uint64_t of_actions[_ACTION_MAX], of_directions[_DIRECTION_MAX];
} Sums;

static void on_decision(void *data, const DecisionCount *c)
{
        Sums *s = data;
        size_t user = 0;

        s->all += c->count;
        s->groups++;
        s->quiet += c->logged ? 0 : c->count;
        s->of_actions[c->action] += c->count;
        s->of_directions[c->direction] += c->count;
        assert_true(c->in_log);
        assert_int_equal(c->destination.family, 0);
        while (c->has_uid && user < ELEMENTS(accounts) && accounts[user] != c->uid)
                user++;
        assert_true(user < ELEMENTS(accounts));
        *(c->has_uid ? &s->of_users[user] : &s->of_others) += c->count;
}

static Sums taken(IptBackend *b)
{
        Sums s = { 0 };

        assert_int_equal(backend_iptables.take_decisions(&b->base, on_decision, &s), 0);
        return s;
}

static void apply_counting(IptBackend *b, const char *text)
{
        _cleanup_compiled_ Compiled c = compile_text(text);

        c.ruleset->accounts.ids = malloc(sizeof(accounts));
        assert_non_null(c.ruleset->accounts.ids);
        memcpy(c.ruleset->accounts.ids, accounts, sizeof(accounts));
        c.ruleset->accounts.n = ELEMENTS(accounts);
        assert_int_equal(ipt_apply(b, c.ruleset, NULL), 0);
}

static IptBackend *open_with(const char *text)
{
        IptBackend *b = open_own(NULL, NULL, NULL);

        if (!b->counts.has_objects)
                skip(); /* not in this kernel */
        b->counts.wanted = true;
        apply_counting(b, text);
        return b;
}

static void dial(uint32_t uid, unsigned n, const char *address)
{
        for (unsigned i = 0; i < n; i++)
                assert_int_equal(connect_as(uid, uid, HOST, address, 25, NULL), RESET);
}

static size_t objects(void)
{
        _cleanup_free_ char *list =
                output_of("iptables-legacy-save 2>/dev/null | grep -c 'nfacct-name  *p25-'");

        return strtoul(list, NULL, 10);
}

static void users(bool old)
{
        _cleanup_own_ IptBackend *b = open_with(ALLOW);
        int listeners[] = { listen_at(INTERNET, 25), listen_at(INTERNET, 587) };
        Sums s;

        if (old) {
                b->counts.has_old_objects = true;
                apply_counting(b, ALLOW);
        }
        dial(33, 3, "198.18.0.9");
        dial(1234, 4, "198.18.0.9");
        dial(4000000000, 2, "198.18.0.9");
        dial(77, 5, "198.18.0.9");
        s = taken(b);
        assert_int_equal(s.all, 14);
        assert_int_equal(s.groups, 4);
        assert_int_equal(s.of_users[1], 3);
        assert_int_equal(s.of_users[2], 4);
        assert_int_equal(s.of_users[3], 2);
        assert_int_equal(s.of_others, 5);
        assert_int_equal(s.of_actions[ACTION_REJECT], 14);
        assert_int_equal(s.quiet, 0);
        assert_int_equal(taken(b).groups, 0);
        assert_int_equal(connect_as(33, 33, HOST, "192.0.2.2", 25, NULL), OPEN);
        assert_int_equal(connect_as(33, 33, HOST, "2001:db8:1::2", 587, NULL), OPEN);
        s = taken(b);
        assert_int_equal(s.of_actions[ACTION_ALLOW], 2);
        assert_int_equal(s.of_users[1], 2);
        assert_int_equal(s.quiet, 2);
        assert_int_equal(connect_to(CONTAINER, "192.0.2.2", 25), RESET);
        s = taken(b);
        assert_int_equal(s.of_directions[DIRECTION_ROUTED], 1);
        assert_int_equal(s.of_others, 1);
        close(listeners[0]);
        close(listeners[1]);
        assert_int_equal(backend_iptables.remove(&b->base, NULL), 0);
}

static void test_users(void **state)
{
        (void)state;
        users(false);
}

static void test_old_kernel(void **state)
{
        (void)state;
        users(true);
}

/* What a limit refuses counts, also what conntrack does not follow. */
static void test_beyond(void **state)
{
        IptBackend *b = open_with("rules = ({ action = \"limit\"; direction = \"routed\"; "
                                  "rate = \"2/hour\"; burst = 2; max = 5; });");
        int listener = listen_at(INTERNET, 25);
        Sums s;

        (void)state;
        for (unsigned i = 0; i < 4; i++)
                assert_int_equal(connect_to(CONTAINER, "192.0.2.2", 25), i < 2 ? OPEN : RESET);
        s = taken(b);
        assert_int_equal(s.of_actions[ACTION_REJECT], 2);
        must("ip6tables-legacy -t raw -A PREROUTING -j CT --notrack");
        for (unsigned i = 0; i < 3; i++)
                assert_int_equal(connect_to(CONTAINER, "2001:db8:1::2", 25), RESET);
        must("ip6tables-legacy -t raw -F PREROUTING");
        s = taken(b);
        assert_int_equal(s.of_actions[ACTION_REJECT], 3);
        assert_int_equal(s.of_directions[DIRECTION_ROUTED], 3);
        close(listener);
        assert_int_equal(backend_iptables.remove(&b->base, NULL), 0);
        close_own(&b);
}

/* Another daemon goes on; a rule that is gone has counted; so has a table that was removed. */
static void test_later(void **state)
{
        IptBackend *b = open_with(OUT_REJECT
                "rules = ({ action = \"deny\"; direction = \"out\"; to = \"198.18.9.9\"; },"
                "{ action = \"reject\"; direction = \"out\"; to = \"198.18.7.7\"; });");
        Sums s;

        (void)state;
        dial(33, 6, "198.18.7.7");
        close_own(&b);
        dial(33, 7, "198.18.0.1");
        b = open_with(OUT_REJECT);
        dial(33, 1, "198.18.0.1");
        s = taken(b);
        assert_int_equal(s.all, 14);
        assert_int_equal(s.of_users[1], 14);
        assert_true(objects() > 0);
        dial(33, 2, "198.18.0.1");
        assert_int_equal(backend_iptables.remove(&b->base, NULL), 0);
        assert_int_equal(taken(b).all, 2);
        assert_int_equal(b->counts.n, 0);
        apply_counting(b, OUT_REJECT);
        assert_int_equal(taken(b).all, 0);
        assert_int_equal(backend_iptables.remove(&b->base, NULL), 0);
        close_own(&b);
}

/* A host of so many users that their entries would be too many for so many rules. */
static void test_bound(void **state)
{
        _cleanup_buffer_ Buffer text = { 0 };
        IptBackend *b;
        size_t n = 0;

        (void)state;
        buffer_add_string(&text, OUT_REJECT "rules = (");
        for (unsigned i = 0; i < 2000; i++)
                buffer_printf(&text,
                        "%s{ action = \"reject\"; direction = \"out\"; to = "
                        "\"198.18.%u.%u\"; }",
                        i ? "," : "", i / 250, i % 250);
        buffer_add_string(&text, ");");
        b = open_with(text.data);
        for (size_t i = 0; i < b->wanted[0]->n_statements; i++)
                n += b->wanted[0]->statements[i].kind == IPT_COUNT &&
                     b->wanted[0]->statements[i].count.has_uid;
        assert_in_range(n, 2000, IPT_COUNTED_USERS_MAX);
        dial(0, 3, "198.18.7.9");
        assert_int_equal(taken(b).of_users[0], 3);
        assert_int_equal(backend_iptables.remove(&b->base, NULL), 0);
        close_own(&b);
}

static void test_names(void **state)
{
        static const char *const wrong[] = { "p25-", "p25-x", "p25-0-", "p25-0-zz", "p25-00",
                "p25-0000000000000001", "q25-1", "p25-ffffffffffffffff", "p25-1-100000000", "" };
        IptStatement s = { .kind = IPT_COUNT,
                .count = { .decision = UINT64_MAX >> 5, .has_uid = true, .uid = UINT32_MAX } };
        char name[IPT_COUNT_NAME_MAX];
        bool has_uid;
        Decision d = { .direction = DIRECTION_ROUTED,
                .action = ACTION_LIMIT,
                .audit = true,
                .logged = true,
                .in_log = true,
                .rule = (UINT64_C(1) << 48) - 1 };
        Decision again;
        uint32_t uid;

        (void)state;
        assert_true(strlen(ipt_count_name(&s, name)) < IPT_COUNT_NAME_MAX - 1);
        s.count.decision = decision_number(&d);
        assert_true(ipt_count_parse(ipt_count_name(&s, name), &again, &has_uid, &uid));
        assert_int_equal(decision_number(&again), s.count.decision);
        assert_true(has_uid);
        assert_int_equal(uid, UINT32_MAX);
        for (size_t i = 0; i < ELEMENTS(wrong); i++)
                assert_false(ipt_count_parse(wrong[i], &again, &has_uid, &uid));
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_names),
                cmocka_unit_test(test_users),
                cmocka_unit_test(test_old_kernel),
                cmocka_unit_test(test_beyond),
                cmocka_unit_test(test_later),
                cmocka_unit_test(test_bound),
        };
        int r;

        if (!world_begin()) {
                puts("1..0 # SKIP no network namespaces here");
                return 0;
        }
        world_build();
        must("ip route add 198.18.0.0/15 via 192.0.2.2");
        r = cmocka_run_group_tests(tests, NULL, NULL);
        world_end();
        return r;
}
