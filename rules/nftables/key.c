/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Names of chains, sets and counters, and what makes two of them, or two rules, the same. Knows
 * nothing of how a ruleset becomes a table.
 */

#include "rules/nftables/table.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/netfilter.h>
#include <stdio.h>

static const struct {
        const char *name;
        bool base;
        uint32_t hook;
        int32_t priority;
} chain_kinds[] = {
        [CHAIN_PREROUTING] = { "prerouting", true, NF_INET_PRE_ROUTING, -150 },
        [CHAIN_FORWARD] = { "forward", true, NF_INET_FORWARD, -10 },
        [CHAIN_OUTPUT] = { "output", true, NF_INET_LOCAL_OUT, -150 },
        [CHAIN_INPUT] = { "input", true, NF_INET_LOCAL_IN, -10 },
        [CHAIN_OPENED] = { .name = "opened" },
        [CHAIN_FORWARDED] = { .name = "forwarded" },
        [CHAIN_DIRECTION] = { .name = NULL },
        [CHAIN_UNTRACKED] = { .name = "untracked" },
        [CHAIN_CLASS] = { .name = NULL },
        [CHAIN_RULE] = { .name = "rule" },
        [CHAIN_REFUSED] = { .name = "refused" },
        [CHAIN_TO] = { .name = "to" },
        [CHAIN_UNTRACKED_CLASS] = { .name = "untracked" },
        [CHAIN_UNTRACKED_TO] = { .name = "untracked_to" },
};

static const char *const set_kinds[] = {
        [SET_PORTS] = "ports",
        [SET_NAMED] = "s",
        [SET_FROM] = "r",
        [SET_TO] = "r",
        [SET_USERS] = "users",
        [SET_GROUPS] = "groups",

        [SET_RATE] = "rate",
        [SET_OPEN] = "open",
};

bool nft_chain_hook(NftChainKind k, uint32_t *ret_hook, int32_t *ret_priority)
{
        if (!chain_kinds[k].base)
                return false;
        *ret_hook = chain_kinds[k].hook;
        *ret_priority = chain_kinds[k].priority;
        return true;
}

const char *nft_chain_name(const NftChainKey *k, char buffer[static NFT_NAME_TEXT_MAX])
{
        const char *direction = direction_to_string(k->direction);

        switch (k->kind) {
        case CHAIN_PREROUTING:
        case CHAIN_FORWARD:
        case CHAIN_OUTPUT:
        case CHAIN_INPUT:
        case CHAIN_OPENED:
        case CHAIN_FORWARDED:
        case CHAIN_UNTRACKED:
                snprintf(buffer, NFT_NAME_TEXT_MAX, "%s", chain_kinds[k->kind].name);
                break;
        case CHAIN_DIRECTION:
                snprintf(buffer, NFT_NAME_TEXT_MAX, "%s", direction);
                break;
        case CHAIN_CLASS:
                snprintf(buffer, NFT_NAME_TEXT_MAX, "%s_%u", direction, k->port);
                break;
        case CHAIN_RULE:
        case CHAIN_REFUSED:
                snprintf(
                        buffer, NFT_NAME_TEXT_MAX, "%s_%" PRIu64, chain_kinds[k->kind].name, k->id);
                break;
        case CHAIN_UNTRACKED_CLASS:
                snprintf(buffer, NFT_NAME_TEXT_MAX, "%s_%u", chain_kinds[k->kind].name, k->port);
                break;
        case CHAIN_TO:
        case CHAIN_UNTRACKED_TO:
                snprintf(buffer, NFT_NAME_TEXT_MAX, "%s%.0u_%" PRIu64, chain_kinds[k->kind].name,
                        k->family, k->id);
                break;
        }
        return buffer;
}

