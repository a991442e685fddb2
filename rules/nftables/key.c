/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Names of chains, sets and counters, and their equality. Does not depend on how a ruleset becomes
 * a table.
 */

#include "rules/nftables/key.h"

#include "rules/address/timedentry.h"
#include "rules/address/timedset.h"
#include "rules/nftables/numbers.h"
#include "rules/nftables/statement.h"
#include "rules/nftables/table.h"
#include "rules/policy/action.h"
#include "rules/policy/direction.h"
#include "rules/policy/logprefix.h"
#include "rules/ruleset/counterid.h"

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
        [CHAIN_ARRIVED] = { .name = "arrived" },
        [CHAIN_FORWARDED] = { .name = "forwarded" },
        [CHAIN_PASSING] = { .name = "passing" },
        [CHAIN_DIRECTION] = { .name = NULL },
        [CHAIN_UNTRACKED] = { .name = "untracked" },
        [CHAIN_UNTRACKED_PORTS] = { .name = "untracked_ports" },
        [CHAIN_CLASS] = { .name = NULL },
        [CHAIN_RULE] = { .name = "rule" },
        [CHAIN_DEFAULT] = { .name = "default" },
        [CHAIN_OWNER] = { .name = "owner" },
        [CHAIN_PASSED] = { .name = "passed" },
        [CHAIN_BEYOND] = { .name = "beyond" },
        [CHAIN_TO] = { .name = "to" },
        [CHAIN_UNTRACKED_CLASS] = { .name = "untracked" },
        [CHAIN_UNTRACKED_TO] = { .name = "untracked_to" },
        [CHAIN_ALLOWED] = { .name = "allowed" },
        [CHAIN_REFUSED] = { .name = "refused" },
        [CHAIN_FRAGMENTS] = { .name = "fragments" },
        [CHAIN_OWNED] = { .name = "owned" },
        [CHAIN_HELD] = { "held", true, NF_INET_LOCAL_OUT, INT32_MIN + 25 },
        [CHAIN_HELD_PORTS] = { .name = "held_out" },
        [CHAIN_HELD_CLASS] = { .name = "held_out" },
        [CHAIN_HELD_TO] = { .name = "held_to" },
        [CHAIN_HOLD] = { .name = "hold" },
        [CHAIN_BRANCH] = { .name = NULL },
        [CHAIN_UNTRACKED_BRANCH] = { .name = "untracked" },
        [CHAIN_HELD_BRANCH] = { .name = "held_out" },
};

static const char *const set_kinds[] = {
        [SET_PORTS] = "ports",
        [SET_NAMED] = "s",
        [SET_TIMED] = "t",
        [SET_FROM] = "r",
        [SET_TO] = "r",
        [SET_USERS] = "users",
        [SET_GROUPS] = "groups",
        [SET_RATE] = "rate",
        [SET_OPEN] = "open",
        [SET_BRIDGED] = "bridged",
        [SET_HELD] = "held",
        [SET_UNTRACKED] = "untracked",
        [SET_REFUSED] = "refused",
        [SET_SENT] = "sent",
        [SET_SENDERS] = "senders",
        [SET_SEEN] = "seen",
        [SET_NUMBERS] = "numbers",
};

bool nft_chain_hook(NftChainKind k, uint32_t *ret_hook, int32_t *ret_priority)
{
        if (!chain_kinds[k].base)
                return false;
        *ret_hook = chain_kinds[k].hook;
        *ret_priority = chain_kinds[k].priority;
        return true;
}

