/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/foreign/hooks.h"

#include "daemon/foreign/chain.h"
#include "daemon/foreign/legacy.h"
#include "daemon/foreign/loads.h"
#include "rules/address/family.h"
#include "rules/base/array.h"
#include "rules/base/strv.h"
#include "rules/ruleset/packet.h"

#include <errno.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter_ipv4.h>
#include <stdio.h>

void passage_deinit(Passage *p)
{
        free(p->hops);
        strv_free(p->doubts);
        *p = (Passage){ 0 };
}

/* BPF programs belong to no table. */
#define PROGRAM_TABLE "BPF"

static const char *hook_name(uint32_t hook)
{
        static const char *const names[] = {
                [NF_INET_PRE_ROUTING] = "prerouting",
                [NF_INET_LOCAL_IN] = "input",
                [NF_INET_FORWARD] = "forward",
                [NF_INET_LOCAL_OUT] = "output",
                [NF_INET_POST_ROUTING] = "postrouting",
                [HOOK_INGRESS] = "ingress",
                [HOOK_EGRESS] = "egress",
        };

        return names[hook];
}

/* ---- what is known at the start ---- */

static void know_address(Facts *s, Part p, bool has, const Address *a)
{
        if (has)
                facts_know(s, p, a->bytes);
}

static void know_headers(Walk *w)
{
        static const uint8_t tcp = IPPROTO_TCP, syn[4] = { 0 }, version4 = 0x45, flags = 0x02;
        const Packet *p = w->packet;
        uint16_t port = htobe16(p->port);
        bool v4 = p->family == FAMILY_IPV4;
        Facts *s = &w->facts;

        facts_know(s, part_of(PART(network), v4 ? 9 : 6, 1), &tcp);
        if (v4) {
                facts_know(s, part_of(PART(network), 0, 1), &version4);
                s->known.network[6] =
                        0xbf; /* no fragment; whether it may be made one is not known */
                s->known.network[7] = 0xff;
        } else {
                s->value.network[0] = 0x60;
                s->known.network[0] = 0xf0;
        }
        know_address(s, walk_address(w, false), p->has_from, &p->from);
        know_address(s, walk_address(w, true), p->has_to, &p->to);
        facts_know(s, PORT_TO, &port);
        facts_know(s, part_of(PART(transport), 8, 4), syn); /* no acknowledgement */
        facts_know(s, part_of(PART(transport), 13, 1), &flags);
        s->known.transport[13] = 0x3f; /* but ECN */
}

static void know_interface(Facts *s, const char *name, uint32_t index, Part p, Part p_index)
{
        uint8_t padded[IFNAMSIZ] = { 0 };

        if (!name)
                return;
        snprintf((char *)padded, sizeof(padded), "%s", name);
        facts_know(s, p, padded);
        if (index != 0)
                facts_know(s, p_index, &index);
}

static void know_connection(Walk *w)
{
        static const uint32_t none = 0, invalid = CT_INVALID, settled = 0x3f;
        Facts *s = &w->facts;

        facts_know(s, PART(mark), &none);
        facts_know(s, PART(ct_mark), &none);
        facts_know(s, PART(ct_state), &invalid); /* until conntrack has looked at it */
        facts_know(s, PART(ct_status), &none);
        memcpy(s->known.ct_status, &settled, sizeof(settled));
        w->mark_assumed = true;
}

static void walk_begin(Walk *w, const Filters *f, const PassageQuestion *q)
{
        const Packet *p = q->packet;
        const char *in = p->direction == DIRECTION_IN ? p->interface : p->in_interface,
                   *out = p->direction == DIRECTION_OUT ? p->interface : p->out_interface;

        w->filters = f;
        w->host = q->host;
        w->packet = p;
        w->in_assumed = q->in_assumed;
        w->local = p->direction == DIRECTION_IN ? TRUTH_YES : TRUTH_NO;
        know_headers(w);
        know_connection(w);
        know_interface(&w->facts, in, q->in_index, PART(in), PART(in_index));
        know_interface(&w->facts, out, q->out_index, PART(out), PART(out_index));
        w->original = w->facts;
        w->tracked = q->own != OWN_NOWHERE ||
                     filters_track(f, walk_is_ipv4(w) ? NFPROTO_IPV4 : NFPROTO_IPV6);
}

