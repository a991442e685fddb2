/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The machine loses power, or the disk fails, at every single call by which a change is stored.
 * What starts after that is the policy before the change or the one after it, whole; a change that
 * was acknowledged is never lost; one that was refused changed nothing.
 */

#include "tests/lib/disk.h"

#include "tests/unit/manager_world.h"

#include "daemon/manager_internal.h"

#include <dirent.h>
#include <ftw.h>
#include <inttypes.h>
#include <sys/wait.h>

/* ---- trees ---- */

static char elsewhere[64]; /* where the machine starts again */

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
        (void)st, (void)ftw;
        return (int)syscall(SYS_unlinkat, AT_FDCWD, path, type == FTW_DP ? AT_REMOVEDIR : 0);
}

static void remove_tree(const char *path)
{
        (void)nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static void read_into(Disk *d, int parent, const char *path)
{
        DIR *dir = opendir(path);
        struct dirent *entry;

        while (dir && (entry = readdir(dir))) {
                static char data[1 << 20];
                char below[PATH_MAX];
                struct stat st;
                ssize_t n = 0;
                int node, fd;

                if (streq(entry->d_name, ".") || streq(entry->d_name, ".."))
                        continue;
                (void)snprintf(below, sizeof(below), "%s/%s", path, entry->d_name);
                assert_int_equal(lstat(below, &st), 0);
                node = disk_node(d, S_ISDIR(st.st_mode)   ? DISK_FOLDER
                                    : S_ISLNK(st.st_mode) ? DISK_LINK
                                                          : DISK_FILE);
                disk_name(&d->safe, &d->n_safe, parent, entry->d_name, node);
                if (S_ISDIR(st.st_mode)) {
                        read_into(d, node, below);
                        continue;
                }
                if (S_ISLNK(st.st_mode))
                        n = readlink(below, data, sizeof(data));
                else {
                        fd = open(below, O_RDONLY | O_CLOEXEC);
                        n = read(fd, data, sizeof(data));
                        close(fd);
                }
                assert_true(n >= 0 && n < (ssize_t)sizeof(data));
                disk_set(&d->nodes[node].now, data, (size_t)n);
                disk_set(&d->nodes[node].safe, data, (size_t)n);
        }
        if (dir)
                closedir(dir);
}

static void disk_free(Disk *d)
{
        for (size_t i = 0; i < d->n_nodes; i++) {
                free(d->nodes[i].now.data);
                free(d->nodes[i].safe.data);
        }
        for (size_t i = 0; i < d->n_safe; i++)
                free(d->safe[i].name);
        for (size_t i = 0; i < d->n_pending; i++)
                free(d->pending[i].name);
        free(d->nodes);
        free(d->safe);
        free(d->pending);
        *d = (Disk){ 0 };
}

/* All that is stored, as it lies below the world's folder; all of it safe. */
static Disk disk_read(void)
{
        Disk d = { 0 };
        int var;

        (void)disk_node(&d, DISK_FOLDER);
        if (access(path_of("var"), F_OK) == 0) {
                var = disk_node(&d, DISK_FOLDER);
                disk_name(&d.safe, &d.n_safe, 0, "var", var);
                read_into(&d, var, path_of("var"));
        }
        return d;
}

static void disk_restore(const Disk *d, const char *where, const DiskLoss *loss)
{
        char var[128];

        (void)snprintf(var, sizeof(var), "%s/var", where);
        remove_tree(var);
        disk_write(d, where, loss);
}

static const DiskLoss no_loss = { NAMES_ALL, 0, DATA_ALL };

/* ---- the machine ---- */

typedef struct Scenario Scenario;
static const Scenario *scenario; /* that is tried */
static bool is_of_damage(const Scenario *s);

/* Starts p25d's manager below `folder`, forgetting the one that ran; for children, where nothing of
 * cmocka may be called. */
static bool boot(void)
{
        static const BackendOps *const backends[_BACKEND_MAX] = { &memory, &memory };
        _cleanup_free_ char *message = NULL;
        ManagerOptions options = { .root = folder, .backends = backends, .cut = count_cut };
        int r;

        manager = NULL;
        if (sd_event_new(&event) < 0 ||
                host_names_new_at(path_of("host"), NULL, &options.names) < 0)
                return false;
        r = manager_new(event, &options, &manager, &message);
        if (r < 0)
                print_error("does not start: %s\n", message);
        return r >= 0;
}

/* What waits to be confirmed shall be told, but not how long. */
static void cut_clock(char *report)
{
        char *p = strstr(report, ",\"deadline\":"), *end = p ? strchr(p, '}') : NULL;

        if (end)
                memmove(p, end, strlen(end) + 1);
}

/* All that is in force: kernel, report and state. */
static char *signature(void)
{
        const State *s = manager_policy(manager)->state;
        const char *kernel = backend_memory_text(backend);
        _cleanup_free_ char *report = report_text();
        _cleanup_buffer_ Buffer b = { 0 };
        char *text = NULL;

        cut_clock(report);
        buffer_printf(&b, "%s\n%s\nnext %" PRIu64 " %" PRIu64 " %s %s\n", kernel ? kernel : "-",
                report, s->next_id, s->revision, s->origin.reason ? s->origin.reason : "",
                s->origin.process ? s->origin.process : "");
        for (size_t i = 0; i < s->n_fragments; i++)
                buffer_printf(
                        &b, "fragment %s\n%s\n", s->fragments[i]->name, s->fragments[i]->text);
        for (size_t i = 0; i < s->n_sets; i++) {
                _cleanup_free_ char *entries = NULL;
                size_t n;

                if (prefix_set_print(s->sets[i].entries, &entries, &n) >= 0)
                        buffer_printf(&b, "set %s\n%s\n", s->sets[i].name, entries);
        }
        (void)buffer_take(&b, &text);
        /* what was damaged may be whole, or said to be missing, with the same rules in force */
        if (is_of_damage(scenario))
                for (char *p = strstr(text, "\"warnings\":[\""), *end; p; p = NULL)
                        if ((end = strstr(p, "],\"")))
                                memmove(p + strlen("\"warnings\":["), end, strlen(end) + 1);
        /* a message may name a file: of this world or the other one */
        for (char *p = text; p && (p = strstr(p, folder));)
                memmove(p, p + strlen(folder), strlen(p + strlen(folder)) + 1);
        return text;
}

/* Where two signatures part. */
static void print_difference(const char *a, const char *b)
{
        size_t i = 0;

        while (a[i] && a[i] == b[i])
                i++;
        i -= i > 60 ? 60 : i;
        print_error("  \"%.160s\"\n  \"%.160s\"\n", a + i, b + i);
}

/* ---- changes ---- */

struct Scenario {
        const char *name;
        void (*before)(void); /* makes the world in which it happens */
        int (*change)(ChangeResult *r);
        enum {
                RUNNING,
                EDITED,     /* the host's files are others by then than at the start */
                FROM_START, /* the start is looked at, too */
        } when;
};

static int set_update(const char *add, ChangeResult *r)
{
        char *plus[] = { (char *)add, NULL };

        return manager_update_set(manager, "drop", plus, NULL, &no_options, r);
}

static void expect_done(int r)
{
        assert_true(r >= 0);
}

static void large_text(char *text, size_t size, unsigned from, unsigned n)
{
        size_t length = 0;

        for (unsigned i = from; i < from + n; i++)
                length += (size_t)snprintf(text + length, size - length, "10.%u.%u.%u\n",
                        i / 16384 % 128, i / 128 % 128, i % 128 * 2);
}

/* The host's files, as they are at first or as somebody has edited them. */
static void write_files(bool edited)
{
        write_text("etc/p25/p25.conf", edited ? "enabled = true;\nroles = ( \"open\" );\n" : conf);
        write_text("etc/p25/policy.d/mail.conf",
                edited ? "rules = ( { action = \"deny\"; direction = \"in\"; ports = [ 587 ]; } "
                         ");\n"
                       : "rules = ( );");
}

/* A host that has seen changes of every kind. */
static void lived(void)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };

        write_files(false);
        start();
        settle(0);
        do_words("deny in 465", true, "+ deny 465/tcp");
        expect_done(manager_replace_set(manager, "drop", "192.0.2.1\n", 10, &no_options, &r));
        change_result_deinit(&r);
        expect_done(put_fragment(&no_options, &r));
        change_result_deinit(&r);
        expect_done(set_update("192.0.2.2", &r));
        change_result_deinit(&r);
        expect_done(set_update("192.0.2.3", &r));
        settle(0);
}

