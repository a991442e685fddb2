/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The kernel's sets hold at most 16,384 connections of each family, for an hour each, so what is
 * read here is bounded too. Most of them have ended: an end that knows nothing of a connection
 * answers with a reset, which passes.
 */

#include "daemon/nftables/untracked.h"

#include "daemon/connections/passing.h"
#include "daemon/netlink/conntrack.h"
#include "daemon/nftables/attributes.h"
#include "daemon/nftables/backend.h"
#include "daemon/nftables/elements.h"
#include "rules/address/family.h"
#include "rules/base/array.h"
#include "rules/base/util.h"
#include "rules/nftables/key.h"
#include "rules/nftables/message.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>

static const Family families[] = { FAMILY_IPV4, FAMILY_IPV6 };

void refusal_deinit(Refusal *r)
{
        free(r->items);
        *r = (Refusal){ 0 };
}

/* ---- keys: address, port, address, port, each in whole words ---- */

static size_t address_bytes(Family f)
{
        return family_bits(f) / 8;
}

static const uint8_t *end_read(const uint8_t *at, Family f, Address *address, uint16_t *port)
{
        size_t n = address_bytes(f);

        *address = (Address){ .family = f };
        memcpy(address->bytes, at, n);
        *port = (uint16_t)(at[n] << 8 | at[n + 1]);
        return at + n + 4;
}

static uint8_t *end_write(uint8_t *at, const Address *address, uint16_t port)
{
        size_t n = address_bytes(address->family);

        memcpy(at, address->bytes, n);
        at[n] = (uint8_t)(port >> 8);
        at[n + 1] = (uint8_t)port;
        at[n + 2] = at[n + 3] = 0;
        return at + n + 4;
}

static size_t key_length(Family f)
{
        return 2 * (address_bytes(f) + 4);
}

/* ---- reading ---- */

typedef struct Reading {
        Family family;
        Refusal *list;
} Reading;

static int element_note(void *data, _unused_ const char *set, const FoundElement *e)
{
        Reading *g = data;
        Attributes element;
        Untracked u = { 0 };
        int r;

        if (e->length != key_length(g->family))
                return -EBADMSG;
        end_read(end_read(e->key, g->family, &u.tuple.from, &u.tuple.from_port), g->family,
                &u.tuple.to, &u.tuple.to_port);
        attributes_read_nested(e->attributes, &element);
        u.left_msec = attribute_u64(&element, NFTA_SET_ELEM_EXPIRATION);
        r = array_grow(&g->list->items, g->list->n, sizeof(u));
        if (r >= 0)
                g->list->items[g->list->n++] = u;
        return r;
}

static int end_compare(const Address *a, uint16_t port_a, const Address *b, uint16_t port_b)
{
        int r = address_compare(a, b);

        return r != 0 ? r : (port_a > port_b) - (port_a < port_b);
}

static int untracked_compare(const void *a, const void *b)
{
        const Tuple *x = &((const Untracked *)a)->tuple, *y = &((const Untracked *)b)->tuple;
        int r = end_compare(&x->from, x->from_port, &y->from, y->from_port);

        return r != 0 ? r : end_compare(&x->to, x->to_port, &y->to, y->to_port);
}

/* A dump that was disturbed may have left something out, and named something twice. */
static int list_read(NftBackend *b, Refusal *ret)
{
        int r = 0;

        for (size_t f = 0; f < ELEMENTS(families) && r >= 0; f++) {
                NftSetKey key = { .kind = SET_UNTRACKED, .family = families[f] };
                Reading g = { families[f], ret };
                ElementReader reader = { NFT_MSG_NEWSETELEM, element_note, &g };

                r = elements_dump(b, NFT_MSG_GETSETELEM, &key, &reader);
                r = r == -EINTR || r == -ENOENT ? 0 : r;
        }
        return r;
}

static void list_sort(Refusal *l)
{
        size_t n = 0;

        if (l->n > 0)
                qsort(l->items, l->n, sizeof(*l->items), untracked_compare);
        for (size_t i = 0; i < l->n; i++)
                if (n == 0 || untracked_compare(&l->items[n - 1], &l->items[i]) != 0)
                        l->items[n++] = l->items[i];
        l->n = n;
}

static bool list_differs(const NftBackend *b, const Refusal *l)
{
        if (b->n_refused != l->n)
                return true;
        for (size_t i = 0; i < l->n; i++)
                if (untracked_compare(&b->refused[i], &l->items[i]) != 0)
                        return true;
        return false;
}

int untracked_judge(NftBackend *b, const Ruleset *ruleset, Refusal *ret)
{
        int r = 0;

        *ret = (Refusal){ 0 };
        if (!b->wanted || !b->intact)
                return 0;
        r = list_read(b, ret);
        if (r < 0)
                return r;
        ret->n = cut_judge_untracked(ruleset, ret->items, ret->n);
        list_sort(ret);
        ret->changed = list_differs(b, ret);
        return 0;
}

/* ---- refusing ---- */

static void put_family(NftBatch *batch, const Refusal *l, const NftSetKey *set)
{
        Family f = (Family)set->family;
        ElementList list = { 0 };
        size_t n = 0;

        elements_flush(batch, set);
        for (size_t i = 0; i < l->n; i++) {
                const Tuple *t = &l->items[i].tuple;
                uint8_t key[NFT_KEY_MAX];

                if (t->from.family != f)
                        continue;
                if (n++ % NFT_ELEMENTS_MAX == 0) {
                        elements_close(&list);
                        list = elements_open(batch, NFT_MSG_NEWSETELEM, NLM_F_CREATE, set);
                }
                end_write(end_write(key, &t->from, t->from_port), &t->to, t->to_port);
                elements_put(&list, key, key_length(f));
        }
        elements_close(&list);
}

static int send_list(NftBackend *b, const Refusal *l)
{
        _cleanup_nft_batch_ NftBatch batch = { 0 };
        int r = elements_begin(b, &batch);

        if (r < 0)
                return r;
        for (size_t f = 0; f < ELEMENTS(families); f++) {
                NftSetKey key = { .kind = SET_REFUSED, .family = families[f] };

                put_family(&batch, l, &key);
        }
        r = elements_send(b, &batch, NULL);
        return r > 0 ? -r : r;
}

/* Those of the list that were not refused before: a malloc()ed array. */
static int find_new(const NftBackend *b, const Refusal *l, Untracked **ret, size_t *ret_n)
{
        Untracked *items = calloc(l->n + 1, sizeof(*items));
        size_t n = 0;

        if (!items)
                return -ENOMEM;
        for (size_t i = 0; i < l->n; i++)
                if (b->n_refused == 0 || !bsearch(&l->items[i], b->refused, b->n_refused,
                                                 sizeof(*items), untracked_compare))
                        items[n++] = l->items[i];
        *ret = items;
        *ret_n = n;
        return 0;
}

int untracked_refuse(NftBackend *b, Refusal *l, uint64_t *ret_n)
{
        _cleanup_free_ Untracked *new = NULL;
        size_t n;
        int r = l->n > 0 ? send_list(b, l) : 0;

        if (r >= 0)
                r = find_new(b, l, &new, &n);
        if (r < 0)
                return r;
        cut_knock_untracked(new, n);
        free(b->refused);
        b->refused = TAKE_PTR(l->items);
        b->n_refused = l->n;
        l->n = 0;
        *ret_n = n;
        return 0;
}