/* Conntrack sees the packet: an exempt one stays untracked; others are new. */
static void conntrack_look(Walk *w)
{
        uint32_t value, known;

        memcpy(&value, w->facts.value.ct_state, sizeof(value));
        memcpy(&known, w->facts.known.ct_state, sizeof(known));
        value = (value & CT_UNTRACKED) | (value & CT_INVALID ? CT_NEW : 0);
        known = (known & ~(CT_INVALID | CT_NEW)) | CT_INVALID | (known & CT_INVALID ? CT_NEW : 0);
        memcpy(w->facts.value.ct_state, &value, sizeof(value));
        memcpy(w->facts.known.ct_state, &known, sizeof(known));
        w->original = w->facts;
}

/* ---- one after another ---- */

/* A chain of netdev belongs to one interface. */
static Truth is_on_path(const Walk *w, const FilterChain *c)
{
        char padded[IFNAMSIZ] = { 0 };
        Part p = w->hook == HOOK_EGRESS ? PART(out) : PART(in);

        if (!c->device)
                return TRUTH_MAYBE;
        snprintf(padded, sizeof(padded), "%s", c->device);
        return bits_equal(facts_value(&w->facts, p), facts_known(&w->facts, p),
                (const uint8_t *)padded, NULL, sizeof(padded));
}

static unsigned own_outcome(Action verdict)
{
        switch (verdict) {
        case ACTION_DENY:
                return OUT_DROP;
        case ACTION_REJECT:
                return OUT_REJECT;
        case ACTION_LIMIT:
                return OUT_ACCEPT | OUT_REJECT;
        case ACTION_ALLOW:
        case _ACTION_MAX:
        case _ACTION_INVALID:
                break;
        }
        return OUT_ACCEPT;
}

static unsigned chain_outcome(Walk *w, const FilterChain *c)
{
        bool device = w->hook == HOOK_INGRESS || w->hook == HOOK_EGRESS;
        Truth here = device ? is_on_path(w, c) : TRUTH_YES;
        Facts before = w->facts;
        unsigned out;

        if (here == TRUTH_NO)
                return OUT_ACCEPT;
        out = chain_walk(w, c);
        if (here == TRUTH_MAYBE) {
                facts_join(&w->facts, &before);
                if (out & (OUT_DROP | OUT_REJECT)) {
                        w->why = "the interface";
                        w->why_limit = false;
                        walk_note(w);
                        out |= OUT_ACCEPT;
                }
        }
        return out;
}

static bool is_nat(const Stage *p)
{
        return p->legacy ? streq(p->legacy->name, "nat") : p->chain && p->chain->kind == FILTER_NAT;
}

/* Chains of type nat are asked once for each connection that conntrack follows: the first that
 * translates its address in a hook is the last there. */
static Truth nat_is_asked(Walk *w, const char **ret_why)
{
        Truth tracked = walk_is_tracked(w);

        *ret_why = !w->tracked                    ? "whether conntrack is in use"
                   : w->translated == TRUTH_MAYBE ? "whether its address was translated before"
                                                  : "whether it is tracked";
        return truth_and(
                truth_not(w->translated), w->tracked ? tracked : truth_and(tracked, TRUTH_MAYBE));
}

static unsigned nat_run(Walk *w, const Stage *p)
{
        Facts before = w->facts;
        Truth local = w->local;
        const char *why;
        Truth asked = nat_is_asked(w, &why);
        unsigned out;

        if (asked == TRUTH_NO)
                return OUT_ACCEPT;
        out = p->legacy ? legacy_walk(w, p->legacy) : chain_outcome(w, p->chain);
        if (asked == TRUTH_YES)
                return out;
        facts_join(&w->facts, &before);
        if (w->local != local)
                w->local = TRUTH_MAYBE;
        if (out & (OUT_DROP | OUT_REJECT)) {
                w->why = why;
                w->why_limit = false;
                walk_note(w);
        }
        return out | OUT_ACCEPT;
}

