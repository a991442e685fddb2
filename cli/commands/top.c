/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns `top`: statistics on a screen, once a second. One child asks p25d, another runs the command
 * of a key, both as p25ctl itself would; this process has the terminal and never waits for p25d.
 */

#include "cli/commands/commands.h"
#include "cli/top/job.h"
#include "cli/top/screen.h"
#include "daemon/api/api.h"
#include "daemon/loop/clock.h"
#include "rules/base/strv.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define INTERVAL_USEC 1000000
#define LATE_USEC (4 * USEC_PER_SEC) /* then p25d is said to be silent */

typedef struct Top {
        Cli *c;
        TopState state;
        Job feed, command;
        TopAction running;   /* of the command */
        uint64_t heard_usec; /* when the feed's last document came, monotonic */
        int signals;         /* signalfd */
        int ended_by;        /* a signal; 0: none */
        bool quit;
} Top;

/* ---- in the children ---- */

/* `stats --json` again and again, a document a line: what p25d answered, or the errors. */
static int feed_run(Cli *c, _unused_ const void *data)
{
        c->json = true;
        for (bool first = true;; first = false) {
                int status = cli_finish(c, command_stats(c, NULL, NULL, 0));

                if (fflush(stdout) != 0)
                        return EXIT_FAILED;
                if (status != 0)
                        c->bus = sd_bus_flush_close_unref(c->bus);
                c->documented = false;
                /* later ssh asks for no password behind the screen, and a p25d that was stopped
                 * is not started by being watched */
                if (first)
                        (void)setsid();
                c->no_start = true;
                usleep(INTERVAL_USEC);
        }
}

/* The line that is typed, as the words of the state. */
static int words_run(Cli *c, const void *data)
{
        const Top *t = data;
        char **words = t->state.words;

        (void)setsid(); /* no password is asked for behind the screen */
        c->quiet = c->detailed_exitcode = false;
        c->dry_run = c->dry_run || t->running == TOP_PLAN;
        if (t->running == TOP_EXPLAIN)
                return command_explain(c, NULL, words + 1, strv_length(words + 1));
        return command_rule(c, NULL, words + 1, strv_length(words + 1));
}

/* ---- what p25d answers ---- */

/* The first error of a document that has no statistics; NULL: it has. */
static const char *document_error(const Json *document)
{
        const Json *errors = json_get(document, "errors");

        if (!errors)
                return NULL;
        return json_text(json_array_item(errors, 0)) ?: "p25d's answer is not understood";
}

/* 0 or negative errno; *ret_status is the exit status of an answer without statistics. */
static int document_take(Top *t, const char *text, int *ret_status)
{
        _cleanup_(json_free_p) Json *document = NULL;
        const char *error;
        TopModel model;
        int r = json_parse(text, &document);

        *ret_status = 0;
        t->heard_usec = clock_now_usec(CLOCK_MONOTONIC);
        if (r == -ENOMEM)
                return r;
        error = r < 0 ? "p25d's answer is not a valid document" : document_error(document);
        if (!error && (r = top_model_read(document, &model)) == -EINVAL)
                error = "p25d's answer is not understood";
        if (error) {
                *ret_status = (int)json_get_integer(document, "status") ?: EXIT_FAILED;
                return top_state_set_trouble(&t->state, error);
        }
        if (r < 0)
                return r;
        top_state_update(&t->state, &model);
        return top_state_set_trouble(&t->state, NULL);
}

/* All whole lines that have come. */
static int feed_take(Top *t, int *ret_status)
{
        Buffer *b = &t->feed.output;
        char *end;
        int r = 0;

        while (r >= 0 && b->length > 0 && (end = strchr(b->data, '\n'))) {
                size_t n = (size_t)(end - b->data) + 1;

                *end = '\0';
                r = document_take(t, b->data, ret_status);
                memmove(b->data, b->data + n, b->length - n + 1);
                b->length -= n;
        }
        return r;
}

/* Before there is a screen an error ends the command, with the status that `stats` would have. */
static int feed_begin(Top *t)
{
        int status = 0, r = job_start(t->c, feed_run, NULL, false, &t->feed);

        while (r >= 0 && t->heard_usec == 0) {
                r = job_read(&t->feed);
                if (r == 0)
                        r = -ECHILD;
                if (r > 0)
                        r = feed_take(t, &status);
        }
        if (r < 0)
                return cli_fail_errno(t->c, r, "top");
        return status == 0 ? 0 : cli_fail(t->c, status, "%s", t->state.trouble);
}

static int feed_read(Top *t)
{
        int status, r = job_read(&t->feed);

        if (r == 0)
                return -ECHILD;
        return r < 0 ? r : feed_take(t, &status);
}

/* A p25d that has stopped gives no error. */
static int silence_show(Top *t)
{
        if (clock_now_usec(CLOCK_MONOTONIC) - t->heard_usec < LATE_USEC)
                return 0;
        return top_state_set_trouble(&t->state, "p25d does not answer");
}

/* ---- commands ---- */

