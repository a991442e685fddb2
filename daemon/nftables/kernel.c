/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Questions to nf_tables. Answers are read attribute by attribute, each checked before it is
 * used: libnftnl's own parsers end the process when a kernel surprises them. Elements of sets are
 * never asked for.
 */

#include "daemon/nftables/kernel.h"

#include "daemon/backend/rule_counter.h"
#include "daemon/nftables/attributes.h"
#include "rules/base/array.h"
#include "rules/base/hash.h"
#include "rules/base/strv.h"
#include "rules/nftables/key.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#define DUMP_TRIES 10
/* Newer than some of the headers we build with. */
#define TABLE_OWNER_ATTRIBUTE 7
#define SET_COUNT_ATTRIBUTE 20

void found_deinit(Found *f)
{
        for (size_t i = 0; i < f->n_chains; i++)
                free(f->chains[i].name);
        for (size_t i = 0; i < f->n_objects; i++)
                free(f->objects[i].name);
        strv_free(f->sets);
        free(f->chains);
        free(f->objects);
        *f = (Found){ 0 };
}

/* ---- what there is ---- */

static int generation_read(const struct nlmsghdr *h, void *data)
{
        Attributes t;

        attributes_read(h, &t);
        if (t.of[NFTA_GEN_ID])
                *(uint32_t *)data = attribute_u32(&t, NFTA_GEN_ID);
        return 0;
}

int nft_kernel_generation(Netlink *n, uint32_t *ret)
{
        Request q;
        uint32_t generation = 0;
        int r = netlink_request(
                n, request_init(&q, NFT_MSG_GETGEN, NULL, 0), generation_read, &generation);

        if (r == -EINVAL || r == -ENOENT) /* nfnetlink is there, but nf_tables is not */
                r = -EOPNOTSUPP;
        if (r < 0)
                return r;
        *ret = generation;
        return 0;
}

static int table_read(const struct nlmsghdr *h, void *data)
{
        Found *f = data;
        Attributes t;

        if (!message_is_ours(h, NFT_MSG_NEWTABLE, &t))
                return 0;
        f->exists = true;
        f->flags = attribute_u32(&t, NFTA_TABLE_FLAGS);
        f->owner = attribute_u32(&t, TABLE_OWNER_ATTRIBUTE);
        return 0;
}

int nft_kernel_find(Netlink *n, Found *ret)
{
        Found f = { 0 };
        Request q;
        int r = netlink_request(n, request_init(&q, NFT_MSG_GETTABLE, NULL, 0), table_read, &f);

        if (r < 0 && r != -ENOENT)
                return r;
        *ret = f;
        return 0;
}

static int chain_read(const struct nlmsghdr *h, void *data)
{
        Found *f = data;
        FoundChain c = { 0 };
        Attributes t, hook;
        const char *name;
        int r;

        if (!message_is_ours(h, NFT_MSG_NEWCHAIN, &t))
                return 0;
        name = attribute_string(&t, NFTA_CHAIN_NAME);
        if (!name)
                return -EBADMSG;
        attributes_read_nested(t.of[NFTA_CHAIN_HOOK], &hook);
        c.base = t.of[NFTA_CHAIN_HOOK] != NULL;
        c.hook = attribute_u32(&hook, NFTA_HOOK_HOOKNUM);
        c.priority = (int32_t)attribute_u32(&hook, NFTA_HOOK_PRIORITY);
        c.policy = attribute_u32(&t, NFTA_CHAIN_POLICY);
        r = array_grow(&f->chains, f->n_chains, sizeof(FoundChain));
        if (r < 0)
                return r;
        c.name = strdup(name);
        if (!c.name)
                return -ENOMEM;
        f->chains[f->n_chains++] = c;
        return 0;
}

static int set_read(const struct nlmsghdr *h, void *data)
{
        Found *f = data;
        Attributes t;
        const char *name;

        if (!message_is_ours(h, NFT_MSG_NEWSET, &t))
                return 0;
        name = attribute_string(&t, NFTA_SET_NAME);
        if (!name)
                return -EBADMSG;
        /* Sets of one rule go with the rule. */
        if (attribute_u32(&t, NFTA_SET_FLAGS) & NFT_SET_ANONYMOUS)
                return 0;
        return strv_append(&f->sets, name);
}

