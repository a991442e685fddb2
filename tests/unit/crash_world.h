/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What is tried when the power goes (test_crash.c) or the disk fails (test_disk_errors.c): changes
 * of every kind, the disk from which the machine starts again, and all that is in force then, as a
 * text. Included by one program each.
 */

#include "tests/lib/disk.h"

#include "tests/unit/manager_world.h"

#include "daemon/manager/internal.h"

#include <dirent.h>
#include <ftw.h>
#include <inttypes.h>
#include <sys/wait.h>

/* ---- trees ---- */

static char elsewhere[64]; /* where the machine starts again */

static _unused_ int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
        (void)st, (void)ftw;
        return (int)syscall(SYS_unlinkat, AT_FDCWD, path, type == FTW_DP ? AT_REMOVEDIR : 0);
}

static _unused_ void remove_tree(const char *path)
{
        (void)nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static _unused_ void read_into(Disk *d, int parent, const char *path)
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

static _unused_ void disk_free(Disk *d)
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
static _unused_ Disk disk_read(void)
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

static _unused_ void disk_restore(const Disk *d, const char *where, const DiskLoss *loss)
{
        char var[128];

        (void)snprintf(var, sizeof(var), "%s/var", where);
        remove_tree(var);
        disk_write(d, where, loss);
}

static const _unused_ DiskLoss no_loss = { NAMES_ALL, 0, DATA_ALL };

/* ---- the machine ---- */

typedef struct Scenario Scenario;
static const Scenario *scenario; /* that is tried */
static bool is_of_damage(const Scenario *s);

/* Starts p25d's manager below `folder`, forgetting the one that ran; for children, where nothing of
 * cmocka may be called. */
static _unused_ bool boot(void)
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

/* The report, of what waits to be confirmed without how long it does. */
static _unused_ char *timeless_report(void)
{
        _cleanup_free_ char *text = report_text();
        const char *clock = strstr(text, ",\"deadline\":");
        size_t n = clock ? (size_t)(clock - text) : strlen(text);
        _cleanup_buffer_ Buffer b = { 0 };
        char *cut = NULL;

        buffer_add(&b, text, n);
        buffer_add_string(&b, clock ? clock + strcspn(clock, "}") : "");
        (void)buffer_take(&b, &cut);
        return cut;
}

/* All that is in force: kernel, report and state. */
static _unused_ char *signature(void)
{
        const State *s = manager_policy(manager)->state;
        const char *kernel = backend_memory_text(backend);
        _cleanup_free_ char *report = timeless_report();
        _cleanup_buffer_ Buffer b = { 0 };
        char *text = NULL;

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
static _unused_ void print_difference(const char *a, const char *b)
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

static _unused_ int set_update(const char *add, ChangeResult *r)
{
        char *plus[] = { (char *)add, NULL };

        return manager_update_set(manager, "drop", plus, NULL, &no_options, r);
}

static _unused_ void expect_done(int r)
{
        assert_true(r >= 0);
}

static _unused_ void large_text(char *text, size_t size, unsigned from, unsigned n)
{
        size_t length = 0;

        for (unsigned i = from; i < from + n; i++)
                length += (size_t)snprintf(text + length, size - length, "10.%u.%u.%u\n",
                        i / 16384 % 128, i / 128 % 128, i % 128 * 2);
}

/* The host's files, as they are at first or as somebody has edited them. */
static _unused_ void write_files(bool edited)
{
        write_text("etc/p25/p25.conf", edited ? "enabled = true;\nroles = ( \"open\" );\n" : conf);
        write_text("etc/p25/policy.d/mail.conf",
                edited ? "rules = ( { action = \"deny\"; direction = \"in\"; ports = [ 587 ]; } "
                         ");\n"
                       : "rules = ( );");
}

/* A host that has seen changes of every kind. */
static _unused_ void lived(void)
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

static _unused_ void fresh(void)
{
        write_files(false);
}

static _unused_ void reloaded(void)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };

        lived();
        write_files(true);
        expect_done(manager_reload(manager, &no_options, &r));
        settle(0);
}

static _unused_ void long_journal(void)
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

