/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the pages. A change is looked up among all bans once for a batch, because a batch is what a
 * moment brings, and one walk costs less than an index of half a million addresses.
 */

#include "daemon/fleet/live_bans.h"

#include "rules/base/array.h"

#include <errno.h>

static BanPage *page_free(BanPage *p)
{
        if (p)
                live_page_deinit(&p->page);
        free(p);
        return NULL;
}

static void host_deinit(BanHost *h)
{
        while (h->pages) {
                BanPage *p = h->pages;

                h->pages = p->next;
                page_free(p);
        }
        free(h->name);
}

void live_bans_deinit(LiveBans *b)
{
        for (size_t i = 0; i < b->n_hosts; i++)
                host_deinit(&b->hosts[i]);
        free(b->hosts);
        *b = (LiveBans){ 0 };
}

/* ---- hosts ---- */

/* The place where the name is, or would be. */
static size_t host_place(const LiveBans *b, const char *name, bool *ret_found)
{
        size_t low = 0, high = b->n_hosts;

        *ret_found = false;
        while (low < high) {
                size_t middle = low + (high - low) / 2;
                int order = strcmp(name, b->hosts[middle].name);

                if (order == 0) {
                        *ret_found = true;
                        return middle;
                }
                if (order < 0)
                        high = middle;
                else
                        low = middle + 1;
        }
        return low;
}

BanHost *live_bans_host(const LiveBans *b, const char *name)
{
        bool found;
        size_t place = host_place(b, name, &found);

        return found ? &b->hosts[place] : NULL;
}

static int host_find_or_add(LiveBans *b, const char *name, BanHost **ret)
{
        bool found;
        size_t place = host_place(b, name, &found);
        char *copy;

        if (!found) {
                if (b->n_hosts == LIVE_HOSTS_MAX)
                        return -ENOBUFS;
                if (array_grow(&b->hosts, b->n_hosts, sizeof(*b->hosts)) < 0)
                        return -ENOMEM;
                copy = strdup(name);
                if (!copy)
                        return -ENOMEM;
                memmove(b->hosts + place + 1, b->hosts + place,
                        (b->n_hosts - place) * sizeof(*b->hosts));
                b->hosts[place] = (BanHost){ .name = copy };
                b->n_hosts++;
        }
        *ret = &b->hosts[place];
        return 0;
}

/* ---- pages ---- */

static int change_add(BanChanges *c, const Prefix *address, uint64_t until_usec, const BanPage *p)
{
        if (array_grow(&c->items, c->n, sizeof(*c->items)) < 0)
                return -ENOMEM;
        c->items[c->n++] = (BanChange){ *address, until_usec, p };
        return 0;
}

/* A page that has changed has its entries in the order it had, taken back or not; a foreign one may
 * have any. */
static bool page_bans(const LivePage *page, const LiveEntry *e)
{
        for (size_t i = 0; i < page->n; i++)
                if (page->entries[i].gone == e->gone &&
                        prefix_compare(&page->entries[i].address, &e->address) == 0)
                        return true;
        return false;
}

static int page_compare(const BanPage *p, const LivePage *former, BanChanges *c)
{
        int r = 0;

        for (size_t i = 0; i < p->page.n && r >= 0; i++) {
                const LiveEntry *e = &p->page.entries[i];

                if (!page_bans(former, e))
                        r = change_add(c, &e->address, e->gone ? 0 : ban_until(p, e), p);
        }
        /* what is in the page no more was taken back as well */
        for (size_t i = 0; i < former->n && r >= 0; i++) {
                LiveEntry e = former->entries[i], back = e;

                back.gone = true;
                if (!e.gone && !page_bans(&p->page, &e) && !page_bans(&p->page, &back))
                        r = change_add(c, &e.address, 0, p);
        }
        return r;
}

static BanPage *page_find(const BanHost *h, uint64_t id)
{
        for (BanPage *p = h->pages; p; p = p->next)
                if (p->id == id)
                        return p;
        return NULL;
}

static int page_add(BanHost *h, uint64_t id, BanPage **ret)
{
        BanPage *p;

        if (h->n_pages == LIVE_HOST_PAGES_MAX)
                return -ENOBUFS;
        p = calloc(1, sizeof(*p));
        if (!p)
                return -ENOMEM;
        p->id = id;
        p->host = h->name;
        p->next = h->pages;
        h->pages = p;
        h->n_pages++;
        *ret = p;
        return 0;
}

