/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * One thing at a time, in this order: current → serial → p25d → commit. Each step ends in the next
 * or in rest(), which arms the timer for the next look.
 */

#include "daemon/fleet/documents.h"

#include "daemon/fleet/pause.h"
#include "daemon/fleet/problem.h"
#include "daemon/fleet/serial.h"
#include "daemon/fleet/texts.h"
#include "daemon/io/log.h"
#include "daemon/loop/clock.h"
#include "rules/base/strv.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#define CURRENT_BYTES_MAX 64
/* A serial that p25d or a check refuses is tried again, because what the host asserts may change.
 */
#define REFUSED_PAUSE_USEC (UINT64_C(60) * USEC_PER_SEC)
/* nginx's ETag is a second and a length: two serials of one second look the same. So every fifth
 * look is without one. */
#define LOOKS_BY_TAG 4

struct Documents {
        DocumentsOptions options;
        sd_event *event;
        Fetch *fetch;
        Keep keep;
        PublicKey *keys;
        size_t n_keys;
        sd_event_source *timer;
        Serial *serial; /* on its way; NULL: none */
        bool again;     /* it is the one in force */
        bool in_force;  /* p25d has it, the disk not yet */
        bool looking;   /* something is under way that will arm the timer */
        bool look_again, put_again;
        uint64_t put_usec; /* not again before it, monotonic */
        unsigned failures, looks;
        uint64_t offered;             /* what the web server said last; 0: nothing yet */
        uint64_t checked_usec;        /* when it last answered */
        uint64_t refused, retry_usec; /* monotonic */
        Problem problem;
        bool expired; /* was logged */
};

static uint64_t serial_in_force(const Documents *d)
{
        return d->keep.manifest ? d->keep.manifest->serial : 0;
}

/* ---- what is wrong ---- */

static void changed(const Documents *d)
{
        if (d->options.changed)
                d->options.changed(d->options.data);
}

#define set_problem(d, ...) problem_set(&(d)->problem, serial_in_force(d), __VA_ARGS__)

static void watch_expiry(Documents *d)
{
        const Manifest *m = d->keep.manifest;
        bool expired = m && m->valid_until_usec < clock_now_usec(CLOCK_REALTIME);

        if (expired && !d->expired)
                log_line(LOG_ERR,
                        "serial %" PRIu64 " has expired, and the web server offers nothing newer; "
                        "it stays in force",
                        m->serial);
        d->expired = expired;
}

/* ---- the clock ---- */

static void look(Documents *d);
static void begin_put(Documents *d);

static void arm(Documents *d, uint64_t usec)
{
        int r = sd_event_source_set_time_relative(d->timer, usec);

        if (r >= 0)
                r = sd_event_source_set_enabled(d->timer, SD_EVENT_ONESHOT);
        if (r < 0)
                log_line(LOG_ERR, "the timer cannot be armed: %s", strerror(-r));
}

static int on_timer(_unused_ sd_event_source *s, _unused_ uint64_t usec, void *data)
{
        Documents *d = data;

        d->looking = true;
        if (d->serial)
                begin_put(d); /* p25d did not answer the last time */
        else
                look(d);
        return 0;
}

static bool may_put_again(const Documents *d)
{
        return d->put_again && clock_now_usec(CLOCK_MONOTONIC) >= d->put_usec;
}

/* What was under way is done, well or not. */
static void rest(Documents *d, bool failed)
{
        bool at_once = d->look_again || may_put_again(d);

        d->looking = false;
        d->failures = failed ? d->failures + 1 : 0;
        watch_expiry(d);
        changed(d);
        arm(d, at_once && !failed ? 0
                                  : documents_pause_usec(d->options.config->documents.interval_sec,
                                            d->failures));
}

/* ---- the end of a serial ---- */

static void end_serial(Documents *d, bool failed)
{
        if (d->again && failed) {
                d->put_again = true;
                d->put_usec = clock_now_usec(CLOCK_MONOTONIC) + REFUSED_PAUSE_USEC;
        }
        d->serial = serial_free(d->serial);
        d->again = d->in_force = false;
        rest(d, failed);
}

/* Not this one, for a while. */
static void refuse_serial(Documents *d)
{
        if (d->again) {
                end_serial(d, true);
                return;
        }
        d->refused = serial_number(d->serial);
        d->retry_usec = clock_now_usec(CLOCK_MONOTONIC) + REFUSED_PAUSE_USEC;
        end_serial(d, false);
}

