/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/foreign/stages.h"

#include "daemon/foreign/legacy.h"
#include "daemon/foreign/loads.h"
#include "rules/address/family.h"
#include "rules/base/array.h"
#include "rules/nftables/table.h"
#include "rules/ruleset/packet.h"

#include <linux/netfilter_ipv4.h>

static int stages_add(Stages *l, Stage p)
{
        int r = array_grow(&l->items, l->n, sizeof(*l->items));

        if (r >= 0)
                l->items[l->n++] = p;
        return r;
}

static int stage_compare(const void *a, const void *b)
{
        const Stage *x = a, *y = b;

        if (x->priority != y->priority)
                return x->priority < y->priority ? -1 : 1;
        if (x->rank != y->rank)
                return x->rank < y->rank ? -1 : 1;
        if (x->inner != y->inner)
                return x->inner < y->inner ? -1 : 1;
        /* the kernel puts a new one before those of the same priority */
        return x->listed > y->listed ? -1 : x->listed < y->listed;
}

static bool chain_is_here(const FilterChain *c, uint32_t hook, Family family)
{
        if (!c->base)
                return false;
        switch (c->family) {
        case NFPROTO_INET:
                return hook == HOOK_INGRESS ? c->hook == 5 : c->hook == hook && hook < 5;
        case NFPROTO_IPV4:
                return c->hook == hook && family == FAMILY_IPV4;
        case NFPROTO_IPV6:
                return c->hook == hook && family == FAMILY_IPV6;
        case NFPROTO_NETDEV:
                return (hook == HOOK_INGRESS && c->hook == 0) ||
                       (hook == HOOK_EGRESS && c->hook == 1);
        }
        return false;
}

static int stages_add_chains(Stages *l, const Walk *w)
{
        int r = 0;

        for (size_t i = 0; r >= 0 && i < w->filters->n_chains; i++) {
                const FilterChain *c = w->filters->chains[i];
                Stage p = { .priority = c->priority, .chain = c, .rank = 3, .listed = i };

                if (!chain_is_here(c, w->hook, w->packet->family))
                        continue;
                if (c->kind == FILTER_NAT) {
                        p.inner = c->priority;
                        p.priority = w->hook == NF_INET_LOCAL_IN || w->hook == NF_INET_POST_ROUTING
                                             ? NF_IP_PRI_NAT_SRC
                                             : NF_IP_PRI_NAT_DST;
                }
                r = stages_add(l, p);
        }
        return r;
}

static int stages_add_legacy(Stages *l, const Walk *w)
{
        uint8_t family = walk_is_ipv4(w) ? NFPROTO_IPV4 : NFPROTO_IPV6;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < w->filters->n_legacy; i++) {
                const LegacyTable *t = &w->filters->legacy[i];
                Stage p = { .legacy = t, .rank = 2 };

                if (t->family == family && legacy_priority(t, w->hook, &p.priority))
                        r = stages_add(l, p);
        }
        return r;
}

static int stages_add_programs(Stages *l, const Walk *w)
{
        uint8_t family = walk_is_ipv4(w) ? NFPROTO_IPV4 : NFPROTO_IPV6;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < w->filters->n_programs; i++) {
                const FilterProgram *p = &w->filters->programs[i];

                if (p->family == family && p->hook == w->hook)
                        r = stages_add(
                                l, (Stage){ .program = p, .priority = p->priority, .rank = 4 });
        }
        return r;
}

/* Among the chains of a hook in which p25 judges. */
static int32_t own_priority(uint32_t hook, OwnPlace own)
{
        static const NftChainKind kinds[] = {
                [NF_INET_PRE_ROUTING] = CHAIN_PREROUTING,
                [NF_INET_LOCAL_IN] = CHAIN_INPUT,
                [NF_INET_FORWARD] = CHAIN_FORWARD,
                [NF_INET_LOCAL_OUT] = CHAIN_OUTPUT,
        };
        int32_t priority = NF_IP_PRI_FILTER;

        if (own == OWN_NFTABLES)
                (void)nft_chain_hook(kinds[hook], &hook, &priority);
        return priority;
}

/* A routed packet comes to `input` if it is redirected to this host. */
static bool own_is_here(const Walk *w, OwnPlace own)
{
        switch (w->packet->direction) {
        case DIRECTION_OUT:
                return w->hook == NF_INET_LOCAL_OUT;
        case DIRECTION_ROUTED:
                return w->hook == NF_INET_FORWARD || w->hook == NF_INET_LOCAL_IN;
        case DIRECTION_IN:
                return own == OWN_NFTABLES
                               ? w->hook == NF_INET_PRE_ROUTING
                               : w->hook == NF_INET_LOCAL_IN || w->hook == NF_INET_FORWARD;
        case _DIRECTION_MAX:
        case _DIRECTION_INVALID:
                break;
        }
        return false;
}

int stages_find(const Walk *w, OwnPlace own, Stages *ret)
{
        int r = stages_add_chains(ret, w);

        if (r >= 0)
                r = stages_add_legacy(ret, w);
        if (r >= 0)
                r = stages_add_programs(ret, w);
        if (r >= 0 && own != OWN_NOWHERE && own_is_here(w, own))
                r = stages_add(ret,
                        (Stage){ .own = true, .rank = 1, .priority = own_priority(w->hook, own) });
        if (r >= 0 && (w->hook == NF_INET_PRE_ROUTING || w->hook == NF_INET_LOCAL_OUT))
                r = stages_add(ret, (Stage){ .conntrack = true, .priority = CT_PRIORITY });
        if (r >= 0 && ret->n > 1)
                qsort(ret->items, ret->n, sizeof(*ret->items), stage_compare);
        return r;
}
