/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The interface itself, without a bus: SPEC section 5's members and types, the privilege of each
 * method, and the XML in packaging/.
 */

#include "daemon/bus/vtable.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>

#include <cmocka.h>

#define XML_FILE "packaging/dbus/org.port25.Policy1.Manager.xml"

/* SPEC section 5, word for word, and eight more; what changes the policy takes a{sv} last and
 * gives b t a{sv}. */
static const struct {
        const char *name, *in, *out;
        Privilege privilege;
} methods[] = {
        { "Describe", "", "s", PRIVILEGE_READ },
        { "ListRules", "", "aa{sv}", PRIVILEGE_READ },
        { "ListRoles", "", "aa{sv}", PRIVILEGE_READ },
        { "ListSets", "", "aa{sv}", PRIVILEGE_READ },
        { "ListFragments", "", "aa{sv}", PRIVILEGE_READ },
        { "AddRule", "a{sv}a{sv}", "bta{sv}", PRIVILEGE_MANAGE },
        { "RemoveRule", "a{sv}a{sv}", "bta{sv}", PRIVILEGE_MANAGE },
        { "SetRoles", "asa{sv}", "bta{sv}", PRIVILEGE_MANAGE },
        { "SetDefault", "ssa{sv}", "bta{sv}", PRIVILEGE_MANAGE },
        { "SetEnabled", "ba{sv}", "bta{sv}", PRIVILEGE_MANAGE },
        { "SetLockdown", "ba{sv}", "bta{sv}", PRIVILEGE_MANAGE },
        { "SetLogging", "sa{sv}", "bta{sv}", PRIVILEGE_MANAGE },
        { "PromoteAudit", "a{sv}", "bta{sv}", PRIVILEGE_MANAGE },
        { "PutFragment", "ssa{sv}", "bta{sv}", PRIVILEGE_MANAGE_FRAGMENT },
        { "GetFragment", "s", "s", PRIVILEGE_READ },
        /* ours: several rules at once */
        { "AddRules", "aa{sv}a{sv}", "bta{sv}", PRIVILEGE_MANAGE },
        { "RemoveRules", "aa{sv}a{sv}", "bta{sv}", PRIVILEGE_MANAGE },
        /* ours: texts to read */
        { "GetRole", "s", "s", PRIVILEGE_READ },
        { "GetRuleset", "s", "s", PRIVILEGE_READ },
        { "GetSet", "s", "h", PRIVILEGE_READ },
        { "ReplaceSet", "sha{sv}", "bta{sv}", PRIVILEGE_MANAGE_SET },
        /* ours: several fragments and sets at once */
        { "PutDocuments", "a{ss}a{sh}a{sv}", "bta{sv}", PRIVILEGE_MANAGE_EACH },
        { "UpdateSet", "sasasa{sv}", "bta{sv}", PRIVILEGE_MANAGE_SET },
        { "DropSet", "sa{sv}", "bta{sv}", PRIVILEGE_MANAGE_SET },
        { "Reload", "a{sv}", "bta{sv}", PRIVILEGE_MANAGE },
        { "Reset", "a{sv}", "bta{sv}", PRIVILEGE_MANAGE },
        /* ours: what Reload would change */
        { "DescribeReload", "a{sv}", "bta{sv}", PRIVILEGE_READ_TEXT },
        { "Confirm", "t", "", PRIVILEGE_MANAGE },
        { "Rollback", "ta{sv}", "bta{sv}", PRIVILEGE_MANAGE },
        { "ListRevisions", "u", "aa{sv}", PRIVILEGE_READ },
        /* ours: who changed entries of sets */
        { "ListSetChanges", "u", "aa{sv}", PRIVILEGE_READ },
        /* ours: the difference between two */
        { "DiffRevisions", "tt", "a{sv}", PRIVILEGE_READ },
        { "Check", "s", "aa{sv}", PRIVILEGE_MANAGE },
        { "Explain", "a{sv}", "a{sv}", PRIVILEGE_READ },
        { "Diagnose", "as", "aa{sv}", PRIVILEGE_READ },
        /* ours: those findings that other packet filters are */
        { "ListObstacles", "", "aa{sv}", PRIVILEGE_READ },
        { "DescribeAudit", "", "s", PRIVILEGE_MANAGE },
        { "DescribeStats", "", "s", PRIVILEGE_MANAGE },
        { "ListEvents", "tu", "aa{sv}", PRIVILEGE_MANAGE },
};

