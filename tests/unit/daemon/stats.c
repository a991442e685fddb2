/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Statistics without a kernel: windows, distinct destinations, bounds, and what is on disk, while
 * the clocks are set in any direction.
 */

#include "daemon/stats/stats.h"
#include "daemon/events/event.h"
#include "daemon/stats/internal.h"
#include "rules/address/family.h"
#include "rules/base/buffer.h"
#include "rules/ruleset/ruleset.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define START (UINT64_C(1800000000) * USEC_PER_SEC) /* a full hour */

typedef struct World {
        char folder[64], file[80], damaged[80];
        sd_event *loop;
        Stats *stats;
        StatsOptions options;
        unsigned notices;
        char notice[512];
} World;

static uint64_t wall_usec, boot_usec;

static uint64_t clock_fake(clockid_t id)
{
        return id == CLOCK_REALTIME ? wall_usec : boot_usec;
}

static void time_pass(uint64_t seconds)
{
        wall_usec += seconds * USEC_PER_SEC;
        boot_usec += seconds * USEC_PER_SEC;
}

static void on_notice(void *data, int priority, const char *text)
{
        World *w = data;

        (void)priority;
        w->notices++;
        snprintf(w->notice, sizeof(w->notice), "%s", text);
}

static void start(World *w)
{
        assert_int_equal(stats_new(w->loop, &w->options, &w->stats), 0);
}

static void restart(World *w)
{
        stats_free(w->stats);
        boot_usec += 5 * USEC_PER_SEC;
        start(w);
}

static int world_make(void **state)
{
        World *w = calloc(1, sizeof(*w));

        assert_non_null(w);
        snprintf(w->folder, sizeof(w->folder), "/tmp/p25-stats-XXXXXX");
        assert_non_null(mkdtemp(w->folder));
        snprintf(w->file, sizeof(w->file), "%s/stats", w->folder);
        snprintf(w->damaged, sizeof(w->damaged), "%s/stats.damaged", w->folder);
        assert_true(sd_event_new(&w->loop) >= 0);
        w->options = (StatsOptions){ .folder = w->folder,
                .boot_id = "a",
                .notice = on_notice,
                .data = w,
                .clock = clock_fake };
        wall_usec = START;
        boot_usec = 1000 * USEC_PER_SEC;
        start(w);
        *state = w;
        return 0;
}

static int world_remove(void **state)
{
        World *w = *state;

        stats_free(w->stats);
        sd_event_unref(w->loop);
        (void)unlink(w->file);
        (void)unlink(w->damaged);
        (void)rmdir(w->folder);
        free(w);
        return 0;
}

static Event attempt(uint32_t uid, Action action, uint32_t destination)
{
        Event e = { .direction = DIRECTION_OUT,
                .action = action,
                .destination = { .family = FAMILY_IPV4 },
                .destination_port = 25,
                .rule = 7,
                .has_uid = true,
                .uid = uid,
                .count = 1 };

        memcpy(e.destination.bytes, &destination, sizeof(destination));
        return e;
}

static void count(World *w, uint32_t uid, Action action, uint32_t destination, uint64_t n)
{
        Event e = attempt(uid, action, destination);

        e.count = n;
        stats_count(w->stats, &e, NULL);
}

static void expect(
        World *w, uint32_t uid, uint32_t seconds, uint64_t blocked, uint64_t allowed, uint64_t n)
{
        StatsWindow window;

        stats_user(w->stats, uid, seconds, &window);
        assert_int_equal(window.blocked, blocked);
        assert_int_equal(window.allowed, allowed);
        assert_int_equal(window.destinations, n);
        assert_false(window.estimated);
}

/* ---- windows ---- */

static void test_windows(void **state)
{
        World *w = *state;

        count(w, 33, ACTION_REJECT, 1, 3);
        count(w, 33, ACTION_LIMIT, 2, 1);
        expect(w, 33, 1, 3, 1, 2);
        expect(w, 33, 86400, 3, 1, 2);
        expect(w, 34, 86400, 0, 0, 0);
        time_pass(1);
        expect(w, 33, 1, 0, 0, 0);
        expect(w, 33, 60, 3, 1, 2);
        time_pass(30);
        count(w, 33, ACTION_DENY, 1, 2);
        expect(w, 33, 60, 5, 1, 2);
        time_pass(29);
        expect(w, 33, 60, 2, 0, 1);
        expect(w, 33, 3600, 5, 1, 2);
        time_pass(3600);
        expect(w, 33, 3600, 0, 0, 0);
        expect(w, 33, 86400, 5, 1, 2);
        time_pass(86400);
        expect(w, 33, 86400, 0, 0, 0);
        expect(w, 33, 7 * 86400, 5, 1, 0);
}

