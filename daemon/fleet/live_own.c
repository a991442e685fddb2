/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns this host's pages and their way to the brokers. Changes within a moment are one page, so
 * that a storm of bans is a few messages. A page is sent to a broker until that has taken it; after
 * a connection was lost, all are sent again, so that a broker which forgot them has them again.
 */

#include "daemon/fleet/live_internal.h"
#include "daemon/io/log.h"

#include <errno.h>
#include <stdio.h>

#define BATCH_USEC (USEC_PER_SEC / 50)
#define SYNC_USEC (USEC_PER_SEC / 2)
#define VIEW_KEPT_SEC 120
#define READY_USEC (10 * USEC_PER_SEC)
#define TOLERANCE_USEC (3 * USEC_PER_SEC) /* ends of one ban, rounded here and there */

/* Ascends also over a restart: pages of the former process arrive before they are changed. */
static uint64_t version_next(Live *l)
{
        uint64_t now = live_now_usec();

        l->version = now > l->version ? now : l->version + 1;
        return l->version;
}

static BanHost *own_host(Live *l)
{
        return live_bans_host(&l->bans, l->config->host);
}

/* ---- to the brokers ---- */

static int page_publish(Live *l, LiveLine *line, BanPage *p, LiveSent *sent)
{
        _cleanup_free_ char *payload = NULL;
        uint64_t now = live_now_usec();
        char topic[512];
        int r;

        if (p->until_usec <= now)
                return 0;
        r = live_page_print(&p->page, &payload);
        if (r < 0)
                return r;
        snprintf(topic, sizeof(topic), LIVE_PREFIX "hosts/%s/ban/%llu", l->config->host,
                (unsigned long long)p->id);
        r = live_broker_publish(line->broker,
                &(LivePublication){ topic, payload,
                        (uint32_t)((p->until_usec - now + USEC_PER_SEC - 1) / USEC_PER_SEC), true,
                        true },
                &sent->id);
        if (r < 0)
                return r;
        sent->page = p->id;
        sent->version = p->page.version;
        p->sent |= UINT64_C(1) << line->settings.index;
        return 1;
}

static LiveSent *window_find(LiveLine *line, int id)
{
        for (size_t i = 0; i < LIVE_WINDOW; i++)
                if (line->sent[i].id == id)
                        return &line->sent[i];
        return NULL;
}

/* Sends what the broker lacks, as far as the window is open. */
static void line_pump(Live *l, LiveLine *line)
{
        uint64_t bit = UINT64_C(1) << line->settings.index;
        BanHost *h = own_host(l);
        LiveSent *sent = window_find(line, 0);

        if (!line->synced || !h || !live_broker_is_up(line->broker))
                return;
        for (BanPage *p = h->pages; p && sent; p = p->next) {
                int r;

                if ((p->acknowledged | p->sent) & bit)
                        continue;
                r = page_publish(l, line, p, sent);
                if (r < 0) {
                        log_line(LOG_ERR, "%s: cannot publish: %s", line->settings.url,
                                strerror(-r));
                        return;
                }
                if (r > 0)
                        sent = window_find(line, 0);
        }
}

static void pump(Live *l)
{
        for (size_t i = 0; i < l->n_lines; i++)
                line_pump(l, &l->lines[i]);
}

void own_taken(Live *l, unsigned index, int id, bool refused)
{
        uint64_t bit = UINT64_C(1) << index;
        LiveLine *line = &l->lines[index];
        LiveSent *sent = id == 0 ? NULL : window_find(line, id);
        BanHost *h = own_host(l);

        if (!sent)
                return;
        for (BanPage *p = h ? h->pages : NULL; p; p = p->next)
                if (p->id == sent->page && p->page.version == sent->version) {
                        p->acknowledged |= bit;
                        p->sent &= ~bit;
                }
        *sent = (LiveSent){ 0 };
        l->published += !refused;
        if (refused && l->publications_refused++ == 0)
                log_line(LOG_ERR,
                        "%s refuses what this host publishes: does its ACL allow the "
                        "topics " LIVE_PREFIX "hosts/%s/# to this certificate?",
                        line->settings.url, l->config->host);
        line_pump(l, line);
}

static void small_publish(LiveLine *line, const char *topic, const char *payload)
{
        int r = live_broker_publish(
                line->broker, &(LivePublication){ topic, payload, 0, true, true }, NULL);

        if (r < 0 && r != -ENOTCONN)
                log_line(LOG_ERR, "%s: cannot publish %s: %s", line->settings.url, topic,
                        strerror(-r));
}

