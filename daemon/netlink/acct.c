/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A list with a reset would lose the count of an object that does not fit the end of a message
 * (nfnl_acct_fill_info() of the kernel): objects are reset one by one.
 */

#include "daemon/netlink/acct.h"

#include <endian.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_acct.h>

typedef struct AcctRequest {
        struct nlmsghdr header;
        char space[256];
} AcctRequest;

static struct nlmsghdr *request_init(AcctRequest *q, unsigned type, unsigned flags)
{
        struct nlmsghdr *h = mnl_nlmsg_put_header(q);
        struct nfgenmsg *g = mnl_nlmsg_put_extra_header(h, sizeof(*g));

        h->nlmsg_type = (uint16_t)(NFNL_SUBSYS_ACCT << 8 | type);
        h->nlmsg_flags = (uint16_t)flags;
        g->nfgen_family = AF_UNSPEC;
        g->version = NFNETLINK_V0;
        return h;
}

static int request_named(Netlink *n, unsigned type, unsigned flags, const char *name)
{
        AcctRequest q = { 0 };
        struct nlmsghdr *h = request_init(&q, type, flags);

        mnl_attr_put_strz(h, NFACCT_NAME, name);
        return netlink_request(n, h, NULL, NULL);
}

int acct_make(Netlink *n, const char *name)
{
        int r = request_named(n, NFNL_MSG_ACCT_NEW, NLM_F_CREATE | NLM_F_EXCL, name);

        return r == -EEXIST || r == -EBUSY ? 0 : r;
}

int acct_delete(Netlink *n, const char *name)
{
        return request_named(n, NFNL_MSG_ACCT_DEL, 0, name);
}

typedef struct Reading {
        AcctHandler f;
        void *data;
} Reading;

static int attribute_note(const struct nlattr *a, void *data)
{
        const struct nlattr **of = data;

        if (mnl_attr_type_valid(a, NFACCT_MAX) >= 0)
                of[mnl_attr_get_type(a)] = a;
        return MNL_CB_OK;
}

static bool number_read(const struct nlattr *a, uint64_t *ret)
{
        if (!a || mnl_attr_validate(a, MNL_TYPE_U64) < 0)
                return false;
        *ret = be64toh(mnl_attr_get_u64(a));
        return true;
}

static int object_read(const struct nlmsghdr *h, void *data)
{
        const struct nlattr *of[NFACCT_MAX + 1] = { NULL };
        const Reading *reading = data;
        AcctCount c;

        if (h->nlmsg_type != (NFNL_SUBSYS_ACCT << 8 | NFNL_MSG_ACCT_NEW) ||
                mnl_attr_parse(h, sizeof(struct nfgenmsg), attribute_note, of) < 0 ||
                !of[NFACCT_NAME] || mnl_attr_validate(of[NFACCT_NAME], MNL_TYPE_NUL_STRING) < 0 ||
                !number_read(of[NFACCT_PKTS], &c.packets) ||
                !number_read(of[NFACCT_BYTES], &c.bytes))
                return 0;
        c.name = mnl_attr_get_str(of[NFACCT_NAME]);
        return reading->f(reading->data, &c);
}

int acct_list(Netlink *n, AcctHandler f, void *data)
{
        AcctRequest q = { 0 };
        Reading reading = { f, data };
        int r = netlink_dump(n, request_init(&q, NFNL_MSG_ACCT_GET, 0), object_read, &reading);

        return r == -EINVAL ? -EOPNOTSUPP : r; /* a subsystem that the kernel does not know */
}

static int packets_note(void *data, const AcctCount *c)
{
        *(uint64_t *)data = c->packets;
        return 0;
}

int acct_take(Netlink *n, const char *name, uint64_t *ret_packets)
{
        AcctRequest q = { 0 };
        struct nlmsghdr *h = request_init(&q, NFNL_MSG_ACCT_GET_CTRZERO, 0);
        uint64_t packets = 0;
        Reading reading = { packets_note, &packets };
        int r;

        mnl_attr_put_strz(h, NFACCT_NAME, name);
        r = netlink_request(n, h, object_read, &reading);
        if (r >= 0)
                *ret_packets = packets;
        return r;
}
