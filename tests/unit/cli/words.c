/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * p25ctl's tables, walked whole; its options; and a rule's way into a D-Bus message and out of it.
 */

#include "rules/words/words.h"
#include "cli/client/client.h"
#include "cli/console/options.h"
#include "cli/console/printable.h"
#include "cli/verbs.h"
#include "daemon/api/api.h"
#include "daemon/api/errors.h"
#include "daemon/api/rule_document.h"
#include "rules/base/buffer.h"
#include "rules/base/json.h"
#include "rules/base/strv.h"
#include "rules/policy/rule.h"
#include "rules/report/report.h"
#include "tests/lib/shell_words.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
/* cmocka wants setjmp.h and stdarg.h first */
#include <cmocka.h>

/* ---- verbs ---- */

static void test_verbs(void **state)
{
        (void)state;
        for (const Verb *v = verbs; v->name; v++) {
                _cleanup_strv_ char **words = NULL;
                size_t n = 0;

                assert_int_equal(shell_words_split(v->name, &words), 0);
                assert_ptr_equal(verb_find(words, &n), v);
                assert_int_equal(n, strv_length(words));
                assert_true(v->min <= v->max);
                assert_non_null(v->run);
                assert_non_null(v->help);
                assert_true(strlen(v->help) < 60);
        }
}

/* Every command of the manual. */
static void test_verbs_complete(void **state)
{
        static const char *const lines[] = { "enable", "disable", "reload", "reset", "lockdown",
                "default", "logging", "status", "show added", "show raw", "show listening", "rule",
                "route", "delete", "insert", "prepend", "allow", "deny", "reject", "limit",
                "role list", "role show", "role set", "role add", "role remove", "role suggest",
                "set list", "set show", "set load", "set add", "set remove", "set drop", "set feed",
                "fragment list", "fragment show", "fragment put", "fragment drop", "check",
                "compile", "test", "plan", "confirm", "history", "diff", "rollback", "explain",
                "stats", "top", "events", "doctor", "version", "help" };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(lines); i++) {
                _cleanup_strv_ char **words = NULL;
                size_t n;

                assert_int_equal(shell_words_split(lines[i], &words), 0);
                if (!verb_find(words, &n))
                        fail_msg("%s: no such verb", lines[i]);
        }
}

static void test_verb_find(void **state)
{
        char *role[] = { (char *)"role", NULL },
             *lists[] = { (char *)"role", (char *)"lists", NULL };
        char *upper[] = { (char *)"ROLE", (char *)"List", NULL }, *empty[] = { (char *)"", NULL };
        size_t n;

        (void)state;
        assert_null(verb_find(role, &n));
        assert_null(verb_find(lists, &n));
        assert_null(verb_find(empty, &n));
        assert_string_equal(verb_find(upper, &n)->name, "role list");
}

/* ---- options ---- */

/* The texts of errors are not compared here. */
static int stderr_saved = -1;

static int stderr_silence(void **state)
{
        int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

        (void)state;
        fflush(stderr);
        stderr_saved = dup(STDERR_FILENO);
        if (null < 0 || stderr_saved < 0 || dup2(null, STDERR_FILENO) < 0)
                return -1;
        close(null);
        return 0;
}

static int stderr_restore(void **state)
{
        (void)state;
        if (dup2(stderr_saved, STDERR_FILENO) < 0)
                return -1;
        close(stderr_saved);
        return 0;
}

static int parse(const char *line, Cli *c, char ***ret_words, char ***ret_argv)
{
        _cleanup_strv_ char **argv = NULL;
        int status;

        assert_int_equal(shell_words_split(line, &argv), 0);
        status = options_parse(c, (int)strv_length(argv), argv, ret_words);
        *ret_argv = TAKE_PTR(argv);
        return status;
}

static void expect_words(const char *line, const char *wanted)
{
        _cleanup_(cli_deinit) Cli c = { 0 };
        _cleanup_strv_ char **argv = NULL;
        _cleanup_free_ char **words = NULL;
        _cleanup_buffer_ Buffer b = { 0 };

        assert_int_equal(parse(line, &c, &words, &argv), 0);
        for (char **word = words; *word; word++)
                buffer_printf(&b, "%s|", *word);
        assert_string_equal(b.data, wanted);
}

