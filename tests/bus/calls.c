/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tests/bus/calls.h"

#include "rules/base/strv.h"
#include "rules/base/text.h"

int server_start(Fixture *f)
{
        start_dbus(f);
        start_server(f);
        f->bus = open_client(f);
        return wait_for_owner(f->bus, PATIENCE_USEC) ? 0 : -1;
}

int server_setup(void **state)
{
        static Fixture fixture;
        Fixture *f = *state = &fixture;

        fixture_start(f);
        return server_start(f);
}

int server_teardown(void **state)
{
        return fixture_stop(*state);
}

sd_bus_message *new_call(sd_bus *bus, const char *member)
{
        sd_bus_message *m = NULL;

        assert_true(sd_bus_message_new_method_call(
                            bus, &m, BUS_NAME, BUS_PATH, BUS_INTERFACE, member) >= 0);
        return m;
}

sd_bus_message *send_call(sd_bus *bus, sd_bus_message *m, sd_bus_error *error)
{
        sd_bus_message *reply = NULL;

        sd_bus_call(bus, m, PATIENCE_USEC, error, &reply);
        return reply;
}

void assert_fails(sd_bus *bus, sd_bus_message *m, const char *name)
{
        _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_message_ sd_bus_message *reply = send_call(bus, m, &error);

        if (reply || !sd_bus_error_has_name(&error, name))
                print_error("%s: %s (%s), expected %s\n", sd_bus_message_get_member(m),
                        error.name ?: "success", error.message ?: "", name);
        assert_null(reply);
        assert_true(sd_bus_error_has_name(&error, name));
        /* one line that a terminal can show */
        assert_non_null(error.message);
        assert_true(error.message[0]);
        assert_true(text_is_printable(error.message));
}

void details_deinit(Details *d)
{
        strv_free(d->diff);
        strv_free(d->effects);
        strv_free(d->warnings);
        strv_free(d->unchanged);
}

static void read_strings(sd_bus_message *m, char ***ret)
{
        assert_true(sd_bus_message_enter_container(m, 'v', "as") > 0);
        assert_true(sd_bus_message_read_strv(m, ret) >= 0);
        assert_true(sd_bus_message_exit_container(m) >= 0);
}

Details read_details(sd_bus_message *m)
{
        Details d = { 0 };
        const char *key;

        assert_true(sd_bus_message_enter_container(m, 'a', "{sv}") >= 0);
        while (sd_bus_message_enter_container(m, 'e', "sv") > 0) {
                assert_true(sd_bus_message_read(m, "s", &key) > 0);
                if (streq(key, "outcome"))
                        assert_true(sd_bus_message_read(m, "v", "s", &d.outcome) > 0);
                else if (streq(key, "diff") && !d.diff)
                        read_strings(m, &d.diff);
                else if (streq(key, "effects") && !d.effects)
                        read_strings(m, &d.effects);
                else if (streq(key, "warnings") && !d.warnings)
                        read_strings(m, &d.warnings);
                else if (streq(key, "unchanged") && !d.unchanged)
                        read_strings(m, &d.unchanged);
                else if (streq(key, "entries"))
                        assert_true(sd_bus_message_read(m, "v", "t", &d.entries) > 0);
                else if (streq(key, "former_expires"))
                        assert_true(sd_bus_message_read(m, "v", "t", &d.former_expires) > 0);
                else if (streq(key, "only_expires"))
                        assert_true(sd_bus_message_read(m, "v", "b", &d.only_expires) > 0);
                else
                        fail_msg("details have %s", key);
                assert_true(sd_bus_message_exit_container(m) >= 0);
        }
        assert_true(sd_bus_message_exit_container(m) >= 0);
        assert_non_null(d.outcome);
        return d;
}

