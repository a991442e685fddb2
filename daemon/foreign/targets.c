/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/foreign/registers.h"
#include "daemon/foreign/translate.h"
#include "daemon/foreign/xtables.h"

#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/xt_CONNMARK.h>
#include <linux/netfilter/xt_CT.h>
#include <linux/netfilter/xt_MARK.h>

/* The data of a target, copied for its alignment; false: it is too short. */
#define INFO_READ(info, to) \
        ((info).n >= sizeof(*(to)) && (memcpy((to), (info).data, sizeof(*(to))), true))

/* bits of to: (from & ~mask) ^ value, as far as they are known */
static void mark_change(Walk *w, Part to, Part from, uint32_t mask, uint32_t value)
{
        uint32_t v, k;

        memcpy(&v, facts_value(&w->facts, from), 4);
        memcpy(&k, facts_known(&w->facts, from), 4);
        v = (v & ~mask) ^ value;
        k |= mask;
        walk_set(w, to, (uint8_t *)&v, (uint8_t *)&k);
}

static Truth target_mark(Walk *w, uint8_t revision, Bytes info)
{
        struct xt_mark_tginfo2 m;

        if (revision != 2 || !INFO_READ(info, &m)) {
                walk_forget(w, PART(mark));
                return TRUTH_YES;
        }
        w->mark_asked |= w->mark_assumed && m.mask != UINT32_MAX;
        mark_change(w, PART(mark), PART(mark), m.mask, m.mark);
        w->mark_assumed &= !w->certain || m.mask != UINT32_MAX;
        return TRUTH_YES;
}

static Truth target_connmark(Walk *w, _unused_ uint8_t revision, Bytes info)
{
        struct xt_connmark_tginfo1 m;

        if (revision != 1 || !INFO_READ(info, &m)) {
                walk_forget(w, PART(mark));
                walk_forget(w, PART(ct_mark));
        } else if (m.mode == XT_CONNMARK_SET) {
                mark_change(w, PART(ct_mark), PART(ct_mark), m.ctmask, m.ctmark);
        } else if (m.mode == XT_CONNMARK_RESTORE && m.ctmask == UINT32_MAX &&
                   m.nfmask == UINT32_MAX) {
                mark_change(w, PART(mark), PART(ct_mark), 0, 0);
        } else if (m.mode == XT_CONNMARK_SAVE && m.ctmask == UINT32_MAX && m.nfmask == UINT32_MAX) {
                w->mark_asked |= w->mark_assumed;
                mark_change(w, PART(ct_mark), PART(mark), 0, 0);
        } else {
                walk_forget(w, m.mode == XT_CONNMARK_SAVE ? PART(ct_mark) : PART(mark));
        }
        return TRUTH_YES;
}

static Truth target_reject(Walk *w, _unused_ uint8_t revision, _unused_ Bytes info)
{
        if (walk_add_candidate(w, VERDICT_REJECT, NULL) < 0)
                w->failed = true;
        return TRUTH_YES;
}

static Truth target_notrack(Walk *w, _unused_ uint8_t revision, _unused_ Bytes info)
{
        return translate_notrack(w, (Bytes){ 0 });
}

static Truth target_ct(Walk *w, uint8_t revision, Bytes info)
{
        struct xt_ct_target_info t;

        if (!INFO_READ(info, &t))
                return xt_not_understood(w, "CT");
        return t.flags & (XT_CT_NOTRACK | XT_CT_NOTRACK_ALIAS) ? target_notrack(w, revision, info)
                                                               : TRUTH_YES;
}

