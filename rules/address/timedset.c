/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "rules/address/timedset.h"

#include "rules/address/address.h"
#include "rules/address/family.h"
#include "rules/address/prefixset.h"
#include "rules/address/timedentry.h"
#include "rules/base/array.h"
#include "rules/base/buffer.h"
#include "rules/base/diagnostic.h"
#include "rules/base/text.h"

#include <errno.h>
#include <inttypes.h>

#define UNTIL " until "

static void timed_set_destroy(TimedSet *s)
{
        prefix_set_unref(s->prefixes);
        item_list_unref(s->ends);
}

DEFINE_REFERENCES(TimedSet, timed_set, timed_set_destroy)

static TimedSet *timed_set_alloc(void)
{
        TimedSet *s = calloc(1, sizeof(*s));

        if (s)
                s->n_refs = 1;
        return s;
}

static uint32_t *length_of(TimedSet *s, const Prefix *p)
{
        return &s->lengths[p->address.family == FAMILY_IPV6][p->bits];
}

/* ---- making ---- */

static uint64_t earlier(uint64_t a, uint64_t b)
{
        return b == 0 || a < b ? a : b;
}

/* Of entries that ascend. */
static int set_of(const TimedEntry *items, size_t n, TimedSet **ret)
{
        _cleanup_(timed_set_unref_p) TimedSet *s = timed_set_alloc();
        _cleanup_free_ Prefix *prefixes = reallocarray(NULL, n, sizeof(*prefixes));
        _cleanup_free_ uint64_t *ends = reallocarray(NULL, n, sizeof(*ends));

        if (!s || !prefixes || !ends)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                prefixes[i] = items[i].prefix;
                ends[i] = items[i].until_usec;
                ++*length_of(s, &prefixes[i]);
                s->next_usec = earlier(ends[i], s->next_usec);
        }
        if (prefix_set_new(prefixes, n, &s->prefixes) < 0 ||
                item_list_adopt(TAKE_PTR(ends), n, sizeof(*ends), &s->ends) < 0)
                return -ENOMEM;
        *ret = TAKE_PTR(s);
        return 0;
}

static bool is_ascending(const TimedEntry *items, size_t n)
{
        for (size_t i = 1; i < n; i++)
                if (prefix_compare(&items[i - 1].prefix, &items[i].prefix) >= 0)
                        return false;
        return true;
}

int timed_set_adopt(TimedEntry *items, size_t n, TimedSet **ret)
{
        int r = is_ascending(items, n) ? 0 : -EINVAL;

        if (n == 0)
                *ret = NULL;
        else if (r >= 0)
                r = set_of(items, n, ret);
        free(items);
        return r;
}

int timed_set_new(const PrefixSet *prefixes, uint64_t until_usec, TimedSet **ret)
{
        size_t n = prefix_set_size(prefixes);
        TimedEntry *items = reallocarray(NULL, n + 1, sizeof(*items));

        if (!items)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++)
                items[i] = (TimedEntry){ prefix_set_at(prefixes, i), until_usec };
        return timed_set_adopt(items, n, ret);
}

/* ---- changing ---- */

/* A way through what is put in and what is taken out, in the order of the prefixes. */
typedef struct Walk {
        const TimedSet *put;
        const PrefixSet *remove;
        size_t next_put, next_removed;
        Prefix prefix; /* at hand */
        bool removed;  /* else put, to end at until_usec */
        uint64_t until_usec;
} Walk;

static bool walk_next(Walk *w)
{
        bool puts = w->next_put < timed_set_size(w->put);
        bool removes = w->remove && w->next_removed < prefix_set_size(w->remove);
        TimedEntry put = { 0 };
        Prefix removed = { 0 };
        int order;

        if (!puts && !removes)
                return false;
        if (puts)
                put = timed_set_at(w->put, w->next_put);
        if (removes)
                removed = prefix_set_at(w->remove, w->next_removed);
        order = !removes ? -1 : !puts ? 1 : prefix_compare(&put.prefix, &removed);
        w->removed = order >= 0;
        w->prefix = w->removed ? removed : put.prefix;
        w->until_usec = put.until_usec;
        w->next_put += order <= 0;
        w->next_removed += order >= 0;
        return true;
}

