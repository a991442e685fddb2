/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Everything that everybody may read: documents, lists, explanations, properties, signals. */

#include "tests/bus/calls.h"

#include "rules/base/buffer.h"
#include "rules/base/strv.h"
#include "rules/policy/rule.h"
#include "rules/report/report.h"

/* An active host with a role, a rule, a set, a fragment of each kind. */
static int start_filled(void **state)
{
        Fixture *f;
        int r = server_setup(state);

        if (r < 0)
                return r;
        f = *state;
        CHANGES(f->bus, true, "SetEnabled", "ba{sv}", 1, 0);
        CHANGES(f->bus, true, "SetRoles", "asa{sv}", 1, "mx", 0);
        CHANGES(f->bus, true, "UpdateSet", "sasasa{sv}", "drop", 2, "203.0.113.0/24",
                "2001:db8::/32", 0, 0);
        CHANGES(f->bus, true, "AddRule", "a{sv}a{sv}", 5, "action", "s", "limit", "from", "as", 1,
                "@drop", "rate", "s", "30/hour", "max", "u", 5, "comment", "s", "few", 0);
        CHANGES(f->bus, true, "PutFragment", "ssa{sv}", "app",
                "# as it was put\nrules = ( { action = \"reject\"; direction = \"out\"; "
                "to = [ \"192.0.2.99\" ]; } );\n",
                0);
        return 0;
}

static sd_bus_message *ask(sd_bus *bus, const char *member)
{
        _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_message_ sd_bus_message *m = new_call(bus, member);
        sd_bus_message *reply = send_call(bus, m, &error);

        if (!reply)
                print_error("%s: %s\n", member, error.message);
        assert_non_null(reply);
        return reply;
}

/* ---- dictionaries as text, "key=value " in their order ---- */

static void value_print(sd_bus_message *m, Buffer *b);

static void dict_print(sd_bus_message *m, Buffer *b)
{
        const char *key;

        assert_true(sd_bus_message_enter_container(m, 'a', "{sv}") >= 0);
        buffer_add_char(b, '{');
        while (sd_bus_message_enter_container(m, 'e', "sv") > 0) {
                const char *contents;

                assert_true(sd_bus_message_read(m, "s", &key) > 0);
                assert_true(sd_bus_message_peek_type(m, NULL, &contents) > 0);
                buffer_printf(b, " %s=", key);
                assert_true(sd_bus_message_enter_container(m, 'v', contents) > 0);
                value_print(m, b);
                assert_true(sd_bus_message_exit_container(m) >= 0);
                assert_true(sd_bus_message_exit_container(m) >= 0);
        }
        buffer_add_string(b, " }");
        assert_true(sd_bus_message_exit_container(m) >= 0);
}

static void list_print(sd_bus_message *m, const char *contents, Buffer *b)
{
        assert_true(sd_bus_message_enter_container(m, 'a', contents) >= 0);
        buffer_add_char(b, '[');
        while (sd_bus_message_at_end(m, false) == 0) {
                value_print(m, b);
                if (streq(contents, "a{sv}"))
                        buffer_add_char(b, '\n');
                else if (sd_bus_message_at_end(m, false) == 0)
                        buffer_add_char(b, ',');
        }
        buffer_add_char(b, ']');
        assert_true(sd_bus_message_exit_container(m) >= 0);
}

static void value_print(sd_bus_message *m, Buffer *b)
{
        union {
                const char *s;
                int b;
                uint16_t q;
                uint32_t u;
                uint64_t t;
        } v = { 0 };
        const char *contents;
        char type;

        assert_true(sd_bus_message_peek_type(m, &type, &contents) > 0);
        if (type == 'a' && streq(contents, "{sv}")) {
                dict_print(m, b);
                return;
        }
        if (type == 'a') {
                list_print(m, contents, b);
                return;
        }
        assert_true(sd_bus_message_read_basic(m, type, &v) > 0);
        if (type == 's')
                buffer_printf(b, "%s", v.s);
        else
                buffer_printf(b, "%c%llu", type,
                        (unsigned long long)(type == 'q'   ? v.q
                                             : type == 't' ? v.t
                                                           : v.u));
}

static void assert_says(Fixture *f, const char *member, const char *text)
{
        _cleanup_message_ sd_bus_message *reply = ask(f->bus, member);
        _cleanup_buffer_ Buffer b = { 0 };

        value_print(reply, &b);
        if (!strstr(b.data, text))
                print_error("%s says %s\nwithout %s\n", member, b.data, text);
        assert_non_null(strstr(b.data, text));
}

