/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/foreign/legacy.h"

#include "daemon/foreign/loads.h"
#include "daemon/foreign/registers.h"
#include "daemon/foreign/xtables.h"

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/x_tables.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <stdint.h>

/* An entry of either family. */
typedef struct Entry {
        uint32_t at, matches, target, next; /* offsets */
        const uint8_t *header;
} Entry;

const char *legacy_chain_name(uint32_t hook)
{
        static const char *const names[] = { "PREROUTING", "INPUT", "FORWARD", "OUTPUT",
                "POSTROUTING" };

        return hook < ELEMENTS(names) ? names[hook] : "?";
}

bool legacy_priority(const LegacyTable *t, uint32_t hook, int32_t *ret)
{
        static const struct {
                const char *name;
                int32_t priority;
        } tables[] = {
                { "raw", NF_IP_PRI_RAW },
                { "mangle", NF_IP_PRI_MANGLE },
                { "filter", NF_IP_PRI_FILTER },
                { "security", NF_IP_PRI_SECURITY },
        };

        if (hook >= NF_INET_NUMHOOKS || !(t->valid_hooks & 1u << hook))
                return false;
        *ret = hook == NF_INET_LOCAL_IN || hook == NF_INET_POST_ROUTING ? NF_IP_PRI_NAT_SRC
                                                                        : NF_IP_PRI_NAT_DST;
        for (size_t i = 0; i < ELEMENTS(tables); i++)
                if (streq(tables[i].name, t->name))
                        *ret = tables[i].priority;
        return true;
}

/* ---- entries ---- */

static bool entry_read(const LegacyTable *t, uint32_t at, Entry *ret)
{
        bool v4 = t->family == NFPROTO_IPV4;
        uint32_t size = v4 ? sizeof(struct ipt_entry) : sizeof(struct ip6t_entry);
        uint16_t target, next;

        if (at > t->size || t->size - at < size)
                return false;
        memcpy(&target,
                t->blob + at +
                        (v4 ? offsetof(struct ipt_entry, target_offset)
                            : offsetof(struct ip6t_entry, target_offset)),
                sizeof(target));
        memcpy(&next,
                t->blob + at +
                        (v4 ? offsetof(struct ipt_entry, next_offset)
                            : offsetof(struct ip6t_entry, next_offset)),
                sizeof(next));
        if (target < size || next < target || next - target < (int)sizeof(struct xt_entry_target) ||
                next > t->size - at)
                return false;
        *ret = (Entry){ at, at + size, at + target, at + next, t->blob + at };
        return true;
}

typedef struct Extension {
        char name[XT_EXTENSION_MAXNAMELEN];
        uint8_t revision;
        Bytes info;    /* its data */
        uint32_t next; /* where it ends */
} Extension;

/* The match or target at an offset, which ends before end. */
static bool extension_read(const LegacyTable *t, uint32_t at, uint32_t end, Extension *ret)
{
        struct xt_entry_target x; /* a match has the same beginning */
        uint16_t size;

        if (at > end || end - at < sizeof(x))
                return false;
        memcpy(&x, t->blob + at, sizeof(x));
        size = x.u.user.target_size;
        if (size < sizeof(x) || size > end - at)
                return false;
        *ret = (Extension){ .revision = x.u.user.revision,
                .info = { t->blob + at + sizeof(x), size - sizeof(x) },
                .next = at + size };
        memcpy(ret->name, x.u.user.name, sizeof(ret->name) - 1);
        return true;
}

/* ---- the header's own questions ---- */

static Truth interface_matches(
        Walk *w, bool here, Part p, const char *name, const unsigned char *mask, bool inverted)
{
        static const uint8_t none[IFNAMSIZ], all[IFNAMSIZ] = { [0 ... IFNAMSIZ - 1] = 0xff };
        Truth t = bits_equal(here ? facts_value(walk_interfaces(w), p) : none,
                here ? facts_known(walk_interfaces(w), p) : all, (const uint8_t *)name, mask,
                IFNAMSIZ);

        if (t == TRUTH_MAYBE && p.offset == PART(in).offset && strcmp(name, "lo") == 0)
                t = TRUTH_NO;
        if (t == TRUTH_MAYBE)
                walk_doubt(w, "the interface", false);
        w->in_asked |= here && w->in_assumed && mask[0] && p.offset == PART(in).offset;
        return inverted ? truth_not(t) : t;
}

