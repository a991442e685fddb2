/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Every method that changes the policy, over a real bus: the options, who may, bad input. */

#include "daemon/loop/clock.h"
#include "rules/policy/expiry.h"
#include "rules/policy/rule.h"
#include "rules/policy/valid.h"
#include "rules/report/report.h"
#include "tests/bus/calls.h"

/* The server lives, and its policy is the one of this revision. */
static void assert_untouched(const Fixture *f, uint64_t revision)
{
        assert_int_equal(get_revision(f->bus), revision);
        assert_int_equal(waitpid(f->server, NULL, WNOHANG), 0);
}

/* ---- the options ---- */

static sd_bus_message *new_change(sd_bus *bus, size_t i)
{
        sd_bus_message *m = new_call(bus, change_cases[i].member);

        change_cases[i].append(m);
        return m;
}

static void try_dry_run(Fixture *f, size_t i)
{
        _cleanup_message_ sd_bus_message *m = new_change(f->bus, i);
        uint64_t before = get_revision(f->bus);

        APPEND(m, "a{sv}", 2, "dry_run", "b", 1, "expected_revision", "t", before);
        assert_changes(f->bus, m, change_cases[i].changes, NULL);
        assert_untouched(f, before);
}

static void try_stale(Fixture *f, size_t i)
{
        _cleanup_message_ sd_bus_message *m = new_change(f->bus, i);
        uint64_t before = get_revision(f->bus);

        APPEND(m, "a{sv}", 1, "expected_revision", "t", before + 1);
        assert_fails(f->bus, m, BUS_ERROR_STALE_REVISION);
        assert_untouched(f, before);
}

static void try_bad_options(Fixture *f, size_t i)
{
        uint64_t before = get_revision(f->bus);
        char longest[COMMENT_MAX + 2];

        memset(longest, 'x', sizeof(longest) - 1);
        longest[sizeof(longest) - 1] = '\0';
        for (unsigned k = 0; k < 9; k++) {
                _cleanup_message_ sd_bus_message *m = new_change(f->bus, i);
                const char *name = INVALID_ARGS;

                switch (k) {
                case 0:
                        APPEND(m, "a{sv}", 1, "force", "b", 1);
                        break;
                case 1:
                        APPEND(m, "a{sv}", 1, "dry_run", "s", "yes");
                        break;
                case 2:
                        APPEND(m, "a{sv}", 2, "dry_run", "b", 1, "dry_run", "b", 0);
                        break;
                case 3:
                        APPEND(m, "a{sv}", 1, "expected_revision", "i", -1);
                        break;
                case 4:
                        APPEND(m, "a{sv}", 1, "reason", "s", "two\nlines");
                        break;
                case 5:
                        APPEND(m, "a{sv}", 1, "reason", "s", longest);
                        name = BUS_ERROR_LIMIT_EXCEEDED;
                        break;
                case 6:
                        APPEND(m, "a{sv}", 1, "confirm_seconds", "u", i % 2 ? 0 : 366 * 86400 + 1);
                        break;
                case 7:
                        APPEND(m, "a{sv}", 1, "DRY_RUN", "b", 1);
                        break;
                case 8:
                        if (strncmp(change_cases[i].member, "AddRule", 7) == 0)
                                APPEND(m, "a{sv}", 1, "position", "u", 0);
                        else
                                APPEND(m, "a{sv}", 1, "position", "u", 1);
                        break;
                }
                assert_fails(f->bus, m, name);
        }
        assert_untouched(f, before);
}

static void try_change(Fixture *f, size_t i)
{
        _cleanup_message_ sd_bus_message *m = new_change(f->bus, i);
        uint64_t before = get_revision(f->bus), after;

        APPEND(m, "a{sv}", 1, "reason", "s", "a t\xc3\xa9st");
        assert_changes(f->bus, m, change_cases[i].changes, &after);
        assert_int_equal(after, get_revision(f->bus));
        assert_int_equal(after, before + change_cases[i].changes);
}

static void try_again(Fixture *f, size_t i)
{
        _cleanup_message_ sd_bus_message *m = new_change(f->bus, i);
        uint64_t before = get_revision(f->bus);

        APPEND(m, "a{sv}", 0);
        if (change_cases[i].again_is_error)
                assert_fails(f->bus, m, BUS_ERROR_NO_SUCH_SET);
        else
                assert_changes(f->bus, m, false, NULL);
        assert_untouched(f, before);
}

static void test_options(void **state)
{
        Fixture *f = *state;

        for (size_t i = 0; i < ELEMENTS(change_cases); i++) {
                try_bad_options(f, i);
                try_stale(f, i);
                try_dry_run(f, i);
                try_change(f, i);
                try_again(f, i);
        }
}

