/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Watching a table that nobody can own (kernels before 6.9): every transaction of nf_tables is
 * told to a group of listeners, its objects first, its end (a new generation) with the name of
 * who made it. What others did to our table is put back; who keeps doing it is answered more and
 * more slowly.
 */

#include "daemon/backend_nft.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/* So many repairs a minute are made at once; then one at the end of each pause. */
#define REPAIRS_PER_MINUTE 10
#define MINUTE_USEC (60 * UINT64_C(1000000))
#define PAUSE_USEC (10 * UINT64_C(1000000))

static uint64_t now_usec(const NftBackend *b)
{
        uint64_t now = 0;

        sd_event_now(b->event, CLOCK_MONOTONIC, &now);
        return now;
}

/* ---- repair ---- */

static bool repairs_are_too_many(const NftBackend *b)
{
        uint64_t oldest = b->repair_usec[b->n_repairs % REPAIRS_PER_MINUTE];

        return b->n_repairs >= REPAIRS_PER_MINUTE && now_usec(b) - oldest < MINUTE_USEC;
}

static int repair_later(sd_event_source *s, uint64_t usec, void *data);

static void repair_schedule(NftBackend *b, uint64_t usec)
{
        if (!b->timer && sd_event_add_time_relative(b->event, &b->timer, CLOCK_MONOTONIC, usec, 0,
                                 repair_later, b) < 0)
                b->timer = NULL;
}

static void repair_now(NftBackend *b)
{
        int r = nft_apply_again(b);

        b->repair_usec[b->n_repairs++ % REPAIRS_PER_MINUTE] = now_usec(b);
        if (r < 0) {
                repair_schedule(b, PAUSE_USEC);
                return;
        }
        if (b->repaired)
                b->repaired(b->data, 1, b->culprit_pid, b->culprit[0] ? b->culprit : NULL);
}

static void repair(NftBackend *b)
{
        if (b->timer)
                return; /* its time will come */
        if (repairs_are_too_many(b))
                repair_schedule(b, PAUSE_USEC);
        else
                repair_now(b);
}

static int repair_later(sd_event_source *s, uint64_t usec, void *data)
{
        NftBackend *b = data;

        (void)s;
        (void)usec;
        b->timer = sd_event_source_unref(b->timer);
        if (nft_watch_is_changed(b) || !b->intact)
                repair_now(b);
        return 0;
}

/* ---- events ---- */

static int generation_attribute(const struct nlattr *a, void *data)
{
        NftBackend *b = data;

        if (mnl_attr_get_type(a) == NFTA_GEN_PROC_PID && mnl_attr_validate(a, MNL_TYPE_U32) >= 0)
                b->culprit_pid = (pid_t)ntohl(mnl_attr_get_u32(a));
        if (mnl_attr_get_type(a) == NFTA_GEN_PROC_NAME &&
                mnl_attr_validate(a, MNL_TYPE_NUL_STRING) >= 0)
                snprintf(b->culprit, sizeof(b->culprit), "%s", mnl_attr_get_str(a));
        return MNL_CB_OK;
}

static int table_attribute(const struct nlattr *a, void *data)
{
        /* Attribute 1 of every object of nf_tables is the name of its table. */
        if (mnl_attr_get_type(a) == 1 && mnl_attr_validate(a, MNL_TYPE_NUL_STRING) >= 0)
                *(bool *)data = streq(mnl_attr_get_str(a), NFT_TABLE_NAME);
        return MNL_CB_OK;
}

static void event_read(NftBackend *b, const struct nlmsghdr *h)
{
        const struct nfgenmsg *g = mnl_nlmsg_get_payload(h);
        bool ours = false;

        if (h->nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES ||
                mnl_nlmsg_get_payload_len(h) < sizeof(*g) || h->nlmsg_pid == b->writer.portid)
                return;
        if ((h->nlmsg_type & 0xff) != NFT_MSG_NEWGEN) {
                if (g->nfgen_family == NFPROTO_INET)
                        mnl_attr_parse(h, sizeof(*g), table_attribute, &ours);
                b->touched = b->touched || ours;
                return;
        }
        if (!b->touched && !b->unsure)
                return;
        b->culprit_pid = 0;
        b->culprit[0] = '\0';
        mnl_attr_parse(h, sizeof(*g), generation_attribute, b);
        if (b->touched || nft_watch_is_changed(b))
                repair(b);
        b->touched = b->unsure = false;
}

static int monitor_ready(sd_event_source *s, int fd, uint32_t events, void *data)
{
        NftBackend *b = data;
        _Alignas(struct nlmsghdr) char buffer[16384];
        const struct nlmsghdr *h = (const void *)buffer;
        ssize_t n = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);
        int left = (int)n;

        (void)s;
        (void)events;
        if (n < 0 && errno == ENOBUFS) {
                /* The end of the transaction that was lost is still to come, or was the last. */
                b->unsure = true;
                if (nft_watch_is_changed(b))
                        repair(b);
                return 0;
        }
        for (; n > 0 && mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left))
                event_read(b, h);
        return 0;
}

/* ---- joining and leaving ---- */

int nft_watch_start(NftBackend *b)
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

void nft_watch_stop(NftBackend *b)
{
        b->monitor_source = sd_event_source_unref(b->monitor_source);
        b->timer = sd_event_source_unref(b->timer);
        netlink_close(&b->monitor);
        b->joined = false;
}

void nft_watch_pause(NftBackend *b)
{
        char byte;

        if (!b->joined)
                return;
        netlink_leave(&b->monitor, NFNLGRP_NFTABLES);
        /* What was said until now is answered by what is about to be sent. */
        while (recv(b->monitor.fd, &byte, sizeof(byte), MSG_DONTWAIT | MSG_TRUNC) >= 0 ||
                errno == ENOBUFS)
                continue;
        b->joined = b->touched = b->unsure = false;
}

/* Joined first, looked at then: what comes between is seen twice, never missed. */
void nft_watch_resume(NftBackend *b)
{
        uint32_t before, after;

        if (b->owns || b->monitor.fd < 0 || !b->wanted)
                return;
        b->joined = b->joined || netlink_join(&b->monitor, NFNLGRP_NFTABLES) >= 0;
        b->generation = 0;
        if (nft_kernel_generation(&b->writer, &before) < 0 ||
                nft_kernel_fingerprint(&b->writer, &b->fingerprint) < 0 ||
                nft_kernel_generation(&b->writer, &after) < 0 || before != after)
                return;
        b->generation = after;
}

bool nft_watch_is_changed(NftBackend *b)
{
        uint32_t generation;
        uint64_t fingerprint;

        if (b->owns || !b->wanted)
                return false;
        if (nft_kernel_generation(&b->writer, &generation) < 0)
                return true;
        if (generation == b->generation)
                return false;
        if (nft_kernel_fingerprint(&b->writer, &fingerprint) < 0 || fingerprint != b->fingerprint)
                return true;
        b->generation = generation;
        return false;
}
