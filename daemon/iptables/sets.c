/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Long lists as sets of the kernel (ipset, hash:net), spoken to by netlink. A set is never changed
 * while rules use it: another list is another set under another name, and the commit of the table
 * exchanges the two; so a set in the kernel has the content that it was made with.
 *
 * Why sets, and not the trees of chains that a kernel without them gets: measured in ms, 10,000
 * prefixes take 3 as a set and 65 as chains (`ipset restore` with a rule: 21), 100,000 take 32 and
 * 666. Beside them a foreign `iptables -A` takes 1.4 and 36 (325 at 100,000), a look at the tables
 * 0.2 and 11. Only what was dialled, behind DNAT, cannot be looked up in a set: such lists of `to`
 * are chains always.
 */

#include "daemon/iptables/backend.h"
#include "rules/base/hash.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/ipset/ip_set.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PREFIX "p25-"
#define TYPE_NAME "hash:net"
#define ELEMENTS_MAX (4u << 20)
#define MESSAGE_MAX 60000 /* the length of a nest is 16 bits */
#define BATCH_MAX (1u << 20)
#define PROTOCOL 6
#define NAME_TRIES 16

/* ---- messages ---- */

struct nlmsghdr *ipt_sets_message(void *at, uint8_t command, uint16_t flags, uint32_t seq)
{
        struct nlmsghdr *h = mnl_nlmsg_put_header(at);
        struct nfgenmsg *g;

        h->nlmsg_type = (uint16_t)(NFNL_SUBSYS_IPSET << 8 | command);
        h->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
        h->nlmsg_seq = seq;
        g = mnl_nlmsg_put_extra_header(h, sizeof(*g));
        g->nfgen_family = AF_INET;
        g->version = NFNETLINK_V0;
        mnl_attr_put_u8(h, IPSET_ATTR_PROTOCOL, PROTOCOL);
        return h;
}

static int send_named(IptSets *s, uint8_t command, const char *name)
{
        IptSetRequest q = { 0 };

        ipt_sets_message(&q, command, 0, 0);
        mnl_attr_put_strz(&q.header, IPSET_ATTR_SETNAME, name);
        return netlink_request(&s->netlink, &q.header, NULL, NULL);
}

static void put_u32(struct nlmsghdr *h, uint16_t type, uint32_t value)
{
        mnl_attr_put_u32(h, type | NLA_F_NET_BYTEORDER, htonl(value));
}

static int send_create(IptSets *s, const char *name, Family family, size_t n)
{
        IptSetRequest q = { 0 };
        struct nlattr *data;
        uint32_t buckets = 64;

        while (buckets < n / 2 && buckets < 1u << 24)
                buckets *= 2;
        ipt_sets_message(&q, IPSET_CMD_CREATE, NLM_F_CREATE | NLM_F_EXCL, 0);
        mnl_attr_put_strz(&q.header, IPSET_ATTR_SETNAME, name);
        mnl_attr_put_strz(&q.header, IPSET_ATTR_TYPENAME, TYPE_NAME);
        mnl_attr_put_u8(&q.header, IPSET_ATTR_REVISION, s->revision);
        mnl_attr_put_u8(
                &q.header, IPSET_ATTR_FAMILY, family == FAMILY_IPV4 ? NFPROTO_IPV4 : NFPROTO_IPV6);
        data = mnl_attr_nest_start(&q.header, IPSET_ATTR_DATA);
        put_u32(&q.header, IPSET_ATTR_HASHSIZE, buckets);
        put_u32(&q.header, IPSET_ATTR_MAXELEM, ELEMENTS_MAX);
        mnl_attr_nest_end(&q.header, data);
        return netlink_request(&s->netlink, &q.header, NULL, NULL);
}

/* ---- elements ---- */

typedef struct Filler {
        IptSets *sets;
        uint8_t command; /* IPSET_CMD_ADD or IPSET_CMD_DEL */
        const char *name;
        uint8_t *buffer;
        size_t length;       /* of the messages in the buffer */
        uint32_t first, seq; /* of them */
        struct nlmsghdr *message;
        struct nlattr *list;
        uint32_t line;
} Filler;

static void filler_end_message(Filler *f)
{
        if (!f->message)
                return;
        mnl_attr_nest_end(f->message, f->list);
        f->length += MNL_ALIGN(f->message->nlmsg_len);
        f->message = NULL;
}

