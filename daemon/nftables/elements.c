/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/nftables/elements.h"

#include "daemon/nftables/attributes.h"
#include "daemon/nftables/kernel.h"
#include "daemon/nftables/monitor.h"
#include "rules/nftables/key.h"
#include "rules/nftables/message.h"
#include "rules/nftables/numbers.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

/* Of one element in a message, at most. */
#define ELEMENT_BYTES (NFT_KEY_MAX + 16)

/* ---- writing ---- */

static struct nlmsghdr *message_open(
        NftBatch *b, unsigned type, unsigned flags, const NftSetKey *set, size_t room)
{
        struct nlmsghdr *h =
                nft_batch_open(b, "element", (uint16_t)type, (uint16_t)flags, NULL, room);
        char name[NFT_NAME_TEXT_MAX];

        if (!h)
                return NULL;
        mnl_attr_put_strz(h, NFTA_SET_ELEM_LIST_TABLE, NFT_TABLE_NAME);
        mnl_attr_put_strz(h, NFTA_SET_ELEM_LIST_SET, nft_set_name(set, name));
        return h;
}

ElementList elements_open(NftBatch *b, unsigned type, unsigned flags, const NftSetKey *set)
{
        ElementList l = { .batch = b,
                .header = message_open(b, type, flags, set, NFT_ELEMENTS_MAX * ELEMENT_BYTES) };

        if (l.header)
                l.nest = mnl_attr_nest_start(l.header, NFTA_SET_ELEM_LIST_ELEMENTS);
        return l;
}

void elements_put(ElementList *l, const void *key, size_t n)
{
        struct nlattr *element, *nest;

        if (!l->header)
                return;
        element = mnl_attr_nest_start(l->header, NFTA_LIST_ELEM);
        nest = mnl_attr_nest_start(l->header, NFTA_SET_ELEM_KEY);
        mnl_attr_put(l->header, NFTA_DATA_VALUE, n, key);
        mnl_attr_nest_end(l->header, nest);
        mnl_attr_nest_end(l->header, element);
}

void elements_close(ElementList *l)
{
        if (!l->header)
                return;
        mnl_attr_nest_end(l->header, l->nest);
        nft_batch_close(l->batch, l->header);
        l->header = NULL;
}

void elements_flush(NftBatch *b, const NftSetKey *set)
{
        struct nlmsghdr *h = message_open(b, NFT_MSG_DELSETELEM, 0, set, 0);

        if (h)
                nft_batch_close(b, h);
}

/* ---- reading ---- */

static int element_read(const ElementReader *r, const char *set, const struct nlattr *a)
{
        Attributes element, key;
        const struct nlattr *value;

        attributes_read_nested(a, &element);
        attributes_read_nested(element.of[NFTA_SET_ELEM_KEY], &key);
        value = key.of[NFTA_DATA_VALUE];
        if (!value)
                return 0;
        return r->f(r->data, set,
                &(FoundElement){ .key = mnl_attr_get_payload(value),
                        .length = mnl_attr_get_payload_len(value),
                        .attributes = a });
}

int elements_read(const struct nlmsghdr *h, void *data)
{
        const ElementReader *reader = data;
        const struct nlattr *a;
        Attributes list;
        const char *name;
        int r = 0;

        if (!message_is_ours(h, reader->type, &list))
                return 0;
        name = attribute_string(&list, NFTA_SET_ELEM_LIST_SET);
        if (!name || !list.of[NFTA_SET_ELEM_LIST_ELEMENTS])
                return 0;
        mnl_attr_for_each_nested(a, list.of[NFTA_SET_ELEM_LIST_ELEMENTS]) if (r >= 0) r =
                element_read(reader, name, a);
        return r;
}

int elements_dump(NftBackend *b, unsigned type, const NftSetKey *set, const ElementReader *r)
{
        char name[NFT_NAME_TEXT_MAX];
        Request q;
        struct nlmsghdr *h = request_init(&q, type, NULL, 0);

        mnl_attr_put_strz(h, NFTA_SET_ELEM_LIST_SET, nft_set_name(set, name));
        return netlink_dump(&b->writer, h, elements_read, (void *)r);
}

size_t elements_question(struct nlmsghdr *buffer, size_t size, unsigned type, const NftSetKey *set,
        const void *key, size_t n)
{
        ElementList l = { .header = request_begin(buffer, size, (uint16_t)type) };
        char name[NFT_NAME_TEXT_MAX];

        mnl_attr_put_strz(l.header, NFTA_SET_ELEM_LIST_SET, nft_set_name(set, name));
        l.nest = mnl_attr_nest_start(l.header, NFTA_SET_ELEM_LIST_ELEMENTS);
        elements_put(&l, key, n);
        mnl_attr_nest_end(l.header, l.nest);
        return l.header->nlmsg_len;
}

/* ---- a batch ---- */

int elements_begin(NftBackend *b, NftBatch *batch)
{
        int r = b->owns ? 0 : nft_kernel_generation(&b->writer, &b->guard);

        if (r < 0)
                return r;
        nft_monitor_pause(b);
        nft_batch_init(batch, b->writer.seq + 1, b->owns ? NULL : &b->guard);
        return 0;
}

int elements_send(NftBackend *b, NftBatch *batch, const ElementReader *reader)
{
        NetlinkOutcome o = { 0 };
        int r = nft_batch_finish(batch, true);

        if (r >= 0)
                r = netlink_batch(&b->writer,
                        &(NetlinkBatch){ .data = batch->data,
                                .length = batch->length,
                                .first = batch->seq,
                                .last = batch->seq + (uint32_t)batch->n - 2,
                                .f = reader ? elements_read : NULL,
                                .f_data = (void *)reader },
                        &o);
        b->committed = r >= 0 && o.error == 0;
        nft_monitor_resume(b);
        return r < 0 ? r : -o.error;
}