int live_bans_put(LiveBans *b, const LiveTopic *topic, uint64_t until_usec, LivePage *page,
        BanChanges *changes, BanPage **ret)
{
        _cleanup_live_page_ LivePage former = { 0 };
        BanHost *h;
        BanPage *p;
        int r = host_find_or_add(b, topic->host, &h);

        if (r < 0)
                return r;
        p = page_find(h, topic->id);
        *ret = p;
        if (p && p->page.version >= page->version)
                return 0;
        if (b->n_entries + page->n > LIVE_BANS_MAX || h->n_entries + page->n > LIVE_HOST_BANS_MAX)
                return -ENOBUFS;
        if (!p && (r = page_add(h, topic->id, &p)) < 0)
                return r;
        former = p->page;
        p->page = *page;
        *page = (LivePage){ 0 };
        p->until_usec = until_usec;
        p->acknowledged = p->sent = 0;
        b->n_entries += p->page.n - former.n;
        h->n_entries += p->page.n - former.n;
        *ret = p;
        r = changes ? page_compare(p, &former, changes) : 0;
        return r < 0 ? r : 1;
}

void live_bans_expire(LiveBans *b, uint64_t now_usec)
{
        for (size_t i = 0; i < b->n_hosts; i++) {
                BanHost *h = &b->hosts[i];

                for (BanPage **at = &h->pages; *at;) {
                        BanPage *p = *at;

                        if (p->until_usec > now_usec) {
                                at = &p->next;
                                continue;
                        }
                        *at = p->next;
                        h->n_pages--;
                        h->n_entries -= p->page.n;
                        b->n_entries -= p->page.n;
                        page_free(p);
                }
        }
}

/* ---- the union ---- */

static int change_compare(const void *a, const void *b)
{
        const BanChange *x = a, *y = b;

        return prefix_compare(&x->address, &y->address);
}

/* Sorted, and one for each address; which of several is of no matter. */
static void changes_unite(BanChanges *c)
{
        size_t n = 0;

        if (c->n > 0)
                qsort(c->items, c->n, sizeof(*c->items), change_compare);
        for (size_t i = 0; i < c->n; i++)
                if (n == 0 || change_compare(&c->items[n - 1], &c->items[i]) != 0)
                        c->items[n++] = c->items[i];
        c->n = n;
}

typedef int (*EntryVisit)(const BanPage *p, const LiveEntry *e, void *data);

/* Each ban of a host that is in force. */
static int host_visit(const BanHost *h, uint64_t now_usec, EntryVisit f, void *data)
{
        int r = 0;

        for (const BanPage *p = h->pages; p && r >= 0; p = p->next)
                for (size_t i = 0; i < p->page.n && r >= 0; i++) {
                        const LiveEntry *e = &p->page.entries[i];

                        if (!e->gone && ban_until(p, e) > now_usec)
                                r = f(p, e, data);
                }
        return r;
}

static int entries_visit(
        const LiveBans *b, const char *except, uint64_t now_usec, EntryVisit f, void *data)
{
        int r = 0;

        for (size_t i = 0; i < b->n_hosts && r >= 0; i++)
                if (!streq(b->hosts[i].name, except))
                        r = host_visit(&b->hosts[i], now_usec, f, data);
        return r;
}

static int visit_settle(const BanPage *p, const LiveEntry *e, void *data)
{
        BanChanges *c = data;
        BanChange key = { .address = e->address }, *found;

        found = bsearch(&key, c->items, c->n, sizeof(*c->items), change_compare);
        if (found && ban_until(p, e) > found->until_usec) {
                found->until_usec = ban_until(p, e);
                found->page = p;
        }
        return 0;
}

int live_bans_settle(const LiveBans *b, const char *except, uint64_t now_usec, BanChanges *c)
{
        changes_unite(c);
        for (size_t i = 0; i < c->n; i++)
                c->items[i] = (BanChange){ .address = c->items[i].address };
        return c->n == 0 ? 0 : entries_visit(b, except, now_usec, visit_settle, c);
}

static int visit_add(const BanPage *p, const LiveEntry *e, void *data)
{
        return change_add(data, &e->address, ban_until(p, e), p);
}

int live_bans_all(const LiveBans *b, const char *except, uint64_t now_usec, BanChanges *ret)
{
        int r = entries_visit(b, except, now_usec, visit_add, ret);

        return r < 0 ? r : live_bans_settle(b, except, now_usec, ret);
}

int live_bans_of(const LiveBans *b, const char *host, uint64_t now_usec, BanChanges *ret)
{
        const BanHost *h = live_bans_host(b, host);
        int r = h ? host_visit(h, now_usec, visit_add, ret) : 0;

        if (r < 0)
                return r;
        changes_unite(ret);
        for (size_t i = 0; i < ret->n; i++)
                ret->items[i] = (BanChange){ .address = ret->items[i].address };
        return ret->n == 0 ? 0 : host_visit(h, now_usec, visit_settle, ret);
}
