/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The start of the manager, and its surroundings: files that are edited, broken and mended, a
 * damaged state, users that come and go, counters, and what status reports.
 */

#include "tests/unit/manager_world.h"

#include "daemon/host/internal.h"
#include "rules/base/diagnostic.h"
#include "rules/base/strv.h"
#include "rules/policy/rule.h"
#include "rules/report/report.h"
#include "rules/ruleset/ruleset.h"

#include <errno.h>
#include <pwd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- files ---- */

static void expect_warning(const char *text)
{
        _cleanup_(report_deinit) Report report = { 0 };

        assert_int_equal(manager_report(manager, &report), 0);
        STRV_FOREACH (warning, report.warnings)
                if (strstr(*warning, text))
                        return;
        STRV_FOREACH (warning, report.warnings)
                print_message("warning: %s\n", *warning);
        fail_msg("no warning has '%s'", text);
}

static void expect_no_warning(void)
{
        _cleanup_(report_deinit) Report report = { 0 };

        assert_int_equal(manager_report(manager, &report), 0);
        STRV_FOREACH (warning, report.warnings)
                fail_msg("warning: %s", *warning);
}

static void do_reload(bool changed, const char *diff)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };

        if (manager_reload(manager, &no_options, &r) != 0)
                print_result(&r);
        assert_int_equal(r.error, ERROR_NONE);
        assert_int_equal(r.changed, changed);
        expect_diff(&r, diff);
}

static void reload_again(void)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };

        assert_int_equal(manager_reload(manager, &no_options, &r), 0);
}

/* A file that was edited is in force after a reload, and status says so until then. */
static void test_edited(void **state)
{
        (void)state;
        write_text("etc/p25/p25.conf", conf);
        write_text("etc/p25/policy.d/web.conf", "rules = ();\n");
        start();
        expect_no_warning();
        write_text("etc/p25/p25.conf", conf); /* the same again */
        expect_no_warning();
        write_text("etc/p25/policy.d/web.conf", "rules = ( );\n");
        /* whether a reload accepts it is not known yet */
        expect_warning("policy.d/web.conf has changed since it was read ('p25ctl plan' shows what "
                       "'p25ctl reload' would change)");
        reload_again();
        expect_no_warning();
        write_text("etc/p25/policy.d/new.conf", "rules = ();\n");
        expect_warning("policy.d/new.conf has changed since it was read");
        reload_again();
        expect_no_warning();
        assert_int_equal(unlink(path_of("etc/p25/policy.d/web.conf")), 0);
        expect_warning("policy.d/web.conf has changed since it was read");
        reload_again();
        expect_no_warning();
}

/* Files that are gone open no port. */
static void test_reload_without_conf(void **state)
{
        static const char *const texts[] = { NULL, "roles = ( \"closed\" );\n" };

        (void)state;
        write_text("etc/p25/p25.conf", conf);
        start();
        for (size_t i = 0; i < ELEMENTS(texts); i++) {
                _cleanup_(change_result_deinit) ChangeResult r = { 0 };
                _cleanup_snapshot_ Snapshot before = { 0 };

                assert_int_equal(unlink(path_of("etc/p25/p25.conf")), 0);
                if (texts[i])
                        write_text("etc/p25/p25.conf", texts[i]);
                before = take_snapshot();
                assert_int_equal(manager_reload(manager, &no_options, &r), -EINVAL);
                assert_int_equal(r.error, ERROR_INVALID_POLICY);
                assert_non_null(strstr(r.message, "p25ctl disable"));
                expect_same(&before, true);
                write_text("etc/p25/p25.conf", conf);
        }
        write_text("etc/p25/p25.conf", "enabled = false;\n");
        {
                _cleanup_(change_result_deinit) ChangeResult r = { 0 };

                assert_int_equal(manager_reload(manager, &no_options, &r), 0);
                assert_null(backend_memory_text(backend));
        }
}