static const struct {
        const char *name, *signature;
} properties[] = { { "Version", "s" }, { "Active", "b" }, { "Backend", "s" }, { "Roles", "as" },
        { "Revision", "t" }, { "Lockdown", "b" }, { "Logging", "s" }, { "PendingRevision", "t" },
        { "PendingDeadline", "t" }, { "Repairs", "t" } },
  signals[] = { { "Changed", "tusa{sv}" }, { "Repaired", "tus" }, { "Blocked", "a{sv}" },
          { "Alert", "a{sv}" } };

static const sd_bus_vtable *find_member(char type, const char *name)
{
        for (const sd_bus_vtable *v = bus_vtable; v->type != _SD_BUS_VTABLE_END; v++) {
                /* the first words of the three kinds of member are alike: the name */
                if (v->type == type && type == _SD_BUS_VTABLE_METHOD &&
                        streq(v->x.method.member, name))
                        return v;
                if (v->type == type && type == _SD_BUS_VTABLE_SIGNAL &&
                        streq(v->x.signal.member, name))
                        return v;
                if (v->type == type && type == _SD_BUS_VTABLE_PROPERTY &&
                        streq(v->x.property.member, name))
                        return v;
        }
        return NULL;
}

static size_t count_members(char type)
{
        size_t n = 0;

        for (const sd_bus_vtable *v = bus_vtable; v->type != _SD_BUS_VTABLE_END; v++)
                n += v->type == type;
        return n;
}

static void test_methods(void **state)
{
        size_t n = 0;

        (void)state;
        for (size_t i = 0; i < ELEMENTS(methods); i++) {
                const sd_bus_vtable *v = find_member(_SD_BUS_VTABLE_METHOD, methods[i].name);
                const BusMethod *m = bus_methods;

                assert_non_null(v);
                assert_string_equal(v->x.method.signature ?: "", methods[i].in);
                assert_string_equal(v->x.method.result ?: "", methods[i].out);
                while (m->name && !streq(m->name, methods[i].name))
                        m++;
                assert_non_null(m->name);
                assert_non_null(m->handle);
                assert_int_equal(m->privilege, methods[i].privilege);
        }
        while (bus_methods[n].name)
                n++;
        assert_int_equal(n, ELEMENTS(methods));
        assert_int_equal(count_members(_SD_BUS_VTABLE_METHOD), ELEMENTS(methods));
}

/* One way in for all: what does not lead past the authorisation is not in the table. */
static void test_one_handler(void **state)
{
        sd_bus_message_handler_t handler = NULL;

        (void)state;
        for (const sd_bus_vtable *v = bus_vtable; v->type != _SD_BUS_VTABLE_END; v++) {
                if (v->type != _SD_BUS_VTABLE_METHOD)
                        continue;
                if (!handler)
                        handler = v->x.method.handler;
                assert_ptr_equal(v->x.method.handler, handler);
        }
        assert_non_null(handler);
}

static void test_properties_and_signals(void **state)
{
        (void)state;
        for (size_t i = 0; i < ELEMENTS(properties); i++) {
                const sd_bus_vtable *v = find_member(_SD_BUS_VTABLE_PROPERTY, properties[i].name);

                assert_non_null(v);
                assert_string_equal(v->x.property.signature, properties[i].signature);
                assert_true(v->flags & SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE);
        }
        for (size_t i = 0; i < ELEMENTS(signals); i++) {
                const sd_bus_vtable *v = find_member(_SD_BUS_VTABLE_SIGNAL, signals[i].name);

                assert_non_null(v);
                assert_string_equal(v->x.signal.signature, signals[i].signature);
        }
        assert_int_equal(count_members(_SD_BUS_VTABLE_PROPERTY), ELEMENTS(properties));
        assert_int_equal(count_members(_SD_BUS_VTABLE_SIGNAL), ELEMENTS(signals));
        assert_int_equal(count_members(_SD_BUS_VTABLE_WRITABLE_PROPERTY), 0);
}