static void test_lists(void **state)
{
        Fixture *f = *state;

        assert_says(f, "ListRules",
                "[{ id=t1 position=u1 source=p25ctl action=limit direction=in ports=[q25] "
                "from=[@drop] to=[] user=[] group=[] unit=[] rate=30/hour max=u5 log=b0 "
                "comment=few packets=t0 bytes=t0 }\n");
        assert_says(f, "ListRules",
                "position=u0 source=fragment:app action=reject direction=out ports=[q25] from=[] "
                "to=[192.0.2.99] ");
        assert_says(f, "ListRules",
                "source=fragment:site action=deny direction=in ports=[q25] from=[192.0.2.66] ");
        assert_says(f, "ListRules",
                "source=role:mx action=allow direction=out ports=[q25] from=[] "
                "to=[] user=[root] group=[] unit=[] ");
        assert_says(f, "ListRoles", "{ name=mx summary=Receives active=b1 shipped=b1 vars=[] }");
        assert_says(f, "ListRoles",
                "{ name=relay summary=Relays active=b0 shipped=b1 vars=[{ name=internal "
                "type=networks help= required=b1 given=b0 value=[] }\n] }");
        assert_says(f, "ListSets", "{ name=drop entries=t2 source=p25ctl }");
        assert_says(f, "ListSets", "{ name=office entries=t1 source=fragment:site }");
        assert_says(f, "ListFragments",
                "[{ name=app source=p25ctl file= rules=t1 sets=t0 }\n"
                "{ name=site source=policy.d file=");
}

static void test_fragments(void **state)
{
        Fixture *f = *state;
        static const char *const names[] = { "app", "site" };
        static const char *const texts[] = { "# as it was put\n", "192.0.2.66" };

        for (size_t i = 0; i < 2; i++) {
                _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
                _cleanup_message_ sd_bus_message *m = new_call(f->bus, "GetFragment"),
                                                 *reply = NULL;
                const char *text;

                APPEND(m, "s", names[i]);
                reply = send_call(f->bus, m, &error);
                assert_non_null(reply);
                assert_true(sd_bus_message_read(reply, "s", &text) > 0);
                assert_non_null(strstr(text, texts[i]));
        }
        CHANGES(f->bus, true, "PutFragment", "ssa{sv}", "app", "", 0);
        FAILS(f->bus, BUS_ERROR_NO_SUCH_FRAGMENT, "GetFragment", "s", "app");
        /* a name is taken once */
        FAILS(f->bus, BUS_ERROR_INVALID_POLICY, "PutFragment", "ssa{sv}", "site", "rules = ();\n",
                0);
}

/* A set's entries come as a file, from its beginning. */
static void test_set(void **state)
{
        Fixture *f = *state;
        _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_message_ sd_bus_message *m = new_call(f->bus, "GetSet"), *reply = NULL;
        char text[128] = "";
        int fd;

        APPEND(m, "s", "drop");
        reply = send_call(f->bus, m, &error);
        assert_non_null(reply);
        assert_true(sd_bus_message_read(reply, "h", &fd) > 0);
        assert_true(read(fd, text, sizeof(text) - 1) > 0);
        assert_string_equal(text, "203.0.113.0/24\n2001:db8::/32\n");
        FAILS(f->bus, BUS_ERROR_NO_SUCH_SET, "GetSet", "s", "nowhere");
        FAILS(f->bus, INVALID_ARGS, "GetSet", "s", "@drop");
}

static void assert_text(
        Fixture *f, const char *method, const char *argument, const char *begin, const char *part)
{
        _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_message_ sd_bus_message *m = new_call(f->bus, method), *reply = NULL;
        const char *text;

        APPEND(m, "s", argument);
        reply = send_call(f->bus, m, &error);
        assert_non_null(reply);
        assert_true(sd_bus_message_read(reply, "s", &text) > 0);
        assert_int_equal(strncmp(text, begin, strlen(begin)), 0);
        assert_non_null(strstr(text, part));
}

