/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tests/unit/manager_world.h"

#include "daemon/connections/connections.h"
#include "daemon/host/host.h"
#include "daemon/manager/manager.h"
#include "daemon/manager/settings.h"
#include "rules/base/buffer.h"
#include "rules/base/strv.h"
#include "rules/policy/policy.h"
#include "rules/policy/rule.h"
#include "rules/policy/state.h"
#include "rules/report/report.h"
#include "rules/ruleset/print.h"
#include "rules/ruleset/ruleset.h"

char folder[64];

sd_event *event;
Manager *manager;

Backend *backend; /* the manager's */

BackendOps memory;
unsigned n_changed, n_cut, n_repaired;

int probe_error;
unsigned n_busy;

static int memory_open(sd_event *e, BackendRepaired repaired, void *data, const int *fds,
        size_t n_fds, Backend **ret)
{
        int r;

        if (n_busy > 0) {
                n_busy--;
                return -EBUSY;
        }
        r = probe_error < 0 ? probe_error : backend_memory.open(e, repaired, data, fds, n_fds, ret);
        backend = r < 0 ? NULL : *ret;
        return r;
}

static int memory_probe(void)
{
        return probe_error;
}

int count_cut(const Ruleset *r, CutResult *ret)
{
        (void)r;
        *ret = (CutResult){ 0 };
        n_cut++;
        return 0;
}

const char *path_of(const char *name)
{
        static char path[4][512];
        static unsigned turn;
        char *p = path[turn++ % ELEMENTS(path)];

        (void)snprintf(p, sizeof(path[0]), "%s/%s", folder, name);
        return p;
}

void write_text(const char *name, const char *text)
{
        char command[512];
        FILE *f;

        (void)snprintf(command, sizeof(command), "mkdir -p $(dirname '%s')", path_of(name));
        assert_int_equal(system(command), 0);
        f = fopen(path_of(name), "we");
        assert_non_null(f);
        assert_true(fputs(text, f) >= 0);
        assert_int_equal(fclose(f), 0);
}

int setup(void **state)
{
        (void)state;
        /* in memory, if there is such a place: the tests write much and keep nothing */
        (void)snprintf(folder, sizeof(folder), "%s/p25-manager-XXXXXX",
                access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : "/tmp");
        if (!mkdtemp(folder) || sd_event_new(&event) < 0)
                return -1;
        write_text("host/passwd", "root:x:0:0::/:\npostfix:x:101:105::/:\n");
        write_text("host/group", "root:x:0:\nmail:x:8:\n");
        write_text("usr/share/p25/policies/closed.conf",
                "role = { name = \"closed\"; summary = \"closed\";\n"
                "  vars = { users = { type = \"users\"; default = [ \"postfix\", \"exim\" ]; }; "
                "};\n"
                "  default = { incoming = \"deny\"; outgoing = \"reject\"; };\n"
                "  rules = ( { action = \"allow\"; direction = \"out\"; user = \"$users\"; } );\n"
                "};\n");
        write_text("usr/share/p25/policies/open.conf",
                "role = { name = \"open\"; summary = \"open\"; };\n");
        memory = backend_memory;
        memory.open = memory_open;
        memory.probe = memory_probe;
        probe_error = 0;
        n_busy = 0;
        n_changed = n_cut = n_repaired = 0;
        return 0;
}

int teardown(void **state)
{
        char command[128];

        (void)state;
        manager = manager_free(manager);
        event = sd_event_unref(event);
        (void)snprintf(command, sizeof(command), "rm -rf '%s'", folder);
        return system(command);
}

static void on_changed(void *data, const ManagerChanged *c)
{
        (void)data;
        assert_non_null(c->diff);
        assert_int_not_equal(c->outcome, OUTCOME_NONE);
        assert_int_equal(c->revision, manager_policy(manager)->state->revision);
        n_changed++;
}

static void on_repaired(void *data, uint64_t count, pid_t pid, const char *process)
{
        (void)data;
        (void)pid;
        (void)process;
        n_repaired += (unsigned)count;
}

