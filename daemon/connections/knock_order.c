/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/connections/knock_order.h"

#include "daemon/netlink/conntrack.h"
#include "rules/address/family.h"

bool knock_order_add(KnockOrder *o, const Tuple *t, uint32_t mark)
{
        struct KnockItem *item = &o->items[o->n];
        size_t n = family_bits(t->from.family) / 8;

        if (o->n == KNOCKS_MAX)
                return false;
        *item = (struct KnockItem){
                .mark = mark,
                .version = t->from.family == FAMILY_IPV4 ? 4 : 6,
                .from_port = t->from_port,
                .to_port = t->to_port,
        };
        memcpy(item->from, t->from.bytes, n);
        memcpy(item->to, t->to.bytes, n);
        o->n++;
        return true;
}

/* Not 0.0.0.0/8, 127.0.0.0/8, 169.254.0.0/16, nor 224.0.0.0/3. */
static bool is_host4(const uint8_t a[static 4])
{
        return a[0] != 0 && a[0] != 127 && !(a[0] == 169 && a[1] == 254) && a[0] < 224;
}

/* Not ::/16, which has ::, ::1 and mapped addresses, nor fe80::/10, nor ff00::/8. */
static bool is_host6(const uint8_t a[static 16])
{
        return (a[0] != 0 || a[1] != 0) && !(a[0] == 0xfe && (a[1] & 0xc0) == 0x80) && a[0] != 0xff;
}

static bool address_read(uint16_t version, const uint8_t bytes[static 16], Address *ret)
{
        if (version == 4 ? !is_host4(bytes) : !is_host6(bytes))
                return false;
        *ret = (Address){ .family = version == 4 ? FAMILY_IPV4 : FAMILY_IPV6 };
        memcpy(ret->bytes, bytes, version == 4 ? 4 : 16);
        return true;
}

bool knock_order_read(const KnockOrder *o, size_t i, Tuple *ret, uint32_t *ret_mark)
{
        const struct KnockItem *item = &o->items[i];
        Tuple t = { 0 };

        if (i >= KNOCKS_MAX || i >= o->n || (item->version != 4 && item->version != 6) ||
                item->from_port == 0 || item->to_port == 0 || item->unused != 0 ||
                !address_read(item->version, item->from, &t.from) ||
                !address_read(item->version, item->to, &t.to))
                return false;
        t.from_port = item->from_port;
        t.to_port = item->to_port;
        *ret = t;
        *ret_mark = item->mark;
        return true;
}
