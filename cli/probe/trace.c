/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "cli/probe/trace.h"

#include "daemon/netlink/attributes.h"
#include "daemon/netlink/netlink.h"
#include "rules/base/strv.h"
#include "rules/base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#define MESSAGE_MAX 65536
/* A ruleset may be long, and the end of the way is what matters. */
#define LINES_MAX 1000

void trace_deinit(Trace *t)
{
        free(t->table);
        free(t->chain);
        strv_free(t->lines);
        *t = (Trace){ 0 };
}

int trace_listen(Netlink *ret)
{
        int r = netlink_open(NETLINK_NETFILTER, ret);

        if (r >= 0 && (r = netlink_join(ret, NFNLGRP_NFTRACE)) < 0)
                netlink_close(ret);
        return r;
}

/* ---- one message ---- */

/* The position of the packet, and the verdict that it met there. */
typedef struct Event {
        char table[64]; /* "inet filter" */
        const char *chain;
        uint32_t type; /* NFT_TRACETYPE_… */
        uint64_t rule;
        int32_t verdict;
        const char *jump;
} Event;

static const char *verdict_name(int32_t verdict)
{
        switch (verdict) {
        case NFT_CONTINUE:
        case NFT_BREAK:
                return "continue";
        case NFT_JUMP:
                return "jump ";
        case NFT_GOTO:
                return "goto ";
        case NFT_RETURN:
                return "return";
        }
        switch (verdict & NF_VERDICT_MASK) {
        case NF_DROP:
                return "drop";
        case NF_ACCEPT:
                return "accept";
        case NF_STOLEN:
                return "taken by another program";
        case NF_QUEUE:
                return "queue";
        }
        return "?";
}

/* The message's family is that of the table. */
static bool event_read(const Bytes *a, uint8_t family, Event *ret)
{
        const char *table = attribute_string(a[NFTA_TRACE_TABLE]);
        Bytes verdict[NFTA_VERDICT_MAX + 1];

        ret->chain = attribute_string(a[NFTA_TRACE_CHAIN]);
        if (!table || !ret->chain || !attribute_u32(a[NFTA_TRACE_TYPE], &ret->type))
                return false;
        snprintf(ret->table, sizeof(ret->table), "%s %s", netlink_family_to_string(family), table);
        ret->rule = attribute_u64_or(a[NFTA_TRACE_RULE_HANDLE], 0);
        attributes_read(a[NFTA_TRACE_VERDICT], verdict, ELEMENTS(verdict));
        ret->verdict =
                (int32_t)attribute_u32_or(verdict[NFTA_VERDICT_CODE], (uint32_t)NFT_CONTINUE);
        ret->jump = attribute_string(verdict[NFTA_VERDICT_CHAIN]);
        if (ret->type == NFT_TRACETYPE_POLICY)
                ret->verdict = (int32_t)attribute_u32_or(a[NFTA_TRACE_POLICY], NF_ACCEPT);
        return true;
}

/* The first packet with the port is ours: the kernel sends it again only after a second. */
static bool is_ours(Trace *t, const Bytes *a)
{
        Bytes header = a[NFTA_TRACE_TRANSPORT_HEADER];
        uint32_t id;

        if (!attribute_u32(a[NFTA_TRACE_ID], &id))
                return false;
        if (!t->has_id && header.n >= 2 && (header.data[0] << 8 | header.data[1]) == t->port) {
                t->has_id = true;
                t->id = id;
        }
        return t->has_id && t->id == id;
}

static int drop_note(Trace *t, const Event *e)
{
        free(t->table);
        free(t->chain);
        t->table = strdup(e->table);
        t->chain = strdup(e->chain);
        t->rule = e->type == NFT_TRACETYPE_RULE ? e->rule : 0;
        if (!t->table || !t->chain)
                return -ENOMEM;
        text_make_printable(t->table);
        text_make_printable(t->chain);
        return 0;
}

static int line_add(Trace *t, const Event *e)
{
        char what[40] = "policy";

        if (strv_length(t->lines) >= LINES_MAX)
                return 0;
        if (e->type == NFT_TRACETYPE_RULE)
                snprintf(what, sizeof(what), "rule %" PRIu64, e->rule);
        else if (e->type == NFT_TRACETYPE_RETURN)
                snprintf(what, sizeof(what), "end");
        return strv_printf(&t->lines, "table %s, chain %s, %s: %s%s", e->table, e->chain, what,
                verdict_name(e->verdict), e->jump ? e->jump : "");
}

static int event_take(Trace *t, const Event *e)
{
        bool drops = e->verdict >= 0 && (e->verdict & NF_VERDICT_MASK) == NF_DROP;
        int r;

        if (streq(e->table, "inet " PROBE_TABLE)) {
                t->last |= drops && streq(e->chain, PROBE_LAST);
                return 0;
        }
        r = line_add(t, e);
        return r >= 0 && drops ? drop_note(t, e) : r;
}

static int message_take(Trace *t, const struct nlmsghdr *h)
{
        const struct nfgenmsg *g = NLMSG_DATA(h);
        size_t head = NLMSG_ALIGN(sizeof(*g)), n = h->nlmsg_len - NLMSG_HDRLEN;
        Bytes a[NFTA_TRACE_MAX + 1];
        Event e = { 0 };

        if (h->nlmsg_type != (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_TRACE) || n < head)
                return 0;
        attributes_read((Bytes){ (const uint8_t *)g + head, n - head }, a, ELEMENTS(a));
        if (!is_ours(t, a) || !event_read(a, g->nfgen_family, &e))
                return 0;
        return event_take(t, &e);
}

/* ---- all that are there ---- */

static int datagram_take(Trace *t, const uint8_t *data, size_t n)
{
        const struct nlmsghdr *h = (const void *)data;
        int r = 0;

        for (; r >= 0 && NLMSG_OK(h, n); h = NLMSG_NEXT(h, n))
                r = message_take(t, h);
        return r;
}

int trace_read(Netlink *n, Trace *t)
{
        _cleanup_free_ uint8_t *buffer = malloc(MESSAGE_MAX);
        int r = buffer ? 0 : -ENOMEM;

        while (r >= 0) {
                ssize_t size = netlink_receive(n, buffer, MESSAGE_MAX);

                if (size == -EAGAIN)
                        break;
                t->lost |= size < 0;
                if (size < 0 && size != -ENOBUFS)
                        break;
                if (size > 0)
                        r = datagram_take(t, buffer, (size_t)size);
        }
        return r;
}