/* An update of a set, which may be NULL. */
typedef struct Update {
        const TimedSet *old;
        TimedSet *new;
        TimedChanges changes;
        uint64_t soonest; /* end of what is put in, 0: nothing is */
        bool lost_next;   /* one that was to end next does not any more */
} Update;

/* One change, of the entry that ends at `was`; 0: there is none. */
static void note_change(Update *u, const Walk *w, bool there, uint64_t was)
{
        bool renewed = there && !w->removed && was != w->until_usec;

        u->changes.removed += w->removed && there;
        u->changes.added += !w->removed && !there;
        u->changes.renewed += renewed;
        *length_of(u->new, &w->prefix) += (!w->removed && !there) - (w->removed && there);
        if (!w->removed)
                u->soonest = earlier(w->until_usec, u->soonest);
        if (there && (w->removed || renewed) && was == u->old->next_usec)
                u->lost_next = true;
}

static uint64_t end_at(const TimedSet *s, size_t i)
{
        return *(const uint64_t *)item_list_at(s->ends, i, sizeof(uint64_t));
}

/* Walks the changes in order and keeps what lies between them. */
static void update_ends(Update *u, Walk *w)
{
        size_t n_old = timed_set_size(u->old), i = 0;
        const size_t size = sizeof(uint64_t);
        const ItemList *ends = u->old ? u->old->ends : NULL;

        while (walk_next(w)) {
                size_t at = u->old ? prefix_set_seek(u->old->prefixes, i, &w->prefix) : 0;
                Prefix found = at < n_old ? prefix_set_at(u->old->prefixes, at) : (Prefix){ 0 };
                bool there = at < n_old && prefix_compare(&found, &w->prefix) == 0;

                item_list_keep(u->new->ends, ends, i, at, size);
                note_change(u, w, there, there ? end_at(u->old, at) : 0);
                if (!w->removed) {
                        memcpy(item_list_room(u->new->ends, size), &w->until_usec, size);
                        item_list_put(u->new->ends, 1, size);
                }
                i = at + there;
        }
        item_list_keep(u->new->ends, ends, i, n_old, size);
        item_list_end(&u->new->ends, size);
}

/* The first end; none is before `least`. */
static uint64_t first_end(const ItemList *ends, uint64_t least)
{
        uint64_t first = UINT64_MAX;

        for (size_t i = 0, end; i < item_list_count(ends) && first != least;) {
                const uint64_t *p = item_list_run(ends, i, sizeof(*p), &end);

                for (; i < end && first != least; i++, p++)
                        first = *p < first ? *p : first;
        }
        return first;
}

static int update_begin(Update *u, const TimedSet *put, const PrefixSet *remove)
{
        ItemList *ends = u->old ? u->old->ends : NULL;
        size_t n_put = timed_set_size(put);

        u->new = timed_set_alloc();
        if (!u->new)
                return -ENOMEM;
        if (u->old)
                memcpy(u->new->lengths, u->old->lengths, sizeof(u->new->lengths));
        return item_list_begin(ends, n_put + (remove ? prefix_set_size(remove) : 0), n_put,
                sizeof(uint64_t), &u->new->ends);
}

/* The prefixes of a set whose ends are there. A renewal makes another set of them too, because sets
 * are known by their ranges. */
static int update_prefixes(Update *u, TimedSet *s, const TimedSet *put, const PrefixSet *remove)
{
        bool differ = u->changes.added + u->changes.removed > 0;
        size_t added, removed;

        return prefix_set_update(s ? s->prefixes : NULL, differ && put ? put->prefixes : NULL,
                differ ? remove : NULL, &u->new->prefixes, &added, &removed);
}

