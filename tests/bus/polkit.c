/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The questions of p25d to polkit, and their answers. The test is polkit itself here, so that
 * it can be slow, wrong and silent; tests/e2e/polkit.t has the real one.
 */

#include "daemon/auth/auth.h"
#include "tests/bus/calls.h"

#define POLKIT "org.freedesktop.PolicyKit1"
#define AUTHORITY POLKIT ".Authority"

/* The result of the child's call, as its exit status. */
enum { CAME_TO_SUCCESS, CAME_TO_DENIED, CAME_TO_LIMIT, CAME_TO_OTHER };

typedef enum Answer { ANSWER_YES, ANSWER_NO, ANSWER_CHALLENGE, ANSWER_ERROR, ANSWER_NEVER } Answer;

typedef struct Authority {
        sd_bus *bus;
        int fd;
        Answer answer;
        unsigned asked, cancelled;
        char action[64], method[64], sender[64], cancellation[64], cancelled_id[64];
        uint32_t flags;
} Authority;

static Fixture fixture;
static Authority authority;

static void copy(char *ret, size_t size, const char *text)
{
        assert_true((size_t)snprintf(ret, size, "%s", text) < size);
}

/* ---- polkit ---- */

static int on_check(sd_bus_message *m, void *data, sd_bus_error *error)
{
        const char *kind, *key, *name, *action, *id, *method;
        Authority *a = data;

        assert_true(sd_bus_message_enter_container(m, 'r', "sa{sv}") > 0);
        assert_true(sd_bus_message_read(m, "s", &kind) > 0);
        assert_string_equal(kind, "system-bus-name");
        assert_true(sd_bus_message_read(m, "a{sv}", 1, &key, "s", &name) > 0);
        assert_string_equal(key, "name");
        assert_true(sd_bus_message_exit_container(m) >= 0);
        assert_true(
                sd_bus_message_read(m, "sa{ss}us", &action, 1, &key, &method, &a->flags, &id) > 0);
        assert_string_equal(key, "method");
        copy(a->action, sizeof(a->action), action);
        copy(a->method, sizeof(a->method), method);
        copy(a->sender, sizeof(a->sender), name);
        copy(a->cancellation, sizeof(a->cancellation), id);
        a->asked++;
        switch (a->answer) {
        case ANSWER_NEVER:
                return 1;
        case ANSWER_ERROR:
                return sd_bus_error_set(error, POLKIT ".Error.Failed", "the action is not known");
        case ANSWER_YES:
        case ANSWER_NO:
        case ANSWER_CHALLENGE:
                break;
        }
        return sd_bus_reply_method_return(
                m, "(bba{ss})", a->answer == ANSWER_YES, a->answer == ANSWER_CHALLENGE, 0);
}

static int on_cancel(sd_bus_message *m, void *data, sd_bus_error *error)
{
        Authority *a = data;
        const char *id;

        (void)error;
        assert_true(sd_bus_message_read(m, "s", &id) > 0);
        copy(a->cancelled_id, sizeof(a->cancelled_id), id);
        a->cancelled++;
        return sd_bus_reply_method_return(m, "");
}

