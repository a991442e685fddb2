/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/foreign/translate.h"

#include "daemon/foreign/loads.h"
#include "daemon/foreign/registers.h"

#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>

/* Only before conntrack looks at the packet, and at one that it has not seen before. */
Truth translate_notrack(Walk *w, _unused_ Bytes data)
{
        static const uint32_t untracked = CT_UNTRACKED;

        if (w->priority >= CT_PRIORITY || w->looped)
                return TRUTH_YES;
        walk_know(w, PART(ct_state), &untracked);
        if (!w->exempt_table) {
                w->exempt_table = w->table;
                w->exempt_family = w->family;
        }
        return TRUTH_YES;
}

void walk_translated(Walk *w)
{
        w->translated = w->certain ? TRUTH_YES : TRUTH_MAYBE;
        if (walk_add_candidate(w, NF_ACCEPT, NULL) < 0)
                w->failed = true;
}

void walk_redirect_here(Walk *w, const uint8_t *port)
{
        static const uint8_t loopback4[4] = { 127, 0, 0, 1 }, loopback6[16] = { [15] = 1 };

        if (w->hook == NF_INET_LOCAL_OUT)
                walk_redirect(w, walk_is_ipv4(w) ? loopback4 : loopback6, false, port);
        else
                walk_redirect(w, NULL, false, port);
        if (w->certain)
                w->local = TRUTH_YES;
}

/* The value of a register, if it is known whole. */
static const uint8_t *register_known(Walk *w, Bytes number, size_t n)
{
        Operand o;

        if (!register_get(w, number, n, &o))
                return NULL;
        for (size_t i = 0; i < n; i++)
                if (o.known[i] != 0xff)
                        return NULL;
        return o.value;
}

/* One value, or NULL: a range, or it is not known. */
static const uint8_t *range_value(Walk *w, Bytes low, Bytes high, size_t n)
{
        const uint8_t *a = register_known(w, low, n),
                      *b = high.data ? register_known(w, high, n) : a;

        return a && b && memcmp(a, b, n) == 0 ? a : NULL;
}

static void redirect_port(Walk *w, Bytes low, const uint8_t *port)
{
        if (low.data && !port)
                walk_forget(w, PORT_TO);
}

Truth translate_nat(Walk *w, Bytes data)
{
        Bytes a[NFTA_NAT_MAX + 1];
        const uint8_t *address, *port;
        size_t n = walk_is_ipv4(w) ? 4 : 16;

        attributes_read(data, a, ELEMENTS(a));
        if (attribute_u32_or(a[NFTA_NAT_TYPE], NFT_NAT_SNAT) == NFT_NAT_SNAT)
                return translate_masquerade(w, data);
        address = range_value(w, a[NFTA_NAT_REG_ADDR_MIN], a[NFTA_NAT_REG_ADDR_MAX], n);
        if (attribute_u32_or(a[NFTA_NAT_FLAGS], 0) & NF_NAT_RANGE_NETMAP)
                address = NULL;
        port = range_value(w, a[NFTA_NAT_REG_PROTO_MIN], a[NFTA_NAT_REG_PROTO_MAX], 2);
        walk_redirect(w, address, !a[NFTA_NAT_REG_ADDR_MIN].data, port);
        redirect_port(w, a[NFTA_NAT_REG_PROTO_MIN], port);
        walk_translated(w);
        return TRUTH_YES;
}

Truth translate_redirect(Walk *w, Bytes data)
{
        Bytes a[NFTA_REDIR_MAX + 1];
        const uint8_t *port;

        attributes_read(data, a, ELEMENTS(a));
        port = range_value(w, a[NFTA_REDIR_REG_PROTO_MIN], a[NFTA_REDIR_REG_PROTO_MAX], 2);
        walk_redirect_here(w, port);
        redirect_port(w, a[NFTA_REDIR_REG_PROTO_MIN], port);
        walk_translated(w);
        return TRUTH_YES;
}

Truth translate_masquerade(Walk *w, _unused_ Bytes data)
{
        /* IPS_SRC_NAT, and the source; only a few rules behind it could ask */
        walk_forget(w, walk_address(w, false));
        walk_forget(w, PORT_FROM);
        walk_forget(w, PART(ct_status));
        walk_translated(w);
        return TRUTH_YES;
}
