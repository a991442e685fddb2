/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The batch and its messages, except the elements of sets. Objects go through libnftnl, which
 * never checks for room: a message gets more than its largest content can need.
 */

#include "rules/nftables/message.h"

#include "rules/address/family.h"
#include "rules/base/array.h"
#include "rules/base/buffer.h"
#include "rules/nftables/numbers.h"
#include "rules/nftables/rows.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/object.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>

/* Names, a log prefix and thirty expressions are below 4 KiB. */
#define MESSAGE_ROOM 16384

/* Types of nft, for its listings; the kernel does not use them. */
enum {
        TYPE_IPV4_ADDR = 7,
        TYPE_IPV6_ADDR = 8,
        TYPE_INET_SERVICE = 13,
        TYPE_INTERFACE = 20,
        TYPE_UID = 24,
        TYPE_GID = 25,
        TYPE_CGROUP = 46, /* the one of eight bytes; also for what was decided */
};

/* ---- the batch ---- */

/* The room is zeroed, since the libraries write nothing where they pad; each byte once. */
static bool batch_reserve(NftBatch *b, size_t room)
{
        size_t end = b->length + room;

        if (!b->failed && array_reserve(&b->data, &b->capacity, 65536, end) < 0)
                b->failed = true;
        if (b->failed)
                return false;
        if (b->zeroed < b->length)
                b->zeroed = b->length;
        if (b->zeroed < end) {
                memset(b->data + b->zeroed, 0, end - b->zeroed);
                b->zeroed = end;
        }
        return true;
}

static struct nlmsghdr *batch_add(NftBatch *b, uint16_t type, uint16_t flags, uint16_t subsystem)
{
        struct nlmsghdr *h = mnl_nlmsg_put_header(b->data + b->length);
        struct nfgenmsg *g;

        h->nlmsg_type = (uint16_t)(subsystem << 8 | type);
        h->nlmsg_flags = NLM_F_REQUEST | flags;
        h->nlmsg_seq = b->seq + (uint32_t)b->n - 1;
        g = mnl_nlmsg_put_extra_header(h, sizeof(*g));
        g->nfgen_family = NFPROTO_INET;
        g->version = NFNETLINK_V0;
        g->res_id = 0;
        b->last = b->length;
        return h;
}

static bool batch_note(NftBatch *b, const char *what, const Rule *origin)
{
        if (b->failed || array_grow(&b->messages, b->n, sizeof(NftMessage)) < 0) {
                b->failed = true;
                return false;
        }
        b->messages[b->n++] = (NftMessage){ .what = what, .origin = origin };
        return true;
}

struct nlmsghdr *nft_batch_open(NftBatch *b, const char *what, uint16_t type, uint16_t flags,
        const Rule *origin, size_t room)
{
        if (!batch_reserve(b, room + MESSAGE_ROOM) || !batch_note(b, what, origin))
                return NULL;
        return batch_add(b, type, flags, NFNL_SUBSYS_NFTABLES);
}

void nft_batch_close(NftBatch *b, const struct nlmsghdr *h)
{
        b->length += MNL_ALIGN(h->nlmsg_len);
}

/* NFNL_MSG_BATCH_BEGIN and END have no family; they name their subsystem. */
static struct nlmsghdr *batch_mark(NftBatch *b, uint16_t type)
{
        struct nlmsghdr *h;
        struct nfgenmsg *g;

        if (!batch_reserve(b, MESSAGE_ROOM) || !batch_note(b, "batch", NULL))
                return NULL;
        h = batch_add(b, type, 0, 0);
        h->nlmsg_type = type;
        g = mnl_nlmsg_get_payload(h);
        g->nfgen_family = AF_UNSPEC;
        g->res_id = htons(NFNL_SUBSYS_NFTABLES);
        return h;
}

void nft_batch_init(NftBatch *b, uint32_t seq, const uint32_t *generation)
{
        struct nlmsghdr *h;

        *b = (NftBatch){ .seq = seq };
        h = batch_mark(b, NFNL_MSG_BATCH_BEGIN);
        if (!h)
                return;
        if (generation)
                mnl_attr_put_u32(h, NFNL_BATCH_GENID, htonl(*generation));
        nft_batch_close(b, h);
}

void nft_batch_renumber(NftBatch *b, uint32_t seq)
{
        struct nlmsghdr *h;

        if (b->failed || seq == b->seq)
                return;
        for (size_t at = 0; at < b->length; at += MNL_ALIGN(h->nlmsg_len)) {
                h = (struct nlmsghdr *)(b->data + at);
                h->nlmsg_seq += seq - b->seq;
        }
        b->seq = seq;
}

