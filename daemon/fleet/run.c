/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * `p25-fleet run`: the event loop, and who is connected with whom. Knows no protocol.
 */

#include "daemon/fleet/check.h"
#include "daemon/fleet/client.h"
#include "daemon/fleet/log.h"

#include <errno.h>
#include <signal.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

typedef struct Run {
        const FleetArguments *arguments;
        FleetConfig *config;
        sd_event *event;
        FleetClient *client;
        FleetClientEvents client_events;
} Run;

static void run_deinit(Run *r)
{
        fleet_client_free(r->client);
        sd_event_unref(r->event);
        fleet_config_free(r->config);
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

static int run_start(Run *r)
{
        int q = sd_event_new(&r->event);

        if (q >= 0)
                q = follow_signals(r);
        if (q >= 0)
                q = fleet_client_new(r->event, &r->client_events, &r->client);
        return q;
}

int fleet_verb_run(const FleetArguments *a)
{
        _cleanup_(run_deinit) Run r = { .arguments = a };
        int q;

        if (fleet_config_load(a, NULL, &r.config) < 0)
                return FLEET_BAD_INPUT;
        q = run_start(&r);
        if (q < 0) {
                fleet_log(LOG_ERR, "cannot start: %s", strerror(-q));
                return FLEET_FAILED;
        }
        (void)sd_notify(0, "READY=1");
        q = sd_event_loop(r.event);
        (void)sd_notify(0, "STOPPING=1");
        if (q < 0) {
                fleet_log(LOG_ERR, "the event loop ended: %s", strerror(-q));
                return FLEET_FAILED;
        }
        return FLEET_DONE;
}