static void test_reload(void **state)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };

        (void)state;
        write_text("etc/p25/p25.conf", conf);
        start();
        write_text("etc/p25/p25.conf",
                "enabled = true;\nroles = ( \"open\" );\nmail_ports = [ 26 ];\n"
                "sets = { file = { file = \"/etc/p25/list\"; }; };\n"
                "rules = ( { action = \"allow\"; direction = \"in\"; from = [ \"@file\" ]; },\n"
                "  { action = \"deny\"; direction = \"in\"; ports = [ 26 ]; } );\n");
        write_text("etc/p25/list", "192.0.2.1\n192.0.2.2\n");
        do_reload(true, "- role closed\n+ role open\n+ mail port 26\n+ deny 26/tcp (p25.conf)\n"
                        "- set file 1 entry\n+ set file 2 entries");
        do_reload(false, "");
        write_text("etc/p25/list", "192.0.2.1\n192.0.2.x\n");
        {
                _cleanup_snapshot_ Snapshot before = take_snapshot();

                assert_true(manager_reload(manager, &no_options, &r) < 0);
                assert_int_equal(r.error, ERROR_INVALID_POLICY);
                assert_non_null(strstr(r.message, "/etc/p25/list:2: "));
                expect_same(&before, true);
        }
        change_result_deinit(&r);
        write_text("etc/p25/p25.conf", "enabled = true;\nbackend = \"iptables\";\n");
        assert_true(manager_reload(manager, &no_options, &r) < 0);
        assert_int_equal(r.error, ERROR_NOT_SUPPORTED);
}

static void test_last_good(void **state)
{
        (void)state;
        write_text("etc/p25/p25.conf", conf);
        start();
        settle(250000); /* keeps the copies */
        do_words("deny in 465", true, "+ deny 465/tcp");
        write_text("etc/p25/p25.conf", "roles = ( \"closed\";");
        start();
        expect_warning("/etc/p25/p25.conf:");
        expect_warning("last good");
        assert_non_null(strstr(backend_memory_text(backend), "192.0.2.0/24"));
        assert_non_null(strstr(backend_memory_text(backend), "465"));
        /* changes go on */
        do_words("deny in 587", true, "+ deny 587/tcp");
        settle(250000);
        start();
        expect_warning("last good");
        write_text("etc/p25/p25.conf", conf);
        do_reload(false, "");
        expect_no_warning();
}

static bool is_no_mail(void)
{
        const Ruleset *r = manager_ruleset(manager);

        return r && r->directions[DIRECTION_IN].default_action == ACTION_DENY &&
               r->directions[DIRECTION_OUT].default_action == ACTION_REJECT &&
               r->directions[DIRECTION_ROUTED].default_action == ACTION_REJECT &&
               r->directions[DIRECTION_IN].managed.n == 4 && r->directions[DIRECTION_OUT].n == 0;
}

static void test_failsafe(void **state)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };

        (void)state;
        write_text("etc/p25/p25.conf", "roles = ( \"clo");
        start();
        assert_true(is_no_mail());
        expect_warning("fail-safe");
        assert_true(strv_length(manager_warnings(manager)) >= 2);
        assert_true(words("allow in", &no_options, &r) < 0);
        assert_int_equal(r.error, ERROR_INVALID_POLICY);
        change_result_deinit(&r);
        assert_true(manager_reload(manager, &no_options, &r) < 0);
        change_result_deinit(&r);
        assert_true(is_no_mail());

        step_done(&(Step){ disable, "- enabled\n+ disabled", ERROR_NONE, false }, false);
        assert_null(backend_memory_text(backend));
        start();
        assert_null(backend_memory_text(backend)); /* p25ctl's word stands */
        write_text("etc/p25/p25.conf", conf);
        start();
        step_done(&(Step){ enable, "- disabled\n+ enabled", ERROR_NONE, false }, false);
        assert_false(is_no_mail());
        expect_consistent();
}

/* A p25.conf that is not a text counts as one that cannot be read. */
static void test_failsafe_files(void **state)
{
        static const char *const commands[] = {
                "mkdir %s",
                "mkfifo %s",
                "ln -s /dev/zero %s",
                "ln -s p25.conf %s",
                "ln -s /nonexistent %s",
                "head -c 100000000 /dev/zero > %s",
                "printf 'enabled = true;\\0' > %s",
                "printf '@include \"/etc/passwd\"' > %s",
                "printf '\\377\\376\\001' > %s",
        };
        char command[512], rest[512];

        (void)state;
        (void)snprintf(command, sizeof(command), "mkdir -p '%s'", path_of("etc/p25"));
        assert_int_equal(system(command), 0);
        for (size_t i = 0; i < ELEMENTS(commands); i++) {
                const char *place = strstr(commands[i], "%s");

                (void)snprintf(rest, sizeof(rest), "rm -rf '%s'; %.*s'%s'",
                        path_of("etc/p25/p25.conf"), (int)(place - commands[i]), commands[i],
                        path_of("etc/p25/p25.conf"));
                assert_int_equal(system(rest), 0);
                alarm(10);
                start();
                alarm(0);
                if (!is_no_mail())
                        fail_msg("no fail-safe after: %s", rest);
        }
}

