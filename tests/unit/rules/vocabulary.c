/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Walks the vocabulary: every setting is taken where the table says so and refused, by name,
 * everywhere else; so are values of a wrong type, numbers out of range or wrapped, and words that
 * are not on the list.
 */

#include "rules/config/vocabulary.h"
#include "rules/config/parse.h"
#include "rules/policy/fields.h"
#include "rules/policy/fragment.h"
#include "rules/policy/hostconf.h"
#include "rules/policy/role.h"

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
/* cmocka wants the four above first */
#include <cmocka.h>

/* A value that each setting takes, and what else its group must then hold. A setting without an
 * example here fails the test. */
static const struct Example {
        SettingGroup group;
        const char *name, *value, *with;
} examples[] = {
        { GROUP_HOST, "enabled", "true", "" },
        { GROUP_HOST, "backend", "\"nftables\"", "" },
        { GROUP_HOST, "roles", "( \"mx\" )", "" },
        { GROUP_HOST, "default", "{ incoming = \"deny\"; }", "" },
        { GROUP_HOST, "logging", "\"low\"", "" },
        { GROUP_HOST, "attribution", "\"user\"", "" },
        { GROUP_HOST, "audit", "[ \"routed\" ]", "" },
        { GROUP_HOST, "alerts", "{ blocked = \"20/hour\"; quarantine = \"1h\"; }", "" },
        { GROUP_HOST, "mail_ports", "[ 8025 ]", "" },
        { GROUP_HOST, "keep_established", "true", "" },
        { GROUP_COMMON, "vars", "{ x = \"10.0.0.0/8\"; }", "" },
        { GROUP_COMMON, "sets", "{ x = { entries = \"::1\"; }; }", "" },
        { GROUP_COMMON, "rules", "( { action = \"deny\"; } )", "" },
        { GROUP_COMMON, "assert", "( { packet = \"in\"; verdict = \"deny\"; } )", "" },
        { GROUP_ROLE_FILE, "role", "{ name = \"x\"; }", "" },
        { GROUP_ROLE, "name", "\"x\"", "" },
        { GROUP_ROLE, "summary", "\"x\"", "name = \"x\";" },
        { GROUP_ROLE, "manages", "[ \"smtp\", \"submission\" ]", "name = \"x\";" },
        { GROUP_ROLE, "listens", "[ \"smtp\", 587 ]", "name = \"x\";" },
        { GROUP_ROLE, "audit", "true", "name = \"x\";" },
        { GROUP_ROLE, "vars", "{ x = { type = \"users\"; }; }", "name = \"x\";" },
        { GROUP_ROLE, "default", "{ routed = \"reject\"; }", "name = \"x\";" },
        { GROUP_ROLE, "rules", "( { action = \"deny\"; } )", "name = \"x\";" },
        { GROUP_ROLE, "assert", "( { packet = \"in\"; verdict = \"deny\"; } )", "name = \"x\";" },
        { GROUP_STATE_FILE, "state", "{ revision = 1; next_id = 1; }", "" },
        { GROUP_STATE, "revision", "7", "next_id = 1;" },
        { GROUP_STATE, "policy_revision", "5", "revision = 7; next_id = 1;" },
        { GROUP_STATE, "time", "1767225600000000L", "revision = 1; next_id = 1;" },
        { GROUP_STATE, "uid", "1000", "revision = 1; next_id = 1;" },
        { GROUP_STATE, "process", "\"x\"", "revision = 1; next_id = 1;" },
        { GROUP_STATE, "reason", "\"x\"", "revision = 1; next_id = 1;" },
        { GROUP_STATE, "summary", "\"x\"", "revision = 1; next_id = 1;" },
        { GROUP_STATE, "pid", "7", "revision = 1; next_id = 1;" },
        { GROUP_STATE, "unit", "\"x\"", "revision = 1; next_id = 1;" },
        { GROUP_STATE, "remote", "\"x\"", "revision = 1; next_id = 1;" },
        { GROUP_STATE, "files", "\"x\"", "revision = 1; next_id = 1;" },
        { GROUP_STATE, "files_pinned", "true", "revision = 1; next_id = 1;" },
        { GROUP_STATE, "next_id", "7", "revision = 1;" },
        { GROUP_STATE, "enabled", "false", "revision = 1; next_id = 1;" },
        { GROUP_STATE, "roles", "[ ]", "revision = 1; next_id = 1;" },
        { GROUP_STATE, "default", "{ outgoing = \"deny\"; }", "revision = 1; next_id = 1;" },
        { GROUP_STATE, "logging", "\"off\"", "revision = 1; next_id = 1;" },
        { GROUP_STATE, "promoted", "[ \"incoming\" ]", "revision = 1; next_id = 1;" },
        { GROUP_STATE, "promoted_roles", "[ \"mx\" ]", "revision = 1; next_id = 1;" },
        { GROUP_STATE, "lockdown", "true", "revision = 1; next_id = 1;" },
        { GROUP_STATE, "rules", "( { id = 1; action = \"deny\"; } )",
                "revision = 1; next_id = 2;" },
        { GROUP_STATE_FILES, "fragments", "( { name = \"x\"; file = \"y\"; } )",
                "revision = 1; next_id = 1;" },
        { GROUP_STATE_FILES, "sets", "( { name = \"x\"; file = \"y\"; } )",
                "revision = 1; next_id = 1;" },
        { GROUP_FILE, "name", "\"x\"", "file = \"y\";" },
        { GROUP_FILE, "file", "\"y\"", "name = \"x\";" },
        { GROUP_RULE, "id", "7", "action = \"allow\";" },
        { GROUP_RULE, "action", "\"allow\"", "" },
        { GROUP_RULE, "direction", "\"routed\"", "action = \"allow\";" },
        { GROUP_RULE, "ports", "[ \"smtp\", 587 ]", "action = \"allow\";" },
        { GROUP_RULE, "from", "[ \"192.0.2.0/24\", \"@x\" ]", "action = \"allow\";" },
        { GROUP_RULE, "to", "\"2001:db8::/32\"", "action = \"allow\";" },
        { GROUP_RULE, "interface", "\"eth0\"", "action = \"allow\";" },
        { GROUP_RULE, "in_interface", "\"eth0\"", "action = \"allow\"; direction = \"routed\";" },
        { GROUP_RULE, "out_interface", "\"eth0\"", "action = \"allow\"; direction = \"routed\";" },
        { GROUP_RULE, "user", "[ \"root\", \"33\" ]", "action = \"allow\"; direction = \"out\";" },
        { GROUP_RULE, "group", "( \"mail\", 8 )", "action = \"allow\"; direction = \"out\";" },
        { GROUP_RULE, "unit", "\"x.service\"", "action = \"allow\"; direction = \"out\";" },
        { GROUP_RULE, "rate", "\"30/minute\"", "action = \"limit\";" },
        { GROUP_RULE, "burst", "6", "action = \"limit\";" },
        { GROUP_RULE, "max", "6", "action = \"limit\";" },
        { GROUP_RULE, "expires", "1767225600000000L", "action = \"allow\";" },
        { GROUP_RULE, "log", "true", "action = \"allow\";" },
        { GROUP_RULE, "comment", "\"x\"", "action = \"allow\";" },
        { GROUP_SET, "entries", "[ \"::1\", \"192.0.2.1\" ]", "" },
        { GROUP_SET, "file", "\"/x\"", "" },
        { GROUP_VAR, "type", "\"networks\"", "" },
        { GROUP_VAR, "required", "true", "type = \"users\";" },
        { GROUP_VAR, "default", "[ \"root\" ]", "type = \"users\";" },
        { GROUP_VAR, "help", "\"x\"", "type = \"users\";" },
        { GROUP_ASSERT, "packet", "\"in\"", "verdict = \"deny\";" },
        { GROUP_ASSERT, "verdict", "\"limit\"", "packet = \"in\";" },
        { GROUP_DEFAULT, "incoming", "\"deny\"", "" },
        { GROUP_DEFAULT, "outgoing", "\"deny\"", "" },
        { GROUP_DEFAULT, "routed", "\"deny\"", "" },
        { GROUP_ALERTS, "blocked", "\"20/hour\"", "" },
        { GROUP_ALERTS, "connections", "\"300/day\"", "" },
        { GROUP_ALERTS, "destinations", "\"50/minute\"", "" },
        { GROUP_ALERTS, "quarantine", "\"1h\"", "blocked = \"1/second\";" },
        { GROUP_MANAGES, "incoming", "[ \"submission\" ]", "" },
        { GROUP_MANAGES, "outgoing", "[ \"submission\" ]", "" },
        { GROUP_MANAGES, "routed", "[ \"submission\" ]", "" },
};

