/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Messages of a fleet: what is read, what is refused, and that a page survives its own text.
 */

#include "daemon/fleet/live_message.h"
#include "rules/base/buffer.h"
#include "rules/base/text.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
/* cmocka wants setjmp.h and stdarg.h first */
#include <cmocka.h>

static Prefix prefix(const char *text)
{
        const char *reason;
        bool host_bits;
        Prefix p;

        assert_int_equal(prefix_parse(text, strlen(text), &p, &host_bits, &reason), 0);
        return p;
}

static void test_topics(void **state)
{
        static const char *const bad[] = { "", "p25", "p25/hosts//ban/1", "p25/hosts/a/ban/",
                "p25/hosts/a/ban/0", "p25/hosts/a/ban/01", "p25/hosts/a/ban/1x",
                "p25/hosts/a/ban/-1", "p25/hosts/a/ban/1/2", "p25/hosts/a/b/ban/1",
                "p25/hosts/../ban/x", "p25/hosts/a b/ban/1", "p25/hosts/a/view", "p25/all/x",
                "p25/hosts/a/ban/99999999999999999999", "P25/all/serial" };
        char host[300] = "", topic[400];
        LiveTopic t;

        (void)state;
        assert_int_equal(live_topic_parse("p25/hosts/mx1.example.org/ban/17", &t), 0);
        assert_int_equal(t.kind, LIVE_TOPIC_BAN);
        assert_string_equal(t.host, "mx1.example.org");
        assert_int_equal(t.id, 17);
        assert_int_equal(live_topic_parse("p25/all/serial", &t), 0);
        assert_int_equal(t.kind, LIVE_TOPIC_SERIAL);
        assert_int_equal(live_topic_parse("p25/all/lockdown", &t), 0);
        assert_int_equal(t.kind, LIVE_TOPIC_LOCKDOWN);
        for (size_t i = 0; i < ELEMENTS(bad); i++)
                assert_int_equal(live_topic_parse(bad[i], &t), -EINVAL);
        memset(host, 'a', 254);
        snprintf(topic, sizeof(topic), "p25/hosts/%s/ban/1", host);
        assert_int_equal(live_topic_parse(topic, &t), -EINVAL);
        snprintf(topic, sizeof(topic), "p25/hosts/%s/ban/1", host + 1);
        assert_int_equal(live_topic_parse(topic, &t), 0);
}

static void test_page(void **state)
{
        LiveEntry entries[] = { { prefix("192.0.2.1"), 0, false },
                { prefix("198.51.100.0/24"), 60, false }, { prefix("2001:db8::/64"), 7, true } };
        LivePage p = { 5, (char *)"uid 0", (char *)"sshd", entries, 3, 0 };
        _cleanup_live_page_ LivePage again = { 0 };
        _cleanup_free_ char *text = NULL;
        const char *why;

        (void)state;
        assert_int_equal(live_page_print(&p, &text), 0);
        assert_string_equal(text, "{\"version\":5,\"who\":\"uid 0\",\"why\":\"sshd\",\"bans\":"
                                  "[\"192.0.2.1\",[\"198.51.100.0/24\",60]],\"gone\":"
                                  "[[\"2001:db8::/64\",7]]}");
        assert_int_equal(live_page_parse(text, strlen(text), &again, &why), 0);
        assert_int_equal(again.version, 5);
        assert_string_equal(again.who, "uid 0");
        assert_string_equal(again.why, "sshd");
        assert_int_equal(again.n, 3);
        assert_int_equal(again.n_refused, 0);
        for (size_t i = 0; i < 3; i++) {
                assert_int_equal(prefix_compare(&again.entries[i].address, &entries[i].address), 0);
                assert_int_equal(again.entries[i].early_sec, entries[i].early_sec);
                assert_int_equal(again.entries[i].gone, entries[i].gone);
        }
}

/* A page of these bans: how many are taken. */
static size_t taken(const char *bans)
{
        _cleanup_live_page_ LivePage p = { 0 };
        _cleanup_buffer_ Buffer b = { 0 };
        const char *why;

        buffer_printf(&b, "{\"version\":1,\"bans\":[%s]}", bans);
        assert_int_equal(live_page_parse(b.data, b.length, &p, &why), 0);
        return p.n;
}

static void test_entries(void **state)
{
        static const char *const bad[] = { "\"0.0.0.0/0\"", "\"::/0\"", "\"10.0.0.0/8\"",
                "\"2001::/16\"", "\"192.0.2.1/24\"", "\"::ffff:192.0.2.1\"", "\"mail.example\"",
                "\"\"", "1", "null", "{}", "[]", "[\"192.0.2.1\"]", "[\"192.0.2.1\",-1]",
                "[\"192.0.2.1\",1.5]", "[\"192.0.2.1\",\"1\"]", "[\"192.0.2.1\",1,1]",
                "[\"192.0.2.1\",31622401]", "[[\"192.0.2.1\",1]]" };

        (void)state;
        assert_int_equal(taken("\"192.0.2.1\",\"192.0.0.0/16\",\"2001:db8::/32\""), 3);
        assert_int_equal(taken("[\"192.0.2.1\",31622400]"), 1);
        for (size_t i = 0; i < ELEMENTS(bad); i++) {
                char text[200];

                snprintf(text, sizeof(text), "%s,\"192.0.2.1\"", bad[i]);
                assert_int_equal(taken(text), 1);
        }
}

