/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tests/unit/pending_world.h"

#include "rules/address/prefixset.h"
#include "rules/base/buffer.h"
#include "rules/policy/policy.h"
#include "rules/policy/state.h"

uint64_t revision(void)
{
        return manager_policy(manager)->state->revision;
}

uint64_t waiting(void)
{
        PendingReport p;

        manager_pending(manager, &p);
        assert_true(p.revision > 0 || p.seconds_left == 0);
        assert_true((p.revision == 0) == (p.deadline_usec == 0));
        return p.revision;
}

Change with_confirm(uint32_t seconds)
{
        Change c = no_options;
        c.confirm_seconds = seconds;
        c.connection = "bus/:1.1";
        return c;
}

void change(const char *text, uint32_t seconds, bool changed)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };
        Change c = with_confirm(seconds);

        if (words(text, &c, &r) < 0)
                fail_msg("%s: %s", text, r.message);
        assert_int_equal(r.changed, changed);
}

void refuse(const char *text, const char *why)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };
        _cleanup_snapshot_ Snapshot before = take_snapshot();

        assert_int_equal(words(text, &no_options, &r), -EBUSY);
        assert_int_equal(r.error, ERROR_FAILED);
        assert_non_null(strstr(r.message, why));
        expect_same(&before, true);
}

bool has_rules(size_t n)
{
        return manager_policy(manager)->state->rules.n == n;
}

void wait_for_rules(size_t n)
{
        for (unsigned i = 0; i < 1000 && !has_rules(n); i++)
                (void)sd_event_run(event, 10000);
        assert_true(has_rules(n));
}

char *record_text(void)
{
        char *text = calloc(1, 4096);
        FILE *f = fopen(path_of("var/lib/p25/pending"), "re");

        assert_non_null(text);
        if (f) {
                assert_true(fread(text, 1, 4095, f) < 4095);
                fclose(f);
        }
        return text;
}

void record_set(const char *word, uint64_t value)
{
        _cleanup_free_ char *text = record_text();
        _cleanup_buffer_ Buffer b = { 0 };
        char *rest = text, *line;

        while ((line = strsep(&rest, "\n"))) {
                size_t n = strlen(word);

                if (strncmp(line, word, n) == 0 && line[n] == ' ')
                        buffer_printf(&b, "%s %" PRIu64 "\n", word, value);
                else if (*line)
                        buffer_printf(&b, "%s\n", line);
        }
        write_text("var/lib/p25/pending", b.data);
}

void start_world(void)
{
        write_text("etc/p25/p25.conf", conf);
        start();
        change("deny in from 192.0.2.1", 0, true);
        assert_int_equal(waiting(), 0);
        assert_int_equal(access(path_of("var/lib/p25/pending"), F_OK), -1);
}

void expect_taken_back(const char *reason)
{
        assert_true(has_rules(1));
        assert_int_equal(waiting(), 0);
        assert_string_equal(manager_policy(manager)->state->origin.reason, reason);
        assert_int_equal(access(path_of("var/lib/p25/pending"), F_OK), -1);
        expect_consistent();
}

void do_set(const char *name, const char *entry, uint32_t seconds, int expected)
{
        _cleanup_(change_result_deinit) ChangeResult r = { 0 };
        char *add[] = { (char *)entry, NULL };
        Change c = seconds > 0 ? with_confirm(seconds) : no_options;

        assert_int_equal(manager_update_set(manager, name, add, NULL, &c, &r), expected);
        assert_int_equal(r.changed, expected == 0);
}

size_t set_size(const char *name)
{
        const PrefixSet *set = policy_find_set(manager_policy(manager), name);

        return set ? prefix_set_size(set) : 0;
}
