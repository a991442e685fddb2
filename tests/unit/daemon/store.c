/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The state on disk: what was committed is read again, and what fails or is torn leaves the old. */

#include "daemon/store/store.h"

#include "daemon/host/internal.h"
#include "daemon/host/journal.h"
#include "rules/config/print.h"
#include "tests/lib/random.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64];
static HostPaths paths;
static Store *store;
static State *current; /* as committed last */

static int setup(void **state)
{
        (void)state;
        (void)snprintf(folder, sizeof(folder), "/tmp/p25-store-XXXXXX");
        if (!mkdtemp(folder) || host_paths_init(&paths, folder, NULL) < 0)
                return -1;
        current = state_new();
        return current && store_new(&paths, &store) >= 0 ? 0 : -1;
}

static int teardown(void **state)
{
        char command[128];

        (void)state;
        store_free(store);
        state_free(current);
        host_paths_deinit(&paths);
        (void)snprintf(command, sizeof(command), "rm -rf '%s'", folder);
        return system(command);
}

static const char *path_of(const char *name)
{
        static char path[4][512];
        static unsigned turn;
        char *p = path[turn++ % ELEMENTS(path)];

        (void)snprintf(p, sizeof(path[0]), "%s/var/lib/p25/%s", folder, name);
        return p;
}

static bool exists(const char *name)
{
        return access(path_of(name), F_OK) == 0;
}

static off_t size_of(const char *name)
{
        struct stat st;

        return stat(path_of(name), &st) < 0 ? -1 : st.st_size;
}

static void append(const char *name, const char *text)
{
        FILE *f = fopen(path_of(name), "ae");

        assert_non_null(f);
        assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
        assert_int_equal(fclose(f), 0);
}

static void replace(const char *name, const char *text)
{
        assert_int_equal(truncate(path_of(name), 0), 0);
        append(name, text);
}

static PrefixSet *prefixes(const char *text)
{
        PrefixSet *s;

        assert_int_equal(prefix_set_parse(text, strlen(text), "test", NULL, &s), 0);
        return s;
}

static State *next_state(void)
{
        State *s;

        assert_int_equal(state_copy(current, &s), 0);
        s->revision++;
        origin_deinit(&s->origin);
        s->origin = (Origin){
                .time_usec = 1000000 * s->revision,
                .uid = 7,
                .pid = 4711,
                .process = strdup("test"),
                .unit = strdup("a b.service"),
                .remote = strdup("2001:db8::1"),
                .reason = strdup("a reason, 100 % äöü"),
        };
        return s;
}

/* What is on disk, as text that shows all of it but the names of files. */
static char *stored_text(int expected)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_(state_free_p) State *s = NULL;
        _cleanup_strv_ char **fragments = NULL, **sets = NULL;
        char *text;
        int r;

        r = host_load_state(&paths, &d, &s);
        for (size_t i = 0; i < d.n; i++)
                if (r < 0 && expected == 0)
                        print_message("%s: %s\n", d.items[i].file, d.items[i].text);
        assert_int_equal(r, expected);
        if (r < 0)
                return NULL;
        for (size_t i = 0; i < s->n_fragments; i++)
                assert_int_equal(strv_append(&fragments, s->fragments[i]->text), 0);
        for (size_t i = 0; i < s->n_sets; i++) {
                char *entries;
                size_t n;

                assert_int_equal(prefix_set_print(s->sets[i].entries, &entries, &n), 0);
                assert_int_equal(strv_consume(&sets, entries), 0);
        }
        assert_int_equal(print_state(s, fragments, sets, &text), 0);
        return text;
}

/* Commits and takes it for the current one. */
static int commit(State *s, const SetDelta *delta)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        int r = store_prepare(store, current, s, delta, &d);

        if (r >= 0)
                r = store_publish(store, &d);
        assert_int_equal(d.n_errors, r < 0 ? 1 : 0);
        if (r < 0) {
                state_free(s);
                return r;
        }
        store_tidy(store);
        state_free(current);
        current = s;
        return 0;
}

static void add_rule(State *s, const char *comment)
{
        _cleanup_(rule_unref_p) Rule *r = rule_new();

        assert_non_null(r);
        r->id = s->next_id++;
        r->action = ACTION_DENY;
        r->comment = strdup(comment);
        assert_int_equal(rule_list_append(&s->rules, r), 0);
}

static void add_fragment(State *s, const char *name, const char *text)
{
        _cleanup_(fragment_unref_p) Fragment *f = NULL;

        assert_int_equal(host_parse_stored_fragment(name, text, strlen(text), folder, NULL, &f), 0);
        assert_int_equal(state_put_fragment(s, name, f), 0);
}