void live_publish_view(Live *l, const char *text)
{
        char topic[512];

        snprintf(topic, sizeof(topic), LIVE_PREFIX "hosts/%s/senders", l->config->host);
        for (size_t i = 0; i < l->n_lines; i++) {
                int r = live_broker_publish(l->lines[i].broker,
                        &(LivePublication){ topic, text, VIEW_KEPT_SEC, true, true }, NULL);

                if (r < 0 && r != -ENOTCONN)
                        log_line(LOG_ERR, "%s: cannot publish %s: %s", l->lines[i].settings.url,
                                topic, strerror(-r));
        }
}

static int on_synced(_unused_ sd_event_source *s, _unused_ uint64_t usec, void *data)
{
        LiveLine *line = data;

        line->synced = true;
        line_pump(line->live, line);
        return 0;
}

void own_up(Live *l, unsigned index)
{
        LiveLine *line = &l->lines[index];

        small_publish(line, l->will_topic, "{\"alive\":true}");
        (void)live_arm(l->event, &line->sync, SYNC_USEC, on_synced, line);
}

void own_down(Live *l, unsigned index)
{
        uint64_t bit = UINT64_C(1) << index;
        LiveLine *line = &l->lines[index];
        BanHost *h = own_host(l);

        line->synced = false;
        if (line->sync)
                (void)sd_event_source_set_enabled(line->sync, SD_EVENT_OFF);
        memset(line->sent, 0, sizeof(line->sent));
        for (BanPage *p = h ? h->pages : NULL; p; p = p->next) {
                p->sent &= ~bit;
                p->acknowledged &= ~bit;
        }
}

void own_arrived(
        Live *l, unsigned index, const LiveTopic *topic, uint64_t until_usec, LivePage *page)
{
        uint64_t version = page->version;
        BanPage *p = NULL;

        if (live_bans_put(&l->bans, topic, until_usec, page, NULL, &p) < 0 || !p)
                return;
        if (version > l->version)
                l->version = version;
        if (p->page.version == version)
                p->acknowledged |= UINT64_C(1) << index;
}

/* ---- bans of this host ---- */

static int batch_close(Live *l)
{
        LiveTopic topic = { .kind = LIVE_TOPIC_BAN };
        BanPage *p;
        int r;

        if (l->batch.n == 0)
                return 0;
        snprintf(topic.host, sizeof(topic.host), "%s", l->config->host);
        l->batch.version = topic.id = version_next(l);
        r = live_bans_put(&l->bans, &topic, l->batch_until_usec, &l->batch, NULL, &p);
        live_page_deinit(&l->batch);
        l->batch_until_usec = 0;
        return r < 0 ? r : 0;
}

static int on_close(_unused_ sd_event_source *s, _unused_ uint64_t usec, void *data)
{
        Live *l = data;
        int r = batch_close(l);

        pump(l);
        if (l->events->changed)
                l->events->changed(l->events->data);
        if (r < 0)
                log_line(LOG_ERR, "cannot publish bans: %s",
                        r == -ENOBUFS ? "this host has too many" : strerror(-r));
        return 0;
}

static int batch_open(Live *l, const LiveBan *ban)
{
        if (l->batch.n > 0)
                return 0;
        live_page_deinit(&l->batch);
        l->batch.who = strdup(ban->who ?: "");
        l->batch.why = strdup(ban->why ?: "");
        l->batch.entries = calloc(LIVE_PAGE_MAX, sizeof(*l->batch.entries));
        if (!l->batch.who || !l->batch.why || !l->batch.entries) {
                live_page_deinit(&l->batch);
                return -ENOMEM;
        }
        return live_arm(l->event, &l->close, BATCH_USEC, on_close, l);
}

/* The end of the page is that of its last ban; the others are then earlier by more. */
static void batch_extend(Live *l, uint64_t until_usec)
{
        uint64_t more = (until_usec - l->batch_until_usec + USEC_PER_SEC - 1) / USEC_PER_SEC;

        if (l->batch.n == 0) {
                l->batch_until_usec = until_usec;
                return;
        }
        for (size_t i = 0; i < l->batch.n; i++)
                l->batch.entries[i].early_sec += (uint32_t)more;
        l->batch_until_usec += more * USEC_PER_SEC;
}

