/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tests/unit/crash_world.h"

#include "rules/address/prefixset.h"
#include "rules/address/timedset.h"
#include "rules/base/buffer.h"
#include "rules/base/strv.h"
#include "rules/policy/fragment.h"
#include "rules/policy/policy.h"
#include "rules/policy/state.h"

/* ---- trees ---- */

char elsewhere[64];

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

void disk_free(Disk *d)
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

Disk disk_read(void)
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

void disk_restore(const Disk *d, const char *where, const DiskLoss *loss)
{
        char var[128];

        (void)snprintf(var, sizeof(var), "%s/var", where);
        remove_tree(var);
        disk_write(d, where, loss);
}

/* ---- the machine ---- */

const Scenario *scenario;

bool boot(void)
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

char *timeless_report(void)
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

static bool is_of_damage(const Scenario *s);

char *signature(void)
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
                /* each trial has its own time */
                buffer_printf(&b, "%zu of them end\n", timed_set_size(s->sets[i].timed));
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

void print_difference(const char *a, const char *b)
{
        size_t i = 0;

        while (a[i] && a[i] == b[i])
                i++;
        i -= i > 60 ? 60 : i;
        print_error("  \"%.160s\"\n  \"%.160s\"\n", a + i, b + i);
}

/* ---- changes ---- */

int set_update(const char *add, ChangeResult *r)
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

void write_files(bool edited)
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

static int set_update_for(const char *add, uint32_t seconds, ChangeResult *r)
{
        char *plus[] = { (char *)add, NULL };
        Change c = no_options;

        c.timeout_seconds = seconds;
        return manager_update_set(manager, "drop", plus, NULL, &c, r);
}

static void bans(void)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };

        lived();
        expect_done(set_update_for("192.0.2.50", 3600, &r));
        settle(0);
}

static int change_set_add_for(ChangeResult *r)
{
        return set_update_for("192.0.2.51", 7200, r);
}

static int change_set_add_lasting(ChangeResult *r)
{
        return set_update("192.0.2.50", r);
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
        return manager_rollback(manager, 1, &no_options, r);
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

/* A host on which a change waits to be confirmed. */
static void waiting(void)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };
        Change c = no_options;

        lived();
        c.confirm_seconds = 36000;
        expect_done(words("deny in 2525", &c, &r));
        settle(0);
}

static int change_take_back(ChangeResult *r)
{
        const State *s = manager_policy(manager)->state;

        return manager_rollback(manager, s->revision - 1, &no_options, r);
}

static int change_disable(ChangeResult *r)
{
        return disable(&no_options, r);
}

static bool is_of_damage(const Scenario *s)
{
        return s && s->before == damaged;
}

/* ---- trials ---- */

char *before, *after;

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

void begin(const Scenario *s, Disk *ret)
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

void end(Disk *base)
{
        disk_free(base);
        free(TAKE_PTR(before));
        free(TAKE_PTR(after));
        remove_tree(elsewhere);
        /* the next one finds the world as setup() left it */
        remove_tree(path_of("var"));
        remove_tree(path_of("etc"));
}

void start_unedited(void)
{
        if (scenario->when == EDITED)
                write_files(false);
        start();
        settle(0);
        if (scenario->when == EDITED)
                write_files(true);
}

void run_change(void)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };

        if (scenario->change(&r) < 0)
                fail_msg("%s: %s", scenario->name, r.message);
        assert_true(r.changed);
}

void find_signatures(const Disk *base)
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

const Scenario scenarios[SCENARIOS] = {
        { "first rule", fresh, change_rule, FROM_START },
        { "first fragment", fresh, change_fragment_put, FROM_START },
        { "rule", lived, change_rule, RUNNING },
        { "set load", lived, change_set_load, RUNNING },
        { "set add", lived, change_set_add, RUNNING },
        { "set add, folded", long_journal, change_set_add, RUNNING },
        { "set add for a time", bans, change_set_add_for, RUNNING },
        { "set add for good what ends", bans, change_set_add_lasting, RUNNING },
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