/* ---- who may ---- */

/* In a child that is nobody: 0, or the number of the first case that went wrong. */
static int nobody_tries(const Fixture *f)
{
        static const char *const readings[] = { "Describe", "ListRules", "ListRoles", "ListSets",
                "ListFragments" };
        sd_bus *bus;
        int active;

        if (!become_nobody())
                return CHILD_SKIP;
        bus = open_client(f);
        for (size_t i = 0; i < ELEMENTS(change_cases); i++) {
                sd_bus_message *m = new_change(bus, i);

                APPEND(m, "a{sv}", 1, "dry_run", "b", 1);
                assert_fails(bus, m, BUS_ERROR_ACCESS_DENIED);
        }
        FAILS(bus, BUS_ERROR_ACCESS_DENIED, "SetLockdown", "ba{sv}", 1, 0);
        FAILS(bus, BUS_ERROR_ACCESS_DENIED, "Confirm", "t", UINT64_C(1));
        FAILS(bus, BUS_ERROR_ACCESS_DENIED, "Rollback", "ta{sv}", UINT64_C(1), 0);
        /* what is wrong besides is none of the business of one who may not */
        FAILS(bus, BUS_ERROR_ACCESS_DENIED, "SetLogging", "sa{sv}", "loud", 1, "force", "b", 1);
        /* to plan is to read; but a text to be judged is for those who may manage */
        if (sd_bus_call_method(bus, BUS_NAME, BUS_PATH, BUS_INTERFACE, "DescribeReload", NULL, NULL,
                    "a{sv}", 0) < 0)
                return 1;
        FAILS(bus, BUS_ERROR_ACCESS_DENIED, "DescribeReload", "a{sv}", 1, "text", "s",
                "enabled = true;");
        FAILS(bus, BUS_ERROR_ACCESS_DENIED, "Check", "s", "");
        for (size_t i = 0; i < ELEMENTS(readings); i++)
                if (sd_bus_call_method(bus, BUS_NAME, BUS_PATH, BUS_INTERFACE, readings[i], NULL,
                            NULL, "") < 0)
                        return 10 + (int)i;
        if (sd_bus_call_method(bus, BUS_NAME, BUS_PATH, BUS_INTERFACE, "Explain", NULL, NULL,
                    "a{sv}", 1, "direction", "s", "in") < 0)
                return 20;
        if (sd_bus_get_property_trivial(
                    bus, BUS_NAME, BUS_PATH, BUS_INTERFACE, "Active", NULL, 'b', &active) < 0)
                return 22;
        if (sd_bus_request_name(bus, "org.port25.Policy1.Other", 0) >= 0)
                return 23;
        sd_bus_flush_close_unref(bus);
        return 0;
}

static void test_nobody_may(void **state)
{
        Fixture *f = *state;
        uint64_t before = get_revision(f->bus);

        assert_child_ends(child_begin(f, nobody_tries), 0);
        assert_untouched(f, before);
}

/* ---- rules ---- */

