/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Events without a kernel: what is logged is read, equal ones are merged, the ring and the files
 * are bounded, and what is on disk is read again whatever happened to it.
 */

#include "daemon/events/events.h"
#include "daemon/events/disk.h"
#include "daemon/events/merge.h"
#include "daemon/events/record.h"
#include "rules/base/buffer.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* 192.0.2.1:40000 -> 198.51.100.7:25 */
static const uint8_t packet4[] = { 0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 192, 0, 2, 1, 198, 51,
        100, 7, 0x9c, 0x40, 0, 25, 0, 0, 0, 0 };
/* [2001:db8::1]:40000 -> [2001:db8::2]:587, with a destination option */
static const uint8_t packet6[] = { 0x60, 0, 0, 0, 0, 28, 60, 64, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 1, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 6, 0, 1, 4, 0,
        0, 0, 0, 0x9c, 0x40, 2, 0x4b, 0, 0, 0, 0 };

static Event sample(unsigned last)
{
        Event e;

        assert_int_equal(event_parse("p25 out reject 7", packet4, sizeof(packet4), &e), 0);
        e.destination.bytes[2] = (uint8_t)(last >> 8);
        e.destination.bytes[3] = (uint8_t)last;
        e.time_usec = 1000000 + last;
        return e;
}

/* ---- what the kernel logs ---- */

static void test_parse(void **state)
{
        char text[ADDRESS_TEXT_MAX];
        Event e;

        (void)state;
        assert_int_equal(event_parse("p25 out reject 7", packet4, sizeof(packet4), &e), 0);
        assert_int_equal(e.direction, DIRECTION_OUT);
        assert_int_equal(e.action, ACTION_REJECT);
        assert_int_equal(e.rule, 7);
        assert_int_equal(e.count, 1);
        assert_string_equal(address_format(&e.source, text), "192.0.2.1");
        assert_string_equal(address_format(&e.destination, text), "198.51.100.7");
        assert_int_equal(e.source_port, 40000);
        assert_int_equal(e.destination_port, 25);
        assert_false(e.counted);
        assert_int_equal(event_parse("p25 out reject 7 counted", packet4, sizeof(packet4), &e), 0);
        assert_true(e.counted && !e.numbered && !e.quiet);
        assert_int_equal(e.rule, 7);
        assert_int_equal(
                event_parse("p25 out allow 7 numbered quiet", packet4, sizeof(packet4), &e), 0);
        assert_true(!e.counted && e.numbered && e.quiet);
        assert_int_equal(event_parse("p25 out allow 7 quiet", packet4, sizeof(packet4), &e), 0);
        assert_true(!e.numbered && e.quiet);
        assert_int_equal(event_parse("p25 in deny default", packet6, sizeof(packet6), &e), 0);
        assert_int_equal(e.direction, DIRECTION_IN);
        assert_int_equal(e.rule, 0);
        assert_string_equal(address_format(&e.destination, text), "2001:db8::2");
        assert_int_equal(e.destination_port, 587);
        assert_false(e.audit);
        assert_true(event_is_refusal(&e));
        assert_int_equal(event_parse("p25 in audit-deny default", packet6, sizeof(packet6), &e), 0);
        assert_int_equal(e.action, ACTION_DENY);
        assert_true(e.audit);
        assert_false(event_is_refusal(&e));
}

static void test_parse_refuses(void **state)
{
        static const char *const prefixes[] = { "", "p25", "p25 out reject", "p25 out reject 7 8",
                "p25 out reject counted", "p25 out reject 7 counted counted",
                "p25 out reject 7 quiet numbered", "p25 out reject 7numbered", "p25 out reject x",
                "p25 out reject 0", "p25 out reject -1", "p25 up reject 7", "p25 out audit-lose 7",
                "p25 out audit- 7", "p25 out lose 7", "ufw out reject 7",
                "p25 out reject 99999999999999999999999" };
        uint8_t p[sizeof(packet4)];
        Event e;

        (void)state;
        for (size_t i = 0; i < ELEMENTS(prefixes); i++)
                assert_int_equal(event_parse(prefixes[i], packet4, sizeof(packet4), &e), -EBADMSG);
        for (size_t n = 0; n < 24; n++)
                assert_int_equal(event_parse("p25 out reject 7", packet4, n, &e), -EBADMSG);
        for (size_t n = 0; n < 52; n++)
                assert_int_equal(event_parse("p25 out reject 7", packet6, n, &e), -EBADMSG);
        memcpy(p, packet4, sizeof(p));
        p[9] = 17; /* UDP */
        assert_int_equal(event_parse("p25 out reject 7", p, sizeof(p), &e), -EBADMSG);
        memcpy(p, packet4, sizeof(p));
        p[7] = 1; /* not the first fragment */
        assert_int_equal(event_parse("p25 out reject 7", p, sizeof(p), &e), -EBADMSG);
        memcpy(p, packet4, sizeof(p));
        p[0] = 0x4f; /* options beyond the packet */
        assert_int_equal(event_parse("p25 out reject 7", p, sizeof(p), &e), -EBADMSG);
}

