/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The difference of two tables as a batch. The order matters to the kernel: what is named must
 * be there, what is taken away must not be used any more. So: new counters and chains; rules out;
 * sets out, in and changed; rules in; chains and counters out.
 */

#include "rules/nftables/update.h"

#include "rules/nftables/key.h"
#include "rules/nftables/message.h"
#include "rules/nftables/statement.h"
#include "rules/nftables/table.h"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>

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
typedef struct ChainPlan {
        NftChain *old; /* NULL: it is new */
        ChainChange change;
        size_t *origin; /* of each new rule: the old one that it is, or NONE */
} ChainPlan;

typedef struct Update {
        NftBatch *batch;
        NftTable *old, *new;
        NftHandleReader reader;
        void *data;
        bool *fresh;    /* of the new sets: not there in this shape */
        bool *fill;     /* of the new sets: with all that they hold */
        bool *reshaped; /* of the new sets: there in another shape */
        bool any_reshaped;
        ChainPlan *plans; /* of the new chains */
} Update;

static void update_deinit(Update *u)
{
        free(u->fresh);
        free(u->fill);
        free(u->reshaped);
        for (size_t i = 0; u->plans && i < u->new->n_chains; i++)
                free(u->plans[i].origin);
        free(u->plans);
}

/* ---- sets ---- */

static const NftSet *set_find(const NftTable *t, const NftSetKey *key)
{
        return t->sets ? bsearch(key, t->sets, t->n_sets, sizeof(NftSet), nft_set_key_compare)
                       : NULL;
}

/* The number of sets from i on that hold parts of one list. */
static size_t list_length(const NftTable *t, size_t i)
{
        size_t n = 1;

        while (i + n < t->n_sets && nft_set_same_list(&t->sets[i], &t->sets[i + n]))
                n++;
        return n;
}

/* What is of a length that the list had not is in what came to it, if that is asked for at all. */
static bool comes_by_difference(const Update *u, const NftSet *new, bool any_stays)
{
        return any_stays && new->ranges && !new->timed && !set_find(u->old, &new->key);
}

/* One list, of n sets from i on: which of them are new, or are made again. */
static void plan_list(Update *u, size_t i, size_t n)
{
        bool asked = false, much = false, any_stays = false;

        for (size_t k = i; k < i + n; k++) {
                const NftSet *new = &u->new->sets[k], *old = set_find(u->old, &new->key);

                if (old && !asked) {
                        much = nft_set_has_changed_much(old, new);
                        asked = true;
                }
                u->fresh[k] = !old || much || !nft_set_same_shape(old, new);
                u->reshaped[k] = old && u->fresh[k];
                u->any_reshaped = u->any_reshaped || u->reshaped[k];
                any_stays = any_stays || !u->fresh[k];
        }
        for (size_t k = i; k < i + n; k++)
                u->fill[k] = u->fresh[k] && !comes_by_difference(u, &u->new->sets[k], any_stays);
}

static void plan_sets(Update *u)
{
        size_t n;

        for (size_t i = 0; i < u->new->n_sets; i += n) {
                n = list_length(u->new, i);
                plan_list(u, i, n);
        }
}

static void put_gone_sets(Update *u)
{
        char name[NFT_NAME_TEXT_MAX];

        for (size_t i = 0; i < u->old->n_sets; i++) {
                const NftSet *new = set_find(u->new, &u->old->sets[i].key);

                if (!new || u->reshaped[new - u->new->sets])
                        nft_put_delete_set(u->batch, nft_set_name(&u->old->sets[i].key, name));
        }
}

/* A set is filled again if its shape is another, or if all sets of the list are. */
static void put_difference(Update *u, size_t k, size_t n_old, size_t i, size_t n)
{
        bool all_fresh = true;

        for (size_t j = i; j < i + n; j++)
                all_fresh = all_fresh && u->fresh[j];
        if (!all_fresh)
                nft_put_elements_difference(u->batch, u->old->sets + k, n_old, u->new->sets + i, n);
}