static void test_options_place(void **state)
{
        (void)state;
        expect_words("p25ctl --json status", "status|");
        expect_words("p25ctl status --json verbose", "status|verbose|");
        expect_words("p25ctl -qf --root /x status", "status|");
        expect_words("p25ctl deny comment --json", "deny|comment|--json|");
        expect_words("p25ctl deny COMMENT -q --quiet", "deny|COMMENT|-q|");
        expect_words("p25ctl set load x -", "set|load|x|-|");
        expect_words("p25ctl insert -1 deny", "insert|-1|deny|");
        expect_words("p25ctl -- deny --json", "deny|--json|");
        expect_words("p25ctl compile -4 x", "compile|x|");
}

static void test_options_values(void **state)
{
        _cleanup_(cli_deinit) Cli c = { 0 };
        _cleanup_strv_ char **argv = NULL;
        _cleanup_free_ char **words = NULL;

        (void)state;
        assert_int_equal(parse("p25ctl -q --root=/x --expect 18446744073709551615 -H me@there "
                               "--reason 'because so' --dry-run status",
                                 &c, &words, &argv),
                0);
        assert_true(c.quiet && c.dry_run && !c.json && !c.force);
        assert_string_equal(c.root, "/x");
        assert_string_equal(c.host, "me@there");
        assert_string_equal(c.reason, "because so");
        assert_true(c.expected_revision == UINT64_MAX);
}

static void test_options_refused(void **state)
{
        static const char *const lines[] = { "p25ctl --nosuch", "p25ctl -x", "p25ctl --root",
                "p25ctl -H", "p25ctl --json=1", "p25ctl --expect 1x", "p25ctl --expect ''",
                "p25ctl --expect 18446744073709551616", "p25ctl --expect ' 1'",
                "p25ctl --reason '\001'", "p25ctl --confirm", "p25ctl --confirm 0s",
                "p25ctl --confirm 60", "p25ctl --confirm 367d", "p25ctl --confirm -1s",
                "p25ctl --j" };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(lines); i++) {
                _cleanup_(cli_deinit) Cli c = { 0 };
                _cleanup_strv_ char **argv = NULL;
                _cleanup_free_ char **words = NULL;

                if (parse(lines[i], &c, &words, &argv) != EXIT_BAD_INPUT)
                        fail_msg("%s: is taken", lines[i]);
                assert_int_equal(json_array_length(c.errors), 1);
        }
}

static void test_options_table(void **state)
{
        (void)state;
        for (const Option *a = options; a->name; a++) {
                assert_non_null(a->help);
                for (const Option *b = a + 1; b->name; b++) {
                        assert_string_not_equal(a->name, b->name);
                        assert_true(a->letter == '\0' || a->letter != b->letter);
                        assert_true(a->place != b->place);
                }
        }
}

/* ---- errors ---- */

static void test_errors(void **state)
{
        (void)state;
        for (ErrorKind k = ERROR_NONE + 1; k < _ERROR_MAX; k++)
                assert_int_equal(client_error_status(error_kind_to_bus_name(k)),
                        error_kind_to_exit_status(k));
        assert_int_equal(client_error_status(BUS_ERROR_STALE_REVISION), EXIT_STALE);
        assert_int_equal(client_error_status(BUS_ERROR_ACCESS_DENIED), EXIT_NOT_AUTHORISED);
        assert_int_equal(client_error_status(BUS_ERROR_BACKEND_FAILED), EXIT_KERNEL_REFUSED);
        assert_int_equal(client_error_status(BUS_ERROR_NO_SUCH_RULE), EXIT_BAD_INPUT);
        assert_int_equal(client_error_status("org.freedesktop.DBus.Error.ServiceUnknown"),
                EXIT_NOT_REACHABLE);
        assert_int_equal(
                client_error_status("org.freedesktop.DBus.Error.NoReply"), EXIT_NOT_REACHABLE);
        assert_int_equal(client_error_status("org.freedesktop.DBus.Error.Spawn.ChildExited"),
                EXIT_NOT_REACHABLE);
        assert_int_equal(
                client_error_status("org.freedesktop.systemd1.UnitMasked"), EXIT_NOT_REACHABLE);
        assert_int_equal(client_error_status("com.example.Error"), EXIT_FAILED);
}

/* ---- rules as messages ---- */

typedef struct Line {
        sd_bus *bus;
        int peer;
} Line;