/* ---- merge and ring ---- */

static void test_merge(void **state)
{
        _cleanup_free_ Merge *m = calloc(1, sizeof(*m));
        uint64_t sum = 0;
        Event e, *item;

        (void)state;
        assert_non_null(m);
        e = sample(1);
        merge_add(m, &e);
        e.source_port = 1;
        merge_add(m, &e);
        e.has_uid = true;
        merge_add(m, &e);
        assert_int_equal(m->n, 2);
        assert_int_equal(merge_at(m, 0)->count, 2);
        assert_int_equal(merge_at(m, 0)->source_port, 40000);
        assert_int_equal(merge_at(m, 1)->count, 1);
        merge_clear(m);

        /* a flood of destinations: none is lost in number */
        for (unsigned i = 0; i < 10000; i++) {
                e = sample(i);
                merge_add(m, &e);
        }
        assert_int_equal(m->n, MERGE_MAX);
        assert_int_equal(m->n_rest, 1);
        for (size_t i = 0; (item = merge_at(m, i)); i++)
                sum += item->count;
        assert_int_equal(sum, 10000);
        item = merge_at(m, MERGE_MAX);
        assert_int_equal(item->destination.family, 0);
        assert_int_equal(item->rule, 7);
        /* and of rules */
        for (unsigned i = 0; i < 10000; i++) {
                e = sample(i);
                e.rule = i + 100;
                merge_add(m, &e);
        }
        assert_int_equal(m->n_rest, MERGE_REST_MAX);
        assert_int_equal(m->left_out, 10000 - (MERGE_REST_MAX - 1));
        merge_clear(m);
        assert_int_equal(merge_count(m) + m->left_out, 0);

        /* as many processes as may wait in four seconds, twice, beside a flood without */
        for (unsigned i = 0; i < 2000; i++) {
                e = sample(i);
                merge_add(m, &e);
                e.pid = i % 1000 + 1;
                merge_add(m, &e);
        }
        assert_int_equal(m->n_named, 2000);
        assert_int_equal(merge_at(m, MERGE_MAX)->pid, 1);
        assert_int_equal(merge_count(m), MERGE_MAX + 2000 + 1);
        merge_clear(m);
}

static void test_ring(void **state)
{
        Ring r = { 0 };

        (void)state;
        assert_int_equal(ring_after(&r, 0), 0);
        for (unsigned i = 1; i <= 2 * RING_MAX + 3; i++) {
                Event e = sample(i);

                e.id = 10 * i;
                e.unit = (char *)"x.service";
                assert_int_equal(ring_add(&r, &e), 0);
        }
        assert_int_equal(r.n, RING_MAX);
        assert_int_equal(ring_at(&r, 0)->id, 10 * (RING_MAX + 4));
        assert_int_equal(ring_last_id(&r), 10 * (2 * RING_MAX + 3));
        assert_int_equal(ring_after(&r, 0), 0);
        assert_int_equal(ring_after(&r, 10 * (RING_MAX + 4)), 1);
        assert_int_equal(ring_after(&r, 10 * (RING_MAX + 4) + 5), 1);
        assert_int_equal(ring_after(&r, UINT64_MAX), RING_MAX);
        ring_deinit(&r);
}

/* ---- records ---- */

static void test_record(void **state)
{
        _cleanup_buffer_ Buffer b = { 0 }, process = { 0 };
        Event e = sample(9), got;

        (void)state;
        e.id = 17;
        e.has_uid = true;
        e.uid = 33;
        e.unit = (char *)"a b.service";
        record_print(&b, &e);
        assert_string_equal(b.data,
                "17 1000009 out reject 192.0.2.1 40000 198.51.0.9 25 7 33 - 1 a b.service\n");
        assert_int_equal(record_parse(b.data, b.length - 1, &got), 0);
        assert_true(event_same(&e, &got));
        assert_int_equal(got.id, 17);
        assert_int_equal(got.count, 1);
        assert_false(got.has_gid);
        event_deinit(&got);
        e.pid = 4711;
        e.texts[EVENT_COMMAND] = (char *)"php -f\tx\n";
        e.texts[EVENT_SITE] = (char *)"example.org";
        record_print(&process, &e);
        assert_string_equal(process.data,
                "17 1000009 out reject 192.0.2.1 40000 198.51.0.9 25 7 33 - 1 a b.service"
                "\tpid=4711\tcommand=php -f?x?\tsite=example.org\n");
        assert_int_equal(record_parse(process.data, process.length - 1, &got), 0);
        assert_int_equal(got.pid, 4711);
        assert_string_equal(got.unit, "a b.service");
        assert_string_equal(got.texts[EVENT_COMMAND], "php -f?x?");
        assert_string_equal(got.texts[EVENT_SITE], "example.org");
        assert_null(got.texts[EVENT_PROCESS]);
        assert_false(event_same(&e, &got));
        event_deinit(&got);
        /* cut anywhere before the unit it is refused */
        for (size_t n = 0; n < b.length - sizeof("a b.service"); n++)
                assert_int_equal(record_parse(b.data, n, &got), -EINVAL);
}