static const struct Example *example_of(const Setting *s)
{
        for (size_t i = 0; i < ELEMENTS(examples); i++)
                if (examples[i].group == s->group && streq(examples[i].name, s->name))
                        return &examples[i];
        fail_msg("no example of %s", s->name);
        return NULL;
}

/* ---- documents around a group ---- */

/* The text before and behind the settings of a group, in each kind of document; a %s stands for
 * the group around. NULL: that document has no such group. */
static const struct Around {
        const char *text[_DOCUMENT_MAX];
} arounds[_GROUP_MAX] = {
        [GROUP_HOST] = { { "%s", "%s", "role = { name = \"x\"; }; %s",
                "state = { revision = 1; next_id = 1; }; %s" } },
        [GROUP_COMMON] = { { "%s", "%s", "role = { name = \"x\"; }; %s",
                "state = { revision = 1; next_id = 1; }; %s" } },
        [GROUP_ROLE_FILE] = { { "%s", "%s", "%s", "state = { revision = 1; next_id = 1; }; %s" } },
        [GROUP_STATE_FILE] = { { "%s", "%s", "role = { name = \"x\"; }; %s", "%s" } },
        [GROUP_ROLE] = { { [DOCUMENT_ROLE] = "role = { %s };" } },
        [GROUP_STATE] = { { [DOCUMENT_STATE] = "state = { %s };" } },
        [GROUP_STATE_FILES] = { { [DOCUMENT_STATE] = "state = { %s };" } },
        [GROUP_RULE] = { { "rules = ( { %s } );", "rules = ( { %s } );",
                "role = { name = \"x\"; rules = ( { %s } ); };",
                "state = { revision = 1; next_id = 140737488355327L; rules = ( { %s } ); };" } },
        [GROUP_SET] = { { "sets = { x = { %s }; };", "sets = { x = { %s }; };", NULL, NULL } },
        [GROUP_VAR] = { { [DOCUMENT_ROLE] = "role = { name = \"x\"; vars = { v = { %s }; }; };" } },
        [GROUP_ASSERT] = { { "assert = ( { %s } );", "assert = ( { %s } );",
                "role = { name = \"x\"; assert = ( { %s } ); };", NULL } },
        [GROUP_ALERTS] = { { "alerts = { %s };" } },
        [GROUP_DEFAULT] = { { "default = { %s };", NULL,
                "role = { name = \"x\"; default = { %s }; };",
                "state = { revision = 1; next_id = 1; default = { %s }; };" } },
        [GROUP_MANAGES] = { { [DOCUMENT_ROLE] = "role = { name = \"x\"; manages = { %s }; };" } },
        [GROUP_FILE] = { { [DOCUMENT_STATE] =
                                   "state = { revision = 1; next_id = 1; sets = ( { %s } ); };" } },
};

