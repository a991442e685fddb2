/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Every change of the policy is kept under its number, and what it was can be put in force again;
 * changes of entries neither make a revision nor are they taken back with one. */

#include "tests/unit/manager_world.h"

#include "daemon/manager/internal.h"
#include "daemon/store/internal.h"
#include "rules/address/prefixset.h"
#include "rules/base/buffer.h"
#include "rules/base/strv.h"
#include "rules/policy/fragment.h"
#include "rules/policy/policy.h"
#include "rules/policy/rule.h"
#include "rules/policy/state.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static uint64_t revision(void)
{
        return manager_policy(manager)->state->revision;
}

/* The state as text, without what says when and by whom, and without its sets. */
static char *state_text(void)
{
        const State *s = manager_policy(manager)->state;
        _cleanup_buffer_ Buffer b = { 0 };
        char *text;

        buffer_printf(&b, "enabled %d lockdown %d logging %d in %d\n", s->enabled, s->lockdown,
                s->logging, s->defaults.of[DIRECTION_IN]);
        STRV_FOREACH (role, s->roles)
                buffer_printf(&b, "role %s\n", *role);
        for (size_t i = 0; i < s->rules.n; i++)
                buffer_printf(&b, "rule %" PRIu64 " %d %u\n", s->rules.items[i]->id,
                        s->rules.items[i]->action, s->rules.items[i]->ports.items[0]);
        for (size_t i = 0; i < s->n_fragments; i++)
                buffer_printf(&b, "fragment %s %s\n", s->fragments[i]->name, s->fragments[i]->text);
        assert_int_equal(buffer_take(&b, &text), 0);
        return text;
}

/* The entries of the one set that these tests have. */
static char *set_text(void)
{
        const PrefixSet *entries = policy_find_set(manager_policy(manager), "drop");
        char *text;
        size_t n;

        assert_non_null(entries);
        assert_int_equal(prefix_set_print(entries, &text, &n), 0);
        return text;
}

static void put_number(unsigned i)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };
        char text[64];

        (void)snprintf(text, sizeof(text), "# %u\nrules = ( );", i);
        assert_int_equal(put_text(text, &no_options, &r), 0);
        assert_true(r.changed);
}

static void update(const char *add, const char *rem)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };
        char *plus[] = { (char *)add, NULL }, *minus[] = { (char *)rem, NULL };

        assert_int_equal(manager_update_set(manager, "drop", plus, minus, &no_options, &r), 0);
        assert_true(r.changed);
}

static void replace(const char *text)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };

        assert_int_equal(
                manager_replace_set(manager, "drop", text, strlen(text), &no_options, &r), 0);
        assert_true(r.changed);
}

static void roll(uint64_t to, bool changed)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };
        uint64_t before = revision();

        if (manager_rollback(manager, to, &no_options, &r) < 0)
                fail_msg("rollback %" PRIu64 ": %s", to, r.message);
        assert_int_equal(r.changed, changed);
        assert_int_equal(revision(), before + changed);
}

static void expect_none(uint64_t n)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 }, d = { 0 };

        assert_true(manager_rollback(manager, n, &no_options, &r) < 0);
        assert_int_equal(r.error, ERROR_NO_SUCH_REVISION);
        assert_true(manager_diff_revisions(manager, n, revision(), &d) < 0);
        assert_int_equal(d.error, ERROR_NO_SUCH_REVISION);
}

static void one_change(unsigned i)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };

        switch (i) {
        case 0:
                do_words("deny in 465", true, "+ deny 465/tcp");
                break;
        case 1:
                replace("192.0.2.1\n192.0.2.2\n");
                break;
        case 2:
                update("198.51.100.0/24", NULL);
                break;
        case 3:
                update("203.0.113.1", "192.0.2.1");
                break;
        case 4:
                assert_int_equal(put_fragment(&no_options, &r), 0);
                break;
        case 5:
                update("203.0.113.2", NULL);
                break;
        case 6:
                assert_int_equal(put_text("rules = ( );", &no_options, &r), 0);
                break;
        case 7:
                replace("2001:db8::/32\n");
                break;
        case 8:
                update("2001:db9::/32", NULL);
                break;
        case 9:
                assert_int_equal(put_text("", &no_options, &r), 0);
                break;
        case 10:
                assert_int_equal(manager_drop_set(manager, "drop", &no_options, &r), 0);
                break;
        case 11:
                assert_int_equal(set_role_open(&no_options, &r), 0);
                break;
        case 12:
                do_words("delete deny in 465", true, "- deny 465/tcp");
                break;
        case 13:
                replace("192.0.2.1\n");
                break;
        default:
                assert_int_equal(logging_high(&no_options, &r), 0);
        }
}

