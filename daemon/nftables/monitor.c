/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Watches a table that is not owned (kernels before 6.9, see NftBackend). nf_tables reports every
 * transaction to a group of listeners: its objects first, then its end, a new generation with the
 * name of the process. Where events may have been lost a fingerprint of the table decides.
 */

#include "daemon/nftables/monitor.h"

#include "daemon/nftables/kernel.h"
#include "rules/nftables/numbers.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/* When events were lost, other processes are busy: wait for them. */
#define DOUBT_USEC (USEC_PER_SEC / 10)

/* ---- what the kernel holds ---- */

/* Not by events, but by what it holds. */
static bool kernel_differs(NftBackend *b)
{
        uint32_t generation;
        uint64_t fingerprint;

        if (nft_kernel_generation(&b->writer, &generation) < 0)
                return true;
        if (generation == b->generation)
                return false;
        if (nft_kernel_fingerprint(&b->writer, &fingerprint) < 0 || fingerprint != b->fingerprint)
                return true;
        b->generation = generation;
        return false;
}

RepairNeed nft_monitor_look(void *data)
{
        NftBackend *b = data;

        if (b->owns || !b->wanted)
                return REPAIR_NONE;
        if (b->broken || !b->intact || kernel_differs(b))
                return REPAIR_DAMAGE;
        return b->doubtful ? REPAIR_OVERTAKEN : REPAIR_NONE;
}

/* ---- events ---- */

static int generation_attribute(const struct nlattr *a, void *data)
{
        Repairer *r = data;

        if (mnl_attr_get_type(a) == NFTA_GEN_PROC_PID && mnl_attr_validate(a, MNL_TYPE_U32) >= 0)
                r->culprit_pid = (pid_t)ntohl(mnl_attr_get_u32(a));
        if (mnl_attr_get_type(a) == NFTA_GEN_PROC_NAME &&
                mnl_attr_validate(a, MNL_TYPE_NUL_STRING) >= 0)
                repairer_blame(r, r->culprit_pid, mnl_attr_get_str(a));
        return MNL_CB_OK;
}

static int table_attribute(const struct nlattr *a, void *data)
{
        /* Attribute 1 of every object of nf_tables is the name of its table. */
        if (mnl_attr_get_type(a) == 1 && mnl_attr_validate(a, MNL_TYPE_NUL_STRING) >= 0)
                *(bool *)data = streq(mnl_attr_get_str(a), NFT_TABLE_NAME);
        return MNL_CB_OK;
}

/* Is it the end of a transaction of another process that touched our table? */
static bool event_read(NftBackend *b, const struct nlmsghdr *h)
{
        const struct nfgenmsg *g = mnl_nlmsg_get_payload(h);
        bool ours = false;

        if (h->nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES ||
                mnl_nlmsg_get_payload_len(h) < sizeof(*g) || h->nlmsg_pid == b->writer.portid)
                return false;
        if ((h->nlmsg_type & 0xff) != NFT_MSG_NEWGEN) {
                if (g->nfgen_family == NFPROTO_INET)
                        mnl_attr_parse(h, sizeof(*g), table_attribute, &ours);
                b->touched = b->touched || ours;
                return false;
        }
        if (!b->touched)
                return false;
        b->touched = false;
        repairer_blame(&b->repairer, 0, NULL);
        mnl_attr_parse(h, sizeof(*g), generation_attribute, &b->repairer);
        return true;
}

/* Takes one datagram: 1 if our table was changed, -ENOBUFS if events were lost,
 * -EAGAIN if there is nothing. */
static int events_read(NftBackend *b)
{
        _Alignas(struct nlmsghdr) char buffer[16384];
        const struct nlmsghdr *h = (const void *)buffer;
        ssize_t n = recv(b->monitor.fd, buffer, sizeof(buffer), MSG_DONTWAIT);
        int left = (int)n, found = 0;

        if (n < 0)
                return -errno;
        for (; mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left))
                found |= event_read(b, h);
        return found;
}

static int monitor_ready(
        _unused_ sd_event_source *s, _unused_ int fd, _unused_ uint32_t events, void *data)
{
        NftBackend *b = data;
        int r = events_read(b);

        if (r > 0) {
                b->broken = true;
                repairer_found(&b->repairer, REPAIR_DAMAGE);
        }
        if (r == -ENOBUFS) {
                b->touched = false;
                b->doubtful = true;
                repairer_blame(&b->repairer, 0, NULL);
                repairer_look_later(&b->repairer, DOUBT_USEC);
        }
        return 0;
}

/* ---- joining and leaving ---- */

int nft_monitor_start(NftBackend *b)
{
        int r;

        if (b->owns || !b->event)
                return 0;
        r = netlink_open(NETLINK_NETFILTER, &b->monitor);
        if (r < 0)
                return r;
        return sd_event_add_io(
                b->event, &b->monitor_source, b->monitor.fd, EPOLLIN, monitor_ready, b);
}

void nft_monitor_stop(NftBackend *b)
{
        b->monitor_source = sd_event_source_unref(b->monitor_source);
        netlink_close(&b->monitor);
        b->joined = false;
}

void nft_monitor_pause(NftBackend *b)
{
        int r;

        b->committed = false;
        if (!b->joined)
                return;
        netlink_leave(&b->monitor, NFNLGRP_NFTABLES);
        while ((r = events_read(b)) >= 0 || r == -ENOBUFS || r == -EINTR) {
                b->broken = b->broken || r > 0;
                b->doubtful = b->doubtful || r == -ENOBUFS;
        }
        /* of a transaction that touched our table, the end did not reach us */
        b->doubtful = b->doubtful || b->touched;
        b->joined = b->touched = false;
}

/* Notes the state of the kernel; false if it could not be read, or if another process changed it
 * since the batch was begun. */
static bool note_kernel(NftBackend *b)
{
        uint32_t before, after;

        b->generation = 0;
        if (nft_kernel_generation(&b->writer, &before) < 0 ||
                nft_kernel_fingerprint(&b->writer, &b->fingerprint) < 0 ||
                nft_kernel_generation(&b->writer, &after) < 0)
                return false;
        if (before == after)
                b->generation = after;
        return after - b->guard <= b->committed;
}

void nft_monitor_miss(NftBackend *b)
{
        if (b->owns)
                return;
        b->doubtful = true;
        if (b->event)
                repairer_look_later(&b->repairer, DOUBT_USEC);
}

/* Joins first and reads then: an event in between is seen twice, never missed. A generation that
 * the batch does not explain is a change by another process, and what it did came before we joined:
 * a table that is gone is not reported again. */
void nft_monitor_resume(NftBackend *b)
{
        if (b->owns || !b->wanted)
                return;
        if (b->monitor.fd >= 0)
                b->joined = b->joined || netlink_join(&b->monitor, NFNLGRP_NFTABLES) >= 0;
        if (!note_kernel(b) || (b->event && !b->joined))
                nft_monitor_miss(b);
        else if (b->event && (b->broken || b->doubtful || !b->intact))
                repairer_look_later(&b->repairer, DOUBT_USEC);
}
