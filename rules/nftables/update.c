/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The difference of two tables as a batch. The order matters to the kernel: what is named must
 * be there, what is taken away must not be used any more. So: new counters and chains; rules out;
 * sets out, in and changed; rules in; chains and counters out.
 */

#include "rules/nftables/update.h"

#include "rules/nftables/chain_plan.h"
#include "rules/nftables/key.h"
#include "rules/nftables/message.h"
#include "rules/nftables/set_plan.h"
#include "rules/nftables/table.h"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>

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
        _cleanup_(nft_set_plan_deinit) NftSetPlan sets = { 0 };
        _cleanup_(nft_chain_plan_deinit) NftChainPlan chains = { .old = old ? old : &nothing,
                .new = new,
                .sets = &sets,
                .reader = reader,
                .data = data };
        int r = nft_set_plan_make(chains.old, new, &sets);

        if (r >= 0)
                r = nft_chain_plan_make(&chains);
        if (r < 0)
                return r;
        put_counters(b, new, chains.old, NFT_ADD);
        nft_chain_plan_put_new(b, &chains);
        nft_chain_plan_put_rules_out(b, &chains);
        nft_set_plan_put_gone(b, &sets);
        nft_set_plan_put(b, &sets);
        nft_chain_plan_put_rules_in(b, &chains);
        nft_chain_plan_put_gone(b, &chains);
        put_counters(b, chains.old, new, NFT_DELETE);
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
