/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Properties that the golden files of policy.c cannot show: places and sources in the model,
 * limits, texts that are not NUL-terminated, kinds of documents, and that a hostile text costs no
 * more than its length. Their messages are in tests/golden-fail/policy.
 */

#include "rules/config/parse.h"
#include "rules/address/prefixset.h"
#include "rules/base/buffer.h"
#include "rules/base/strv.h"
#include "rules/config/guard.h"
#include "rules/config/lexer.h"
#include "rules/policy/assertion.h"
#include "rules/policy/fragment.h"
#include "rules/policy/hostconf.h"
#include "rules/policy/role.h"
#include "rules/policy/rule.h"
#include "rules/policy/valid.h"
#include "tests/lib/sanitized.h"

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
/* cmocka wants the four above first */
#include <cmocka.h>

#define _cleanup_host_ _cleanup_(host_conf_unref_p)
#define _cleanup_fragment_ _cleanup_(fragment_unref_p)

/* ---- help ---- */

static HostConf *host(const char *text)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        HostConf *h = NULL;

        if (parse_host(text, strlen(text), "p25.conf", &d, &h) < 0)
                fail_msg("%u: %s", d.items[0].line, d.items[0].text);
        return h;
}

static void expect_error(const char *text, unsigned line, const char *error)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_host_ HostConf *h = NULL;

        if (parse_host(text, strlen(text), "p25.conf", &d, &h) != -EINVAL)
                fail_msg("taken: %.100s", text);
        assert_null(h);
        assert_int_equal(d.n_errors, 1);
        if (!strstr(d.items[0].text, error))
                fail_msg("%.100s: \"%s\", not \"%s\"", text, d.items[0].text, error);
        assert_int_equal(d.items[0].line, line);
}

/* before, n times item (with its number, where it has a place for it), after. */
typedef struct Repeat {
        const char *before, *item, *after;
        size_t n;
} Repeat;

static char *repeat(Repeat r)
{
        _cleanup_buffer_ Buffer b = { 0 };
        const char *number = strchr(r.item, '~');
        char *text;

        buffer_add_string(&b, r.before);
        for (size_t i = 0; i < r.n; i++) {
                if (!number) {
                        buffer_add_string(&b, r.item);
                        continue;
                }
                buffer_add(&b, r.item, (size_t)(number - r.item));
                buffer_printf(&b, "%zu%s", i, number + 1);
        }
        buffer_add_string(&b, r.after);
        assert_int_equal(buffer_take(&b, &text), 0);
        return text;
}

/* ---- places and sources ---- */

static void test_places(_unused_ void **state)
{
        _cleanup_host_ HostConf *h = host("# p25.conf\n"
                                          "enabled = true;\n"
                                          "roles =\n"
                                          "  ( \"mx\" );\n"
                                          "vars = { a = \"x\";\n"
                                          "         b = [\n"
                                          "\"y\" ]; };\n"
                                          "sets = { s = { file = \"/s\"; };\n"
                                          "  t = { entries = \"::1\"; }; };\n"
                                          "rules = ( { action = \"deny\"; },\n"
                                          "\n"
                                          "  { action = \"allow\";\n"
                                          "    comment = \"two\" /*\n"
                                          "*/ \" lines\"; } );\n"
                                          "assert = (\n"
                                          "  { packet = \"in\"; verdict = \"deny\"; } );\n");
        const Fragment *f = h->common;

        assert_string_equal(f->file, "p25.conf");
        assert_null(f->name);
        assert_int_equal(h->roles_line, 3);
        assert_int_equal(f->vars.items[0].line, 5);
        assert_string_equal(f->vars.items[0].file, "p25.conf");
        assert_int_equal(f->vars.items[1].line, 6);
        assert_int_equal(f->sets.items[0].line, 8);
        assert_string_equal(f->sets.items[0].file, "p25.conf");
        assert_int_equal(f->sets.items[1].line, 9);
        assert_int_equal(f->rules.items[0]->line, 10);
        assert_string_equal(f->rules.items[0]->file, "p25.conf");
        assert_int_equal(f->rules.items[0]->source, SOURCE_CONF);
        assert_null(f->rules.items[0]->source_name);
        assert_int_equal(f->rules.items[1]->line, 12);
        assert_string_equal(f->rules.items[1]->comment, "two lines");
        assert_int_equal(f->assertions.items[0].line, 16);
        assert_string_equal(f->assertions.items[0].file, "p25.conf");
}

