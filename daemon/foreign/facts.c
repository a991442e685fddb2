/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/foreign/facts.h"

#include "daemon/foreign/filters.h"

void facts_know(Facts *s, Part p, const void *value)
{
        memcpy((uint8_t *)&s->value + p.offset, value, p.n);
        memset((uint8_t *)&s->known + p.offset, 0xff, p.n);
}

void facts_forget(Facts *s, Part p)
{
        memset((uint8_t *)&s->known + p.offset, 0, p.n);
}

void facts_join(Facts *s, const Facts *other)
{
        uint8_t *known = (uint8_t *)&s->known;
        const uint8_t *value = (const uint8_t *)&s->value, *v = (const uint8_t *)&other->value,
                      *k = (const uint8_t *)&other->known;

        for (size_t i = 0; i < sizeof(Fields); i++)
                known[i] = (uint8_t)(known[i] & k[i] & ~(value[i] ^ v[i]));
}

Truth bits_equal(const uint8_t *value, const uint8_t *known, const uint8_t *want,
        const uint8_t *mask, size_t n)
{
        bool sure = true;

        for (size_t i = 0; i < n; i++) {
                uint8_t m = mask ? mask[i] : 0xff;

                if ((value[i] ^ want[i]) & known[i] & m)
                        return TRUTH_NO;
                sure &= (known[i] & m) == m;
        }
        return sure ? TRUTH_YES : TRUTH_MAYBE;
}

/* The smallest and the largest number that the bytes can be. */
static void bits_bounds(
        const uint8_t *value, const uint8_t *known, size_t n, uint8_t *ret_low, uint8_t *ret_high)
{
        for (size_t i = 0; i < n; i++) {
                ret_low[i] = value[i] & known[i];
                ret_high[i] = (uint8_t)(value[i] | ~known[i]);
        }
}

Truth bits_in_range(const uint8_t *value, const uint8_t *known, const uint8_t *low,
        const uint8_t *high, size_t n)
{
        uint8_t least[FILTER_KEY_MAX], most[FILTER_KEY_MAX];

        bits_bounds(value, known, n, least, most);
        if (memcmp(most, low, n) < 0 || memcmp(least, high, n) > 0)
                return TRUTH_NO;
        return memcmp(least, low, n) >= 0 && memcmp(most, high, n) <= 0 ? TRUTH_YES : TRUTH_MAYBE;
}

unsigned bits_compare(const uint8_t *value, const uint8_t *known, const uint8_t *with, size_t n)
{
        uint8_t least[FILTER_KEY_MAX], most[FILTER_KEY_MAX];
        Truth equal = bits_equal(value, known, with, NULL, n);

        bits_bounds(value, known, n, least, most);
        return (memcmp(least, with, n) < 0 ? 1u : 0) | (equal != TRUTH_NO ? 2u : 0) |
               (memcmp(most, with, n) > 0 ? 4u : 0);
}
