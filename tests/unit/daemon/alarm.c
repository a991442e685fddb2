/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Alerts of generated senders, with a manager whose kernel is in memory: how many are reported in a
 * minute, how many users are put into quarantine, and that 100,000 users and destinations cost a
 * bounded amount.
 */

#include "daemon/alarm.h"

#include "daemon/alerts/told.h"
#include "daemon/events/event.h"
#include "daemon/loop/clock.h"
#include "rules/base/strv.h"
#include "rules/policy/effective.h"
#include "rules/policy/policy.h"
#include "rules/policy/rule.h"
#include "rules/policy/state.h"
#include "tests/unit/manager_world.h"

#include <malloc.h>

#define TOLD_A_MINUTE 60
#define QUARANTINES_MAX 200

static Events *events;
static Counting counting;
static Alarm *alarm_;

static void begin(const char *text)
{
        const StatsOptions options = { .folder = path_of("run") };

        write_text("etc/p25/p25.conf", text);
        write_text("run/keep", "");
        start();
        assert_int_equal(events_new(event, path_of("run"), &events), 0);
        assert_int_equal(counting_start(&counting, event, &options, manager, events), 0);
        assert_int_equal(alarm_new(event, manager, &counting, path_of("run"), &alarm_), 0);
}

static void end(void)
{
        alarm_ = alarm_free(alarm_);
        counting_stop(&counting);
        events = events_free(events);
}

static void refused(uint32_t uid, uint32_t destination, uint64_t n)
{
        Event e = { .time_usec = clock_now_usec(CLOCK_REALTIME),
                .direction = DIRECTION_OUT,
                .action = ACTION_REJECT,
                .has_uid = true,
                .uid = uid,
                .destination = address_from_ipv4(destination),
                .destination_port = 25,
                .count = n };

        events_count(events, &e, true);
}

static size_t told(void)
{
        Told *t = calloc(1, sizeof(*t));
        size_t n;

        assert_non_null(t);
        assert_int_equal(told_init(t, path_of("run")), 0);
        n = t->n;
        told_deinit(t);
        free(t);
        return n;
}

static size_t quarantined(void)
{
        const RuleList *l = &manager_policy(manager)->state->rules;
        size_t n = 0;

        for (size_t i = 0; i < l->n; i++)
                n += l->items[i]->comment &&
                     strncmp(l->items[i]->comment, "quarantine: ", strlen("quarantine: ")) == 0;
        return n;
}

static uint64_t minute_now(void)
{
        return clock_now_usec(CLOCK_BOOTTIME) / (60 * USEC_PER_SEC);
}

/* So many a minute; a minute later the next ones. */
static void test_minute(void **state)
{
        uint64_t minute = minute_now();

        (void)state;
        begin("enabled = true; default = { outgoing = \"reject\"; };"
              "alerts = { blocked = \"20/hour\"; };");
        for (uint32_t uid = 1000; uid < 1500; uid++)
                refused(uid, 0xc0000201, 19);
        assert_int_equal(told(), 0);
        for (uint32_t uid = 1000; uid < 1500; uid++)
                refused(uid, 0xc0000201, 1);
        assert_true(told() >= TOLD_A_MINUTE);
        assert_true(told() <= (minute_now() - minute + 1) * TOLD_A_MINUTE);
        end();
}

static void add_quarantine(uint32_t uid)
{
        _cleanup_(rule_unref_p) Rule *rule = rule_new();
        Change change = { .position = 1 };
        ChangeResult result = { 0 };
        char number[16];

        assert_non_null(rule);
        rule->action = ACTION_REJECT;
        rule->direction = DIRECTION_OUT;
        rule->expires_usec = (clock_now_usec(CLOCK_REALTIME) / USEC_PER_SEC + 3600) * USEC_PER_SEC;
        rule->comment = strdup("quarantine: before");
        policy_mail_ports(manager_policy(manager), &rule->ports);
        snprintf(number, sizeof(number), "%u", uid);
        assert_int_equal(strv_append(&rule->user, number), 0);
        assert_true(manager_add_rules(manager, &rule, 1, &change, &result) >= 0);
        change_result_deinit(&result);
}