char alerts[512];

static void on_alert(void *data, const ManagerAlert *a)
{
        size_t n = strlen(alerts);

        (void)data;
        (void)snprintf(alerts + n, sizeof(alerts) - n, "%s %d %s: %s\n", a->name, (int)a->pid,
                a->process, a->text);
}

int start_with_names(HostNames *names, int expected)
{
        static const BackendOps *const backends[_BACKEND_MAX] = { &memory, &memory };
        static ManagerEvents events = {
                .changed = on_changed, .repaired = on_repaired, .alert = on_alert
        };
        _cleanup_free_ char *message = NULL;
        ManagerOptions options = {
                .root = folder, .backends = backends, .cut = count_cut, .names = names
        };
        int r;

        manager = manager_free(manager);
        if (!names)
                assert_int_equal(host_names_new_at(path_of("host"), NULL, &options.names), 0);
        r = manager_new(event, &options, &manager, &message);
        if (r != expected)
                fail_msg("%d %s", r, message ? message : "");
        if (r < 0) {
                assert_non_null(message);
                return r;
        }
        manager_add_events(manager, &events);
        return 0;
}

int start_with(int expected)
{
        return start_with_names(NULL, expected);
}

void start(void)
{
        assert_int_equal(start_with(0), 0);
}

void settle(uint64_t usec)
{
        while (sd_event_run(event, usec) > 0)
                ;
}

const Change no_options = { .uid = 3, .process = "test", .reason = "because" };

/* ---- what may not change when a change fails, or changes nothing ---- */

static char *read_disk(void)
{
        char command[512];
        _cleanup_buffer_ Buffer b = { 0 };
        char line[4096], *text;
        FILE *f;

        (void)snprintf(command, sizeof(command),
                "cd '%s'; find var -type f -printf '%%p %%T@ %%i\n' 2>&1 | sort; "
                "find var -type f -exec cat {} + 2>&1",
                folder);
        f = popen(command, "re");
        assert_non_null(f);
        while (fgets(line, sizeof(line), f))
                buffer_add_string(&b, line);
        pclose(f);
        buffer_add_string(&b, "");
        assert_int_equal(buffer_take(&b, &text), 0);
        return text;
}

/* Inlined, gcc 12 takes what it returns for a pointer to its own variable. */
__attribute__((noinline)) char *report_text(void)
{
        _cleanup_(report_deinit) Report report = { 0 };
        char *text;

        assert_int_equal(manager_report(manager, &report), 0);
        /* what is less each time */
        report.pending_deadline_usec = report.pending_seconds_left = 0;
        assert_int_equal(report_print_json(&report, &text), 0);
        return text;
}

Snapshot take_snapshot(void)
{
        const char *kernel = backend_memory_text(backend);
        Snapshot s = {
                .kernel = kernel ? strdup(kernel) : NULL,
                .disk = read_disk(),
                .report = report_text(),
                .applied = backend_memory_calls(backend, MEMORY_APPLY),
        };

        return s;
}

void snapshot_deinit(Snapshot *s)
{
        free(s->kernel);
        free(s->disk);
        free(s->report);
}

void expect_same(const Snapshot *before, bool untouched)
{
        _cleanup_snapshot_ Snapshot after = take_snapshot();

        assert_true(streq_null(before->kernel, after.kernel));
        assert_string_equal(before->report, after.report);
        if (untouched) {
                assert_string_equal(before->disk, after.disk);
                assert_int_equal(before->applied, after.applied);
        }
}

/* ---- rules from words ---- */

