/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Long lists of addresses as trees of chains: each chain splits what is common to its part of the
 * list by the next few bits, until so few prefixes are left that they are compared one by one.
 */

#include "rules/iptables/build.h"

#include "rules/address/address.h"
#include "rules/address/prefixset.h"
#include "rules/address/rangeset.h"
#include "rules/base/array.h"
#include "rules/iptables/statement.h"

#include <errno.h>

#define LEAF_MAX 12 /* entries that are no worse than one more chain */
#define SPLIT_BITS 4

void prefix_list_deinit(PrefixList *l)
{
        free(l->items);
        *l = (PrefixList){ 0 };
}

static int list_add(const Prefix *p, void *data)
{
        PrefixList *l = data;

        if (array_grow(&l->items, l->n, sizeof(Prefix)) < 0)
                return -ENOMEM;
        l->items[l->n++] = *p;
        return 0;
}

int prefix_list_fill(const RangeSet *ranges, Family family, PrefixList *ret)
{
        PrefixList l = { 0 };
        int r = range_set_each_prefix(ranges, family, list_add, &l);

        if (r < 0) {
                prefix_list_deinit(&l);
                return r;
        }
        *ret = l;
        return 0;
}

void ipt_build_address(IptBuild *b, IptAddressTest test, const Prefix *p)
{
        ipt_build_add(b, &(IptStatement){ .kind = test.kind, .to = test.to, .prefix = *p });
}

static unsigned bits_at(const uint8_t *bytes, unsigned at, unsigned n)
{
        unsigned r = 0;

        for (unsigned i = at; i < at + n; i++)
                r = r << 1 | (bytes[i / 8] >> (7 - i % 8) & 1);
        return r;
}

/* The number of leading bits that all of them share: those of the first and the last, and no more
 * than the shortest has. */
static unsigned common_bits(const Prefix *p, size_t n)
{
        unsigned bits = 0, shortest = 128;

        for (size_t i = 0; i < n; i++)
                if (p[i].bits < shortest)
                        shortest = p[i].bits;
        while (bits < shortest &&
                bits_at(p[0].address.bytes, bits, 1) == bits_at(p[n - 1].address.bytes, bits, 1))
                bits++;
        return bits;
}

static Prefix cover(const Prefix *p, unsigned bits)
{
        Prefix r = { .address.family = p->address.family, .bits = (uint8_t)bits };

        memcpy(r.address.bytes, p->address.bytes, 16);
        (void)ipv6_mask(r.address.bytes, bits);
        return r;
}

/* The number of the first ones that share the bits up to `bits`; at least one. */
static size_t run_length(const Prefix *p, size_t n, unsigned from, unsigned bits)
{
        unsigned value = bits_at(p[0].address.bytes, from, bits - from);
        size_t i = 1;

        if (p[0].bits < bits)
                return 1;
        while (i < n && p[i].bits >= bits &&
                bits_at(p[i].address.bytes, from, bits - from) == value)
                i++;
        return i;
}

static void build_branches(
        IptBuild *b, size_t chain, PrefixList l, IptAddressTest test, const IptWay *way)
{
        unsigned common = 0, bits = 0;

        if (l.n > LEAF_MAX) {
                common = common_bits(l.items, l.n);
                bits = common + SPLIT_BITS;
        }
        for (size_t i = 0, run; i < l.n && b->error == 0; i += run) {
                Prefix all;
                size_t child;

                run = l.n > LEAF_MAX ? run_length(l.items + i, l.n - i, common, bits) : 1;
                if (run == 1) {
                        ipt_build_address(b, test, &l.items[i]);
                        ipt_build_goto(b, chain, way->target);
                        continue;
                }
                all = cover(&l.items[i], common_bits(l.items + i, run));
                child = ipt_build_chain(b, "%s.%zx", way->name, ++*way->n_names);
                ipt_build_address(b, test, &all);
                ipt_build_goto(b, chain, child);
                build_branches(b, child, (PrefixList){ l.items + i, run }, test, way);
                if (way->next != IPT_NO_CHAIN)
                        ipt_build_goto(b, child, way->next);
        }
}

void ipt_build_tree(IptBuild *b, size_t chain, const PrefixList *prefixes, IptAddressTest test,
        const IptWay *way)
{
        build_branches(b, chain, *prefixes, test, way);
}