static const sd_bus_vtable polkit_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("CheckAuthorization", "(sa{sv})sa{ss}us", "(bba{ss})", on_check,
                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("CancelCheckAuthorization", "s", "", on_cancel, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

static void authority_run(Authority *a, uint64_t usec)
{
        uint64_t end = now_usec() + usec;

        while (now_usec() < end) {
                int r = sd_bus_process(a->bus, NULL);

                assert_true(r >= 0);
                if (r == 0)
                        assert_true(sd_bus_wait(a->bus, 5000) >= 0);
        }
}

/* ---- the caller, which is nobody ---- */

static void become_caller(void)
{
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (authority.bus)
                close(authority.fd); /* or polkit could not be seen to go */
        if (!become_nobody())
                _exit(CHILD_SKIP);
}

static int outcome(sd_bus_message *reply, const sd_bus_error *error)
{
        if (reply)
                return CAME_TO_SUCCESS;
        if (sd_bus_error_has_name(error, BUS_ERROR_ACCESS_DENIED))
                return CAME_TO_DENIED;
        if (sd_bus_error_has_name(error, BUS_ERROR_LIMIT_EXCEEDED))
                return CAME_TO_LIMIT;
        print_error("%s: %s\n", error->name, error->message);
        return CAME_TO_OTHER;
}

static pid_t start_caller(const Fixture *f, bool manage, bool interactive)
{
        pid_t pid = fork();
        sd_bus_error error = SD_BUS_ERROR_NULL;
        sd_bus_message *m;
        sd_bus *bus;

        assert_true(pid >= 0);
        if (pid > 0)
                return pid;
        become_caller();
        bus = open_client(f);
        m = new_call(bus, manage ? "SetLogging" : "Describe");
        if (manage)
                APPEND(m, "sa{sv}", "low", 1, "dry_run", "b", 1);
        sd_bus_message_set_allow_interactive_authorization(m, interactive);
        _exit(outcome(send_call(bus, m, &error), &error));
}

/* The child's status, while polkit works. */
static int wait_caller(Authority *a, pid_t pid)
{
        int status = 0;

        for (unsigned i = 0; i < 4000; i++) {
                pid_t r = waitpid(pid, &status, WNOHANG);

                assert_true(r >= 0);
                if (r == pid) {
                        assert_true(WIFEXITED(status));
                        if (WEXITSTATUS(status) == CHILD_SKIP)
                                skip();
                        return WEXITSTATUS(status);
                }
                authority_run(a, 5000);
        }
        fail_msg("the caller waits for ever");
        return -1;
}

static int call_with(Answer answer, bool manage, bool interactive)
{
        authority.answer = answer;
        authority.asked = authority.cancelled = 0;
        return wait_caller(&authority, start_caller(&fixture, manage, interactive));
}

/* ---- tests ---- */

static int start(void **state)
{
        Fixture *f = *state = &fixture;

        fixture_start(f);
        start_dbus(f);
        start_server(f); /* before the authority's socket is open, which it shall not hold */
        authority = (Authority){ .bus = open_client(f) };
        assert_true(sd_bus_add_object_vtable(authority.bus, NULL,
                            "/org/freedesktop/PolicyKit1/Authority", AUTHORITY, polkit_vtable,
                            &authority) >= 0);
        assert_true(sd_bus_request_name(authority.bus, POLKIT, 0) >= 0);
        authority.fd = sd_bus_get_fd(authority.bus);
        f->bus = open_client(f);
        return wait_for_owner(f->bus, PATIENCE_USEC) ? 0 : -1;
}

static int stop(void **state)
{
        authority.bus = sd_bus_flush_close_unref(authority.bus);
        return fixture_stop(*state);
}

static void test_answers(void **state)
{
        static const struct {
                Answer answer;
                bool manage;
                int expected;
        } cases[] = {
                { ANSWER_YES, true, CAME_TO_SUCCESS },
                { ANSWER_NO, true, CAME_TO_DENIED },
                { ANSWER_CHALLENGE, true, CAME_TO_DENIED },
                { ANSWER_ERROR, true, CAME_TO_DENIED },
                { ANSWER_YES, false, CAME_TO_SUCCESS },
                { ANSWER_NO, false, CAME_TO_DENIED },
                { ANSWER_CHALLENGE, false, CAME_TO_DENIED },
                { ANSWER_ERROR, false, CAME_TO_SUCCESS },
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                assert_int_equal(
                        call_with(cases[i].answer, cases[i].manage, false), cases[i].expected);
                assert_int_equal(authority.asked, 1);
                assert_string_equal(authority.action,
                        cases[i].manage ? "org.port25.policy1.manage" : "org.port25.policy1.read");
                assert_string_equal(authority.method, cases[i].manage ? "SetLogging" : "Describe");
                assert_int_equal(authority.sender[0], ':');
                assert_true(authority.cancellation[0]);
                assert_int_equal(authority.flags, 0);
                assert_int_equal(authority.cancelled, 0);
        }
        assert_int_equal(call_with(ANSWER_YES, true, true), CAME_TO_SUCCESS);
        assert_int_equal(authority.flags, 1);
        /* each call is asked for again, because p25d keeps no answer */
        assert_int_equal(call_with(ANSWER_NO, true, true), CAME_TO_DENIED);
        assert_int_equal(authority.asked, 1);
}

static void test_root_is_not_asked(void **state)
{
        Fixture *f = *state;

        authority.answer = ANSWER_NO;
        authority.asked = 0;
        CHANGES(f->bus, true, "SetLogging", "sa{sv}", "high", 0);
        authority_run(&authority, 100000);
        assert_int_equal(authority.asked, 0);
}

/* polkit is silent, others are served, and when the caller goes polkit is notified. */
static void test_caller_leaves(void **state)
{
        Fixture *f = *state;
        pid_t pid;

        authority.answer = ANSWER_NEVER;
        authority.asked = authority.cancelled = 0;
        pid = start_caller(f, true, true);
        for (unsigned i = 0; i < 1000 && authority.asked == 0; i++) {
                authority_run(&authority, 5000);
                if (waitpid(pid, NULL, WNOHANG) == pid)
                        skip();
        }
        assert_int_equal(authority.asked, 1);
        CHANGES(f->bus, true, "SetLogging", "sa{sv}", "high", 1, "dry_run", "b", 1);
        authority_run(&authority, 50000);
        assert_int_equal(authority.cancelled, 0);
        stop_process(&pid, SIGKILL, false);
        for (unsigned i = 0; i < 1000 && authority.cancelled == 0; i++)
                authority_run(&authority, 5000);
        assert_int_equal(authority.cancelled, 1);
        assert_string_equal(authority.cancelled_id, authority.cancellation);
}

static int on_flood_reply(sd_bus_message *m, void *data, sd_bus_error *error)
{
        (void)error;
        if (sd_bus_message_is_method_error(m, BUS_ERROR_LIMIT_EXCEEDED))
                ++*(unsigned *)data;
        return 1;
}

/* As many calls as one may have waiting, and a few more: these are refused at once. */
static int flood(const Fixture *f)
{
        unsigned refused = 0;
        sd_bus *bus;

        become_caller();
        bus = open_client(f);
        for (unsigned i = 0; i < AUTH_WAITING_MAX + 5; i++) {
                sd_bus_message *m = new_call(bus, "SetLogging");

                APPEND(m, "sa{sv}", "low", 0);
                assert_true(sd_bus_call_async(bus, NULL, m, on_flood_reply, &refused, 0) >= 0);
        }
        while (refused < 5) {
                if (sd_bus_process(bus, NULL) == 0 && sd_bus_wait(bus, 5000000) <= 0)
                        return CAME_TO_OTHER;
        }
        /* a moment more: none of the others may be refused */
        sd_bus_wait(bus, 200000);
        while (sd_bus_process(bus, NULL) > 0)
                ;
        return refused == 5 ? CAME_TO_LIMIT : CAME_TO_OTHER;
}

static void test_flood(void **state)
{
        Fixture *f = *state;
        pid_t pid;

        authority.answer = ANSWER_NEVER;
        authority.asked = authority.cancelled = 0;
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0)
                _exit(flood(f));
        assert_int_equal(wait_caller(&authority, pid), CAME_TO_LIMIT);
        CHANGES(f->bus, true, "SetLogging", "sa{sv}", "medium", 0);
        /* the flood has gone, and with it what it waited for */
        for (unsigned i = 0; i < 1000 && authority.cancelled < AUTH_WAITING_MAX; i++)
                authority_run(&authority, 5000);
        assert_int_equal(authority.asked, AUTH_WAITING_MAX);
        assert_int_equal(authority.cancelled, AUTH_WAITING_MAX);
        assert_int_equal(call_with(ANSWER_YES, true, false), CAME_TO_SUCCESS);
}

/* polkit goes: who waits is refused, reading is free. */
static void test_polkit_goes(void **state)
{
        Fixture *f = *state;
        int status = 0;
        pid_t pid;

        authority.answer = ANSWER_NEVER;
        authority.asked = 0;
        pid = start_caller(f, true, false);
        for (unsigned i = 0; i < 1000 && authority.asked == 0; i++) {
                authority_run(&authority, 5000);
                if (waitpid(pid, NULL, WNOHANG) == pid)
                        skip();
        }
        authority.bus = sd_bus_flush_close_unref(authority.bus);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(WEXITSTATUS(status), CAME_TO_DENIED);
        pid = start_caller(f, false, false);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(WEXITSTATUS(status), CAME_TO_SUCCESS);
        authority = (Authority){ .bus = open_client(f) };
}

int main(_unused_ int argc, char **argv)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_answers, start, stop),
                cmocka_unit_test_setup_teardown(test_root_is_not_asked, start, stop),
                cmocka_unit_test_setup_teardown(test_caller_leaves, start, stop),
                cmocka_unit_test_setup_teardown(test_flood, start, stop),
                cmocka_unit_test_setup_teardown(test_polkit_goes, start, stop),
        };

        signal(SIGPIPE, SIG_IGN);
        if (!become_root(argv)) {
                puts("1..1\nok 1 # SKIP neither root nor user namespaces");
                return 0;
        }
        return cmocka_run_group_tests(tests, NULL, NULL);
}