/* What became known late is counted when it happened; what is too old counts in the totals only. */
static void test_late(void **state)
{
        World *w = *state;
        Event e = attempt(33, ACTION_REJECT, 1);

        time_pass(7200);
        count(w, 33, ACTION_REJECT, 1, 1);
        e.time_usec = wall_usec - 600 * USEC_PER_SEC;
        stats_count(w->stats, &e, NULL);
        expect(w, 33, 60, 1, 0, 1);
        expect(w, 33, 3600, 2, 0, 1);
        e.time_usec = 1;
        stats_count(w->stats, &e, NULL);
        expect(w, 33, 86400, 2, 0, 1);
        assert_int_equal(stats_senders(w->stats, SENDER_USER)->items[0]->blocked, 3);
}

static void test_kinds(void **state)
{
        World *w = *state;
        Event e = attempt(33, ACTION_REJECT, 1);
        const Verdicts *verdicts;
        uint64_t sum = 0;

        e.unit = (char *)"web\x1b[2J.service";
        stats_count(w->stats, &e, NULL);
        e.direction = DIRECTION_ROUTED;
        e.has_uid = false;
        e.unit = NULL;
        stats_count(w->stats, &e, "shop");
        e.direction = DIRECTION_IN;
        stats_count(w->stats, &e, "shop");
        assert_int_equal(stats_senders(w->stats, SENDER_USER)->n, 1);
        assert_int_equal(stats_senders(w->stats, SENDER_UNIT)->n, 1);
        assert_string_equal(
                stats_senders(w->stats, SENDER_UNIT)->items[0]->name, "web?[2J.service");
        assert_int_equal(stats_senders(w->stats, SENDER_CONTAINER)->items[0]->blocked, 1);
        verdicts = stats_verdicts(w->stats);
        assert_int_equal(verdicts->n, 3);
        for (size_t i = 0; i < verdicts->n; i++)
                sum += verdicts->items[i].n;
        assert_int_equal(sum, 3);
        assert_int_equal(stats_hits(w->stats)->items[0].refused, 3);
        e = attempt(34, ACTION_REJECT, 1);
        e.audit = true;
        stats_count(w->stats, &e, NULL);
        expect(w, 34, 60, 0, 1, 1);
}

/* A container has the name that its engine gave it last, also over a restart. */
static void test_labels(void **state)
{
        World *w = *state;
        Event e = attempt(33, ACTION_REJECT, 1);
        const Sender *sender;

        e.unit = (char *)"docker.scope";
        stats_count(w->stats, &e, "0123456789ab");
        sender = stats_senders(w->stats, SENDER_CONTAINER)->items[0];
        assert_null(sender->called);
        e.texts[EVENT_CONTAINER] = (char *)"shop";
        e.texts[EVENT_IMAGE] = (char *)"alpine\n3";
        stats_count(w->stats, &e, "0123456789ab");
        e.texts[EVENT_CONTAINER] = (char *)"shop two";
        e.texts[EVENT_IMAGE] = NULL;
        stats_count(w->stats, &e, "0123456789ab");
        for (int i = 0; i < 2; i++) {
                assert_int_equal(stats_senders(w->stats, SENDER_CONTAINER)->n, 1);
                sender = stats_senders(w->stats, SENDER_CONTAINER)->items[0];
                assert_string_equal(sender->name, "0123456789ab");
                assert_string_equal(sender->called, "shop two");
                assert_string_equal(sender->image, "alpine?3");
                assert_int_equal(sender->blocked, 3);
                restart(w);
        }
        assert_int_equal(w->notices, 0);
        assert_null(stats_senders(w->stats, SENDER_UNIT)->items[0]->called);
}

/* ---- bounds ---- */

/* The bounds of an estimate are five standard deviations, because the key of the hash is random. Of
 * 100,000 distinct destinations, one of 512 is kept: distinct.h. */