static int filler_flush(Filler *f)
{
        NetlinkOutcome o;
        bool sent;
        int r;

        filler_end_message(f);
        if (f->length == 0)
                return 0;
        r = netlink_batch(
                &f->sets->netlink, f->buffer, f->length, f->first, f->seq, NULL, NULL, &sent, &o);
        f->length = 0;
        f->first = f->seq = f->sets->netlink.seq + 1;
        return r < 0 ? r : o.error;
}

static void filler_begin_message(Filler *f)
{
        if (f->length > 0)
                f->seq++;
        f->message = ipt_sets_message(f->buffer + f->length, f->command, NLM_F_ACK, f->seq);
        mnl_attr_put_strz(f->message, IPSET_ATTR_SETNAME, f->name);
        put_u32(f->message, IPSET_ATTR_LINENO, 0);
        f->list = mnl_attr_nest_start(f->message, IPSET_ATTR_ADT);
}

static int filler_add(Filler *f, const void *address, size_t size, uint8_t bits)
{
        struct nlattr *data, *ip;
        int r = 0;

        if (f->message && f->message->nlmsg_len > MESSAGE_MAX)
                filler_end_message(f);
        if (!f->message && f->length > BATCH_MAX)
                r = filler_flush(f);
        if (r < 0)
                return r;
        if (!f->message)
                filler_begin_message(f);
        data = mnl_attr_nest_start(f->message, IPSET_ATTR_DATA);
        ip = mnl_attr_nest_start(f->message, IPSET_ATTR_IP);
        mnl_attr_put(f->message,
                (size == 4 ? IPSET_ATTR_IPADDR_IPV4 : IPSET_ATTR_IPADDR_IPV6) | NLA_F_NET_BYTEORDER,
                size, address);
        mnl_attr_nest_end(f->message, ip);
        mnl_attr_put_u8(f->message, IPSET_ATTR_CIDR, bits);
        put_u32(f->message, IPSET_ATTR_LINENO, ++f->line);
        mnl_attr_nest_end(f->message, data);
        return 0;
}

static int fill4(const Prefix4 *p, void *data)
{
        uint32_t address = htonl(p->address);

        return filler_add(data, &address, sizeof(address), p->bits);
}

static int fill6(const Prefix6 *p, void *data)
{
        return filler_add(data, p->address, sizeof(p->address), p->bits);
}

static int filler_init(Filler *f, IptSets *s, uint8_t command, const char *name)
{
        *f = (Filler){ .sets = s,
                .command = command,
                .name = name,
                .buffer = malloc(BATCH_MAX + 2 * MESSAGE_MAX) };
        f->first = f->seq = s->netlink.seq + 1;
        return f->buffer ? 0 : -ENOMEM;
}

static void filler_deinit(Filler *f)
{
        free(f->buffer);
}

static int fill(IptSets *s, const char *name, Family family, const RangeSet *ranges)
{
        _cleanup_(filler_deinit) Filler f = { 0 };
        int r = filler_init(&f, s, IPSET_CMD_ADD, name);

        if (r < 0)
                return r;
        r = family == FAMILY_IPV4 ? range_set_each_prefix4(ranges, fill4, &f)
                                  : range_set_each_prefix6(ranges, fill6, &f);
        return r < 0 ? r : filler_flush(&f);
}

/* ---- what the kernel has ---- */

typedef struct Listed {
        char name[IPSET_MAXNAMELEN];
        bool has_elements;
        uint32_t elements, references;
} Listed;

typedef struct Listing {
        Listed *items;
        size_t n;
} Listing;

static int data_attribute(const struct nlattr *a, void *data)
{
        Listed *l = data;

        if (mnl_attr_get_payload_len(a) != sizeof(uint32_t))
                return MNL_CB_OK;
        if (mnl_attr_get_type(a) == IPSET_ATTR_ELEMENTS) {
                l->elements = ntohl(mnl_attr_get_u32(a));
                l->has_elements = true;
        }
        if (mnl_attr_get_type(a) == IPSET_ATTR_REFERENCES)
                l->references = ntohl(mnl_attr_get_u32(a));
        return MNL_CB_OK;
}

static int set_attribute(const struct nlattr *a, void *data)
{
        Listed *l = data;

        if (mnl_attr_get_type(a) == IPSET_ATTR_SETNAME &&
                mnl_attr_validate(a, MNL_TYPE_NUL_STRING) >= 0)
                snprintf(l->name, sizeof(l->name), "%s", mnl_attr_get_str(a));
        if (mnl_attr_get_type(a) == IPSET_ATTR_DATA)
                mnl_attr_parse_nested(a, data_attribute, l);
        return MNL_CB_OK;
}