static void test_sources(_unused_ void **state)
{
        static const char fragment[] = "rules = ( { action = \"deny\"; } );";
        static const char role[] = "role = { rules = ( { action = \"deny\"; } );\n"
                                   "vars = {\n v = { type = \"users\"; }; }; name = \"late\"; };";
        _cleanup_fragment_ Fragment *f = NULL, *bus = NULL;
        _cleanup_(role_unref_p) Role *r = NULL;

        assert_int_equal(parse_fragment(fragment, strlen(fragment), "n", "n.conf", NULL, &f), 0);
        assert_string_equal(f->name, "n");
        assert_string_equal(f->file, "n.conf");
        assert_null(f->text);
        assert_int_equal(f->rules.items[0]->source, SOURCE_FRAGMENT);
        assert_string_equal(f->rules.items[0]->source_name, "n");
        assert_string_equal(f->rules.items[0]->file, "n.conf");
        assert_int_equal(f->rules.items[0]->id >> 47, 1);

        assert_int_equal(parse_fragment(fragment, strlen(fragment), "n", NULL, NULL, &bus), 0);
        assert_null(bus->file);
        assert_null(bus->rules.items[0]->file);
        assert_int_equal(bus->rules.items[0]->line, 1);

        assert_int_equal(parse_role(role, strlen(role), "r.conf", NULL, &r), 0);
        assert_int_equal(r->rules.items[0]->source, SOURCE_ROLE);
        assert_string_equal(r->rules.items[0]->source_name, "late");
        assert_string_equal(r->file, "r.conf");
        assert_int_equal(r->vars[0].line, 3);
        assert_false(r->shipped);
}

/* ---- tokens ---- */

static void test_exact_integers(_unused_ void **state)
{
        static const struct {
                const char *token;
                LexerInteger value;
        } tests[] = {
                { "0", { 0 } }, { "25", { .value = 25 } }, { "+25", { .value = 25 } },
                { "-25", { .value = -25 } }, { "0x19", { .value = 25 } },
                { "0XfF", { .value = 255 } }, { "25L", { .value = 25, .is_long = true } },
                { "0x19LL", { .value = 25, .is_long = true } },
                { "4294967321", { .value = 4294967321 } },
                { "9223372036854775807", { .value = INT64_MAX } },
                { "9223372036854775808", { .overflow = true } },
                { "-9223372036854775808", { .value = INT64_MIN } },
                { "-9223372036854775809", { .overflow = true } },
                { "0x7fffffffffffffff", { .value = INT64_MAX } },
                { "0x8000000000000000", { .overflow = true } },
                { "18446744073709551641", { .overflow = true } },
                { "99999999999999999999999999", { .overflow = true } },
                { "-0x5", { 0 } }, /* the number ends before the x */
        };

        for (size_t i = 0; i < ELEMENTS(tests); i++) {
                LexerInteger value = lexer_integer(tests[i].token);

                if (value.overflow != tests[i].value.overflow ||
                        value.is_long != tests[i].value.is_long ||
                        (!value.overflow && value.value != tests[i].value.value))
                        fail_msg("%s: %" PRId64, tests[i].token, value.value);
        }
}

