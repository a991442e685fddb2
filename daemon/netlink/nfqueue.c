/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/netlink/nfqueue.h"

#include "daemon/netlink/attributes.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <limits.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <sys/socket.h>

#define DATAGRAM_MAX 8192

static struct nlmsghdr *message_begin(char *buffer, unsigned type, uint16_t number)
{
        struct nlmsghdr *h = mnl_nlmsg_put_header(buffer);
        struct nfgenmsg *g;

        h->nlmsg_type = (uint16_t)(NFNL_SUBSYS_QUEUE << 8 | type);
        h->nlmsg_flags = NLM_F_REQUEST;
        g = mnl_nlmsg_put_extra_header(h, sizeof(*g));
        g->nfgen_family = AF_UNSPEC;
        g->version = NFNETLINK_V0;
        g->res_id = htons(number);
        return h;
}

static int queue_bind(Netlink *n, const NfqueueOptions *o)
{
        static const struct nfqnl_msg_config_cmd bind = { .command = NFQNL_CFG_CMD_BIND };
        char buffer[256];
        struct nlmsghdr *h = message_begin(buffer, NFQNL_MSG_CONFIG, o->number);

        mnl_attr_put(h, NFQA_CFG_CMD, sizeof(bind), &bind);
        return netlink_request(n, h, NULL, NULL);
}

static int queue_configure(Netlink *n, const NfqueueOptions *o)
{
        static const uint32_t flags = NFQA_CFG_F_FAIL_OPEN | NFQA_CFG_F_UID_GID;
        const struct nfqnl_msg_config_params params = { .copy_range = htonl(o->copied_bytes),
                .copy_mode = NFQNL_COPY_PACKET };
        char buffer[256];
        struct nlmsghdr *h = message_begin(buffer, NFQNL_MSG_CONFIG, o->number);

        mnl_attr_put(h, NFQA_CFG_PARAMS, sizeof(params), &params);
        mnl_attr_put_u32(h, NFQA_CFG_QUEUE_MAXLEN, htonl(o->max));
        mnl_attr_put_u32(h, NFQA_CFG_FLAGS, htonl(flags));
        mnl_attr_put_u32(h, NFQA_CFG_MASK, htonl(flags));
        return netlink_request(n, h, NULL, NULL);
}

int nfqueue_open(const NfqueueOptions *o, Netlink *ret)
{
        Netlink n = NETLINK_CLOSED;
        int r = netlink_open(NETLINK_NETFILTER, &n);

        if (r < 0)
                return r;
        r = queue_bind(&n, o);
        if (r >= 0)
                r = queue_configure(&n, o);
        if (r < 0) {
                netlink_close(&n);
                return r == -EINVAL || r == -ENOTSUP ? -EOPNOTSUPP : r;
        }
        *ret = n;
        return 0;
}

/* ---- packets ---- */

static bool packet_read(const struct nlmsghdr *h, NfqueuePacket *ret)
{
        struct nfqnl_msg_packet_hdr packet;
        Bytes all[NFQA_MAX + 1];

        if (h->nlmsg_type != (NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET) ||
                !netfilter_attributes_read(h, all, ELEMENTS(all)) ||
                all[NFQA_PACKET_HDR].n < sizeof(packet))
                return false;
        memcpy(&packet, all[NFQA_PACKET_HDR].data, sizeof(packet));
        *ret = (NfqueuePacket){ .id = ntohl(packet.packet_id),
                .data = all[NFQA_PAYLOAD].data,
                .length = all[NFQA_PAYLOAD].n };
        ret->has_uid = attribute_u32(all[NFQA_UID], &ret->uid);
        ret->has_gid = attribute_u32(all[NFQA_GID], &ret->gid);
        (void)attribute_u32(all[NFQA_IFINDEX_OUTDEV], &ret->out_interface);
        return true;
}

void nfqueue_parse(const void *datagram, size_t size, void (*f)(const NfqueuePacket *p, void *data),
        void *data)
{
        const struct nlmsghdr *h = datagram;
        NfqueuePacket p;
        int left = (int)size;

        /* libmnl takes a length beyond INT_MAX for a negative one, which is less than what is left
         */
        for (; mnl_nlmsg_ok(h, left) && h->nlmsg_len <= INT_MAX; h = mnl_nlmsg_next(h, &left))
                if (packet_read(h, &p))
                        f(&p, data);
}

int nfqueue_read(Netlink *n, void (*f)(const NfqueuePacket *p, void *data), void *data)
{
        uint64_t buffer[DATAGRAM_MAX / sizeof(uint64_t)];
        ssize_t size = netlink_receive(n, buffer, sizeof(buffer));

        if (size < 0)
                return (int)size;
        nfqueue_parse(buffer, (size_t)size, f, data);
        return 0;
}

int nfqueue_release(Netlink *n, uint16_t number, uint32_t id, bool many)
{
        const struct nfqnl_msg_verdict_hdr verdict = { htonl(NF_ACCEPT), htonl(id) };
        struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
        char buffer[256];
        struct nlmsghdr *h =
                message_begin(buffer, many ? NFQNL_MSG_VERDICT_BATCH : NFQNL_MSG_VERDICT, number);

        mnl_attr_put(h, NFQA_VERDICT_HDR, sizeof(verdict), &verdict);
        if (sendto(n->fd, h, h->nlmsg_len, 0, (struct sockaddr *)&kernel, sizeof(kernel)) < 0)
                return -errno;
        return 0;
}