static void add_set(State *s, const char *name, const char *text)
{
        _cleanup_(prefix_set_unref_p) PrefixSet *entries = prefixes(text);

        assert_int_equal(state_put_set(s, name, entries), 0);
}

static State *full_state(void)
{
        State *s = next_state();

        add_rule(s, "first");
        add_rule(s, "second");
        add_fragment(s, "web", "rules = ( { action = \"allow\"; direction = \"in\"; } );\n");
        add_fragment(s, "app", "rules = ();\n");
        add_set(s, "drop", "192.0.2.0/24\n2001:db8::/32\n");
        add_set(s, "empty", "");
        s->enabled = 1;
        s->roles_set = true;
        assert_int_equal(strv_append(&s->roles, "mx"), 0);
        s->defaults.of[DIRECTION_OUT] = ACTION_REJECT;
        s->logging = LOGGING_HIGH;
        return s;
}

static int commit_delta(const char *set, const char *add, const char *rem)
{
        _cleanup_(prefix_set_unref_p) PrefixSet *a = prefixes(add), *b = prefixes(rem);
        _cleanup_(prefix_set_unref_p) PrefixSet *entries = NULL;
        State *s = next_state();
        size_t added, removed;

        assert_int_equal(prefix_set_update(
                                 state_find_set(s, set)->entries, a, b, &entries, &added, &removed),
                0);
        assert_int_equal(state_put_set(s, set, entries), 0);
        return commit(s, &(SetDelta){ .name = set, .add = a, .remove = b });
}

static void reopen(void)
{
        State *s;

        store_free(store);
        store = NULL;
        assert_int_equal(store_new(&paths, &store), 0);
        assert_int_equal(store_load(store, NULL, &s), 0);
        state_free(current);
        current = s;
}

static void expect_set(const char *name, const char *expected)
{
        _cleanup_(state_free_p) State *s = NULL;
        _cleanup_free_ char *text = NULL;
        size_t n;

        assert_int_equal(host_load_state(&paths, NULL, &s), 0);
        assert_non_null(state_find_set(s, name));
        assert_int_equal(prefix_set_print(state_find_set(s, name)->entries, &text, &n), 0);
        assert_string_equal(text, expected);
        assert_int_equal(s->revision, current->revision);
        assert_string_equal(s->origin.reason, current->origin.reason);
        assert_string_equal(s->origin.process, current->origin.process);
        assert_string_equal(s->origin.unit, current->origin.unit);
        assert_string_equal(s->origin.remote, current->origin.remote);
        assert_int_equal(s->origin.time_usec, current->origin.time_usec);
        assert_int_equal(s->origin.uid, current->origin.uid);
        assert_int_equal(s->origin.pid, current->origin.pid);
}

