/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Messages of the kernel's queue: what is a packet is read, everything else is passed over. */

#include "daemon/netlink/nfqueue.h"
#include "daemon/events/event.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#define FOLDER "tests/fuzz/corpus/nfqueue/"

typedef struct Seen {
        size_t n;
        NfqueuePacket last;
        Event event;
        bool readable;
} Seen;

static void on_packet(const NfqueuePacket *p, void *data)
{
        Seen *s = data;

        s->n++;
        s->last = *p;
        s->event = (Event){ 0 };
        s->readable = event_read_packet(p->data, p->length, &s->event);
}

static size_t load(const char *name, uint64_t buffer[static 512])
{
        char path[128];
        ssize_t n;
        int fd;

        (void)snprintf(path, sizeof(path), FOLDER "%s", name);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        assert_true(fd >= 0);
        n = read(fd, buffer, 4096);
        close(fd);
        assert_true(n > 0);
        return (size_t)n;
}

static Seen parse(const char *name)
{
        uint64_t buffer[512];
        size_t n = load(name, buffer);
        Seen s = { 0 };

        nfqueue_parse(buffer, n, on_packet, &s);
        return s;
}

static void test_packets(void **state)
{
        char text[ADDRESS_TEXT_MAX];
        Seen s = parse("v4");

        (void)state;
        assert_int_equal(s.n, 1);
        assert_int_equal(s.last.id, 1);
        assert_int_equal(s.last.out_interface, 2);
        assert_true(s.last.has_uid && s.last.has_gid);
        assert_int_equal(s.last.uid, 33);
        assert_int_equal(s.last.gid, 34);
        assert_true(s.readable);
        assert_string_equal(address_format(&s.event.destination, text), "198.51.100.7");
        assert_int_equal(s.event.source_port, 40000);
        assert_int_equal(s.event.destination_port, 25);
        s = parse("v6-two");
        assert_int_equal(s.n, 2);
        assert_int_equal(s.last.id, 3);
}

static void test_others(void **state)
{
        Seen s = parse("no-payload");

        (void)state;
        assert_int_equal(s.n, 1); /* it waits nevertheless */
        assert_false(s.readable);
        assert_int_equal(parse("no-header").n, 0);
        assert_int_equal(parse("short-header").n, 0);
        assert_int_equal(parse("cut").n, 0);
        assert_int_equal(parse("length-beyond-int").n, 0);
}

static void test_cut_anywhere(void **state)
{
        uint64_t buffer[512];
        size_t n = load("v6-two", buffer);

        (void)state;
        for (size_t i = 0; i < n; i++) {
                Seen s = { 0 };

                nfqueue_parse(buffer, i, on_packet, &s);
                assert_true(s.n < 2);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_packets),
                cmocka_unit_test(test_others),
                cmocka_unit_test(test_cut_anywhere),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
