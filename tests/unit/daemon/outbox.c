/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A bus that does not read: p25d sends others little, so that root's answer, which is sent at once,
 * comes before theirs; and when the bus reads, each gets its own, in the order of their calls. The
 * bus is the other end of a socket pair here.
 */

#include "daemon/bus/outbox.h"
#include "rules/base/util.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cmocka.h>
#include <linux/sockios.h>

enum { CALLS = 100, ROOT = CALLS };
/* As the kernel counts them, below 1 KiB each. */
#define UNREAD_MAX (12 << 10)

typedef struct World {
        sd_event *event;
        sd_bus *server, *client;
        BusOutbox outbox;
        unsigned n_calls, n_freed;
        unsigned answers[CALLS + 1], n_answers; /* whose, as they come */
} World;

static const char *const members[] = { "Other", "Root" };

static int on_call(sd_bus_message *m, void *data, sd_bus_error *unused)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        World *w = data;

        (void)unused;
        if (!sd_bus_message_is_method_call(m, NULL, NULL))
                return 0;
        w->n_calls++;
        sd_bus_error_set(&error, SD_BUS_ERROR_LIMITS_EXCEEDED, "too many");
        if (sd_bus_message_is_method_call(m, NULL, members[1]))
                assert_true(sd_bus_reply_method_error(m, &error) >= 0);
        else
                bus_outbox_refuse(&w->outbox, m, &error);
        return 1;
}

static int on_answer(sd_bus_message *m, void *data, sd_bus_error *unused)
{
        World *w = data;
        uint64_t cookie = 0;

        (void)unused;
        assert_true(sd_bus_message_get_reply_cookie(m, &cookie) >= 0);
        assert_true(cookie >= 1 && cookie <= CALLS + 1 && w->n_answers <= CALLS);
        w->answers[w->n_answers++] = (unsigned)cookie - 1;
        return 0;
}

static void on_freed(void *data)
{
        ((World *)data)->n_freed++;
}

static sd_bus *new_end(int fd, bool server)
{
        sd_id128_t id;
        sd_bus *bus;

        assert_true(sd_id128_randomize(&id) >= 0);
        assert_true(sd_bus_new(&bus) >= 0);
        assert_true(sd_bus_set_fd(bus, fd, fd) >= 0);
        if (server)
                assert_true(sd_bus_set_server(bus, true, id) >= 0);
        assert_true(sd_bus_start(bus) >= 0);
        return bus;
}

static int setup(void **state)
{
        static World world;
        World *w = *state = &world;
        int ends[2];

        *w = (World){ 0 };
        assert_true(sd_event_new(&w->event) >= 0);
        assert_int_equal(
                socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
        w->server = new_end(ends[0], true);
        w->client = new_end(ends[1], false);
        assert_true(sd_bus_add_filter(w->server, NULL, on_call, w) >= 0);
        assert_true(sd_bus_attach_event(w->server, w->event, SD_EVENT_PRIORITY_NORMAL) >= 0);
        w->outbox = (BusOutbox){ .event = w->event, .freed = on_freed, .data = w };
        bus_outbox_begin(&w->outbox, w->server);
        return 0;
}

static int teardown(void **state)
{
        World *w = *state;

        bus_outbox_end(&w->outbox);
        sd_bus_close_unref(w->client);
        sd_bus_close_unref(w->server);
        sd_event_unref(w->event);
        return 0;
}

static void send_call(World *w, unsigned i)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;

        assert_true(sd_bus_message_new_method_call(
                            w->client, &m, NULL, "/", "org.example", members[i == ROOT]) >= 0);
        assert_true(sd_bus_call_async(w->client, NULL, m, on_answer, w, UINT64_MAX) >= 0);
}

/* The client reads nothing meanwhile, but what it needs to be connected. */
static void call_all(World *w)
{
        for (unsigned i = 0; i <= CALLS; i++)
                send_call(w, i);
        while (w->n_calls <= CALLS) {
                uint64_t queued = 0;

                assert_true(sd_event_run(w->event, 10000) >= 0);
                assert_true(sd_bus_get_n_queued_write(w->client, &queued) >= 0);
                if (w->n_calls == 0 || queued > 0)
                        assert_true(sd_bus_process(w->client, NULL) >= 0);
        }
}

static void read_all(World *w)
{
        while (w->n_answers <= CALLS) {
                while (sd_bus_process(w->client, NULL) > 0)
                        ;
                assert_true(sd_event_run(w->event, 10000) >= 0);
        }
}

static void test_bus_that_does_not_read(void **state)
{
        World *w = *state;
        unsigned before = 0;
        int unread = 0;

        call_all(w);
        assert_int_equal(ioctl(sd_bus_get_fd(w->server), SIOCOUTQ, &unread), 0);
        assert_true(unread < UNREAD_MAX);
        assert_true(bus_outbox_is_behind(&w->outbox));
        assert_int_equal(w->n_freed, 0);
        read_all(w);
        while (w->answers[before] != ROOT)
                before++;
        print_message("# %u answers before root's, %d bytes unread\n", before, unread);
        assert_true(before < CALLS / 4);
        for (unsigned i = 0, k = 0; i <= CALLS; i++)
                if (w->answers[i] != ROOT)
                        assert_int_equal(w->answers[i], k++);
        assert_true(w->n_freed > 0);
        assert_false(bus_outbox_is_behind(&w->outbox));
}

/* What waits goes with the connection. */
static void test_bus_that_goes(void **state)
{
        World *w = *state;

        call_all(w);
        bus_outbox_end(&w->outbox);
        assert_false(bus_outbox_is_behind(&w->outbox));
        assert_null(w->outbox.first);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_bus_that_does_not_read, setup, teardown),
                cmocka_unit_test_setup_teardown(test_bus_that_goes, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