/* One key of a rule that is otherwise "deny out"; the value's text is read by its type. */
static const struct RuleCase {
        const char *key, *type, *value;
        const char *error; /* NULL: taken */
} rule_cases[] = {
        { "action", "s", "allow", NULL },
        { "action", "s", "ALLOW", INVALID_ARGS },
        { "action", "s", "drop", INVALID_ARGS },
        { "action", "s", "", INVALID_ARGS },
        { "action", "u", "1", INVALID_RULE },
        { "direction", "s", "outgoing", INVALID_ARGS },
        { "direction", "s", "both", INVALID_ARGS },
        { "ports", "aq", "25,587", NULL },
        { "ports", "aq", "", NULL },
        { "ports", "aq", "22", INVALID_RULE },
        { "ports", "aq", "0", INVALID_RULE },
        { "ports", "aq", "25,65535", INVALID_RULE },
        { "ports", "au", "25", NULL },
        { "ports", "ai", "25,587", NULL },
        { "ports", "au", "65561", INVALID_RULE }, /* 25, cut to 16 bits */
        { "ports", "ai", "-25", INVALID_RULE },
        { "ports", "ai", "22", INVALID_RULE },
        { "ports", "q", "25", INVALID_RULE },
        { "ports", "as", "smtp", INVALID_RULE },
        { "to", "as", "192.0.2.1,2001:db8::/32", NULL },
        { "to", "as", "any", NULL },
        { "to", "as", "10.1.2.3/8", NULL },
        { "to", "as", "any,10.0.0.0/8", INVALID_RULE },
        { "to", "as", "10.0.0.0/33", INVALID_RULE },
        { "to", "as", "2001:db8::/129", INVALID_RULE },
        { "to", "as", "::ffff:192.0.2.1", INVALID_RULE },
        { "to", "as", "fe80::1%eth0", INVALID_RULE },
        { "to", "as", "mail.example.org", INVALID_RULE },
        { "to", "as", "010.0.0.1", INVALID_RULE },
        { "to", "as", "$internal", INVALID_RULE },
        { "to", "as", "@", INVALID_RULE },
        { "to", "as", "@../x", INVALID_RULE },
        { "to", "as", " ", INVALID_RULE },
        { "to", "as", "192.0.2.1\n", INVALID_RULE },
        { "to", "as", "@nowhere", BUS_ERROR_NO_SUCH_SET },
        { "to", "s", "192.0.2.1", NULL },
        { "to", "s", "192.0.2.1,192.0.2.2", INVALID_RULE },
        { "user", "s", "root", NULL },
        { "interface", "s", "eth0", NULL },
        { "interface", "s", "", NULL },
        { "interface", "s", "a name with blanks", INVALID_RULE },
        { "interface", "s", "sixteen-letters-", INVALID_RULE },
        { "interface", "s", "a/b", INVALID_RULE },
        { "in_interface", "s", "eth0", INVALID_RULE },
        { "out_interface", "s", "eth0", INVALID_RULE },
        { "user", "as", "root", NULL },
        { "user", "as", "12345", NULL },
        { "user", "as", "4294967295", INVALID_RULE },
        { "user", "as", "99999999999999999999", INVALID_RULE },
        { "user", "as", "$mta_users", INVALID_RULE },
        { "user", "as", "ro ot", INVALID_RULE },
        { "user", "as", "no-such-user-here", BUS_ERROR_NO_SUCH_NAME },
        { "group", "as", "root", NULL },
        { "group", "as", "no-such-group-here", BUS_ERROR_NO_SUCH_NAME },
        { "group", "as", "../x", INVALID_RULE },
        { "unit", "as", "postfix.service", NULL },
        { "unit", "as", "../../x", INVALID_RULE },
        { "rate", "s", "12/minute", INVALID_RULE }, /* only of limit */
        { "rate", "s", "12/fortnight", INVALID_RULE },
        { "rate", "s", "0/minute", INVALID_RULE },
        { "rate", "s", "1000001/hour", INVALID_RULE },
        { "burst", "u", "0", INVALID_RULE },
        { "burst", "u", "65536", INVALID_RULE },
        { "burst", "u", "4294967295", INVALID_RULE },
        { "max", "u", "0", INVALID_RULE },
        { "max", "u", "65536", INVALID_RULE },
        { "max", "t", "5", INVALID_RULE }, /* only of limit */
        { "max", "t", "4294967301", INVALID_RULE },
        { "expires", "t", "0", INVALID_RULE },
        { "expires", "t", "1", INVALID_RULE },
        { "expires", "t", "18446744073709551615", INVALID_RULE },
        { "expires", "x", "1", INVALID_RULE },
        { "duration", "t", "0", INVALID_RULE },
        { "duration", "t", "31622400", NULL },
        { "duration", "t", "31622401", INVALID_RULE },
        { "duration", "u", "60", NULL },
        { "duration", "i", "60", NULL },
        { "duration", "i", "-1", INVALID_RULE },
        { "duration", "d", "1", INVALID_RULE },
        { "log", "b", "1", NULL },
        { "log", "u", "1", INVALID_RULE },
        { "comment", "s", "gr\xc3\xbc\xc3\x9f", NULL },
        { "comment", "s", "", NULL },
        { "comment", "s", "a\tb", INVALID_RULE },
        { "comment", "s", "a\x1b[2Jb", INVALID_RULE },
        /* read back only */
        { "id", "t", "1", NULL },
        { "position", "u", "1", NULL },
        { "source", "s", "p25ctl", NULL },
        { "packets", "t", "1", NULL },
        { "bytes", "x", "-1", NULL },
        { "acton", "s", "deny", INVALID_RULE },
        { "From", "as", "10.0.0.0/8", INVALID_RULE },
        { "", "s", "x", INVALID_RULE },
        { "for", "s", "1h", INVALID_RULE },
        { "key\nwith\x1b[1m controls, and longer than what anybody wants to read in a message", "s",
                "x", INVALID_RULE },
};

static void append_array(sd_bus_message *m, char type, const char *value)
{
        _cleanup_free_ char *copy = strdup(value);
        char element[2] = { type, '\0' }, *rest = copy, *word;

        assert_true(sd_bus_message_open_container(m, 'a', element) >= 0);
        while ((word = strsep(&rest, ",")) && *value)
                if (type == 's')
                        APPEND(m, "s", word);
                else if (type == 'q')
                        APPEND(m, "q", (int)strtoul(word, NULL, 10));
                else
                        APPEND(m, element, (int)strtol(word, NULL, 10));
        assert_true(sd_bus_message_close_container(m) >= 0);
}

