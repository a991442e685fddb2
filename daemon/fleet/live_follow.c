/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/fleet/live_follow.h"

#include "daemon/fleet/live_apply.h"
#include "daemon/fleet/live_clock.h"
#include "daemon/fleet/view.h"
#include "daemon/io/log.h"
#include "rules/base/array.h"
#include "rules/base/buffer.h"
#include "rules/base/strv.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

#define READ_USEC (USEC_PER_SEC / 50)
#define NOT_READY_USEC (USEC_PER_SEC / 4)
#define RETRY_USEC (5 * USEC_PER_SEC)
#define BREATH 9 /* parts of the time in which nothing is read, to one in which something is */
#define SET_BYTES_MAX ((size_t)32 << 20)

struct LiveFollow {
        sd_event *event;
        const LiveFollowSettings *settings;
        LiveEvents events;
        Live *live;
        LiveApply *apply;
        View *view; /* NULL: the fleet gets none */
        sd_event_source *timer;
        bool reading, again; /* again: it has changed while it was read */
        bool lost;           /* bans that p25d did not get: all are sent when it is back */
        uint64_t pause_usec;
        char *who, *why; /* of the last change of an own set */
        /* what was read of the own sets; the next is own[at] */
        LiveBan *bans;
        size_t n_bans, at;
        uint64_t spent_usec;
        LiveFollowSettings copy;
};

/* ---- from the fleet ---- */

static void note_lost(LiveFollow *f, int r)
{
        if (r < 0 && !f->lost)
                log_line(LOG_ERR, "bans for p25d: %s",
                        r == -ENOBUFS ? "too many wait for it" : strerror(-r));
        f->lost = f->lost || r < 0;
}

static void on_banned(void *data, const LiveBan *bans, size_t n)
{
        LiveFollow *f = data;

        note_lost(f, live_apply_bans(f->apply, bans, n));
}

static void on_unbanned(void *data, const Prefix *addresses, size_t n)
{
        LiveFollow *f = data;

        note_lost(f, live_apply_unbans(f->apply, addresses, n));
}

static void on_lockdown(void *data, bool on, _unused_ const char *host, const char *why)
{
        LiveFollow *f = data;

        if (!f->settings->config->live.lockdown) {
                log_line(LOG_NOTICE, "lockdown %s of the fleet is ignored: live.lockdown is false",
                        on ? "on" : "off");
                return;
        }
        log_line(LOG_WARNING, "lockdown %s by the fleet: %s", on ? "on" : "off", why);
        if (live_apply_lockdown(f->apply, on, why) < 0)
                log_line(LOG_ERR, "lockdown: out of memory");
}

static void on_serial(void *data, uint64_t serial)
{
        LiveFollow *f = data;

        if (f->settings->serial)
                f->settings->serial(f->settings->data, serial);
}

/* Sends again the messages that p25d did not get, now that it may get them. */
static void send_lost(LiveFollow *f)
{
        if (!f->lost)
                return;
        f->lost = false;
        note_lost(f, live_tell_all(f->live));
}

static void on_status(void *data)
{
        LiveFollow *f = data;

        if (live_apply_is_idle(f->apply))
                send_lost(f);
        if (f->settings->changed)
                f->settings->changed(f->settings->data);
}

/* ---- to the fleet ---- */

static void on_minute(void *data, const char *text)
{
        LiveFollow *f = data;

        live_publish_view(f->live, text);
}

static void read_later(LiveFollow *f, uint64_t usec);

/* "192.0.2.1 # expires 2026-11-29T20:15:00Z", as GetSet prints an entry that ends; any other line
 * is not a ban. > 0: it is one. */
static int line_parse(const char *line, size_t n, LiveBan *ret)
{
        static const char word[] = " # expires ";
        const char *at = memmem(line, n, word, strlen(word)), *reason;
        char when[32] = "";
        struct tm t = { 0 };
        bool host_bits;
        time_t end;

        if (!at || (size_t)(line + n - at) - strlen(word) >= sizeof(when))
                return 0;
        memcpy(when, at + strlen(word), (size_t)(line + n - at) - strlen(word));
        if (!strptime(when, "%Y-%m-%dT%H:%M:%SZ", &t) || (end = timegm(&t)) <= 0 ||
                prefix_parse(line, (size_t)(at - line), &ret->address, &host_bits, &reason) < 0)
                return 0;
        ret->until_usec = (uint64_t)end * USEC_PER_SEC;
        return 1;
}

