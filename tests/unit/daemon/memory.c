/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Each single allocation fails, once and from then on, while calls of the bus are read and while
 * the manager makes changes: -ENOMEM is returned, nothing is lost (the leak check of the
 * sanitizers), and a change is made whole or not at all. What libraries allocate does not fail.
 */

#include "daemon/bus/dict.h"
#include "daemon/bus/parts.h"
#include "daemon/bus/rule.h"
#include "daemon/manager/settings.h"
#include "rules/policy/policy.h"
#include "rules/policy/rule.h"
#include "rules/policy/state.h"
#include "tests/lib/allocations.h"
#include "tests/unit/manager_world.h"

#include <sys/socket.h>

/* ---- what the bus reads ---- */

/* Messages need a bus that was started; nobody listens at its other end. */
static sd_bus *open_bus(int *ret_other)
{
        sd_bus *bus = NULL;
        int fds[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
        assert_true(sd_bus_new(&bus) >= 0 && sd_bus_set_fd(bus, fds[0], fds[0]) >= 0);
        assert_true(sd_bus_negotiate_fds(bus, true) >= 0 && sd_bus_start(bus) >= 0);
        *ret_other = fds[1];
        return bus;
}

static int append_rule(sd_bus_message *m)
{
        return sd_bus_message_append(m, "a{sv}", 8, "action", "s", "limit", "direction", "s", "in",
                "from", "as", 3, "192.0.2.0/24", "2001:db8::/32", "@file", "ports", "aq", 2, 25,
                587, "rate", "s", "5/minute", "comment", "s", "why", "to", "s", "198.51.100.7",
                "expires", "t", UINT64_C(4000000000000000));
}

static int read_rule(sd_bus_message *m, sd_bus_error *error)
{
        BusRule rule = { 0 };
        int r = bus_rule_read(m, BUS_RULE_ADD, &rule, error);

        bus_rule_deinit(&rule);
        return r;
}

static int append_match(sd_bus_message *m)
{
        return sd_bus_message_append(m, "a{sv}", 3, "direction", "s", "out", "user", "as", 2,
                "root", "postfix", "to", "as", 1, "192.0.2.7");
}

static int read_match(sd_bus_message *m, sd_bus_error *error)
{
        BusRule rule = { 0 };
        int r = bus_rule_read(m, BUS_RULE_REMOVE, &rule, error);

        bus_rule_deinit(&rule);
        return r;
}

static int append_strings(sd_bus_message *m)
{
        return sd_bus_message_append(m, "as", 20, "a", "b", "c", "d", "e", "f", "g", "h", "i", "j",
                "k", "l", "m", "n", "o", "p", "q", "r", "s", "t");
}

static int read_strings(sd_bus_message *m, sd_bus_error *error)
{
        _cleanup_free_ char **strings = NULL;
        size_t n;

        return bus_strings_read(m, 100, "strings", &strings, &n, error);
}

static int append_question(sd_bus_message *m)
{
        return sd_bus_message_append(m, "a{sv}", 4, "direction", "s", "out", "to", "s", "192.0.2.7",
                "port", "q", 25, "user", "s", "postfix");
}

/* Needs no memory of its own. */
static int read_question(sd_bus_message *m, sd_bus_error *error)
{
        BusQuestion q;

        return bus_question_read(m, &q, error);
}

static int append_options(sd_bus_message *m)
{
        return sd_bus_message_append(
                m, "a{sv}", 3, "reason", "s", "why", "dry_run", "b", 1, "confirm_seconds", "u", 30);
}

/* Nor does this. */
static int read_options(sd_bus_message *m, sd_bus_error *error)
{
        Change c;

        return bus_options_read(m, BUS_OPTION_NONE, &c, error);
}

static int append_parts(sd_bus_message *m)
{
        int r = sd_bus_message_append(m, "a{ss}", 2, "a", "rules = ();", "b", "");

        return r < 0 ? r : sd_bus_message_append(m, "a{sh}", 1, "c", STDIN_FILENO);
}

static int read_parts(sd_bus_message *m, sd_bus_error *error)
{
        _cleanup_(bus_parts_free_p) BusParts *parts = NULL;

        return bus_parts_read(m, &parts, error);
}

typedef struct Reader {
        const char *name;
        int (*append)(sd_bus_message *m);
        int (*read)(sd_bus_message *m, sd_bus_error *error);
        bool allocates;
} Reader;

static const Reader readers[] = {
        { "a rule to add", append_rule, read_rule, true },
        { "a rule to remove", append_match, read_match, true },
        { "strings", append_strings, read_strings, true },
        { "a packet", append_question, read_question, false },
        { "options", append_options, read_options, false },
        { "documents", append_parts, read_parts, true },
};

/* The result, while the one of this number fails. */
static int read_failing(sd_bus_message *m, const Reader *reader, unsigned at, bool on)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        int r;

        assert_true(sd_bus_message_rewind(m, true) >= 0);
        allocations_fail(at, on);
        r = reader->read(m, &error);
        if (at > 0)
                allocations_fail(0, false);
        if (at == 0 && r < 0)
                print_error("%s: %s\n", reader->name, error.message);
        /* nobody is blamed for it */
        if (r == -ENOMEM)
                assert_false(sd_bus_error_is_set(&error));
        return r;
}