int nft_batch_finish(NftBatch *b, bool commit)
{
        struct nlmsghdr *h;

        if (b->failed)
                return -ENOMEM;
        if (!nft_batch_is_empty(b))
                ((struct nlmsghdr *)(b->data + b->last))->nlmsg_flags |= NLM_F_ACK;
        if (!commit)
                return 0;
        h = batch_mark(b, NFNL_MSG_BATCH_END);
        if (!h)
                return -ENOMEM;
        nft_batch_close(b, h);
        return 0;
}

bool nft_batch_is_empty(const NftBatch *b)
{
        return b->n <= 1;
}

void nft_batch_deinit(NftBatch *b)
{
        free(b->data);
        free(b->messages);
        *b = (NftBatch){ 0 };
}

/* ---- table, counters, chains ---- */

void nft_put_table(NftBatch *b, NftVerb verb, const char *name, const uint32_t *flags)
{
        struct nlmsghdr *h =
                nft_batch_open(b, "table", verb == NFT_ADD ? NFT_MSG_NEWTABLE : NFT_MSG_DELTABLE,
                        verb == NFT_ADD ? NLM_F_CREATE : 0, NULL, 0);

        if (!h)
                return;
        mnl_attr_put_strz(h, NFTA_TABLE_NAME, name);
        if (flags)
                mnl_attr_put_u32(h, NFTA_TABLE_FLAGS, htonl(*flags));
        nft_batch_close(b, h);
}

void nft_put_counter(NftBatch *b, uint64_t id, uint64_t packets, uint64_t bytes)
{
        struct nlmsghdr *h = nft_batch_open(b, "counter", NFT_MSG_NEWOBJ, NLM_F_CREATE, NULL, 0);
        char name[NFT_NAME_TEXT_MAX];
        struct nlattr *data;

        if (!h)
                return;
        mnl_attr_put_strz(h, NFTA_OBJ_TABLE, NFT_TABLE_NAME);
        mnl_attr_put_strz(h, NFTA_OBJ_NAME, nft_counter_name(id, name));
        mnl_attr_put_u32(h, NFTA_OBJ_TYPE, htonl(NFT_OBJECT_COUNTER));
        data = mnl_attr_nest_start(h, NFTA_OBJ_DATA);
        mnl_attr_put_u64(h, NFTA_COUNTER_BYTES, htobe64(bytes));
        mnl_attr_put_u64(h, NFTA_COUNTER_PACKETS, htobe64(packets));
        mnl_attr_nest_end(h, data);
        nft_batch_close(b, h);
}

void nft_put_delete_object(NftBatch *b, const char *name, uint32_t type)
{
        struct nlmsghdr *h = nft_batch_open(b, "counter", NFT_MSG_DELOBJ, 0, NULL, 0);

        if (!h)
                return;
        mnl_attr_put_strz(h, NFTA_OBJ_TABLE, NFT_TABLE_NAME);
        mnl_attr_put_strz(h, NFTA_OBJ_NAME, name);
        mnl_attr_put_u32(h, NFTA_OBJ_TYPE, htonl(type));
        nft_batch_close(b, h);
}

/* chain prerouting { type filter hook prerouting priority -150; policy accept; } */
void nft_put_chain(NftBatch *b, const NftChainKey *key)
{
        struct nlmsghdr *h = nft_batch_open(b, "chain", NFT_MSG_NEWCHAIN, NLM_F_CREATE, NULL, 0);
        char name[NFT_NAME_TEXT_MAX];
        struct nlattr *nest;
        uint32_t hook;
        int32_t priority;

        if (!h)
                return;
        mnl_attr_put_strz(h, NFTA_CHAIN_TABLE, NFT_TABLE_NAME);
        mnl_attr_put_strz(h, NFTA_CHAIN_NAME, nft_chain_name(key, name));
        if (nft_chain_hook(key->kind, &hook, &priority)) {
                nest = mnl_attr_nest_start(h, NFTA_CHAIN_HOOK);
                mnl_attr_put_u32(h, NFTA_HOOK_HOOKNUM, htonl(hook));
                mnl_attr_put_u32(h, NFTA_HOOK_PRIORITY, htonl((uint32_t)priority));
                mnl_attr_nest_end(h, nest);
                mnl_attr_put_u32(h, NFTA_CHAIN_POLICY, htonl(NF_ACCEPT));
                mnl_attr_put_strz(h, NFTA_CHAIN_TYPE, "filter");
        }
        nft_batch_close(b, h);
}

void nft_put_delete_chain(NftBatch *b, const char *name)
{
        struct nlmsghdr *h = nft_batch_open(b, "chain", NFT_MSG_DELCHAIN, 0, NULL, 0);

        if (!h)
                return;
        mnl_attr_put_strz(h, NFTA_CHAIN_TABLE, NFT_TABLE_NAME);
        mnl_attr_put_strz(h, NFTA_CHAIN_NAME, name);
        nft_batch_close(b, h);
}