static void test_hostile(void **state)
{
        static const char *const bad[] = { "", "x", "[]", "1", "\"\"", "{", "{}", "{\"version\":0}",
                "{\"version\":-1}", "{\"version\":\"1\"}", "{\"version\":1,\"version\":1}",
                "{\"version\":1} x" };
        _cleanup_buffer_ Buffer b = { 0 };
        LivePage p = { .version = 77 };
        const char *why;

        (void)state;
        for (size_t i = 0; i < ELEMENTS(bad); i++) {
                assert_int_equal(live_page_parse(bad[i], strlen(bad[i]), &p, &why), -EINVAL);
                assert_int_equal(p.version, 77);
                assert_non_null(why);
        }
        assert_int_equal(live_page_parse("{\"version\":1}\0", 14, &p, &why), -EINVAL);
        for (size_t i = 0; i < 100000; i++)
                buffer_add_char(&b, '[');
        assert_int_equal(live_page_parse(b.data, b.length, &p, &why), -EINVAL);
        buffer_clear(&b);
        buffer_add_string(&b, "{\"version\":1,\"bans\":[1");
        for (size_t i = 0; i < LIVE_PAGE_MAX; i++)
                buffer_add_string(&b, ",1");
        buffer_add_string(&b, "]}");
        assert_int_equal(live_page_parse(b.data, b.length, &p, &why), -EINVAL);
        buffer_clear(&b);
        buffer_add_string(&b, "{\"version\":1}");
        while (b.length <= LIVE_PAYLOAD_MAX)
                buffer_add_char(&b, ' ');
        assert_int_equal(live_page_parse(b.data, b.length, &p, &why), -EINVAL);
}

/* Who and why reach a terminal and a log: whole characters, bounded, nothing that moves a cursor.
 */
static void test_texts(void **state)
{
        static const char text[] = "{\"version\":1,\"who\":\"a\\u001b[2Jb\\n\",\"why\":7}";
        _cleanup_live_page_ LivePage p = { 0 }, q = { 0 };
        _cleanup_buffer_ Buffer b = { 0 };
        const char *why;

        (void)state;
        assert_int_equal(live_page_parse(text, strlen(text), &p, &why), 0);
        assert_string_equal(p.who, "a?[2Jb?");
        assert_string_equal(p.why, "");
        buffer_add_string(&b, "{\"version\":1,\"why\":\"x");
        for (size_t i = 0; i < 1000; i++)
                buffer_add_string(&b, "\u00e4");
        buffer_add_string(&b, "\"}");
        assert_int_equal(live_page_parse(b.data, b.length, &q, &why), 0);
        assert_int_equal(strlen(q.why), LIVE_TEXT_MAX - 1);
        assert_true(text_is_printable(q.why));
}

static void test_small(void **state)
{
        static const char *const bad[] = { "{}", "{\"version\":1}", "{\"on\":true}",
                "{\"version\":1,\"on\":1}", "{\"version\":1,\"on\":\"true\"}",
                "{\"version\":1,\"on\":null}", "{\"version\":0,\"on\":true}" };
        LiveLockdown l = { 3, true, (char *)"x" }, again;
        _cleanup_free_ char *text = NULL, *serial = NULL;
        uint64_t n = 0;

        (void)state;
        assert_int_equal(live_lockdown_print(&l, &text), 0);
        assert_int_equal(live_lockdown_parse(text, strlen(text), &again), 0);
        assert_int_equal(again.version, 3);
        assert_true(again.on);
        assert_string_equal(again.why, "x");
        free(again.why);
        for (size_t i = 0; i < ELEMENTS(bad); i++)
                assert_int_equal(live_lockdown_parse(bad[i], strlen(bad[i]), &again), -EINVAL);
        assert_int_equal(live_serial_print(9, &serial), 0);
        assert_int_equal(live_serial_parse(serial, strlen(serial), &n), 0);
        assert_int_equal(n, 9);
        assert_int_equal(live_serial_parse("{\"serial\":0}", 12, &n), -EINVAL);
        assert_int_equal(live_serial_parse("{\"serial\":1e3}", 14, &n), -EINVAL);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_topics),
                cmocka_unit_test(test_page),
                cmocka_unit_test(test_entries),
                cmocka_unit_test(test_hostile),
                cmocka_unit_test(test_texts),
                cmocka_unit_test(test_small),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