static int parse_any(DocumentKind kind, const char *text, size_t n, Diagnostics *d)
{
        _cleanup_(host_conf_unref_p) HostConf *host = NULL;
        _cleanup_(fragment_unref_p) Fragment *fragment = NULL;
        _cleanup_(role_unref_p) Role *role = NULL;
        _cleanup_(state_document_deinit) StateDocument state = { 0 };

        switch (kind) {
        case DOCUMENT_HOST:
                return parse_host(text, n, "f", d, &host);
        case DOCUMENT_FRAGMENT:
                return parse_fragment(text, n, "x", "f", d, &fragment);
        case DOCUMENT_ROLE:
                return parse_role(text, n, "f", d, &role);
        case DOCUMENT_STATE:
                return parse_state(text, n, "f", d, &state);
        case _DOCUMENT_MAX:
        case _DOCUMENT_INVALID:
                break;
        }
        return -EINVAL;
}

/* Parses a document with one setting of the group, and what must stand beside it. */
static int try_setting(DocumentKind kind, const Setting *s, const char *name, const char *value,
        Diagnostics *d, char **ret_text)
{
        const char *around = arounds[s->group].text[kind];
        const struct Example *e = example_of(s);
        char *group, *text;
        int k, n;

        /* a rule of the state has an id in any case */
        n = asprintf(&group, "%s %s%s = %s;", e->with,
                s->group == GROUP_RULE && kind == DOCUMENT_STATE && !streq(name, "id") ? "id = 1; "
                                                                                       : "",
                name, value);
        assert_true(n > 0);
        n = (int)(strstr(around, "%s") - around);
        assert_true(asprintf(&text, "%.*s%s%s", n, around, group, around + n + 2) > 0);
        free(group);
        k = parse_any(kind, text, strlen(text), d);
        *ret_text = text;
        return k;
}

