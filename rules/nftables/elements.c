/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Elements of sets, written by hand: a million of them leave in a few hundred messages without an
 * object each. Sorted ascending. A nest's length has 16 bits, so a message ends before 64 KiB.
 */

#include "rules/address/ranges.h"
#include "rules/address/timedentry.h"
#include "rules/address/timedset.h"
#include "rules/nftables/key.h"
#include "rules/nftables/message.h"
#include "rules/nftables/numbers.h"
#include "rules/nftables/table.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#define NEST_MAX 65000
/* List element, key nest, data header, 16 bytes; a timeout. */
#define ELEMENT_MAX 48
#define TIMEOUT_BYTES (NLA_HDRLEN + sizeof(uint64_t))
/* A nest with the expression's name, and nothing of it. */
#define COUNTER_NAME "counter"
#define COUNTER_BYTES (2 * NLA_HDRLEN + sizeof(COUNTER_NAME))

typedef struct Writer {
        NftBatch *batch;
        const NftSet *set;
        NftVerb verb;
        struct nlmsghdr *header; /* NULL: no message is open */
        struct nlattr *nest;
        uint8_t *at; /* where the next element goes */
} Writer;

static void writer_close(Writer *w)
{
        if (!w->header)
                return;
        w->nest->nla_len = (uint16_t)(w->at - (uint8_t *)w->nest);
        w->header->nlmsg_len = (uint32_t)(w->at - (uint8_t *)w->header);
        nft_batch_close(w->batch, w->header);
        w->header = NULL;
}

static bool writer_open(Writer *w)
{
        char name[NFT_NAME_TEXT_MAX];
        bool add = w->verb == NFT_ADD;

        w->header = nft_batch_open(w->batch, "set element",
                add ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM, add ? NLM_F_CREATE : 0,
                w->set->origin, NEST_MAX);
        if (!w->header)
                return false;
        mnl_attr_put_strz(w->header, NFTA_SET_ELEM_LIST_TABLE, NFT_TABLE_NAME);
        mnl_attr_put_strz(w->header, NFTA_SET_ELEM_LIST_SET, nft_set_name(&w->set->key, name));
        w->nest = mnl_attr_nest_start(w->header, NFTA_SET_ELEM_LIST_ELEMENTS);
        w->at = mnl_nlmsg_get_payload_tail(w->header);
        return true;
}

static void put_attribute(uint8_t *at, uint16_t type, uint16_t n)
{
        struct nlattr a = { .nla_type = type, .nla_len = (uint16_t)(NLA_HDRLEN + n) };

        memcpy(at, &a, sizeof(a));
}

static void writer_put_timeout(Writer *w, uint64_t timeout_msec)
{
        uint64_t value = htobe64(timeout_msec);

        put_attribute(w->at, NFTA_SET_ELEM_TIMEOUT, sizeof(value));
        memcpy(w->at + NLA_HDRLEN, &value, sizeof(value));
        w->at += TIMEOUT_BYTES;
}

static void writer_put_counter(Writer *w)
{
        put_attribute(w->at, NLA_F_NESTED | NFTA_SET_ELEM_EXPR, COUNTER_BYTES - NLA_HDRLEN);
        put_attribute(w->at + NLA_HDRLEN, NFTA_EXPR_NAME, sizeof(COUNTER_NAME));
        memcpy(w->at + 2 * NLA_HDRLEN, COUNTER_NAME, sizeof(COUNTER_NAME));
        w->at += COUNTER_BYTES;
}

/* n is 4, 8, 16 or 20; or 2, which is padded. timeout_msec 0: it stays. */
static inline void writer_put(Writer *w, const void *key, uint16_t n, uint64_t timeout_msec)
{
        uint16_t padded = (uint16_t)NLA_ALIGN(n);
        bool counts = w->set->key.kind >= SET_SENT;
        uint16_t behind = timeout_msec > 0 ? TIMEOUT_BYTES : counts ? COUNTER_BYTES : 0;

        if (w->header && w->at - (uint8_t *)w->nest > NEST_MAX - ELEMENT_MAX)
                writer_close(w);
        if (!w->header && !writer_open(w))
                return;
        put_attribute(w->at, NLA_F_NESTED | NFTA_LIST_ELEM, (uint16_t)(8 + padded + behind));
        w->at += NLA_HDRLEN;
        put_attribute(w->at, NLA_F_NESTED | NFTA_SET_ELEM_KEY, (uint16_t)(NLA_HDRLEN + padded));
        put_attribute(w->at + NLA_HDRLEN, NFTA_DATA_VALUE, n);
        w->at += 2 * NLA_HDRLEN;
        if (n < padded)
                memset(w->at + n, 0, padded - n);
        memcpy(w->at, key, n);
        w->at += padded;
        if (timeout_msec > 0)
                writer_put_timeout(w, timeout_msec);
        else if (counts)
                writer_put_counter(w);
}

/* ---- numbers ---- */

