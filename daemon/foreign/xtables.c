/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/foreign/xtables.h"

#include "daemon/foreign/loads.h"
#include "daemon/foreign/registers.h"
#include "daemon/foreign/translate.h"
#include "rules/base/text.h"
#include "rules/ruleset/packet.h"

#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/xt_addrtype.h>
#include <linux/netfilter/xt_connmark.h>
#include <linux/netfilter/xt_conntrack.h>
#include <linux/netfilter/xt_mark.h>
#include <linux/netfilter/xt_multiport.h>
#include <linux/netfilter/xt_owner.h>
#include <linux/netfilter/xt_tcpudp.h>
#include <linux/rtnetlink.h>
#include <stdio.h>

/* The largest data of a match that is understood, and rows of the table below. */
#define INFO_MAX sizeof(struct xt_conntrack_mtinfo3)
#define ANY_REVISION UINT8_MAX

Truth xt_not_understood(Walk *w, const char *name)
{
        snprintf(w->why_text, sizeof(w->why_text), "the extension \"%s\", which is not understood",
                name);
        text_make_printable(w->why_text);
        return walk_doubt(w, w->why_text, false);
}

static Truth doubt(Walk *w, Truth t, const char *why)
{
        return t == TRUTH_MAYBE ? walk_doubt(w, why, false) : t;
}

static Truth port_between(const Facts *f, Part p, uint16_t low, uint16_t high)
{
        uint16_t least = htobe16(low), most = htobe16(high);

        return bits_in_range(
                facts_value(f, p), facts_known(f, p), (uint8_t *)&least, (uint8_t *)&most, 2);
}

static Truth number_masked(Walk *w, Part p, uint32_t want, uint32_t mask)
{
        return bits_equal(facts_value(&w->facts, p), facts_known(&w->facts, p), (uint8_t *)&want,
                (uint8_t *)&mask, 4);
}

static Truth match_tcp(Walk *w, const void *info)
{
        const struct xt_tcp *t = info;
        Truth from, to, flags;
        uint8_t mask, want;

        from = port_between(&w->facts, PORT_FROM, t->spts[0], t->spts[1]);
        to = port_between(&w->facts, PORT_TO, t->dpts[0], t->dpts[1]);
        mask = t->flg_mask;
        want = t->flg_cmp;
        flags = bits_equal(
                w->facts.value.transport + 13, w->facts.known.transport + 13, &want, &mask, 1);
        if (t->invflags & XT_TCP_INV_SRCPT)
                from = truth_not(from);
        if (t->invflags & XT_TCP_INV_DSTPT)
                to = truth_not(to);
        if (t->invflags & XT_TCP_INV_FLAGS)
                flags = truth_not(flags);
        if (t->option != 0)
                flags = truth_and(flags, TRUTH_MAYBE);
        return doubt(w, truth_and(from, truth_and(to, flags)), "the source port or TCP header");
}

static Truth match_never(_unused_ Walk *w, _unused_ const void *info)
{
        return TRUTH_NO;
}

static Truth match_always(_unused_ Walk *w, _unused_ const void *info)
{
        return TRUTH_YES;
}

static Truth match_limit(Walk *w, _unused_ const void *info)
{
        return walk_doubt(w, "a limit", true);
}

static Truth match_multiport(Walk *w, const void *info)
{
        const struct xt_multiport_v1 *m = info;
        Truth all = TRUTH_NO;

        if (m->count > XT_MULTI_PORTS)
                return xt_not_understood(w, "multiport");
        for (unsigned i = 0; i < m->count; i++) {
                uint16_t low = m->ports[i], high = low;

                if (m->pflags[i] && i + 1 < m->count)
                        high = m->ports[++i];
                if (m->flags != XT_MULTIPORT_DESTINATION)
                        all = truth_or(all, port_between(&w->facts, PORT_FROM, low, high));
                if (m->flags != XT_MULTIPORT_SOURCE)
                        all = truth_or(all, port_between(&w->facts, PORT_TO, low, high));
        }
        return doubt(w, m->invert ? truth_not(all) : all, "the source port");
}