static void test_texts(void **state)
{
        Fixture *f = *state;

        assert_text(f, "GetRole", "mx", "role = {", "name = \"mx\";");
        FAILS(f->bus, BUS_ERROR_NO_SUCH_ROLE, "GetRole", "s", "nowhere");
        FAILS(f->bus, INVALID_ARGS, "GetRole", "s", "../mx");
        assert_text(f, "GetRuleset", "nft", "#!/usr/sbin/nft -f\n", "table inet p25 {");
        assert_text(f, "GetRuleset", "ir", "lockdown off\n", "source role:mx");
        assert_text(f, "GetRuleset", "iptables", "# iptables-restore\n", "# ip6tables-restore\n");
        FAILS(f->bus, INVALID_ARGS, "GetRuleset", "s", "pf");
        FAILS(f->bus, INVALID_ARGS, "GetRuleset", "s", "");
}

static void test_describe(void **state)
{
        Fixture *f = *state;
        _cleanup_message_ sd_bus_message *reply = ask(f->bus, "Describe");
        _cleanup_(report_deinit) Report report = { 0 };
        const char *json;

        assert_true(sd_bus_message_read(reply, "s", &json) > 0);
        assert_int_equal(report_parse(json, &report), 0);
        assert_true(report.active);
        assert_int_equal(report.revision, 5);
        assert_int_equal(strv_length(report.roles), 1);
        assert_int_equal(report.defaults[DIRECTION_OUT], ACTION_REJECT);
        assert_int_equal(report.n_rules, 4);
        assert_int_equal(report.rules[0].position, 1);
        assert_string_equal(report.rules[0].rule->comment, "few");
}

/* More rules than a message holds: the caller gets an error, and the connection stays. */
static void test_many_rules(void **state)
{
        static const char rule[] =
                "{ action = \"deny\"; direction = \"in\"; from = \"10.%u.%u.%u\"; "
                "comment = \"%0*d\"; },\n";
        Fixture *f = *state;
        _cleanup_message_ sd_bus_message *put = new_call(f->bus, "PutFragment"), *list = NULL,
                                         *describe = NULL;
        _cleanup_buffer_ Buffer b = { 0 };

        buffer_add_string(&b, "rules = (\n");
        for (unsigned i = 0; i < 40000; i++)
                buffer_printf(&b, rule, i >> 16 & 255, i >> 8 & 255, i & 255, 1 + i % 20, 0);
        b.length -= 2; /* the last comma */
        buffer_add_string(&b, ");\n");
        APPEND(put, "ssa{sv}", "many", b.data, 0);
        assert_changes(f->bus, put, true, NULL);
        list = new_call(f->bus, "ListRules");
        assert_fails(f->bus, list, BUS_ERROR_LIMIT_EXCEEDED);
        describe = ask(f->bus, "Describe");
        assert_int_equal(get_revision(f->bus), 1);
}

/* ---- explain ---- */

#define EXPLAINS(f, text, ...)                                                                 \
        do {                                                                                   \
                _cleanup_error_ sd_bus_error error_ = SD_BUS_ERROR_NULL;                       \
                _cleanup_message_ sd_bus_message *m_ = new_call((f)->bus, "Explain"), *reply_; \
                _cleanup_buffer_ Buffer b_ = { 0 };                                            \
                APPEND(m_, "a{sv}", __VA_ARGS__);                                              \
                reply_ = send_call((f)->bus, m_, &error_);                                     \
                if (!reply_)                                                                   \
                        print_error("%s\n", error_.message);                                   \
                assert_non_null(reply_);                                                       \
                value_print(reply_, &b_);                                                      \
                if (!strstr(b_.data, text))                                                    \
                        print_error("%s\n", b_.data);                                          \
                assert_non_null(strstr(b_.data, text));                                        \
        } while (0)