/* ---- sets ---- */

/* Six bits a type, as nft has it. */
static uint32_t concatenation(uint32_t types, uint32_t more)
{
        return types << (more > 0x3f ? 12 : 6) | more;
}

/* Of the sets that decisions are counted in, as in count_bytes(); else nothing. Each part takes
 * whole registers. */
static void set_counted_type(
        NftSetKind kind, uint32_t address, uint32_t n, uint32_t *ret_type, uint32_t *ret_length)
{
        uint32_t who = concatenation(concatenation(TYPE_CGROUP, TYPE_CGROUP), TYPE_UID);

        switch ((unsigned)kind) {
        case SET_SENT:
                *ret_type = concatenation(concatenation(who, address), TYPE_INET_SERVICE);
                *ret_length = 24 + n;
                break;
        case SET_SENDERS:
                *ret_type = who;
                *ret_length = 20;
                break;
        case SET_SEEN:
                *ret_type =
                        concatenation(concatenation(concatenation(TYPE_CGROUP, address), address),
                                TYPE_INET_SERVICE);
                *ret_length = 12 + 2 * n;
                break;
        case SET_NUMBERS:
                *ret_type = TYPE_CGROUP;
                *ret_length = 8;
                break;
        }
}

static void set_key_type(const NftSetKey *k, uint32_t *ret_type, uint32_t *ret_length)
{
        static const struct {
                uint32_t type, length;
        } types[] = {
                [SET_PORTS] = { TYPE_INET_SERVICE, 2 },
                [SET_USERS] = { TYPE_UID, 4 },
                [SET_GROUPS] = { TYPE_GID, 4 },
                [SET_RATE] = { TYPE_UID, 4 },
                [SET_OPEN] = { TYPE_UID, 4 },
                [SET_NUMBERS] = { 0 },
        };

        uint32_t address = k->family == FAMILY_IPV4 ? TYPE_IPV4_ADDR : TYPE_IPV6_ADDR;
        uint32_t n = k->family == FAMILY_IPV4 ? 4 : 16;

        *ret_type = k->family != 0 ? address : types[k->kind].type;
        *ret_length = k->family != 0 ? n : types[k->kind].length;
        set_counted_type(k->kind, address, n, ret_type, ret_length);
        if (k->kind == SET_HELD) {
                *ret_type = concatenation(address, TYPE_INET_SERVICE);
                *ret_length = n + 4;
        }
        if (k->kind == SET_UNTRACKED || k->kind == SET_REFUSED) {
                uint32_t end = concatenation(address, TYPE_INET_SERVICE);

                *ret_type = concatenation(concatenation(end, address), TYPE_INET_SERVICE);
                *ret_length = 2 * (n + 4);
        }
        if (k->kind == SET_BRIDGED) {
                *ret_type = concatenation(concatenation(TYPE_INTERFACE, TYPE_INTERFACE),
                        concatenation(address, address));
                *ret_length = 2 * sizeof(uint32_t) + 2 * n;
        }
}

static uint32_t set_flags(const NftSet *s)
{
        bool timeout = s->key.kind == SET_TIMED || nft_set_timeout_msec(s) > 0;

        return (nft_set_is_dynamic(s) ? (uint32_t)NFT_SET_EVAL : 0) |
               (timeout ? (uint32_t)NFT_SET_TIMEOUT : 0);
}

/* A note for nft's listing of the set: the byte order of the key (1 host, 2 network; 0: a
 * concatenation). */
static void put_byte_order(struct nlmsghdr *h, const NftSetKey *k)
{
        bool network = k->family != 0 || k->kind == SET_PORTS;
        bool several = k->kind >= SET_BRIDGED && k->kind != SET_NUMBERS;
        uint8_t data[6] = { 0, 4, several ? 0 : network ? 2 : 1, 0, 0, 0 };

        mnl_attr_put(h, NFTA_SET_USERDATA, sizeof(data), data);
}