static bool batch_takes(const Live *l, const LiveBan *ban)
{
        return l->batch.n < LIVE_PAGE_MAX && streq(l->batch.who, ban->who ?: "") &&
               streq(l->batch.why, ban->why ?: "");
}

int live_publish_ban(Live *l, const LiveBan *ban)
{
        const BanHost *h = own_host(l);
        uint64_t now = live_now_usec();
        int r = 0;

        if (ban->until_usec <= now || ban->until_usec > now + LIVE_SECONDS_MAX * USEC_PER_SEC)
                return -EINVAL;
        if (h && h->n_entries + l->batch.n >= LIVE_HOST_BANS_MAX)
                return -ENOBUFS;
        if (l->batch.n > 0 && !batch_takes(l, ban))
                r = batch_close(l);
        if (r >= 0)
                r = batch_open(l, ban);
        if (r < 0)
                return r;
        if (ban->until_usec > l->batch_until_usec)
                batch_extend(l, ban->until_usec);
        l->batch.entries[l->batch.n++] = (LiveEntry){ ban->address,
                (uint32_t)((l->batch_until_usec - ban->until_usec) / USEC_PER_SEC), false };
        return 0;
}

static bool page_take_back(BanPage *p, const Prefix *address)
{
        bool found = false;

        for (size_t i = 0; i < p->page.n; i++) {
                LiveEntry *e = &p->page.entries[i];

                if (e->gone || prefix_compare(&e->address, address) != 0)
                        continue;
                e->gone = found = true;
        }
        return found;
}

int live_publish_unban(Live *l, const Prefix *address)
{
        BanHost *h;
        int r = batch_close(l);

        h = own_host(l);
        for (BanPage *p = h ? h->pages : NULL; p; p = p->next) {
                if (!page_take_back(p, address))
                        continue;
                p->page.version = version_next(l);
                p->acknowledged = p->sent = 0;
        }
        /* several within a moment change a page once: it is sent at the end of the batch */
        return r < 0 ? r : live_arm(l->event, &l->close, BATCH_USEC, on_close, l);
}

bool live_is_ready(const Live *l)
{
        for (size_t i = 0; i < l->n_lines; i++)
                if (!l->lines[i].synced)
                        return live_now_usec() - l->began_usec > READY_USEC;
        return true;
}

static int ban_compare(const void *a, const void *b)
{
        const LiveBan *x = a, *y = b;

        return prefix_compare(&x->address, &y->address);
}

/* Of bans that ascend, one for each address: that which ends last. */
static size_t bans_unite(LiveBan *bans, size_t n)
{
        size_t kept = 0;

        for (size_t i = 0; i < n; i++)
                if (kept == 0 || ban_compare(&bans[kept - 1], &bans[i]) != 0)
                        bans[kept++] = bans[i];
                else if (bans[kept - 1].until_usec < bans[i].until_usec)
                        bans[kept - 1] = bans[i];
        return kept;
}

/* Both lists ascend. */
static int own_compare(Live *l, const LiveBan *bans, size_t n, const BanChanges *known)
{
        size_t i = 0, k = 0;
        int r = 0;

        while (r >= 0 && (i < n || k < known->n)) {
                int order = i == n ? 1
                            : k == known->n
                                    ? -1
                                    : prefix_compare(&bans[i].address, &known->items[k].address);

                if (order > 0) {
                        if (known->items[k].until_usec > live_now_usec() + TOLERANCE_USEC)
                                r = live_publish_unban(l, &known->items[k].address);
                        k++;
                        continue;
                }
                if (order < 0 || bans[i].until_usec > known->items[k].until_usec + TOLERANCE_USEC)
                        r = live_publish_ban(l, &bans[i]);
                i++;
                k += order == 0;
        }
        return r;
}

int live_publish_bans(Live *l, LiveBan *bans, size_t n)
{
        BanChanges known = { 0 };
        int r = batch_close(l);

        if (r >= 0)
                r = live_bans_of(&l->bans, l->config->host, live_now_usec(), &known);
        if (n > 0)
                qsort(bans, n, sizeof(*bans), ban_compare);
        if (r >= 0)
                r = own_compare(l, bans, bans_unite(bans, n), &known);
        free(known.items);
        return r;
}

void own_deinit(Live *l)
{
        live_page_deinit(&l->batch);
        sd_event_source_disable_unref(l->close);
}
