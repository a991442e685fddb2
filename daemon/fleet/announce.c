/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * `p25-fleet announce`: says to each broker, as a retained message, which serial the web server
 * has, so that hosts look at once. Done when all brokers have taken it over.
 */

#include "daemon/fleet/config.h"
#include "daemon/fleet/fleet.h"
#include "daemon/fleet/live_broker.h"
#include "daemon/fleet/live_message.h"
#include "daemon/fleet/manifest.h"
#include "daemon/io/file.h"
#include "rules/base/text.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#define BROKERS_MAX 8
#define WAIT_USEC (10 * USEC_PER_SEC)
#define TOPIC LIVE_PREFIX "all/serial"
#define CURRENT_BYTES_MAX 64

typedef struct Announced {
        const char *url;
        LiveBroker *broker;
        LiveBrokerSettings settings;
        int id; /* of the message; 0: it was not sent yet */
        bool taken, refused;
} Announced;

typedef struct Announce {
        const char *ca, *certificate, *key, *folder;
        Announced brokers[BROKERS_MAX];
        unsigned n;
        uint64_t serial;
        char *payload;
        char client[64];
        sd_event *event;
        LiveBrokerEvents events;
} Announce;

/* a broker is up when it has answered a subscription */
static const char *const topics[] = { TOPIC, NULL };

static const struct option options[] = {
        { "broker", required_argument, NULL, 'b' },
        { "ca", required_argument, NULL, 'a' },
        { "certificate", required_argument, NULL, 'c' },
        { "key", required_argument, NULL, 'k' },
        { NULL, 0, NULL, 0 },
};

/* ---- what is said ---- */

static int fail(const char *what, int r)
{
        fprintf(stderr, "p25-fleet: %s: %s\n", what, strerror(-r));
        return r;
}

/* DIR/www/current has the serial that `publish` made last. */
static int serial_read(Announce *a)
{
        _cleanup_free_ char *path = NULL, *text = NULL;
        size_t n;
        int r = text_printf(&path, "%s/www/current", a->folder);

        if (r >= 0)
                r = file_read(path, 0, CURRENT_BYTES_MAX, &text, &n);
        if (r < 0)
                return fail(path ?: a->folder, r);
        if (manifest_current_parse(text, n, &a->serial) < 0) {
                fprintf(stderr, "p25-fleet: %s: it has no serial\n", path);
                return -EINVAL;
        }
        return live_serial_print(a->serial, &a->payload);
}

/* ---- the brokers ---- */

static void end_if_all_answered(Announce *a)
{
        for (unsigned i = 0; i < a->n; i++)
                if (!a->brokers[i].taken && !a->brokers[i].refused)
                        return;
        (void)sd_event_exit(a->event, 0);
}

static void on_up(void *data, unsigned index)
{
        Announce *a = data;
        Announced *b = &a->brokers[index];

        if (!b->taken &&
                live_broker_publish(b->broker,
                        &(LivePublication){ TOPIC, a->payload, 0, true, true }, &b->id) < 0)
                b->id = 0;
}

static void on_down(void *data, unsigned index)
{
        ((Announce *)data)->brokers[index].id = 0;
}

static void on_arrived(_unused_ void *data, _unused_ unsigned index, _unused_ const LiveArrival *m)
{
        /* what was announced before */
}

static void on_taken(void *data, unsigned index, int id, bool refused)
{
        Announce *a = data;
        Announced *b = &a->brokers[index];

        if (id != b->id)
                return;
        b->taken = !refused;
        b->refused = refused;
        end_if_all_answered(a);
}

static int brokers_open(Announce *a)
{
        int r = 0;

        a->events = (LiveBrokerEvents){ on_up, on_down, on_arrived, on_taken, a };
        snprintf(a->client, sizeof(a->client), "p25-fleet-announce-%d", (int)getpid());
        for (unsigned i = 0; i < a->n && r >= 0; i++) {
                Announced *b = &a->brokers[i];

                b->settings = (LiveBrokerSettings){ b->url, a->client, a->ca, a->certificate,
                        a->key, NULL, NULL, topics, i, &a->events };
                r = live_broker_new(a->event, &b->settings, &b->broker);
                if (r < 0)
                        fail(b->url, r);
        }
        return r;
}

static int announce(Announce *a)
{
        int r = sd_event_new(&a->event);

        if (r >= 0)
                r = brokers_open(a);
        if (r >= 0)
                r = sd_event_add_time_relative(
                        a->event, NULL, CLOCK_MONOTONIC, WAIT_USEC, 0, NULL, NULL);
        return r < 0 ? r : sd_event_loop(a->event);
}

static int report(const Announce *a)
{
        int status = FLEET_DONE;

        for (unsigned i = 0; i < a->n; i++) {
                const Announced *b = &a->brokers[i];
                const char *error = live_broker_error(b->broker);

                if (b->taken)
                        continue;
                status = FLEET_FAILED;
                fprintf(stderr, "p25-fleet: %s: %s\n", b->url,
                        b->refused ? "its ACL does not allow topic " TOPIC " to this certificate"
                        : *error   ? error
                                   : "does not answer");
        }
        if (status == FLEET_DONE)
                printf("Serial %" PRIu64 " is announced\n", a->serial);
        return fflush(stdout) == 0 ? status : FLEET_FAILED;
}

/* ---- the verb ---- */

static int take_option(int option, Announce *a)
{
        switch (option) {
        case 'b':
                if (a->n == BROKERS_MAX || !fleet_broker_is_valid(optarg))
                        return -EINVAL;
                a->brokers[a->n++].url = optarg;
                return 0;
        case 'a':
                a->ca = optarg;
                return 0;
        case 'c':
                a->certificate = optarg;
                return 0;
        case 'k':
                a->key = optarg;
                return 0;
        default:
                return -EINVAL;
        }
}

static int read_options(const FleetArguments *arguments, Announce *a)
{
        int option, r = 0;

        /* words[-1] is the verb, as argv[0] is the program; 0 begins again (getopt(3)) */
        optind = 0;
        while (r >= 0 && (option = getopt_long(
                                  arguments->n + 1, arguments->words - 1, "+", options, NULL)) >= 0)
                r = take_option(option, a);
        if (r < 0 || optind != arguments->n || a->n == 0 || !a->ca || !a->certificate || !a->key) {
                fprintf(stderr,
                        "usage: p25-fleet announce --broker mqtts://HOST[:PORT]... --ca FILE "
                        "--certificate FILE --key FILE DIR (at most %d brokers)\n",
                        BROKERS_MAX);
                return -EINVAL;
        }
        a->folder = arguments->words[optind - 1];
        return 0;
}

static void announce_deinit(Announce *a)
{
        for (unsigned i = 0; i < a->n; i++)
                live_broker_free(a->brokers[i].broker);
        sd_event_unref(a->event);
        free(a->payload);
}

int fleet_verb_announce(const FleetArguments *arguments)
{
        _cleanup_(announce_deinit) Announce a = { 0 };
        const char *const *file;
        int r;

        if (read_options(arguments, &a) < 0 || serial_read(&a) < 0)
                return FLEET_BAD_INPUT;
        file = (const char *const[]){ a.ca, a.certificate, a.key, NULL };
        for (; *file; file++)
                if (access(*file, R_OK) < 0) {
                        fail(*file, -errno);
                        return FLEET_BAD_INPUT;
                }
        /* the TLS library writes to sockets that may be closed */
        (void)signal(SIGPIPE, SIG_IGN);
        r = announce(&a);
        if (r < 0)
                fail("announce", r);
        return r < 0 ? FLEET_FAILED : report(&a);
}