static int object_read(const struct nlmsghdr *h, void *data)
{
        Found *f = data;
        FoundObject o = { 0 };
        Attributes t, counter;
        const char *name;
        int r;

        if (!message_is_ours(h, NFT_MSG_NEWOBJ, &t))
                return 0;
        name = attribute_string(&t, NFTA_OBJ_NAME);
        if (!name)
                return -EBADMSG;
        o.type = attribute_u32(&t, NFTA_OBJ_TYPE);
        attributes_read_nested(t.of[NFTA_OBJ_DATA], &counter);
        if (o.type == NFT_OBJECT_COUNTER) {
                o.packets = attribute_u64(&counter, NFTA_COUNTER_PACKETS);
                o.bytes = attribute_u64(&counter, NFTA_COUNTER_BYTES);
        }
        r = array_grow(&f->objects, f->n_objects, sizeof(FoundObject));
        if (r < 0)
                return r;
        o.name = strdup(name);
        if (!o.name)
                return -ENOMEM;
        f->objects[f->n_objects++] = o;
        return 0;
}

static int list_once(Netlink *n, Found *f)
{
        Request q;
        int r;

        r = netlink_dump(n, request_init(&q, NFT_MSG_GETCHAIN, NULL, 0), chain_read, f);
        if (r >= 0)
                r = netlink_dump(n, request_init(&q, NFT_MSG_GETSET, NULL, 0), set_read, f);
        if (r >= 0)
                r = netlink_dump(n, request_init(&q, NFT_MSG_GETOBJ, NULL, 0), object_read, f);
        return r;
}

int nft_kernel_list(Netlink *n, Found *f)
{
        int r = -EINTR;

        for (int i = 0; i < DUMP_TRIES && r == -EINTR; i++) {
                Found whole = { .exists = f->exists, .flags = f->flags, .owner = f->owner };

                r = list_once(n, &whole);
                found_deinit(r < 0 ? &whole : f);
                if (r >= 0)
                        *f = whole;
        }
        return r;
}

/* ---- counters ---- */

typedef struct Counters {
        RuleCounter *items;
        size_t n;
} Counters;

static int counter_read(const struct nlmsghdr *h, void *data)
{
        Counters *c = data;
        RuleCounter counter;
        Attributes t, values;
        const char *name;
        int r;

        if (!message_is_ours(h, NFT_MSG_NEWOBJ, &t))
                return 0;
        name = attribute_string(&t, NFTA_OBJ_NAME);
        if (!name || attribute_u32(&t, NFTA_OBJ_TYPE) != NFT_OBJECT_COUNTER ||
                !nft_counter_id(name, &counter.id))
                return 0;
        attributes_read_nested(t.of[NFTA_OBJ_DATA], &values);
        counter.packets = attribute_u64(&values, NFTA_COUNTER_PACKETS);
        counter.bytes = attribute_u64(&values, NFTA_COUNTER_BYTES);
        r = array_grow(&c->items, c->n, sizeof(RuleCounter));
        if (r >= 0)
                c->items[c->n++] = counter;
        return r;
}

static int counters_dump(Netlink *n, Counters *c)
{
        Request q;
        int r = -EINTR;

        for (int i = 0; i < DUMP_TRIES && r == -EINTR; i++) {
                c->n = 0;
                free(c->items);
                c->items = NULL;
                r = netlink_dump(n, request_init(&q, NFT_MSG_GETOBJ, NULL, NFT_OBJECT_COUNTER),
                        counter_read, c);
        }
        if (r >= 0 && c->n > 0)
                qsort(c->items, c->n, sizeof(RuleCounter), number_compare);
        return r;
}

/* Each of the known, one after the other. */
typedef struct CounterQuestions {
        Counters counters;
        const uint64_t *known;
        size_t n, next;
} CounterQuestions;

