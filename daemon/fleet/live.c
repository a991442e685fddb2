/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the lines to the brokers and what arrives on them. Two brokers that do not know each other
 * bring every message twice; the second changes nothing.
 */

#include "daemon/fleet/live_internal.h"
#include "daemon/io/log.h"
#include "rules/base/strv.h"
#include "rules/base/text.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#define FLUSH_USEC (USEC_PER_SEC / 50)
#define EXPIRE_USEC (60 * USEC_PER_SEC)
#define LOG_USEC (60 * USEC_PER_SEC)
#define LINES_MAX 64 /* a bit each */

static const char *const topics[] = { LIVE_PREFIX "hosts/+/ban/+", LIVE_PREFIX "all/+", NULL };

/* ---- what is refused ---- */

/* A line a minute at most: who floods a broker does not flood the log. */
static void refuse(Live *l, uint64_t *counter, const LiveArrival *m, const char *why)
{
        uint64_t now = live_now_usec();
        char shown[TEXT_SHOWN_MAX];

        (*counter)++;
        if (now - l->refused_logged_usec < LOG_USEC)
                return;
        l->refused_logged_usec = now;
        log_line(LOG_WARNING, "a message of topic %s is refused: %s", text_show(m->topic, shown),
                why);
}

static bool overlaps(const Prefix *a, const Prefix *b)
{
        return a->address.family == b->address.family &&
               (a->bits <= b->bits ? prefix_contains(a, &b->address)
                                   : prefix_contains(b, &a->address));
}

static bool is_never_banned(const FleetLive *c, const Prefix *p)
{
        for (size_t i = 0; i < c->n_never; i++)
                if (overlaps(&c->never[i], p))
                        return true;
        return false;
}

/* Takes the addresses out that this host never bans. */
static void page_spare(Live *l, LivePage *page)
{
        size_t n = 0;

        for (size_t i = 0; i < page->n; i++)
                if (!is_never_banned(&l->config->live, &page->entries[i].address))
                        page->entries[n++] = page->entries[i];
        l->refused.never += page->n - n;
        page->n = n;
}

/* ---- what arrives ---- */

static int on_flush(sd_event_source *s, uint64_t usec, void *data);

static void flush_later(Live *l)
{
        int r = live_arm(l->event, &l->flush, FLUSH_USEC, on_flush, l);

        if (r < 0)
                log_line(LOG_ERR, "timer: %s", strerror(-r));
}

static void bans_arrived(Live *l, unsigned index, const LiveTopic *topic, const LiveArrival *m)
{
        _cleanup_live_page_ LivePage page = { 0 };
        uint64_t until = live_now_usec() + m->expiry_sec * USEC_PER_SEC;
        const char *why;
        BanPage *p;
        int r;

        if (m->n == 0) /* the message was taken from the broker; its bans keep their ends */
                return;
        if (m->expiry_sec == 0 || m->expiry_sec > LIVE_SECONDS_MAX) {
                refuse(l, &l->refused.no_end, m, "its bans do not end within 366 days");
                return;
        }
        r = live_page_parse(m->payload, m->n, &page, &why);
        if (r < 0) {
                refuse(l, &l->refused.payload, m, r == -ENOMEM ? "out of memory" : why);
                return;
        }
        if (page.n_refused > 0)
                refuse(l, &l->refused.address, m, "it has entries that cannot be bans");
        if (page.n_refused > 1)
                l->refused.address += page.n_refused - 1;
        if (streq(topic->host, l->config->host)) {
                own_arrived(l, index, topic, until, &page);
                return;
        }
        page_spare(l, &page);
        r = live_bans_put(&l->bans, topic, until, &page, &l->changes, &p);
        if (r == -ENOBUFS)
                refuse(l, &l->refused.limit, m, "there are too many bans");
        else if (r < 0)
                refuse(l, &l->refused.limit, m, strerror(-r));
        if (l->changes.n > 0)
                flush_later(l);
}

static void lockdown_arrived(Live *l, const LiveArrival *m)
{
        LiveLockdown lockdown;

        if (live_lockdown_parse(m->payload, m->n, &lockdown) < 0) {
                refuse(l, &l->refused.payload, m, "it is not a lockdown with version");
                return;
        }
        if (lockdown.version <= l->lockdown.version) {
                free(lockdown.why);
                return;
        }
        free(l->lockdown.why);
        l->lockdown = lockdown;
        flush_later(l);
}

