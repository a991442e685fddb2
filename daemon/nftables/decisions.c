/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Sets are listed; elements that have counted are then asked for one by one with a reset of their
 * counters, which the kernel does as one step. A list with a reset would lose an element where a
 * message of it is full. Elements that counted nothing since the last time are removed, to make
 * room; what they counted meanwhile comes back with the removal. Kernels before 6.5 cannot reset:
 * there all that has counted is removed.
 *
 * Some elements last, because packets make none while the kernel has no memory for counters at
 * hand: those of the table's numbers, and one for each sender of which a connection has been
 * counted. So no connection is lost, and hardly any sender.
 */

#include "daemon/nftables/decisions.h"

#include "daemon/backend/decision_count.h"
#include "daemon/nftables/attributes.h"
#include "daemon/nftables/elements.h"
#include "daemon/nftables/monitor.h"
#include "daemon/nftables/senderkeys.h"
#include "rules/address/family.h"
#include "rules/base/array.h"
#include "rules/nftables/key.h"
#include "rules/nftables/message.h"
#include "rules/nftables/numbers.h"
#include "rules/nftables/table.h"
#include "rules/ruleset/decision.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

/* Newer than some of the headers we build with. */
#define MSG_GETSETELEM_RESET 33
/* Removing waits for all processors: not for a few elements each time. */
#define IDLE_MANY 256u
#define IDLE_MAX 8192u
#define BUSY_MAX 65536u /* more than all sets hold; what is left has its turn the next time */
#define TAKES_MAX 64u
#define NUMBERS_MADE_MAX 8192u
#define SENDERS_MADE_MAX 256u /* where users are many, some have none */

typedef struct ElementKey {
        const NftSet *set;
        uint8_t bytes[NFT_KEY_MAX];
        size_t length;
} ElementKey;

typedef struct ElementKeys {
        ElementKey *items;
        size_t n, max;
} ElementKeys;