static size_t counter_question(struct nlmsghdr *h, size_t size, void *data)
{
        CounterQuestions *c = data;
        char name[NFT_NAME_TEXT_MAX];
        struct nlmsghdr *q;

        if (c->next == c->n)
                return 0;
        q = request_begin(h, size, NFT_MSG_GETOBJ);
        mnl_attr_put_strz(q, NFTA_OBJ_NAME, nft_counter_name(c->known[c->next++], name));
        mnl_attr_put_u32(q, NFTA_OBJ_TYPE, htonl(NFT_OBJECT_COUNTER));
        return q->nlmsg_len;
}

static int counters_ask(Netlink *n, const uint64_t *known, size_t n_known, Counters *c)
{
        CounterQuestions questions = { .known = known, .n = n_known };
        int r = netlink_ask(n, counter_question, counter_read, &questions);

        *c = questions.counters;
        return r;
}

int nft_kernel_counters(
        Netlink *n, const uint64_t *known, size_t n_known, RuleCounter **ret, size_t *ret_n)
{
        Counters c = { 0 };
        int r = n_known >= NFT_COUNTERS_MANY ? counters_ask(n, known, n_known, &c) : -ENOENT;

        if (r < 0)
                r = counters_dump(n, &c);
        if (r < 0) {
                free(c.items);
                return r;
        }
        *ret = c.items;
        *ret_n = c.n;
        return 0;
}

/* ---- handles ---- */

typedef struct Handles {
        uint64_t *items;
        size_t n, max;
} Handles;

static int handle_read(const struct nlmsghdr *h, void *data)
{
        Handles *l = data;
        Attributes t;

        if (!message_is_ours(h, NFT_MSG_NEWRULE, &t))
                return 0;
        if (l->n < l->max)
                l->items[l->n] = attribute_u64(&t, NFTA_RULE_HANDLE);
        l->n++;
        return 0;
}

int nft_kernel_handles(void *data, const NftChainKey *chain, uint64_t *handles, size_t n)
{
        Handles l = { .items = handles, .max = n };
        char name[NFT_NAME_TEXT_MAX];
        Request q;
        int r = netlink_dump(data,
                request_init(&q, NFT_MSG_GETRULE, nft_chain_name(chain, name), 0), handle_read, &l);

        if (r < 0)
                return r;
        return l.n == n ? 0 : -ESTALE;
}

/* ---- fingerprint ---- */

typedef struct Fingerprint {
        unsigned type;
        uint64_t hash;
} Fingerprint;

static bool set_is_filled_by_packets(const Attributes *t)
{
        return attribute_u32(t, NFTA_SET_FLAGS) & NFT_SET_EVAL;
}

/* All attributes but those that change by themselves. */
static int fingerprint_read(const struct nlmsghdr *h, void *data)
{
        Fingerprint *f = data;
        Attributes t;

        if (!message_is_ours(h, f->type, &t))
                return 0;
        if (f->type == NFT_MSG_NEWSET && set_is_filled_by_packets(&t))
                t.of[SET_COUNT_ATTRIBUTE] = NULL;
        for (unsigned i = 1; i < ATTRIBUTES_MAX; i++)
                if (t.of[i])
                        f->hash = hash_bytes(f->hash, t.of[i], t.of[i]->nla_len);
        return 0;
}

int nft_kernel_fingerprint(Netlink *n, uint64_t *ret)
{
        static const struct {
                unsigned get, new;
        } dumps[] = {
                { NFT_MSG_GETTABLE, NFT_MSG_NEWTABLE },
                { NFT_MSG_GETCHAIN, NFT_MSG_NEWCHAIN },
                { NFT_MSG_GETSET, NFT_MSG_NEWSET },
                { NFT_MSG_GETRULE, NFT_MSG_NEWRULE },
        };
        Fingerprint f = { .hash = HASH_BEGIN };
        Request q;

        for (size_t i = 0; i < ELEMENTS(dumps); i++) {
                int r;

                f.type = dumps[i].new;
                r = netlink_dump(n, request_init(&q, dumps[i].get, NULL, 0), fingerprint_read, &f);
                if (r < 0)
                        return r;
        }
        *ret = f.hash;
        return 0;
}