#define CHANGES 15

static void test_every_revision(void **state)
{
        char *texts[CHANGES + 1];

        (void)state;
        write_text("etc/p25/p25.conf", conf);
        start();
        texts[0] = state_text();
        for (unsigned i = 0; i < CHANGES; i++) {
                one_change(i);
                assert_int_equal(revision(), i + 1);
                texts[i + 1] = state_text();
        }
        for (unsigned i = 0; i <= CHANGES; i++) {
                _cleanup_free_ char *before = state_text(), *after = NULL, *set = NULL;

                if (i % 4 == 0)
                        start();
                roll(i, strcmp(before, texts[i]) != 0);
                after = state_text();
                assert_string_equal(after, texts[i]);
                roll(i, false);
                set = set_text();
                assert_string_equal(set, "192.0.2.1\n");
        }
        expect_consistent();
        expect_none(revision() + 1);
        expect_none(UINT64_MAX);
        for (unsigned i = 0; i <= CHANGES; i++)
                free(texts[i]);
}

static void test_list(void **state)
{
        _cleanup_(revisions_deinit) Revisions l = { 0 }, few = { 0 };
        _cleanup_(change_result_deinit) ChangeResult r = { 0 }, d = { 0 }, dry = { 0 }, old = { 0 };
        const Change quoted = { .uid = 8, .process = "a \"b\"", .reason = "because \\ of next_id" };

        (void)state;
        write_text("etc/p25/p25.conf", conf);
        start();
        assert_int_equal(manager_list_revisions(manager, 10, &l), 0);
        assert_int_equal(l.n, 0);
        do_words("deny in 587", true, "+ deny 587/tcp");
        replace("192.0.2.1\n");
        update("192.0.2.2", NULL);
        assert_int_equal(words("deny in 465", &quoted, &r), 0);
        assert_int_equal(manager_list_revisions(manager, 10, &l), 0);
        assert_int_equal(l.n, 2);
        for (size_t i = 0; i < l.n; i++) {
                assert_int_equal(l.items[i].revision, i == 0 ? 4 : 1);
                assert_true(l.items[i].origin.time_usec > 0);
                assert_int_equal(l.items[i].origin.uid, i == 0 ? 8 : 3);
                assert_string_equal(l.items[i].origin.process, i == 0 ? quoted.process : "test");
                assert_string_equal(l.items[i].origin.reason, i == 0 ? quoted.reason : "because");
        }
        assert_int_equal(manager_list_revisions(manager, 1, &few), 0);
        assert_int_equal(few.n, 1);
        assert_int_equal(manager_diff_revisions(manager, 1, 4, &d), 0);
        expect_diff(&d, "+ deny 465/tcp");
        assert_int_equal(manager_rollback(manager, 1, &(Change){ .dry_run = true }, &dry), 0);
        assert_true(dry.changed);
        assert_int_equal(revision(), 4);
        assert_true(manager_rollback(manager, 1,
                            &(Change){ .has_expected = true, .expected_revision = 3 }, &old) < 0);
        assert_int_equal(old.error, ERROR_STALE_REVISION);
}

static unsigned count_files(const char *below)
{
        char command[512];
        unsigned n;
        FILE *f;

        (void)snprintf(command, sizeof(command), "ls '%s' | wc -l", path_of(below));
        f = popen(command, "re");
        assert_non_null(f);
        assert_int_equal(fscanf(f, "%u", &n), 1);
        pclose(f);
        return n;
}