/* Texts of bans are set when all are read. */
static int text_read(LiveFollow *f, const char *text, size_t n)
{
        for (size_t at = 0; at < n;) {
                const char *end = memchr(text + at, '\n', n - at);
                size_t length = end ? (size_t)(end - text) - at : n - at;
                LiveBan b = { .host = "" };

                if (line_parse(text + at, length, &b) > 0) {
                        if (array_grow(&f->bans, f->n_bans, sizeof(*f->bans)) < 0)
                                return -ENOMEM;
                        f->bans[f->n_bans++] = b;
                }
                at += length + 1;
        }
        return 0;
}

static int descriptor_read(LiveFollow *f, int fd)
{
        _cleanup_buffer_ Buffer text = { 0 };
        char part[65536];
        ssize_t n;

        while ((n = read(fd, part, sizeof(part))) > 0) {
                buffer_add(&text, part, (size_t)n);
                if (text.length > SET_BYTES_MAX)
                        return -EFBIG;
        }
        if (n < 0)
                return -errno;
        return text.failed ? -ENOMEM : text_read(f, text.data ?: "", text.length);
}

static void bans_forget(LiveFollow *f)
{
        free(f->bans);
        f->bans = NULL;
        f->n_bans = f->at = 0;
        f->spent_usec = 0;
}

/* Texts are borrowed from f. */
static int bans_publish(LiveFollow *f)
{
        for (size_t i = 0; i < f->n_bans; i++) {
                f->bans[i].who = f->who ?: "";
                f->bans[i].why = f->why ?: "";
        }
        return live_publish_bans(f->live, f->bans, f->n_bans);
}

static int set_ask(LiveFollow *f);

/* One more is read: the next, or the end. */
static int set_done(LiveFollow *f, int fd)
{
        uint64_t began = live_monotonic_usec();
        int r = fd < 0 ? 0 : descriptor_read(f, fd);

        if (r >= 0 && f->settings->config->live.own[++f->at])
                r = set_ask(f);
        else if (r >= 0)
                r = bans_publish(f);
        f->spent_usec += live_monotonic_usec() - began;
        return r;
}

static void reading_done(LiveFollow *f)
{
        f->pause_usec = READ_USEC + BREATH * f->spent_usec;
        bans_forget(f);
        if (f->again)
                read_later(f, f->pause_usec);
        f->again = false;
}

static void on_set(void *data, int r, const char *message, int fd)
{
        LiveFollow *f = data;
        const char *name = f->settings->config->live.own[f->at];

        f->reading = false;
        if (r == -ENOENT || r >= 0) /* no set: nothing was banned yet */
                r = set_done(f, r < 0 ? -1 : fd);
        if (r < 0) {
                log_line(LOG_WARNING, "set %s cannot be published: %s", name,
                        *message ? message : strerror(-r));
                bans_forget(f);
                read_later(f, RETRY_USEC);
        } else if (!f->reading)
                reading_done(f);
}

static int set_ask(LiveFollow *f)
{
        int r = fleet_client_get_set(
                f->settings->client, f->settings->config->live.own[f->at], on_set, f);

        f->reading = r >= 0;
        return r;
}

static int on_time_to_read(_unused_ sd_event_source *s, _unused_ uint64_t usec, void *data)
{
        LiveFollow *f = data;

        if (!live_is_ready(f->live))
                read_later(f, NOT_READY_USEC);
        else if (set_ask(f) < 0)
                read_later(f, RETRY_USEC);
        return 0;
}

static void read_later(LiveFollow *f, uint64_t usec)
{
        int enabled = SD_EVENT_OFF, r;

        if (f->timer)
                (void)sd_event_source_get_enabled(f->timer, &enabled);
        if (f->reading || enabled != SD_EVENT_OFF) {
                f->again = f->reading;
                return;
        }
        if (!f->timer)
                r = sd_event_add_time_relative(f->event, &f->timer, CLOCK_MONOTONIC, usec,
                        USEC_PER_SEC / 200, on_time_to_read, f);
        else {
                r = sd_event_source_set_time_relative(f->timer, usec);
                if (r >= 0)
                        r = sd_event_source_set_enabled(f->timer, SD_EVENT_ONESHOT);
        }
        if (r < 0)
                log_line(LOG_ERR, "timer: %s", strerror(-r));
}

