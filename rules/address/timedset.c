/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "rules/address/timedset.h"

#include "rules/address/address.h"
#include "rules/address/prefixset.h"
#include "rules/address/rangeset.h"
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
        free(s->items);
        range_set_unref(s->ranges);
}

DEFINE_REFERENCES(TimedSet, timed_set, timed_set_destroy)

/* ---- making ---- */

static void note_entry(TimedSet *s, const TimedEntry *e)
{
        s->lengths[e->prefix.address.family == FAMILY_IPV6][e->prefix.bits] = true;
        if (s->next_usec == 0 || e->until_usec < s->next_usec)
                s->next_usec = e->until_usec;
}

/* Of sorted entries, which the set owns from then on. */
static int adopt(TimedEntry *items, size_t n, TimedSet **ret)
{
        TimedSet *s = n > 0 ? calloc(1, sizeof(*s)) : NULL;

        if (!s) {
                free(items);
                *ret = NULL;
                return n > 0 ? -ENOMEM : 0;
        }
        *s = (TimedSet){ .n_refs = 1, .items = items, .n = n };
        for (size_t i = 0; i < n; i++)
                note_entry(s, &items[i]);
        *ret = s;
        return 0;
}

static int entry_compare(const void *a, const void *b)
{
        return prefix_compare(&((const TimedEntry *)a)->prefix, &((const TimedEntry *)b)->prefix);
}

static bool is_ascending(const TimedEntry *items, size_t n)
{
        for (size_t i = 1; i < n; i++)
                if (entry_compare(&items[i - 1], &items[i]) >= 0)
                        return false;
        return true;
}

int timed_set_adopt(TimedEntry *items, size_t n, TimedSet **ret)
{
        if (is_ascending(items, n))
                return adopt(items, n, ret);
        free(items);
        return -EINVAL;
}

int timed_set_new(const PrefixSet *prefixes, uint64_t until_usec, TimedSet **ret)
{
        size_t n = prefix_set_size(prefixes);
        TimedEntry *items = calloc(n + 1, sizeof(*items));

        if (!items)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++)
                items[i] = (TimedEntry){ prefix_set_at(prefixes, i), until_usec };
        return adopt(items, n, ret);
}

/* A way through a sorted list: from one entry to the next. */
typedef struct Walk {
        const TimedSet *timed;
        const PrefixSet *prefixes;
        size_t i, n;
        Prefix prefix; /* at hand, while i < n */
} Walk;

static void walk_load(Walk *w)
{
        if (w->i < w->n)
                w->prefix =
                        w->timed ? w->timed->items[w->i].prefix : prefix_set_at(w->prefixes, w->i);
}

static void walk_begin(Walk *w)
{
        w->n = w->timed ? w->timed->n : w->prefixes ? prefix_set_size(w->prefixes) : 0;
        walk_load(w);
}

/* Goes to the first entry that is not before p; is it p? */
static bool walk_to(Walk *w, const Prefix *p)
{
        int c = 1;

        while (w->i < w->n && (c = prefix_compare(&w->prefix, p)) < 0) {
                w->i++;
                walk_load(w);
        }
        return w->i < w->n && c == 0;
}

int timed_set_update(const TimedSet *s, const TimedSet *put, const PrefixSet *remove,
        TimedSet **ret, TimedChanges *ret_changes)
{
        Walk gone = { .prefixes = remove };
        size_t n_old = timed_set_size(s), n_put = timed_set_size(put), i = 0, k = 0, n = 0;
        TimedEntry *items = malloc((n_old + n_put + 1) * sizeof(*items));
        TimedChanges changes = { 0 };

        if (!items)
                return -ENOMEM;
        walk_begin(&gone);
        while (i < n_old || k < n_put) {
                int order = i == n_old ? 1
                            : k == n_put
                                    ? -1
                                    : prefix_compare(&s->items[i].prefix, &put->items[k].prefix);
                const TimedEntry *e = order < 0 ? &s->items[i] : &put->items[k];
                bool was = order <= 0;

                if (walk_to(&gone, &e->prefix)) {
                        changes.removed += was;
                } else {
                        items[n++] = *e;
                        changes.added += !was;
                        changes.renewed += order == 0 && s->items[i].until_usec != e->until_usec;
                }
                i += order <= 0;
                k += order >= 0;
        }
        *ret_changes = changes;
        return adopt(items, n, ret);
}