static void test_failsafe_ends(void **state)
{
        (void)state;
        write_text("etc/p25/p25.conf", conf);
        start();
        do_words("deny in 465", true, "+ deny 465/tcp");
        /* no settle(): no copies were kept */
        write_text("etc/p25/p25.conf", "roles = ( \"clo");
        start();
        assert_true(is_no_mail());
        write_text("etc/p25/p25.conf", conf);
        do_reload(true, "- role no-mail\n+ role closed\n+ deny 465/tcp\n"
                        "+ allow from @file to any port 25 (p25.conf)\n+ set file 1 entry");
        expect_no_warning();
        assert_non_null(strstr(backend_memory_text(backend), "465"));
        expect_consistent();
}

static void test_damaged_state(void **state)
{
        (void)state;
        write_text("etc/p25/p25.conf", conf);
        start();
        do_words("deny in 465", true, "+ deny 465/tcp");
        write_text("var/lib/p25/state.conf", "revision = ");
        start();
        expect_warning("the last good copy");
        assert_non_null(strstr(backend_memory_text(backend), "465"));
        do_words("deny in 587", true, "+ deny 587/tcp");
        write_text("var/lib/p25/state.conf", "revision = ");
        start();
        expect_warning("the last good copy");
        /* nothing that was in force is lost */
        assert_non_null(strstr(backend_memory_text(backend), "465"));
        assert_non_null(strstr(backend_memory_text(backend), "587"));
        /* as long as nothing is written it is said again */
        start();
        expect_warning("the last good copy");
        do_words("deny in 2525", true, "+ deny 2525/tcp");
        assert_int_equal(access(path_of("var/lib/p25/state.conf.damaged-2"), F_OK), 0);
        start();
        expect_no_warning();

        assert_int_equal(unlink(path_of("var/lib/p25/state.conf")), 0);
        start();
        expect_warning("missing");
        assert_non_null(strstr(backend_memory_text(backend), "2525"));
        write_text("var/lib/p25/state.conf", "revision = ");
        write_text("var/lib/p25/state.conf.copy", "revision = ");
        start();
        assert_true(is_no_mail());
        start();
        assert_true(is_no_mail());
        do_reload(true,
                "- role no-mail\n+ role closed\n+ allow from @file to any port 25 (p25.conf)\n"
                "+ set file 1 entry");
        start();
        expect_no_warning();
        assert_non_null(strstr(backend_memory_text(backend), "192.0.2.0/24"));
}

static void test_start_without_rights(void **state)
{
        (void)state;
        probe_error = -EPERM;
        assert_int_equal(start_with(-EPERM), -EPERM);
        probe_error = -EOPNOTSUPP;
        start(); /* inactive: nobody needs a packet filter */
        write_text("etc/p25/p25.conf", conf);
        assert_int_equal(start_with(-EOPNOTSUPP), -EOPNOTSUPP);
}

/* A worker of a p25d that was killed holds the table for a moment; another program keeps it. */
static void test_start_after_kill(void **state)
{
        (void)state;
        write_text("etc/p25/p25.conf", conf);
        n_busy = 5;
        start();
        assert_non_null(backend_memory_text(backend));
        n_busy = 1000000;
        assert_int_equal(start_with(-EBUSY), -EBUSY);
}

/* ---- names, counters, cuts ---- */

/* In the place of the C library's, for libraries too. */
static bool without_inotify;

int inotify_init1(int flags)
{
        errno = EMFILE;
        return without_inotify ? -1 : (int)syscall(SYS_inotify_init1, flags);
}

/* Within five seconds; a busy machine gets longer. */
static void settle_until(const char *text, bool there)
{
        for (unsigned i = 0; i < 200 && !strstr(backend_memory_text(backend), text) == there; i++)
                settle(100000);
        assert_int_equal(strstr(backend_memory_text(backend), text) != NULL, there);
}