static void fresh(void)
{
        write_files(false);
}

static void reloaded(void)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };

        lived();
        write_files(true);
        expect_done(manager_reload(manager, &no_options, &r));
        settle(0);
}

static void long_journal(void)
{
        char text[8000];
        unsigned n = 0;

        lived();
        for (unsigned i = 0; i < 16; i++) {
                _cleanup_(change_result_deinit) ChangeResult r = { 0 };
                _cleanup_strv_ char **words = NULL;
                char *p = text, *word;

                large_text(text, sizeof(text), n, 400);
                n += 400;
                while ((word = strsep(&p, "\n")))
                        if (*word)
                                assert_int_equal(strv_append(&words, word), 0);
                expect_done(manager_update_set(manager, "drop", words, NULL, &no_options, &r));
        }
        settle(0);
}

static void hundredth(void)
{
        lived();
        ((Policy *)manager_policy(manager))->state->revision = 98;
        do_words("deny in 2525", true, "+ deny 2525/tcp");
        settle(0);
}

static void damaged(void)
{
        lived();
        do_words("deny in 2525", true, "+ deny 2525/tcp");
        settle(0);
        write_text("var/lib/p25/state.conf", "state = {");
}

static int change_rule(ChangeResult *r)
{
        return words("allow in from 198.51.100.7", &no_options, r);
}

