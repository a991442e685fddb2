/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The content of a set of the kernel as one number: exchanging one entry for another, or two sets,
 * does not change their sizes.
 */

#include "daemon/iptables/content.h"

#include "daemon/iptables/set_message.h"
#include "rules/address/address.h"
#include "rules/address/rangeset.h"
#include "rules/base/hash.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>

/* An entry. The order of entries has no meaning, so their hashes are added up. */
static uint64_t entry_hash(const uint8_t *address, size_t size, unsigned bits, uint32_t flags)
{
        uint64_t h = hash_bytes(HASH_BEGIN, address, size);

        return hash_finish(hash_number(hash_number(h, bits), flags));
}

/* ---- as it shall be ---- */

static int add(const Prefix *p, void *data)
{
        size_t size = family_bits(p->address.family) / 8;

        *(uint64_t *)data += entry_hash(p->address.bytes, size, p->bits, 0);
        return 0;
}

uint64_t ipt_content_of(const RangeSet *ranges, Family family)
{
        uint64_t content = 0;

        (void)range_set_each_prefix(ranges, family, add, &content);
        return content;
}

/* ---- as it is ---- */

typedef struct Element {
        const uint8_t *address;
        size_t size;
        uint8_t bits;
        uint32_t flags; /* such as "nomatch", which p25 does not use */
} Element;

static int entry_attribute(const struct nlattr *a, void *data)
{
        const struct nlattr *address;
        Element *e = data;

        switch (mnl_attr_get_type(a)) {
        case IPSET_ATTR_IP:
                mnl_attr_for_each_nested(address, a)
                {
                        e->address = mnl_attr_get_payload(address);
                        e->size = mnl_attr_get_payload_len(address);
                }
                break;
        case IPSET_ATTR_CIDR:
                if (mnl_attr_validate(a, MNL_TYPE_U8) >= 0)
                        e->bits = mnl_attr_get_u8(a);
                break;
        case IPSET_ATTR_CADT_FLAGS:
                if (mnl_attr_validate(a, MNL_TYPE_U32) >= 0)
                        e->flags = mnl_attr_get_u32(a);
                break;
        }
        return MNL_CB_OK;
}

static int entries_note(const struct nlmsghdr *h, void *data)
{
        const struct nlattr *list, *a;

        mnl_attr_for_each(list, h, sizeof(struct nfgenmsg))
        {
                if (mnl_attr_get_type(list) != IPSET_ATTR_ADT)
                        continue;
                mnl_attr_for_each_nested(a, list)
                {
                        Element e = { 0 };

                        if (mnl_attr_parse_nested(a, entry_attribute, &e) >= 0)
                                *(uint64_t *)data += entry_hash(e.address, e.size, e.bits, e.flags);
                }
        }
        return 0;
}

int ipt_content_read(Netlink *n, const char *name, uint64_t *ret)
{
        SetRequest q = { 0 };
        uint64_t content = 0;
        int r;

        set_message(&q, IPSET_CMD_LIST, 0, 0);
        mnl_attr_put_strz(&q.header, IPSET_ATTR_SETNAME, name);
        r = netlink_dump(n, &q.header, entries_note, &content);
        if (r < 0)
                return r;
        *ret = content;
        return 0;
}