/* "+ set NAME 2 entries until …" */
static bool line_is_of_set(const char *line, const char *name)
{
        size_t n = strlen(name);

        return (line[0] == '+' || line[0] == '-') && strncmp(line + 1, " set ", 5) == 0 &&
               strncmp(line + 6, name, n) == 0 && line[6 + n] == ' ';
}

static bool lines_are_of_set(sd_bus_message *m, char **names)
{
        const char *line;
        bool found = false;

        if (sd_bus_message_enter_container(m, 'v', "as") < 0 ||
                sd_bus_message_enter_container(m, 'a', "s") < 0)
                return false;
        while (sd_bus_message_read_basic(m, 's', &line) > 0)
                STRV_FOREACH (name, names)
                        found = found || line_is_of_set(line, *name);
        return sd_bus_message_exit_container(m) >= 0 && sd_bus_message_exit_container(m) >= 0 &&
               found;
}

/* Did one of the sets change, and by which program? */
static bool details_read(sd_bus_message *m, char **names, const char **ret_process)
{
        bool found = false;
        const char *key;

        *ret_process = "";
        if (sd_bus_message_enter_container(m, 'a', "{sv}") < 0)
                return false;
        while (sd_bus_message_enter_container(m, 'e', "sv") > 0) {
                if (sd_bus_message_read_basic(m, 's', &key) < 0)
                        return found;
                if (streq(key, "process"))
                        (void)sd_bus_message_read(m, "v", "s", ret_process);
                else if (streq(key, "diff"))
                        found = lines_are_of_set(m, names);
                else
                        (void)sd_bus_message_skip(m, "v");
                if (sd_bus_message_exit_container(m) < 0)
                        return found;
        }
        return found;
}

void live_follow_changed(LiveFollow *f, const FleetChanged *c)
{
        const FleetLive *live = &f->settings->config->live;
        _cleanup_buffer_ Buffer who = { 0 };
        const char *process;
        char *text;

        if (!live->publish || !details_read(c->details, live->own, &process))
                return;
        buffer_printf(&who, "uid %u%s%s", c->uid, *process ? " " : "", process);
        if (buffer_take(&who, &text) >= 0) {
                free(f->who);
                f->who = text;
        }
        free(f->why);
        f->why = strdup(c->reason);
        read_later(f, f->pause_usec);
}

void live_follow_appeared(LiveFollow *f)
{
        live_apply_retry(f->apply);
        send_lost(f);
        if (f->settings->config->live.publish)
                read_later(f, f->pause_usec);
}

/* ---- birth and death ---- */

int live_follow_new(
        sd_event *event, const LiveFollowSettings *settings, Diagnostics *d, LiveFollow **ret)
{
        _cleanup_(live_follow_free_p) LiveFollow *f = calloc(1, sizeof(*f));
        int r;

        if (!f)
                return -ENOMEM;
        f->event = sd_event_ref(event);
        f->copy = *settings;
        f->settings = &f->copy;
        f->pause_usec = READ_USEC;
        f->events = (LiveEvents){ on_banned, on_unbanned, on_lockdown, on_serial, on_status, f };
        r = live_apply_new(event, settings->client, settings->config->live.set, &f->apply);
        if (r >= 0)
                r = live_new(event, settings->config, &f->events, d, &f->live);
        if (r >= 0 && settings->config->live.view)
                r = view_new(event, &(ViewSettings){ settings->client, on_minute, f }, &f->view);
        if (r < 0)
                return r;
        if (settings->config->live.publish)
                read_later(f, READ_USEC);
        *ret = TAKE_PTR(f);
        return 0;
}

LiveFollow *live_follow_free(LiveFollow *f)
{
        if (!f)
                return NULL;
        view_free(f->view);
        live_free(f->live);
        live_apply_free(f->apply);
        sd_event_source_disable_unref(f->timer);
        sd_event_unref(f->event);
        free(f->who);
        free(f->why);
        bans_forget(f);
        free(f);
        return NULL;
}

int live_follow_status(const LiveFollow *f, Json *object)
{
        json_set(object, "applied", json_new_integer((int64_t)live_apply_applied(f->apply)));
        json_set(object, "asserted", json_new_integer((int64_t)live_apply_refused(f->apply)));
        return live_status(f->live, object);
}