static void put_value(Writer *w, uint64_t value)
{
        uint16_t port = htons((uint16_t)value);
        uint32_t id = (uint32_t)value;

        if (w->set->key.kind == SET_PORTS)
                writer_put(w, &port, sizeof(port), 0);
        else if (w->set->key.kind == SET_NUMBERS)
                writer_put(w, &value, sizeof(value), 0);
        else
                writer_put(w, &id, sizeof(id), 0);
}

/* Those of a that are not in b. */
static void put_values(
        NftBatch *b, const NftSet *s, NftVerb verb, const NftSet *from, const NftSet *without)
{
        Writer w = { .batch = b, .set = s, .verb = verb };
        size_t k = 0;

        for (size_t i = 0; i < from->n; i++) {
                while (without && k < without->n && without->values[k] < from->values[i])
                        k++;
                if (!without || k == without->n || without->values[k] != from->values[i])
                        put_value(&w, from->values[i]);
        }
        writer_close(&w);
}

void nft_put_counting_element(NftBatch *b, const NftSet *s, const void *key, uint16_t n)
{
        Writer w = { .batch = b, .set = s, .verb = NFT_ADD };

        writer_put(&w, key, n, 0);
        writer_close(&w);
}

/* ---- prefixes, by length ---- */

/* The prefixes of a list in the order of their lengths: those of length n begin at start[n]. */
typedef struct Sorter {
        Family family;
        size_t start[130];
        size_t next[129];
        uint8_t *keys; /* 4 or 16 bytes each, network byte order */
} Sorter;

static int sorter_count(const Prefix *p, void *data)
{
        ((Sorter *)data)->start[p->bits + 1]++;
        return 0;
}

static size_t sorter_key_length(const Sorter *s)
{
        return family_bits(s->family) / 8;
}

static int sorter_put(const Prefix *p, void *data)
{
        Sorter *s = data;
        size_t n = sorter_key_length(s);

        memcpy(s->keys + n * s->next[p->bits]++, p->address.bytes, n);
        return 0;
}

static int sorter_init(Sorter *s, const RangeSet *ranges, unsigned family)
{
        *s = (Sorter){ .family = (Family)family };
        (void)range_set_each_prefix(ranges, s->family, sorter_count, s);
        for (size_t i = 0; i < 129; i++) {
                s->start[i + 1] += s->start[i];
                s->next[i] = s->start[i];
        }
        s->keys = malloc(s->start[129] * sorter_key_length(s) + 1);
        return s->keys ? range_set_each_prefix(ranges, s->family, sorter_put, s) : -ENOMEM;
}

static void sorter_deinit(Sorter *s)
{
        free(s->keys);
}

/* Of one length, without those of another sorter (NULL: all). Both ascend. */
static void put_prefixes(
        NftBatch *b, const NftSet *s, NftVerb verb, const Sorter *from, const Sorter *without)
{
        Writer w = { .batch = b, .set = s, .verb = verb };
        size_t n = sorter_key_length(from), bits = s->key.bits;
        size_t k = without ? without->start[bits] : 0;

        for (size_t i = from->start[bits]; i < from->start[bits + 1]; i++) {
                const uint8_t *key = from->keys + n * i;
                int c = 1;

                while (without && k < without->start[bits + 1]) {
                        c = memcmp(without->keys + n * k, key, n);
                        if (c >= 0)
                                break;
                        k++;
                        c = 1;
                }
                if (c != 0)
                        writer_put(&w, key, (uint16_t)n, 0);
        }
        writer_close(&w);
}

/* ---- entries that end ---- */

static bool is_of_set(const TimedEntry *e, const NftSet *s)
{
        return e->prefix.bits == s->key.bits && e->prefix.address.family == (Family)s->key.family;
}

static void put_entry(const TimedEntry *e, void *data)
{
        Writer *w = data;
        uint16_t n = (uint16_t)(family_bits(e->prefix.address.family) / 8);

        if (is_of_set(e, w->set))
                writer_put(w, e->prefix.address.bytes, n,
                        w->verb == NFT_ADD ? nft_entry_timeout_msec(e, w->batch->now_usec) : 0);
}

static void pass_entry(_unused_ const TimedEntry *e, _unused_ void *data)
{
}

static void put_timed(NftBatch *b, const NftSet *s)
{
        Writer w = { .batch = b, .set = s, .verb = NFT_ADD };

        for (size_t i = 0; i < timed_set_size(s->timed); i++) {
                TimedEntry e = timed_set_at(s->timed, i);

                put_entry(&e, &w);
        }
        writer_close(&w);
}

/* A new end is a new element in the place of the old one: many kernels change none that is there.
 */
static void put_timed_changes(NftBatch *b, const NftSet *s, const TimedSet *old)
{
        Writer w = { .batch = b, .set = s, .verb = NFT_DELETE };

        timed_set_compare(old, s->timed, put_entry, pass_entry, &w);
        writer_close(&w);
        w.verb = NFT_ADD;
        timed_set_compare(old, s->timed, pass_entry, put_entry, &w);
        writer_close(&w);
}

/* ---- whole lists ---- */