static void expect_taken(DocumentKind kind, const Setting *s, const char *value)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_free_ char *text = NULL;

        if (try_setting(kind, s, s->name, value, &d, &text) < 0)
                fail_msg("%s: refused: %s", text, d.n > 0 ? d.items[0].text : "?");
}

/* Refused, with a message that names the setting and says `why`. */
static void expect_refused(
        DocumentKind kind, const Setting *s, const char *name, const char *value, const char *why)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_free_ char *text = NULL;
        bool named = false;

        if (try_setting(kind, s, name, value, &d, &text) != -EINVAL)
                fail_msg("%s: taken", text);
        for (size_t i = 0; i < d.n; i++)
                named = named || (strstr(d.items[i].text, name) && strstr(d.items[i].text, why));
        if (!named)
                fail_msg("%s: not named, or not \"%s\": %s", text, why, d.items[0].text);
        assert_int_equal(d.items[0].line, 1);
        assert_string_equal(d.items[0].file, "f");
}

/* ---- the tests ---- */

static void test_where(_unused_ void **state)
{
        for (size_t i = 0; vocabulary[i].name; i++)
                for (int kind = 0; kind < _DOCUMENT_MAX; kind++) {
                        const Setting *s = &vocabulary[i];

                        if (!arounds[s->group].text[kind])
                                assert_false(s->documents & 1u << kind);
                        else if (s->documents & 1u << kind)
                                expect_taken((DocumentKind)kind, s, example_of(s)->value);
                        else
                                expect_refused((DocumentKind)kind, s, s->name, example_of(s)->value,
                                        "setting");
                }
}

static void test_only_in_p25_conf(_unused_ void **state)
{
        for (size_t i = 0; vocabulary[i].name; i++)
                if (vocabulary[i].group == GROUP_HOST)
                        expect_refused(DOCUMENT_FRAGMENT, &vocabulary[i], vocabulary[i].name,
                                example_of(&vocabulary[i])->value,
                                "only p25.conf has this setting");
}

static void test_examples_are_settings(_unused_ void **state)
{
        for (size_t i = 0; i < ELEMENTS(examples); i++) {
                bool found = false;

                for (size_t j = 0; vocabulary[j].name; j++)
                        found = found || (vocabulary[j].group == examples[i].group &&
                                                 streq(vocabulary[j].name, examples[i].name));
                if (!found)
                        fail_msg("%s is no setting", examples[i].name);
        }
}

/* The first kind of document that has the setting. */
static DocumentKind home_of(const Setting *s)
{
        for (int kind = 0; kind < _DOCUMENT_MAX; kind++)
                if (s->documents & 1u << kind)
                        return (DocumentKind)kind;
        return _DOCUMENT_INVALID;
}

static void test_types(_unused_ void **state)
{
        static const struct {
                NodeKind kind;
                const char *value;
        } values[] = {
                { NODE_GROUP, "{ }" },
                { NODE_LIST, "( )" },
                { NODE_LIST, "[ ]" },
                { NODE_STRING, "\"x\"" },
                { NODE_INTEGER, "1" },
                { NODE_INTEGER, "0x1" },
                { NODE_BOOL, "true" },
        };

        for (size_t i = 0; vocabulary[i].name; i++)
                for (size_t j = 0; j < ELEMENTS(values); j++)
                        if (!setting_type_takes(vocabulary[i].type, values[j].kind))
                                expect_refused(home_of(&vocabulary[i]), &vocabulary[i],
                                        vocabulary[i].name, values[j].value,
                                        setting_type_to_string(vocabulary[i].type));
}

static void test_items_of_lists(_unused_ void **state)
{
        static const char *const items[] = { "( true )", "( 1.5 )", "( { } )", "( ( ) )", "( -1 )",
                "( \"x\", [ true ] )", "[ 99999999999999999999 ]" };

        for (size_t i = 0; vocabulary[i].name; i++)
                for (size_t j = 0; j < ELEMENTS(items); j++)
                        if (vocabulary[i].type == SETTING_TEXTS ||
                                vocabulary[i].type == SETTING_GROUPS)
                                expect_refused(home_of(&vocabulary[i]), &vocabulary[i],
                                        vocabulary[i].name, items[j], "");
}

static void expect_number(const Setting *s, bool good, const char *text)
{
        if (good)
                expect_taken(home_of(s), s, text);
        else
                expect_refused(home_of(s), s, s->name, text, "out of range");
}

/* The number in decimal and, if it has one, in the hexadecimal form. What has more than 32 bits is
 * accepted only with L. */