/* Bits of conntrack's state as the match has them. */
static Truth state_matches(Walk *w, uint32_t mask)
{
        static const struct {
                uint32_t own, match;
        } bits[] = {
                { CT_INVALID, XT_CONNTRACK_STATE_INVALID },
                { CT_NEW, XT_CONNTRACK_STATE_BIT(IP_CT_NEW) },
                { CT_UNTRACKED, XT_CONNTRACK_STATE_UNTRACKED },
        };
        uint32_t value, known, wanted = 0, status, status_known;

        memcpy(&value, w->facts.value.ct_state, 4);
        memcpy(&known, w->facts.known.ct_state, 4);
        memcpy(&status, w->facts.value.ct_status, 4);
        memcpy(&status_known, w->facts.known.ct_status, 4);
        for (size_t i = 0; i < ELEMENTS(bits); i++)
                wanted |= mask & bits[i].match ? bits[i].own : 0;
        if (value & known & wanted)
                return TRUTH_YES;
        if (mask & XT_CONNTRACK_STATE_DNAT && status & status_known & IPS_DST_NAT)
                return TRUTH_YES;
        if (wanted & ~known)
                return TRUTH_MAYBE;
        return (mask & XT_CONNTRACK_STATE_DNAT && !(status_known & IPS_DST_NAT)) ||
                               (mask & XT_CONNTRACK_STATE_SNAT && !(status_known & IPS_SRC_NAT))
                       ? TRUTH_MAYBE
                       : TRUTH_NO;
}

static Truth match_state(Walk *w, const void *info)
{
        uint32_t mask = *(const uint32_t *)info;

        /* its bit for what is not tracked is another */
        if (mask & 1u << (IP_CT_NUMBER + 1))
                mask = (mask & ~(1u << (IP_CT_NUMBER + 1))) | XT_CONNTRACK_STATE_UNTRACKED;
        return doubt(w, state_matches(w, mask), "whether it is tracked");
}

static Truth original_address(
        Walk *w, bool destination, const union nf_inet_addr *a, const union nf_inet_addr *mask)
{
        Part p = walk_address(w, destination);

        return bits_equal(facts_value(&w->original, p), facts_known(&w->original, p),
                (const uint8_t *)a, (const uint8_t *)mask, p.n);
}

/* One of the questions of the match; those about replies have no answer yet. */
static Truth conntrack_answer(Walk *w, const struct xt_conntrack_mtinfo3 *m, uint32_t flag)
{
        switch (flag) {
        case XT_CONNTRACK_STATE:
                return state_matches(w, m->state_mask);
        case XT_CONNTRACK_PROTO:
                return m->l4proto == IPPROTO_TCP ? TRUTH_YES : TRUTH_NO;
        case XT_CONNTRACK_ORIGSRC:
                return original_address(w, false, &m->origsrc_addr, &m->origsrc_mask);
        case XT_CONNTRACK_ORIGDST:
                return original_address(w, true, &m->origdst_addr, &m->origdst_mask);
        case XT_CONNTRACK_ORIGSRC_PORT:
                return port_between(&w->original, PORT_FROM, m->origsrc_port, m->origsrc_port_high);
        case XT_CONNTRACK_ORIGDST_PORT:
                return port_between(&w->original, PORT_TO, m->origdst_port, m->origdst_port_high);
        case XT_CONNTRACK_DIRECTION: /* inverted: the reply's */
                return TRUTH_YES;
        }
        return TRUTH_MAYBE;
}

static Truth match_conntrack(Walk *w, const void *info)
{
        const struct xt_conntrack_mtinfo3 *m = info;
        Truth all = TRUTH_YES;

        for (uint32_t flag = 1; flag <= XT_CONNTRACK_DIRECTION; flag <<= 1) {
                Truth t = conntrack_answer(w, m, flag);

                if (!(m->match_flags & flag))
                        continue;
                all = truth_and(all, m->invert_flags & flag ? truth_not(t) : t);
                if (flag != XT_CONNTRACK_STATE && walk_is_tracked(w) != TRUTH_YES)
                        all = truth_and(all, walk_is_tracked(w));
        }
        return doubt(w, all, "what conntrack knows of the connection");
}

static Truth id_between(bool has, uint32_t id, uint32_t low, uint32_t high)
{
        return !has ? TRUTH_MAYBE : id >= low && id <= high ? TRUTH_YES : TRUTH_NO;
}

static Truth match_owner(Walk *w, const void *info)
{
        const struct xt_owner_match_info *m = info;
        const Packet *p = w->packet;
        Truth uid, gid, all = TRUTH_YES;

        uid = id_between(p->has_uid, p->uid, m->uid_min, m->uid_max);
        gid = m->match & XT_OWNER_SUPPL_GROUPS
                      ? TRUTH_MAYBE
                      : id_between(p->has_gid, p->gid, m->gid_min, m->gid_max);
        if (p->direction != DIRECTION_OUT ||
                w->looped) /* without a socket the inverted match is true */
                return (m->match ^ m->invert) == 0 ? TRUTH_YES : TRUTH_NO;
        if (m->match & XT_OWNER_SOCKET)
                all = m->invert & XT_OWNER_SOCKET ? TRUTH_NO : TRUTH_YES;
        if (m->match & XT_OWNER_UID)
                all = truth_and(all, m->invert & XT_OWNER_UID ? truth_not(uid) : uid);
        if (m->match & XT_OWNER_GID)
                all = truth_and(all, m->invert & XT_OWNER_GID ? truth_not(gid) : gid);
        return doubt(w, all, "the user or group");
}