static void users_come_and_go(void)
{
        write_text("etc/p25/p25.conf", conf);
        start();
        settle(250000);
        do_words("allow out user postfix", true, "+ allow out 25/tcp user postfix");
        assert_non_null(strstr(backend_memory_text(backend), "101"));
        /* the user is deleted and made again with another number */
        write_text("host/passwd.new", "root:x:0:0::/:\n");
        assert_int_equal(rename(path_of("host/passwd.new"), path_of("host/passwd")), 0);
        settle_until("101", false);
        expect_warning("postfix");
        do_words("deny out 465", true, "+ deny out 465/tcp");
        start();
        expect_warning("postfix");
        settle(250000);
        write_text("host/passwd.new", "root:x:0:0::/:\npostfix:x:777:105::/:\nexim:x:778:1::/:\n");
        assert_int_equal(rename(path_of("host/passwd.new"), path_of("host/passwd")), 0);
        settle_until("777", true);
        assert_non_null(strstr(backend_memory_text(backend), "778"));
        expect_no_warning();
}

static void test_users_come_and_go(void **state)
{
        (void)state;
        users_come_and_go();
}

/* Other programs of root may have all that there is. */
static void test_users_without_inotify(void **state)
{
        (void)state;
        without_inotify = true;
        users_come_and_go();
        without_inotify = false;
        /* and then it is followed as ever */
        write_text("host/passwd.new", "root:x:0:0::/:\npostfix:x:888:105::/:\n");
        assert_int_equal(rename(path_of("host/passwd.new"), path_of("host/passwd")), 0);
        settle_until("888", true);
        write_text("host/passwd.new", "root:x:0:0::/:\npostfix:x:999:105::/:\n");
        assert_int_equal(rename(path_of("host/passwd.new"), path_of("host/passwd")), 0);
        settle_until("999", true);
}

/* The name service, as far as one name goes: in the place of the C library's, for this program and
 * the process that it asks by. */
typedef struct Service {
        pid_t test;
        unsigned asked, asked_by_test;
        bool knows;
} Service;

static volatile Service *service;

int getpwnam_r(const char *name, struct passwd *pw, char *buffer, size_t n, struct passwd **ret)
{
        *ret = NULL;
        if (!service || !streq(name, "late"))
                return 0;
        service->asked++;
        if (getpid() == service->test)
                service->asked_by_test++;
        if (!service->knows)
                return 0;
        (void)snprintf(buffer, n, "%s", name);
        *pw = (struct passwd){ .pw_name = buffer, .pw_uid = 4711 };
        *ret = pw;
        return 0;
}

/* Until a rule for the user is refused because the user does not exist, or is made; meanwhile the
 * answer has yet to come. */
static int add_for_late(void)
{
        int r = -EBUSY;

        for (int i = 0; i < 200 && r == -EBUSY; i++) {
                _cleanup_(change_result_deinit) ChangeResult result = { 0 };

                r = words("allow out user late", &no_options, &result);
                assert_int_equal(r == -EBUSY, result.unanswered);
                if (r == -EBUSY)
                        assert_true(sd_event_run(event, 100000) >= 0);
        }
        return r;
}