/* ---- p25d ---- */

static void commit(Documents *d)
{
        uint64_t number = serial_number(d->serial);
        size_t n;
        int r;

        (void)serial_parts(d->serial, &n);
        d->in_force = true;
        r = serial_commit(d->serial, &d->keep, clock_now_usec(CLOCK_REALTIME));
        if (r < 0) {
                set_problem(d, "serial %" PRIu64 " is in force, but cannot be noted in %s: %s",
                        number, d->keep.folder, strerror(-r));
                rest(d, true);
                return;
        }
        problem_clear(&d->problem);
        log_line(LOG_NOTICE, "serial %" PRIu64 " is in force (%zu part%s for this host)", number, n,
                n == 1 ? "" : "s");
        end_serial(d, false);
}

static void on_put(void *data, int r, const char *message)
{
        Documents *d = data;
        uint64_t number = serial_number(d->serial);

        if (r >= 0 && d->again) {
                problem_clear(&d->problem);
                end_serial(d, false);
        } else if (r >= 0)
                commit(d);
        else if (r == -EAGAIN) {
                set_problem(d, "p25d does not take serial %" PRIu64 " now: %s", number, message);
                rest(d, true);
        } else {
                set_problem(d, "p25d refuses serial %" PRIu64 ": %s", number, message);
                refuse_serial(d);
        }
}

static void begin_put(Documents *d)
{
        _cleanup_(fleet_texts_deinit) FleetTexts texts = { .n = 0 };
        const ManifestPart *const *parts;
        char reason[64];
        size_t n;
        int r;

        if (d->in_force) {
                commit(d);
                return;
        }
        parts = serial_parts(d->serial, &n);
        r = fleet_texts_read(&d->keep, parts, n, &texts);
        if (r < 0) {
                set_problem(d, "a part of serial %" PRIu64 " cannot be read in %s: %s",
                        serial_number(d->serial), d->keep.folder, strerror(-r));
                end_serial(d, true);
                return;
        }
        (void)snprintf(reason, sizeof(reason), "fleet serial %" PRIu64, serial_number(d->serial));
        r = fleet_client_replace(d->options.client, texts.items, texts.n, reason, on_put, d);
        if (r >= 0)
                return;
        set_problem(d, "p25d cannot be asked: %s",
                r == -ENOTCONN ? "the system bus is gone" : strerror(-r));
        if (r == -ENOMEM || r == -ENOTCONN)
                rest(d, true);
        else
                refuse_serial(d);
}

/* ---- a serial ---- */

static void on_serial(void *data, SerialEnd end, const char *problem)
{
        Documents *d = data;

        switch (end) {
        case SERIAL_READY:
                begin_put(d);
                return;
        case SERIAL_FAILED:
                set_problem(d, "%s", problem);
                end_serial(d, true);
                return;
        case SERIAL_REFUSED:
                set_problem(d, "%s", problem);
                refuse_serial(d);
                return;
        }
}

static void begin_serial(Documents *d, uint64_t number, bool again)
{
        SerialContext context = {
                .config = d->options.config,
                .fetch = d->fetch,
                .keep = &d->keep,
                .keys = d->keys,
                .n_keys = d->n_keys,
                .done = on_serial,
                .data = d,
        };

        if (serial_new(&context, number, &d->serial) < 0) {
                set_problem(d, "out of memory");
                rest(d, true);
                return;
        }
        d->again = again;
        if (again)
                serial_complete(d->serial);
        else
                serial_fetch(d->serial);
}

/* ---- looking ---- */

static void decide(Documents *d)
{
        uint64_t now = serial_in_force(d);

        /* the server has taken it back; it may come again as another one */
        if (d->offered != d->refused)
                d->refused = 0;
        if (d->offered == now) {
                /* else p25d refuses what is in force here, which stays a problem */
                if (!d->put_again)
                        problem_clear(&d->problem);
                rest(d, false);
        } else if (d->offered < now) {
                set_problem(d, "the web server offers serial %" PRIu64 ", which is older: refused",
                        d->offered);
                rest(d, false);
        } else if (d->offered == d->refused && clock_now_usec(CLOCK_MONOTONIC) < d->retry_usec)
                rest(d, false);
        else
                begin_serial(d, d->offered, false);
}

