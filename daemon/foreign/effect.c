/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the sentences and codes of the host's verdict. Does not look at a rule: that is hooks.c's.
 */

#include "daemon/foreign/effect.h"

#include "daemon/foreign/walk.h"
#include "daemon/foreign/way.h"
#include "daemon/netlink/netlink.h"
#include "rules/base/array.h"
#include "rules/base/strv.h"
#include "rules/base/text.h"
#include "rules/report/explain.h"

#include <errno.h>
#include <stdio.h>

void effect_deinit(Effect *e)
{
        for (size_t i = 0; i < e->n; i++) {
                free(e->obstacles[i].table);
                free(e->obstacles[i].chain);
        }
        free(e->obstacles);
        *e = (Effect){ 0 };
}

/* ---- each hop ---- */

static const char *outcome_word(const Hop *h)
{
        switch (h->outcome) {
        case OUT_ACCEPT:
                return "allow";
        case OUT_DROP:
                return "deny";
        case OUT_REJECT:
                return "reject";
        }
        return h->limit && !h->doubtful ? "limit" : "undetermined";
}

static const char *outcome_code(const Hop *h)
{
        switch (h->outcome) {
        case OUT_DROP:
                return "FOREIGN_DROP";
        case OUT_REJECT:
                return "FOREIGN_REJECT";
        }
        return h->limit && !h->doubtful ? "FOREIGN_LIMIT" : "UNDETERMINED";
}

static const char *outcome_sentence(const Hop *h)
{
        switch (h->outcome) {
        case OUT_ACCEPT:
                return "passes";
        case OUT_DROP:
                return "dropped";
        case OUT_REJECT:
                return "rejected";
        }
        if (!(h->outcome & OUT_ACCEPT))
                return "dropped or rejected";
        return h->limit && !h->doubtful ? "passes up to a limit" : "may be stopped";
}

static int path_add_hop(char ***path, const Hop *h, const char *verdict)
{
        char by[48] = "";

        if (h->own)
                return strv_printf(path, "%s, p25: %s", h->hook, verdict);
        if (h->outcome != OUT_ACCEPT && h->rule != 0 && !h->legacy)
                snprintf(by, sizeof(by), " by the rule with handle %llu",
                        (unsigned long long)h->rule);
        else if (h->outcome == OUT_DROP && h->rule == 0)
                snprintf(by, sizeof(by), " by the policy");
        return strv_printf(path, "%s, %stable %s %s, chain %s: %s%s", h->hook,
                h->legacy ? "iptables " : "", netlink_family_to_string(h->family), h->table,
                h->chain, outcome_sentence(h), by);
}

static int obstacle_add(Effect *e, const Hop *h)
{
        Obstacle o = { .verdict = outcome_word(h), .code = outcome_code(h) };
        int r = array_grow(&e->obstacles, e->n, sizeof(*e->obstacles));

        if (r < 0 || asprintf(&o.table, "%s %s", netlink_family_to_string(h->family), h->table) < 0)
                return -ENOMEM;
        o.chain = strdup(h->chain);
        if (!o.chain) {
                free(o.table);
                return -ENOMEM;
        }
        text_make_printable(o.table);
        text_make_printable(o.chain);
        e->obstacles[e->n++] = o;
        return 0;
}

static int hops_tell(const Passage *p, Action verdict, Explanation *e, Effect *effect)
{
        int r = 0;

        for (size_t i = 0; r >= 0 && i < p->n; i++) {
                const Hop *h = &p->hops[i];

                r = path_add_hop(&e->path, h, action_to_string(verdict));
                if (r >= 0 && !h->own && h->outcome != OUT_ACCEPT)
                        r = obstacle_add(effect, h);
        }
        return r;
}

/* Connections that conntrack does not follow can be found later only in p25's own table and among
 * this host's own sockets. */
static int exempt_tell(const Passage *p, const EffectQuestion *q, Explanation *e, Effect *effect)
{
        if (!p->exempt_table)
                return 0;
        snprintf(effect->exempt, sizeof(effect->exempt), "%s %s",
                netlink_family_to_string(p->exempt_family), p->exempt_table);
        text_make_printable(effect->exempt);
        if (q->packet->direction != DIRECTION_ROUTED || q->own == OWN_NFTABLES)
                return 0;
        return strv_printf(&e->path,
                "table %s exempts it from conntrack, or may: once open, it is not cut by a change "
                "that denies it",
                effect->exempt);
}

/* ---- the verdict ---- */

/* Stopped surely: by p25, or by the hop from which nothing goes on. */
static void conclude_stopped(const Passage *p, Explanation *e)
{
        const Hop *h = p->decided;

        if (h && h->own) {
                e->effective = outcome_word(h);
                return;
        }
        e->effective = p->outcome & OUT_DROP ? "deny" : "reject";
        e->code = h && h->outcome == OUT_REJECT ? "FOREIGN_REJECT" : "FOREIGN_DROP";
}

/* No rule of p25 decides: it is not managed, or p25 is inactive. */
static void conclude_passes(Explanation *e)
{
        e->effective = "allow";
        if (streq(e->code, "UNDETERMINED"))
                e->code = "P25_DEFAULT";
}

static bool has_foreign_limit(const Passage *p)
{
        for (size_t i = 0; i < p->n; i++)
                if (p->hops[i].limit && !p->hops[i].own)
                        return true;
        return false;
}

static void conclude_mixed(const Passage *p, Explanation *e)
{
        if (p->doubtful || !p->limit) {
                e->effective = "undetermined";
                e->code = "UNDETERMINED";
                return;
        }
        e->effective = "limit";
        if (has_foreign_limit(p))
                e->code = "FOREIGN_LIMIT";
}

