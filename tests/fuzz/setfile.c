/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Set files: what is read is printed and read as the same set; merging, cutting and joining lose no
 * address; a set taken apart and put together again is the same set.
 */

#include "rules/address/address.h"
#include "rules/address/prefixset.h"
#include "rules/address/rangeset.h"
#include "rules/base/array.h"
#include "rules/base/diagnostic.h"
#include "rules/base/text.h"

#include <errno.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void expect(bool ok, const char *what)
{
        if (!ok) {
                fprintf(stderr, "%s\n", what);
                abort();
        }
}

typedef struct Cuts {
        Prefix *items;
        size_t n;
} Cuts;

static void cut_add(Cuts *c, Prefix p)
{
        expect(array_grow(&c->items, c->n, sizeof(p)) == 0, "memory");
        if (c->n > 0)
                expect(prefix_compare(&c->items[c->n - 1], &p) < 0, "cuts ascend");
        c->items[c->n++] = p;
}

static int cut(const Prefix *p, void *data)
{
        Prefix prefix = *p;

        expect(p->address.family == FAMILY_IPV4 || !ipv6_mask(prefix.address.bytes, p->bits),
                "no host bits");
        cut_add(data, prefix);
        return 0;
}

/* The entries of s with even (or odd) places. */
static PrefixSet *half_new(const PrefixSet *s, size_t odd)
{
        _cleanup_free_ Prefix *items = calloc(prefix_set_size(s) + 1, sizeof(*items));
        PrefixSet *half = NULL;
        size_t n = 0;

        expect(items != NULL, "memory");
        for (size_t i = odd; i < prefix_set_size(s); i += 2)
                items[n++] = prefix_set_at(s, i);
        expect(prefix_set_new(items, n, &half) == 0, "half");
        expect(prefix_set_size(half) == n, "no duplicates");
        return half;
}

static void check_update(PrefixSet *s)
{
        _cleanup_(prefix_set_unref_p) PrefixSet *even = half_new(s, 0), *odd = half_new(s, 1);
        _cleanup_(prefix_set_unref_p) PrefixSet *whole = NULL, *part = NULL;
        size_t added, removed;

        expect(prefix_set_update(even, odd, NULL, &whole, &added, &removed) == 0, "update");
        expect(prefix_set_equal(whole, s), "halves make the whole");
        expect(added == prefix_set_size(odd) && removed == 0, "counts of adding");
        expect(prefix_set_update(s, s, odd, &part, &added, &removed) == 0, "update");
        expect(prefix_set_equal(part, even), "without a half");
        expect(added == 0 && removed == prefix_set_size(odd), "counts of removing");
}

/* So many that a change makes a list in pieces (itemlist.h), over all addresses of IPv4. */
#define LARGE 20000

static PrefixSet *large_new(void)
{
        _cleanup_free_ Prefix *items = calloc(LARGE, sizeof(*items));
        PrefixSet *large = NULL;
        RangeSet *ranges;

        expect(items != NULL, "memory");
        for (uint32_t i = 0; i < LARGE; i++)
                items[i] = (Prefix){ address_from_ipv4(i * (UINT32_MAX / LARGE)), 32 };
        expect(prefix_set_new(items, LARGE, &large) == 0, "large");
        expect(prefix_set_ranges(large, &ranges) == 0, "ranges");
        return large;
}

/* Its entries beside many others, and taken out again. */
static void check_large(PrefixSet *s)
{
        static PrefixSet *large;
        _cleanup_(prefix_set_unref_p) PrefixSet *with = NULL, *without = NULL, *rest = NULL;
        _cleanup_(range_set_unref_p) RangeSet *ranges = NULL;
        size_t added, removed, kept, back;

        if (!large)
                large = large_new();
        expect(prefix_set_update(large, s, NULL, &with, &added, &removed) == 0, "update");
        expect(prefix_set_size(with) == LARGE + added && removed == 0, "counts beside others");
        expect(range_set_from_prefixes(with, &ranges) == 0, "ranges");
        expect(range_set_equal(with->ranges, ranges), "ranges beside others");
        expect(prefix_set_update(with, NULL, s, &without, &kept, &removed) == 0, "update");
        expect(prefix_set_update(large, NULL, s, &rest, &kept, &back) == 0, "update");
        expect(removed == added + back, "counts of removing from others");
        expect(prefix_set_equal(without, rest), "others stay");
        expect(range_set_equal(without->ranges, rest->ranges), "ranges of others stay");
}

static void check_ranges(const PrefixSet *s)
{
        _cleanup_(range_set_unref_p) RangeSet *ranges = NULL, *again = NULL, *joined = NULL;
        _cleanup_(prefix_set_unref_p) PrefixSet *set = NULL;
        Cuts cuts = { 0 };

        expect(range_set_from_prefixes(s, &ranges) == 0, "ranges");
        expect(range_set_each_prefix(ranges, FAMILY_IPV4, cut, &cuts) == 0, "cut");
        expect(range_set_each_prefix(ranges, FAMILY_IPV6, cut, &cuts) == 0, "cut");
        expect(prefix_set_new(cuts.items, cuts.n, &set) == 0, "cuts");
        free(cuts.items);
        expect(range_set_from_prefixes(set, &again) == 0, "ranges");
        expect(range_set_equal(ranges, again), "cutting loses nothing");
        expect(range_set_hash(ranges) == range_set_hash(again), "hash");
        expect(range_set_union((RangeSet *[]){ ranges, again }, 2, &joined) == 0, "join");
        expect(range_set_equal(ranges, joined), "a set and itself");
        for (size_t i = 0; i < prefix_set_size(s); i++) {
                Prefix p = prefix_set_at(s, i);

                expect(range_set_contains(ranges, &p.address), "contains");
        }
}

static void check_text(const PrefixSet *s)
{
        _cleanup_(prefix_set_unref_p) PrefixSet *again = NULL;
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_free_ char *text = NULL;
        size_t n;

        expect(prefix_set_print(s, &text, &n) == 0 && strlen(text) == n, "print");
        expect(prefix_set_parse(text, n, NULL, &d, &again) == 0 && d.n == 0, "parse");
        expect(prefix_set_equal(s, again), "the same again");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
        _cleanup_(prefix_set_unref_p) PrefixSet *s = NULL;
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_free_ char *text = malloc(n ?: 1);
        int r;

        if (!text)
                return 0;
        if (n > 0)
                memcpy(text, data, n);
        r = prefix_set_parse(text, n, "f", &d, &s);
        for (size_t i = 0; i < d.n; i++)
                expect(text_is_printable(d.items[i].text), "one line");
        expect(d.n <= 42, "not too many are reported");
        if (r < 0) {
                expect(r == -EINVAL && !s && d.n_errors > 0, "an error without a word");
                return 0;
        }
        expect(d.n_errors == 0, "a set with an error");
        check_text(s);
        check_ranges(s);
        check_update(s);
        if (prefix_set_size(s) <= LARGE)
                check_large(s);
        return 0;
}