static void test_record_fields(void **state)
{
        static const char start[] = "17 1000009 out reject - 0 - 0 7 33 - 1 ";
        static const struct {
                const char *rest;
                int r;
        } cases[] = {
                { "-\tpid=1\tcommand=\tlater=x\tx", 0 },
                { "-\t", 0 },
                { "-\tpid=", -EINVAL },
                { "-\tpid=4294967296", -EINVAL },
                { "-\tpid=1 2", -EINVAL },
                { "\tpid=1", -EINVAL },
                { "x.service\tcommand=a\tpid=x", -EINVAL },
        };
        Event got;

        (void)state;
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_buffer_ Buffer b = { 0 };

                buffer_add_string(&b, start);
                buffer_add_string(&b, cases[i].rest);
                assert_int_equal(record_parse(b.data, b.length, &got), cases[i].r);
                if (cases[i].r == 0)
                        event_deinit(&got);
        }
}

static void test_copy(void **state)
{
        Event e = sample(1), copy;

        (void)state;
        e.pid = 3;
        for (EventText t = 0; t < _EVENT_TEXT_MAX; t++) {
                e.texts[t] = (char *)event_text_to_string(t);
                assert_int_equal(event_text_from_string(e.texts[t]), t);
        }
        assert_int_equal(event_text_from_string("pid"), _EVENT_TEXT_MAX);
        assert_int_equal(event_copy(&e, &copy), 0);
        assert_true(event_same(&e, &copy));
        copy.pid = 4;
        assert_false(event_same(&e, &copy));
        event_deinit(&copy);
}

/* ---- the disk ---- */

typedef struct Folder {
        char path[64];
} Folder;

static int folder_make(void **state)
{
        static Folder f;

        (void)snprintf(f.path, sizeof(f.path), "/tmp/p25-events-XXXXXX");
        *state = &f;
        return mkdtemp(f.path) ? 0 : -1;
}

static int folder_remove(void **state)
{
        Folder *f = *state;
        char command[128];

        (void)snprintf(command, sizeof(command), "rm -rf '%s'", f->path);
        return system(command);
}

static void disk_add(EventsDisk *d, uint64_t from, uint64_t to)
{
        for (uint64_t id = from; id < to; id++) {
                _cleanup_buffer_ Buffer b = { 0 };
                Event e = sample((unsigned)id);

                e.id = id;
                record_print(&b, &e);
                assert_int_equal(events_disk_append(d, b.data, b.length), 0);
        }
}

/* Reads the events on disk into a ring. Returns the number of lines that cannot be read. */
static size_t disk_read(const Folder *f, Ring *ret)
{
        EventsDisk d;
        size_t damaged;

        *ret = (Ring){ 0 };
        assert_int_equal(events_disk_init(&d, f->path), 0);
        assert_int_equal(events_disk_read(&d, ret, &damaged), 0);
        events_disk_deinit(&d);
        return damaged;
}

static void test_disk_is_bounded(void **state)
{
        Folder *f = *state;
        struct stat st;
        char path[128];
        EventsDisk d;
        Ring ring;

        assert_int_equal(events_disk_init(&d, f->path), 0);
        d.max = 4096;
        disk_add(&d, 1, 1000);
        events_disk_deinit(&d);
        for (unsigned i = 0; i < 2; i++) {
                (void)snprintf(path, sizeof(path), "%s/events%s", f->path, i > 0 ? ".1" : "");
                assert_int_equal(stat(path, &st), 0);
                assert_true(st.st_size <= 4096);
                assert_int_equal(st.st_mode & 07777, 0600);
        }
        assert_int_equal(disk_read(f, &ring), 0);
        assert_int_equal(ring_last_id(&ring), 999);
        assert_true(ring.n > 50);
        assert_int_equal(ring_at(&ring, 0)->id, 1000 - ring.n);
        ring_deinit(&ring);
}

