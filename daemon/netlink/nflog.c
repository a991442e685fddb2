/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/netlink/nflog.h"

#include "daemon/netlink/attributes.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <sys/socket.h>

/* The kernel sends so many packets at a time, or what it has after a tenth of a second. */
#define QUEUE_THRESHOLD 64
#define QUEUE_TIMEOUT_CSEC 10
/* A datagram of the kernel: its buffer of a group grows to this. */
#define DATAGRAM_MAX (128 << 10)
#define BUFFER_BYTES (64 << 10)

static void message_begin(char *buffer, uint16_t group, struct nlmsghdr **ret)
{
        struct nlmsghdr *h = mnl_nlmsg_put_header(buffer);
        struct nfgenmsg *g;

        h->nlmsg_type = (NFNL_SUBSYS_ULOG << 8) | NFULNL_MSG_CONFIG;
        g = mnl_nlmsg_put_extra_header(h, sizeof(*g));
        g->nfgen_family = AF_UNSPEC;
        g->version = NFNETLINK_V0;
        g->res_id = htons(group);
        *ret = h;
}

static int group_bind(Netlink *n, uint16_t group)
{
        static const struct nfulnl_msg_config_cmd bind = { .command = NFULNL_CFG_CMD_BIND };
        char buffer[256] = { 0 };
        struct nlmsghdr *h;

        message_begin(buffer, group, &h);
        mnl_attr_put(h, NFULA_CFG_CMD, sizeof(bind), &bind);
        return netlink_request(n, h, NULL, NULL);
}

static int group_configure(Netlink *n, uint16_t group, size_t copied_bytes)
{
        const struct nfulnl_msg_config_mode mode = { .copy_range = htonl((uint32_t)copied_bytes),
                .copy_mode = NFULNL_COPY_PACKET };
        char buffer[256] = { 0 };
        struct nlmsghdr *h;

        message_begin(buffer, group, &h);
        mnl_attr_put(h, NFULA_CFG_MODE, sizeof(mode), &mode);
        mnl_attr_put_u32(h, NFULA_CFG_NLBUFSIZ, htonl(BUFFER_BYTES));
        mnl_attr_put_u32(h, NFULA_CFG_QTHRESH, htonl(QUEUE_THRESHOLD));
        mnl_attr_put_u32(h, NFULA_CFG_TIMEOUT, htonl(QUEUE_TIMEOUT_CSEC));
        mnl_attr_put_u16(h, NFULA_CFG_FLAGS, htons(NFULNL_CFG_F_SEQ));
        return netlink_request(n, h, NULL, NULL);
}

int nflog_open(uint16_t group, size_t copied_bytes, Netlink *ret)
{
        Netlink n = NETLINK_CLOSED;
        int r = netlink_open(NETLINK_NETFILTER, &n);

        if (r < 0)
                return r;
        r = group_bind(&n, group);
        if (r >= 0)
                r = group_configure(&n, group, copied_bytes);
        if (r < 0) {
                netlink_close(&n);
                return r;
        }
        *ret = n;
        return 0;
}

/* ---- packets ---- */

static bool packet_read(const struct nlmsghdr *h, NflogPacket *ret)
{
        Bytes all[NFULA_MAX + 1];
        const char *prefix;

        if (h->nlmsg_type != ((NFNL_SUBSYS_ULOG << 8) | NFULNL_MSG_PACKET) ||
                !netfilter_attributes_read(h, all, ELEMENTS(all)))
                return false;
        prefix = attribute_string(all[NFULA_PREFIX]);
        if (!prefix || !all[NFULA_PAYLOAD].data)
                return false;
        *ret = (NflogPacket){
                .prefix = prefix, .data = all[NFULA_PAYLOAD].data, .length = all[NFULA_PAYLOAD].n
        };
        ret->has_uid = attribute_u32(all[NFULA_UID], &ret->uid);
        ret->has_gid = attribute_u32(all[NFULA_GID], &ret->gid);
        return attribute_u32(all[NFULA_SEQ], &ret->sequence);
}

int nflog_read(Netlink *n, void (*f)(const NflogPacket *p, void *data), void *data)
{
        _cleanup_free_ char *buffer = malloc(DATAGRAM_MAX);
        const struct nlmsghdr *h = (const void *)buffer;
        NflogPacket p;
        ssize_t size;
        int left;

        if (!buffer)
                return -ENOMEM;
        size = netlink_receive(n, buffer, DATAGRAM_MAX);
        if (size < 0)
                return (int)size;
        for (left = (int)size; mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left))
                if (packet_read(h, &p))
                        f(&p, data);
        return 0;
}