void assert_changes(sd_bus *bus, sd_bus_message *m, bool expected, uint64_t *ret_revision)
{
        _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_message_ sd_bus_message *reply = send_call(bus, m, &error);
        _cleanup_details_ Details details = { 0 };
        uint64_t revision;
        int changed;

        if (!reply)
                print_error(
                        "%s: %s: %s\n", sd_bus_message_get_member(m), error.name, error.message);
        assert_non_null(reply);
        assert_string_equal(sd_bus_message_get_signature(reply, true), "bta{sv}");
        assert_true(sd_bus_message_read(reply, "bt", &changed, &revision) >= 0);
        details = read_details(reply);
        if (changed != expected)
                print_error("%s: changed is %d\n", sd_bus_message_get_member(m), changed);
        assert_int_equal(changed, expected);
        assert_int_equal(details.diff != NULL, changed);
        assert_int_equal(streq(details.outcome, "none"), !changed);
        if (ret_revision)
                *ret_revision = revision;
}

uint64_t get_revision(sd_bus *bus)
{
        uint64_t revision = UINT64_MAX;

        assert_true(sd_bus_get_property_trivial(bus, BUS_NAME, BUS_PATH, BUS_INTERFACE, "Revision",
                            NULL, 't', &revision) >= 0);
        return revision;
}

/* ---- every method that changes ---- */

int make_file(const char *text)
{
        int fd = memfd_create("set", MFD_CLOEXEC);

        assert_true(fd >= 0);
        assert_int_equal(write(fd, text, strlen(text)), strlen(text));
        return fd;
}

static void append_rule(sd_bus_message *m)
{
        APPEND(m, "a{sv}", 3, "action", "s", "deny", "from", "as", 1, "203.0.113.1", "comment", "s",
                "x");
}

static void append_match(sd_bus_message *m)
{
        APPEND(m, "a{sv}", 1, "from", "as", 1, "203.0.113.1");
}

static void append_rules(sd_bus_message *m)
{
        APPEND(m, "aa{sv}", 2, 1, "action", "s", "deny", 2, "action", "s", "deny", "direction", "s",
                "out");
}

static void append_matches(sd_bus_message *m)
{
        APPEND(m, "aa{sv}", 2, 1, "direction", "s", "in", 1, "direction", "s", "out");
}

static void append_roles(sd_bus_message *m)
{
        APPEND(m, "as", 1, "mx");
}

static void append_default(sd_bus_message *m)
{
        APPEND(m, "ss", "incoming", "deny");
}

static void append_true(sd_bus_message *m)
{
        APPEND(m, "b", 1);
}

static void append_logging(sd_bus_message *m)
{
        APPEND(m, "s", "high");
}

static void append_fragment(sd_bus_message *m)
{
        APPEND(m, "ss", "own", "rules = ( { action = \"deny\"; direction = \"in\"; } );\n");
}

static void append_file(sd_bus_message *m)
{
        int fd = make_file("192.0.2.1\n192.0.2.2 # two\n");

        APPEND(m, "sh", "block", fd); /* which duplicates it */
        close(fd);
}

static void append_documents(sd_bus_message *m)
{
        int fd = make_file("192.0.2.7\n");

        APPEND(m, "a{ss}a{sh}", 1, "together",
                "rules = ( { action = \"deny\"; direction = \"in\"; from = \"@both\"; } );\n", 1,
                "both", fd);
        close(fd);
}

static void append_update(sd_bus_message *m)
{
        APPEND(m, "sasas", "more", 2, "192.0.2.1", "2001:db8::/32", 1, "192.0.2.9");
}

static void append_set(sd_bus_message *m)
{
        APPEND(m, "s", "more");
}

static void append_nothing(sd_bus_message *m)
{
        (void)m;
}

const ChangeCase change_cases[CHANGE_CASES] = {
        { "SetEnabled", append_true, true, false },
        { "AddRule", append_rule, true, false },
        { "RemoveRule", append_match, true, false },
        { "AddRules", append_rules, true, false },
        { "RemoveRules", append_matches, true, false },
        { "SetRoles", append_roles, true, false },
        { "SetDefault", append_default, true, false },
        { "SetLogging", append_logging, true, false },
        { "PutFragment", append_fragment, true, false },
        { "ReplaceSet", append_file, true, false },
        { "PutDocuments", append_documents, true, false },
        { "UpdateSet", append_update, true, false },
        { "DropSet", append_set, true, true },
        { "SetLockdown", append_true, true, false },
        { "Reload", append_nothing, false, false },
        { "Reset", append_nothing, true, false },
};