static unsigned program_run(Walk *w, const FilterProgram *p)
{
        w->family = p->family;
        w->table = PROGRAM_TABLE;
        w->chain = p->name;
        w->handle = 0;
        w->why = "what the program does";
        w->why_limit = false;
        walk_note(w);
        return OUT_ACCEPT | OUT_DROP;
}

static unsigned stage_run(Walk *w, const Stage *p, Action verdict)
{
        w->priority = p->priority;
        if (p->own)
                return own_outcome(verdict);
        if (p->program)
                return program_run(w, p->program);
        if (is_nat(p))
                return nat_run(w, p);
        return p->legacy ? legacy_walk(w, p->legacy) : chain_outcome(w, p->chain);
}

static bool is_mixed(unsigned outcome)
{
        return outcome & (outcome - 1);
}

static int hop_add(Passage *p, Walk *w, const Stage *stage, unsigned outcome)
{
        Hop h = { .own = stage->own,
                .hook = hook_name(w->hook),
                .priority = stage->priority,
                .legacy = stage->legacy,
                .outcome = outcome };
        int r;

        if (stage->own) {
                h.limit = is_mixed(outcome);
        } else if (stage->program) {
                h.family = stage->program->family;
                h.table = PROGRAM_TABLE;
                h.chain = stage->program->name;
                h.doubtful = true;
        } else {
                h.family = w->family;
                h.table = stage->legacy ? stage->legacy->name : stage->chain->table;
                h.chain = stage->legacy ? legacy_chain_name(w->hook) : stage->chain->name;
                h.rule = w->stopped_at;
                h.limit = is_mixed(outcome) && w->doubts.limit;
                h.doubtful = is_mixed(outcome) && (w->doubts.other || !w->doubts.limit);
        }
        if (h.doubtful)
                STRV_FOREACH (s, w->doubts.sentences)
                        if (strv_append(&p->doubts, *s) < 0)
                                return -ENOMEM;
        r = array_grow(&p->hops, p->n, sizeof(*p->hops));
        if (r >= 0)
                p->hops[p->n++] = h;
        return r;
}

/* Nothing goes on behind a hop that surely stops it. */
static int hook_run(Walk *w, const PassageQuestion *q, uint32_t hook, Passage *p, bool *ret_goes_on)
{
        Stages places = { 0 };
        bool goes_on = true;
        int r;

        w->hook = hook;
        /* a connection that has been translated before is not again */
        w->translated = w->looped && hook == NF_INET_PRE_ROUTING ? TRUTH_YES : TRUTH_NO;
        r = stages_find(w, q->own, &places);
        for (size_t i = 0; r >= 0 && goes_on && i < places.n; i++) {
                const Stage *stage = &places.items[i];
                unsigned out;

                if (stage->conntrack) {
                        if (!w->looped)
                                conntrack_look(w);
                        continue;
                }
                w->doubts = (Doubts){ 0 };
                w->why = NULL;
                out = stage_run(w, stage, q->verdict);
                r = w->failed ? -ENOMEM : hop_add(p, w, stage, out);
                strv_free(w->doubts.sentences);
                goes_on = out & OUT_ACCEPT;
                p->outcome |= out & (OUT_DROP | OUT_REJECT);
        }
        free(places.items);
        *ret_goes_on = goes_on;
        return r;
}

/* A packet from outside goes to input or forward or, if that is not known, both ways. */
static int inside_run(Walk *w, const PassageQuestion *q, Passage *p, bool *goes_on)
{
        Facts before = w->facts;
        bool other = true;
        int r = 0;

        if (w->local != TRUTH_NO)
                r = hook_run(w, q, NF_INET_LOCAL_IN, p, goes_on);
        if (r < 0 || w->local == TRUTH_YES)
                return r;
        if (w->local == TRUTH_MAYBE) {
                w->facts = before;
                p->doubtful = true;
                if (strv_printf(&p->doubts, "whether the translated destination is an address of "
                                            "this host is not known") < 0)
                        return -ENOMEM;
        }
        r = hook_run(w, q, NF_INET_FORWARD, p, &other);
        if (r >= 0 && other)
                r = hook_run(w, q, NF_INET_POST_ROUTING, p, &other);
        if (r >= 0 && other)
                r = hook_run(w, q, HOOK_EGRESS, p, &other);
        *goes_on = w->local == TRUTH_MAYBE ? *goes_on || other : other;
        return r;
}

