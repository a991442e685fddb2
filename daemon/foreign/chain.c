/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/foreign/chain.h"

#include "daemon/foreign/expressions.h"
#include "daemon/foreign/registers.h"

#include <linux/netfilter/nf_tables.h>

static unsigned chain_run(Walk *w, const FilterChain *c, unsigned depth);

/* The effect of one verdict, seen from the rule that gives it. */
static unsigned verdict_run(Walk *w, const Candidate *v, unsigned depth)
{
        const FilterChain *c;
        unsigned out;

        switch (v->code) {
        case NFT_CONTINUE:
                return OUT_NEXT;
        case NFT_RETURN:
                return OUT_BACK;
        case NF_ACCEPT:
                return OUT_ACCEPT;
        case NF_DROP:
                return OUT_DROP;
        case VERDICT_REJECT:
                return OUT_REJECT;
        case NFT_JUMP:
        case NFT_GOTO:
                c = v->chain ? filters_find_chain(w->filters, w->family, w->table, v->chain) : NULL;
                if (!c || depth >= WALK_DEPTH_MAX)
                        break;
                out = chain_run(w, c, depth + 1);
                if (v->code == NFT_JUMP && out & OUT_BACK)
                        out = (out & ~(unsigned)OUT_BACK) | OUT_NEXT;
                return out;
        }
        walk_doubt(w, "what a queue or another program decides", false);
        walk_note(w);
        return OUT_ANY;
}

/* The candidates are taken out of the walk: chains that they lead to have their own. */
static unsigned verdicts_run(Walk *w, Truth t, unsigned depth)
{
        _cleanup_free_ Candidate *candidates = TAKE_PTR(w->candidates);
        size_t n = w->n_candidates;
        bool several = t == TRUTH_MAYBE || n > 1, certain = w->certain;
        unsigned out = t == TRUTH_MAYBE ? OUT_NEXT : 0;
        uint64_t handle = w->handle;
        Facts before = w->facts;

        w->n_candidates = 0;
        for (size_t i = 0; i < n; i++) {
                w->certain &= !several;
                w->handle = handle;
                out |= verdict_run(w, &candidates[i], depth);
        }
        if (several)
                facts_join(&w->facts, &before);
        /* all paths lead to the next rule: nothing has been decided */
        if (out == OUT_NEXT)
                w->certain = certain;
        w->handle = handle;
        return out;
}

static void note_stop(Walk *w, unsigned out)
{
        if (out & (OUT_DROP | OUT_REJECT) && w->stopped_at == 0)
                w->stopped_at = w->handle;
}

/* Expressions until one says no. */
static Truth rule_match(Walk *w, const FilterRule *r)
{
        Bytes rest = { r->expressions, r->length }, expression, a[NFTA_EXPR_MAX + 1];
        Truth all = TRUTH_YES;
        uint16_t type;

        while (all != TRUTH_NO && attribute_next(&rest, &type, &expression)) {
                const char *name;
                bool certain = w->certain;

                attributes_read(expression, a, ELEMENTS(a));
                name = attribute_string(a[NFTA_EXPR_NAME]);
                w->certain &= all == TRUTH_YES;
                all = truth_and(all, expression_run(w, name ?: "?", a[NFTA_EXPR_DATA]));
                w->certain = certain;
                w->steps++;
        }
        return all;
}

static unsigned rule_run(Walk *w, const FilterRule *r, unsigned depth)
{
        unsigned out;
        Truth t;

        w->handle = r->handle;
        w->n_candidates = 0;
        w->why = NULL;
        w->why_limit = false;
        memset(w->registers.known, 0, sizeof(w->registers.known));
        t = rule_match(w, r);
        if (t == TRUTH_NO || w->n_candidates == 0)
                return OUT_NEXT;
        const char *why = w->why;
        bool limit = w->why_limit, several = t == TRUTH_MAYBE || w->n_candidates > 1;
        char text[sizeof(w->why_text)];

        memcpy(text, w->why_text, sizeof(text));
        out = verdicts_run(w, t, depth);
        note_stop(w, out);
        if (several && out != OUT_NEXT) {
                memcpy(w->why_text, text, sizeof(text));
                w->why = why;
                w->why_limit = limit;
                walk_note(w);
        }
        return out;
}

static unsigned chain_run(Walk *w, const FilterChain *c, unsigned depth)
{
        const char *caller = w->chain;
        unsigned all = 0, out = OUT_NEXT;

        w->chain = c->name;
        for (size_t i = 0; i < c->n && out & OUT_NEXT; i++) {
                if (w->steps > WALK_STEPS_MAX) {
                        w->why = "more rules than are followed";
                        w->why_limit = false;
                        walk_note(w);
                        all |= OUT_ANY;
                        break;
                }
                out = rule_run(w, c->rules[i], depth);
                all |= out & ~(unsigned)OUT_NEXT;
        }
        w->chain = caller;
        return out & OUT_NEXT ? all | OUT_BACK : all;
}

unsigned chain_walk(Walk *w, const FilterChain *c)
{
        unsigned out;

        w->family = c->family;
        w->table = c->table;
        w->chain = c->name;
        w->priority = c->priority;
        w->stopped_at = 0;
        w->stopped_by_policy = false;
        w->certain = true;
        out = chain_run(w, c, 0);
        w->chain = c->name;
        w->certain = true;
        if (!(out & OUT_BACK))
                return out;
        out &= ~(unsigned)OUT_BACK;
        if (c->policy != NF_DROP)
                return out | OUT_ACCEPT;
        w->stopped_by_policy = w->stopped_at == 0;
        return out | OUT_DROP;
}