static void append_entry(sd_bus_message *m, const char *key, const char *type, const char *value)
{
        assert_true(sd_bus_message_open_container(m, 'e', "sv") >= 0);
        APPEND(m, "s", key);
        assert_true(sd_bus_message_open_container(m, 'v', type) >= 0);
        if (type[0] == 'a')
                append_array(m, type[1], value);
        else if (type[0] == 's')
                APPEND(m, "s", value);
        else if (type[0] == 't')
                APPEND(m, "t", (uint64_t)strtoull(value, NULL, 10));
        else if (type[0] == 'x')
                APPEND(m, "x", (int64_t)strtoll(value, NULL, 10));
        else if (type[0] == 'd')
                APPEND(m, "d", strtod(value, NULL));
        else
                APPEND(m, type, (unsigned)strtoul(value, NULL, 10));
        assert_true(sd_bus_message_close_container(m) >= 0);
        assert_true(sd_bus_message_close_container(m) >= 0);
}

static void append_case(sd_bus_message *m, const struct RuleCase *c)
{
        assert_true(sd_bus_message_open_container(m, 'a', "{sv}") >= 0);
        if (!streq(c->key, "action"))
                append_entry(m, "action", "s", "deny");
        if (!streq(c->key, "direction"))
                append_entry(m, "direction", "s", "out");
        append_entry(m, c->key, c->type, c->value);
        assert_true(sd_bus_message_close_container(m) >= 0);
}

static void test_rule_documents(void **state)
{
        Fixture *f = *state;
        uint64_t before;

        CHANGES(f->bus, true, "SetEnabled", "ba{sv}", 1, 0);
        before = get_revision(f->bus);
        for (size_t i = 0; i < ELEMENTS(rule_cases); i++) {
                const struct RuleCase *c = &rule_cases[i];
                _cleanup_message_ sd_bus_message *m = new_call(f->bus, "AddRule");

                append_case(m, c);
                APPEND(m, "a{sv}", 1, "dry_run", "b", 1);
                if (c->error)
                        assert_fails(f->bus, m, c->error);
                else
                        assert_changes(f->bus, m, true, NULL);
        }
        FAILS(f->bus, INVALID_RULE, "AddRule", "a{sv}a{sv}", 0, 0);
        FAILS(f->bus, INVALID_RULE, "AddRule", "a{sv}a{sv}", 2, "action", "s", "deny", "action",
                "s", "deny", 0);
        /* in is the direction when none is given: no users there */
        FAILS(f->bus, INVALID_RULE, "AddRule", "a{sv}a{sv}", 2, "action", "s", "deny", "user", "as",
                1, "root", 0);
        assert_untouched(f, before);
}

static void test_add_and_remove(void **state)
{
        Fixture *f = *state;

        CHANGES(f->bus, true, "SetEnabled", "ba{sv}", 1, 0);
        CHANGES(f->bus, true, "AddRule", "a{sv}a{sv}", 1, "action", "s", "deny", 0);
        CHANGES(f->bus, true, "AddRule", "a{sv}a{sv}", 2, "action", "s", "limit", "direction", "s",
                "out", 0);
        CHANGES(f->bus, true, "AddRule", "a{sv}a{sv}", 2, "action", "s", "allow", "from", "as", 1,
                "192.0.2.1", 1, "position", "u", 1);
        /* the same match with another action takes its place, no second one */
        CHANGES(f->bus, true, "AddRule", "a{sv}a{sv}", 2, "action", "s", "reject", "ports", "aq", 1,
                25, 0);

        /* which of them? */
        FAILS(f->bus, BUS_ERROR_NO_SUCH_RULE, "RemoveRule", "a{sv}a{sv}", 1, "position", "u", 4, 0);
        FAILS(f->bus, BUS_ERROR_NO_SUCH_RULE, "RemoveRule", "a{sv}a{sv}", 1, "position", "u", 0, 0);
        FAILS(f->bus, BUS_ERROR_NO_SUCH_RULE, "RemoveRule", "a{sv}a{sv}", 1, "id", "t",
                UINT64_C(77), 0);
        FAILS(f->bus, INVALID_RULE, "RemoveRule", "a{sv}a{sv}", 0, 0);
        FAILS(f->bus, INVALID_RULE, "RemoveRules", "aa{sv}a{sv}", 1, 1, "id", "t", UINT64_C(1), 0);
        /* all or none */
        FAILS(f->bus, BUS_ERROR_NO_SUCH_SET, "AddRules", "aa{sv}a{sv}", 2, 1, "action", "s", "deny",
                2, "action", "s", "deny", "from", "as", 1, "@nowhere", 0);
        FAILS(f->bus, INVALID_RULE, "RemoveRule", "a{sv}a{sv}", 2, "id", "t", UINT64_C(1),
                "position", "u", 1, 0);
        /* a match that nothing has, and one that has another action: no change */
        CHANGES(f->bus, false, "RemoveRule", "a{sv}a{sv}", 1, "from", "as", 1, "192.0.2.2", 0);
        CHANGES(f->bus, false, "RemoveRule", "a{sv}a{sv}", 1, "action", "s", "allow", 0);
        CHANGES(f->bus, true, "RemoveRule", "a{sv}a{sv}", 1, "action", "s", "reject", 0);
        CHANGES(f->bus, true, "RemoveRule", "a{sv}a{sv}", 1, "position", "u", 1, 0);
        CHANGES(f->bus, true, "RemoveRule", "a{sv}a{sv}", 1, "direction", "s", "out", 0);
        FAILS(f->bus, BUS_ERROR_NO_SUCH_RULE, "RemoveRule", "a{sv}a{sv}", 1, "position", "u", 1, 0);
}