static int command_begin(Top *t, TopAction a)
{
        t->running = a;
        return job_start(t->c, words_run, t, true, &t->command);
}

static int command_read(Top *t)
{
        _cleanup_free_ char *output = NULL;
        int status, r = job_read(&t->command);

        if (r != 0)
                return r;
        r = buffer_take(&t->command.output, &output);
        if (r < 0)
                return r;
        status = job_end(&t->command);
        return top_state_show(&t->state, output, t->running == TOP_PLAN && status == 0);
}

/* Whoever leaves while a change is under way sees on the terminal what has become of it. */
static int command_finish(Top *t)
{
        int r = 1;

        if (t->command.pid == 0 || t->running != TOP_CHANGE)
                return 0;
        while (r > 0)
                r = job_read(&t->command);
        if (r < 0)
                return cli_fail_errno(t->c, r, "top");
        return t->command.output.length > 0 ? cli_text(t->c, t->command.output.data, NULL) : 0;
}

/* ---- the terminal ---- */

static int keys_read(Top *t)
{
        int key, r = 0;

        while (r >= 0 && (key = screen_key()) != TOP_KEY_NONE) {
                TopAction action;

                r = top_state_key(&t->state, key, &action);
                if (r < 0 || action == TOP_STAY)
                        continue;
                if (action == TOP_QUIT)
                        t->quit = true;
                else
                        r = command_begin(t, action);
        }
        return r;
}

static void signal_read(Top *t)
{
        struct signalfd_siginfo info;

        if (read(t->signals, &info, sizeof(info)) != sizeof(info))
                return;
        if (info.ssi_signo == SIGWINCH)
                screen_resize();
        else
                t->ended_by = (int)info.ssi_signo;
}

/* One round: waits until something happens, at most a second. */
static int top_turn(Top *t)
{
        struct pollfd fds[] = {
                { .fd = STDIN_FILENO, .events = POLLIN },
                { .fd = t->signals, .events = POLLIN },
                { .fd = t->feed.fd, .events = POLLIN },
                { .fd = t->command.fd, .events = POLLIN },
        };
        int r = screen_draw(&t->state);

        if (r < 0)
                return r;
        if (poll(fds, ELEMENTS(fds), 1000) < 0)
                return errno == EINTR ? 0 : -errno;
        if (fds[1].revents)
                signal_read(t);
        if (fds[0].revents & (POLLHUP | POLLERR))
                t->quit = true; /* the terminal has gone */
        else if (fds[0].revents)
                r = keys_read(t);
        if (r >= 0 && fds[2].revents)
                r = feed_read(t);
        if (r >= 0 && fds[3].revents)
                r = command_read(t);
        return r < 0 ? r : silence_show(t);
}

static int signals_open(sigset_t *ret_before, int *ret)
{
        static const int taken[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH };
        sigset_t set;

        sigemptyset(&set);
        for (size_t i = 0; i < ELEMENTS(taken); i++)
                sigaddset(&set, taken[i]);
        if (sigprocmask(SIG_BLOCK, &set, ret_before) < 0)
                return -errno;
        *ret = signalfd(-1, &set, SFD_CLOEXEC);
        return *ret < 0 ? -errno : 0;
}

static int screen_run(Top *t)
{
        sigset_t before;
        int r = signals_open(&before, &t->signals), status = 0;

        if (r < 0)
                return cli_fail_errno(t->c, r, "top");
        r = screen_open(cli_in_color(t->c));
        if (r == -ENOTTY)
                status = cli_fail(t->c, EXIT_BAD_INPUT,
                        "top needs a terminal that can place text: TERM is '%s'",
                        getenv("TERM") ?: "");
        while (r >= 0 && !t->quit && t->ended_by == 0)
                r = top_turn(t);
        screen_close();
        close(t->signals);
        sigprocmask(SIG_SETMASK, &before, NULL);
        if (r < 0 && status == 0)
                status = cli_fail_errno(t->c, r, "top");
        return status == 0 ? command_finish(t) : status;
}

static int top_check(Cli *c)
{
        if (c->json)
                return cli_fail(c, EXIT_BAD_INPUT,
                        "top is for people: for programs there is 'p25ctl stats --json'");
        if (!isatty(STDIN_FILENO) || !cli_on_terminal())
                return cli_fail(c, EXIT_BAD_INPUT,
                        "top needs a terminal; for scripts: p25ctl stats --json");
        return 0;
}

int command_top(Cli *c, const Verb *v, char **args, size_t n)
{
        Top t = { .c = c, .feed = JOB_NONE, .command = JOB_NONE };
        int status = top_check(c);

        (void)v, (void)args, (void)n;
        if (status == 0)
                status = feed_begin(&t);
        if (status == 0)
                status = screen_run(&t);
        job_end(&t.feed);
        job_end(&t.command);
        top_state_deinit(&t.state);
        /* the shell is to know of it; Ctrl-C is one way to quit */
        if (t.ended_by != 0 && t.ended_by != SIGINT) {
                signal(t.ended_by, SIG_DFL); /* ncurses has a handler, which would exit with 1 */
                raise(t.ended_by);
        }
        return status;
}