const char *nft_set_name(const NftSetKey *k, char buffer[static NFT_NAME_TEXT_MAX])
{
        const char *kind = set_kinds[k->kind];
        char layout[24] = "";

        if (k->bits > 0)
                snprintf(layout, sizeof(layout), "p%u", k->bits);
        switch (k->kind) {
        case SET_PORTS:
                snprintf(buffer, NFT_NAME_TEXT_MAX, "%s_%s", kind,
                        direction_to_string((Direction)k->level));
                break;
        case SET_NAMED:
                snprintf(buffer, NFT_NAME_TEXT_MAX, "%s%u%s_%s", kind, k->family, layout, k->name);
                break;
        case SET_FROM:
        case SET_TO:
                snprintf(buffer, NFT_NAME_TEXT_MAX, "%s%u%s_%" PRIu64 "_%s", kind, k->family,
                        layout, k->id, k->kind == SET_FROM ? "from" : "to");
                break;
        case SET_USERS:
        case SET_GROUPS:
                snprintf(buffer, NFT_NAME_TEXT_MAX, "%s_%" PRIu64, kind, k->id);
                break;
        case SET_RATE:
                snprintf(buffer, NFT_NAME_TEXT_MAX,
                        "%s%.0u_%" PRIu64 "_%" PRIu32 "_%" PRIu32 "_%" PRIu32, kind, k->family,
                        k->id, k->limit.rate, k->limit.unit_sec, k->limit.burst);
                break;
        case SET_OPEN:
                snprintf(buffer, NFT_NAME_TEXT_MAX, "%s%.0u_%" PRIu64 "_%" PRIu32, kind, k->family,
                        k->id, k->limit.open);
                break;
        }
        return buffer;
}

static bool counter_is_default(uint64_t id)
{
        return id >= DEFAULT_COUNTER_ID(0) && id < DEFAULT_COUNTER_ID(_DIRECTION_MAX);
}

const char *nft_counter_name(uint64_t id, char buffer[static NFT_NAME_TEXT_MAX])
{
        if (counter_is_default(id))
                snprintf(buffer, NFT_NAME_TEXT_MAX, "default_%s",
                        direction_to_string((Direction)(id - DEFAULT_COUNTER_ID(0))));
        else
                snprintf(buffer, NFT_NAME_TEXT_MAX, "rule_%" PRIu64, id);
        return buffer;
}

bool nft_counter_id(const char *name, uint64_t *ret)
{
        char again[NFT_NAME_TEXT_MAX];
        uint64_t id;

        if (strncmp(name, "rule_", 5) == 0) {
                id = strtoull(name + 5, NULL, 10);
        } else if (strncmp(name, "default_", 8) == 0) {
                Direction d = direction_from_string(name + 8);

                if (d == _DIRECTION_INVALID)
                        return false;
                id = DEFAULT_COUNTER_ID(d);
        } else {
                return false;
        }
        /* Signs, blanks, leading zeros, numbers too large: not a name that we give. */
        if (!streq(nft_counter_name(id, again), name))
                return false;
        *ret = id;
        return true;
}

const char *nft_log_prefix(const NftStatement *s, char buffer[static NFT_NAME_TEXT_MAX])
{
        char id[24] = "default";

        if (!counter_is_default(s->log.id))
                snprintf(id, sizeof(id), "%" PRIu64, s->log.id);
        snprintf(buffer, NFT_NAME_TEXT_MAX, "p25 %s %s %s", direction_to_string(s->log.direction),
                action_to_string(s->log.action), id);
        return buffer;
}

void nft_label_bitmap(unsigned bit, uint8_t ret[static NFT_LABEL_BYTES])
{
        unsigned long words[NFT_LABEL_BYTES / sizeof(unsigned long)] = { 0 };
        unsigned bits = 8 * sizeof(unsigned long);

        words[bit / bits] = 1ul << bit % bits;
        memcpy(ret, words, NFT_LABEL_BYTES);
}

uint64_t nft_bucket_timeout_msec(const Limit *l)
{
        /* An empty bucket is full again after burst / rate units; one minute more, whole. */
        uint64_t sec = ((uint64_t)l->unit_sec * l->burst + l->rate - 1) / l->rate;

        return (sec / 60 + 2) * 60000;
}

#define COMPARE(a, b)                              \
        do {                                       \
                if ((a) != (b))                    \
                        return (a) < (b) ? -1 : 1; \
        } while (false)

int nft_chain_key_compare(const NftChainKey *a, const NftChainKey *b)
{
        COMPARE(a->kind, b->kind);
        COMPARE(a->direction, b->direction);
        COMPARE(a->port, b->port);
        COMPARE(a->id, b->id);
        COMPARE(a->family, b->family);
        return 0;
}