static Report describe(sd_bus *bus)
{
        _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_message_ sd_bus_message *m = new_call(bus, "Describe");
        _cleanup_message_ sd_bus_message *reply = send_call(bus, m, &error);
        Report report = { 0 };
        const char *json;

        assert_non_null(reply);
        assert_true(sd_bus_message_read(reply, "s", &json) >= 0);
        assert_int_equal(report_parse(json, &report), 0);
        return report;
}

/* The rules of p25ctl, as "ID:ACTION" in their order. */
static void assert_order(sd_bus *bus, const char *wanted)
{
        _cleanup_(report_deinit) Report report = describe(bus);
        char text[200] = "";
        size_t n = 0;

        for (size_t i = 0; i < report.n_rules && report.rules[i].position > 0; i++)
                n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%" PRIu64 ":%s", n ? " " : "",
                        report.rules[i].rule->id, action_to_string(report.rules[i].rule->action));
        assert_string_equal(text, wanted);
}

static void test_replace(void **state)
{
        Fixture *f = *state;

        CHANGES(f->bus, true, "SetEnabled", "ba{sv}", 1, 0);
        CHANGES(f->bus, true, "AddRule", "a{sv}a{sv}", 1, "action", "s", "deny", 0);
        CHANGES(f->bus, true, "AddRule", "a{sv}a{sv}", 2, "action", "s", "allow", "from", "as", 1,
                "192.0.2.1", 0);
        CHANGES(f->bus, true, "AddRule", "a{sv}a{sv}", 2, "action", "s", "reject", "direction", "s",
                "out", 0);
        assert_order(f->bus, "1:deny 2:allow 3:reject");

        /* moved: the same rule, the same id */
        CHANGES(f->bus, true, "AddRule", "a{sv}a{sv}", 2, "action", "s", "allow", "from", "as", 1,
                "192.0.2.1", 2, "replaces", "t", UINT64_C(2), "position", "u", 1);
        assert_order(f->bus, "2:allow 1:deny 3:reject");
        /* to where it is */
        CHANGES(f->bus, false, "AddRule", "a{sv}a{sv}", 2, "action", "s", "allow", "from", "as", 1,
                "192.0.2.1", 1, "replaces", "t", UINT64_C(2));
        /* another action, in its place; then another match, which is another rule */
        CHANGES(f->bus, true, "AddRule", "a{sv}a{sv}", 1, "action", "s", "reject", 1, "replaces",
                "t", UINT64_C(1));
        assert_order(f->bus, "2:allow 1:reject 3:reject");
        CHANGES(f->bus, true, "AddRule", "a{sv}a{sv}", 2, "action", "s", "deny", "ports", "aq", 1,
                587, 1, "replaces", "t", UINT64_C(1));
        assert_order(f->bus, "2:allow 4:deny 3:reject");

        FAILS(f->bus, BUS_ERROR_NO_SUCH_RULE, "AddRule", "a{sv}a{sv}", 1, "action", "s", "deny", 1,
                "replaces", "t", UINT64_C(1));
        FAILS(f->bus, INVALID_ARGS, "AddRule", "a{sv}a{sv}", 1, "action", "s", "deny", 2,
                "replaces", "t", UINT64_C(4), "position", "u", 4);
        /* the match of another rule */
        FAILS(f->bus, INVALID_RULE, "AddRule", "a{sv}a{sv}", 2, "action", "s", "deny", "from", "as",
                1, "192.0.2.1", 1, "replaces", "t", UINT64_C(4));
        FAILS(f->bus, BUS_ERROR_NO_SUCH_SET, "AddRule", "a{sv}a{sv}", 2, "action", "s", "deny",
                "from", "as", 1, "@nowhere", 1, "replaces", "t", UINT64_C(4));
        FAILS(f->bus, INVALID_ARGS, "AddRules", "aa{sv}a{sv}", 1, 1, "action", "s", "deny", 1,
                "replaces", "t", UINT64_C(4));
        assert_order(f->bus, "2:allow 4:deny 3:reject");
}