static int listing_note(const struct nlmsghdr *h, void *data)
{
        Listing *all = data;
        Listed l = { 0 };

        mnl_attr_parse(h, sizeof(struct nfgenmsg), set_attribute, &l);
        if (strncmp(l.name, PREFIX, strlen(PREFIX)) != 0)
                return 0;
        if (array_grow(&all->items, all->n, sizeof(Listed)) < 0)
                return -ENOMEM;
        all->items[all->n++] = l;
        return 0;
}

/* Sets of ours, without their elements. */
static int list_sets(IptSets *s, Listing *ret)
{
        IptSetRequest q = { 0 };

        ipt_sets_message(&q, IPSET_CMD_LIST, 0, 0);
        put_u32(&q.header, IPSET_ATTR_FLAGS, IPSET_FLAG_LIST_HEADER);
        return netlink_dump(&s->netlink, &q.header, listing_note, ret);
}

static int type_note(const struct nlmsghdr *h, void *data)
{
        const struct nlattr *a;

        mnl_attr_for_each(a, h,
                sizeof(struct nfgenmsg)) if (mnl_attr_get_type(a) == IPSET_ATTR_REVISION_MIN) *
                (uint8_t *)data = mnl_attr_get_u8(a);
        return 0;
}

/* ---- life ---- */

static bool kernel_has_type(IptSets *s)
{
        IptSetRequest q = { 0 };

        ipt_sets_message(&q, IPSET_CMD_TYPE, 0, 0);
        mnl_attr_put_strz(&q.header, IPSET_ATTR_TYPENAME, TYPE_NAME);
        mnl_attr_put_u8(&q.header, IPSET_ATTR_FAMILY, NFPROTO_IPV4);
        return netlink_request(&s->netlink, &q.header, type_note, &s->revision) >= 0;
}

bool ipt_sets_are_there(IptSets *s)
{
        if (s->asked)
                return s->netlink.fd >= 0;
        s->asked = true;
        s->serial = (uint32_t)time(NULL);
        if (netlink_open(NETLINK_NETFILTER, &s->netlink) < 0)
                return false;
        if (!kernel_has_type(s))
                netlink_close(&s->netlink);
        return s->netlink.fd >= 0;
}

static void set_deinit(KernelSet *k)
{
        range_set_unref(k->ranges);
}

void ipt_sets_close(IptSets *s)
{
        netlink_close(&s->netlink);
        for (size_t i = 0; i < s->n; i++)
                set_deinit(&s->items[i]);
        free(s->items);
        s->items = NULL;
        s->n = 0;
}

/* ---- making ---- */

static uint64_t key_hash(Family family, const IptSetKey *k)
{
        uint64_t h = hash_number(hash_string(HASH_BEGIN, k->name), family);

        return hash_finish(hash_number(hash_number(h, k->id), k->to));
}

static KernelSet *set_find(const IptSets *s, Family family, const IptSet *set)
{
        for (size_t i = 0; i < s->n; i++)
                if (s->items[i].family == family &&
                        range_set_equal(s->items[i].ranges, set->ranges))
                        return &s->items[i];
        return NULL;
}

static int set_make(IptSets *s, Family family, const IptSet *set)
{
        KernelSet k = { .key = key_hash(family, &set->key),
                .family = family,
                .n = set->n,
                .made = true,
                .wanted = true };
        int r = -EEXIST;

        if (array_grow(&s->items, s->n, sizeof(KernelSet)) < 0)
                return -ENOMEM;
        for (unsigned i = 0; i < NAME_TRIES && r == -EEXIST; i++) {
                snprintf(k.name, sizeof(k.name), PREFIX "%d-%012llx-%x", family,
                        (unsigned long long)(k.key >> 16), s->serial++);
                r = send_create(s, k.name, family, set->n);
        }
        if (r < 0)
                return r;
        r = fill(s, k.name, family, set->ranges);
        if (r < 0) {
                (void)send_named(s, IPSET_CMD_DESTROY, k.name);
                return r;
        }
        k.ranges = range_set_ref(set->ranges);
        s->items[s->n++] = k;
        return 0;
}

/* ---- one entry more or less ---- */

/* More prefixes than these are a new set. */
#define EDIT_MAX 64

typedef struct Prefixes {
        Prefix *items;
        size_t n;
} Prefixes;

static void prefixes_deinit(Prefixes *p)
{
        free(p->items);
}