static int line_open(void **state)
{
        Line *line = calloc(1, sizeof(Line));
        int fds[2];

        if (!line || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0 ||
                sd_bus_new(&line->bus) < 0 || sd_bus_set_fd(line->bus, fds[0], fds[0]) < 0 ||
                sd_bus_start(line->bus) < 0)
                return -1;
        line->peer = fds[1];
        *state = line;
        return 0;
}

static int line_close(void **state)
{
        Line *line = *state;

        sd_bus_close_unref(line->bus);
        close(line->peer);
        free(line);
        return 0;
}

/* The message as p25d would read it, and as JSON that rule_from_json() takes. */
static void expect_same_rule(sd_bus *bus, const Rule *rule)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        _cleanup_(json_free_p) Json *j = NULL;
        ReportRule again = { 0 };

        assert_true(sd_bus_message_new_method_call(
                            bus, &m, BUS_NAME, BUS_PATH, BUS_INTERFACE, "AddRule") >= 0);
        assert_true(rule_document_append(m, rule, 0) >= 0);
        assert_true(sd_bus_message_seal(m, 1, 0) >= 0);
        assert_string_equal(sd_bus_message_get_signature(m, true), "a{sv}");
        assert_true(sd_bus_message_rewind(m, true) >= 0);
        assert_int_equal(client_read_dict(m, &j), 0);
        json_set(j, "source", json_new_string("p25ctl")); /* which p25d adds */
        assert_int_equal(rule_from_json(j, &again), 0);
        assert_true(rule_same_match(rule, again.rule));
        assert_true(rule_equal(rule, again.rule));
        rule_unref(again.rule);
}

static void test_rule_message(void **state)
{
        static const char *const lines[] = { "deny", "deny out", "allow 25,587",
                ("allow in on eth0 log from 10.0.0.0/8,2001:db8::/32,@partners to 192.0.2.1 port "
                 "465"),
                "limit rate 30/hour burst 7 max 9", "limit max 3",
                "allow out to 203.0.113.7 user postfix,1000 group mail unit postfix.service",
                "route reject in on a out on b from 10.0.0.1 comment 'für alle'" };
        Line *line = *state;

        for (size_t i = 0; i < ELEMENTS(lines); i++) {
                _cleanup_strv_ char **words = NULL;
                RuleWords w;

                assert_int_equal(shell_words_split(lines[i], &words), 0);
                assert_int_equal(rule_words_parse(words, NULL, &w), 0);
                expect_same_rule(line->bus, w.rules[0]);
                rule_words_deinit(&w);
        }
}

static void assert_cleaned(void (*clean)(char *), const char *text, const char *expected)
{
        char copy[128];

        snprintf(copy, sizeof(copy), "%s", text);
        clean(copy);
        assert_string_equal(copy, expected);
}

static void test_printable(void **state)
{
        (void)state;
        assert_cleaned(printable_line, "grüße 中 @set", "grüße 中 @set");
        assert_cleaned(printable_line, "a\x1b[2J\nb\tc\rd\x7f", "a?[2J?b?c?d?");
        assert_cleaned(printable_line,
                "\xc2\x9b"
                "2J \xe2\x80\xa8",
                "?2J ?");
        assert_cleaned(printable_line,
                "\xe2\x80\xae"
                "abc\xe2\x81\xa9\xd8\x9c",
                "?abc??");
        assert_cleaned(printable_line, "\xff\xc3", "??");
        assert_cleaned(printable_text, "a\n\tb\r\nc\rd\x1b\n", "a\n\tb\r\nc?d?\n");
        assert_cleaned(printable_json, "\"\\u001b\\u009B\\n\\t\\u202e\"", "\"?????\"");
        assert_cleaned(printable_json, "\"\\\\n\\\"\\u00e9\\/\"", "\"\\\\n\\\"\\u00e9\\/\"");
        assert_cleaned(printable_json, "\"\\u00", "\"\\u00");
        assert_cleaned(printable_json, "\"\\", "\"\\");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_verbs),
                cmocka_unit_test(test_printable),
                cmocka_unit_test(test_verbs_complete),
                cmocka_unit_test(test_verb_find),
                cmocka_unit_test(test_options_place),
                cmocka_unit_test(test_options_values),
                cmocka_unit_test_setup_teardown(
                        test_options_refused, stderr_silence, stderr_restore),
                cmocka_unit_test(test_options_table),
                cmocka_unit_test(test_errors),
                cmocka_unit_test_setup_teardown(test_rule_message, line_open, line_close),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