int timed_set_update(TimedSet *s, const TimedSet *put, const PrefixSet *remove, TimedSet **ret,
        TimedChanges *ret_changes)
{
        Update u = { .old = s };
        Walk w = { .put = put, .remove = remove };
        _cleanup_(timed_set_unref_p) TimedSet *new = NULL;
        int r;

        r = update_begin(&u, put, remove);
        new = u.new;
        if (r < 0)
                return r;
        update_ends(&u, &w);
        *ret_changes = u.changes;
        if (u.changes.added + u.changes.removed + u.changes.renewed == 0) {
                *ret = timed_set_ref(s);
                return 0;
        }
        if (!new->ends) {
                *ret = NULL;
                return 0;
        }
        r = update_prefixes(&u, s, put, remove);
        if (r < 0)
                return r;
        new->next_usec = s ? earlier(s->next_usec, u.soonest) : u.soonest;
        if (u.lost_next)
                new->next_usec = first_end(new->ends, new->next_usec);
        *ret = TAKE_PTR(new);
        return 0;
}

/* Those that have ended, in an array for free(). */
static int find_ended(const TimedSet *s, uint64_t now_usec, Prefix **ret, size_t *ret_n)
{
        for (size_t i = 0, end; i < timed_set_size(s);) {
                const uint64_t *p = item_list_run(s->ends, i, sizeof(*p), &end);

                for (; i < end; i++, p++) {
                        if (*p > now_usec)
                                continue;
                        if (array_grow(ret, *ret_n, sizeof(**ret)) < 0)
                                return -ENOMEM;
                        (*ret)[(*ret_n)++] = prefix_set_at(s->prefixes, i);
                }
        }
        return 0;
}

int timed_set_drop(TimedSet *s, uint64_t now_usec, TimedSet **ret, size_t *ret_dropped)
{
        _cleanup_(prefix_set_unref_p) PrefixSet *ended = NULL;
        _cleanup_free_ Prefix *prefixes = NULL;
        TimedChanges changes;
        size_t n = 0;
        int r;

        if (find_ended(s, now_usec, &prefixes, &n) < 0 || prefix_set_new(prefixes, n, &ended) < 0)
                return -ENOMEM;
        r = timed_set_update(s, NULL, ended, ret, &changes);
        *ret_dropped = n;
        return r;
}

int timed_set_ranges(TimedSet *s, RangeSet **ret)
{
        return prefix_set_ranges(s->prefixes, ret);
}

/* ---- looking ---- */

size_t timed_set_size(const TimedSet *s)
{
        return s ? item_list_count(s->ends) : 0;
}

TimedEntry timed_set_at(const TimedSet *s, size_t i)
{
        return (TimedEntry){ prefix_set_at(s->prefixes, i), end_at(s, i) };
}

bool timed_set_find(const TimedSet *s, const Prefix *p, uint64_t *ret_until_usec)
{
        size_t at = s ? prefix_set_seek(s->prefixes, 0, p) : 0;
        TimedEntry e;

        if (at == timed_set_size(s))
                return false;
        e = timed_set_at(s, at);
        if (prefix_compare(&e.prefix, p) != 0)
                return false;
        *ret_until_usec = e.until_usec;
        return true;
}

static Prefix network_of(const Address *a, unsigned bits)
{
        Prefix p = { *a, (uint8_t)bits };

        (void)ipv6_mask(p.address.bytes, bits);
        return p;
}

bool timed_set_contains(const TimedSet *s, const Address *a, uint64_t now_usec)
{
        for (unsigned bits = 1; s && bits <= family_bits(a->family); bits++) {
                uint64_t until_usec;
                Prefix p;

                if (s->lengths[a->family == FAMILY_IPV6][bits] == 0)
                        continue;
                p = network_of(a, bits);
                if (timed_set_find(s, &p, &until_usec) && until_usec > now_usec)
                        return true;
        }
        return false;
}

bool timed_set_equal(const TimedSet *a, const TimedSet *b)
{
        if (a == b)
                return true;
        return a && b && prefix_set_equal(a->prefixes, b->prefixes) &&
               item_list_equal(a->ends, b->ends, sizeof(uint64_t));
}