static void test_tokens(_unused_ void **state)
{
        /* n name, b bool, s string, i integer, f float, = , ; { } as they are, ? other, ! error */
        static const struct {
                const char *text, *tokens;
        } tests[] = {
                { "", "" },
                { " \t\r\n\f", "" },
                { "a=1", "n=i" },
                { "a-b_c*9:TRUE;falsely", "n=b;n" },
                { "1 1.5 .5 5. 1e5 +1E-5 1e 0x 0x1g -0x5", "ifffffinininin" },
                { "25L 25LL 25LLL 0x1L 1.5L", "iiinifn" },
                { "\"a\" \"\\\"\" \"\\\\\" \"\\q\\x4\"", "ssss" },
                { "\"a\nb\"", "!" },
                { "# x\n// y\n/* z */ /**/ /***/ a /* \" */ b", "nn" },
                { "#x\ra", "" },
                { "a#b", "n" },
                { "a/b", "n?n" },
                { "\"# no comment\" \"/* nor */\"", "ss" },
                { "{}[]()", "{}{}{}" },
                { "@include \"x\"", "?ns" },
                { "\v_", "??" },
                { "+ - .", "??f" },
                { "\"", "!" },
                { "\"\\\"", "!" },
                { "/* *", "!" },
                { "/*/", "!" },
                { "\"\\x00\"", "!" },
                { "\"\\X00\"", "!" },
                { "\"\\\\x00\"", "s" },
        };
        static const char letters[] = {
                [TOKEN_NAME] = 'n',
                [TOKEN_BOOL] = 'b',
                [TOKEN_STRING] = 's',
                [TOKEN_INTEGER] = 'i',
                [TOKEN_FLOAT] = 'f',
                [TOKEN_ASSIGN] = '=',
                [TOKEN_COMMA] = ',',
                [TOKEN_SEMICOLON] = ';',
                [TOKEN_OPEN] = '{',
                [TOKEN_CLOSE] = '}',
                [TOKEN_OTHER] = '?',
                [TOKEN_ERROR] = '!',
        };

        for (size_t i = 0; i < ELEMENTS(tests); i++) {
                char found[64] = "";
                size_t n = 0;
                Lexer l;

                lexer_init(&l, tests[i].text);
                for (Token t = lexer_next(&l); t != TOKEN_END; t = lexer_next(&l)) {
                        found[n++] = letters[t];
                        if (t == TOKEN_ERROR)
                                break;
                }
                if (!streq(found, tests[i].tokens))
                        fail_msg("%s: %s, not %s", tests[i].text, found, tests[i].tokens);
        }
}

static void test_values(_unused_ void **state)
{
        _cleanup_host_ HostConf *h =
                host("rules = ( { action = \"limit\"; burst = 0x10; max = +7;\n"
                     "rate = \"5/hour\";\n"
                     "comment = \"\\x41\\\\\\\"\\q\"; log = TRUE } );\n"
                     "mail_ports = [ 8025, 25, 0x1f91 ];\n"
                     "vars = { v = [ 33, \"33\", 0x21 ]; e = ( ); };");
        const Rule *r = h->common->rules.items[0];

        assert_int_equal(r->limit.burst, 16);
        assert_int_equal(r->limit.open, 7);
        assert_int_equal(r->limit.rate, 5);
        assert_int_equal(r->limit.unit_sec, 3600);
        assert_string_equal(r->comment, "A\\\"\\q");
        assert_true(r->log);
        /* the four are mail ports in any case */
        assert_int_equal(h->mail_ports.n, 2);
        assert_int_equal(h->mail_ports.items[0], 8025);
        assert_int_equal(h->mail_ports.items[1], 8081);
        assert_int_equal(strv_length(h->common->vars.items[0].value), 3);
        assert_string_equal(h->common->vars.items[0].value[2], "33");
        assert_null(h->common->vars.items[1].value);
        /* what is not said */
        assert_int_equal(h->enabled, -1);
        assert_int_equal(h->logging, _LOGGING_INVALID);
        assert_int_equal(h->backend, BACKEND_AUTO);
        assert_int_equal(h->defaults.of[DIRECTION_OUT], _ACTION_INVALID);
}

/* As p25ctl takes them. */
static void test_logging_full(_unused_ void **state)
{
        _cleanup_host_ HostConf *full = host("logging = \"full\";");
        _cleanup_host_ HostConf *high = host("logging = \"high\";");

        assert_int_equal(full->logging, LOGGING_HIGH);
        assert_int_equal(high->logging, LOGGING_HIGH);
}

/* ---- texts ---- */