/* The last thousand, and no file of those before them. */
static void test_thousand(void **state)
{
        _cleanup_(revisions_deinit) Revisions l = { 0 };
        char text[64];

        (void)state;
        write_text("etc/p25/p25.conf", conf);
        start();
        for (unsigned i = 1; i <= 1210; i++) {
                put_number(i);
                (void)snprintf(text, sizeof(text), "10.%u.%u.0/24", i / 256, i % 256);
                if (i % 5 == 0)
                        update(text, NULL);
                store_tidy(manager->store);
        }
        assert_int_equal(revision(), 1210 + 242);
        expect_none(210);
        expect_none(0);
        assert_true(count_files("var/lib/p25/revisions") < 1330);
        assert_int_equal(manager_list_revisions(manager, SIZE_MAX, &l), 0);
        assert_int_equal(l.n, 1000);
        assert_int_equal(l.items[999].revision, 253); /* of change 211 */
        roll(253, true);
        assert_int_equal(prefix_set_size(policy_find_set(manager_policy(manager), "drop")), 242);
        expect_consistent();
}

/* Bans erase no history, and no rollback takes one back. */
static void test_bans(void **state)
{
        _cleanup_(revisions_deinit) Revisions l = { 0 };
        _cleanup_(set_changes_deinit) SetChanges rows = { 0 };
        _cleanup_(change_result_deinit) ChangeResult r = { 0 }, d = { 0 }, stale = { 0 };
        uint64_t added = 0;
        char text[64];

        (void)state;
        write_text("etc/p25/p25.conf", conf);
        start();
        do_words("deny in 465", true, "+ deny 465/tcp");
        do_words("deny in 587", true, "+ deny 587/tcp");
        for (unsigned i = 0; i < 1200; i++) {
                (void)snprintf(text, sizeof(text), "10.0.%u.%u%s", i / 256, i % 256,
                        i % 400 == 399 ? "\n" : "");
                if (i % 400 == 399)
                        replace(text);
                else
                        update(text, NULL);
                store_tidy(manager->store);
        }
        update("10.9.9.9", NULL);
        assert_int_equal(manager_list_revisions(manager, SIZE_MAX, &l), 0);
        assert_int_equal(l.n, 2);
        assert_int_equal(l.items[0].revision, 2);
        assert_int_equal(l.items[1].revision, 1);
        assert_true(count_files("var/lib/p25/revisions") < 20);
        assert_true(count_files("var/lib/p25/sets") < 5);
        start();
        /* what was decided at revision 2 is not stale, what was at 1 is */
        assert_true(manager_rollback(manager, 1,
                            &(Change){ .has_expected = true, .expected_revision = 1 }, &stale) < 0);
        assert_int_equal(manager_diff_revisions(manager, 1, 2, &d), 0);
        expect_diff(&d, "+ deny 587/tcp");
        assert_int_equal(manager_rollback(manager, 1,
                                 &(Change){ .has_expected = true, .expected_revision = 2 }, &r),
                0);
        expect_diff(&r, "- deny 587/tcp");
        assert_int_equal(prefix_set_size(policy_find_set(manager_policy(manager), "drop")), 2);
        assert_int_equal(manager_list_set_changes(manager, SIZE_MAX, &rows), 0);
        assert_true(rows.n >= 1);
        for (size_t i = 0; i < rows.n; i++) {
                assert_string_equal(rows.items[i].set, "drop");
                assert_string_equal(rows.items[i].process, "test");
                assert_int_equal(rows.items[i].uid, 3);
                added += rows.items[i].added;
        }
        assert_int_equal(added, 1201);
        assert_int_equal(rows.items[0].entries, 2);
        expect_consistent();
}

/* A file of changes that is far too long, with no line in it, costs no more than one that is not.
 */
static void test_bans_damaged(void **state)
{
        _cleanup_(set_changes_deinit) SetChanges rows = { 0 };
        _cleanup_close_ int fd = -1;
        char path[PATH_MAX];
        struct stat st;

        (void)state;
        write_text("etc/p25/p25.conf", conf);
        start();
        replace("192.0.2.1\n");
        (void)snprintf(path, sizeof(path), "%s/var/lib/p25/set-changes", folder);
        fd = open(path, O_WRONLY | O_CLOEXEC);
        assert_true(fd >= 0);
        assert_int_equal(ftruncate(fd, 300 << 20), 0);
        start();
        update("192.0.2.2", NULL);
        assert_int_equal(stat(path, &st), 0);
        assert_true(st.st_size <= 3 << 20);
        update("192.0.2.3", NULL);
        assert_int_equal(manager_list_set_changes(manager, SIZE_MAX, &rows), 0);
        assert_true(rows.n >= 1);
        assert_string_equal(rows.items[0].set, "drop");
        assert_int_equal(rows.items[0].entries, 3);
        expect_consistent();
}