static int prefixes_add(Prefixes *p, const Prefix *prefix)
{
        if (array_grow(&p->items, p->n, sizeof(Prefix)) < 0)
                return -ENOMEM;
        p->items[p->n++] = *prefix;
        return 0;
}

static int note4(const Prefix4 *p, void *data)
{
        return prefixes_add(
                data, &(Prefix){ .address = address_from_ipv4(p->address), .bits = p->bits });
}

static int note6(const Prefix6 *p, void *data)
{
        Prefix prefix = { .address.family = FAMILY_IPV6, .bits = p->bits };

        memcpy(prefix.address.bytes, p->address, sizeof(p->address));
        return prefixes_add(data, &prefix);
}

static int prefixes_of(const RangeSet *s, Family family, Prefixes *ret)
{
        return family == FAMILY_IPV4 ? range_set_each_prefix4(s, note4, ret)
                                     : range_set_each_prefix6(s, note6, ret);
}

/* What the one has and the other has not; both ascend. */
static int prefixes_compare(const Prefixes *old, const Prefixes *new, Prefixes *add, Prefixes *del)
{
        size_t i = 0, k = 0;
        int r = 0;

        while ((i < old->n || k < new->n) && r >= 0 && add->n + del->n <= EDIT_MAX) {
                int order = i == old->n   ? 1
                            : k == new->n ? -1
                                          : prefix_compare(&old->items[i], &new->items[k]);

                if (order < 0)
                        r = prefixes_add(del, &old->items[i++]);
                else if (order > 0)
                        r = prefixes_add(add, &new->items[k++]);
                else
                        i++, k++;
        }
        return r;
}

static bool prefix_holds_all(const Prefix *p, const Prefixes *l)
{
        for (size_t i = 0; i < l->n; i++)
                if (l->items[i].bits < p->bits || !prefix_contains(p, &l->items[i].address))
                        return false;
        return true;
}

static int send_prefixes(IptSets *s, uint8_t command, const char *name, const Prefixes *l)
{
        _cleanup_(filler_deinit) Filler f = { 0 };
        int r = filler_init(&f, s, command, name);

        for (size_t i = 0; i < l->n && r >= 0; i++)
                r = filler_add(&f, l->items[i].address.bytes,
                        family_bits(l->items[i].address.family) / 8, l->items[i].bits);
        return r < 0 ? r : filler_flush(&f);
}

/*
 * First all that comes, then all that goes. If one prefix comes which holds all that go, or one
 * goes which holds all that come, a single of these steps changes what is in the set: packets see
 * the old list or the new one.
 */
static int set_edit(IptSets *s, KernelSet *k, const IptSet *set)
{
        _cleanup_(prefixes_deinit) Prefixes old = { 0 };
        _cleanup_(prefixes_deinit) Prefixes new = { 0 };
        _cleanup_(prefixes_deinit) Prefixes add = { 0 };
        _cleanup_(prefixes_deinit) Prefixes del = { 0 };
        int r = prefixes_of(k->ranges, k->family, &old);

        if (r >= 0)
                r = prefixes_of(set->ranges, k->family, &new);
        if (r >= 0)
                r = prefixes_compare(&old, &new, &add, &del);
        if (r < 0)
                return r;
        if (add.n + del.n > EDIT_MAX ||
                !((add.n == 1 && prefix_holds_all(&add.items[0], &del)) ||
                        (del.n == 1 && prefix_holds_all(&del.items[0], &add))))
                return -EXDEV;
        r = send_prefixes(s, IPSET_CMD_ADD, k->name, &add);
        if (r >= 0)
                r = send_prefixes(s, IPSET_CMD_DEL, k->name, &del);
        if (r < 0)
                return r;
        range_set_unref(k->ranges);
        k->ranges = range_set_ref(set->ranges);
        k->n = set->n;
        k->has_content = false;
        return 0;
}

static KernelSet *set_find_key(const IptSets *s, Family family, const IptSet *set)
{
        for (size_t i = 0; i < s->n; i++)
                if (s->items[i].family == family && s->items[i].key == key_hash(family, &set->key))
                        return &s->items[i];
        return NULL;
}

int ipt_sets_edit(IptSets *s, IptTable *const *tables, size_t n)
{
        KernelSet *changed = NULL;
        const IptSet *by = NULL;

        for (size_t t = 0; t < n; t++)
                for (size_t i = 0; tables[t] && i < tables[t]->n_sets; i++) {
                        const IptSet *set = &tables[t]->sets[i];

                        if (set_find(s, tables[t]->family, set))
                                continue;
                        if (changed)
                                return -EXDEV;
                        changed = set_find_key(s, tables[t]->family, set);
                        by = set;
                        if (!changed)
                                return -EXDEV;
                }
        return changed ? set_edit(s, changed, by) : -EXDEV;
}