static void test_not_terminated(_unused_ void **state)
{
        static const char text[] = "enabled = true; # x";
        _cleanup_host_ HostConf *h = NULL, *empty = NULL;
        char *exact = malloc(strlen(text));

        assert_non_null(exact);
        memcpy(exact, text, strlen(text));
        assert_int_equal(parse_host(exact, strlen(text), "f", NULL, &h), 0);
        assert_int_equal(h->enabled, 1);
        assert_int_equal(document_kind(exact, strlen(text)), DOCUMENT_HOST);
        free(exact);
        assert_int_equal(parse_host(NULL, 0, NULL, NULL, &empty), 0);
        assert_int_equal(document_kind(NULL, 0), DOCUMENT_HOST);
}

static void test_without_diagnostics(_unused_ void **state)
{
        static const char *const texts[] = { "a", "a = 1;", "a = ", "\"", "\xff",
                "rules = ( { } );", "rules = ( { action = \"allow\"; user = \"x\"; } );" };
        HostConf *h = NULL;

        for (size_t i = 0; i < ELEMENTS(texts); i++) {
                assert_int_equal(parse_host(texts[i], strlen(texts[i]), NULL, NULL, &h), -EINVAL);
                assert_null(h);
        }
}

/* Every beginning of a good text is good or refused at a line of its own, and never crashes. */
static void test_truncated(_unused_ void **state)
{
        static const char text[] =
                "enabled = true; /* x */\nroles = ( \"mx\" );\nvars = { a = [ \"x\\\"y\" ]; };\n"
                "sets = { s = { entries = [ \"10.0.0.0/8\", \"::1\" ]; }; };\n"
                "rules = ( { action = \"limit\"; rate = \"5/hour\"; burst = 0x10; },\n"
                "  { action = \"deny\"; from = [ \"@s\" ]; ports = [ \"smtp\", 587 ]; } );\n";
        size_t n_good = 0;

        for (size_t n = 0; n < strlen(text); n++) {
                _cleanup_diagnostics_ Diagnostics d = { 0 };
                _cleanup_host_ HostConf *h = NULL;
                int r = parse_host(text, n, "f", &d, &h);

                assert_true(r == 0 || (r == -EINVAL && d.n_errors > 0));
                for (size_t i = 0; i < d.n; i++)
                        assert_in_range(d.items[i].line, 1, 6);
                n_good += r == 0;
        }
        /* between the settings, and no more */
        assert_in_range(n_good, 10, 40);
}

/* Any one byte of a good text changed: good or refused, never worse. */
static void test_damaged(_unused_ void **state)
{
        static const char text[] =
                "rules = ( { action = \"limit\"; rate = \"5/hour\"; max = 0x10; },\n"
                "  { action = \"deny\"; from = [ \"@s\", \"10.0.0.0/8\" ]; } );\n";
        char copy[sizeof(text)];

        for (size_t i = 0; i < strlen(text); i++)
                for (int c = 0; c < 256; c++) {
                        _cleanup_fragment_ Fragment *f = NULL;
                        int r;

                        memcpy(copy, text, sizeof(text));
                        copy[i] = (char)c;
                        r = parse_fragment(copy, strlen(text), "x", "f", NULL, &f);
                        assert_true(r == 0 || r == -EINVAL);
                }
}

/* ---- limits ---- */

static void expect_limit(Repeat good, const char *error)
{
        Repeat bad = good;
        _cleanup_free_ char *text = repeat(good), *more = NULL;

        host_conf_unref(host(text));
        bad.n++;
        more = repeat(bad);
        expect_error(more, 1, error);
}