static void test_disk_torn(void **state)
{
        Folder *f = *state;
        char path[128];
        EventsDisk d;
        Ring ring;
        int fd;

        (void)snprintf(path, sizeof(path), "%s/events", f->path);
        assert_int_equal(events_disk_init(&d, f->path), 0);
        disk_add(&d, 1, 4);
        events_disk_deinit(&d);
        fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
        assert_int_equal(write(fd, "4 100 out rej", 13), 13);
        close(fd);
        assert_int_equal(disk_read(f, &ring), 1);
        assert_int_equal(ring.n, 3);
        ring_deinit(&ring);
        /* what is added is a line of its own; rubbish and old ids spoil nothing */
        assert_int_equal(events_disk_init(&d, f->path), 0);
        disk_add(&d, 5, 6);
        assert_int_equal(events_disk_append(&d, "rubbish\n\n", 9), 0);
        disk_add(&d, 5, 7);
        events_disk_deinit(&d);
        assert_int_equal(disk_read(f, &ring), 3);
        assert_int_equal(ring.n, 5);
        ring_deinit(&ring);
}

static void test_disk_refuses(void **state)
{
        Folder *f = *state;
        char path[128];
        EventsDisk d;

        /* a link is not followed */
        (void)snprintf(path, sizeof(path), "%s/events", f->path);
        assert_int_equal(symlink("elsewhere", path), 0);
        assert_int_equal(events_disk_init(&d, f->path), 0);
        assert_int_equal(events_disk_append(&d, "x\n", 2), -ELOOP);
        assert_int_equal(d.error, -ELOOP);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(events_disk_append(&d, "x\n", 2), 0);
        assert_int_equal(d.error, 0);
        events_disk_deinit(&d);
}

/* ---- the whole ---- */

typedef struct Told {
        unsigned events, notices;
        uint64_t left_out, counted;
} Told;

static void on_event(void *data, const Event *e, uint64_t left_out)
{
        Told *t = data;

        assert_true(e->id > 0);
        t->events++;
        t->left_out += left_out;
}

static void on_counted(void *data, const Event *e)
{
        ((Told *)data)->counted += e->count;
}

static void on_notice(void *data, int priority, const char *text)
{
        (void)priority;
        (void)text;
        ((Told *)data)->notices++;
}

static void test_second(void **state)
{
        Folder *f = *state;
        sd_event *loop = NULL;
        Events *events = NULL;
        Told told = { 0 };
        EventsFollower follower = {
                .event = on_event, .counted = on_counted, .notice = on_notice, .data = &told
        };
        uint64_t last;

        assert_true(sd_event_new(&loop) >= 0);
        assert_int_equal(events_new(loop, f->path, &events), 0);
        events_follow(events, &follower);
        for (unsigned i = 0; i < 40; i++) {
                Event e = sample(i % 25);

                e.count = i + 1;
                events_add(events, &e);
        }
        assert_int_equal(told.counted, 40 * 41 / 2);
        assert_int_equal(events_list(events)->n, 0);
        while (told.events < EVENTS_REPORTED_MAX)
                assert_true(sd_event_run(loop, UINT64_MAX) >= 0);
        assert_int_equal(events_list(events)->n, 25);
        assert_int_equal(told.events, EVENTS_REPORTED_MAX);
        assert_int_equal(told.left_out, 25 - EVENTS_REPORTED_MAX);
        assert_int_equal(told.notices, 0);
        assert_int_equal(told.counted, 40 * 41 / 2);
        last = ring_last_id(events_list(events));
        events_unfollow(events, &follower);
        events_free(events);
        /* ids go on */
        assert_int_equal(events_new(loop, f->path, &events), 0);
        assert_int_equal(ring_last_id(events_list(events)), last);
        for (unsigned i = 0; i < 2; i++) {
                Event e = sample(i);

                events_add(events, &e);
        }
        events_free(events);
        assert_int_equal(events_new(loop, f->path, &events), 0);
        assert_int_equal(events_list(events)->n, 27);
        assert_true(ring_last_id(events_list(events)) > last);
        events_free(events);
        sd_event_unref(loop);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_parse),
                cmocka_unit_test(test_parse_refuses),
                cmocka_unit_test(test_merge),
                cmocka_unit_test(test_ring),
                cmocka_unit_test(test_record),
                cmocka_unit_test(test_record_fields),
                cmocka_unit_test(test_copy),
                cmocka_unit_test_setup_teardown(test_disk_is_bounded, folder_make, folder_remove),
                cmocka_unit_test_setup_teardown(test_disk_torn, folder_make, folder_remove),
                cmocka_unit_test_setup_teardown(test_disk_refuses, folder_make, folder_remove),
                cmocka_unit_test_setup_teardown(test_second, folder_make, folder_remove),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