static void test_round_trip(void **state)
{
        _cleanup_free_ char *text = NULL, *again = NULL;
        struct stat st;

        (void)state;
        assert_null(stored_text(-ENOENT));
        assert_int_equal(commit(full_state(), NULL), 0);
        text = stored_text(0);
        assert_non_null(strstr(text, "second"));
        assert_non_null(strstr(text, "192.0.2.0/24"));
        assert_non_null(strstr(text, "100 %"));
        reopen();
        assert_int_equal(commit(next_state(), NULL), 0);
        again = stored_text(0);
        assert_string_not_equal(text, again); /* the revision */

        assert_int_equal(stat(path_of(STATE_FILE), &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
        assert_int_equal(stat(path_of(STATE_SETS), &st), 0);
        assert_int_equal(st.st_mode & 07777, 0700);
        assert_int_equal(stat(path_of(""), &st), 0);
        assert_int_equal(st.st_mode & 07777, 0700);
}

static void test_unchanged_is_not_rewritten(void **state)
{
        (void)state;
        assert_int_equal(commit(full_state(), NULL), 0);
        assert_int_equal(commit(next_state(), NULL), 0);
        assert_true(exists("sets/drop.1") && exists("fragments/web.1"));
        assert_false(exists("sets/drop.2") || exists("fragments/web.2"));
}

static void test_garbage(void **state)
{
        State *s;

        (void)state;
        assert_int_equal(commit(full_state(), NULL), 0);
        append("sets/drop.99", "half of a w");
        for (int i = 0; i < 3; i++) {
                s = next_state();
                add_set(s, "drop", i % 2 ? "10.0.0.1\n" : "10.0.0.2\n");
                assert_int_equal(commit(s, NULL), 0);
        }
        /* what is named by nothing goes with every hundredth revision, the past when it is past */
        current->revision = 99;
        assert_int_equal(commit(next_state(), NULL), 0);
        assert_true(exists("sets/drop.1") && exists("sets/drop.3") && exists("sets/drop.4"));
        assert_false(exists("sets/drop.99"));
        current->revision = 1199;
        assert_int_equal(commit(next_state(), NULL), 0);
        assert_true(exists("sets/drop.4"));
        assert_false(exists("sets/drop.1") || exists("sets/drop.2") || exists("sets/drop.3"));
        s = next_state();
        assert_int_equal(state_put_set(s, "drop", NULL), 0);
        assert_int_equal(state_put_fragment(s, "web", NULL), 0);
        assert_int_equal(commit(s, NULL), 0);
        current->revision = 2299;
        assert_int_equal(commit(next_state(), NULL), 0);
        assert_false(exists("sets/drop.4") || exists("fragments/web.1"));
}

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

static void test_copy(void **state)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        State *s;

        (void)state;
        assert_int_equal(commit(full_state(), NULL), 0);
        s = next_state();
        add_rule(s, "third");
        add_set(s, "drop", "10.0.0.1\n");
        assert_int_equal(commit(s, NULL), 0);
        replace(STATE_FILE, "revision = ");
        store_free(store);
        assert_int_equal(store_new(&paths, &store), 0);
        assert_int_equal(store_load(store, &d, &s), -EINVAL);
        assert_true(d.n_errors > 0);
        assert_int_equal(store_load_copy(store, &d, &s), 0);
        state_free(current);
        current = s;
        assert_int_equal(s->revision, 2);
        assert_int_equal(s->rules.n, 3);
        assert_int_equal(prefix_set_size(state_find_set(s, "drop")->entries), 1);
        /* what is damaged stays until there is something better, and then moves aside */
        assert_null(stored_text(-EINVAL));
        assert_int_equal(commit(next_state(), NULL), 0);
        assert_true(exists(STATE_FILE ".damaged-1"));
        expect_set("drop", "10.0.0.1\n");
}

static void test_damaged(void **state)
{
        static const char *const damages[] = {
                "",
                "\001\002\003",
                "sets = ( { name = \"drop\"; file = \"../../../../etc/passwd\"; } );",
                "sets = ( { name = \"drop\"; file = \"sets/drop.7\"; } );",
                "sets = ( { name = \"drop\"; file = \"sets/a/../drop.1\"; } );",
                "fragments = ( { name = \"web\"; file = \"sets/drop.1\"; } );",
        };

        (void)state;
        assert_int_equal(commit(full_state(), NULL), 0);
        for (size_t i = 1; i < ELEMENTS(damages); i++) {
                replace(STATE_FILE, damages[i]);
                assert_null(stored_text(-EINVAL));
        }
        assert_int_equal(unlink(path_of(STATE_FILE)), 0);
        assert_int_equal(mkfifo(path_of(STATE_FILE), 0600), 0);
        assert_null(stored_text(-EINVAL));
}

static void fail_writes(bool fail)
{
        struct rlimit limit;

        /* a file may grow no further: write() says EFBIG, as a full disk says ENOSPC */
        (void)signal(SIGXFSZ, SIG_IGN);
        assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
        limit.rlim_cur = fail ? 10 : limit.rlim_max;
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void test_disk_full(void **state)
{
        _cleanup_free_ char *before = NULL, *after = NULL;
        State *s;
        int r;

        (void)state;
        assert_int_equal(commit(full_state(), NULL), 0);
        assert_int_equal(commit_delta("drop", "10.0.0.1\n", ""), 0);
        before = stored_text(0);

        s = next_state();
        add_rule(s, "too much");
        fail_writes(true);
        r = commit(s, NULL);
        fail_writes(false);
        assert_int_equal(r, -EFBIG);

        s = next_state();
        add_set(s, "drop", "10.0.0.1\n10.0.0.2\n");
        fail_writes(true);
        r = commit(s, NULL);
        fail_writes(false);
        assert_int_equal(r, -EFBIG);

        fail_writes(true);
        r = commit_delta("drop", "10.0.0.7\n", "");
        fail_writes(false);
        assert_int_equal(r, -EFBIG);

        after = stored_text(0);
        assert_string_equal(before, after);
        /* and goes on when there is room again */
        assert_int_equal(commit_delta("drop", "10.0.0.8\n", ""), 0);
        expect_set("drop", "10.0.0.1\n10.0.0.8\n192.0.2.0/24\n2001:db8::/32\n");
}

/* The kernel refused what was written already. */
static void test_cancel(void **state)
{
        _cleanup_(prefix_set_unref_p) PrefixSet *add = prefixes("10.0.0.1\n");
        _cleanup_(state_free_p) State *changed = NULL, *grown = NULL;
        _cleanup_free_ char *before = NULL, *after = NULL;
        off_t journal;

        (void)state;
        assert_int_equal(commit(full_state(), NULL), 0);
        assert_int_equal(commit_delta("drop", "10.0.0.9\n", ""), 0);
        before = stored_text(0);
        journal = size_of(STATE_JOURNAL);

        reopen(); /* what the version before needs must stay, too */
        changed = next_state();
        add_rule(changed, "third");
        add_set(changed, "new", "10.0.0.1\n");
        add_fragment(changed, "new", "rules = ();\n");
        assert_int_equal(store_prepare(store, current, changed, NULL, NULL), 0);
        store_cancel(store);
        assert_false(
                exists(STATE_FILE ".new") || exists("sets/new.3") || exists("fragments/new.3"));

        grown = next_state();
        assert_int_equal(store_prepare(store, current, grown,
                                 &(SetDelta){ .name = "drop", .add = add }, NULL),
                0);
        store_cancel(store);
        assert_int_equal(size_of(STATE_JOURNAL), journal);
        after = stored_text(0);
        assert_string_equal(before, after);
        assert_int_equal(commit_delta("drop", "10.0.0.2\n", ""), 0);
        expect_set("drop", "10.0.0.2\n10.0.0.9\n192.0.2.0/24\n2001:db8::/32\n");
}

/* The machine dies with temporary files lying about: they are of no meaning. */
static void test_left_overs(void **state)
{
        _cleanup_free_ char *before = NULL, *after = NULL;

        (void)state;
        assert_int_equal(commit(full_state(), NULL), 0);
        before = stored_text(0);
        append(STATE_FILE ".new", "revision = 9");
        append("sets/drop.2", "10.6.6.6\n");
        append("fragments/web.2", "rules = (");
        after = stored_text(0);
        assert_string_equal(before, after);
        reopen();
        current->revision = 99;
        assert_int_equal(commit(next_state(), NULL), 0);
        assert_false(exists("sets/drop.2") || exists(STATE_FILE ".new"));
}

static void test_no_folder(void **state)
{
        char path[128];

        (void)state;
        /* a file where the folders should be */
        (void)snprintf(path, sizeof(path), "%s/var", folder);
        assert_int_equal(close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600)), 0);
        assert_int_equal(commit(next_state(), NULL), -ENOTDIR);
}

