/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The state on disk: what was committed is read again, and what fails or is torn leaves the old. */

#include "rules/address/prefixset.h"
#include "rules/policy/fragment.h"
#include "rules/policy/hostconf.h"
#include "rules/policy/policy.h"
#include "rules/policy/state.h"
#include "rules/words/parser.h"
#include "tests/unit/store_world.h"

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
        store_set_bytes_max(store, 1);
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
        _cleanup_(host_inputs_deinit) HostInputs inputs = { 0 };
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
        inputs.items[0].content++;
        assert_int_equal(store_keep_files(store, &inputs, &other), -ESTALE);
        inputs.items[0].content--;
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

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        const struct CMUnitTest tests[] = {
                TEST(test_round_trip),
                TEST(test_unchanged_is_not_rewritten),
                TEST(test_garbage),
                TEST(test_copy),
                TEST(test_damaged),
                TEST(test_disk_full),
                TEST(test_cancel),
                TEST(test_left_overs),
                TEST(test_no_folder),
                TEST(test_folder_removed),
                TEST(test_last_good),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