static void expect_numbers(const Setting *s, bool good, int64_t number)
{
        bool wide = number != (int32_t)number;
        char text[64];

        snprintf(text, sizeof(text), "%" PRId64, number);
        expect_number(s, good && !wide, text);
        snprintf(text, sizeof(text), "0x%" PRIx64, (uint64_t)number);
        expect_number(s, good && !wide, text);
        if (!wide)
                return;
        snprintf(text, sizeof(text), "%" PRId64 "L", number);
        expect_number(s, good, text);
        snprintf(text, sizeof(text), "0x%" PRIx64 "L", (uint64_t)number);
        expect_number(s, good, text);
}

static void test_numbers(_unused_ void **state)
{
        /* beyond 64 bits; some of them are 5 where they wrap */
        static const char *const beyond[] = {
                "18446744073709551621",
                "0x10000000000000005",
                "9223372036854775808",
                "9223372036854775808L",
                "99999999999999999999999999999999999999999999999L",
                "0x99999999999999999999999999999999999999999999999999999999999999999999LL",
                "-4294967291",
                "-18446744073709551611",
                "-9223372036854775808",
                "-1",
        };

        for (size_t i = 0; vocabulary[i].name; i++) {
                const Setting *s = &vocabulary[i];
                bool wide = s->max > UINT32_MAX;

                if (s->type != SETTING_INTEGER)
                        continue;
                assert_true(s->min >= 0 && s->max > s->min);
                expect_numbers(s, true, s->min);
                /* an id is below next_id, which has the same limit */
                expect_numbers(s, true, s->max - streq(s->name, "id"));
                expect_numbers(s, false, s->min - 1);
                if (s->max < INT64_MAX)
                        expect_numbers(s, false, s->max + 1);
                /* what 32 bits would wrap to 5 */
                expect_numbers(s, wide, (INT64_C(1) << 32) + 5);
                for (size_t j = 0; j < ELEMENTS(beyond); j++)
                        expect_number(s, false, beyond[j]);
                if (s->max <= INT32_MAX)
                        expect_refused(home_of(s), s, s->name, "5L", "without L");
        }
}

static void test_words(_unused_ void **state)
{
        for (size_t i = 0; vocabulary[i].name; i++) {
                const Setting *s = &vocabulary[i];
                char text[64];

                for (int w = 0; s->words && w < s->words->n; w++) {
                        /* limits need action limit, but limit goes without any */
                        snprintf(text, sizeof(text), "\"%s\"", s->words->name(w));
                        expect_taken(home_of(s), s, text);
                }
                if (s->words) {
                        expect_refused(home_of(s), s, s->name, "\"\"", "must be one of");
                        expect_refused(home_of(s), s, s->name, "\"ALLOW\"", s->words->name(0));
                }
        }
}

static void test_required(_unused_ void **state)
{
        static const struct {
                DocumentKind kind;
                const char *text, *error;
        } tests[] = {
                { DOCUMENT_ROLE, "", "\"role\" is missing" },
                { DOCUMENT_ROLE, "role = { };", "role: \"name\" is missing" },
                { DOCUMENT_STATE, "", "\"state\" is missing" },
                { DOCUMENT_STATE, "state = { next_id = 1; };", "state: \"revision\" is missing" },
                { DOCUMENT_STATE, "state = { revision = 1; };", "state: \"next_id\" is missing" },
                { DOCUMENT_HOST, "rules = ( { } );", "rules[0]: \"action\" is missing" },
                { DOCUMENT_STATE,
                        "state = { revision = 1; next_id = 1; rules = ( { action = \"deny\"; } ); "
                        "};",
                        "state.rules[0]: \"id\" is missing" },
                { DOCUMENT_STATE,
                        "state = { revision = 1; next_id = 1; sets = ( { name = \"x\"; } ); };",
                        "state.sets[0]: \"file\" is missing" },
                { DOCUMENT_STATE,
                        "state = { revision = 1; next_id = 1; sets = ( { file = \"x\"; } ); };",
                        "state.sets[0]: \"name\" is missing" },
                { DOCUMENT_ROLE, "role = { name = \"x\"; vars = { v = { }; }; };",
                        "role.vars.v: \"type\" is missing" },
                { DOCUMENT_HOST, "assert = ( { packet = \"in\"; } );",
                        "assert[0]: \"verdict\" is missing" },
                { DOCUMENT_HOST, "assert = ( { verdict = \"deny\"; } );",
                        "assert[0]: \"packet\" is missing" },
        };
        size_t n_required = 0;

        for (size_t i = 0; i < ELEMENTS(tests); i++) {
                _cleanup_diagnostics_ Diagnostics d = { 0 };

                assert_int_equal(parse_any(tests[i].kind, tests[i].text, strlen(tests[i].text), &d),
                        -EINVAL);
                assert_string_equal(d.items[0].text, tests[i].error);
        }
        for (size_t i = 0; vocabulary[i].name; i++)
                n_required += vocabulary[i].required;
        assert_int_equal(ELEMENTS(tests), n_required);
}