/* A set that was dropped comes back with the entries of then; one that was not keeps its own. */
static void test_dropped_set(void **state)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };
        _cleanup_free_ char *text = NULL;

        (void)state;
        write_text("etc/p25/p25.conf", conf);
        start();
        replace("192.0.2.1\n");
        update("192.0.2.2", NULL);
        do_words("deny in from @drop", true, "+ deny from @drop to any port 25");
        update("192.0.2.3", NULL);
        do_words("delete deny in from @drop", true, "- deny from @drop to any port 25");
        assert_int_equal(manager_drop_set(manager, "drop", &no_options, &r), 0);
        roll(3, true);
        text = set_text();
        assert_string_equal(text, "192.0.2.1\n192.0.2.2\n");
        expect_consistent();
}

static void expect_rollback_fails(uint64_t to, ErrorKind error, const char *part)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };
        _cleanup_snapshot_ Snapshot before = take_snapshot();

        assert_true(manager_rollback(manager, to, &no_options, &r) < 0);
        if (r.error != error || !strstr(r.message, part))
                fail_msg("rollback %" PRIu64 ": %d %s", to, r.error, r.message);
        expect_same(&before, true);
}

/* Large sets take the place of many revisions; the present one stays, and that before it. */
static void test_size(void **state)
{
        _cleanup_(revisions_deinit) Revisions l = { 0 };
        static char text[40000];

        (void)state;
        write_text("etc/p25/p25.conf", conf);
        start();
        store_set_bytes_max(manager->store, 200000);
        for (unsigned i = 1; i <= 30; i++) {
                size_t n = 0;

                for (unsigned k = 0; k < 1500; k++)
                        n += (size_t)snprintf(text + n, sizeof(text) - n, "10.%u.%u.%u\n", i,
                                k / 100, k % 100 * 2);
                replace(text);
                put_number(i);
                manager->store->prune = true;
                store_tidy(manager->store);
        }
        assert_int_equal(manager_list_revisions(manager, SIZE_MAX, &l), 0);
        assert_true(l.n >= 8 && l.n <= 14);
        assert_int_equal(l.items[l.n - 1].revision, 2 * (31 - l.n));
        assert_true(count_files("var/lib/p25/sets") <= 14);
        assert_int_equal(count_files("var/lib/p25/host"), 1);
        expect_none(2 * (20 - l.n));
        roll(2 * (31 - l.n), true);
        store_set_bytes_max(manager->store, 1);
        manager->store->prune = true;
        store_tidy(manager->store);
        revisions_deinit(&l);
        assert_int_equal(manager_list_revisions(manager, SIZE_MAX, &l), 0);
        assert_int_equal(l.n, 2);
        roll(60, true);
        expect_consistent();
}

static void test_damage(void **state)
{
        _cleanup_(revisions_deinit) Revisions l = { 0 };
        char command[256];

        (void)state;
        write_text("etc/p25/p25.conf", conf);
        start();
        replace("192.0.2.1\n");
        update("192.0.2.2", NULL);
        update("192.0.2.3", NULL);
        do_words("deny in 465", true, "+ deny 465/tcp");
        do_words("deny in 587", true, "+ deny 587/tcp");
        replace("192.0.2.9\n");
        write_text("var/lib/p25/revisions/4.conf", "state = {");
        write_text("var/lib/p25/revisions/9.conf", "state = {");
        write_text("var/lib/p25/revisions/x", "");
        assert_int_equal(manager_list_revisions(manager, 10, &l), 0);
        assert_int_equal(l.n, 1);
        assert_int_equal(l.items[0].revision, 5);
        expect_rollback_fails(4, ERROR_INVALID_POLICY, "revisions/4.conf");
        expect_none(9);
        roll(3, true);
        roll(5, true);
        /* a journal of which nobody knows what it said */
        write_text("var/lib/p25/revisions/2-3.sets", "torn");
        expect_none(3);
        expect_none(5); /* its set is of revision 1 and the journal */
        roll(6, false);
        roll(1, true);
        /* without the folder there is no past, but a future */
        (void)snprintf(command, sizeof(command), "rm -r '%s'", path_of("var/lib/p25/revisions"));
        assert_int_equal(system(command), 0);
        expect_none(1);
        do_words("deny in 2525", true, "+ deny 2525/tcp");
        roll(revision(), false);
        expect_consistent();
}