static void on_current(void *data, FetchResult *result)
{
        Documents *d = data;
        uint64_t serial;

        if (result->r < 0) {
                set_problem(d, "%s" FLEET_CURRENT ": %s", d->options.config->documents.url,
                        result->r == -ENOMEM ? "out of memory" : result->reason);
                rest(d, true);
                return;
        }
        if (result->r == 0 && manifest_current_parse(result->data, result->n, &serial) < 0) {
                fetch_forget(d->fetch);
                set_problem(d, "%s%s: it is not a serial", d->options.config->documents.url,
                        FLEET_CURRENT);
                rest(d, true);
                return;
        }
        if (result->r == 0)
                d->offered = serial;
        d->checked_usec = clock_now_usec(CLOCK_REALTIME);
        decide(d);
}

static void look(Documents *d)
{
        int r;

        d->look_again = false;
        if (may_put_again(d) && d->keep.manifest) {
                d->put_again = false;
                begin_serial(d, serial_in_force(d), true);
                return;
        }
        if (d->looks++ % (LOOKS_BY_TAG + 1) == 0)
                fetch_forget(d->fetch);
        r = fetch_begin(
                d->fetch, &(FetchWhat){ FLEET_CURRENT, CURRENT_BYTES_MAX, true }, on_current, d);
        if (r >= 0)
                return;
        set_problem(d, FLEET_CURRENT " cannot be fetched: %s", strerror(-r));
        rest(d, true);
}

void documents_look(Documents *d)
{
        d->look_again = true;
        if (!d->looking)
                arm(d, 0);
}

bool documents_are_under_way(const Documents *d)
{
        return d->looking;
}

void documents_put_again(Documents *d)
{
        d->put_again = true;
        d->put_usec = 0;
        if (!d->looking)
                arm(d, 0);
}

/* ---- life ---- */

static int read_keys(Documents *d)
{
        char **keys = d->options.config->documents.keys;

        d->keys = calloc(strv_length(keys) + 1, sizeof(*d->keys));
        if (!d->keys)
                return -ENOMEM;
        STRV_FOREACH (key, keys) {
                if (public_key_parse(*key, &d->keys[d->n_keys]) < 0) {
                        log_line(LOG_ERR, "fleet.conf: \"%s\" is not a public key of minisign",
                                *key);
                        return -EINVAL;
                }
                d->n_keys++;
        }
        return 0;
}

int documents_new(sd_event *event, const DocumentsOptions *options, Documents **ret)
{
        _cleanup_(documents_free_p) Documents *d = calloc(1, sizeof(*d));
        int r;

        if (!d)
                return -ENOMEM;
        d->options = *options;
        d->event = sd_event_ref(event);
        r = crypto_start();
        if (r >= 0)
                r = read_keys(d);
        if (r < 0)
                return r;
        r = keep_open(&d->keep, options->state);
        if (r == -EBADMSG)
                log_line(LOG_ERR,
                        "%s/state.json is damaged: which serial was in force is not known, and "
                        "any valid one is taken",
                        options->state);
        else if (r < 0) {
                log_line(LOG_ERR, "%s: %s", options->state, strerror(-r));
                return r;
        }
        d->put_again = d->keep.manifest != NULL;
        r = fetch_new(event, &options->config->documents, &d->fetch);
        if (r >= 0)
                r = sd_event_add_time_relative(
                        event, &d->timer, CLOCK_BOOTTIME, 0, 50000, on_timer, d);
        if (r >= 0)
                *ret = TAKE_PTR(d);
        return r;
}

Documents *documents_free(Documents *d)
{
        if (!d)
                return NULL;
        sd_event_source_disable_unref(d->timer);
        fetch_free(d->fetch);
        serial_free(d->serial);
        keep_deinit(&d->keep);
        sd_event_unref(d->event);
        free(d->keys);
        problem_deinit(&d->problem);
        free(d);
        return NULL;
}

int documents_status(const Documents *d, Json *object)
{
        const Manifest *m = d->keep.manifest;

        json_set(object, "url", json_new_string(d->options.config->documents.url));
        json_set(object, "serial", json_new_integer((int64_t)serial_in_force(d)));
        json_set(object, "made", json_new_time(m ? m->made_usec : 0));
        json_set(object, "valid_until", json_new_time(m ? m->valid_until_usec : 0));
        json_set(object, "since", json_new_time(d->keep.since_usec));
        json_set(object, "checked", json_new_time(d->checked_usec));
        json_set(object, "offered", json_new_integer((int64_t)d->offered));
        json_set(object, "problem", json_new_string(d->problem.text));
        return 0;
}