#define MANY_DEVIATION 7155
/* The sum of the weights with which they came: while one of w was kept, each added w (w - 1) to the
 * variance with a probability of 1/w. One of w is kept from 128 w to 256 w destinations. */
#define MANY_PAST_DEVIATION 5350

static void test_destinations(void **state)
{
        World *w = *state;
        StatsWindow window;

        for (uint32_t i = 0; i < DISTINCT_MAX; i++)
                count(w, 33, ACTION_REJECT, i, 1);
        expect(w, 33, 3600, DISTINCT_MAX, 0, DISTINCT_MAX);
        for (uint32_t i = 0; i < 100000; i++)
                count(w, 33, ACTION_REJECT, i, 1);
        stats_user(w->stats, 33, 3600, &window);
        assert_true(window.estimated);
        assert_in_range(
                window.destinations, 100000 - 5 * MANY_DEVIATION, 100000 + 5 * MANY_DEVIATION);
        assert_true(stats_senders(w->stats, SENDER_USER)->items[0]->destinations.n <= DISTINCT_MAX);
        /* exact again when the many are forgotten */
        time_pass(90000);
        count(w, 33, ACTION_REJECT, 1, 1);
        restart(w);
        for (uint32_t i = 0; i < 40; i++)
                count(w, 33, ACTION_REJECT, i, 1);
        expect(w, 33, 3600, 40 + 1, 0, 40);
}

static void expect_point(
        const SeriesPast *past, PastKind kind, size_t at, uint32_t blocked, uint32_t destinations)
{
        assert_true(past->of[kind].n > at);
        assert_int_equal(past->of[kind].items[at].blocked, blocked);
        assert_int_equal(past->of[kind].items[at].destinations, destinations);
}

/* A destination counts once in each span in which there was a connection to it. */
static void test_destinations_past(void **state)
{
        World *w = *state;
        const SeriesPast *past;
        uint64_t sum = 0;

        time_pass(3600 - wall_usec / USEC_PER_SEC % 3600); /* an hour begins */
        for (int round = 0; round < 2; round++) {
                count(w, 33, ACTION_REJECT, 1, 2);
                count(w, 33, ACTION_REJECT, 2, 1);
                time_pass(60);
        }
        time_pass(300);
        count(w, 33, ACTION_REJECT, 3, 1);
        count(w, 33, ACTION_REJECT, 1, 1);
        restart(w);
        past = &stats_senders(w->stats, SENDER_USER)->items[0]->past;
        for (size_t i = 0; i < 3; i++)
                expect_point(past, PAST_MINUTES, i, i < 2 ? 3 : 2, 2);
        expect_point(past, PAST_FIVES, 0, 6, 2);
        expect_point(past, PAST_FIVES, 1, 2, 2);
        expect_point(past, PAST_HOURS, 0, 8, 3);
        /* of very many an estimate, as in the windows */
        for (uint32_t i = 0; i < 100000; i++)
                count(w, 34, ACTION_REJECT, i, 1);
        past = &stats_senders(w->stats, SENDER_USER)->items[1]->past;
        for (size_t i = 0; i < past->of[PAST_HOURS].n; i++)
                sum += past->of[PAST_HOURS].items[i].destinations;
        assert_in_range(sum, 100000 - 5 * MANY_PAST_DEVIATION, 100000 + 5 * MANY_PAST_DEVIATION);
}

static void test_users(void **state)
{
        World *w = *state;
        const SenderTable *users = stats_senders(w->stats, SENDER_USER);
        const Verdicts *verdicts = stats_verdicts(w->stats);
        uint64_t sum = 0, all;

        for (uint32_t i = 0; i < 100000; i++)
                count(w, i, ACTION_REJECT, i, 1);
        assert_int_equal(users->n, users->max);
        assert_int_equal(verdicts->n, VERDICTS_MAX);
        for (size_t i = 0; i < users->n; i++)
                sum += users->items[i]->blocked;
        assert_int_equal(sum + users->others.blocked, 100000);
        all = verdicts->others[DIRECTION_OUT][ACTION_REJECT];
        for (size_t i = 0; i < verdicts->n; i++)
                all += verdicts->items[i].n;
        assert_int_equal(all, 100000);
        /* one that is quiet makes room */
        time_pass(SENDERS_QUIET_SECONDS);
        count(w, 200000, ACTION_REJECT, 1, 5);
        expect(w, 200000, 60, 5, 0, 1);
        assert_int_equal(users->n, users->max);
        sum = users->others.blocked;
        for (size_t i = 0; i < users->n; i++)
                sum += users->items[i]->blocked;
        assert_int_equal(sum, 100005);
        restart(w);
        expect(w, 200000, 60, 0, 0, 1); /* seconds are not kept */
        expect(w, 200000, 3600, 5, 0, 1);
}