static void test_limits(_unused_ void **state)
{
        expect_limit((Repeat){ "rules = ( { action = \"deny\"; from = [ \"::\"", ",\"::1\"",
                             "]; } );", RULE_ADDRESSES_MAX - 1 },
                "a rule can have at most 10000 addresses; put them into a set and write @NAME");
        expect_limit((Repeat){ "rules = ( { action = \"deny\"; to = \"::\"; from = [ \"::\"",
                             ",\"::1\"", "]; } );", RULE_ADDRESSES_MAX - 2 },
                "a rule can have at most 10000 addresses; put them into a set and write @NAME");
        expect_limit((Repeat){ "rules = ( { action = \"deny\"; }", ",{action=\"deny\";}", " );",
                             POLICY_RULES_MAX - 1 },
                "rules: 100001 rules; a policy can hold at most 100000");
        /* libconfig grows its lists by 16 pointers */
        if (!SANITIZED)
                expect_limit((Repeat){ "sets = { x = { entries = [ \"::\"", ",\"::\"", " ]; }; };",
                                     PREFIX_SET_MAX - 1 },
                        "sets.x.entries: 2000001 entries; a set can hold at most 2000000");
        expect_limit((Repeat){ "vars = { ", "v~=\"x\";", " };", GUARD_GROUP_MAX },
                "more than 10000 settings in one group");
        expect_limit((Repeat){ "rules = ( { action = \"deny\"; comment = \"", "x", "\"; } );",
                             COMMENT_MAX },
                "a comment must be at most 200 bytes");
        expect_limit((Repeat){ "vars = { ", "v", " = \"x\"; };", NAME_MAX_LENGTH },
                "at most 64 are allowed");
        expect_limit((Repeat){ "roles = \"", "r", "\";", NAME_MAX_LENGTH }, "is not a valid name");
        expect_limit((Repeat){ "mail_ports = [ 1", ", 80~", " ];", PORTS_MAX - 5 },
                "mail_ports[60]: more than 64 mail ports");
}

static void test_text_limit(_unused_ void **state)
{
        _cleanup_free_ char *text = malloc(POLICY_TEXT_MAX + 1);
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_host_ HostConf *h = NULL;

        assert_non_null(text);
        memset(text, '#', POLICY_TEXT_MAX + 1);
        assert_int_equal(parse_host(text, POLICY_TEXT_MAX, "f", &d, &h), 0);
        host_conf_unref(TAKE_PTR(h));
        assert_int_equal(parse_host(text, POLICY_TEXT_MAX + 1, "f", &d, &h), -EINVAL);
        assert_true(strstr(d.items[0].text, "larger than 16 MiB") != NULL);
        assert_int_equal(document_kind(text, POLICY_TEXT_MAX + 1), DOCUMENT_HOST);
}

/* 16 MiB of whatever libconfig or p25 might take the square of. */
static void test_hostile(_unused_ void **state)
{
        static const Repeat texts[] = {
                { "a = ", "(", "", 16000000 },
                { "", "{", "", 16000000 },
                { "", "a~=1;", "", 1000000 },
                { "a = ( ", "{b=1;c=2;d=3;},", "", 1000000 },
                { "rules = ( { } ", ",{}", " );", 2000000 },
                { "vars = { a = [ 1", ",1", " ]; }; x = 1;", 2100000 },
                { "vars = { a = [ 1", ",1", " ]; }; x = 1;", 8000000 },
                { "vars = { a = \"", "\\x41", "\"; };", 4000000 },
                { "vars = { a = \"\"", "\"\" ", "; }; x = 1;", 5000000 },
                { "vars = { a = ", "1", "; };", 16000000 },
                { "", "a", " = 1;", 16000000 },
                { "a = \"", "x", "", 16000000 },
                { "/*", "*", "", 16000000 },
                { "", "\n", "a", 16000000 },
                { "", ";", "", 16000000 },
                { "roles = ( \"x\"", ",\"r~\"", ",\"x\" );", 1000000 },
                { "sets = { a = { entries = [ \"::\"", ",\"x\"", " ]; }; };", 1500000 },
        };
        clock_t before = clock();

        for (size_t i = 0; i < ELEMENTS(texts); i++) {
                Repeat r = texts[i];
                _cleanup_free_ char *text = NULL;
                _cleanup_diagnostics_ Diagnostics d = { 0 };
                _cleanup_host_ HostConf *h = NULL;

                r.n /= SANITIZED ? 50 : 1;
                text = repeat(r);
                assert_true(strlen(text) <= POLICY_TEXT_MAX);
                if (parse_host(text, strlen(text), "f", &d, &h) != -EINVAL)
                        fail_msg("%s%s: taken", texts[i].before, texts[i].item);
                assert_true(d.n > 0 && d.n <= 101);
                assert_true(strlen(d.items[0].text) < 500);
        }
        /* each takes well below a second; sanitizers and busy machines get their share */
        assert_true((clock() - before) / CLOCKS_PER_SEC < 100);
}

