/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The journal of sets: its lines are read again, torn and damaged ones are not, and it is folded.
 */

#include "rules/address/prefixset.h"
#include "rules/address/timedset.h"
#include "rules/base/buffer.h"
#include "rules/policy/state.h"
#include "tests/unit/store_world.h"

static void test_journal(void **state)
{
        (void)state;
        assert_int_equal(commit(full_state(), NULL), 0);
        assert_int_equal(commit_delta("drop", "10.0.0.1\n10.0.0.2\n", "192.0.2.0/24\n"), 0);
        assert_int_equal(commit_delta("drop", "10.0.0.3\n", "10.0.0.1\n"), 0);
        assert_int_equal(commit_delta("drop", "10.0.0.1\n", "10.0.0.4\n"), 0);
        assert_true(exists("sets/drop.1"));
        assert_false(exists("sets/drop.2"));
        expect_set("drop", "10.0.0.1\n10.0.0.2\n10.0.0.3\n2001:db8::/32\n");
        /* another change does not lose them, nor does a restart */
        assert_int_equal(commit(next_state(), NULL), 0);
        reopen();
        assert_int_equal(commit_delta("drop", "10.0.0.9\n", "2001:db8::/32\n"), 0);
        expect_set("drop", "10.0.0.1\n10.0.0.2\n10.0.0.3\n10.0.0.9\n");
        expect_set("empty", "");
}

/* A set that is dropped and made again begins without the old lines of the journal. */
/* ---- entries that end ---- */

static void expect_entries(const StoredSet *expected)
{
        _cleanup_(state_free_p) State *s = NULL;
        const StoredSet *set;

        assert_int_equal(host_load_state(&paths, NULL, &s), 0);
        set = state_find_set(s, expected->name);
        assert_non_null(set);
        assert_true(prefix_set_equal(set->entries, expected->entries));
        assert_true(timed_set_equal(set->timed, expected->timed));
}

static PrefixSet *some_prefixes(Random *random)
{
        char text[160] = "";

        for (unsigned i = 0; i < 8; i++)
                if (random_once(random, 3))
                        (void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%u\n",
                                i % 2 ? "10.0.0." : "2001:db8::", i);
        return prefixes(text);
}

/* As the manager does it: what is permanent stays so, what is added for good ends no more. */
static void commit_entries(Random *random, bool in_journal)
{
        _cleanup_(prefix_set_unref_p) PrefixSet *plus = some_prefixes(random);
        _cleanup_(prefix_set_unref_p) PrefixSet *minus = some_prefixes(random);
        _cleanup_(prefix_set_unref_p) PrefixSet *entries = NULL, *fresh = NULL;
        _cleanup_(timed_set_unref_p) TimedSet *timed = NULL, *put = NULL, *all = NULL;
        bool ends = random_once(random, 2);
        SetDelta delta = { .name = "drop", .add = ends ? NULL : plus, .remove = minus };
        State *s = next_state();
        const StoredSet *set = state_find_set(s, "drop");
        TimedChanges c;
        size_t x, y;

        assert_int_equal(prefix_set_update(plus, NULL, set->entries, &fresh, &x, &y), 0);
        if (ends)
                assert_int_equal(
                        timed_set_new(
                                fresh, UINT64_C(1000000) * (1 + random_below(random, 9999)), &put),
                        0);
        delta.timed = put;
        assert_int_equal(prefix_set_update(set->entries, delta.add, minus, &entries, &x, &y), 0);
        assert_int_equal(timed_set_update(set->timed, put, minus, &timed, &c), 0);
        assert_int_equal(timed_set_update(timed, NULL, delta.add, &all, &c), 0);
        assert_int_equal(state_put_entries(s, "drop", entries, all), 0);
        assert_int_equal(commit(s, in_journal ? &delta : NULL), 0);
}

static void test_entries_that_end(void **state)
{
        Random random = { 7 };

        (void)state;
        assert_int_equal(commit(full_state(), NULL), 0);
        for (unsigned i = 0; i < 400; i++) {
                commit_entries(&random, !random_once(&random, 20));
                expect_entries(state_find_set(current, "drop"));
                if (random_once(&random, 10))
                        reopen();
                if (random_once(&random, 15))
                        assert_int_equal(commit(next_state(), NULL), 0);
        }
}

static void test_journal_of_dropped_set(void **state)
{
        State *s;

        (void)state;
        assert_int_equal(commit(full_state(), NULL), 0);
        assert_int_equal(commit_delta("drop", "10.0.0.1\n", ""), 0);
        s = next_state();
        assert_int_equal(state_put_set(s, "drop", NULL), 0);
        assert_int_equal(commit(s, NULL), 0);
        s = next_state();
        add_set(s, "drop", "10.9.9.9\n");
        assert_int_equal(commit(s, NULL), 0);
        expect_set("drop", "10.9.9.9\n");
}

