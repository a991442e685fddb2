/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "rules/nftables/set_plan.h"

#include "rules/nftables/key.h"
#include "rules/nftables/message.h"
#include "rules/nftables/table.h"

#include <errno.h>

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

/* Entries of a length that the list did not have are among those added, if these are asked for. */
static bool comes_by_difference(const NftSetPlan *p, const NftSet *new, bool any_stays)
{
        return any_stays && new->ranges && !new->timed && !set_find(p->old, &new->key);
}

/* One list, of n sets from i on: which of them are new, or are made again. */
static void plan_list(NftSetPlan *p, size_t i, size_t n)
{
        bool asked = false, much = false, any_stays = false;

        for (size_t k = i; k < i + n; k++) {
                const NftSet *new = &p->new->sets[k], *old = set_find(p->old, &new->key);

                if (old && !asked) {
                        much = nft_set_has_changed_much(old, new);
                        asked = true;
                }
                p->fresh[k] = !old || much || !nft_set_same_shape(old, new);
                p->reshaped[k] = old && p->fresh[k];
                p->any_reshaped = p->any_reshaped || p->reshaped[k];
                any_stays = any_stays || !p->fresh[k];
        }
        for (size_t k = i; k < i + n; k++)
                p->fill[k] = p->fresh[k] && !comes_by_difference(p, &p->new->sets[k], any_stays);
}

static void plan_lists(NftSetPlan *p)
{
        size_t n;

        for (size_t i = 0; i < p->new->n_sets; i += n) {
                n = list_length(p->new, i);
                plan_list(p, i, n);
        }
}

int nft_set_plan_make(const NftTable *old, const NftTable *new, NftSetPlan *ret)
{
        *ret = (NftSetPlan){ .old = old,
                .new = new,
                .fresh = calloc(new->n_sets + 1, sizeof(bool)),
                .fill = calloc(new->n_sets + 1, sizeof(bool)),
                .reshaped = calloc(new->n_sets + 1, sizeof(bool)) };
        if (!ret->fresh || !ret->fill || !ret->reshaped)
                return -ENOMEM;
        plan_lists(ret);
        return 0;
}

void nft_set_plan_deinit(NftSetPlan *p)
{
        free(p->fresh);
        free(p->fill);
        free(p->reshaped);
}

bool nft_set_plan_reshapes(const NftSetPlan *p, const NftSetKey *key)
{
        const NftSet *set = set_find(p->new, key);

        return set && p->reshaped[set - p->new->sets];
}

void nft_set_plan_put_gone(NftBatch *b, const NftSetPlan *p)
{
        char name[NFT_NAME_TEXT_MAX];

        for (size_t i = 0; i < p->old->n_sets; i++) {
                const NftSet *new = set_find(p->new, &p->old->sets[i].key);

                if (!new || p->reshaped[new - p->new->sets])
                        nft_put_delete_set(b, nft_set_name(&p->old->sets[i].key, name));
        }
}

/* A set is filled again if its shape is another, or if all sets of the list are. */
static void put_difference(
        NftBatch *b, const NftSetPlan *p, size_t k, size_t n_old, size_t i, size_t n)
{
        bool all_fresh = true;

        for (size_t j = i; j < i + n; j++)
                all_fresh = all_fresh && p->fresh[j];
        if (!all_fresh)
                nft_put_elements_difference(b, p->old->sets + k, n_old, p->new->sets + i, n);
}

void nft_set_plan_put(NftBatch *b, const NftSetPlan *p)
{
        const NftTable *new = p->new, *old = p->old;
        size_t n, k = 0, n_old;

        for (size_t i = 0; i < new->n_sets; i++)
                if (p->fresh[i])
                        nft_put_set(b, &new->sets[i]);
        for (size_t i = 0; i < new->n_sets; i += n) {
                n = list_length(new, i);
                nft_put_elements(b, new->sets + i, n, p->fill + i);
                /* The same list in the old table: both are sorted alike. */
                while (k < old->n_sets && !nft_set_same_list(&old->sets[k], &new->sets[i]) &&
                        nft_set_key_compare(&old->sets[k].key, &new->sets[i].key) < 0)
                        k++;
                if (k == old->n_sets || !nft_set_same_list(&old->sets[k], &new->sets[i]))
                        continue;
                n_old = list_length(old, k);
                put_difference(b, p, k, n_old, i, n);
                k += n_old;
        }
}