/* Enough groups of enough settings to reach the limit of the search for duplicates. */
static void test_hostile_groups(_unused_ void **state)
{
        _cleanup_free_ char *group = repeat((Repeat){ "{", "a~=1;", "},", 9000 });
        _cleanup_free_ char *text = repeat((Repeat){ "a=(", group, "{});", 180 });

        expect_error(text, 1, "more than 10000 settings in one group, or many such groups");
}

/* ---- warnings and many errors ---- */

static void test_host_bits(_unused_ void **state)
{
        _cleanup_free_ char *text =
                repeat((Repeat){ "rules = ( { action = \"deny\"; from = [ \"10.0.0.1/8\"",
                        ",\"10.~.0.1/16\"", " ]; } );", 50 });
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_fragment_ Fragment *f = NULL;

        assert_int_equal(parse_fragment(text, strlen(text), "x", "f", &d, &f), 0);
        assert_int_equal(f->rules.items[0]->from.n, 51);
        assert_int_equal(d.n_errors, 0);
        assert_int_equal(d.n, 21);
        assert_int_equal(d.items[0].severity, SEVERITY_WARNING);
        assert_string_equal(
                d.items[0].text, "rules[0].from[0]: 10.0.0.1/8 has host bits; using 10.0.0.0/8");
        assert_string_equal(
                d.items[20].text, "31 more prefixes have host bits; their networks are used");
}

/* ---- kinds ---- */

static void test_kinds(_unused_ void **state)
{
        static const struct {
                const char *text;
                DocumentKind kind;
        } tests[] = {
                { "", DOCUMENT_HOST },
                { "# nothing", DOCUMENT_HOST },
                { "rules = ( );", DOCUMENT_FRAGMENT },
                { "vars = { enabled = true; };", DOCUMENT_FRAGMENT },
                { "assert = ( { role = 1; } );", DOCUMENT_FRAGMENT },
                { "rules = ( ); enabled = true;", DOCUMENT_HOST },
                { "enabled = true; rules = ( );", DOCUMENT_HOST },
                { "mail_ports = [ ];", DOCUMENT_HOST },
                { "role = { name = \"x\"; };", DOCUMENT_ROLE },
                { "rules = ( ); role = { }; enabled = true;", DOCUMENT_ROLE },
                { "state = { };", DOCUMENT_STATE },
                { "unknown = 1;", DOCUMENT_HOST },
                { "unknown = 1; sets = { };", DOCUMENT_FRAGMENT },
                { "\"role\" = 1;", DOCUMENT_HOST },
                { "# role = { };", DOCUMENT_HOST },
                { "role", DOCUMENT_ROLE },
                { "\xff\xfe", DOCUMENT_HOST },
                { "rules = ( { action = \"", DOCUMENT_FRAGMENT },
                { "} } role = { ) );", DOCUMENT_ROLE },
        };

        for (size_t i = 0; i < ELEMENTS(tests); i++)
                if (document_kind(tests[i].text, strlen(tests[i].text)) != tests[i].kind)
                        fail_msg("%s", tests[i].text);
        assert_int_equal(document_kind("\0role = { };", 12), DOCUMENT_HOST);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_places),
                cmocka_unit_test(test_sources),
                cmocka_unit_test(test_exact_integers),
                cmocka_unit_test(test_tokens),
                cmocka_unit_test(test_values),
                cmocka_unit_test(test_logging_full),
                cmocka_unit_test(test_not_terminated),
                cmocka_unit_test(test_without_diagnostics),
                cmocka_unit_test(test_truncated),
                cmocka_unit_test(test_damaged),
                cmocka_unit_test(test_limits),
                cmocka_unit_test(test_text_limit),
                cmocka_unit_test(test_hostile),
                cmocka_unit_test(test_hostile_groups),
                cmocka_unit_test(test_host_bits),
                cmocka_unit_test(test_kinds),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