/* ---- the host's files of then ---- */

static void reload(bool changed)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };

        if (manager_reload(manager, &no_options, &r) < 0)
                fail_msg("reload: %s", r.message);
        assert_int_equal(r.changed, changed);
}

static bool has_warning(const char *part)
{
        _cleanup_free_ char *text = report_text();

        return strstr(text, part);
}

static bool in_kernel(const char *part)
{
        return strstr(backend_memory_text(backend), part);
}

#define PINNED "the files on disk are not what is in force"

static void test_reload_is_undone(void **state)
{
        static const char other[] = "enabled = true;\nroles = ( \"open\" );\n"
                                    "sets = { file = { file = \"/etc/p25/list\"; }; };\n"
                                    "rules = ( { action = \"deny\"; direction = \"in\";"
                                    " from = [ \"@file\" ]; } );\n";
        _cleanup_(change_result_deinit) ChangeResult d = { 0 }, none = { 0 };

        (void)state;
        write_text("etc/p25/p25.conf", conf);
        start();
        settle(250000);
        do_words("deny in 465", true, "+ deny 465/tcp");
        write_text("etc/p25/p25.conf", other);
        write_text("etc/p25/list", "203.0.113.0/24\n");
        write_text("etc/p25/policy.d/web.conf", "rules = ( { action = \"deny\"; direction = "
                                                "\"in\"; ports = [ 587 ]; } );");
        reload(true);
        assert_true(in_kernel("203.0.113.0/24") && in_kernel("587"));
        write_text("etc/p25/list", "198.51.100.0/24\n");
        reload(true);
        assert_int_equal(revision(), 3);
        assert_int_equal(manager_diff_revisions(manager, 1, 2, &d), 0);
        assert_true(strv_contains(d.diff, "- role closed") && strv_length(d.effects) > 0);

        /* the files of then, whatever those on disk say */
        roll(2, true);
        assert_true(in_kernel("203.0.113.0/24") && !in_kernel("198.51.100.0/24"));
        assert_true(has_warning(PINNED));
        roll(2, false);
        roll(1, true);
        assert_true(in_kernel("192.0.2.0/24") && !in_kernel("587"));
        assert_true(has_warning(PINNED));
        expect_consistent();
        assert_true(in_kernel("192.0.2.0/24") && !in_kernel("587"));
        /* other changes leave them in force, and may be undone themselves */
        update("192.0.2.77", NULL);
        do_words("deny in 2525", true, "+ deny 2525/tcp");
        settle(250000);
        expect_consistent();
        roll(revision() - 1, true);
        assert_true(has_warning(PINNED) && in_kernel("192.0.2.0/24"));
        assert_int_equal(manager_diff_revisions(manager, 3, revision(), &none), 0);
        assert_true(strv_contains(none.diff, "+ role closed"));
        /* until a reload; whose revision is of the files as they are */
        reload(true);
        assert_true(in_kernel("198.51.100.0/24") && !has_warning(PINNED));
        expect_consistent();
        roll(5, true);
        assert_true(has_warning(PINNED));
        write_text("etc/p25/p25.conf", conf);
        (void)unlink(path_of("etc/p25/policy.d/web.conf"));
        (void)unlink(path_of("etc/p25/list"));
        /* the same, but from the disk: a change that says so */
        reload(true);
        assert_false(has_warning(PINNED));
        reload(false);
        roll(3, true);
        assert_true(has_warning(PINNED));
        /* what is on disk again needs no copies */
        roll(1, true);
        assert_false(has_warning(PINNED));
        expect_consistent();
        roll(3, true);
        assert_true(has_warning(PINNED));
        {
                _cleanup_(change_result_deinit) ChangeResult r = { 0 };

                assert_int_equal(manager_reset(manager, &no_options, &r), 0);
                assert_true(r.changed && !has_warning(PINNED) && in_kernel("192.0.2.0/24"));
        }
        expect_consistent();
}