/* in_25_0_v4_c000020_28: the row, and the digits of the prefix that its length fills */
static void branch_name(const NftChainKey *k, char buffer[static NFT_NAME_TEXT_MAX])
{
        const char *of = k->kind == CHAIN_BRANCH ? direction_to_string(k->direction)
                                                 : chain_kinds[k->kind].name;
        size_t n = (size_t)snprintf(
                buffer, NFT_NAME_TEXT_MAX, "%s_%u_%" PRIu64 "_v%u_", of, k->port, k->id, k->family);

        for (unsigned i = 0; i < (k->bits + 3u) / 4; i++)
                n += (size_t)snprintf(buffer + n, NFT_NAME_TEXT_MAX - n, "%x",
                        k->address[i / 2] >> (i % 2 ? 0 : 4) & 15);
        snprintf(buffer + n, NFT_NAME_TEXT_MAX - n, "_%u", k->bits);
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
        case CHAIN_ARRIVED:
        case CHAIN_FORWARDED:
        case CHAIN_PASSING:
        case CHAIN_UNTRACKED:
        case CHAIN_UNTRACKED_PORTS:
        case CHAIN_ALLOWED:
        case CHAIN_REFUSED:
        case CHAIN_FRAGMENTS:
        case CHAIN_OWNED:
        case CHAIN_HELD:
        case CHAIN_HELD_PORTS:
        case CHAIN_HOLD:
                snprintf(buffer, NFT_NAME_TEXT_MAX, "%s", chain_kinds[k->kind].name);
                break;
        case CHAIN_DIRECTION:
                snprintf(buffer, NFT_NAME_TEXT_MAX, "%s", direction);
                break;
        case CHAIN_DEFAULT:
                snprintf(buffer, NFT_NAME_TEXT_MAX, "%s_%s%s", chain_kinds[k->kind].name, direction,
                        k->id ? "_audit" : "");
                break;
        case CHAIN_CLASS:
                snprintf(buffer, NFT_NAME_TEXT_MAX, "%s_%u", direction, k->port);
                break;
        case CHAIN_RULE:
        case CHAIN_PASSED:
        case CHAIN_BEYOND:
                snprintf(
                        buffer, NFT_NAME_TEXT_MAX, "%s_%" PRIu64, chain_kinds[k->kind].name, k->id);
                break;
        case CHAIN_OWNER:
                snprintf(buffer, NFT_NAME_TEXT_MAX, "%s_%" PRIu64 "_%" PRIu32,
                        chain_kinds[k->kind].name, k->id, k->user);
                break;
        case CHAIN_UNTRACKED_CLASS:
        case CHAIN_HELD_CLASS:
                snprintf(buffer, NFT_NAME_TEXT_MAX, "%s_%u", chain_kinds[k->kind].name, k->port);
                break;
        case CHAIN_BRANCH:
        case CHAIN_UNTRACKED_BRANCH:
        case CHAIN_HELD_BRANCH:
                branch_name(k, buffer);
                break;
        case CHAIN_TO:
        case CHAIN_UNTRACKED_TO:
        case CHAIN_HELD_TO:
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
        case SET_TIMED:
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
        case SET_BRIDGED:
        case SET_HELD:
        case SET_UNTRACKED:
        case SET_REFUSED:
        case SET_SENT:
        case SET_SENDERS:
        case SET_SEEN:
        case SET_NUMBERS:
                snprintf(buffer, NFT_NAME_TEXT_MAX, "%s%.0u", kind, k->family);
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
        snprintf(buffer, NFT_NAME_TEXT_MAX, "p25 %s %s%s %s%s",
                direction_to_string(s->log.direction), s->log.audit ? LOG_AUDIT : "",
                action_to_string(s->log.action), id,
                s->log.counted    ? LOG_COUNTED
                : s->log.numbered ? LOG_NUMBERED
                                  : "");
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
        /* An empty bucket is full again after burst / rate units. */
        return ((uint64_t)l->unit_sec * l->burst + l->rate - 1) / l->rate * 1000;
}

#define COMPARE(a, b)                              \
        do {                                       \
                if ((a) != (b))                    \
                        return (a) < (b) ? -1 : 1; \
        } while (false)

int nft_chain_key_compare(const void *x, const void *y)
{
        const NftChainKey *a = x, *b = y;

        COMPARE(a->kind, b->kind);
        COMPARE(a->direction, b->direction);
        COMPARE(a->port, b->port);
        COMPARE(a->id, b->id);
        COMPARE(a->family, b->family);
        COMPARE(a->user, b->user);
        COMPARE(a->bits, b->bits);
        return memcmp(a->address, b->address, sizeof(a->address));
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
int nft_set_key_compare(const void *x, const void *y)
{
        const NftSetKey *a = x, *b = y;
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
        return s->key.kind >= SET_RATE;
}

uint64_t nft_entry_timeout_msec(const TimedEntry *e, uint64_t now_usec)
{
        uint64_t left_usec = e->until_usec > now_usec ? e->until_usec - now_usec : 0;

        return left_usec / 1000 + NFT_TIMED_GRACE_MSEC;
}

bool nft_set_same_shape(const NftSet *a, const NftSet *b)
{
        return nft_set_key_compare(&a->key, &b->key) == 0 && a->size == b->size;
}

uint64_t nft_set_timeout_msec(const NftSet *s)
{
        if (s->key.kind == SET_BRIDGED)
                return NFT_BRIDGED_TIMEOUT_MSEC;
        if (s->key.kind == SET_HELD)
                return NFT_HELD_TIMEOUT_MSEC;
        if (s->key.kind == SET_UNTRACKED || s->key.kind == SET_REFUSED)
                return NFT_UNTRACKED_TIMEOUT_MSEC;
        return s->key.kind == SET_RATE ? nft_bucket_timeout_msec(&s->key.limit) : 0;
}
