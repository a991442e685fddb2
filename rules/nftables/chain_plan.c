/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "rules/nftables/chain_plan.h"

#include "rules/nftables/key.h"
#include "rules/nftables/message.h"
#include "rules/nftables/set_plan.h"
#include "rules/nftables/statement.h"
#include "rules/nftables/table.h"

#include <errno.h>

/* Below this number of rules a chain is sent again as a whole. */
#define CHAIN_SMALL 4
/* From this number on the handles of a new chain are asked for when it is sent, else when it
 * changes. */
#define CHAIN_ECHOES 32
/* The distance within which the place is searched where two lists of rules continue alike. */
#define LOOK_AHEAD 64
/* Rules that the kernel may pass while it looks for handles: some milliseconds. */
#define WALK_MAX 1000000
#define NONE SIZE_MAX

typedef enum ChainChange {
        CHAIN_WHOLE,
        CHAIN_PART,
        CHAIN_SAME,
} ChainChange;

/* A chain of the new table, and what is known of the old one. */
struct PlannedChain {
        NftChain *old; /* NULL: it is new */
        ChainChange change;
        size_t *origin; /* of each new rule: the old one that it is, or NONE */
};

static bool uses_reshaped(const NftChainPlan *p, const NftRule *r)
{
        for (size_t i = 0; i < r->n; i++) {
                const NftStatement *s = &p->new->statements[r->first + i];

                if (nft_statement_has_set(s) && nft_set_plan_reshapes(p->sets, &s->set))
                        return true;
        }
        return false;
}

static bool rule_stays(const NftChainPlan *p, const NftRule *old, const NftRule *new)
{
        return nft_rule_equal(p->old, old, p->new, new) &&
               !(p->sets->any_reshaped && uses_reshaped(p, new));
}

static NftChain *chain_find(const NftTable *t, const NftChainKey *key)
{
        return t->chains ? bsearch(key, t->chains, t->n_chains, sizeof(NftChain),
                                   nft_chain_key_compare)
                         : NULL;
}

static int chain_read_handles(const NftChainPlan *p, NftChain *old)
{
        _cleanup_free_ uint64_t *handles = NULL;
        int r;

        if (old->handles)
                return 0;
        if (!p->reader)
                return -EOPNOTSUPP;
        handles = calloc(old->n, sizeof(uint64_t));
        if (!handles)
                return -ENOMEM;
        r = p->reader(p->data, &old->key, handles, old->n);
        if (r >= 0)
                old->handles = TAKE_PTR(handles);
        return r;
}

/* The position in two chains: the next old rule, the next new one. */
typedef struct ChainPair {
        const NftChain *old, *new;
        size_t i, k;
} ChainPair;

/* So many old rules out, so many new ones in. */
typedef struct ChainStep {
        size_t out, in;
} ChainStep;

/* Until the chains go on alike, which differ here. Nothing near: one of each. */
static ChainStep find_step(const NftChainPlan *p, const ChainPair *at)
{
        for (size_t n = 1; n <= LOOK_AHEAD; n++) {
                if (at->k + n < at->new->n &&
                        rule_stays(p, &at->old->rules[at->i], &at->new->rules[at->k + n]))
                        return (ChainStep){ 0, n };
                if (at->i + n < at->old->n &&
                        rule_stays(p, &at->old->rules[at->i + n], &at->new->rules[at->k]))
                        return (ChainStep){ n, 0 };
        }
        return (ChainStep){ 1, 1 };
}

/* Finds the old rule that each new one equals, if any; ascending. Returns how many rules come and
 * go. */
static size_t match_rules(
        const NftChainPlan *p, const NftChain *old, const NftChain *new, size_t *origin)
{
        ChainPair at = { .old = old, .new = new };
        size_t changes = 0;

        while (at.i < old->n && at.k < new->n) {
                ChainStep step;

                if (rule_stays(p, &old->rules[at.i], &new->rules[at.k])) {
                        origin[at.k++] = at.i++;
                        continue;
                }
                step = find_step(p, &at);
                changes += step.out + step.in;
                for (at.i += step.out; step.in > 0; step.in--)
                        origin[at.k++] = NONE;
        }
        changes += old->n - at.i + new->n - at.k;
        while (at.k < new->n)
                origin[at.k++] = NONE;
        return changes;
}

/* The kernel walks the chain for every handle: many changes cost more than sending the whole chain.
 */
static bool is_worth_it(const NftChain *old, const NftChain *new, size_t changes)
{
        return old->n >= CHAIN_SMALL && changes < (old->n + new->n) / 2 &&
               changes * old->n <= WALK_MAX;
}

static int plan_chain(const NftChainPlan *p, PlannedChain *c, const NftChain *new)
{
        size_t changes;
        int r;

        if (!c->old)
                return 0;
        c->origin = calloc(new->n + 1, sizeof(size_t));
        if (!c->origin)
                return -ENOMEM;
        changes = match_rules(p, c->old, new, c->origin);
        if (changes == 0) {
                c->change = CHAIN_SAME;
                return 0;
        }
        r = is_worth_it(c->old, new, changes) ? chain_read_handles(p, c->old) : -EOPNOTSUPP;
        if (r == -ENOMEM)
                return r;
        c->change = r < 0 ? CHAIN_WHOLE : CHAIN_PART;
        return 0;
}