static void put_sets(Update *u)
{
        const NftTable *new = u->new, *old = u->old;
        size_t n, k = 0, n_old;

        for (size_t i = 0; i < new->n_sets; i++)
                if (u->fresh[i])
                        nft_put_set(u->batch, &new->sets[i]);
        for (size_t i = 0; i < new->n_sets; i += n) {
                n = list_length(new, i);
                nft_put_elements(u->batch, new->sets + i, n, u->fill + i);
                /* The same list in the old table: both are sorted alike. */
                while (k < old->n_sets && !nft_set_same_list(&old->sets[k], &new->sets[i]) &&
                        nft_set_key_compare(&old->sets[k].key, &new->sets[i].key) < 0)
                        k++;
                if (k == old->n_sets || !nft_set_same_list(&old->sets[k], &new->sets[i]))
                        continue;
                n_old = list_length(old, k);
                put_difference(u, k, n_old, i, n);
                k += n_old;
        }
}

/* ---- chains ---- */

static bool uses_reshaped(const Update *u, const NftRule *r)
{
        for (size_t i = 0; i < r->n; i++) {
                const NftStatement *s = &u->new->statements[r->first + i];
                const NftSet *set;

                if (!nft_statement_has_set(s))
                        continue;
                set = set_find(u->new, &s->set);
                if (set && u->reshaped[set - u->new->sets])
                        return true;
        }
        return false;
}

static bool rule_stays(const Update *u, const NftRule *old, const NftRule *new)
{
        return nft_rule_equal(u->old, old, u->new, new) &&
               !(u->any_reshaped && uses_reshaped(u, new));
}

static NftChain *chain_find(const NftTable *t, const NftChainKey *key)
{
        return t->chains ? bsearch(key, t->chains, t->n_chains, sizeof(NftChain),
                                   nft_chain_key_compare)
                         : NULL;
}