static Truth address_matches(
        Walk *w, bool destination, const void *address, const void *mask, bool inverted)
{
        Part p = walk_address(w, destination);
        Truth t = bits_equal(
                facts_value(&w->facts, p), facts_known(&w->facts, p), address, mask, p.n);

        if (t == TRUTH_MAYBE)
                walk_doubt(
                        w, destination ? "the destination address" : "the source address", false);
        return inverted ? truth_not(t) : t;
}

static Truth protocol_matches(uint16_t protocol, bool asked, bool inverted)
{
        if (!asked)
                return TRUTH_YES;
        return (protocol == IPPROTO_TCP) != inverted ? TRUTH_YES : TRUTH_NO;
}

#define HEADER_MATCHES(w, h, prefix, protocol_asked)                                               \
        ({                                                                                         \
                Truth t_ = address_matches(                                                        \
                        (w), false, &(h).src, &(h).smsk, (h).invflags & prefix##_INV_SRCIP);       \
                t_ = truth_and(t_, address_matches((w), true, &(h).dst, &(h).dmsk,                 \
                                           (h).invflags & prefix##_INV_DSTIP));                    \
                t_ = truth_and(t_, interface_matches((w), walk_has_in(w), PART(in), (h).iniface,   \
                                           (h).iniface_mask, (h).invflags & prefix##_INV_VIA_IN)); \
                t_ = truth_and(                                                                    \
                        t_, interface_matches((w), walk_has_out(w), PART(out), (h).outiface,       \
                                    (h).outiface_mask, (h).invflags & prefix##_INV_VIA_OUT));      \
                truth_and(t_, protocol_matches((h).proto, (protocol_asked),                        \
                                      (h).invflags &prefix##_INV_PROTO));                          \
        })

static Truth header_matches(Walk *w, const LegacyTable *t, const Entry *e, bool *ret_goto)
{
        struct ipt_ip v4;
        struct ip6t_ip6 v6;
        Truth all;

        if (t->family == NFPROTO_IPV4) {
                memcpy(&v4, e->header, sizeof(v4));
                *ret_goto = v4.flags & IPT_F_GOTO;
                all = HEADER_MATCHES(w, v4, IPT, v4.proto != 0);
                /* of fragments: a SYN is none */
                return v4.flags & IPT_F_FRAG && !(v4.invflags & IPT_INV_FRAG) ? TRUTH_NO : all;
        }
        memcpy(&v6, e->header, sizeof(v6));
        *ret_goto = v6.flags & IP6T_F_GOTO;
        all = HEADER_MATCHES(w, v6, IP6T, v6.flags & IP6T_F_PROTO);
        return v6.flags & IP6T_F_TOS ? truth_and(all, walk_doubt(w, "the traffic class", false))
                                     : all;
}

static Truth entry_matches(Walk *w, const LegacyTable *t, const Entry *e, bool *ret_goto)
{
        Truth all = header_matches(w, t, e, ret_goto);
        uint32_t at = e->matches;
        Extension x;

        for (; all != TRUTH_NO && at < e->target; at = x.next) {
                if (!extension_read(t, at, e->target, &x))
                        return walk_doubt(w, "a match that is not understood", false);
                all = truth_and(all, xt_match(w, x.name, x.revision, x.info));
        }
        return all;
}

/* ---- chains ---- */

static unsigned run_from(Walk *w, const LegacyTable *t, uint32_t at, unsigned depth);

/* A chain of p25 has its name in the entry before its first rule. */
static bool is_own_chain(const LegacyTable *t, uint32_t to)
{
        size_t n = strlen(LEGACY_OWN_PREFIX);
        Extension x;
        Entry e;

        for (uint32_t at = 0; at < to && entry_read(t, at, &e); at = e.next)
                if (e.next == to)
                        return extension_read(t, e.target, e.next, &x) &&
                               streq(x.name, XT_ERROR_TARGET) && x.info.n > n &&
                               memcmp(x.info.data, LEGACY_OWN_PREFIX, n) == 0;
        return false;
}

static unsigned standard_run(
        Walk *w, const LegacyTable *t, const Entry *e, int verdict, bool is_goto, unsigned depth)
{
        unsigned out;

        if (verdict == XT_RETURN)
                return OUT_BACK;
        if (verdict < 0) {
                verdict = -verdict - 1;
                if (verdict == NF_ACCEPT)
                        return OUT_ACCEPT;
                if (verdict == NF_DROP)
                        return OUT_DROP;
                walk_doubt(w, "what a queue decides", false);
                walk_note(w);
                return OUT_ANY;
        }
        if ((uint32_t)verdict == e->next || is_own_chain(t, (uint32_t)verdict))
                return OUT_NEXT;
        if (depth >= WALK_DEPTH_MAX) {
                walk_doubt(w, "more chains than are followed", false);
                walk_note(w);
                return OUT_ANY;
        }
        out = run_from(w, t, (uint32_t)verdict, depth + 1);
        return !is_goto && out & OUT_BACK ? (out & ~(unsigned)OUT_BACK) | OUT_NEXT : out;
}

/* The effect of a target that is an extension. */
static unsigned candidates_run(Walk *w)
{
        unsigned out = w->n_candidates == 0 ? OUT_NEXT : 0;

        for (size_t i = 0; i < w->n_candidates; i++)
                out |= w->candidates[i].code == NF_ACCEPT        ? OUT_ACCEPT
                       : w->candidates[i].code == VERDICT_REJECT ? OUT_REJECT
                                                                 : OUT_DROP;
        w->n_candidates = 0;
        return out;
}

static unsigned target_run(
        Walk *w, const LegacyTable *t, const Entry *e, bool is_goto, unsigned depth)
{
        Extension x;
        int verdict;

        if (!extension_read(t, e->target, e->next, &x))
                return OUT_ANY;
        if (streq(x.name, XT_STANDARD_TARGET) && x.info.n >= sizeof(verdict)) {
                memcpy(&verdict, x.info.data, sizeof(verdict));
                return standard_run(w, t, e, verdict, is_goto, depth);
        }
        if (streq(x.name, XT_ERROR_TARGET))
                return OUT_BACK; /* the next chain begins */
        w->n_candidates = 0;
        (void)xt_target(w, x.name, x.revision, x.info);
        return candidates_run(w);
}

static unsigned entry_run(Walk *w, const LegacyTable *t, const Entry *e, unsigned depth)
{
        bool is_goto = false, certain = w->certain;
        const char *why;
        unsigned out;
        Truth match;

        w->handle = e->at + 1;
        w->why = NULL;
        w->why_limit = false;
        match = entry_matches(w, t, e, &is_goto);
        if (match == TRUTH_NO)
                return OUT_NEXT;
        why = w->why;
        w->certain &= match == TRUTH_YES;
        out = target_run(w, t, e, is_goto, depth);
        w->handle = e->at + 1;
        if (match == TRUTH_MAYBE)
                out |= OUT_NEXT;
        if (out & (OUT_DROP | OUT_REJECT) && w->stopped_at == 0)
                w->stopped_at = w->handle;
        if (out == OUT_NEXT) {
                w->certain = certain;
        } else if (match == TRUTH_MAYBE || (out & (out - 1))) {
                w->why = why ?: w->why;
                walk_note(w);
        }
        return out;
}

static unsigned run_from(Walk *w, const LegacyTable *t, uint32_t at, unsigned depth)
{
        unsigned all = 0, out = OUT_NEXT;
        Entry e;

        while (out & OUT_NEXT) {
                if (w->steps++ > WALK_STEPS_MAX || !entry_read(t, at, &e)) {
                        w->why = "rules that could not be followed";
                        w->why_limit = false;
                        walk_note(w);
                        return all | OUT_ANY;
                }
                out = entry_run(w, t, &e, depth);
                all |= out & ~(unsigned)OUT_NEXT;
                at = e.next;
        }
        return all;
}

/* The policy is a rule of its own, of which only the target counts. */
static unsigned policy_run(Walk *w, const LegacyTable *t)
{
        uint32_t at = t->underflow[w->hook];
        unsigned out;
        Entry e;

        if (!entry_read(t, at, &e))
                return OUT_ANY;
        out = target_run(w, t, &e, false, WALK_DEPTH_MAX);
        w->stopped_by_policy = out & OUT_DROP && w->stopped_at == 0;
        return out & OUT_BACK ? OUT_ACCEPT : out;
}

unsigned legacy_walk(Walk *w, const LegacyTable *t)
{
        unsigned out;

        w->family = t->family;
        w->table = t->name;
        w->chain = legacy_chain_name(w->hook);
        w->stopped_at = 0;
        w->stopped_by_policy = false;
        w->certain = true;
        out = run_from(w, t, t->entry[w->hook], 0);
        w->certain = true;
        /* reached as the chain's last entry, it is the policy too */
        if (w->stopped_at == (uint64_t)t->underflow[w->hook] + 1) {
                w->stopped_at = 0;
                w->stopped_by_policy = true;
        }
        return out & OUT_BACK ? (out & ~(unsigned)OUT_BACK) | policy_run(w, t) : out;
}
