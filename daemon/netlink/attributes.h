/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Attributes of netlink, read with bounds: nothing outside of the given bytes is read, for any
 * input.
 */

#include "rules/base/util.h"

#include <endian.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

typedef struct Bytes {
        const uint8_t *data; /* NULL: not there */
        size_t n;
} Bytes;

/* The next attribute of *rest, its type without flags; false at the end or where the rest is not an
 * attribute. */
static inline bool attribute_next(Bytes *rest, uint16_t *ret_type, Bytes *ret)
{
        struct nlattr a;
        size_t step;

        if (rest->n < sizeof(a))
                return false;
        memcpy(&a, rest->data, sizeof(a));
        if (a.nla_len < sizeof(a) || a.nla_len > rest->n)
                return false;
        *ret_type = a.nla_type & NLA_TYPE_MASK;
        *ret = (Bytes){ rest->data + sizeof(a), a.nla_len - sizeof(a) };
        step = NLA_ALIGN(a.nla_len);
        step = step < rest->n ? step : rest->n;
        *rest = (Bytes){ rest->data + step, rest->n - step };
        return true;
}

/* Attributes by type, up to n - 1; those that are not there are empty. */
static inline void attributes_read(Bytes in, Bytes *ret, size_t n)
{
        uint16_t type;
        Bytes a;

        memset(ret, 0, n * sizeof(*ret));
        while (attribute_next(&in, &type, &a))
                if (type < n)
                        ret[type] = a;
}

/* The same of a message of a subsystem of netfilter; false: it ends before them. */
static inline bool netfilter_attributes_read(const struct nlmsghdr *h, Bytes *ret, size_t n)
{
        size_t begin = NLMSG_ALIGN(NLMSG_HDRLEN + sizeof(struct nfgenmsg));

        if (h->nlmsg_len < begin)
                return false;
        attributes_read((Bytes){ (const uint8_t *)h + begin, h->nlmsg_len - begin }, ret, n);
        return true;
}

/* Numbers of nf_tables are in network byte order. False: it is not there. */
static inline bool attribute_u32(Bytes a, uint32_t *ret)
{
        uint32_t v;

        if (!a.data || a.n < sizeof(v))
                return false;
        memcpy(&v, a.data, sizeof(v));
        *ret = be32toh(v);
        return true;
}

static inline uint32_t attribute_u32_or(Bytes a, uint32_t otherwise)
{
        uint32_t v = otherwise;

        attribute_u32(a, &v);
        return v;
}

static inline uint64_t attribute_u64_or(Bytes a, uint64_t otherwise)
{
        uint64_t v;

        if (!a.data || a.n < sizeof(v))
                return otherwise;
        memcpy(&v, a.data, sizeof(v));
        return be64toh(v);
}

/* NULL where it is not there or does not end. */
static inline const char *attribute_string(Bytes a)
{
        return a.data && memchr(a.data, '\0', a.n) ? (const char *)a.data : NULL;
}