static int limit_compare(const Limit *a, const Limit *b)
{
        COMPARE(a->rate, b->rate);
        COMPARE(a->unit_sec, b->unit_sec);
        COMPARE(a->burst, b->burst);
        COMPARE(a->open, b->open);
        return 0;
}

/* The prefix lengths of one list of addresses lie side by side: they are filled together. */
int nft_set_key_compare(const NftSetKey *a, const NftSetKey *b)
{
        int r;

        COMPARE(a->kind, b->kind);
        COMPARE(a->id, b->id);
        r = a->name && b->name ? strcmp(a->name, b->name) : (a->name != NULL) - (b->name != NULL);
        if (r != 0)
                return r;
        COMPARE(a->family, b->family);
        COMPARE(a->level, b->level);
        COMPARE(a->bits, b->bits);
        return limit_compare(&a->limit, &b->limit);
}

bool nft_set_is_dynamic(const NftSet *s)
{
        return s->key.kind == SET_RATE || s->key.kind == SET_OPEN;
}

bool nft_set_same_shape(const NftSet *a, const NftSet *b)
{
        return nft_set_key_compare(&a->key, &b->key) == 0 && a->size == b->size;
}

bool nft_statement_has_set(const NftStatement *s)
{
        static const bool has[_STATEMENT_MAX] = {
                [STATEMENT_PORTS] = true,
                [STATEMENT_DIALLED_PORTS] = true,
                [STATEMENT_ADDRESS_SET] = true,
                [STATEMENT_USERS] = true,
                [STATEMENT_GROUPS] = true,
                [STATEMENT_RATE_OVER] = true,
                [STATEMENT_OPEN_OVER] = true,
        };

        return has[s->kind];
}

static bool statement_equal(const NftStatement *a, const NftStatement *b)
{
        if (a->kind != b->kind || a->to != b->to || a->number != b->number)
                return false;
        switch (a->kind) {
        case STATEMENT_IN_INTERFACE:
        case STATEMENT_OUT_INTERFACE:
        case STATEMENT_ROUTE_INTERFACE:
                return streq(a->interface, b->interface);
        case STATEMENT_UNIT:
                return a->cgroup == b->cgroup;
        case STATEMENT_PORTS:
        case STATEMENT_DIALLED_PORTS:
        case STATEMENT_ADDRESS_SET:
        case STATEMENT_USERS:
        case STATEMENT_GROUPS:
        case STATEMENT_RATE_OVER:
        case STATEMENT_OPEN_OVER:
                return nft_set_key_compare(&a->set, &b->set) == 0;
        case STATEMENT_JUMP:
        case STATEMENT_GOTO:
                return nft_chain_key_compare(&a->chain, &b->chain) == 0;
        case STATEMENT_ADDRESS:
                return prefix_compare(&a->prefix, &b->prefix) == 0;
        case STATEMENT_FAMILY:
                return a->family == b->family;
        case STATEMENT_COUNTER:
                return a->counter == b->counter;
        case STATEMENT_BEFORE:
                return a->time_sec == b->time_sec;
        case STATEMENT_LOG:
                return a->log.direction == b->log.direction && a->log.action == b->log.action &&
                       a->log.id == b->log.id;
        case STATEMENT_TCP:
        case STATEMENT_PORT:
        case STATEMENT_DIALLED_PORT:
        case STATEMENT_SYN:
        case STATEMENT_NO_RST:
        case STATEMENT_IN_NOT_LO:
        case STATEMENT_OUT_NOT_LO:
        case STATEMENT_ADDRESS_TYPE:
        case STATEMENT_NO_CONNTRACK:
        case STATEMENT_LABEL:
        case STATEMENT_SET_LABEL:
        case STATEMENT_USER:
        case STATEMENT_GROUP:
        case STATEMENT_LOG_LIMIT:
        case STATEMENT_ACCEPT:
        case STATEMENT_DROP:
        case STATEMENT_RESET:
        case _STATEMENT_MAX:
                return true;
        }
        return false;
}

bool nft_rule_equal(const NftTable *ta, const NftRule *a, const NftTable *tb, const NftRule *b)
{
        if (a->n != b->n)
                return false;
        for (size_t i = 0; i < a->n; i++)
                if (!statement_equal(&ta->statements[a->first + i], &tb->statements[b->first + i]))
                        return false;
        return true;
}