static void try_reader(sd_bus *bus, const Reader *reader)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        unsigned n;

        assert_true(sd_bus_message_new_method_call(bus, &m, NULL, "/", "a.b", "X") >= 0);
        assert_true(reader->append(m) >= 0 && sd_bus_message_seal(m, 1, 0) >= 0);
        assert_int_equal(read_failing(m, reader, 0, false), 0);
        n = allocations_made();
        print_message("# %s: %u allocations\n", reader->name, n);
        assert_int_equal(n > 0, reader->allocates);
        for (unsigned i = 1; i <= n; i++)
                for (int on = 0; on < 2; on++) {
                        int r = read_failing(m, reader, i, on);

                        if (r != -ENOMEM)
                                fail_msg("%s: allocation %u of %u: %d", reader->name, i, n, r);
                }
}

static void test_readers(_unused_ void **state)
{
        int other;
        sd_bus *bus = open_bus(&other);

        for (size_t i = 0; i < ELEMENTS(readers); i++)
                try_reader(bus, &readers[i]);
        sd_bus_close_unref(bus);
        close(other);
}

/* ---- changes of the manager ---- */

/* Read before allocations fail. */
static RuleWords rule;

static void read_rule_words(void)
{
        char *text[] = { (char *)"limit", (char *)"in", (char *)"from", (char *)"10.9.0.0/16",
                (char *)"comment", (char *)"why", NULL };

        assert_int_equal(rule_words_parse(text, NULL, &rule), 0);
}

static int add_rule(const Change *c, ChangeResult *r)
{
        return manager_add_rules(manager, rule.rules, rule.n_rules, c, r);
}

static int delete_rule(const Change *c, ChangeResult *r)
{
        return manager_remove_rules(manager, rule.rules, rule.n_rules, c, r);
}

static int add_entries(const Change *c, ChangeResult *r)
{
        char *add[] = { (char *)"198.51.100.1", (char *)"2001:db8::1", NULL }, *none[] = { NULL };

        return manager_update_set(manager, "bans", add, none, c, r);
}

static int remove_entries(const Change *c, ChangeResult *r)
{
        char *remove[] = { (char *)"198.51.100.1", (char *)"2001:db8::1", NULL },
             *none[] = { NULL };

        return manager_update_set(manager, "bans", none, remove, c, r);
}

static int put_it(const Change *c, ChangeResult *r)
{
        return put_text(
                "rules = ( { action = \"deny\"; direction = \"in\"; from = \"192.0.2.9\"; } );", c,
                r);
}

static int put_other(const Change *c, ChangeResult *r)
{
        return put_text(
                "rules = ( { action = \"deny\"; direction = \"in\"; from = \"192.0.2.8\"; } );", c,
                r);
}

static int set_role_closed(const Change *c, ChangeResult *r)
{
        return manager_set_roles(manager, (char *[]){ (char *)"closed", NULL }, c, r);
}

static int reset(const Change *c, ChangeResult *r)
{
        return manager_reset(manager, c, r);
}

static int replace_set(const Change *c, ChangeResult *r)
{
        static const char text[] = "198.51.100.0/25\n2001:db8:1::/48 # why\n";

        return manager_replace_set(manager, "bans", text, strlen(text), c, r);
}

static int empty_set(const Change *c, ChangeResult *r)
{
        return manager_replace_set(manager, "bans", "", 0, c, r);
}