static void test_explain(void **state)
{
        Fixture *f = *state;

        EXPLAINS(f, "{ verdict=limit rule={ id=t1 position=u1 ", 2, "direction", "s", "in", "from",
                "s", "203.0.113.5");
        /* the host's own verdict depends on where the test runs: tests/e2e/explain.t */
        EXPLAINS(f, " path=[port 25 is managed (incoming),", 2, "direction", "s", "in", "from", "s",
                "2001:db8::5");
        EXPLAINS(f, "{ verdict=deny rule={ ", 2, "direction", "s", "in", "from", "s", "192.0.2.66");
        EXPLAINS(f, "{ verdict=allow rule={ } effective=", 2, "direction", "s", "in", "from", "s",
                "192.0.2.67");
        EXPLAINS(f, "{ verdict=reject rule={ } effective=", 3, "direction", "s", "out", "to", "s",
                "8.8.8.8", "user", "s", "nobody");
        EXPLAINS(f, "{ verdict=allow rule={ ", 3, "direction", "s", "out", "to", "s", "8.8.8.8",
                "user", "s", "root");
        EXPLAINS(f, "and the port is not managed: the connection is allowed", 3, "direction", "s",
                "out", "port", "q", 587, "user", "s", "nobody");
        EXPLAINS(f, "{ verdict=allow ", 3, "direction", "s", "routed", "in_interface", "s", "eth0",
                "out_interface", "s", "eth1");
        FAILS(f->bus, INVALID_ARGS, "Explain", "a{sv}", 0);
        FAILS(f->bus, INVALID_ARGS, "Explain", "a{sv}", 1, "direction", "s", "sideways");
        FAILS(f->bus, INVALID_ARGS, "Explain", "a{sv}", 2, "direction", "s", "in", "at", "t",
                UINT64_MAX);
        FAILS(f->bus, BUS_ERROR_NO_SUCH_REVISION, "Explain", "a{sv}", 2, "direction", "s", "in",
                "at", "t", UINT64_C(1));
        FAILS(f->bus, INVALID_ARGS, "Explain", "a{sv}", 1, "direction", "s", "IN");
        FAILS(f->bus, INVALID_ARGS, "Explain", "a{sv}", 2, "direction", "s", "in", "from", "s",
                "nowhere");
        FAILS(f->bus, INVALID_ARGS, "Explain", "a{sv}", 2, "direction", "s", "in", "from", "as", 1,
                "192.0.2.1");
        FAILS(f->bus, INVALID_ARGS, "Explain", "a{sv}", 2, "direction", "s", "in", "port", "q", 0);
        FAILS(f->bus, INVALID_ARGS, "Explain", "a{sv}", 3, "direction", "s", "in", "from", "s",
                "192.0.2.1", "to", "s", "2001:db8::1");
        FAILS(f->bus, INVALID_ARGS, "Explain", "a{sv}", 2, "direction", "s", "in", "whom", "s",
                "x");
        FAILS(f->bus, BUS_ERROR_NO_SUCH_NAME, "Explain", "a{sv}", 2, "direction", "s", "out",
                "user", "s", "no-such-user-here");
}

static void test_check(void **state)
{
        static const struct {
                const char *text, *expected;
        } cases[] = {
                { "", "[]" },
                { "rules = ();\n", "[]" },
                { "rules = (\n  { action = \"drop\"; }\n);\n", "severity=error" },
                { "roles = ( \"nowhere\" );\n", "severity=error" },
                { "enable = true;\n", "line=u1" },
                { "@include \"/etc/passwd\"\n", "severity=error" },
                { "assert = ( { packet = \"out user no-such-user-here\"; verdict = \"allow\"; } "
                  ");\n",
                        "no-such-user-here" },
                { "assert = ( { packet = \"in from 192.0.2.1\"; verdict = \"deny\"; } );\n",
                        "severity=error" },
                { "assert = ( { packet = \"in from 192.0.2.1\"; verdict = \"allow\"; } );\n",
                        "[]" },
        };
        Fixture *f = *state;

        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
                _cleanup_message_ sd_bus_message *m = new_call(f->bus, "Check"), *reply = NULL;
                _cleanup_buffer_ Buffer b = { 0 };

                APPEND(m, "s", cases[i].text);
                reply = send_call(f->bus, m, &error);
                if (!reply)
                        print_error("%s\n", error.message);
                assert_non_null(reply);
                value_print(reply, &b);
                if (!strstr(b.data, cases[i].expected))
                        print_error("%s: %s\n", cases[i].text, b.data);
                assert_non_null(strstr(b.data, cases[i].expected));
        }
        assert_int_equal(get_revision(f->bus), 0);
}

/* ---- properties and signals ---- */

static void print_properties(Fixture *f, Buffer *b)
{
        _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_message_ sd_bus_message *reply = NULL;

        assert_true(
                sd_bus_call_method(f->bus, BUS_NAME, BUS_PATH, "org.freedesktop.DBus.Properties",
                        "GetAll", &error, &reply, "s", BUS_INTERFACE) >= 0);
        value_print(reply, b);
}

