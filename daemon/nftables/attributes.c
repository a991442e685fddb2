/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/nftables/attributes.h"

#include "rules/nftables/numbers.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

/* ---- attributes ---- */

static int attribute_note(const struct nlattr *a, void *data)
{
        if (mnl_attr_get_type(a) < ATTRIBUTES_MAX)
                ((Attributes *)data)->of[mnl_attr_get_type(a)] = a;
        return MNL_CB_OK;
}

void attributes_read(const struct nlmsghdr *h, Attributes *ret)
{
        *ret = (Attributes){ 0 };
        if (mnl_nlmsg_get_payload_len(h) >= sizeof(struct nfgenmsg))
                mnl_attr_parse(h, sizeof(struct nfgenmsg), attribute_note, ret);
}

void attributes_read_nested(const struct nlattr *nest, Attributes *ret)
{
        *ret = (Attributes){ 0 };
        if (nest)
                mnl_attr_parse_nested(nest, attribute_note, ret);
}

const char *attribute_string(const Attributes *t, unsigned type)
{
        const struct nlattr *a = t->of[type];

        return a && mnl_attr_validate(a, MNL_TYPE_NUL_STRING) >= 0 ? mnl_attr_get_str(a) : NULL;
}

uint32_t attribute_u32(const Attributes *t, unsigned type)
{
        const struct nlattr *a = t->of[type];

        return a && mnl_attr_validate(a, MNL_TYPE_U32) >= 0 ? ntohl(mnl_attr_get_u32(a)) : 0;
}

uint64_t attribute_u64(const Attributes *t, unsigned type)
{
        const struct nlattr *a = t->of[type];

        return a && mnl_attr_validate(a, MNL_TYPE_U64) >= 0 ? be64toh(mnl_attr_get_u64(a)) : 0;
}

bool message_is_ours(const struct nlmsghdr *h, unsigned type, Attributes *ret)
{
        const struct nfgenmsg *g = mnl_nlmsg_get_payload(h);
        const char *table;

        if (h->nlmsg_type != (NFNL_SUBSYS_NFTABLES << 8 | type) ||
                mnl_nlmsg_get_payload_len(h) < sizeof(*g) || g->nfgen_family != NFPROTO_INET)
                return false;
        attributes_read(h, ret);
        table = attribute_string(ret, 1);
        return table && streq(table, NFT_TABLE_NAME);
}

/* ---- requests ---- */

struct nlmsghdr *request_begin(void *space, size_t size, unsigned type)
{
        struct nlmsghdr *h;
        struct nfgenmsg *g;

        memset(space, 0, size);
        h = mnl_nlmsg_put_header(space);
        h->nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type);
        g = mnl_nlmsg_put_extra_header(h, sizeof(*g));
        g->nfgen_family = type == NFT_MSG_GETGEN ? AF_UNSPEC : NFPROTO_INET;
        g->version = NFNETLINK_V0;
        if (type != NFT_MSG_GETGEN)
                mnl_attr_put_strz(h, 1, NFT_TABLE_NAME);
        return h;
}

struct nlmsghdr *request_init(Request *q, unsigned type, const char *chain, uint32_t object)
{
        struct nlmsghdr *h = request_begin(q, sizeof(*q), type);

        if (chain)
                mnl_attr_put_strz(h, NFTA_RULE_CHAIN, chain);
        if (object != 0)
                mnl_attr_put_u32(h, NFTA_OBJ_TYPE, htonl(object));
        return h;
}