/* The handles of the rules that stay; those of new ones come as echoes. */
static int chain_take_handles(const PlannedChain *c, NftChain *new)
{
        bool known = c->change == CHAIN_WHOLE ? new->n >= CHAIN_ECHOES : c->old->handles != NULL;

        free(new->handles);
        new->handles = NULL;
        if (!known || new->n == 0)
                return 0;
        new->handles = calloc(new->n, sizeof(uint64_t));
        if (!new->handles)
                return -ENOMEM;
        if (c->change == CHAIN_WHOLE)
                return 0;
        for (size_t i = 0; i < new->n; i++)
                if (c->origin[i] != NONE)
                        new->handles[i] = c->old->handles[c->origin[i]];
        return 0;
}

int nft_chain_plan_make(NftChainPlan *p)
{
        p->chains = calloc(p->new->n_chains + 1, sizeof(PlannedChain));
        if (!p->chains)
                return -ENOMEM;
        for (size_t i = 0; i < p->new->n_chains; i++) {
                PlannedChain *c = &p->chains[i];
                NftChain *new = &p->new->chains[i];
                int r;

                c->old = chain_find(p->old, &new->key);
                r = plan_chain(p, c, new);
                if (r >= 0)
                        r = chain_take_handles(c, new);
                if (r < 0)
                        return r;
        }
        return 0;
}

void nft_chain_plan_deinit(NftChainPlan *p)
{
        for (size_t i = 0; p->chains && i < p->new->n_chains; i++)
                free(p->chains[i].origin);
        free(p->chains);
}

/* ---- messages ---- */

void nft_chain_plan_put_new(NftBatch *b, const NftChainPlan *p)
{
        for (size_t i = 0; i < p->new->n_chains; i++)
                if (!p->chains[i].old)
                        nft_put_chain(b, &p->new->chains[i].key);
}

/* Old rules that equal no new one. */
static void put_some_rules_out(
        NftBatch *b, const PlannedChain *c, const NftChain *new, const char *name)
{
        size_t i = 0;

        for (size_t k = 0; k < new->n; k++) {
                if (c->origin[k] == NONE)
                        continue;
                for (; i < c->origin[k]; i++)
                        nft_put_delete_rules(b, name, c->old->handles[i]);
                i++;
        }
        for (; i < c->old->n; i++)
                nft_put_delete_rules(b, name, c->old->handles[i]);
}

void nft_chain_plan_put_rules_out(NftBatch *b, const NftChainPlan *p)
{
        char name[NFT_NAME_TEXT_MAX];

        for (size_t i = 0; i < p->new->n_chains; i++) {
                const PlannedChain *c = &p->chains[i];

                if (!c->old || c->change == CHAIN_SAME || c->old->n == 0)
                        continue;
                nft_chain_name(&c->old->key, name);
                if (c->change == CHAIN_WHOLE)
                        nft_put_delete_rules(b, name, 0);
                else
                        put_some_rules_out(b, c, &p->new->chains[i], name);
        }
        for (size_t i = 0; i < p->old->n_chains; i++)
                if (p->old->chains[i].n > 0 && !chain_find(p->new, &p->old->chains[i].key))
                        nft_put_delete_rules(b, nft_chain_name(&p->old->chains[i].key, name), 0);
}

/* New rules before the next one that stays, or at the end. */
static void put_some_rules_in(
        NftBatch *b, const NftTable *table, const PlannedChain *planned, NftChain *c)
{
        size_t next = 0;

        for (size_t k = 0; k < c->n; k++) {
                if (planned->origin[k] != NONE)
                        continue;
                for (next = next > k ? next : k; next < c->n && planned->origin[next] == NONE;)
                        next++;
                nft_put_rule(b, table, &c->key, &c->rules[k], next < c->n ? c->handles[next] : 0,
                        &c->handles[k]);
        }
}

/* Of many rules the first and the last are echoed: nft_update_settle() knows the rest. */
static void put_all_rules_in(NftBatch *b, const NftTable *table, NftChain *c)
{
        for (size_t k = 0; k < c->n; k++) {
                bool echo = c->handles && (k == 0 || k == c->n - 1);

                nft_put_rule(b, table, &c->key, &c->rules[k], 0, echo ? &c->handles[k] : NULL);
        }
}

void nft_chain_plan_put_rules_in(NftBatch *b, const NftChainPlan *p)
{
        for (size_t i = 0; i < p->new->n_chains; i++) {
                NftChain *c = &p->new->chains[i];

                if (p->chains[i].change == CHAIN_PART)
                        put_some_rules_in(b, p->new, &p->chains[i], c);
                else if (p->chains[i].change == CHAIN_WHOLE)
                        put_all_rules_in(b, p->new, c);
        }
}

void nft_chain_plan_put_gone(NftBatch *b, const NftChainPlan *p)
{
        char name[NFT_NAME_TEXT_MAX];

        for (size_t i = 0; i < p->old->n_chains; i++)
                if (!chain_find(p->new, &p->old->chains[i].key))
                        nft_put_delete_chain(b, nft_chain_name(&p->old->chains[i].key, name));
}