/* A lower bound of the number of entries that both have alike from i and j on, many at a time. */
static size_t entries_alike(const TimedSet *a, size_t i, const TimedSet *b, size_t j)
{
        size_t ends = item_list_alike(a->ends, i, b->ends, j, sizeof(uint64_t)), prefixes;

        if (ends == 0)
                return 0;
        prefixes = prefix_set_alike(a->prefixes, i, b->prefixes, j);
        return ends < prefixes ? ends : prefixes;
}

void timed_set_compare(const TimedSet *old, const TimedSet *new,
        void (*gone)(const TimedEntry *e, void *data),
        void (*came)(const TimedEntry *e, void *data), void *data)
{
        size_t n_old = timed_set_size(old), n_new = timed_set_size(new), i = 0, k = 0;

        while (old != new && (i < n_old || k < n_new)) {
                size_t same = i < n_old && k < n_new ? entries_alike(old, i, new, k) : 0;
                TimedEntry a, b;
                int order;

                if (same > 0) {
                        i += same;
                        k += same;
                        continue;
                }
                if (i < n_old)
                        a = timed_set_at(old, i);
                if (k < n_new)
                        b = timed_set_at(new, k);
                order = i == n_old ? 1 : k == n_new ? -1 : prefix_compare(&a.prefix, &b.prefix);
                if (order <= 0)
                        gone(&a, data);
                if (order >= 0)
                        came(&b, data);
                i += order <= 0;
                k += order >= 0;
        }
}

/* ---- text ---- */

void timed_set_print(Buffer *b, const TimedSet *s)
{
        char text[ADDRESS_TEXT_MAX];

        for (size_t i = 0; i < timed_set_size(s); i++) {
                TimedEntry e = timed_set_at(s, i);

                buffer_printf(b, "%s" UNTIL "%" PRIu64 "\n", prefix_format(&e.prefix, text),
                        e.until_usec / USEC_PER_SEC);
        }
}

size_t timed_set_text_begin(const char *text, size_t n)
{
        const char *p = memmem(text, n, UNTIL, strlen(UNTIL));

        while (p && p > text && p[-1] != '\n')
                p--;
        return p ? (size_t)(p - text) : n;
}

static int line_parse(const char *line, size_t n, TimedEntry *ret, const char **ret_reason)
{
        const char *until = memmem(line, n, UNTIL, strlen(UNTIL));
        size_t at = until ? (size_t)(until - line) + strlen(UNTIL) : n;
        bool host_bits;
        uint64_t sec = 0;

        *ret_reason = "not ADDRESS until SECONDS";
        if (!until || n - at > 12 || digits_parse(line + at, n - at, UINT64_MAX, &sec) < 0)
                return -EINVAL;
        ret->until_usec = sec * USEC_PER_SEC;
        if (prefix_parse(line, (size_t)(until - line), &ret->prefix, &host_bits, ret_reason) < 0)
                return -EINVAL;
        return ret->prefix.bits > 0 ? 0 : -EINVAL;
}

static int lines_parse(const char *text, size_t n, const char *file, Diagnostics *d,
        TimedEntry **items, size_t *ret)
{
        for (size_t at = 0; at < n;) {
                const char *end = memchr(text + at, '\n', n - at), *reason;
                size_t length = end ? (size_t)(end - text) - at : n - at;

                if (array_grow(items, *ret, sizeof(**items)) < 0)
                        return -ENOMEM;
                if (line_parse(text + at, length, &(*items)[*ret], &reason) < 0)
                        return diagnostics_error(d, (Place){ .file = file }, NULL, "%.*s: %s",
                                (int)(length < ADDRESS_TEXT_MAX ? length : ADDRESS_TEXT_MAX),
                                text + at, reason);
                ++*ret;
                at += length + 1;
        }
        return 0;
}

int timed_set_parse(const char *text, size_t n, const char *file, Diagnostics *d, TimedSet **ret)
{
        TimedEntry *items = NULL;
        size_t n_items = 0;
        int r = lines_parse(text, n, file, d, &items, &n_items);

        if (r < 0) {
                free(items);
                return r;
        }
        r = timed_set_adopt(items, n_items, ret);
        return r == -EINVAL ? diagnostics_error(d, (Place){ .file = file }, NULL,
                                      "entries that end are not in their order")
                            : r;
}
