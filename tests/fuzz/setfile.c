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
        for (size_t i = odd; i < s->n_v4; i += 2)
                items[n++] = (Prefix){ address_from_ipv4(s->v4[i].address), s->v4[i].bits };
        for (size_t i = odd; i < s->n_v6; i += 2) {
                items[n] = (Prefix){ .address.family = FAMILY_IPV6, .bits = s->v6[i].bits };
                memcpy(items[n++].address.bytes, s->v6[i].address, 16);
        }
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
        for (size_t i = 0; i < s->n_v4; i++) {
                Address a = address_from_ipv4(s->v4[i].address);

                expect(range_set_contains(ranges, &a), "contains");
        }
        for (size_t i = 0; i < s->n_v6; i++) {
                Address a = { .family = FAMILY_IPV6 };

                memcpy(a.bytes, s->v6[i].address, 16);
                expect(range_set_contains(ranges, &a), "contains");
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
        return 0;
}