static void test_nearest(_unused_ void **state)
{
        static const struct {
                SettingGroup group;
                const char *name, *nearest;
        } tests[] = {
                { GROUP_COMMON, "rulez", "rules" },
                { GROUP_COMMON, "rule", "rules" },
                { GROUP_COMMON, "asserts", "assert" },
                { GROUP_COMMON, "set", "sets" },
                { GROUP_COMMON, "zebra", NULL },
                { GROUP_HOST, "enable", "enabled" },
                { GROUP_HOST, "loging", "logging" },
                { GROUP_HOST, "mailports", "mail_ports" },
                { GROUP_HOST, "keep-established", "keep_established" },
                { GROUP_RULE, "form", "from" },
                { GROUP_RULE, "port", "ports" },
                { GROUP_RULE, "users", "user" },
                { GROUP_RULE, "x", NULL },
                { GROUP_RULE, "ot", "to" },
                { GROUP_RULE, "", NULL },
                { GROUP_RULE, "interfaces", "interface" },
                { GROUP_ROLE, "manage", "manages" },
        };
        char longest[200] = "";

        for (size_t i = 0; i < ELEMENTS(tests); i++) {
                const Setting *s = setting_nearest(vocabulary,
                        tests[i].group == GROUP_ROLE ? DOCUMENT_ROLE : DOCUMENT_HOST,
                        1u << tests[i].group, tests[i].name);

                if (tests[i].nearest && (!s || !streq(s->name, tests[i].nearest)))
                        fail_msg("%s: %s", tests[i].name, s ? s->name : "none");
                if (!tests[i].nearest && s)
                        fail_msg("%s: %s", tests[i].name, s->name);
        }
        memset(longest, 'a', sizeof(longest) - 1);
        assert_null(setting_nearest(vocabulary, DOCUMENT_HOST, 1u << GROUP_RULE, longest));
        /* only the state has id */
        assert_null(setting_find(vocabulary, DOCUMENT_HOST, GROUP_RULE, "id"));
}

static void test_misspelt(_unused_ void **state)
{
        for (size_t i = 0; vocabulary[i].name; i++) {
                const Setting *s = &vocabulary[i];
                char name[64], why[80];

                if (strlen(s->name) < 4 || s->required)
                        continue;
                snprintf(name, sizeof(name), "%sq", s->name);
                snprintf(why, sizeof(why), "did you mean \"%s\"?", s->name);
                expect_refused(home_of(s), s, name, example_of(s)->value, why);
        }
}

/* The settings of a rule in a file and the table of a rule's fields are the same. */
static void test_fields_of_rules(_unused_ void **state)
{
        size_t n_settings = 0, n_fields = 0;

        for (size_t i = 0; vocabulary[i].name; i++)
                n_settings += vocabulary[i].group == GROUP_RULE && !streq(vocabulary[i].name, "id");
        RULE_FIELD_FOREACH(f)
        {
                const Setting *s = setting_find(vocabulary, DOCUMENT_STATE, GROUP_RULE, f->name);

                if (f->form == FORM_HIDDEN) {
                        assert_null(s);
                        continue;
                }
                assert_non_null(s);
                n_fields++;
                if (f->form != FORM_PORTS) /* which may be a variable, in another place */
                        assert_int_equal(s->offset, f->offset);
                if (f->form == FORM_NUMBER)
                        assert_int_equal(s->max, f->max);
        }
        assert_int_equal(n_settings, n_fields);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_where),
                cmocka_unit_test(test_only_in_p25_conf),
                cmocka_unit_test(test_examples_are_settings),
                cmocka_unit_test(test_types),
                cmocka_unit_test(test_items_of_lists),
                cmocka_unit_test(test_numbers),
                cmocka_unit_test(test_words),
                cmocka_unit_test(test_required),
                cmocka_unit_test(test_nearest),
                cmocka_unit_test(test_misspelt),
                cmocka_unit_test(test_fields_of_rules),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
