/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Every method and property that the object itself says it has, called by nobody: whatever changes
 * something is refused, and so is every method that this test does not know to be reading.
 */

#include "tests/bus/calls.h"

typedef struct Member {
        char name[64], in[64], out[64];
} Member;

/* ---- the object's own description ---- */

/* The value of an XML attribute behind p, before end. */
static bool attribute(const char *p, const char *end, const char *name, char *ret, size_t size)
{
        char key[32];
        const char *value;
        size_t n;

        (void)snprintf(key, sizeof(key), " %s=\"", name);
        value = strstr(p, key);
        if (!value || value >= end)
                return false;
        value += strlen(key);
        n = strcspn(value, "\"");
        assert_true(n < size);
        memcpy(ret, value, n);
        ret[n] = '\0';
        return true;
}

static void read_arguments(const char *p, const char *end, Member *m)
{
        while ((p = strstr(p, "<arg ")) && p < end) {
                const char *close = strchr(p, '>');
                char type[32], direction[8], *all;
                size_t n;

                assert_true(attribute(p, close, "type", type, sizeof(type)));
                assert_true(attribute(p, close, "direction", direction, sizeof(direction)));
                all = streq(direction, "in") ? m->in : m->out;
                n = strlen(all);
                assert_true(n + strlen(type) < sizeof(m->in));
                memcpy(all + n, type, strlen(type) + 1);
                p = close;
        }
}

/* The methods of our interface from the text; false at the end. *p goes on. */
static bool next_method(const char **p, Member *ret)
{
        const char *open = strstr(*p, "<method "), *end;

        if (!open)
                return false;
        *ret = (Member){ 0 };
        assert_true(attribute(open, strchr(open, '>'), "name", ret->name, sizeof(ret->name)));
        /* one without arguments closes itself */
        if (strchr(open, '>')[-1] == '/')
                end = strchr(open, '>');
        else
                end = strstr(open, "</method>");
        assert_non_null(end);
        read_arguments(open, end, ret);
        *p = end;
        return true;
}

static char *introspect(sd_bus *bus)
{
        _cleanup_message_ sd_bus_message *reply = NULL;
        const char *xml, *begin, *end;

        assert_true(
                sd_bus_call_method(bus, BUS_NAME, BUS_PATH, "org.freedesktop.DBus.Introspectable",
                        "Introspect", NULL, &reply, "") >= 0);
        assert_true(sd_bus_message_read(reply, "s", &xml) > 0);
        begin = strstr(xml, "<interface name=\"" BUS_INTERFACE "\">");
        assert_non_null(begin);
        end = strstr(begin, "</interface>");
        assert_non_null(end);
        return strndup(begin, (size_t)(end - begin));
}

/* ---- calls ---- */

/* One value of each type: empty, one, or the descriptor of an empty file. */
static void append_signature(sd_bus_message *m, const char *signature)
{
        int fd;

        for (const char *p = signature; *p; p++)
                switch (*p) {
                case 's':
                        APPEND(m, "s", "x");
                        break;
                case 'b':
                case 'u':
                        APPEND(m, (char[]){ *p, '\0' }, 1);
                        break;
                case 't':
                        APPEND(m, "t", UINT64_C(1));
                        break;
                case 'h':
                        fd = make_file("");
                        APPEND(m, "h", fd);
                        close(fd);
                        break;
                case 'a':
                        if (p[1] == 's') {
                                APPEND(m, "as", 0);
                                p++;
                        } else if (strncmp(p, "a{sv}", 5) == 0) {
                                APPEND(m, "a{sv}", 0);
                                p += 4;
                        } else if (strncmp(p, "aa{sv}", 6) == 0) {
                                APPEND(m, "aa{sv}", 0);
                                p += 5;
                        } else if (strncmp(p, "a{ss}", 5) == 0) {
                                APPEND(m, "a{ss}", 1, "x", "x");
                                p += 4;
                        } else if (strncmp(p, "a{sh}", 5) == 0) {
                                APPEND(m, "a{sh}", 0);
                                p += 4;
                        } else
                                fail_msg("%s: another kind of array", signature);
                        break;
                default:
                        fail_msg("%s: another type", signature);
                }
}