/* ---- rules ---- */

static uint64_t counter;

static void on_sample(void *data, Stats *s)
{
        (void)data;
        stats_see_rule(s, 7, counter, 40 * counter);
        stats_see_rule(s, 8, 0, 0);
}

static void test_rules(void **state)
{
        World *w = *state;
        const Hit *hit;

        w->options.sample = on_sample;
        counter = 5;
        restart(w);
        hit = hits_find(stats_hits(w->stats), 7);
        assert_int_equal(hit->packets, 5);
        assert_int_equal(hit->bytes, 200);
        assert_int_equal(stats_time_usec(w->stats, hit->last), wall_usec);
        assert_null(hits_find(stats_hits(w->stats), 8));
        time_pass(100);
        restart(w); /* p25d, and the kernel goes on counting */
        counter = 9;
        hit = hits_find(stats_hits(w->stats), 7);
        assert_int_equal(hit->packets, 9);
        w->options.boot_id = "b";
        restart(w); /* the machine, whose kernel is soon beyond what it was */
        counter = 10;
        hit = hits_find(stats_hits(w->stats), 7);
        assert_int_equal(hit->packets, 9 + 10);
        counter = 2; /* a table was made again */
        hit = hits_find(stats_hits(w->stats), 7);
        assert_int_equal(hit->packets, 9 + 10 + 2);
        assert_int_equal(hit->bytes, 40 * (9 + 10 + 2));
}

static bool is_limit(void *data, uint64_t rule)
{
        (void)data;
        return rule == 7;
}

/* Connections of a limit are kept by time, over a restart too; those of other rules are not. */
static void test_limits(void **state)
{
        World *w = *state;
        Event e = attempt(33, ACTION_LIMIT, 1);
        const Hit *hit;

        w->options.is_limit = is_limit;
        w->options.sample = on_sample;
        counter = 5;
        restart(w);
        stats_count(w->stats, &e, NULL);
        (void)stats_hits(w->stats);
        time_pass(3600);
        count(w, 33, ACTION_REJECT, 1, 4);
        e.rule = 8;
        stats_count(w->stats, &e, NULL);
        restart(w);
        assert_null(hits_find(stats_hits(w->stats), 8)->past);
        hit = hits_find(stats_hits(w->stats), 7);
        assert_non_null(hit->past);
        assert_int_equal(hit->past->of[PAST_FIVES].n, 2);
        assert_int_equal(hit->past->of[PAST_FIVES].items[0].allowed, 5);
        expect_point(hit->past, PAST_FIVES, 1, 4, 0);
        expect_point(hit->past, PAST_HOURS, 1, 4, 0);
        time_pass(8 * 86400);
        stats_count(w->stats, &e, NULL); /* there is something to write */
        restart(w);
        hit = hits_find(stats_hits(w->stats), 7);
        assert_null(hit->past); /* nothing of it is young enough */
        assert_int_equal(hit->refused, 4);
}

static void test_limits_bounded(void **state)
{
        Hits h = { 0 };

        (void)state;
        hits_begin_sample(&h);
        for (uint64_t id = 1; id <= 2 * HITS_PASTS_MAX; id++)
                assert_int_equal(hits_past(&h, hits_get(&h, id)) != NULL, id <= HITS_PASTS_MAX);
        for (uint64_t id = 1; id <= HITS_MAX; id++)
                (void)hits_get(&h, id);
        hits_begin_sample(&h);
        (void)hits_see(&h, 1, 1, 1, 1);
        hits_begin_sample(&h); /* the others are gone, with their past */
        assert_int_equal(h.n_pasts, 1);
        assert_non_null(hits_past(&h, hits_get(&h, 2)));
        hits_deinit(&h);
}

