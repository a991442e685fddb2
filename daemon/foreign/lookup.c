/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/foreign/lookup.h"

#include <linux/netfilter/nf_tables.h>

/* Each field of a concatenation within its own range; fields begin at words. */
static Truth fields_match(
        const FilterSet *s, const FilterElement *e, const uint8_t *value, const uint8_t *known)
{
        const uint8_t *low = e->bytes, *high = e->has_end ? e->bytes + s->key_length : e->bytes;
        size_t at = 0;
        Truth t = TRUTH_YES;

        for (size_t i = 0; i < s->n_fields && at < s->key_length; i++) {
                size_t n = s->fields[i];

                if (at + n > s->key_length)
                        return TRUTH_MAYBE;
                t = truth_and(t, bits_in_range(value + at, known + at, low + at, high + at, n));
                at += (n + 3) / 4 * 4;
        }
        return t;
}

/* Of a sorted set: the element begins an interval that ends before the next one that ends or
 * begins. */
static Truth interval_match(
        const FilterSet *s, size_t i, const uint8_t *value, const uint8_t *known)
{
        uint8_t end[FILTER_KEY_MAX];

        if (s->elements[i]->has_end) {
                memcpy(end, s->elements[i]->bytes + s->key_length, s->key_length);
        } else if (i + 1 == s->n || s->elements[i + 1]->catch_all) {
                memset(end, 0xff, s->key_length);
        } else {
                memcpy(end, s->elements[i + 1]->bytes, s->key_length);
                for (size_t k = s->key_length; k > 0 && end[k - 1]-- == 0;)
                        k--;
        }
        return bits_in_range(value, known, s->elements[i]->bytes, end, s->key_length);
}

static Truth element_match(const FilterSet *s, size_t i, const uint8_t *value, const uint8_t *known)
{
        const FilterElement *e = s->elements[i];

        if (e->catch_all)
                return TRUTH_NO;
        if (s->flags & NFT_SET_INTERVAL && s->n_fields > 1)
                return fields_match(s, e, value, known);
        if (s->flags & NFT_SET_INTERVAL)
                return e->interval_end ? TRUTH_NO : interval_match(s, i, value, known);
        return bits_equal(value, known, e->bytes, NULL, s->key_length);
}

int lookup_run(const FilterSet *s, const uint8_t *value, const uint8_t *known, LookupFound f,
        void *data, Truth *ret)
{
        Truth all = TRUTH_NO;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < s->n && all != TRUTH_YES; i++) {
                Truth t = element_match(s, i, value, known);

                if (t == TRUTH_NO)
                        continue;
                all = truth_or(all, t);
                r = f ? f(data, s->elements[i], t) : 0;
        }
        for (size_t i = 0; r >= 0 && i < s->n && all != TRUTH_YES; i++)
                if (s->elements[i]->catch_all) {
                        r = f ? f(data, s->elements[i],
                                        all == TRUTH_MAYBE ? TRUTH_MAYBE : TRUTH_YES)
                              : 0;
                        all = TRUTH_YES;
                }
        *ret = s->incomplete && all != TRUTH_YES ? TRUTH_MAYBE : all;
        return r;
}