/* A packet that is redirected to this host itself comes in again, over lo. */
static int loop_run(Walk *w, const PassageQuestion *q, Passage *p, bool *goes_on)
{
        static const uint32_t hooks[] = { NF_INET_PRE_ROUTING, NF_INET_LOCAL_IN };
        static const uint8_t lo[IFNAMSIZ] = "lo";
        static const uint32_t lo_index = 1;
        int r = 0;

        if (w->local == TRUTH_MAYBE) {
                p->doubtful = true;
                return strv_printf(&p->doubts,
                        "whether the translated destination is an address of this host is not "
                        "known");
        }
        w->looped = true;
        facts_know(&w->facts, PART(in), lo);
        facts_know(&w->facts, PART(in_index), &lo_index);
        for (size_t i = 0; r >= 0 && *goes_on && i < ELEMENTS(hooks); i++)
                r = hook_run(w, q, hooks[i], p, goes_on);
        return r;
}

static int outside_run(Walk *w, const PassageQuestion *q, Passage *p, bool *goes_on)
{
        static const uint32_t hooks[] = { NF_INET_LOCAL_OUT, NF_INET_POST_ROUTING, HOOK_EGRESS };
        int r = 0;

        for (size_t i = 0; r >= 0 && *goes_on && i < ELEMENTS(hooks); i++)
                r = hook_run(w, q, hooks[i], p, goes_on);
        return r >= 0 && *goes_on && w->local != TRUTH_NO ? loop_run(w, q, p, goes_on) : r;
}

static int coming_run(Walk *w, const PassageQuestion *q, Passage *p, bool *goes_on)
{
        int r = hook_run(w, q, HOOK_INGRESS, p, goes_on);

        if (r >= 0 && *goes_on)
                r = hook_run(w, q, NF_INET_PRE_ROUTING, p, goes_on);
        return r >= 0 && *goes_on ? inside_run(w, q, p, goes_on) : r;
}

static void passage_finish(Passage *p, const Walk *w, bool arrives)
{
        Part to = walk_address(w, true);
        uint16_t port;

        if (arrives)
                p->outcome |= OUT_ACCEPT;
        for (size_t i = 0; i < p->n; i++) {
                p->limit |= p->hops[i].limit;
                p->doubtful |= p->hops[i].doubtful;
                if (!p->decided && !(p->hops[i].outcome & OUT_ACCEPT) && !arrives)
                        p->decided = &p->hops[i];
        }
        p->exempt_table = w->exempt_table;
        p->exempt_family = w->exempt_family;
        p->mark_assumed = w->mark_asked;
        p->route_assumed = w->route_asked;
        p->in_assumed = w->in_asked;
        p->local = w->local;
        p->redirected = w->redirected;
        memcpy(&port, w->facts.value.transport + 2, sizeof(port));
        p->port = be16toh(port);
        p->to = (Address){ .family = w->packet->family };
        memcpy(p->to.bytes, facts_value(&w->facts, to), to.n);
        p->has_to = true;
        for (size_t i = 0; i < to.n; i++)
                p->has_to &= facts_known(&w->facts, to)[i] == 0xff;
        p->has_port = w->facts.known.transport[2] == 0xff && w->facts.known.transport[3] == 0xff;
}

int passage_find(const Filters *f, const PassageQuestion *q, Passage *ret)
{
        _cleanup_passage_ Passage p = { 0 };
        _cleanup_free_ Walk *w = calloc(1, sizeof(*w));
        bool goes_on = true;
        int r;

        if (!w)
                return -ENOMEM;
        walk_begin(w, f, q);
        r = q->packet->direction == DIRECTION_OUT ? outside_run(w, q, &p, &goes_on)
                                                  : coming_run(w, q, &p, &goes_on);
        free(w->candidates);
        if (r < 0)
                return r;
        passage_finish(&p, w, goes_on);
        *ret = TAKE_STRUCT(p);
        return 0;
}