static _unused_ void hundredth(void)
{
        lived();
        ((Policy *)manager_policy(manager))->state->revision = 98;
        do_words("deny in 2525", true, "+ deny 2525/tcp");
        settle(0);
}

static _unused_ void damaged(void)
{
        lived();
        do_words("deny in 2525", true, "+ deny 2525/tcp");
        settle(0);
        write_text("var/lib/p25/state.conf", "state = {");
}

static _unused_ int change_rule(ChangeResult *r)
{
        return words("allow in from 198.51.100.7", &no_options, r);
}

static _unused_ int change_set_load(ChangeResult *r)
{
        static char text[60000];

        large_text(text, sizeof(text), 50000, 3000);
        return manager_replace_set(manager, "drop", text, strlen(text), &no_options, r);
}

static _unused_ int change_set_add(ChangeResult *r)
{
        return set_update("203.0.113.0/24", r);
}

static _unused_ int change_set_drop(ChangeResult *r)
{
        return manager_drop_set(manager, "drop", &no_options, r);
}

static _unused_ int change_fragment_put(ChangeResult *r)
{
        return put_text("rules = ( { action = \"deny\"; direction = \"out\"; ports = [ 587 ]; } );",
                &no_options, r);
}

static _unused_ int change_fragment_drop(ChangeResult *r)
{
        return put_text("", &no_options, r);
}

static _unused_ int change_reload(ChangeResult *r)
{
        return manager_reload(manager, &no_options, r);
}

static _unused_ int change_reset(ChangeResult *r)
{
        return manager_reset(manager, &no_options, r);
}

static _unused_ int change_rollback(ChangeResult *r)
{
        return manager_rollback(manager, 4, &no_options, r);
}

/* Never in force for good without having been confirmed: it waits, or it was not made. */
static _unused_ int change_to_confirm(ChangeResult *r)
{
        Change c = no_options;

        c.confirm_seconds = 3600;
        return words("allow in from 198.51.100.7", &c, r);
}

static _unused_ int reload_to_confirm(ChangeResult *r)
{
        Change c = no_options;

        c.confirm_seconds = 3600;
        return manager_reload(manager, &c, r);
}

/* A host on which a change waits to be confirmed. */
static _unused_ void waiting(void)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };
        Change c = no_options;

        lived();
        c.confirm_seconds = 36000;
        expect_done(words("deny in 2525", &c, &r));
        settle(0);
}

static _unused_ int change_take_back(ChangeResult *r)
{
        const State *s = manager_policy(manager)->state;

        return manager_rollback(manager, s->revision - 1, &no_options, r);
}

static _unused_ int change_disable(ChangeResult *r)
{
        return disable(&no_options, r);
}

static const _unused_ Scenario scenarios[] = {
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
        { "another one to confirm", waiting, change_to_confirm, RUNNING },
        { "set add while one waits", waiting, change_set_add, RUNNING },
        { "rollback while one waits", waiting, change_rollback, RUNNING },
        { "what waits is taken back", waiting, change_take_back, RUNNING },
        { "hundredth", hundredth, change_rule, RUNNING },
        { "rule over a damaged state", damaged, change_rule, RUNNING },
        { "set add over a damaged state", damaged, change_set_add, RUNNING },
};

static _unused_ bool is_of_damage(const Scenario *s)
{
        return s && s->before == damaged;
}

/* ---- trials ---- */

static char *before, *after; /* signatures */

static _unused_ char *signature_of(const Disk *d)
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

static _unused_ void begin(const Scenario *s, Disk *ret)
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

static _unused_ void end(Disk *base)
{
        disk_free(base);
        free(TAKE_PTR(before));
        free(TAKE_PTR(after));
        remove_tree(elsewhere);
        /* the next one finds the world as setup() left it */
        remove_tree(path_of("var"));
        remove_tree(path_of("etc"));
}

static _unused_ void start_unedited(void)
{
        if (scenario->when == EDITED)
                write_files(false);
        start();
        settle(0);
        if (scenario->when == EDITED)
                write_files(true);
}

static _unused_ void run_change(void)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };

        if (scenario->change(&r) < 0)
                fail_msg("%s: %s", scenario->name, r.message);
        assert_true(r.changed);
}

static _unused_ void find_signatures(const Disk *base)
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