/* The name service is asked by another process, and no change waits for it here. */
static void test_name_service(void **state)
{
        HostNames *names;

        (void)state;
        write_text("etc/p25/roles.d/out.conf",
                "role = { name = \"out\"; summary = \"s\"; rules = ( { action = \"allow\";"
                " direction = \"out\"; user = \"$senders\"; } ); vars = { senders = {"
                " type = \"users\"; default = [ \"late\", \"root\" ]; }; }; };\n");
        write_text("etc/p25/p25.conf", "enabled = true; roles = ( \"out\" );\n");
        assert_int_equal(host_names_new(true, &names), 0);
        if (!host_names_use_service(names)) { /* /etc/nsswitch.conf has no other than files */
                host_names_free(names);
                skip();
        }
        service = mmap(
                NULL, sizeof(*service), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        assert_ptr_not_equal(service, MAP_FAILED);
        service->test = getpid();
        assert_int_equal(start_with_names(names, 0), 0);
        do_words("deny in from 192.0.2.1", true, "+ deny from 192.0.2.1 to any port 25");
        do_words("deny in from 192.0.2.2", true, "+ deny from 192.0.2.2 to any port 25");
        assert_int_equal(add_for_late(), -ENOENT);
        assert_true(service->asked > 0);

        /* a folder of systemd would report the user; here whoever reloads does */
        service->knows = true;
        reload_again();
        for (int i = 0; i < 200 && !strstr(backend_memory_text(backend), "4711"); i++)
                assert_true(sd_event_run(event, 100000) >= 0);
        assert_non_null(strstr(backend_memory_text(backend), "4711"));
        assert_int_equal(add_for_late(), 0);
        assert_int_equal(service->asked_by_test, 0);
}

static void test_counters_and_cuts(void **state)
{
        _cleanup_(report_deinit) Report report = { 0 };

        (void)state;
        write_text("etc/p25/p25.conf", conf);
        start();
        settle(250000);
        assert_int_equal(n_cut, 1);
        do_words("deny in 465", true, "+ deny 465/tcp");
        do_words("deny out 465", true, "+ deny out 465/tcp");
        assert_int_equal(n_cut, 1);
        settle(250000);
        assert_int_equal(n_cut, 2);
        assert_int_equal(backend_memory_count(backend, 2, 5, 300), 0);
        assert_int_equal(backend_memory_count(backend, 2, 1, 60), 0);
        assert_int_equal(manager_report(manager, &report), 0);
        assert_int_equal(report.n_rules, 4);
        assert_int_equal(report.rules[0].rule->id, 1);
        assert_int_equal(report.rules[0].position, 1);
        assert_int_equal(report.rules[1].position, 2);
        assert_int_equal(report.rules[1].packets, 6);
        assert_int_equal(report.rules[1].bytes, 360);
        assert_int_equal(report.rules[2].rule->source, SOURCE_CONF);
        assert_int_equal(report.rules[2].position, 0);
        assert_int_equal(report.rules[3].rule->source, SOURCE_ROLE);
        assert_int_equal(report.revision, 2);
        assert_int_equal(report.defaults[DIRECTION_OUT], ACTION_REJECT);
        assert_int_equal(report.defaults[DIRECTION_ROUTED], ACTION_ALLOW);

        backend_memory_repair(backend, 77, "nft");
        assert_int_equal(n_repaired, 1);
        assert_int_equal(manager_repairs(manager), 1);
        expect_warning("nft[77]");

        write_text("etc/p25/p25.conf", "enabled = true;\nkeep_established = true;\n");
        do_reload(true, "- role closed\n+ keep_established\n"
                        "- allow from @file to any port 25 (p25.conf)\n- set file 1 entry");
        settle(250000);
        assert_int_equal(n_cut, 2);
}

/* Counters that were read for a report are a worker's too: reading them may take long. */
static void test_counters_of_workers(void **state)
{
        _cleanup_(report_deinit) Report before = { 0 }, in_worker = { 0 };

        (void)state;
        write_text("etc/p25/p25.conf", conf);
        start();
        manager_prepare_worker(manager);
        assert_int_equal(backend_memory_calls(backend, MEMORY_COUNTERS), 1);
        settle(1100000);
        do_words("deny in 465", true, "+ deny 465/tcp");
        assert_int_equal(backend_memory_count(backend, 2, 5, 300), 0);
        assert_int_equal(manager_report(manager, &before), 0);
        manager_prepare_worker(manager);
        assert_int_equal(backend_memory_calls(backend, MEMORY_COUNTERS), 2);
        manager_enter_worker(manager);
        assert_int_equal(manager_report(manager, &in_worker), 0);
        assert_int_equal(in_worker.n_rules, before.n_rules);
        for (size_t i = 0; i < before.n_rules; i++)
                assert_int_equal(in_worker.rules[i].packets, before.rules[i].packets);
        assert_int_equal(backend_memory_calls(backend, MEMORY_COUNTERS), 2);
}

/* A user who does it again and again, until it stops; and one who cannot be answered. */
static void test_alerts(void **state)
{
        _cleanup_free_ char *text = NULL;

        (void)state;
        write_text("etc/p25/p25.conf", conf);
        start();
        alerts[0] = '\0';
        backend_memory_peace(backend, PEACE_FIGHT, 77, "nft");
        assert_string_equal(alerts,
                "fight 77 nft: nft[77] keeps changing the kernel's rules: they are put back each "
                "time, at most 20 times a second, and connections made in between are cut\n");
        expect_warning("nft[77] keeps changing the kernel's rules");
        assert_int_equal(n_repaired, 0);
        backend_memory_repair(backend, 78, "nft");
        assert_int_equal(n_repaired, 1);
        expect_warning("nft[78] keeps changing the kernel's rules");
        alerts[0] = '\0';
        backend_memory_peace(backend, PEACE_BROKEN, 0, NULL);
        assert_string_equal(alerts,
                "broken 0 : another process changed the kernel's rules and they cannot be put "
                "back: the policy is not in force; it is tried every few seconds\n");
        expect_warning("the policy is not in force");
        alerts[0] = '\0';
        backend_memory_peace(backend, PEACE_KEPT, 0, NULL);
        assert_string_equal(
                alerts, "peace 0 : no other process changes the kernel's rules any more\n");
        assert_int_equal(manager_peace_text(manager, &text), 0);
        assert_null(text);
        assert_int_equal(manager_repairs(manager), 1);
}

static void test_notes(void **state)
{
        _cleanup_(report_deinit) Report report = { 0 };

        (void)state;
        write_text("etc/p25/p25.conf",
                "enabled = true;\nroles = ( \"closed\" );\ndefault = { incoming = \"allow\"; };\n"
                "logging = \"off\";\n");
        start();
        step_done(&(Step){ set_role_open, "+ role open", ERROR_NONE, false }, false);
        step_done(&(Step){ default_in, "- default incoming allow\n+ default incoming reject",
                          ERROR_NONE, false },
                false);
        step_done(
                &(Step){ logging_high, "- logging off\n+ logging high", ERROR_NONE, false }, false);
        assert_int_equal(manager_report(manager, &report), 0);
        for (size_t i = 0; i < 3; i++) {
                static const char *const expected[] = {
                        "'p25ctl role set open closed' overrides roles = closed in p25.conf "
                        "('p25ctl reset' undoes this)",
                        "'p25ctl default reject incoming' overrides default.incoming = allow in "
                        "p25.conf ('p25ctl reset' undoes this)",
                        "'p25ctl logging high' overrides logging = off in p25.conf ('p25ctl reset' "
                        "undoes this)"
                };
                bool found = false;

                STRV_FOREACH (note, report.notes)
                        found = found || streq(*note, expected[i]);
                assert_true(found);
        }
}

static void check_text(const char *text, size_t n_errors, unsigned line)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };

        assert_int_equal(manager_check(manager, text, strlen(text), &d), 0);
        if (d.n_errors != n_errors)
                for (size_t i = 0; i < d.n; i++)
                        print_message("%u: %s\n", d.items[i].line, d.items[i].text);
        assert_int_equal(d.n_errors, n_errors);
        if (n_errors > 0)
                assert_int_equal(d.items[0].line, line);
}