/* ---- making ready for a change ---- */

int ipt_sets_prepare(IptSets *s, IptTable *const *tables, size_t n, Diagnostics *d)
{
        /* What others took away is made again. */
        (void)ipt_sets_check(s, false);
        for (size_t i = 0; i < s->n; i++)
                s->items[i].wanted = s->items[i].made = false;
        for (size_t t = 0; t < n; t++)
                for (size_t i = 0; tables[t] && i < tables[t]->n_sets; i++) {
                        const IptSet *set = &tables[t]->sets[i];
                        KernelSet *k = set_find(s, tables[t]->family, set);
                        int r = 0;

                        if (k)
                                k->wanted = true;
                        else
                                r = set_make(s, tables[t]->family, set);
                        if (r >= 0)
                                continue;
                        diagnostics_error(d, (Place){ 0 }, NULL,
                                "the kernel refuses a set of %zu addresses: %s", set->n,
                                strerror(-r));
                        return r;
                }
        return 0;
}

const char *ipt_sets_name(const IptSets *s, Family family, const IptSet *set, bool similar)
{
        const KernelSet *k = set_find(s, family, set);

        if (!k && similar)
                k = set_find_key(s, family, set);

        return k ? k->name : NULL;
}

/* ---- tidying up ---- */

static bool is_known(const IptSets *s, const char *name)
{
        for (size_t i = 0; i < s->n; i++)
                if (streq(s->items[i].name, name))
                        return true;
        return false;
}

/* Loads nothing to find that there is nothing. */
static bool may_be_there(IptSets *s)
{
        if (s->asked)
                return s->netlink.fd >= 0;
        return access("/sys/module/ip_set", F_OK) == 0 && ipt_sets_are_there(s);
}

/* What a daemon before us left, and rules use no more. */
static void destroy_strangers(IptSets *s)
{
        Listing l = { 0 };

        if (s->tidy || list_sets(s, &l) < 0)
                return;
        for (size_t i = 0; i < l.n; i++)
                if (!is_known(s, l.items[i].name))
                        (void)send_named(s, IPSET_CMD_DESTROY, l.items[i].name);
        free(l.items);
        s->tidy = true;
}

void ipt_sets_collect(IptSets *s, bool done)
{
        size_t n = 0;

        if (!may_be_there(s))
                return;
        for (size_t i = 0; i < s->n; i++) {
                KernelSet *k = &s->items[i];

                if (done ? k->wanted : !k->made) {
                        s->items[n++] = *k;
                        continue;
                }
                (void)send_named(s, IPSET_CMD_DESTROY, k->name);
                set_deinit(k);
        }
        s->n = n;
        if (done)
                destroy_strangers(s);
}

void ipt_sets_clear(IptSets *s)
{
        for (size_t i = 0; i < s->n; i++)
                s->items[i].wanted = false;
        s->tidy = false;
        ipt_sets_collect(s, true);
}

static bool is_as_long(const KernelSet *k, const Listing *l)
{
        for (size_t i = 0; i < l->n; i++)
                if (streq(l->items[i].name, k->name))
                        return !l->items[i].has_elements || l->items[i].elements == k->n;
        return false;
}

static bool has_same_content(IptSets *s, KernelSet *k)
{
        uint64_t content;

        if (!k->has_content)
                k->content = ipt_content_of(k->ranges, k->family);
        k->has_content = true;
        return ipt_content_read(s, k->name, &content) < 0 || content == k->content;
}

bool ipt_sets_check(IptSets *s, bool contents)
{
        Listing l = { 0 };
        size_t n = 0, before = s->n, entries = 0;

        if (s->netlink.fd < 0 || s->n == 0 || list_sets(s, &l) < 0)
                return false;
        for (size_t i = 0; i < s->n; i++)
                entries += s->items[i].n;
        contents = contents && entries <= IPT_CONTENT_MAX;
        for (size_t i = 0; i < s->n; i++) {
                if (is_as_long(&s->items[i], &l) &&
                        (!contents || has_same_content(s, &s->items[i]))) {
                        s->items[n++] = s->items[i];
                        continue;
                }
                set_deinit(&s->items[i]);
                s->tidy = false; /* it will be a stranger */
        }
        s->n = n;
        free(l.items);
        return n != before;
}