static void test_rules_bounded(void **state)
{
        Hits h = { 0 };

        (void)state;
        hits_begin_sample(&h);
        for (uint64_t id = 1; id <= 100000; id++)
                (void)hits_see(&h, id, 1, 1, 1);
        assert_int_equal(h.n, HITS_MAX);
        assert_null(hits_find(&h, 100000));
        hits_begin_sample(&h);
        assert_int_equal(h.n, HITS_MAX);
        (void)hits_see(&h, 1, 2, 2, 1);
        hits_begin_sample(&h); /* the others are gone */
        assert_int_equal(h.n, 1);
        assert_int_equal(hits_see(&h, 100000, 1, 1, 1), 1);
        assert_int_equal(hits_find(&h, 1)->packets, 2);
        hits_deinit(&h);
}

/* ---- on disk ---- */

static void text_of(World *w, Buffer *b)
{
        _cleanup_free_ char *text = NULL;
        size_t n;

        assert_int_equal(stats_file_read(w->folder, &text, &n), 0);
        buffer_add(b, text, n);
}

static void test_restart(void **state)
{
        World *w = *state;
        Event e = attempt(33, ACTION_ALLOW, 9);

        count(w, 33, ACTION_REJECT, 1, 3);
        e.unit = (char *)"a b.service";
        stats_count(w->stats, &e, "shop");
        time_pass(100);
        stats_free(w->stats);
        time_pass(600);
        start(w);
        assert_int_equal(w->notices, 0);
        expect(w, 33, 60, 0, 0, 0);
        expect(w, 33, 3600, 3, 1, 2);
        assert_string_equal(stats_senders(w->stats, SENDER_UNIT)->items[0]->name, "a b.service");
        assert_int_equal(stats_senders(w->stats, SENDER_CONTAINER)->items[0]->allowed, 1);
        assert_int_equal(stats_verdicts(w->stats)->n, 2);
        assert_int_equal(stats_since_usec(w->stats), START);
        assert_int_equal(hits_find(stats_hits(w->stats), 7)->refused, 3);
        count(w, 33, ACTION_REJECT, 1, 1);
        time_pass(2900);
        restart(w);
        expect(w, 33, 3600, 1, 0, 1);
}

/* No step of the wall clock changes an age while p25d runs, and one that goes back while it does
 * not run makes nothing older or newer than it was. */
static void test_clock_steps(void **state)
{
        World *w = *state;
        static const int64_t steps[] = { 86400 * 3650, -86400 * 3650, -1800000000, 3, -3 };

        count(w, 33, ACTION_REJECT, 1, 3);
        time_pass(90);
        for (size_t i = 0; i < ELEMENTS(steps); i++) {
                wall_usec += (uint64_t)steps[i] * USEC_PER_SEC;
                expect(w, 33, 60, 0, 0, 0);
                expect(w, 33, 3600, 3, 0, 1);
        }
        count(w, 33, ACTION_REJECT, 1, 3);
        expect(w, 33, 60, 3, 0, 1);
        wall_usec = START / 2;
        restart(w);
        expect(w, 33, 3600, 6, 0, 1);
        stats_free(w->stats);
        wall_usec = START / 4;
        start(w);
        expect(w, 33, 3600, 6, 0, 1);
        count(w, 33, ACTION_REJECT, 1, 1);
        stats_free(w->stats);
        wall_usec = START + 86400 * 3650 * USEC_PER_SEC;
        start(w);
        expect(w, 33, 86400, 0, 0, 0);
        assert_int_equal(stats_senders(w->stats, SENDER_USER)->items[0]->blocked, 7);
}

static void file_write(World *w, const char *data, size_t n)
{
        int fd = open(w->file, O_WRONLY | O_CREAT | O_TRUNC, 0600);

        assert_true(fd >= 0);
        assert_int_equal(write(fd, data, n), n);
        close(fd);
}

static void test_damaged(void **state)
{
        World *w = *state;
        _cleanup_buffer_ Buffer b = { 0 };
        Counted c;
        uint32_t now;
        uint64_t wall;

        count(w, 33, ACTION_REJECT, 1, 3);
        restart(w);
        text_of(w, &b);
        for (size_t n = 0; n < b.length; n++) {
                counted_init(&c);
                assert_int_equal(counted_parse(b.data, n, &c, &now, &wall), -EBADMSG);
                b.data[n] ^= 1;
                assert_int_equal(counted_parse(b.data, b.length, &c, &now, &wall), -EBADMSG);
                b.data[n] ^= 1;
                counted_deinit(&c);
        }
        stats_free(w->stats);
        file_write(w, b.data, b.length / 2);
        start(w);
        assert_int_equal(w->notices, 1);
        assert_non_null(strstr(w->notice, "stats.damaged"));
        assert_int_equal(access(w->damaged, F_OK), 0);
        expect(w, 33, 86400, 0, 0, 0);
        count(w, 33, ACTION_REJECT, 1, 1);
        restart(w);
        assert_int_equal(w->notices, 1);
        expect(w, 33, 86400, 1, 0, 1);
}

