/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * `p25-fleet run`: the event loop, and the connections between the modules. Knows no protocol.
 */

#include "daemon/fleet/check.h"
#include "daemon/fleet/client.h"
#include "daemon/fleet/documents.h"
#include "daemon/fleet/live_follow.h"
#include "daemon/fleet/memory.h"
#include "daemon/fleet/status.h"
#include "daemon/io/log.h"
#include "daemon/loop/clock.h"
#include "daemon/loop/rest.h"

#include <errno.h>
#include <signal.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

/* So long nothing happens before the memory that was needed is given back. */
#define REST_AFTER_USEC (USEC_PER_SEC / 10)
/* A status that changes all the time is written so often. */
#define STATUS_PAUSE_USEC USEC_PER_SEC
/* The status is written at least so often; whoever reads one that is three times as old knows that
 * nobody writes any more. */
#define STATUS_USEC (60 * USEC_PER_SEC)
#define STATUS_ACCURACY_USEC (USEC_PER_SEC / 2)

typedef struct Run {
        const FleetArguments *arguments;
        FleetConfig *config;
        sd_event *event;
        sd_event_source *status;
        Rest *rest;
        FleetClient *client;
        FleetClientEvents client_events;
        Documents *documents;  /* NULL: none are configured */
        LiveFollow *live;      /* NULL: no brokers */
        bool unwritten;        /* the status could not be written, and the log knows */
        bool ending;           /* the loop has ended: no further status comes */
        bool soon;             /* the status is written within STATUS_PAUSE_USEC */
        uint64_t written_usec; /* the last status, CLOCK_BOOTTIME */
        char *state;
} Run;

static void run_deinit(Run *r)
{
        documents_free(r->documents);
        live_follow_free(r->live);
        fleet_client_free(r->client);
        rest_free(r->rest);
        sd_event_source_disable_unref(r->status);
        sd_event_unref(r->event);
        fleet_config_free(r->config);
        free(r->state);
}

/* SIGTERM and SIGINT end the loop. */
static int follow_signals(Run *r)
{
        sigset_t set;
        int q;

        sigemptyset(&set);
        sigaddset(&set, SIGTERM);
        sigaddset(&set, SIGINT);
        if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
                return -errno;
        q = sd_event_add_signal(r->event, NULL, SIGTERM, NULL, NULL);
        return q < 0 ? q : sd_event_add_signal(r->event, NULL, SIGINT, NULL, NULL);
}

/* ---- the status ---- */

static int make_status(const Run *r, Json *root)
{
        uint64_t now = clock_now_usec(CLOCK_REALTIME);
        int q = 0;

        json_set(root, "host", json_new_string(r->config->host));
        json_set(root, "written", json_new_time(now));
        json_set(root, "next_by", json_new_time(r->ending ? 0 : now + 3 * STATUS_USEC));
        if (r->documents) {
                Json *documents = json_new_object();

                json_set(root, "documents", documents);
                q = documents_status(r->documents, documents);
        }
        return q >= 0 && r->live ? live_follow_status(r->live, root) : q;
}

static void status_later(Run *r, uint64_t usec)
{
        int q = sd_event_source_set_time_relative(r->status, usec);

        if (q >= 0)
                q = sd_event_source_set_enabled(r->status, SD_EVENT_ONESHOT);
        if (q < 0)
                log_line(LOG_ERR, "the status cannot be written later: %s", strerror(-q));
}

static void on_status(void *data)
{
        _cleanup_(json_free_p) Json *root = json_new_object();
        Run *r = data;
        int q = make_status(r, root);

        if (q >= 0)
                q = fleet_status_write(r->arguments, root);
        if (q < 0 && !r->unwritten)
                log_line(LOG_ERR, "the status cannot be written: %s", strerror(-q));
        r->unwritten = q < 0;
        r->soon = false;
        r->written_usec = clock_now_usec(CLOCK_BOOTTIME);
        if (!r->ending)
                status_later(r, STATUS_USEC);
}