/* The range of addresses and ports of DNAT: revision 0 of IPv4, the others of both families. */
static bool nat_range_read(Walk *w, uint8_t revision, Bytes info, struct nf_nat_range2 *ret)
{
        struct nf_nat_ipv4_multi_range_compat v4;

        *ret = (struct nf_nat_range2){ 0 };
        if (revision >= 2)
                return INFO_READ(info, ret);
        if (walk_is_ipv4(w) && revision == 0) {
                if (!INFO_READ(info, &v4) || v4.rangesize != 1)
                        return false;
                ret->flags = v4.range[0].flags;
                ret->min_addr.ip = v4.range[0].min_ip;
                ret->max_addr.ip = v4.range[0].max_ip;
                ret->min_proto = v4.range[0].min;
                ret->max_proto = v4.range[0].max;
                return true;
        }
        if (info.n < sizeof(struct nf_nat_range))
                return false;
        memcpy(ret, info.data, sizeof(struct nf_nat_range));
        return true;
}

static const uint8_t *range_port(const struct nf_nat_range2 *r)
{
        return r->flags & NF_NAT_RANGE_PROTO_SPECIFIED && r->min_proto.all == r->max_proto.all
                       ? (const uint8_t *)&r->min_proto
                       : NULL;
}

/* range NULL: it is not understood. */
static Truth redirected(Walk *w, const struct nf_nat_range2 *range)
{
        if (!range || (range->flags & NF_NAT_RANGE_PROTO_SPECIFIED && !range_port(range)))
                walk_forget(w, PORT_TO);
        walk_translated(w);
        return TRUTH_YES;
}

static Truth target_dnat(Walk *w, uint8_t revision, Bytes info)
{
        struct nf_nat_range2 r;
        bool one;

        if (!nat_range_read(w, revision, info, &r)) {
                walk_redirect(w, NULL, false, NULL);
                return redirected(w, NULL);
        }
        one = memcmp(&r.min_addr, &r.max_addr, sizeof(r.min_addr)) == 0;
        walk_redirect(w, one ? (const uint8_t *)&r.min_addr : NULL,
                !(r.flags & NF_NAT_RANGE_MAP_IPS), range_port(&r));
        return redirected(w, &r);
}

static Truth target_redirect(Walk *w, uint8_t revision, Bytes info)
{
        struct nf_nat_range2 r;
        bool known = nat_range_read(w, revision, info, &r);

        walk_redirect_here(w, known ? range_port(&r) : NULL);
        return redirected(w, known ? &r : NULL);
}

static Truth target_masquerade(Walk *w, _unused_ uint8_t revision, _unused_ Bytes info)
{
        return translate_masquerade(w, (Bytes){ 0 });
}

static Truth target_always(_unused_ Walk *w, _unused_ uint8_t revision, _unused_ Bytes info)
{
        return TRUTH_YES;
}

static const struct Target {
        const char *name;
        Truth (*run)(Walk *w, uint8_t revision, Bytes info);
} targets[] = {
        { "LOG", target_always },
        { "NFLOG", target_always },
        { "TRACE", target_always },
        { "AUDIT", target_always },
        { "TCPMSS", target_always },
        { "CHECKSUM", target_always },
        { "CLASSIFY", target_always },
        { "SECMARK", target_always },
        { "CONNSECMARK", target_always },
        { "SET", target_always },
        { "TTL", target_always },
        { "HL", target_always },
        { "TOS", target_always },
        { "DSCP", target_always },
        { "ECN", target_always },
        { "TEE", target_always },
        { "MARK", target_mark },
        { "CONNMARK", target_connmark },
        { "REJECT", target_reject },
        { "NOTRACK", target_notrack },
        { "CT", target_ct },
        { "DNAT", target_dnat },
        { "REDIRECT", target_redirect },
        { "SNAT", target_masquerade },
        { "MASQUERADE", target_masquerade },
};

Truth xt_target(Walk *w, const char *name, uint8_t revision, Bytes info)
{
        for (size_t i = 0; i < ELEMENTS(targets); i++)
                if (streq(targets[i].name, name))
                        return targets[i].run(w, revision, info);
        if (walk_add_candidate(w, NF_DROP, NULL) < 0 || walk_add_candidate(w, NF_ACCEPT, NULL) < 0)
                w->failed = true;
        return xt_not_understood(w, name);
}
