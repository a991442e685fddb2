/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Elements are read with a reset of their counters, which the kernel does as one step. Those that
 * counted nothing since the last time are removed, to make room; what they counted meanwhile comes
 * back with the removal. Kernels before 6.5 cannot reset: there all that has counted is removed.
 */

#include "daemon/nftables/decisions.h"

#include "daemon/backend/counts.h"
#include "daemon/nftables/attributes.h"
#include "daemon/nftables/kernel.h"
#include "daemon/nftables/monitor.h"
#include "rules/base/array.h"
#include "rules/ruleset/decision.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

/* Newer than some of the headers we build with. */
#define MSG_GETSETELEM_RESET 33
#define KEY_MAX 44
/* Removing waits for all processors: not for a few elements each time. */
#define IDLE_MANY 256u
#define IDLE_MAX 8192u
#define TAKES_MAX 64u
#define REMOVED_AT_ONCE 512u
/* Of one element in a message, at most. */
#define ELEMENT_BYTES (KEY_MAX + 16)

typedef struct Idle {
        const NftSet *set;
        uint8_t key[KEY_MAX];
        size_t length;
} Idle;

typedef struct Taking {
        NftBackend *backend;
        const NftSet *set; /* that is read */
        DecisionHandler f;
        void *data;
        Idle *idle; /* to be removed */
        size_t n_idle;
        bool removing;
} Taking;

/* ---- an element ---- */

static Address address_take(const NftSet *s, const uint8_t *bytes)
{
        Address a = { .family = (Family)s->key.family };

        memcpy(a.bytes, bytes, family_bits(a.family) / 8);
        return a;
}