int timed_set_drop(const TimedSet *s, uint64_t now_usec, TimedSet **ret, size_t *ret_dropped)
{
        TimedEntry *items = malloc((timed_set_size(s) + 1) * sizeof(*items));
        size_t n = 0;

        if (!items)
                return -ENOMEM;
        for (size_t i = 0; s && i < s->n; i++)
                if (s->items[i].until_usec > now_usec)
                        items[n++] = s->items[i];
        *ret_dropped = timed_set_size(s) - n;
        return adopt(items, n, ret);
}

/* Without their ends. */
static int prefixes_of(const TimedSet *s, PrefixSet **ret)
{
        _cleanup_free_ Prefix *prefixes = calloc(timed_set_size(s) + 1, sizeof(*prefixes));

        if (!prefixes)
                return -ENOMEM;
        for (size_t i = 0; s && i < s->n; i++)
                prefixes[i] = s->items[i].prefix;
        return prefix_set_new(prefixes, timed_set_size(s), ret);
}

int timed_set_ranges(TimedSet *s, RangeSet **ret)
{
        _cleanup_(prefix_set_unref_p) PrefixSet *prefixes = NULL;

        if (!s->ranges && (prefixes_of(s, &prefixes) < 0 ||
                                  range_set_from_prefixes(prefixes, &s->ranges) < 0))
                return -ENOMEM;
        *ret = s->ranges;
        return 0;
}

/* ---- looking ---- */

size_t timed_set_size(const TimedSet *s)
{
        return s ? s->n : 0;
}

const TimedEntry *timed_set_find(const TimedSet *s, const Prefix *p)
{
        const TimedEntry key = { .prefix = *p };

        return s ? bsearch(&key, s->items, s->n, sizeof(key), entry_compare) : NULL;
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
                Prefix p;
                const TimedEntry *e;

                if (!s->lengths[a->family == FAMILY_IPV6][bits])
                        continue;
                p = network_of(a, bits);
                e = timed_set_find(s, &p);
                if (e && e->until_usec > now_usec)
                        return true;
        }
        return false;
}

bool timed_set_equal(const TimedSet *a, const TimedSet *b)
{
        if (a == b)
                return true;
        if (timed_set_size(a) != timed_set_size(b))
                return false;
        for (size_t i = 0; a && i < a->n; i++)
                if (prefix_compare(&a->items[i].prefix, &b->items[i].prefix) != 0 ||
                        a->items[i].until_usec != b->items[i].until_usec)
                        return false;
        return true;
}

void timed_set_compare(const TimedSet *old, const TimedSet *new,
        void (*gone)(const TimedEntry *e, void *data),
        void (*came)(const TimedEntry *e, void *data), void *data)
{
        size_t n_old = timed_set_size(old), n_new = timed_set_size(new), i = 0, k = 0;

        while (old != new && (i < n_old || k < n_new)) {
                const TimedEntry *a = i < n_old ? &old->items[i] : NULL;
                const TimedEntry *b = k < n_new ? &new->items[k] : NULL;
                int order = !a ? 1 : !b ? -1 : prefix_compare(&a->prefix, &b->prefix);
                bool same = order == 0 && a->until_usec == b->until_usec;

                if (order <= 0 && !same)
                        gone(a, data);
                if (order >= 0 && !same)
                        came(b, data);
                i += order <= 0;
                k += order >= 0;
        }
}

/* ---- text ---- */

void timed_set_print(Buffer *b, const TimedSet *s)
{
        char text[ADDRESS_TEXT_MAX];

        for (size_t i = 0; s && i < s->n; i++)
                buffer_printf(b, "%s" UNTIL "%" PRIu64 "\n",
                        prefix_format(&s->items[i].prefix, text),
                        s->items[i].until_usec / USEC_PER_SEC);
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