/* Bans have come or gone, a broker too: in a storm all the time. */
static void on_live_status(void *data)
{
        Run *r = data;

        if (clock_now_usec(CLOCK_BOOTTIME) >= r->written_usec + STATUS_PAUSE_USEC)
                on_status(r);
        else if (!r->soon) {
                r->soon = true;
                status_later(r, STATUS_PAUSE_USEC);
        }
}

static int on_time_for_status(_unused_ sd_event_source *s, _unused_ uint64_t usec, void *data)
{
        on_status(data);
        return 0;
}

/* ---- memory ---- */

/* Reading code again in the midst of a document makes that one late. */
static bool is_busy(void *data)
{
        Run *r = data;

        return r->documents && documents_are_under_way(r->documents);
}

static void on_appeared(void *data)
{
        Run *r = data;

        if (r->documents)
                documents_put_again(r->documents);
        if (r->live)
                live_follow_appeared(r->live);
}

static void on_changed(void *data, const FleetChanged *c)
{
        Run *r = data;

        if (r->live)
                live_follow_changed(r->live, c);
}

/* ---- brokers ---- */

static void on_serial(void *data, _unused_ uint64_t serial)
{
        Run *r = data;

        if (r->documents)
                documents_look(r->documents);
}

static int start_live(Run *r)
{
        const LiveFollowSettings settings = { .config = r->config,
                .client = r->client,
                .serial = on_serial,
                .changed = on_live_status,
                .data = r };
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        const Diagnostic *error;
        int q;

        if (!r->config->live.brokers)
                return 0;
        q = live_follow_new(r->event, &settings, &d, &r->live);
        error = diagnostics_first_error(&d);
        if (error)
                log_line(LOG_ERR, "%s: %s", error->file ?: FLEET_CONF, error->text);
        return q;
}

static int start_documents(Run *r)
{
        DocumentsOptions options = { r->config, r->client, NULL, on_status, r };
        int q = fleet_path(r->arguments, FLEET_STATE, &r->state);

        if (q < 0 || !r->config->documents.url)
                return q;
        options.state = r->state;
        return documents_new(r->event, &options, &r->documents);
}

static int run_start(Run *r)
{
        int q = sd_event_new(&r->event);

        if (q >= 0)
                q = follow_signals(r);
        if (q >= 0)
                q = sd_event_add_time_relative(r->event, &r->status, CLOCK_BOOTTIME, STATUS_USEC,
                        STATUS_ACCURACY_USEC, on_time_for_status, r);
        r->client_events =
                (FleetClientEvents){ .changed = on_changed, .appeared = on_appeared, .data = r };
        if (q >= 0)
                q = fleet_client_new(r->event, &r->client_events, &r->client);
        if (q >= 0)
                q = start_documents(r);
        if (q >= 0)
                q = start_live(r);
        if (q >= 0)
                q = rest_new(r->event,
                        &(RestOptions){ .after_usec = REST_AFTER_USEC,
                                .events_min = 1,
                                .is_busy = is_busy,
                                .data = r },
                        &r->rest);
        if (q >= 0)
                on_status(r);
        return q;
}

int fleet_verb_run(const FleetArguments *a)
{
        _cleanup_(run_deinit) Run r = { .arguments = a };
        int q;

        memory_begin();
        if (fleet_config_load(a, NULL, &r.config) < 0)
                return FLEET_BAD_INPUT;
        q = run_start(&r);
        if (q < 0) {
                log_line(LOG_ERR, "cannot start: %s", strerror(-q));
                return FLEET_FAILED;
        }
        (void)sd_notify(0, "READY=1");
        q = sd_event_loop(r.event);
        (void)sd_notify(0, "STOPPING=1");
        r.ending = true;
        on_status(&r);
        if (q < 0) {
                log_line(LOG_ERR, "the event loop ended: %s", strerror(-q));
                return FLEET_FAILED;
        }
        return FLEET_DONE;
}