static uint64_t expiry_of(sd_bus *bus, size_t position)
{
        Report report = describe(bus);
        uint64_t usec;

        assert_true(position <= report.n_rules);
        usec = report.rules[position - 1].rule->expires_usec;
        assert_int_equal(report.rules[position - 1].seconds_left > 0, usec > 0);
        report_deinit(&report);
        return usec;
}

static void test_expiry(void **state)
{
        const uint64_t hour = UINT64_C(3600000000), end = clock_now_usec(CLOCK_REALTIME) + hour,
                       whole = expiry_round(end), day = 24 * hour;
        Fixture *f = *state;
        uint64_t first;

        CHANGES(f->bus, true, "AddRule", "a{sv}a{sv}", 2, "action", "s", "deny", "expires", "t",
                end, 0);
        assert_true(expiry_of(f->bus, 1) == whole);
        CHANGES(f->bus, false, "AddRule", "a{sv}a{sv}", 2, "action", "s", "deny", "expires", "t",
                end, 0);
        CHANGES(f->bus, false, "AddRule", "a{sv}a{sv}", 2, "action", "s", "deny", "expires", "t",
                whole, 0);
        CHANGES(f->bus, true, "AddRule", "a{sv}a{sv}", 2, "action", "s", "deny", "expires", "t",
                whole + 1, 0);
        assert_true(expiry_of(f->bus, 1) == whole + 1000000);
        CHANGES(f->bus, true, "AddRule", "a{sv}a{sv}", 1, "action", "s", "deny", 0);
        assert_true(expiry_of(f->bus, 1) == 0);
        /* counted here, for both of a call alike */
        CHANGES(f->bus, true, "AddRules", "aa{sv}a{sv}", 2, 3, "action", "s", "deny", "ports", "aq",
                1, 587, "duration", "t", UINT64_C(86400), 3, "action", "s", "deny", "direction",
                "s", "out", "duration", "t", UINT64_C(86400), 0);
        first = expiry_of(f->bus, 2);
        assert_true(first >= end - hour + day &&
                    first < clock_now_usec(CLOCK_REALTIME) + day + 1000000);
        assert_true(expiry_of(f->bus, 3) == first);
        FAILS(f->bus, INVALID_RULE, "AddRule", "a{sv}a{sv}", 3, "action", "s", "deny", "expires",
                "t", end, "duration", "t", UINT64_C(60), 0);
        /* to remove a rule it does not matter */
        CHANGES(f->bus, true, "RemoveRule", "a{sv}a{sv}", 3, "action", "s", "deny", "direction",
                "s", "out", "expires", "t", UINT64_C(1), 0);
        CHANGES(f->bus, true, "RemoveRule", "a{sv}a{sv}", 2, "ports", "aq", 1, 587, "duration", "t",
                UINT64_C(0), 0);
}

/* ---- other arguments ---- */