static void test_check(void **state)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };

        (void)state;
        write_text("etc/p25/p25.conf", conf);
        write_text("etc/secret", "root:secret\n");
        start();
        check_text(conf, 0, 0);
        check_text("enabled = true;\nroles = ( \"nowhere\" );\n", 1, 2);
        check_text("rules = ( { action = \"allow\"; direction = \"in\"; from = [ \"@file\" ]; } );",
                0, 0);
        check_text("rules = ( { action = \"allow\"; direction = \"in\"; from = [ \"@no\" ]; } );",
                1, 1);
        check_text("role = { name = \"closed\"; summary = \"x\"; };", 0, 0);
        check_text("role = { name = \"new\";\n wrong = 1; };", 1, 2);
        /* files are not opened for whoever asks */
        check_text("enabled = true;\nsets = { s = { file = \"/etc/secret\"; }; };\n"
                   "rules = ( { action = \"deny\"; direction = \"in\"; from = [ \"@s\" ]; } );",
                0, 0);
        /* what is in force may be checked again */
        step_done(&(Step){ put_fragment, "+ fragment web\n+ deny out 25/tcp (fragment web)",
                          ERROR_NONE, false },
                false);
        check_text("sets = { own = { entries = [ \"10.0.0.1\" ]; }; };", 0, 0);
        assert_int_equal(
                put_text("sets = { own = { entries = [ \"10.0.0.1\" ]; }; };", &no_options, &r), 0);
        check_text("sets = { own = { entries = [ \"10.0.0.1\" ]; }; };", 0, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(test_edited),
                TEST(test_reload_without_conf),
                TEST(test_reload),
                TEST(test_last_good),
                TEST(test_failsafe),
                TEST(test_failsafe_files),
                TEST(test_failsafe_ends),
                TEST(test_damaged_state),
                TEST(test_start_without_rights),
                TEST(test_start_after_kill),
                TEST(test_users_come_and_go),
                TEST(test_users_without_inotify),
                TEST(test_name_service),
                TEST(test_counters_and_cuts),
                TEST(test_counters_of_workers),
                TEST(test_alerts),
                TEST(test_notes),
                TEST(test_check),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
