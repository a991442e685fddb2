/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The machine loses power at every single call by which a change is stored. What starts after that
 * is the policy before the change or the one after it, whole; a change that was acknowledged is
 * never lost; what history shows can be gone back to, and things go on.
 */

#include "tests/unit/crash_world.h"

/* ---- trials ---- */

static bool acknowledged;
static unsigned n_trials, n_failed;

static bool complain(const DiskLoss *l, const char *what)
{
        print_error("%s, call %u%s: names %d %u, data %d: %s\n", scenario->name, disk.calls,
                acknowledged ? " (acknowledged)" : "", l->names, l->call, l->data, what);
        return false;
}

/* What history shows can be gone back to. */
static bool check_history(const DiskLoss *l)
{
        _cleanup_(revisions_deinit) Revisions list = { 0 };

        if (manager_list_revisions(manager, SIZE_MAX, &list) < 0)
                return complain(l, "no history");
        for (size_t i = 0; i < list.n; i++) {
                _cleanup_(change_result_deinit) ChangeResult r = { 0 };
                Change dry = no_options;

                dry.dry_run = true;
                if (manager_rollback(manager, list.items[i].revision, &dry, &r) < 0) {
                        print_error("%" PRIu64 ": %s\n", list.items[i].revision, r.message);
                        return complain(l, "history shows what cannot be gone back to");
                }
        }
        return true;
}

/* And things go on. */
static bool check_next(const DiskLoss *l)
{
        Change next = no_options;
        PendingReport pending;

        _cleanup_(change_result_deinit) ChangeResult r = { 0 }, s = { 0 };
        _cleanup_free_ char *running = NULL, *stored = NULL;

        manager_pending(manager, &pending);
        next.confirm_seconds = pending.revision > 0 ? 3600 : 0;
        if (words("deny in from 192.0.2.99", &next, &r) < 0 || set_update("198.51.100.99", &s) < 0)
                return complain(l, r.message ? r.message : s.message);
        running = signature();
        if (!boot())
                return complain(l, "does not start after the next change");
        stored = signature();
        /* warnings of the start before are gone by now, and none has come */
        if (!streq(running, stored) && !strstr(running, "\"warnings\":[\"")) {
                print_difference(running, stored);
                return complain(l, "the next change is not stored");
        }
        return true;
}

static bool try_start(const Disk *d, const DiskLoss *l)
{
        _cleanup_free_ char *now = NULL;

        disk_restore(d, folder, l);
        if (!boot())
                return complain(l, "does not start");
        now = signature();
        if (!streq(now, after) && (acknowledged || !streq(now, before))) {
                print_difference(before, now);
                print_difference(after, now);
                return complain(l, acknowledged ? "lost" : "neither the old nor the new");
        }
        return check_history(l) && check_next(l);
}

/* Trees that were tried already, in this scenario, before and after it was acknowledged. */
static uint64_t tried[2][20000];
static size_t n_tried[2];

static bool is_new(const Disk *d, const DiskLoss *l)
{
        uint64_t hash = disk_hash(d, l);
        size_t *n = &n_tried[acknowledged];

        for (size_t i = 0; i < *n; i++)
                if (tried[acknowledged][i] == hash)
                        return false;
        assert_true(*n < ELEMENTS(tried[0]));
        tried[acknowledged][(*n)++] = hash;
        return true;
}

#define LOSSES_MAX 500

/* All that may be found now and was not found before. */
static size_t list_losses(const Disk *d, DiskLoss losses[static LOSSES_MAX])
{
        unsigned last = 0;
        size_t n = 0;
        DiskLoss l;

        for (l.names = NAMES_ALL, l.call = 0; l.names <= NAMES_NONE; l.names++)
                for (l.data = DATA_ALL; l.data < _DATA_MAX; l.data++)
                        if (is_new(d, &l))
                                losses[n++] = l;
        l.data = DATA_LOST;
        for (size_t i = 0; i < d->n_pending; i++) {
                if (d->pending[i].call == last)
                        continue;
                last = l.call = d->pending[i].call;
                for (l.names = NAMES_ONLY; l.names <= NAMES_BUT; l.names++)
                        if (is_new(d, &l))
                                losses[n++] = l;
                assert_true(n < LOSSES_MAX - 10);
        }
        l.names = NAMES_SOME;
        for (l.call = 0; d->n_pending > 2 && l.call < 6; l.call++)
                if (is_new(d, &l))
                        losses[n++] = l;
        return n;
}

/* The calls that the change under way made end here: the power goes. */
static void after_call(void)
{
        static DiskLoss losses[LOSSES_MAX];
        size_t n = list_losses(&disk.disk, losses);
        bool good = true;
        int status;
        pid_t pid;

        n_trials += (unsigned)n;
        if (n == 0)
                return;
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                disk.folder[0] = '\0';
                disk.after = NULL;
                memcpy(folder, elsewhere, sizeof(folder));
                for (size_t i = 0; i < n; i++)
                        good &= try_start(&disk.disk, &losses[i]);
                _exit(good ? 0 : 1);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        n_failed += status != 0;
}

/* Starts from the stored state, and gives what is in force then. */
static void lose_power(const Scenario *s)
{
        Disk base;

        begin(s, &base);
        find_signatures(&base);
        disk_restore(&base, folder, &no_loss);
        disk.calls = 0;
        acknowledged = false;
        n_tried[0] = n_tried[1] = 0;
        if (s->when != FROM_START)
                start_unedited();
        disk.disk = disk_read();
        (void)snprintf(disk.folder, sizeof(disk.folder), "%s", folder);
        disk.after = after_call;
        if (s->when == FROM_START)
                start_unedited();
        run_change();
        acknowledged = true;
        after_call();
        settle(0);
        store_tidy(manager->store);
        after_call();
        disk.folder[0] = '\0';
        disk.after = NULL;
        manager = manager_free(manager);
        disk_free(&disk.disk);
        end(&base);
}

static void test_power(void **state)
{
        (void)state;
        for (size_t i = 0; i < ELEMENTS(scenarios); i++) {
                unsigned failed = n_failed;

                lose_power(&scenarios[i]);
                if (n_failed > failed)
                        print_message("%s: %u failed\n", scenarios[i].name, n_failed - failed);
        }
        print_message("%u trials\n", n_trials);
        assert_int_equal(n_failed, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = { TEST(test_power) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