static Truth match_mark(Walk *w, const void *info)
{
        const struct xt_mark_mtinfo1 *m = info;
        Truth t;

        w->mark_asked |= w->mark_assumed;
        t = number_masked(w, PART(mark), m->mark, m->mask);
        return doubt(w, m->invert ? truth_not(t) : t, "the packet's mark");
}

static Truth match_connmark(Walk *w, const void *info)
{
        const struct xt_connmark_mtinfo1 *m = info;
        Truth t;

        t = number_masked(w, PART(ct_mark), m->mark, m->mask);
        t = m->invert ? truth_not(t) : t;
        return doubt(w, truth_and(t, walk_is_tracked(w)), "the connection's mark");
}

static Truth type_matches(Truth local, uint16_t mask)
{
        Truth is_local = mask & XT_ADDRTYPE_LOCAL ? TRUTH_YES : TRUTH_NO,
              is_unicast = mask & XT_ADDRTYPE_UNICAST ? TRUTH_YES : TRUTH_NO;

        if (is_local == is_unicast)
                return is_local;
        return local == TRUTH_MAYBE ? TRUTH_MAYBE : local == TRUTH_YES ? is_local : is_unicast;
}

static Truth match_addrtype(Walk *w, const void *info)
{
        const struct xt_addrtype_info_v1 *m = info;
        Truth from_here = w->packet->direction == DIRECTION_OUT ? TRUTH_YES : TRUTH_NO;
        Truth all = TRUTH_YES, t;

        if (m->flags & (XT_ADDRTYPE_LIMIT_IFACE_IN | XT_ADDRTYPE_LIMIT_IFACE_OUT))
                return walk_doubt(w, "the type of an address on one interface", false);
        if (m->source) {
                t = type_matches(from_here, m->source);
                all = truth_and(all, m->flags & XT_ADDRTYPE_INVERT_SOURCE ? truth_not(t) : t);
        }
        if (m->dest) {
                t = type_matches(w->local, m->dest);
                all = truth_and(all, m->flags & XT_ADDRTYPE_INVERT_DEST ? truth_not(t) : t);
        }
        return doubt(w, all, "whether the destination is local");
}

/* size 0: it needs none of its data. */
static const struct Match {
        const char *name;
        Truth (*run)(Walk *w, const void *info);
        size_t size;
        uint8_t revision; /* ANY_REVISION: all have the same data */
} matches[] = {
        { "tcp", match_tcp, sizeof(struct xt_tcp), ANY_REVISION },
        { "udp", match_never, 0, ANY_REVISION },
        { "icmp", match_never, 0, ANY_REVISION },
        { "icmp6", match_never, 0, ANY_REVISION },
        { "sctp", match_never, 0, ANY_REVISION },
        { "esp", match_never, 0, ANY_REVISION },
        { "ah", match_never, 0, ANY_REVISION },
        { "comment", match_always, 0, ANY_REVISION },
        { "limit", match_limit, 0, ANY_REVISION },
        { "hashlimit", match_limit, 0, ANY_REVISION },
        { "connlimit", match_limit, 0, ANY_REVISION },
        { "multiport", match_multiport, sizeof(struct xt_multiport_v1), 1 },
        { "state", match_state, sizeof(uint32_t), ANY_REVISION },
        { "conntrack", match_conntrack, sizeof(struct xt_conntrack_mtinfo3), 3 },
        { "owner", match_owner, sizeof(struct xt_owner_match_info), 1 },
        { "mark", match_mark, sizeof(struct xt_mark_mtinfo1), 1 },
        { "connmark", match_connmark, sizeof(struct xt_connmark_mtinfo1), 1 },
        { "addrtype", match_addrtype, sizeof(struct xt_addrtype_info_v1), 1 },
};

Truth xt_match(Walk *w, const char *name, uint8_t revision, Bytes info)
{
        _Alignas(max_align_t) uint8_t data[INFO_MAX];
        size_t i = 0;

        while (i < ELEMENTS(matches) && !streq(matches[i].name, name))
                i++;
        if (i == ELEMENTS(matches) || info.n < matches[i].size ||
                (matches[i].revision != ANY_REVISION && matches[i].revision != revision))
                return xt_not_understood(w, name);
        if (matches[i].size > 0)
                memcpy(data, info.data, matches[i].size);
        return matches[i].run(w, data);
}
