/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What waits for p25d is bounded, whatever members of the fleet make of it, and nothing is lost
 * that could not be told again. */

#include "daemon/fleet/live_apply.h"
#include "rules/address/family.h"

#include "daemon/fleet/live_clock.h"

#include <errno.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* More than a member can need at once; what waits may use as much memory. */
#define TURNS 100000
#define BYTES_MAX ((size_t)32 << 20)

/* ---- p25d, which answers when the test wants it: ld --wrap ---- */

static FleetDone under_way;
static void *under_way_data;
static unsigned n_calls, n_lockdowns;
static bool lockdown;
static char last_reason[256];

int __wrap_fleet_client_update_set(
        FleetClient *c, const FleetEntries *e, FleetDone done, void *data);
int __wrap_fleet_client_set_lockdown(
        FleetClient *c, bool on, const char *reason, FleetDone done, void *data);

static int called(const char *reason, FleetDone done, void *data)
{
        assert_null(under_way);
        under_way = done;
        under_way_data = data;
        n_calls++;
        (void)snprintf(last_reason, sizeof(last_reason), "%s", reason);
        return 0;
}

int __wrap_fleet_client_update_set(
        _unused_ FleetClient *c, const FleetEntries *e, FleetDone done, void *data)
{
        return called(e->reason, done, data);
}

int __wrap_fleet_client_set_lockdown(
        _unused_ FleetClient *c, bool on, const char *reason, FleetDone done, void *data)
{
        n_lockdowns++;
        lockdown = on;
        return called(reason, done, data);
}

static void answer(int r)
{
        FleetDone done = under_way;

        assert_non_null(done);
        under_way = NULL;
        done(under_way_data, r, "");
}

/* ---- members ---- */

static LiveApply *apply;
static sd_event *event;

static int setup(void **state)
{
        (void)state;
        n_calls = n_lockdowns = 0;
        under_way = NULL;
        assert_true(sd_event_new(&event) >= 0);
        assert_int_equal(live_apply_new(event, NULL, "fleet", &apply), 0);
        return 0;
}

static int teardown(void **state)
{
        (void)state;
        apply = live_apply_free(apply);
        event = sd_event_unref(event);
        return 0;
}

static Prefix address(uint32_t number)
{
        Prefix p = { .address = { .family = FAMILY_IPV4 }, .bits = 32 };

        number = htobe32(number);
        memcpy(p.address.bytes, &number, sizeof(number));
        return p;
}

static int ban(uint32_t number, uint64_t seconds)
{
        const LiveBan b = { address(number), live_now_usec() + seconds * USEC_PER_SEC, "h1", "",
                "" };

        return live_apply_bans(apply, &b, 1);
}

static int unban(uint32_t number)
{
        const Prefix p = address(number);

        return live_apply_unbans(apply, &p, 1);
}

static size_t bytes_held(void)
{
        return mallinfo2().uordblks + mallinfo2().hblkhd;
}

/* Bans and their removal by turns: no two of them are one call. */
static void test_turns(void **state)
{
        size_t before = bytes_held();
        int r = 0;

        (void)state;
        for (uint32_t i = 0; i < TURNS && r >= 0; i++)
                if ((r = ban(i, 3600)) >= 0)
                        r = unban(i);
        assert_int_equal(r, -ENOBUFS);
        assert_true(bytes_held() - before < BYTES_MAX);
        assert_false(live_apply_is_idle(apply));
        while (under_way)
                answer(0);
        assert_true(live_apply_is_idle(apply));
        assert_int_equal(ban(1, 60), 0);
        answer(0);
        assert_true(live_apply_is_idle(apply));
}

/* Bans for ever different times. */
static void test_times(void **state)
{
        size_t before = bytes_held();
        int r = 0;

        (void)state;
        for (uint32_t i = 0; i < TURNS && r >= 0; i++)
                r = ban(i, i % 2 ? 60 : 86400);
        assert_int_equal(r, -ENOBUFS);
        assert_true(bytes_held() - before < BYTES_MAX);
}

/* A storm of bans that are alike is few calls, and much of it may wait. */
static void test_storm(void **state)
{
        (void)state;
        for (uint32_t i = 0; i < TURNS; i++)
                assert_int_equal(ban(i, 3600), 0);
        while (under_way)
                answer(0);
        assert_true(n_calls <= 2 + TURNS / 5000);
        assert_int_equal(live_apply_applied(apply), TURNS);
}

/* Of lockdowns that wait the last one counts. */
static void test_lockdowns(void **state)
{
        size_t before;

        (void)state;
        assert_int_equal(live_apply_lockdown(apply, true, "first"), 0);
        before = bytes_held();
        for (unsigned i = 0; i < TURNS; i++)
                assert_int_equal(live_apply_lockdown(apply, i % 2, i % 2 ? "on" : "off"), 0);
        assert_true(bytes_held() - before < 4096);
        answer(0);
        answer(0);
        assert_int_equal(n_lockdowns, 2);
        assert_true(lockdown);
        assert_string_equal(last_reason, "on");
        assert_true(live_apply_is_idle(apply));
}

/* What p25d refuses as a whole is tried in halves, down to the address that it refuses. */
static void test_halves(void **state)
{
        (void)state;
        assert_int_equal(ban(1, 60), 0);
        for (uint32_t i = 2; i < 10; i++)
                assert_int_equal(ban(i, 60), 0);
        answer(0);
        while (under_way)
                answer(-EPERM);
        assert_int_equal(live_apply_refused(apply), 8);
        assert_true(live_apply_is_idle(apply));
        assert_int_equal(ban(20, 60), 0);
        answer(0);
        assert_int_equal(live_apply_applied(apply), 2);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_turns, setup, teardown),
                cmocka_unit_test_setup_teardown(test_times, setup, teardown),
                cmocka_unit_test_setup_teardown(test_storm, setup, teardown),
                cmocka_unit_test_setup_teardown(test_lockdowns, setup, teardown),
                cmocka_unit_test_setup_teardown(test_halves, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