int words(const char *text, const Change *c, ChangeResult *result)
{
        _cleanup_(rule_words_deinit) RuleWords w = { 0 };
        _cleanup_strv_ char **list = NULL;
        _cleanup_free_ char *copy = strdup(text);
        Change change = *c;
        char *rest = copy, *word;

        while ((word = strsep(&rest, " ")))
                assert_int_equal(strv_append(&list, word), 0);
        assert_int_equal(rule_words_parse(list, NULL, &w), 0);
        if (w.placement == PLACEMENT_DELETE)
                return manager_remove_rules(manager, w.rules, w.n_rules, &change, result);
        if (w.placement != PLACEMENT_APPEND)
                change.position = w.placement == PLACEMENT_PREPEND ? 1 : w.position;
        return manager_add_rules(manager, w.rules, w.n_rules, &change, result);
}

void print_result(const ChangeResult *r)
{
        print_message("changed %d error %d message %s\n", r->changed, r->error,
                r->message ? r->message : "-");
        STRV_FOREACH (line, r->diff)
                print_message("  %s\n", *line);
}

void expect_diff(const ChangeResult *r, const char *expected)
{
        _cleanup_buffer_ Buffer b = { 0 };

        buffer_add_string(&b, "");
        STRV_FOREACH (line, r->diff)
                buffer_printf(&b, "%s%s", b.length > 0 ? "\n" : "", *line);
        assert_string_equal(b.data, expected);
}

void do_words(const char *text, bool changed, const char *diff)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };
        uint64_t before = manager_policy(manager)->state->revision;

        if (words(text, &no_options, &r) != 0 || r.changed != changed)
                print_result(&r);
        assert_int_equal(r.error, ERROR_NONE);
        assert_int_equal(r.changed, changed);
        assert_int_equal(r.revision, before + changed);
        assert_int_equal(manager_policy(manager)->state->revision, r.revision);
        expect_diff(&r, diff);
}

void expect_rule(size_t index, uint64_t id, Action action, const char *comment)
{
        const RuleList *l = &manager_policy(manager)->state->rules;

        assert_true(index < l->n);
        assert_int_equal(l->items[index]->id, id);
        assert_int_equal(l->items[index]->action, action);
        assert_true(streq_null(l->items[index]->comment, comment));
}

void expect_consistent(void)
{
        _cleanup_free_ char *text = NULL, *before = NULL, *after = NULL;

        if (manager_ruleset(manager)) {
                assert_int_equal(ruleset_print(manager_ruleset(manager), &text), 0);
                assert_string_equal(backend_memory_text(backend), text);
        } else {
                assert_null(backend_memory_text(backend));
        }
        before = report_text();
        start();
        after = report_text();
        assert_string_equal(before, after);
}

/* ---- changes, each as a function of its options ---- */

int set_role_open(const Change *c, ChangeResult *r)
{
        char *roles[] = { (char *)"open", (char *)"closed", NULL };

        return manager_set_roles(manager, roles, c, r);
}

int default_in(const Change *c, ChangeResult *r)
{
        return manager_set_default(manager, DIRECTION_IN, ACTION_REJECT, c, r);
}

int logging_high(const Change *c, ChangeResult *r)
{
        return manager_set_logging(manager, LOGGING_HIGH, c, r);
}

int disable(const Change *c, ChangeResult *r)
{
        return manager_set_enabled(manager, false, c, r);
}

int enable(const Change *c, ChangeResult *r)
{
        return manager_set_enabled(manager, true, c, r);
}

int put_text(const char *text, const Change *c, ChangeResult *r)
{
        return manager_put_fragment(manager, "web", text, strlen(text), c, r);
}

int put_fragment(const Change *c, ChangeResult *r)
{
        return put_text("rules = ( { action = \"deny\"; direction = \"out\"; } );", c, r);
}

void step_done(const Step *s, bool dry)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };
        uint64_t before = manager_policy(manager)->state->revision;
        bool changes = s->diff[0] != '\0';
        Change c = no_options;
        int q;
        c.dry_run = dry;
        q = s->operation(&c, &r);
        if (q < 0 || r.changed != changes)
                print_result(&r);
        assert_int_equal(q, 0);
        assert_int_equal(r.changed, changes);
        expect_diff(&r, s->diff);
        assert_int_equal(r.revision, before + (changes && !dry));
}