static int change_set_load(ChangeResult *r)
{
        static char text[60000];

        large_text(text, sizeof(text), 50000, 3000);
        return manager_replace_set(manager, "drop", text, strlen(text), &no_options, r);
}

static int change_set_add(ChangeResult *r)
{
        return set_update("203.0.113.0/24", r);
}

static int change_set_drop(ChangeResult *r)
{
        return manager_drop_set(manager, "drop", &no_options, r);
}

static int change_fragment_put(ChangeResult *r)
{
        return put_text("rules = ( { action = \"deny\"; direction = \"out\"; ports = [ 587 ]; } );",
                &no_options, r);
}

static int change_fragment_drop(ChangeResult *r)
{
        return put_text("", &no_options, r);
}

static int change_reload(ChangeResult *r)
{
        return manager_reload(manager, &no_options, r);
}

static int change_reset(ChangeResult *r)
{
        return manager_reset(manager, &no_options, r);
}

static int change_rollback(ChangeResult *r)
{
        return manager_rollback(manager, 4, &no_options, r);
}

/* Never in force for good without having been confirmed: it waits, or it was not made. */
static int change_to_confirm(ChangeResult *r)
{
        Change c = no_options;

        c.confirm_seconds = 3600;
        return words("allow in from 198.51.100.7", &c, r);
}

static int reload_to_confirm(ChangeResult *r)
{
        Change c = no_options;

        c.confirm_seconds = 3600;
        return manager_reload(manager, &c, r);
}

static int change_disable(ChangeResult *r)
{
        return disable(&no_options, r);
}

static const Scenario scenarios[] = {
        { "first rule", fresh, change_rule, FROM_START },
        { "first fragment", fresh, change_fragment_put, FROM_START },
        { "rule", lived, change_rule, RUNNING },
        { "set load", lived, change_set_load, RUNNING },
        { "set add", lived, change_set_add, RUNNING },
        { "set add, folded", long_journal, change_set_add, RUNNING },
        { "set drop", lived, change_set_drop, RUNNING },
        { "fragment put", lived, change_fragment_put, RUNNING },
        { "fragment drop", lived, change_fragment_drop, RUNNING },
        { "reload", lived, change_reload, EDITED },
        { "reset", lived, change_reset, RUNNING },
        { "rollback", lived, change_rollback, RUNNING },
        { "rollback over a reload", reloaded, change_rollback, RUNNING },
        { "disable", lived, change_disable, RUNNING },
        { "rule to confirm", lived, change_to_confirm, RUNNING },
        { "reload to confirm", lived, reload_to_confirm, EDITED },
        { "hundredth", hundredth, change_rule, RUNNING },
        { "rule over a damaged state", damaged, change_rule, RUNNING },
        { "set add over a damaged state", damaged, change_set_add, RUNNING },
};

static bool is_of_damage(const Scenario *s)
{
        return s && s->before == damaged;
}

/* ---- trials ---- */

static char *before, *after; /* signatures */
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
static char *signature_of(const Disk *d)
{
        char *text;

        disk_restore(d, folder, &no_loss);
        if (scenario->when == EDITED)
                write_files(true);
        start();
        text = signature();
        manager = manager_free(manager);
        return text;
}

static void begin(const Scenario *s, Disk *ret)
{
        char command[512];

        scenario = s;
        s->before();
        manager = manager_free(manager);
        *ret = disk_read();
        if (s->when == EDITED)
                write_files(true);
        (void)snprintf(elsewhere, sizeof(elsewhere), "%.60s-x", folder);
        (void)snprintf(command, sizeof(command), "rm -rf '%s'; cp -r '%s' '%s'", elsewhere, folder,
                elsewhere);
        assert_int_equal(system(command), 0);
}

static void end(Disk *base)
{
        disk_free(base);
        free(TAKE_PTR(before));
        free(TAKE_PTR(after));
        remove_tree(elsewhere);
        /* the next one finds the world as setup() left it */
        remove_tree(path_of("var"));
        remove_tree(path_of("etc"));
}

static void start_unedited(void)
{
        if (scenario->when == EDITED)
                write_files(false);
        start();
        settle(0);
        if (scenario->when == EDITED)
                write_files(true);
}

static void run_change(void)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };

        if (scenario->change(&r) < 0)
                fail_msg("%s: %s", scenario->name, r.message);
        assert_true(r.changed);
}