/* Rules of quarantines are bounded, too: who comes later is reported. */
static void test_quarantines(void **state)
{
        (void)state;
        begin("enabled = true; default = { outgoing = \"reject\"; };"
              "alerts = { blocked = \"20/hour\"; quarantine = \"1h\"; };");
        for (uint32_t i = 0; i < QUARANTINES_MAX - 2; i++)
                add_quarantine(5000 + i);
        assert_int_equal(quarantined(), QUARANTINES_MAX - 2);
        for (uint32_t uid = 1000; uid < 1010; uid++) {
                refused(uid, 0xc0000201, 25);
                settle(10000);
        }
        assert_int_equal(told(), 10);
        assert_int_equal(quarantined(), QUARANTINES_MAX);
        end();
}

/* Beyond the rows of the statistics, users are counted together; beyond some destinations, their
 * number is an estimate, and reaches the threshold all the same. Its bounds are five standard
 * deviations, each sqrt(100000 * 512) as distinct.h says, because the key of the hash is random. */
static void test_many(void **state)
{
        size_t before;
        StatsWindow w;

        (void)state;
        begin("enabled = true; default = { outgoing = \"reject\"; };"
              "alerts = { blocked = \"200000/hour\"; destinations = \"50000/hour\"; };");
        for (uint32_t i = 0; i < 20000; i++)
                refused(i, 0xc0000201, 1);
        settle(300000);
        before = mallinfo2().uordblks;
        for (uint32_t i = 0; i < 100000; i++)
                refused(i, 0xc0000201, 1);
        settle(300000);
        assert_true(mallinfo2().uordblks < before + (4u << 20));
        assert_int_equal(told(), 0);
        for (uint32_t i = 0; i < 100000; i++)
                refused(7, 0x0a000000 + i, 1);
        settle(300000);
        assert_true(mallinfo2().uordblks < before + (4u << 20));
        stats_user(counting.stats, 7, 3600, &w);
        assert_int_equal(w.blocked, 100002);
        assert_true(w.estimated);
        assert_in_range(w.destinations, 100000 - 5 * 7155, 100000 + 5 * 7155);
        assert_int_equal(told(), 1);
        end();
}

/* A container is counted by what its unit says, not by its name, which a user may choose. */
static void test_containers(void **state)
{
        const SenderTable *boxes;
        Event e = { .direction = DIRECTION_OUT,
                .action = ACTION_REJECT,
                .has_uid = true,
                .uid = 33,
                .destination = address_from_ipv4(0xc0000201),
                .destination_port = 25,
                .texts[EVENT_CONTAINER] = (char *)"0123456789ab",
                .count = 2 };

        (void)state;
        begin("enabled = true; default = { outgoing = \"reject\"; };");
        e.unit = (char *)"docker-0123456789ab0123456789ab0123456789ab0123456789ab0123456789abcdef"
                         ".scope";
        events_count(events, &e, true);
        e.unit = (char *)"user@1000.service";
        events_count(events, &e, true);
        e.texts[EVENT_CONTAINER] = NULL;
        events_count(events, &e, true);
        boxes = stats_senders(counting.stats, SENDER_CONTAINER);
        assert_int_equal(boxes->n, 2);
        assert_string_equal(boxes->items[0]->name, "0123456789ab");
        assert_string_equal(boxes->items[1]->name, "user@1000.service/0123456789ab");
        for (size_t i = 0; i < 2; i++) {
                assert_int_equal(boxes->items[i]->blocked, 2);
                assert_string_equal(boxes->items[i]->called, "0123456789ab");
        }
        end();
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                TEST(test_minute),
                TEST(test_quarantines),
                TEST(test_many),
                TEST(test_containers),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