static void test_torn_journal(void **state)
{
        static const char *const torn[] = {
                "0123",
                "0123456789abcdef 4 1 0 drop = = +10.6.6.6",
                "0123456789abcdef 4 1 0 drop = = +10.6.6.6\n",
                "\n",
        };

        (void)state;
        assert_int_equal(commit(full_state(), NULL), 0);
        for (size_t i = 0; i < ELEMENTS(torn); i++) {
                assert_int_equal(commit_delta("drop", "10.0.0.1\n", ""), 0);
                append(STATE_JOURNAL, torn[i]);
                expect_set("drop", "10.0.0.1\n192.0.2.0/24\n2001:db8::/32\n");
                reopen();
                assert_int_equal(commit_delta("drop", "", "10.0.0.1\n"), 0);
                expect_set("drop", "192.0.2.0/24\n2001:db8::/32\n");
        }
}

static void test_damaged_journal(void **state)
{
        int fd;

        (void)state;
        assert_int_equal(commit(full_state(), NULL), 0);
        assert_int_equal(commit_delta("drop", "10.0.0.1\n", ""), 0);
        assert_int_equal(commit_delta("drop", "10.0.0.2\n", ""), 0);
        fd = open(path_of(STATE_JOURNAL), O_WRONLY | O_CLOEXEC);
        assert_true(fd >= 0);
        assert_int_equal(pwrite(fd, "~", 1, 20), 1);
        close(fd);
        assert_null(stored_text(-EINVAL));
}

static void test_journal_is_folded(void **state)
{
        char add[32 * 300];

        (void)state;
        assert_int_equal(commit(full_state(), NULL), 0);
        for (unsigned i = 0; i < 40; i++) {
                size_t n = 0;

                for (unsigned j = 0; j < 300; j++)
                        n += (size_t)snprintf(
                                add + n, sizeof(add) - n, "10.%u.%u.%u\n", i, j / 200, j % 200);
                assert_int_equal(commit_delta("drop", add, ""), 0);
        }
        assert_true(size_of(STATE_JOURNAL) < 90000);
        reopen();
        assert_int_equal(prefix_set_size(state_find_set(current, "drop")->entries), 2 + 40 * 300);
}

static void test_journal_text(void **state)
{
        _cleanup_(prefix_set_unref_p) PrefixSet *add = prefixes("10.0.0.0/8\n2001:db8::1\n");
        _cleanup_(journal_deinit) Journal j = { 0 };
        _cleanup_buffer_ Buffer b = { 0 };
        JournalRecord r = {
                .revision = 1, .origin = { .time_usec = 2, .uid = 3 }, .set = (char *)"a-b"
        };

        (void)state;
        journal_record_print(&b, &r);
        r.revision = 5;
        r.origin.process = (char *)"p25ctl";
        r.origin.reason = (char *)"a b\n%c=";
        r.origin.pid = UINT32_MAX;
        r.origin.unit = (char *)"cron.service";
        r.origin.remote = (char *)"192.0.2.1";
        r.add = add;
        journal_record_print(&b, &r);
        assert_int_equal(journal_parse(b.data, b.length, "j", NULL, &j), 0);
        assert_int_equal(j.n, 2);
        assert_int_equal(j.length, b.length);
        assert_null(j.records[0].origin.process);
        assert_null(j.records[0].origin.reason);
        assert_null(j.records[0].origin.remote);
        assert_int_equal(j.records[0].origin.pid, 0);
        assert_int_equal(prefix_set_size(j.records[0].add), 0);
        assert_int_equal(j.records[1].origin.uid, 3);
        assert_string_equal(j.records[1].origin.process, "p25ctl");
        assert_string_equal(j.records[1].origin.reason, "a b\n%c=");
        assert_int_equal(j.records[1].origin.pid, UINT32_MAX);
        assert_string_equal(j.records[1].origin.unit, "cron.service");
        assert_string_equal(j.records[1].origin.remote, "192.0.2.1");
        assert_true(prefix_set_equal(j.records[1].add, add));
        /* every shorter text is a torn one: what is whole of it is read */
        for (size_t n = 0; n < b.length; n++) {
                _cleanup_(journal_deinit) Journal torn = { 0 };

                assert_int_equal(journal_parse(b.data, n, "j", NULL, &torn), 0);
                assert_int_equal(torn.n, n < (size_t)(strchr(b.data, '\n') + 1 - b.data) ? 0 : 1);
        }
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        const struct CMUnitTest tests[] = {
                TEST(test_journal),
                TEST(test_entries_that_end),
                TEST(test_journal_of_dropped_set),
                TEST(test_torn_journal),
                TEST(test_damaged_journal),
                TEST(test_journal_is_folded),
                TEST(test_journal_text),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