static void serial_arrived(Live *l, const LiveArrival *m)
{
        uint64_t serial;

        if (live_serial_parse(m->payload, m->n, &serial) < 0) {
                refuse(l, &l->refused.payload, m, "it is not a serial");
                return;
        }
        if (serial <= l->serial)
                return;
        l->serial = serial;
        flush_later(l);
}

static void on_arrived(void *data, unsigned index, const LiveArrival *m)
{
        Live *l = data;
        LiveTopic topic;

        if (live_topic_parse(m->topic, &topic) < 0) {
                refuse(l, &l->refused.topic, m, "the topic is not known");
                return;
        }
        switch (topic.kind) {
        case LIVE_TOPIC_BAN:
                bans_arrived(l, index, &topic, m);
                break;
        case LIVE_TOPIC_LOCKDOWN:
                lockdown_arrived(l, m);
                break;
        case LIVE_TOPIC_SERIAL:
                serial_arrived(l, m);
                break;
        }
}

/* ---- what is handed on ---- */

static void changed(const Live *l)
{
        if (l->events->changed)
                l->events->changed(l->events->data);
}

/* Bans first: an address is never open in between. */
static int changes_tell(const Live *l, const BanChanges *c)
{
        _cleanup_free_ LiveBan *bans = calloc(c->n + 1, sizeof(*bans));
        _cleanup_free_ Prefix *gone = calloc(c->n + 1, sizeof(*gone));
        size_t n_bans = 0, n_gone = 0;

        if (!bans || !gone)
                return -ENOMEM;
        for (size_t i = 0; i < c->n; i++) {
                const BanChange *change = &c->items[i];
                const BanPage *p = change->page;

                if (change->until_usec > 0)
                        bans[n_bans++] = (LiveBan){ change->address, change->until_usec, p->host,
                                p->page.who, p->page.why };
                else
                        gone[n_gone++] = change->address;
        }
        if (n_bans > 0 && l->events->banned)
                l->events->banned(l->events->data, bans, n_bans);
        if (n_gone > 0 && l->events->unbanned)
                l->events->unbanned(l->events->data, gone, n_gone);
        return 0;
}

static void rest_tell(Live *l)
{
        if (l->serial > l->serial_told) {
                l->serial_told = l->serial;
                if (l->events->serial)
                        l->events->serial(l->events->data, l->serial);
        }
        if (l->lockdown.version > l->lockdown_told) {
                l->lockdown_told = l->lockdown.version;
                if (l->events->lockdown)
                        l->events->lockdown(l->events->data, l->lockdown.on, "", l->lockdown.why);
        }
}

static int on_flush(_unused_ sd_event_source *s, _unused_ uint64_t usec, void *data)
{
        Live *l = data;
        BanChanges c = l->changes;
        int r;

        l->changes = (BanChanges){ 0 };
        r = live_bans_settle(&l->bans, l->config->host, live_now_usec(), &c);
        if (r >= 0)
                r = changes_tell(l, &c);
        free(c.items);
        if (r < 0)
                log_line(LOG_ERR, "bans: %s", strerror(-r));
        rest_tell(l);
        changed(l);
        return 0;
}

int live_tell_all(Live *l)
{
        BanChanges c = { 0 };
        int r = live_bans_all(&l->bans, l->config->host, live_now_usec(), &c);

        if (r >= 0)
                r = changes_tell(l, &c);
        free(c.items);
        return r;
}

/* ---- brokers ---- */

static void on_up(void *data, unsigned index)
{
        own_up(data, index);
        changed(data);
}

static void on_down(void *data, unsigned index)
{
        own_down(data, index);
        changed(data);
}

static void on_taken(void *data, unsigned index, int id, bool refused)
{
        own_taken(data, index, id, refused);
}

static int on_expire(sd_event_source *s, _unused_ uint64_t usec, void *data)
{
        Live *l = data;

        /* changes name pages: none may be forgotten before they were handed on */
        if (l->changes.n == 0)
                live_bans_expire(&l->bans, live_now_usec());
        changed(l);
        (void)sd_event_source_set_time_relative(s, EXPIRE_USEC);
        return sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
}

/* libmosquitto says of a file that it cannot read only that it failed. */
static int files_check(const FleetLive *c, Diagnostics *d)
{
        const char *const files[] = { c->ca, c->certificate, c->key };

        for (size_t i = 0; i < ELEMENTS(files); i++)
                if (access(files[i], R_OK) < 0)
                        return diagnostics_error(
                                d, ((Place){ files[i], 0 }), NULL, "%s", strerror(errno));
        return 0;
}