static int chain_read_handles(Update *u, NftChain *old)
{
        _cleanup_free_ uint64_t *handles = NULL;
        int r;

        if (old->handles)
                return 0;
        if (!u->reader)
                return -EOPNOTSUPP;
        handles = calloc(old->n, sizeof(uint64_t));
        if (!handles)
                return -ENOMEM;
        r = u->reader(u->data, &old->key, handles, old->n);
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
static ChainStep find_step(const Update *u, const ChainPair *p)
{
        for (size_t n = 1; n <= LOOK_AHEAD; n++) {
                if (p->k + n < p->new->n &&
                        rule_stays(u, &p->old->rules[p->i], &p->new->rules[p->k + n]))
                        return (ChainStep){ 0, n };
                if (p->i + n < p->old->n &&
                        rule_stays(u, &p->old->rules[p->i + n], &p->new->rules[p->k]))
                        return (ChainStep){ n, 0 };
        }
        return (ChainStep){ 1, 1 };
}

/* Finds the old rule that each new one equals, if any; ascending. Returns the number of new rules
 * without one. */
static size_t match_rules(const Update *u, const NftChain *old, const NftChain *new, size_t *origin)
{
        ChainPair p = { .old = old, .new = new };
        size_t changes = 0;

        while (p.i < old->n && p.k < new->n) {
                ChainStep step;

                if (rule_stays(u, &old->rules[p.i], &new->rules[p.k])) {
                        origin[p.k++] = p.i++;
                        continue;
                }
                step = find_step(u, &p);
                changes += step.out + step.in;
                for (p.i += step.out; step.in > 0; step.in--)
                        origin[p.k++] = NONE;
        }
        changes += old->n - p.i + new->n - p.k;
        while (p.k < new->n)
                origin[p.k++] = NONE;
        return changes;
}

/* The kernel walks the chain for every handle: many changes cost more than sending the whole chain.
 */
static bool is_worth_it(const NftChain *old, const NftChain *new, size_t changes)
{
        return old->n >= CHAIN_SMALL && changes < (old->n + new->n) / 2 &&
               changes * old->n <= WALK_MAX;
}

static int plan_chain(Update *u, ChainPlan *p, const NftChain *new)
{
        NftChain *old = p->old;
        size_t changes;
        int r;

        if (!old)
                return 0;
        p->origin = calloc(new->n + 1, sizeof(size_t));
        if (!p->origin)
                return -ENOMEM;
        changes = match_rules(u, old, new, p->origin);
        if (changes == 0) {
                p->change = CHAIN_SAME;
                return 0;
        }
        r = is_worth_it(old, new, changes) ? chain_read_handles(u, old) : -EOPNOTSUPP;
        if (r == -ENOMEM)
                return r;
        p->change = r < 0 ? CHAIN_WHOLE : CHAIN_PART;
        return 0;
}

/* The handles of the rules that stay; those of new ones come as echoes. */
static int chain_take_handles(const ChainPlan *p, NftChain *new)
{
        bool known = p->change == CHAIN_WHOLE ? new->n >= CHAIN_ECHOES : p->old->handles != NULL;

        free(new->handles);
        new->handles = NULL;
        if (!known || new->n == 0)
                return 0;
        new->handles = calloc(new->n, sizeof(uint64_t));
        if (!new->handles)
                return -ENOMEM;
        if (p->change == CHAIN_WHOLE)
                return 0;
        for (size_t i = 0; i < new->n; i++)
                if (p->origin[i] != NONE)
                        new->handles[i] = p->old->handles[p->origin[i]];
        return 0;
}

static int plan_chains(Update *u)
{
        for (size_t i = 0; i < u->new->n_chains; i++) {
                ChainPlan *p = &u->plans[i];
                int r;

                p->old = chain_find(u->old, &u->new->chains[i].key);
                r = plan_chain(u, p, &u->new->chains[i]);
                if (r >= 0)
                        r = chain_take_handles(p, &u->new->chains[i]);
                if (r < 0)
                        return r;
        }
        return 0;
}

static void put_new_chains(Update *u)
{
        for (size_t i = 0; i < u->new->n_chains; i++)
                if (!u->plans[i].old)
                        nft_put_chain(u->batch, &u->new->chains[i].key);
}

/* Old rules that equal no new one. */
static void put_some_rules_out(
        NftBatch *b, const ChainPlan *p, const NftChain *new, const char *name)
{
        size_t i = 0;

        for (size_t k = 0; k < new->n; k++) {
                if (p->origin[k] == NONE)
                        continue;
                for (; i < p->origin[k]; i++)
                        nft_put_delete_rules(b, name, p->old->handles[i]);
                i++;
        }
        for (; i < p->old->n; i++)
                nft_put_delete_rules(b, name, p->old->handles[i]);
}

static void put_rules_out(Update *u)
{
        char name[NFT_NAME_TEXT_MAX];

        for (size_t i = 0; i < u->new->n_chains; i++) {
                const ChainPlan *p = &u->plans[i];

                if (!p->old || p->change == CHAIN_SAME || p->old->n == 0)
                        continue;
                nft_chain_name(&p->old->key, name);
                if (p->change == CHAIN_WHOLE)
                        nft_put_delete_rules(u->batch, name, 0);
                else
                        put_some_rules_out(u->batch, p, &u->new->chains[i], name);
        }
        for (size_t i = 0; i < u->old->n_chains; i++)
                if (u->old->chains[i].n > 0 && !chain_find(u->new, &u->old->chains[i].key))
                        nft_put_delete_rules(
                                u->batch, nft_chain_name(&u->old->chains[i].key, name), 0);
}

/* New rules before the next one that stays, or at the end. */
static void put_some_rules_in(Update *u, const ChainPlan *p, NftChain *c)
{
        size_t next = 0;

        for (size_t k = 0; k < c->n; k++) {
                if (p->origin[k] != NONE)
                        continue;
                for (next = next > k ? next : k; next < c->n && p->origin[next] == NONE;)
                        next++;
                nft_put_rule(u->batch, u->new, &c->key, &c->rules[k],
                        next < c->n ? c->handles[next] : 0, &c->handles[k]);
        }
}

/* Of many rules the first and the last are echoed: nft_update_settle() knows the rest. */
static void put_all_rules_in(Update *u, NftChain *c)
{
        for (size_t k = 0; k < c->n; k++) {
                bool echo = c->handles && (k == 0 || k == c->n - 1);

                nft_put_rule(
                        u->batch, u->new, &c->key, &c->rules[k], 0, echo ? &c->handles[k] : NULL);
        }
}

static void put_rules_in(Update *u)
{
        for (size_t i = 0; i < u->new->n_chains; i++) {
                const ChainPlan *p = &u->plans[i];
                NftChain *c = &u->new->chains[i];

                if (p->change == CHAIN_PART)
                        put_some_rules_in(u, p, c);
                else if (p->change == CHAIN_WHOLE)
                        put_all_rules_in(u, c);
        }
}

static void put_gone_chains(Update *u)
{
        char name[NFT_NAME_TEXT_MAX];

        for (size_t i = 0; i < u->old->n_chains; i++)
                if (!chain_find(u->new, &u->old->chains[i].key))
                        nft_put_delete_chain(
                                u->batch, nft_chain_name(&u->old->chains[i].key, name));
}

/* ---- counters ---- */

/* Those of a that b has not; both ascend. */
static void put_counters(NftBatch *b, const NftTable *from, const NftTable *without, NftVerb verb)
{
        char name[NFT_NAME_TEXT_MAX];
        size_t k = 0;

        for (size_t i = 0; i < from->n_counters; i++) {
                uint64_t id = from->counters[i];

                while (k < without->n_counters && without->counters[k] < id)
                        k++;
                if (k < without->n_counters && without->counters[k] == id)
                        continue;
                if (verb == NFT_ADD)
                        nft_put_counter(b, id, 0, 0);
                else
                        nft_put_delete_object(b, nft_counter_name(id, name), NFT_OBJECT_COUNTER);
        }
}

int nft_update_build(NftBatch *b, NftTable *old, NftTable *new, NftHandleReader reader, void *data)
{
        NftTable nothing = { 0 };
        _cleanup_(update_deinit) Update u = {
                .batch = b, .old = old ? old : &nothing, .new = new, .reader = reader, .data = data
        };
        int r;

        u.fresh = calloc(new->n_sets + 1, sizeof(bool));
        u.fill = calloc(new->n_sets + 1, sizeof(bool));
        u.reshaped = calloc(new->n_sets + 1, sizeof(bool));
        u.plans = calloc(new->n_chains + 1, sizeof(ChainPlan));
        if (!u.fresh || !u.fill || !u.reshaped || !u.plans)
                return -ENOMEM;
        plan_sets(&u);
        r = plan_chains(&u);
        if (r < 0)
                return r;
        put_counters(b, new, u.old, NFT_ADD);
        put_new_chains(&u);
        put_rules_out(&u);
        put_gone_sets(&u);
        put_sets(&u);
        put_rules_in(&u);
        put_gone_chains(&u);
        put_counters(b, u.old, new, NFT_DELETE);
        return b->failed ? -ENOMEM : 0;
}

/* Handles are counted up, message by message: between the first and the last of a chain that was
 * sent whole, if they differ by as much as they are apart, there is one for each. */
static void chain_fill_handles(NftChain *c)
{
        uint64_t *h = c->handles;

        if (c->n < 3 || h[0] == 0 || h[c->n - 1] != h[0] + c->n - 1)
                return;
        for (size_t i = 1; i < c->n - 1; i++)
                if (h[i] != 0)
                        return; /* not sent whole */
        for (size_t i = 1; i < c->n - 1; i++)
                h[i] = h[0] + i;
}

static bool chain_has_handles(const NftChain *c)
{
        for (size_t i = 0; i < c->n; i++)
                if (c->handles[i] == 0)
                        return false;
        return true;
}

void nft_update_settle(NftTable *t)
{
        for (size_t i = 0; i < t->n_chains; i++) {
                NftChain *c = &t->chains[i];

                if (!c->handles)
                        continue;
                chain_fill_handles(c);
                if (chain_has_handles(c))
                        continue;
                free(c->handles);
                c->handles = NULL;
        }
}