/* With a right checksum, as who may write there could make it. */
static void test_refused_lines(void **state)
{
        static const char *const lines[] = { "", "total 1 0 0 out reject x\n", "user 1 1 1 11\n",
                "user 1 1 1 1\nuser 1 1 1 1\n", "user 4294967296 1 1 1\n", "m 1 1 1 1\n",
                "user 1 1 1 1\nm 1 1 1\n", "d 1 1 1\n", "user 1 1 1 1\nm 9 1 1 1\nm 8 1 1 1\n",
                "rule 1 0 0 0 0 0 0 0\nm 11 1 1 0\n", "rule 1 0 0 0 0 0 0 0\nd 1 1 1\n",
                "unit 1 1 1 \n", "unit 1 1 1 a\x1b[2J\n", "rule 0 0 0 0 0 0 0 0\n", "level 1\n",
                "user 1 1 1 1\nlevel 99\n", "user 1 1 1\n", "user 1 1 1 -1\n", "user 1 1 1 1 1\n",
                "user 99999999999999999999 1 1 1\n", "what 1\n", "total 1 2 0 out reject \n",
                "total 1 0 0 up reject \n", "rest 1 out lose\n", "others 1 1 1 nobody\n",
                "called a\n", "user 1 1 1 1\ncalled a\n", "container 1 1 1 a\ncalled \n",
                "container 1 1 1 a\nimage \x1b\n" };
        static const char head[] = "p25-stats 2 10 1000 1000 5 boot\n";

        (void)state;
        for (size_t i = 0; i < ELEMENTS(lines); i++) {
                _cleanup_buffer_ Buffer b = { 0 };
                Counted c;
                uint32_t now;
                uint64_t wall;
                bool good = i < 2;

                counted_init(&c);
                buffer_add_string(&b, head);
                buffer_add_string(&b, lines[i]);
                counted_seal(&b);
                assert_int_equal(
                        counted_parse(b.data, b.length, &c, &now, &wall), good ? 0 : -EBADMSG);
                counted_deinit(&c);
        }
}

static void test_full_disk(void **state)
{
        World *w = *state;

        stats_free(w->stats);
        assert_int_equal(mkdir(w->file, 0700), 0);
        start(w);
        assert_int_equal(w->notices, 1);
        (void)rmdir(w->damaged);
        assert_int_equal(mkdir(w->file, 0700), 0);
        count(w, 33, ACTION_REJECT, 1, 1);
        stats_free(w->stats);
        assert_int_equal(w->notices, 2);
        assert_non_null(strstr(w->notice, "in memory only"));
        (void)rmdir(w->file);
        start(w);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_windows, world_make, world_remove),
                cmocka_unit_test_setup_teardown(test_late, world_make, world_remove),
                cmocka_unit_test_setup_teardown(test_kinds, world_make, world_remove),
                cmocka_unit_test_setup_teardown(test_labels, world_make, world_remove),
                cmocka_unit_test_setup_teardown(test_destinations, world_make, world_remove),
                cmocka_unit_test_setup_teardown(test_destinations_past, world_make, world_remove),
                cmocka_unit_test_setup_teardown(test_users, world_make, world_remove),
                cmocka_unit_test_setup_teardown(test_rules, world_make, world_remove),
                cmocka_unit_test(test_rules_bounded),
                cmocka_unit_test_setup_teardown(test_limits, world_make, world_remove),
                cmocka_unit_test(test_limits_bounded),
                cmocka_unit_test_setup_teardown(test_restart, world_make, world_remove),
                cmocka_unit_test_setup_teardown(test_clock_steps, world_make, world_remove),
                cmocka_unit_test_setup_teardown(test_damaged, world_make, world_remove),
                cmocka_unit_test(test_refused_lines),
                cmocka_unit_test_setup_teardown(test_full_disk, world_make, world_remove),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