static int line_open(Live *l, size_t i)
{
        const FleetLive *c = &l->config->live;
        LiveLine *line = &l->lines[i];

        line->live = l;
        line->settings = (LiveBrokerSettings){ c->brokers[i], l->config->host, c->ca,
                c->certificate, c->key, l->will_topic, "{\"alive\":false}", topics, (unsigned)i,
                &l->broker_events };
        return live_broker_new(l->event, &line->settings, &line->broker);
}

static int lines_open(Live *l)
{
        int r = 0;

        l->lines = calloc(strv_length(l->config->live.brokers), sizeof(*l->lines));
        if (!l->lines ||
                asprintf(&l->will_topic, LIVE_PREFIX "hosts/%s/alive", l->config->host) < 0)
                return -ENOMEM;
        for (size_t i = 0; r >= 0 && i < LINES_MAX && l->config->live.brokers[i]; i++) {
                r = line_open(l, i);
                l->n_lines += r >= 0;
        }
        return r;
}

int live_new(sd_event *event, const FleetConfig *config, const LiveEvents *events, Diagnostics *d,
        Live **ret)
{
        _cleanup_(live_free_p) Live *l = NULL;
        int r = files_check(&config->live, d);

        if (r < 0)
                return r;
        l = calloc(1, sizeof(*l));
        if (!l)
                return -ENOMEM;
        /* the TLS library writes to sockets that may be closed; names are looked up within a second
         */
        (void)signal(SIGPIPE, SIG_IGN);
        (void)setenv("RES_OPTIONS", "timeout:1 attempts:1", 0);
        l->event = sd_event_ref(event);
        l->config = config;
        l->events = events;
        l->began_usec = live_now_usec();
        l->broker_events = (LiveBrokerEvents){ on_up, on_down, on_arrived, on_taken, l };
        r = live_arm(l->event, &l->expire, EXPIRE_USEC, on_expire, l);
        if (r >= 0)
                r = lines_open(l);
        if (r >= 0)
                *ret = TAKE_PTR(l);
        return r;
}

Live *live_free(Live *l)
{
        if (!l)
                return NULL;
        for (size_t i = 0; i < l->n_lines; i++) {
                sd_event_source_disable_unref(l->lines[i].sync);
                live_broker_free(l->lines[i].broker);
        }
        free(l->lines);
        own_deinit(l);
        sd_event_source_disable_unref(l->flush);
        sd_event_source_disable_unref(l->expire);
        live_bans_deinit(&l->bans);
        free(l->changes.items);
        free(l->lockdown.why);
        free(l->will_topic);
        sd_event_unref(l->event);
        free(l);
        return NULL;
}

/* ---- status ---- */

static Json *refused_json(const LiveRefused *r)
{
        Json *j = json_new_object();

        json_set(j, "topic", json_new_integer((int64_t)r->topic));
        json_set(j, "payload", json_new_integer((int64_t)r->payload));
        json_set(j, "no_end", json_new_integer((int64_t)r->no_end));
        json_set(j, "address", json_new_integer((int64_t)r->address));
        json_set(j, "never", json_new_integer((int64_t)r->never));
        json_set(j, "limit", json_new_integer((int64_t)r->limit));
        return j;
}

int live_status(const Live *l, Json *object)
{
        const BanHost *own = live_bans_host(&l->bans, l->config->host);
        Json *brokers = json_new_array();

        for (size_t i = 0; i < l->n_lines; i++) {
                const LiveLine *line = &l->lines[i];
                Json *j = json_new_object();

                json_set(j, "url", json_new_string(line->settings.url));
                json_set(j, "connected", json_new_bool(live_broker_is_up(line->broker)));
                json_set(j, "since", json_new_time(live_broker_since_usec(line->broker)));
                json_set(j, "error",
                        json_new_string(*live_broker_error(line->broker)
                                                ? live_broker_error(line->broker)
                                                : NULL));
                json_append(brokers, j);
        }
        json_set(object, "brokers", brokers);
        json_set(object, "bans", json_new_integer((int64_t)l->bans.n_entries));
        json_set(object, "own_bans", json_new_integer(own ? (int64_t)own->n_entries : 0));
        json_set(object, "published", json_new_integer((int64_t)l->published));
        json_set(
                object, "publications_refused", json_new_integer((int64_t)l->publications_refused));
        json_set(object, "refused", refused_json(&l->refused));
        return 0;
}