/* ---- the XML ---- */

static sd_bus *open_end(int fd, bool server)
{
        sd_id128_t id = { { 0 } };
        sd_bus *bus;

        assert_true(sd_bus_new(&bus) >= 0);
        assert_true(sd_bus_set_fd(bus, fd, fd) >= 0);
        if (server)
                assert_true(sd_bus_set_server(bus, true, id) >= 0);
        assert_true(sd_bus_set_anonymous(bus, true) >= 0);
        assert_true(sd_bus_start(bus) >= 0);
        return bus;
}

static int on_reply(sd_bus_message *m, void *data, sd_bus_error *error)
{
        const char *xml;

        (void)error;
        assert_true(sd_bus_message_read(m, "s", &xml) >= 0);
        *(char **)data = strdup(xml);
        return 1;
}

static char *introspect(void)
{
        static char *xml;
        _cleanup_(sd_bus_unrefp) sd_bus *server = NULL, *client = NULL;
        int fds[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
        server = open_end(fds[0], true);
        client = open_end(fds[1], false);
        assert_true(sd_bus_add_object_vtable(
                            server, NULL, BUS_PATH, BUS_INTERFACE, bus_vtable, NULL) >= 0);
        assert_true(sd_bus_call_method_async(client, NULL, NULL, BUS_PATH,
                            "org.freedesktop.DBus.Introspectable", "Introspect", on_reply, &xml,
                            "") >= 0);
        for (unsigned i = 0; i < 10000 && !xml; i++) {
                assert_true(sd_bus_process(client, NULL) >= 0);
                assert_true(sd_bus_process(server, NULL) >= 0);
        }
        assert_non_null(xml);
        return xml;
}

/* The standard interfaces are the bus library's and differ between its versions: only ours is
 * compared. */
static char *interface_of(const char *xml)
{
        const char *begin = strstr(xml, " <interface name=\"" BUS_INTERFACE "\">"), *end;
        char *text;

        assert_non_null(begin);
        end = strstr(begin, "</interface>\n");
        assert_non_null(end);
        assert_true(asprintf(&text,
                            "<!DOCTYPE node PUBLIC \"-//freedesktop//DTD D-BUS Object "
                            "Introspection 1.0//EN\"\n"
                            " \"http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd\">\n"
                            "<!-- SPDX-License-Identifier: GPL-2.0-or-later -->\n"
                            "<node name=\"" BUS_PATH "\">\n%.*s</interface>\n</node>\n",
                            (int)(end - begin), begin) > 0);
        return text;
}

static char *read_whole(const char *path)
{
        char *text = NULL;
        size_t size = 0;
        FILE *f = fopen(path, "re");

        if (!f)
                return strdup("");
        assert_true(getdelim(&text, &size, '\0', f) > 0);
        fclose(f);
        return text;
}

static void test_xml(void **state)
{
        _cleanup_free_ char *all = introspect(), *now = interface_of(all), *stored = NULL;

        (void)state;
        if (getenv("GOLDEN_UPDATE")) {
                FILE *f = fopen(XML_FILE, "we");

                assert_non_null(f);
                assert_true(fputs(now, f) >= 0);
                assert_int_equal(fclose(f), 0);
        }
        stored = read_whole(XML_FILE);
        assert_string_equal(now, stored);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_methods),
                cmocka_unit_test(test_one_handler),
                cmocka_unit_test(test_properties_and_signals),
                cmocka_unit_test(test_xml),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