static void test_arguments(void **state)
{
        static const char *const bad_names[] = { "", ".", "..", "a/b", "a b", "\xc3\xbc", "@x",
                "../../etc/passwd",
                "a-name-of-sixty-five-letters-a-name-of-sixty-five-letters-a-name1" };
        Fixture *f = *state;
        int fd = make_file("192.0.2.1\n");

        for (size_t i = 0; i < ELEMENTS(bad_names); i++) {
                FAILS(f->bus, INVALID_ARGS, "SetRoles", "asa{sv}", 2, "mx", bad_names[i], 0);
                FAILS(f->bus, INVALID_ARGS, "PutFragment", "ssa{sv}", bad_names[i], "", 0);
                FAILS(f->bus, INVALID_ARGS, "GetFragment", "s", bad_names[i]);
                FAILS(f->bus, INVALID_ARGS, "ReplaceSet", "sha{sv}", bad_names[i], fd, 0);
                FAILS(f->bus, INVALID_ARGS, "UpdateSet", "sasasa{sv}", bad_names[i], 0, 0, 0);
                FAILS(f->bus, INVALID_ARGS, "DropSet", "sa{sv}", bad_names[i], 0);
        }
        close(fd);
        FAILS(f->bus, INVALID_ARGS, "SetDefault", "ssa{sv}", "inwards", "deny", 0);
        FAILS(f->bus, INVALID_ARGS, "SetDefault", "ssa{sv}", "incoming", "limit", 0);
        FAILS(f->bus, INVALID_ARGS, "SetDefault", "ssa{sv}", "incoming", "drop", 0);
        FAILS(f->bus, INVALID_ARGS, "SetLogging", "sa{sv}", "on", 0);
        FAILS(f->bus, INVALID_ARGS, "SetLogging", "sa{sv}", "LOW", 0);
        FAILS(f->bus, BUS_ERROR_NO_SUCH_ROLE, "SetRoles", "asa{sv}", 1, "nowhere", 0);
        FAILS(f->bus, BUS_ERROR_NO_SUCH_SET, "DropSet", "sa{sv}", "nowhere", 0);
        FAILS(f->bus, BUS_ERROR_NO_SUCH_FRAGMENT, "GetFragment", "s", "nowhere");
        CHANGES(f->bus, false, "PutFragment", "ssa{sv}", "nowhere", "", 0);
        FAILS(f->bus, INVALID_ARGS, "UpdateSet", "sasasa{sv}", "x", 1, "192.0.2.1", 0, 1,
                "timeout_seconds", "u", 0);
        FAILS(f->bus, INVALID_ARGS, "UpdateSet", "sasasa{sv}", "x", 1, "192.0.2.1", 0, 1,
                "timeout_seconds", "u", 366 * 86400 + 1);
        FAILS(f->bus, BUS_ERROR_INVALID_POLICY, "UpdateSet", "sasasa{sv}", "x", 1, "::/0", 0, 1,
                "timeout_seconds", "u", 60);
        FAILS(f->bus, INVALID_ARGS, "DropSet", "sa{sv}", "x", 1, "timeout_seconds", "u", 60);
        FAILS(f->bus, BUS_ERROR_INVALID_POLICY, "UpdateSet", "sasasa{sv}", "x", 1, "bad", 0, 0);
        FAILS(f->bus, BUS_ERROR_INVALID_POLICY, "UpdateSet", "sasasa{sv}", "x", 1, "", 0, 0);
        FAILS(f->bus, BUS_ERROR_INVALID_POLICY, "UpdateSet", "sasasa{sv}", "x", 1,
                "192.0.2.1\n192.0.2.2", 0, 0);
        FAILS(f->bus, BUS_ERROR_INVALID_POLICY, "PutFragment", "ssa{sv}", "x", "rules = (", 0);
        FAILS(f->bus, BUS_ERROR_INVALID_POLICY, "PutFragment", "ssa{sv}", "x",
                "roles = ( \"mx\" );", 0);
        FAILS(f->bus, BUS_ERROR_INVALID_POLICY, "PutFragment", "ssa{sv}", "x",
                "@include \"/etc/passwd\"\n", 0);
        FAILS(f->bus, BUS_ERROR_NO_SUCH_REVISION, "Confirm", "t", UINT64_C(1));
        FAILS(f->bus, BUS_ERROR_NO_SUCH_REVISION, "Rollback", "ta{sv}", UINT64_C(99), 0);
        FAILS(f->bus, BUS_ERROR_NO_SUCH_REVISION, "DiffRevisions", "tt", UINT64_C(0), UINT64_C(9));
        assert_untouched(f, 0);
}

/* Another signature than the method's */
static void test_signatures(void **state)
{
        Fixture *f = *state;

        for (size_t i = 0; i < ELEMENTS(change_cases); i++) {
                FAILS(f->bus, INVALID_ARGS, change_cases[i].member, "v", "i", 1);
                FAILS(f->bus, INVALID_ARGS, change_cases[i].member, "a{ss}", 0);
                if (!streq(change_cases[i].member, "Reload") &&
                        !streq(change_cases[i].member, "Reset"))
                        FAILS(f->bus, INVALID_ARGS, change_cases[i].member, "a{sv}", 0);
        }
        FAILS(f->bus, INVALID_ARGS, "AddRule", "a{sv}", 0);
        FAILS(f->bus, INVALID_ARGS, "SetRoles", "sa{sv}", "mx", 0);
        FAILS(f->bus, INVALID_ARGS, "ReplaceSet", "ssa{sv}", "x", "text", 0);
        FAILS(f->bus, SD_BUS_ERROR_UNKNOWN_METHOD, "addRule", "a{sv}a{sv}", 0, 0);
        assert_untouched(f, 0);
}

/* ---- sizes ---- */