static void test_properties(void **state)
{
        Fixture *f = *state;
        _cleanup_buffer_ Buffer b = { 0 };

        print_properties(f, &b);
        assert_string_equal(b.data,
                "{ Version=" P25_VERSION " Active=b0 Backend= Roles=[] Revision=t0 Lockdown=b0 "
                "Logging=low PendingRevision=t0 PendingDeadline=t0 Repairs=t0 }");
        CHANGES(f->bus, true, "SetEnabled", "ba{sv}", 1, 0);
        CHANGES(f->bus, true, "SetRoles", "asa{sv}", 1, "mx", 0);
        CHANGES(f->bus, true, "SetLogging", "sa{sv}", "off", 0);
        buffer_clear(&b);
        print_properties(f, &b);
        assert_string_equal(b.data,
                "{ Version=" P25_VERSION " Active=b1 Backend=memory Roles=[mx] Revision=t3 "
                "Lockdown=b0 Logging=off PendingRevision=t0 PendingDeadline=t0 Repairs=t0 }");
        assert_true(sd_bus_set_property(
                            f->bus, BUS_NAME, BUS_PATH, BUS_INTERFACE, "Active", NULL, "b", 0) < 0);
}

static int on_signal(sd_bus_message *m, void *data, sd_bus_error *error)
{
        Buffer *b = data;

        (void)error;
        buffer_printf(b, "%s(", sd_bus_message_get_member(m));
        while (sd_bus_message_at_end(m, true) == 0) {
                value_print(m, b);
                buffer_add_char(b, ' ');
        }
        buffer_add_string(b, ") ");
        return 0;
}

static void assert_signals(Fixture *f, Buffer *b, const char *expected)
{
        uint64_t end = now_usec() + PATIENCE_USEC;

        while (now_usec() < end && b->length < strlen(expected))
                if (sd_bus_process(f->bus, NULL) == 0)
                        sd_bus_wait(f->bus, 100000);
        assert_non_null(b->data);
        assert_string_equal(b->data, expected);
        buffer_clear(b);
}

static void test_signals(void **state)
{
        Fixture *f = *state;
        _cleanup_buffer_ Buffer b = { 0 };

        assert_true(sd_bus_match_signal(
                            f->bus, NULL, BUS_NAME, BUS_PATH, NULL, NULL, on_signal, &b) >= 0);
        CHANGES(f->bus, true, "SetRoles", "asa{sv}", 1, "mx", 1, "reason", "s", "go");
        assert_signals(f, &b,
                "Changed(t1 u0 go { process=reads remote= diff=[+ role mx] } ) "
                "PropertiesChanged(org.port25.Policy1.Manager "
                "{ Roles=[mx] Revision=t1 } [] ) ");
        /* neither of these is a change */
        CHANGES(f->bus, false, "SetRoles", "asa{sv}", 1, "mx", 0);
        CHANGES(f->bus, true, "SetEnabled", "ba{sv}", 1, 1, "dry_run", "b", 1);
        FAILS(f->bus, INVALID_ARGS, "SetLogging", "sa{sv}", "loud", 0);
        CHANGES(f->bus, true, "SetEnabled", "ba{sv}", 1, 0);
        assert_signals(f, &b,
                "Changed(t2 u0  { process=reads remote= diff=[- disabled,+ enabled] } ) "
                "PropertiesChanged(org.port25.Policy1.Manager "
                "{ Active=b1 Backend=memory Revision=t2 } [] ) ");
}

int main(_unused_ int argc, char **argv)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_lists, start_filled, server_teardown),
                cmocka_unit_test_setup_teardown(test_fragments, start_filled, server_teardown),
                cmocka_unit_test_setup_teardown(test_set, start_filled, server_teardown),
                cmocka_unit_test_setup_teardown(test_texts, start_filled, server_teardown),
                cmocka_unit_test_setup_teardown(test_describe, start_filled, server_teardown),
                cmocka_unit_test_setup_teardown(test_many_rules, server_setup, server_teardown),
                cmocka_unit_test_setup_teardown(test_explain, start_filled, server_teardown),
                cmocka_unit_test_setup_teardown(test_check, server_setup, server_teardown),
                cmocka_unit_test_setup_teardown(test_properties, server_setup, server_teardown),
                cmocka_unit_test_setup_teardown(test_signals, server_setup, server_teardown),
        };

        if (!become_root(argv)) {
                puts("1..1\nok 1 # SKIP neither root nor user namespaces");
                return 0;
        }
        return cmocka_run_group_tests(tests, NULL, NULL);
}