typedef struct Taking {
        NftBackend *backend;
        const NftSet *set; /* that is listed */
        DecisionHandler f;
        void *data;
        ElementKeys busy;          /* they have counted, and are to be reset */
        ElementKeys idle;          /* to be removed */
        ElementKeys made;          /* to be made, behind what is removed */
        SenderKeys senders;        /* sorted when the sets of SET_SENT are listed */
        const NftSet *senders_set; /* SET_SENDERS; NULL: the table has none */
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

static bool names_sender(const NftSet *s)
{
        return s->key.kind == SET_SENT || s->key.kind == SET_SENDERS;
}

static size_t address_length(const NftSet *s)
{
        return s->key.family == FAMILY_IPV4 ? 4 : 16;
}

static size_t key_length(const NftSet *s)
{
        size_t width = address_length(s);

        return (names_sender(s) ? SENDER_BYTES : 8) + (s->key.kind == SET_SEEN ? width : 0) +
               (s->key.family ? width + 4 : 0);
}

/* The key's parts, as count_bytes() of the emitter puts them. */
static bool key_read(const NftSet *s, const uint8_t *key, DecisionCount *ret)
{
        size_t behind = key_length(s);
        DecisionCount c = { 0 };
        Decision what;
        uint64_t number;

        memcpy(&number, key, sizeof(number));
        if (!decision_read(number, &what))
                return false;
        c = (DecisionCount){ .direction = what.direction,
                .action = what.action,
                .audit = what.audit,
                .logged = what.logged,
                .in_log = what.in_log,
                .rule = what.rule,
                .has_uid = names_sender(s) };
        if (names_sender(s)) {
                memcpy(&c.cgroup, key + 8, sizeof(c.cgroup));
                memcpy(&c.uid, key + 16, sizeof(c.uid));
        }
        if (s->key.kind == SET_SEEN)
                c.source = address_take(s, key + 8);
        if (s->key.family != 0) {
                c.destination = address_take(s, key + behind - 4 - address_length(s));
                c.port = port_take(key + behind - 4);
        }
        *ret = c;
        return true;
}

static uint64_t element_packets(const FoundElement *e)
{
        Attributes element, expression, counter;

        attributes_read_nested(e->attributes, &element);
        attributes_read_nested(element.of[NFTA_SET_ELEM_EXPR], &expression);
        attributes_read_nested(expression.of[NFTA_EXPR_DATA], &counter);
        return attribute_u64(&counter, NFTA_COUNTER_PACKETS);
}

static int key_note(ElementKeys *l, const NftSet *set, const uint8_t *key)
{
        int r;

        if (l->n == l->max)
                return 0;
        r = array_grow(&l->items, l->n, sizeof(*l->items));
        if (r < 0)
                return r;
        l->items[l->n] = (ElementKey){ .set = set, .length = key_length(set) };
        memcpy(l->items[l->n].bytes, key, l->items[l->n].length);
        l->n++;
        return 0;
}

/* ---- what lasts ---- */

/* Is it of a number that rules of the table count? */
static bool number_lasts(const NftSet *s, const uint8_t *key)
{
        uint64_t number;

        if (s->key.kind != SET_NUMBERS)
                return false;
        memcpy(&number, key, sizeof(number));
        return s->n > 0 && bsearch(&number, s->values, s->n, sizeof(number), number_compare);
}

/* Notes that a sender's element is there. */
static bool element_lasts(Taking *t, const NftSet *set, const uint8_t *key)
{
        SenderKey *sender =
                set->key.kind == SET_SENDERS ? sender_keys_find(&t->senders, key) : NULL;

        if (sender)
                sender->is_there = true;
        return sender || number_lasts(set, key);
}

/* ---- the list ---- */

/* An element that has counted, on a kernel that cannot reset it: it is removed, and comes back
 * empty if it lasts. */
static int note_removed(Taking *t, const NftSet *set, const uint8_t *key, bool lasts)
{
        int r = key_note(&t->idle, set, key);

        return r >= 0 && lasts ? key_note(&t->made, set, key) : r;
}

/* An ElementHandler. */
static int element_listed(void *data, _unused_ const char *name, const FoundElement *e)
{
        Taking *t = data;
        uint64_t packets = element_packets(e);
        bool lasts;
        int r;

        if (e->length != key_length(t->set))
                return 0;
        lasts = element_lasts(t, t->set, e->key);
        r = packets > 0 && t->set->key.kind == SET_SENT ? sender_keys_add(&t->senders, e->key) : 0;
        if (r < 0)
                return r;
        if (packets > 0 && t->backend->cannot_reset)
                return note_removed(t, t->set, e->key, lasts);
        if (packets > 0)
                return key_note(&t->busy, t->set, e->key);
        return lasts ? 0 : key_note(&t->idle, t->set, e->key);
}

/* An inconsistent dump has left something out, for the next time. */
static int set_list(Taking *t)
{
        ElementReader reader = { NFT_MSG_NEWSETELEM, element_listed, t };
        int r = elements_dump(t->backend, NFT_MSG_GETSETELEM, &t->set->key, &reader);

        if (r == -ENOENT)
                nft_monitor_miss(t->backend);
        return r == -EINTR || r == -ENOENT ? 0 : r;
}

/* ---- what was counted ---- */

static const NftSet *set_named(const NftTable *table, const char *name)
{
        char buffer[NFT_NAME_TEXT_MAX];

        for (size_t i = 0; i < table->n_sets; i++)
                if (table->sets[i].key.kind >= SET_SENT &&
                        streq(nft_set_name(&table->sets[i].key, buffer), name))
                        return &table->sets[i];
        return NULL;
}

/* Of an element that was reset or removed. An ElementHandler. */
static int element_counted(void *data, const char *name, const FoundElement *e)
{
        Taking *t = data;
        const NftSet *set = set_named(t->backend->wanted, name);
        DecisionCount c;

        if (!set || e->length != key_length(set) || !key_read(set, e->key, &c))
                return 0;
        c.count = element_packets(e);
        if (c.count > 0)
                t->f(t->data, &c);
        return 0;
}

typedef struct Asking {
        ElementReader reader; /* first: of the answers */
        Taking *taking;
        size_t n; /* of the busy ones */
} Asking;

static size_t reset_question(struct nlmsghdr *buffer, size_t size, void *data)
{
        Asking *a = data;
        const ElementKey *k;

        if (a->n == a->taking->busy.n)
                return 0;
        k = &a->taking->busy.items[a->n++];
        return elements_question(
                buffer, size, MSG_GETSETELEM_RESET, &k->set->key, k->bytes, k->length);
}

/* On a kernel that cannot, they are removed, as all that counts from now on. */
static int reset_busy(Taking *t)
{
        Asking asking = { .reader = { NFT_MSG_NEWSETELEM, element_counted, t }, .taking = t };
        int r = netlink_ask(&t->backend->writer, reset_question, elements_read, &asking);

        if (r != -EINVAL && r != -EOPNOTSUPP)
                return r == -ENOENT ? 0 : r;
        t->backend->cannot_reset = true;
        r = 0;
        for (size_t i = 0; r >= 0 && i < t->busy.n; i++) {
                const ElementKey *k = &t->busy.items[i];

                r = note_removed(t, k->set, k->bytes, element_lasts(t, k->set, k->bytes));
        }
        return r;
}

/* ---- making and removing ---- */

/* An element for each sender that has none. */
static int note_senders(Taking *t)
{
        const NftSet *set = t->senders_set;
        size_t made = 0;
        int r = 0;

        for (size_t i = 0; set && i < t->senders.n && made < SENDERS_MADE_MAX && r >= 0; i++)
                if (!t->senders.items[i].is_there) {
                        r = key_note(&t->made, set, t->senders.items[i].key);
                        made++;
                }
        return r;
}

static void put_removal(NftBatch *batch, const ElementKey *idle, size_t n)
{
        ElementList l = elements_open(batch, NFT_MSG_DELSETELEM, NLM_F_ECHO, &idle->set->key);

        for (size_t i = 0; i < n; i++)
                elements_put(&l, idle[i].bytes, idle[i].length);
        elements_close(&l);
}

/* Of one set, and for one message. */
static size_t run_length(const ElementKey *idle, size_t n)
{
        size_t i = 1;

        while (i < n && i < NFT_ELEMENTS_MAX && idle[i].set == idle->set)
                i++;
        return i;
}

static int elements_change(Taking *t, bool remove)
{
        ElementReader reader = { NFT_MSG_DELSETELEM, element_counted, t };
        _cleanup_nft_batch_ NftBatch batch = { 0 };
        int r = elements_begin(t->backend, &batch);

        if (r < 0)
                return r;
        for (size_t i = 0, n; remove && i < t->idle.n; i += n) {
                n = run_length(t->idle.items + i, t->idle.n - i);
                put_removal(&batch, t->idle.items + i, n);
        }
        for (size_t i = 0; i < t->made.n; i++)
                nft_put_counting_element(&batch, t->made.items[i].set, t->made.items[i].bytes,
                        (uint16_t)t->made.items[i].length);
        r = elements_send(t->backend, &batch, &reader);
        /* what the kernel refuses is found idle, or missing, the next time */
        return r < 0 ? r : 0;
}

/* ---- the whole ---- */

/* In the order of their kinds: who is counted in SET_SENT is known before SET_SENDERS is read. */
static int sets_list(Taking *t)
{
        const NftTable *table = t->backend->wanted;
        int r = 0;

        for (size_t i = 0; i < table->n_sets && r >= 0; i++) {
                const NftSet *s = &table->sets[i];

                if (s->key.kind < SET_SENT)
                        continue;
                if (s->key.kind == SET_SENDERS) {
                        sender_keys_sort(&t->senders);
                        t->senders_set = s;
                }
                t->set = s;
                r = set_list(t);
        }
        return r;
}

static int take(Taking *t)
{
        NftBackend *b = t->backend;
        bool remove;
        int r = sets_list(t);

        if (r >= 0 && t->busy.n > 0)
                r = reset_busy(t);
        if (r >= 0)
                r = note_senders(t);
        if (r < 0)
                return r;
        b->takes++;
        remove = t->idle.n >= IDLE_MANY || b->takes >= TAKES_MAX || b->cannot_reset;
        if (remove)
                b->takes = 0;
        return (remove && t->idle.n > 0) || t->made.n > 0 ? elements_change(t, remove) : 0;
}

static int take_from_kernel(NftBackend *b, DecisionHandler f, void *data)
{
        Taking t = { .backend = b,
                .f = f,
                .data = data,
                .busy.max = BUSY_MAX,
                .idle.max = IDLE_MAX,
                .made.max = NUMBERS_MADE_MAX + SENDERS_MADE_MAX };
        int r = b->wanted && b->intact ? take(&t) : 0;

        free(t.busy.items);
        free(t.idle.items);
        free(t.made.items);
        free(t.senders.items);
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