static void append_many(sd_bus_message *m, unsigned n)
{
        char text[32];

        assert_true(sd_bus_message_open_container(m, 'a', "s") >= 0);
        for (unsigned i = 0; i < n; i++) {
                snprintf(text, sizeof(text), "10.%u.%u.%u", i >> 16 & 255, i >> 8 & 255, i & 255);
                APPEND(m, "s", text);
        }
        assert_true(sd_bus_message_close_container(m) >= 0);
}

static void append_rule_of(sd_bus_message *m, unsigned n)
{
        assert_true(sd_bus_message_open_container(m, 'a', "{sv}") >= 0);
        append_entry(m, "action", "s", "deny");
        assert_true(sd_bus_message_open_container(m, 'e', "sv") >= 0);
        APPEND(m, "s", "from");
        assert_true(sd_bus_message_open_container(m, 'v', "as") >= 0);
        append_many(m, n);
        assert_true(sd_bus_message_close_container(m) >= 0);
        assert_true(sd_bus_message_close_container(m) >= 0);
        assert_true(sd_bus_message_close_container(m) >= 0);
        APPEND(m, "a{sv}", 0);
}

static void test_sizes(void **state)
{
        _cleanup_message_ sd_bus_message *roles = NULL, *set = NULL, *rule = NULL, *more = NULL,
                                         *comment = NULL;
        Fixture *f = *state;
        char text[COMMENT_MAX + 2];
        uint64_t began;

        CHANGES(f->bus, true, "SetEnabled", "ba{sv}", 1, 0);
        roles = new_call(f->bus, "SetRoles");
        append_many(roles, 100000);
        APPEND(roles, "a{sv}", 0);
        assert_fails(f->bus, roles, BUS_ERROR_LIMIT_EXCEEDED);

        set = new_call(f->bus, "UpdateSet");
        APPEND(set, "s", "many");
        append_many(set, 100000);
        APPEND(set, "asa{sv}", 0, 0);
        began = now_usec();
        assert_changes(f->bus, set, true, NULL);
        /* a list that is walked again for each of its members takes minutes */
        assert_true(now_usec() - began < 10 * UINT64_C(1000000));

        rule = new_call(f->bus, "AddRule");
        append_rule_of(rule, 100000);
        assert_fails(f->bus, rule, BUS_ERROR_LIMIT_EXCEEDED);
        more = new_call(f->bus, "AddRule");
        append_rule_of(more, RULE_ADDRESSES_MAX);
        assert_changes(f->bus, more, true, NULL);

        comment = new_call(f->bus, "AddRule");
        memset(text, 'x', sizeof(text) - 1);
        text[sizeof(text) - 1] = '\0';
        APPEND(comment, "a{sv}a{sv}", 2, "action", "s", "deny", "comment", "s", text, 0);
        assert_fails(f->bus, comment, BUS_ERROR_LIMIT_EXCEEDED);
}

static void test_large_text(void **state)
{
        _cleanup_message_ sd_bus_message *put = NULL, *check = NULL;
        size_t n = POLICY_TEXT_MAX + 1;
        _cleanup_free_ char *text = malloc(n + 1);
        Fixture *f = *state;

        assert_non_null(text);
        memset(text, '#', n);
        text[n] = '\0';
        put = new_call(f->bus, "PutFragment");
        APPEND(put, "ssa{sv}", "x", text, 0);
        assert_fails(f->bus, put, BUS_ERROR_LIMIT_EXCEEDED);
        check = new_call(f->bus, "Check");
        APPEND(check, "s", text);
        assert_fails(f->bus, check, BUS_ERROR_LIMIT_EXCEEDED);
        assert_untouched(f, 0);
}

int main(_unused_ int argc, char **argv)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_options, server_setup, server_teardown),
                cmocka_unit_test_setup_teardown(test_nobody_may, server_setup, server_teardown),
                cmocka_unit_test_setup_teardown(test_rule_documents, server_setup, server_teardown),
                cmocka_unit_test_setup_teardown(test_add_and_remove, server_setup, server_teardown),
                cmocka_unit_test_setup_teardown(test_replace, server_setup, server_teardown),
                cmocka_unit_test_setup_teardown(test_expiry, server_setup, server_teardown),
                cmocka_unit_test_setup_teardown(test_arguments, server_setup, server_teardown),
                cmocka_unit_test_setup_teardown(test_signatures, server_setup, server_teardown),
                cmocka_unit_test_setup_teardown(test_sizes, server_setup, server_teardown),
                cmocka_unit_test_setup_teardown(test_large_text, server_setup, server_teardown),
        };

        if (!become_root(argv)) {
                puts("1..1\nok 1 # SKIP neither root nor user namespaces");
                return 0;
        }
        return cmocka_run_group_tests(tests, NULL, NULL);
}