bool nft_set_same_list(const NftSet *a, const NftSet *b)
{
        NftSetKey x = a->key, y = b->key;

        if (!a->ranges || !b->ranges)
                return nft_set_key_compare(&x, &y) == 0;
        x.bits = y.bits = 0;
        return nft_set_key_compare(&x, &y) == 0;
}

static void put_hashed(NftBatch *b, const NftSet *sets, size_t n, const bool *fill)
{
        _cleanup_(sorter_deinit) Sorter s = { 0 };

        if (sorter_init(&s, sets[0].ranges, sets[0].key.family) < 0) {
                b->failed = true;
                return;
        }
        for (size_t i = 0; i < n; i++)
                if (!fill || fill[i])
                        put_prefixes(b, &sets[i], NFT_ADD, &s, NULL);
}

static bool fills_any(size_t n, const bool *fill)
{
        for (size_t i = 0; i < n; i++)
                if (!fill || fill[i])
                        return true;
        return false;
}

void nft_put_elements(NftBatch *b, const NftSet *sets, size_t n, const bool *fill)
{
        if (b->without_elements || !fills_any(n, fill))
                return;
        for (size_t i = 0; i < n && sets[i].timed; i++)
                if (!fill || fill[i])
                        put_timed(b, &sets[i]);
        if (sets[0].values)
                put_values(b, &sets[0], NFT_ADD, &sets[0], NULL);
        else if (sets[0].ranges && !sets[0].timed)
                put_hashed(b, sets, n, fill);
}

/* ---- differences ---- */

/* Taking an element out costs the kernel as much as putting one in; a set that goes as a whole is
 * dropped later, by a worker. */
#define CHANGED_LEAST 1000

bool nft_set_has_changed_much(const NftSet *old, const NftSet *new)
{
        Family f = (Family) new->key.family;
        size_t n;

        if (!old->ranges || !new->ranges || old->ranges == new->ranges)
                return false;
        n = range_count(old->ranges, f);
        return n >= CHANGED_LEAST && ranges_count_alike(old->ranges, new->ranges, f) < n / 2;
}

/* The difference of two lists. */
typedef struct ListChange {
        RangeSet gone, came;
} ListChange;

static void list_change_deinit(ListChange *c)
{
        ranges_free(&c->gone);
        ranges_free(&c->came);
}

static bool has_shape(const NftSet *old, size_t n_old, const NftSet *s)
{
        for (size_t k = 0; k < n_old; k++)
                if (nft_set_same_shape(&old[k], s))
                        return true;
        return false;
}

static bool has_length(const NftSet *old, size_t n_old, const NftSet *s)
{
        for (size_t k = 0; k < n_old; k++)
                if (old[k].key.bits == s->key.bits)
                        return true;
        return false;
}

static void put_hashed_difference(NftBatch *b, const NftSet *old, size_t n_old, const NftSet *sets,
        size_t n, const ListChange *change)
{
        _cleanup_(sorter_deinit) Sorter minus = { 0 };
        _cleanup_(sorter_deinit) Sorter plus = { 0 };

        if (sorter_init(&minus, &change->gone, sets[0].key.family) < 0 ||
                sorter_init(&plus, &change->came, sets[0].key.family) < 0) {
                b->failed = true;
                return;
        }
        for (size_t i = 0; i < n; i++) {
                if (!has_length(old, n_old, &sets[i])) {
                        put_prefixes(b, &sets[i], NFT_ADD, &plus, NULL);
                        continue;
                }
                if (!has_shape(old, n_old, &sets[i]))
                        continue;
                put_prefixes(b, &sets[i], NFT_DELETE, &minus, &plus);
                put_prefixes(b, &sets[i], NFT_ADD, &plus, &minus);
        }
}

static void put_address_difference(
        NftBatch *b, const NftSet *old, size_t n_old, const NftSet *sets, size_t n)
{
        _cleanup_(list_change_deinit) ListChange change = { 0 };

        if (old[0].ranges == sets[0].ranges)
                return;
        if (range_set_append_changes(old[0].ranges, sets[0].ranges, (Family)sets[0].key.family,
                    SIZE_MAX, &change.gone, &change.came) < 0)
                b->failed = true;
        else
                put_hashed_difference(b, old, n_old, sets, n, &change);
}

void nft_put_elements_difference(
        NftBatch *b, const NftSet *old, size_t n_old, const NftSet *sets, size_t n)
{
        if (b->without_elements || n_old == 0 || n == 0)
                return;
        if (sets[0].timed) {
                for (size_t i = 0; i < n; i++)
                        if (has_shape(old, n_old, &sets[i]))
                                put_timed_changes(b, &sets[i], old[0].timed);
        } else if (sets[0].ranges) {
                put_address_difference(b, old, n_old, sets, n);
        } else if (nft_set_same_shape(&old[0], &sets[0])) {
                /* Elements that counted for a rule that is gone go when they have been read. */
                if (!nft_set_is_dynamic(&sets[0]))
                        put_values(b, &sets[0], NFT_DELETE, &old[0], &sets[0]);
                put_values(b, &sets[0], NFT_ADD, &sets[0], &old[0]);
        }
}