static int put_texts(const Change *c, ChangeResult *r)
{
        static const char rules[] = "rules = ( { action = \"deny\"; direction = \"routed\"; } );",
                          entries[] = "203.0.113.0/24\n";
        static const ManagerText texts[] = {
                { "one", false, rules, sizeof(rules) - 1 },
                { "bans", true, entries, sizeof(entries) - 1 },
        };

        return manager_put_texts(manager, texts, ELEMENTS(texts), c, r);
}

static int remove_texts(const Change *c, ChangeResult *r)
{
        static const ManagerText texts[] = { { "one", false, "", 0 }, { "bans", true, "", 0 } };

        return manager_put_texts(manager, texts, ELEMENTS(texts), c, r);
}

static int lockdown(const Change *c, ChangeResult *r)
{
        return manager_set_lockdown(manager, true, c, r);
}

static int end_lockdown(const Change *c, ChangeResult *r)
{
        return manager_set_lockdown(manager, false, c, r);
}

/* To the revision before this one: twice, and all is as it was. */
static int roll_back(const Change *c, ChangeResult *r)
{
        return manager_rollback(manager, manager_policy(manager)->state->revision - 1, c, r);
}

static void edit(void)
{
        write_text("etc/p25/p25.conf",
                "enabled = true; roles = ( \"closed\" ); default = { outgoing = \"deny\"; };");
}

static int restore(const Change *c, ChangeResult *r)
{
        write_text("etc/p25/p25.conf", conf);
        return manager_reload(manager, c, r);
}

static int reload(const Change *c, ChangeResult *r)
{
        return manager_reload(manager, c, r);
}

typedef struct Pair {
        const char *name;
        Operation change, back;
        void (*prepare)(void); /* before the change is tried; NULL: nothing */
} Pair;

static const Pair pairs[] = {
        { "a rule", add_rule, delete_rule, NULL },
        { "entries", add_entries, remove_entries, NULL },
        { "a fragment", put_it, put_other, NULL },
        { "roles", set_role_open, set_role_closed, NULL },
        { "a default", default_in, reset, NULL },
        { "disable", disable, enable, NULL },
        { "a whole set", replace_set, empty_set, NULL },
        { "documents", put_texts, remove_texts, NULL },
        { "rollback", roll_back, roll_back, NULL },
        { "reload", reload, restore, edit },
        { "lockdown", lockdown, end_lockdown, NULL },
};

static void change_done(Operation operation)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };
        int e = operation(&no_options, &r);

        if (e != 0)
                print_result(&r);
        assert_int_equal(e, 0);
        settle(0);
}

/* False when the change needs no allocation of this number: it is made, and made undone. */
static bool change_failing(const Pair *p, unsigned at, bool on, const Snapshot *before)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };
        unsigned n;
        int e;

        allocations_fail(at, on);
        e = p->change(&no_options, &r);
        n = allocations_made();
        allocations_fail(0, false);
        if (e < 0) {
                if (e != -ENOMEM)
                        fail_msg("%s: allocation %u: %d", p->name, at, e);
                assert_false(r.changed);
                expect_same(before, false);
                return true;
        }
        /* what failed is something that it can do without */
        assert_true(r.changed);
        settle(0);
        if (p->change !=
                lockdown) /* in force even where it cannot be stored yet, or notes are lost */
                expect_consistent();
        change_done(p->back);
        expect_consistent();
        return n >= at;
}

/* Allocations at, at + step, at + 2 * step … */
static void try_pair(const Pair *p, bool on, unsigned step)
{
        unsigned at = 1;

        for (bool left = true; left;) {
                _cleanup_snapshot_ Snapshot before = { 0 };
                uint64_t revision = manager_policy(manager)->state->revision;

                if (p->prepare)
                        p->prepare();
                before = take_snapshot();
                /* until it is made, which changes what comes after it */
                do {
                        left = change_failing(p, at, on, &before);
                        at += step;
                } while (left && manager_policy(manager)->state->revision == revision);
        }
        print_message("# %s: up to allocation %u\n", p->name, at - step);
}

static void test_changes(_unused_ void **state)
{
        write_text("etc/p25/p25.conf", conf);
        start();
        read_rule_words();
        change_done(add_entries);
        change_done(remove_entries);
        change_done(put_other);
        change_done(set_role_closed);
        for (size_t i = 0; i < ELEMENTS(pairs); i++)
                try_pair(&pairs[i], false, 1);
        for (size_t i = 0; i < ELEMENTS(pairs); i++)
                try_pair(&pairs[i], true, 5);
        rule_words_deinit(&rule);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_readers),
                TEST(test_changes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