static bool only_reads(const Member *m)
{
        static const char *const words[] = { "Describe", "Diagnose", "Explain", "Get", "List",
                "Diff" };

        /* events name users and destinations */
        if (streq(m->name, "ListEvents") || streq(m->name, "DescribeAudit") ||
                streq(m->name, "DescribeStats"))
                return false;
        for (size_t i = 0; i < ELEMENTS(words); i++)
                if (strncmp(m->name, words[i], strlen(words[i])) == 0)
                        return !streq(m->out, "bta{sv}") || streq(m->name, "DescribeReload");
        return false;
}

static bool refused(sd_bus *bus, const Member *m)
{
        _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_message_ sd_bus_message *reply = NULL;
        sd_bus_message *call = new_call(bus, m->name);

        append_signature(call, m->in);
        reply = send_call(bus, call, &error);
        if (!reply && sd_bus_error_has_name(&error, SD_BUS_ERROR_UNKNOWN_METHOD))
                fail_msg("%s(%s) is not there", m->name, m->in);
        return !reply && sd_bus_error_has_name(&error, BUS_ERROR_ACCESS_DENIED);
}

static bool property_is_writable(sd_bus *bus, const char *name, const char *type)
{
        sd_bus_message *set;
        _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_message_ sd_bus_message *reply = NULL;

        assert_true(sd_bus_message_new_method_call(bus, &set, BUS_NAME, BUS_PATH,
                            "org.freedesktop.DBus.Properties", "Set") >= 0);
        APPEND(set, "ss", BUS_INTERFACE, name);
        assert_true(sd_bus_message_open_container(set, 'v', type) >= 0);
        append_signature(set, type);
        assert_true(sd_bus_message_close_container(set) >= 0);
        reply = send_call(bus, set, &error);
        return reply != NULL;
}

static bool property_is_readable(sd_bus *bus, const char *name, const char *type)
{
        _cleanup_message_ sd_bus_message *reply = NULL;

        return sd_bus_get_property(
                       bus, BUS_NAME, BUS_PATH, BUS_INTERFACE, name, NULL, &reply, type) >= 0;
}

/* In a child that is nobody; its exit status. */
static int nobody_walks(const Fixture *f)
{
        _cleanup_free_ char *xml = NULL;
        unsigned methods = 0, properties = 0;
        char name[64], type[8];
        const char *p;
        sd_bus *bus;
        Member m;

        if (!become_nobody())
                return CHILD_SKIP;
        bus = open_client(f);
        p = xml = introspect(bus);
        for (; next_method(&p, &m); methods++)
                if (refused(bus, &m) == only_reads(&m)) {
                        print_error("%s: %s\n", m.name, only_reads(&m) ? "refused" : "done");
                        return 1;
                }
        for (p = xml; (p = strstr(p, "<property ")); p++, properties++) {
                assert_true(attribute(p, strchr(p, '>'), "name", name, sizeof(name)));
                assert_true(attribute(p, strchr(p, '>'), "type", type, sizeof(type)));
                if (!property_is_readable(bus, name, type) ||
                        property_is_writable(bus, name, type)) {
                        print_error("%s: not readable, or writable\n", name);
                        return 1;
                }
        }
        sd_bus_flush_close_unref(bus);
        /* what SPEC section 5 has, at least */
        return methods >= 27 && properties >= 10 ? 0 : 2;
}

static void test_walk(void **state)
{
        Fixture *f = *state;
        uint64_t before = get_revision(f->bus);

        assert_child_ends(child_begin(f, nobody_walks), 0);
        assert_int_equal(get_revision(f->bus), before);
}

int main(_unused_ int argc, char **argv)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_walk, server_setup, server_teardown),
        };

        signal(SIGPIPE, SIG_IGN);
        if (!become_root(argv)) {
                puts("1..1\nok 1 # SKIP neither root nor user namespaces");
                return 0;
        }
        return cmocka_run_group_tests(tests, NULL, NULL);
}