/* Somebody cleans /var/lib up while the daemon runs. */
static void test_folder_removed(void **state)
{
        char command[128];

        (void)state;
        assert_int_equal(commit(full_state(), NULL), 0);
        assert_int_equal(commit_delta("drop", "10.0.0.1\n", ""), 0);
        (void)snprintf(command, sizeof(command), "rm -rf '%s/var'", folder);
        assert_int_equal(system(command), 0);
        assert_int_equal(commit_delta("drop", "10.0.0.2\n", ""), 0);
        expect_set("drop", "10.0.0.1\n10.0.0.2\n192.0.2.0/24\n2001:db8::/32\n");
        assert_int_equal(state_find_fragment(current, "web") != NULL, true);
        free(stored_text(0));
}

static void write_input(const char *name, const char *text)
{
        char command[512];
        FILE *f;

        (void)snprintf(command, sizeof(command), "mkdir -p $(dirname '%s/%s')", folder, name);
        assert_int_equal(system(command), 0);
        (void)snprintf(command, sizeof(command), "%s/%s", folder, name);
        f = fopen(command, "we");
        assert_non_null(f);
        assert_true(fputs(text, f) >= 0);
        assert_int_equal(fclose(f), 0);
}

static const char *in_copies(const char *name, const char *path)
{
        char below[256];

        (void)snprintf(below, sizeof(below), STATE_HOST "/%s%s", name, path);
        return path_of(below);
}