static void find_signatures(const Disk *base)
{
        Disk d;

        before = signature_of(base);
        disk_restore(base, folder, &no_loss);
        start_unedited();
        run_change();
        manager = manager_free(manager);
        d = disk_read();
        after = signature_of(&d);
        disk_free(&d);
}

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

/* ---- a disk that fails ---- */

static unsigned fail_at;
static int fail_error;
static bool fail_on;

static bool grumble(const char *what)
{
        print_error("%s, call %u, %s%s: %s\n", scenario->name, fail_at,
                fail_error ? strerrorname_np(fail_error) : "short", fail_on ? " from then on" : "",
                what);
        return false;
}

static bool check_refused(const char *kernel, const char *report, const ChangeResult *r)
{
        _cleanup_free_ char *report_now = report_text();
        const char *kernel_now = backend_memory_text(backend);

        cut_clock(report_now);
        if (!r->message || r->error == ERROR_NONE)
                return grumble("refused without a word");
        if (!streq_null(kernel, kernel_now) || !streq(report, report_now))
                return grumble("refused and changed");
        return true;
}

static bool check_stored(const char *expected, const char *other)
{
        _cleanup_free_ char *now = NULL;

        if (!boot())
                return grumble("does not start");
        now = signature();
        if (!streq(now, expected) && !(fail_on && streq(now, other))) {
                print_difference(expected, now);
                return grumble("something else is stored");
        }
        return true;
}

/* What a start would find now; this one runs on. */
static bool in_grandchild(void)
{
        int status;
        pid_t pid = fork();

        if (pid == 0)
                _exit(check_stored(before, after) ? 0 : 1);
        return waitpid(pid, &status, 0) == pid && status == 0;
}

static bool try_change(bool *ret_reached)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 }, again = { 0 };
        _cleanup_free_ char *kernel = NULL, *report = NULL;
        const char *text;
        int q;

        if (scenario->when == EDITED)
                write_files(false);
        if (!boot())
                return grumble("does not start");
        settle(0);
        if (scenario->when == EDITED)
                write_files(true);
        text = backend_memory_text(backend);
        kernel = text ? strdup(text) : NULL;
        report = report_text();
        cut_clock(report);
        (void)snprintf(disk.folder, sizeof(disk.folder), "%s", folder);
        disk.disk = disk_read();
        disk.calls = 0;
        disk.fail_at = fail_at;
        disk.fail_on = fail_on;
        disk.error = fail_error;
        q = scenario->change(&r);
        *ret_reached = disk.failed;
        disk.folder[0] = '\0';
        disk.fail_at = 0;
        disk.fail_on = disk.failed = false;
        if (q >= 0)
                return check_stored(after, after);
        if (!check_refused(kernel, report, &r))
                return false;
        if (!in_grandchild())
                return false;
        /* when the disk is well again the change can be made */
        if (scenario->change(&again) < 0)
                return grumble(again.message);
        return check_stored(after, after);
}

static void fail_and_go_on(const Disk *base)
{
        bool reached = false, good;

        disk_restore(base, folder, &no_loss);
        good = try_change(&reached);
        _exit(!good ? 1 : reached ? 0 : 2);
}

static void fail_calls(const Scenario *s)
{
        /* of each call: a full disk, one of the others, a full one from then on, half of a write */
        static const int others[] = { EIO, EROFS, EMFILE, EDQUOT };
        Disk base;
        unsigned before_this = n_failed;

        begin(s, &base);
        find_signatures(&base);
        for (unsigned e = 0; e < 4; e++) {
                fail_on = e == 2;
                for (fail_at = 1;; fail_at++) {
                        int status;
                        pid_t pid;

                        fail_error = e == 0   ? ENOSPC
                                     : e == 3 ? 0
                                              : others[(fail_at + e) % ELEMENTS(others)];
                        pid = fork();

                        assert_true(pid >= 0);
                        if (pid == 0) {
                                memcpy(folder, elsewhere, sizeof(folder));
                                fail_and_go_on(&base);
                        }
                        assert_int_equal(waitpid(pid, &status, 0), pid);
                        if (WIFEXITED(status) && WEXITSTATUS(status) == 2)
                                break;
                        n_trials++;
                        n_failed += status != 0;
                }
        }
        if (n_failed > before_this)
                print_message("%s: %u failed\n", s->name, n_failed - before_this);
        end(&base);
}

static void test_errors(void **state)
{
        (void)state;
        n_trials = n_failed = 0;
        for (size_t i = 0; i < ELEMENTS(scenarios); i++)
                fail_calls(&scenarios[i]);
        print_message("%u trials\n", n_trials);
        assert_int_equal(n_failed, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(test_power),
                TEST(test_errors),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