static uint16_t port_take(const uint8_t *bytes)
{
        return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

/* The key's parts, as count_bytes() of the emitter puts them. */
static bool key_read(const NftSet *s, const uint8_t *key, size_t n, DecisionCount *ret)
{
        size_t width = s->key.family == FAMILY_IPV4 ? 4 : 16;
        bool sent = s->key.kind == SET_SENT || s->key.kind == SET_SENDERS;
        bool seen = s->key.kind == SET_SEEN;
        size_t wanted = 8 + (sent ? 12u : seen ? width : 0) + (s->key.family ? width + 4 : 0);
        DecisionCount c = { 0 };
        Decision what;
        uint64_t number;

        if (n != wanted)
                return false;
        memcpy(&number, key, sizeof(number));
        if (!decision_read(number, &what))
                return false;
        c = (DecisionCount){ .direction = what.direction,
                .action = what.action,
                .audit = what.audit,
                .logged = what.logged,
                .in_log = what.in_log,
                .rule = what.rule,
                .has_uid = sent };
        if (sent) {
                memcpy(&c.cgroup, key + 8, sizeof(c.cgroup));
                memcpy(&c.uid, key + 16, sizeof(c.uid));
        }
        if (seen)
                c.source = address_take(s, key + 8);
        if (s->key.family != 0) {
                c.destination = address_take(s, key + n - width - 4);
                c.port = port_take(key + n - 4);
        }
        *ret = c;
        return true;
}

static uint64_t element_packets(const Attributes *element)
{
        Attributes expression, counter;

        attributes_read_nested(element->of[NFTA_SET_ELEM_EXPR], &expression);
        attributes_read_nested(expression.of[NFTA_EXPR_DATA], &counter);
        return attribute_u64(&counter, NFTA_COUNTER_PACKETS);
}

static int idle_note(Taking *t, const uint8_t *key, size_t n)
{
        int r;

        if (t->n_idle == IDLE_MAX || n > KEY_MAX)
                return 0;
        r = array_grow(&t->idle, t->n_idle, sizeof(Idle));
        if (r < 0)
                return r;
        t->idle[t->n_idle] = (Idle){ .set = t->set, .length = n };
        memcpy(t->idle[t->n_idle++].key, key, n);
        return 0;
}

static int element_take(const struct nlattr *a, Taking *t)
{
        Attributes element, key;
        DecisionCount c;
        uint64_t packets;
        const uint8_t *bytes;
        size_t n;

        attributes_read_nested(a, &element);
        attributes_read_nested(element.of[NFTA_SET_ELEM_KEY], &key);
        if (!key.of[NFTA_DATA_VALUE])
                return 0;
        bytes = mnl_attr_get_payload(key.of[NFTA_DATA_VALUE]);
        n = mnl_attr_get_payload_len(key.of[NFTA_DATA_VALUE]);
        packets = element_packets(&element);
        if (packets > 0 && (t->removing || !t->backend->cannot_reset) &&
                key_read(t->set, bytes, n, &c)) {
                c.count = packets;
                t->f(t->data, &c);
        }
        /* what was reset a moment ago is busy */
        return !t->removing && (packets == 0 || t->backend->cannot_reset) ? idle_note(t, bytes, n)
                                                                          : 0;
}

static const NftSet *set_named(const NftTable *table, const char *name)
{
        char buffer[NFT_NAME_TEXT_MAX];

        for (size_t i = 0; i < table->n_sets; i++)
                if (table->sets[i].key.kind >= SET_SENT &&
                        streq(nft_set_name(&table->sets[i].key, buffer), name))
                        return &table->sets[i];
        return NULL;
}

static int elements_read(const struct nlmsghdr *h, void *data)
{
        Taking *t = data;
        const struct nlattr *a;
        Attributes list;
        const char *name;
        int r = 0;

        if (!message_is_ours(h, t->removing ? NFT_MSG_DELSETELEM : NFT_MSG_NEWSETELEM, &list))
                return 0;
        name = attribute_string(&list, NFTA_SET_ELEM_LIST_SET);
        if (!name || !list.of[NFTA_SET_ELEM_LIST_ELEMENTS])
                return 0;
        t->set = set_named(t->backend->wanted, name);
        if (!t->set)
                return 0;
        mnl_attr_for_each_nested(a, list.of[NFTA_SET_ELEM_LIST_ELEMENTS]) if (r >= 0) r =
                element_take(a, t);
        return r;
}

/* ---- reading ---- */

static int set_dump(Taking *t, unsigned type)
{
        char name[NFT_NAME_TEXT_MAX];
        Request q;
        struct nlmsghdr *h = request_init(&q, type, NULL, 0);

        mnl_attr_put_strz(h, NFTA_SET_ELEM_LIST_SET, nft_set_name(&t->set->key, name));
        return netlink_dump(&t->backend->writer, h, elements_read, t);
}

/* An inconsistent dump has left something out, for the next time. */
static int set_read(Taking *t)
{
        NftBackend *b = t->backend;
        int r = b->cannot_reset ? 0 : set_dump(t, MSG_GETSETELEM_RESET);

        if (r == -EINVAL || r == -EOPNOTSUPP)
                b->cannot_reset = true;
        if (b->cannot_reset)
                r = set_dump(t, NFT_MSG_GETSETELEM);
        return r == -EINTR || r == -ENOENT ? 0 : r;
}

/* ---- removing ---- */

static void put_removal(NftBatch *batch, const Idle *idle, size_t n)
{
        struct nlmsghdr *h = nft_batch_open(
                batch, "element", NFT_MSG_DELSETELEM, NLM_F_ECHO, NULL, n * ELEMENT_BYTES);
        char name[NFT_NAME_TEXT_MAX];
        struct nlattr *list;

        if (!h)
                return;
        mnl_attr_put_strz(h, NFTA_SET_ELEM_LIST_TABLE, NFT_TABLE_NAME);
        mnl_attr_put_strz(h, NFTA_SET_ELEM_LIST_SET, nft_set_name(&idle->set->key, name));
        list = mnl_attr_nest_start(h, NFTA_SET_ELEM_LIST_ELEMENTS);
        for (size_t i = 0; i < n; i++) {
                struct nlattr *element = mnl_attr_nest_start(h, NFTA_LIST_ELEM);
                struct nlattr *key = mnl_attr_nest_start(h, NFTA_SET_ELEM_KEY);

                mnl_attr_put(h, NFTA_DATA_VALUE, idle[i].length, idle[i].key);
                mnl_attr_nest_end(h, key);
                mnl_attr_nest_end(h, element);
        }
        mnl_attr_nest_end(h, list);
        nft_batch_close(batch, h);
}

/* Of one set, at most so many. */
static size_t run_length(const Idle *idle, size_t n)
{
        size_t i = 1;

        while (i < n && i < REMOVED_AT_ONCE && idle[i].set == idle->set)
                i++;
        return i;
}

static int batch_send(Taking *t, NftBatch *batch)
{
        NetlinkOutcome o;
        int r = nft_batch_finish(batch, true);

        if (r < 0)
                return r;
        return netlink_batch(&t->backend->writer,
                &(NetlinkBatch){ .data = batch->data,
                        .length = batch->length,
                        .first = batch->seq,
                        .last = batch->seq + (uint32_t)batch->n - 2,
                        .f = elements_read,
                        .f_data = t },
                &o);
}

/* What fails is tried again: the elements are found idle the next time. */
static int remove_idle(Taking *t)
{
        NftBackend *b = t->backend;
        _cleanup_nft_batch_ NftBatch batch = { 0 };
        int r = b->owns ? 0 : nft_kernel_generation(&b->writer, &b->guard);

        if (r < 0)
                return r;
        t->removing = true;
        nft_monitor_pause(b);
        nft_batch_init(&batch, b->writer.seq + 1, b->owns ? NULL : &b->guard);
        for (size_t i = 0, n; i < t->n_idle; i += n) {
                n = run_length(t->idle + i, t->n_idle - i);
                put_removal(&batch, t->idle + i, n);
        }
        r = batch_send(t, &batch);
        nft_monitor_resume(b);
        return r;
}

/* ---- the whole ---- */

static int take(Taking *t)
{
        NftBackend *b = t->backend;
        int r = 0;

        for (size_t i = 0; i < b->wanted->n_sets && r >= 0; i++)
                if (b->wanted->sets[i].key.kind >= SET_SENT) {
                        t->set = &b->wanted->sets[i];
                        r = set_read(t);
                }
        b->takes++;
        if (r < 0 || t->n_idle == 0 ||
                (t->n_idle < IDLE_MANY && b->takes < TAKES_MAX && !b->cannot_reset))
                return r;
        b->takes = 0;
        return remove_idle(t);
}

static int take_from_kernel(NftBackend *b, DecisionHandler f, void *data)
{
        Taking t = { .backend = b, .f = f, .data = data };
        int r = b->wanted && b->intact ? take(&t) : 0;

        free(t.idle);
        return r;
}

int nft_decisions_take(NftBackend *b, DecisionHandler f, void *data)
{
        for (size_t i = 0; i < b->n_kept; i++)
                f(data, &b->kept[i]);
        b->n_kept = 0;
        return take_from_kernel(b, f, data);
}

static void keep(void *data, const DecisionCount *c)
{
        NftBackend *b = data;

        if (array_grow(&b->kept, b->n_kept, sizeof(*c)) >= 0)
                b->kept[b->n_kept++] = *c;
}

void nft_decisions_keep(NftBackend *b)
{
        (void)take_from_kernel(b, keep, b);
}

void nft_decisions_keep_found(NftBackend *b, NftTable *other)
{
        NftTable *wanted = b->wanted;
        bool intact = b->intact;

        b->wanted = other;
        b->intact = true;
        nft_decisions_keep(b);
        b->wanted = wanted;
        b->intact = intact;
}