static void test_last_good(void **state)
{
        _cleanup_(host_inputs_deinit) HostInputs inputs = { 0 }, changed = { 0 };
        _cleanup_(host_paths_deinit) HostPaths good = { 0 }, second = { 0 };
        _cleanup_(policy_free_p) Policy *policy = NULL, *again = NULL;
        _cleanup_free_ char *name = NULL, *same = NULL, *marked = NULL, *other = NULL;
        struct stat before, after;

        (void)state;
        write_input("etc/p25/p25.conf", "enabled = true;\nroles = ( \"mine\" );\n"
                                        "sets = { drop = { file = \"/etc/p25/drop.txt\"; }; };\n");
        write_input("etc/p25/drop.txt", "192.0.2.1\n");
        write_input("etc/p25/policy.d/web.conf", "rules = ();\n");
        write_input("etc/p25/roles.d/mine.conf", "role = { name = \"mine\"; };\n");
        write_input("usr/share/p25/policies/mx.conf", "role = { name = \"mx\"; };\n");
        assert_int_equal(store_good_files(store, &marked), -ENOENT);
        assert_int_equal(host_load_files(&paths, &inputs, NULL, &policy), 0);
        assert_int_equal(inputs.n, 5);
        assert_int_equal(store_keep_files(store, &inputs, &name), 0);
        assert_true(store_files_are(store, name, &inputs));
        assert_false(store_files_are(store, NULL, &inputs));
        assert_int_equal(store_mark_good(store, name), 1);
        assert_int_equal(lstat(path_of(STATE_GOOD), &before), 0);
        assert_int_equal(store_keep_files(store, &inputs, &same), 0);
        assert_string_equal(name, same);
        assert_int_equal(store_mark_good(store, same), 0);
        assert_int_equal(lstat(path_of(STATE_GOOD), &after), 0);
        assert_int_equal(before.st_ino, after.st_ino);

        /* what was not read must not be kept */
        write_input("etc/p25/drop.txt", "not an address\n");
        write_input("etc/p25/p25.conf", "rubbish");
        assert_int_equal(host_inputs_copy(&inputs, &changed), 0);
        changed.items[0].content++;
        assert_int_equal(store_keep_files(store, &changed, &other), -ESTALE);
        assert_false(exists(STATE_HOST "/new"));

        assert_int_equal(store_good_files(store, &marked), 0);
        assert_string_equal(marked, name);
        assert_int_equal(store_files_paths(store, "..", &good), -ENOENT);
        assert_int_equal(store_files_paths(store, marked, &good), 0);
        assert_int_equal(host_load_files(&good, NULL, NULL, &again), 0);
        assert_int_equal(again->n_roles, 2);
        assert_int_equal(again->n_files, 1);
        assert_int_equal(prefix_set_size(again->host->common->sets.items[0].entries), 1);

        /* what is the same in two copies is one file */
        host_inputs_deinit(&inputs);
        policy_free(TAKE_PTR(policy));
        write_input("etc/p25/p25.conf", "enabled = false;\n");
        assert_int_equal(host_load_files(&paths, &inputs, NULL, &policy), 0);
        assert_int_equal(store_keep_files(store, &inputs, &other), 0);
        assert_string_not_equal(name, other);
        assert_int_equal(store_files_paths(store, other, &second), 0);
        assert_int_equal(stat(in_copies(name, "/etc/p25/policy.d/web.conf"), &before), 0);
        assert_int_equal(stat(in_copies(other, "/etc/p25/policy.d/web.conf"), &after), 0);
        assert_int_equal(before.st_ino, after.st_ino);
        assert_int_equal(stat(in_copies(name, "/etc/p25/p25.conf"), &before), 0);
        assert_int_equal(stat(in_copies(other, "/etc/p25/p25.conf"), &after), 0);
        assert_int_not_equal(before.st_ino, after.st_ino);
        /* one that is not what it was is not taken for it */
        assert_int_equal(truncate(in_copies(other, "/etc/p25/p25.conf"), 3), 0);
        free(TAKE_PTR(same));
        assert_int_equal(store_keep_files(store, &inputs, &same), 0);
        assert_string_not_equal(same, other);
        assert_true(store_files_are(store, same, &inputs));
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
                TEST(test_round_trip),
                TEST(test_unchanged_is_not_rewritten),
                TEST(test_garbage),
                TEST(test_journal),
                TEST(test_entries_that_end),
                TEST(test_journal_of_dropped_set),
                TEST(test_torn_journal),
                TEST(test_damaged_journal),
                TEST(test_journal_is_folded),
                TEST(test_copy),
                TEST(test_damaged),
                TEST(test_disk_full),
                TEST(test_cancel),
                TEST(test_left_overs),
                TEST(test_no_folder),
                TEST(test_folder_removed),
                TEST(test_last_good),
                TEST(test_journal_text),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
