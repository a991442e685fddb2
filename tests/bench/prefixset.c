/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Milliseconds that sets of prefixes take in user space: the median of several runs. Ascending
 * entries come as most published lists do; shuffled ones are the hard case.
 */

#include "rules/address/prefixset.h"
#include "rules/address/rangeset.h"
#include "rules/base/buffer.h"
#include "tests/bench/timing.h"

#include <stdio.h>

#define RUNS 9

static void report(const char *what, size_t n, double msec[static RUNS])
{
        printf("%-24s %8zu entries %9.3f ms\n", what, n, timing_median(msec, RUNS));
}

/* Entries of which no two can be merged, each a line; shuffled by an odd multiplier. */
static char *make_text(size_t n, bool ipv6, bool shuffled, size_t *ret_length)
{
        _cleanup_buffer_ Buffer b = { 0 };
        char *text;

        for (size_t i = 0; i < n; i++) {
                uint32_t x = (uint32_t)(shuffled ? (i * 7919) % n : i) * 2 + 0x0b000000;

                if (ipv6)
                        buffer_printf(&b, "2001:db8:%x:%x::/64\n", x >> 16, x & 0xffff);
                else
                        buffer_printf(
                                &b, "%u.%u.%u.%u\n", x >> 24, x >> 16 & 255, x >> 8 & 255, x & 255);
        }
        *ret_length = b.length;
        if (buffer_take(&b, &text) < 0)
                abort();
        return text;
}

static void bench(size_t n, bool ipv6, bool shuffled)
{
        double parse[RUNS], merge[RUNS], update[RUNS], print[RUNS];
        size_t length, changed;
        _cleanup_free_ char *text = make_text(n, ipv6, shuffled, &length);
        const char *one = ipv6 ? "2001:db8:b00:8001::/64" : "11.0.128.1";
        char name[64];

        for (size_t i = 0; i < RUNS; i++) {
                _cleanup_(prefix_set_unref_p) PrefixSet *set = NULL, *add = NULL, *result = NULL;
                _cleanup_(range_set_unref_p) RangeSet *ranges = NULL;
                _cleanup_free_ char *printed = NULL;
                double start = timing_now_msec();

                if (prefix_set_parse(text, length, NULL, NULL, &set) < 0)
                        abort();
                parse[i] = timing_now_msec() - start;
                start = timing_now_msec();
                if (range_set_from_prefixes(set, &ranges) < 0)
                        abort();
                merge[i] = timing_now_msec() - start;
                if (prefix_set_parse(one, strlen(one), NULL, NULL, &add) < 0)
                        abort();
                start = timing_now_msec();
                if (prefix_set_update(set, add, NULL, &result, &changed, &changed) < 0)
                        abort();
                update[i] = timing_now_msec() - start;
                start = timing_now_msec();
                if (prefix_set_print(set, &printed, &changed) < 0)
                        abort();
                print[i] = timing_now_msec() - start;
        }
        snprintf(name, sizeof(name), "%s %s", ipv6 ? "v6" : "v4",
                shuffled ? "shuffled" : "ascending");
        printf("%s\n", name);
        report("  parse", n, parse);
        report("  merge", n, merge);
        report("  add one", n, update);
        report("  print", n, print);
}

int main(void)
{
        static const size_t sizes[] = { 10000, 100000, 1000000 };

        for (size_t i = 0; i < ELEMENTS(sizes); i++)
                for (unsigned kind = 0; kind < 4; kind++)
                        bench(sizes[i], kind / 2, kind % 2);
        return 0;
}