void nft_put_set(NftBatch *b, const NftSet *s)
{
        struct nlmsghdr *h = nft_batch_open(b, "set", NFT_MSG_NEWSET, NLM_F_CREATE, s->origin, 0);
        char name[NFT_NAME_TEXT_MAX];
        uint32_t type, length;
        struct nlattr *nest;

        if (!h)
                return;
        set_key_type(&s->key, &type, &length);
        mnl_attr_put_strz(h, NFTA_SET_TABLE, NFT_TABLE_NAME);
        mnl_attr_put_strz(h, NFTA_SET_NAME, nft_set_name(&s->key, name));
        mnl_attr_put_u32(h, NFTA_SET_FLAGS, htonl(set_flags(s)));
        mnl_attr_put_u32(h, NFTA_SET_KEY_TYPE, htonl(type));
        mnl_attr_put_u32(h, NFTA_SET_KEY_LEN, htonl(length));
        mnl_attr_put_u32(h, NFTA_SET_ID, htonl((uint32_t)b->n));
        if (s->size > 0) {
                nest = mnl_attr_nest_start(h, NFTA_SET_DESC);
                mnl_attr_put_u32(h, NFTA_SET_DESC_SIZE, htonl(s->size));
                mnl_attr_nest_end(h, nest);
        }
        if (nft_set_timeout_msec(s) > 0)
                mnl_attr_put_u64(h, NFTA_SET_TIMEOUT, htobe64(nft_set_timeout_msec(s)));
        put_byte_order(h, &s->key);
        nft_batch_close(b, h);
}

void nft_put_delete_set(NftBatch *b, const char *name)
{
        struct nlmsghdr *h = nft_batch_open(b, "set", NFT_MSG_DELSET, 0, NULL, 0);

        if (!h)
                return;
        mnl_attr_put_strz(h, NFTA_SET_TABLE, NFT_TABLE_NAME);
        mnl_attr_put_strz(h, NFTA_SET_NAME, name);
        nft_batch_close(b, h);
}

/* ---- rules ---- */

static int rule_object(
        const NftTable *t, const NftChainKey *chain, const NftRule *r, struct nftnl_rule **ret)
{
        struct nftnl_rule *rule = nftnl_rule_alloc();
        char name[NFT_NAME_TEXT_MAX];
        int k = rule ? 0 : -ENOMEM;

        if (k >= 0) {
                nftnl_rule_set_u32(rule, NFTNL_RULE_FAMILY, NFPROTO_INET);
                if (nftnl_rule_set_str(rule, NFTNL_RULE_TABLE, NFT_TABLE_NAME) < 0 ||
                        nftnl_rule_set_str(rule, NFTNL_RULE_CHAIN, nft_chain_name(chain, name)) < 0)
                        k = -ENOMEM;
        }
        for (size_t i = 0; i < r->n && k >= 0; i++)
                k = nft_statement_make(rule, &t->statements[r->first + i]);
        if (k < 0) {
                if (rule)
                        nftnl_rule_free(rule);
                return k;
        }
        *ret = rule;
        return 0;
}

void nft_put_rule(NftBatch *b, const NftTable *t, const NftChainKey *chain, const NftRule *r,
        uint64_t before, uint64_t *ret_handle)
{
        uint16_t flags = (uint16_t)(NLM_F_CREATE | (before == 0 ? NLM_F_APPEND : 0) |
                                    (ret_handle ? NLM_F_ECHO : 0));
        struct nftnl_rule *rule;
        struct nlmsghdr *h;

        if (b->failed || rule_object(t, chain, r, &rule) < 0) {
                b->failed = true;
                return;
        }
        if (before != 0)
                nftnl_rule_set_u64(rule, NFTNL_RULE_POSITION, before);
        h = nft_batch_open(b, "rule", NFT_MSG_NEWRULE, flags, r->origin, 0);
        if (h) {
                b->messages[b->n - 1].ret_handle = ret_handle;
                nftnl_rule_nlmsg_build_payload(h, rule);
                nft_batch_close(b, h);
        }
        nftnl_rule_free(rule);
}

void nft_put_delete_rules(NftBatch *b, const char *chain, uint64_t handle)
{
        struct nlmsghdr *h = nft_batch_open(b, "rule", NFT_MSG_DELRULE, 0, NULL, 0);

        if (!h)
                return;
        mnl_attr_put_strz(h, NFTA_RULE_TABLE, NFT_TABLE_NAME);
        if (chain)
                mnl_attr_put_strz(h, NFTA_RULE_CHAIN, chain);
        if (handle != 0)
                mnl_attr_put_u64(h, NFTA_RULE_HANDLE, htobe64(handle));
        nft_batch_close(b, h);
}

int nft_rule_print_expressions(
        Buffer *b, const NftTable *t, const NftChainKey *chain, const NftRule *r)
{
        struct nftnl_rule *rule;
        char text[8192];
        size_t n;
        int k = rule_object(t, chain, r, &rule);

        if (k < 0)
                return k;
        nftnl_rule_snprintf(text, sizeof(text), rule, NFTNL_OUTPUT_DEFAULT, 0);
        nftnl_rule_free(rule);
        /* with or without an end of line, by version */
        for (n = strlen(text); n > 0 && text[n - 1] == '\n'; n--)
                text[n - 1] = '\0';
        buffer_add_string(b, text);
        buffer_add_char(b, '\n');
        return 0;
}