static int assume(const Passage *p, const Completion *c, Explanation *e)
{
        int r = 0;

        STRV_FOREACH (s, p->doubts)
                if (r >= 0 && !strv_contains(e->assumptions, *s))
                        r = strv_append(&e->assumptions, *s);
        if (r >= 0 && p->in_assumed)
                r = way_assume_in(c, &e->assumptions);
        if (r >= 0 && p->mark_assumed)
                r = strv_append(&e->assumptions,
                        "the packet has no mark (SO_MARK) when it reaches the first rule");
        if (r >= 0 && p->route_assumed)
                r = strv_append(&e->assumptions,
                        "the source is reached by the interface from which the packet comes (fib)");
        if (r >= 0 && p->outcome == (OUT_DROP | OUT_REJECT))
                r = strv_append(&e->assumptions,
                        "it is stopped in any case; by a drop or a reject, which of the two is not "
                        "known");
        return r;
}

static int conclude(const Filters *f, const Passage *p, const Completion *c, Explanation *e)
{
        int r = 0;

        if (!(p->outcome & OUT_ACCEPT))
                conclude_stopped(p, e);
        else if (p->outcome == OUT_ACCEPT)
                conclude_passes(e);
        else
                conclude_mixed(p, e);
        STRV_FOREACH (s, f->unread)
                if (r >= 0)
                        r = strv_append(&e->assumptions, *s);
        if (r >= 0 && f->unread && p->outcome & OUT_ACCEPT) {
                e->effective = "undetermined";
                e->code = "UNDETERMINED";
        }
        return r < 0 ? r : assume(p, c, e);
}

/* ---- routes and listeners: for what the filters let pass ---- */

static int refuse(Explanation *e, const char *code, const char *sentence)
{
        e->effective = "reject";
        e->code = code;
        return strv_append(&e->path, sentence);
}

static int look_for_listener(Way *w, const EffectQuestion *q, const Passage *p, Explanation *e)
{
        const Address *to = p->redirected       ? p->has_to ? &p->to : NULL
                            : q->packet->has_to ? &q->packet->to
                                                : NULL;

        if (!p->has_port || way_listens(w, q->packet->family, to, p->port) != TRUTH_NO)
                return 0;
        return refuse(e, "NO_LISTENER",
                "no process on this host listens on the port: the kernel "
                "answers with a reset");
}

static int look_at_way(Way *w, const EffectQuestion *q, const Passage *p, Explanation *e)
{
        const char *obstacle = way_obstacle(w, q->packet);

        if (!(p->outcome & OUT_ACCEPT))
                return 0;
        if (obstacle)
                return refuse(e, "NO_ROUTE", obstacle);
        if (q->packet->direction == DIRECTION_IN && p->local == TRUTH_YES)
                return look_for_listener(w, q, p, e);
        return 0;
}

/* It was asked as incoming, and would pass through, or go by. */
static int look_at_destination(Way *w, const Packet *p, Explanation *e)
{
        char shown[ADDRESS_TEXT_MAX];

        if (p->direction != DIRECTION_IN || !p->has_to || way_is_own(w, &p->to))
                return 0;
        return strv_printf(&e->assumptions,
                "%s is not an address of this host: a connection to it is routed (explain routed)",
                address_format(&p->to, shown));
}

/* It was asked as this host's own, from an address that the host does not have. */
static int look_at_source(Way *w, const Packet *p, Explanation *e)
{
        char shown[ADDRESS_TEXT_MAX];

        if (p->direction != DIRECTION_OUT || !p->has_from || way_is_own(w, &p->from))
                return 0;
        return strv_printf(&e->assumptions,
                "%s is not an address of this host: a connection from it is routed, or comes in "
                "(explain routed, explain in)",
                address_format(&p->from, shown));
}

/* A rule may name an interface that is not there yet; who asks has mistaken its name, most often.
 */
static int look_at_interfaces(const Packet *p, Explanation *e)
{
        const char *names[] = { p->interface, p->in_interface, p->out_interface };
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ELEMENTS(names); i++)
                if (names[i] && if_nametoindex(names[i]) == 0)
                        r = strv_printf(
                                &e->assumptions, "there is no interface %s on this host", names[i]);
        return r;
}

static void question_complete(const Completion *c, PassageQuestion *asked)
{
        const Packet *p = &c->packet;
        const char *in = p->direction == DIRECTION_IN ? p->interface : p->in_interface,
                   *out = p->direction == DIRECTION_OUT ? p->interface : p->out_interface;

        asked->packet = p;
        asked->in_index = in ? if_nametoindex(in) : 0;
        asked->out_index = out ? if_nametoindex(out) : 0;
        asked->in_assumed = c->in_assumed;
}

int effect_find(const Filters *f, Way *w, const EffectQuestion *q, Explanation *e, Effect *ret)
{
        _cleanup_passage_ Passage p = { 0 };
        HostView view = w ? way_view(w) : (HostView){ 0 };
        PassageQuestion asked = { .own = q->own, .verdict = q->verdict, .host = &view };
        const Completion plain = { .packet = *q->packet }, *c = q->completion ?: &plain;
        int r;

        question_complete(c, &asked);
        if ((r = passage_find(f, &asked, &p)) < 0 || (r = hops_tell(&p, q->verdict, e, ret)) < 0 ||
                (r = exempt_tell(&p, q, e, ret)) < 0 || (r = conclude(f, &p, c, e)) < 0 ||
                (w && ((r = look_at_destination(w, q->packet, e)) < 0 ||
                              (r = look_at_source(w, q->packet, e)) < 0 ||
                              (r = look_at_interfaces(q->packet, e)) < 0 ||
                              (r = look_at_way(w, q, &p, e)) < 0)))
                return r;
        return 0;
}