/* The first change of all is a reload: revision 0 has its files. */
static void test_first_reload_is_undone(void **state)
{
        (void)state;
        write_text("etc/p25/p25.conf", conf);
        start();
        settle(250000);
        write_text("etc/p25/p25.conf", "enabled = true;\nroles = ( \"open\" );\n");
        reload(true);
        assert_false(in_kernel("192.0.2.0/24"));
        roll(0, true);
        assert_true(in_kernel("192.0.2.0/24") && has_warning(PINNED));
        expect_consistent();
}

/* What a former policy names is gone by now. */
static void test_names_are_gone(void **state)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };
        char command[256];

        (void)state;
        write_text("etc/p25/p25.conf", conf);
        start();
        settle(250000);
        do_words("allow out user postfix", true, "+ allow out 25/tcp user postfix");
        do_words("delete allow out user postfix", true, "- allow out 25/tcp user postfix");
        assert_int_equal(set_role_open(&no_options, &r), 0);
        do_words("deny in 465", true, "+ deny 465/tcp");
        write_text("host/passwd", "root:x:0:0::/:\n");
        start();
        expect_rollback_fails(1, ERROR_INVALID_POLICY, "postfix");
        /* a role that is no longer there comes back with the files */
        (void)unlink(path_of("usr/share/p25/policies/open.conf"));
        (void)unlink(path_of("usr/share/p25/policies/closed.conf"));
        write_text("etc/p25/roles.d/new.conf", "role = { name = \"new\"; summary = \"new\"; };");
        write_text("etc/p25/p25.conf", "enabled = true;\nroles = ( \"new\" );\n");
        change_result_deinit(&r);
        assert_int_equal(manager_reset(manager, &no_options, &r), 0);
        reload(true);
        roll(4, true);
        assert_true(in_kernel("465") && has_warning(PINNED));
        roll(revision() - 1, true);
        /* unless these are lost as well */
        (void)snprintf(command, sizeof(command), "rm -r '%s'/*", path_of("var/lib/p25/host"));
        assert_int_equal(system(command), 0);
        expect_rollback_fails(4, ERROR_NO_SUCH_REVISION, "copies of the files of revision 4");
}

static void test_pinned_is_damaged(void **state)
{
        char command[256];

        (void)state;
        write_text("etc/p25/p25.conf", conf);
        start();
        settle(250000);
        do_words("deny in 465", true, "+ deny 465/tcp");
        write_text("etc/p25/p25.conf", "enabled = true;\nroles = ( \"open\" );\n");
        reload(true);
        settle(250000);
        roll(1, true);
        (void)snprintf(command, sizeof(command), "rm -r '%s'/*", path_of("var/lib/p25/host"));
        assert_int_equal(system(command), 0);
        start();
        assert_true(has_warning("cannot be used: the files as they are now are in force"));
        assert_false(has_warning(PINNED));
        assert_true(in_kernel("465") && !in_kernel("192.0.2.0/24"));
        do_words("deny in 587", true, "+ deny 587/tcp");
        settle(250000);
        start();
        assert_false(has_warning("cannot be used") || has_warning(PINNED));
        assert_true(in_kernel("587") && !in_kernel("192.0.2.0/24"));
}

/* In the fail-safe a former policy is a way out. */
static void test_out_of_failsafe(void **state)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };

        (void)state;
        write_text("etc/p25/p25.conf", conf);
        start();
        do_words("deny in 465", true, "+ deny 465/tcp");
        do_words("deny in 587", true, "+ deny 587/tcp");
        write_text("etc/p25/p25.conf", "roles = ( \"clo");
        (void)unlink(path_of("var/lib/p25/last-good"));
        start();
        assert_true(has_warning("fail-safe"));
        assert_true(words("allow in", &no_options, &r) < 0);
        roll(1, true);
        assert_true(in_kernel("465") && !in_kernel("587") && in_kernel("192.0.2.0/24"));
        assert_true(has_warning(PINNED) && !has_warning("fail-safe"));
        expect_consistent();
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(test_every_revision),
                TEST(test_list),
                TEST(test_thousand),
                TEST(test_bans),
                TEST(test_bans_damaged),
                TEST(test_dropped_set),
                TEST(test_size),
                TEST(test_damage),
                TEST(test_reload_is_undone),
                TEST(test_first_reload_is_undone),
                TEST(test_names_are_gone),
                TEST(test_pinned_is_damaged),
                TEST(test_out_of_failsafe),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
