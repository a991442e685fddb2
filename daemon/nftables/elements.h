/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Elements of sets that packets fill, by their keys as the kernel has them: read, put in and taken
 * out by p25d. Does not know what they mean.
 */

#include "rules/base/util.h"

typedef struct NftBackend NftBackend;
typedef struct NftBatch NftBatch;
typedef struct NftSetKey NftSetKey;

/* The longest key. */
#define NFT_KEY_MAX 44

struct nlattr;
struct nlmsghdr;

/* One message of elements; header NULL: memory is short. */
typedef struct ElementList {
        NftBatch *batch;
        struct nlmsghdr *header;
        struct nlattr *nest;
} ElementList;

/* Opens a message of at most NFT_ELEMENTS_MAX elements: type NFT_MSG_NEWSETELEM or DELSETELEM,
 * flags NLM_F_…. */
#define NFT_ELEMENTS_MAX 512u
ElementList elements_open(NftBatch *b, unsigned type, unsigned flags, const NftSetKey *set);
void elements_put(ElementList *l, const void *key, size_t n);
void elements_close(ElementList *l);
/* All that are in the set. */
void elements_flush(NftBatch *b, const NftSetKey *set);

/* An element that the kernel named; key and attributes are borrowed. */
typedef struct FoundElement {
        const uint8_t *key;
        size_t length;
        const struct nlattr *attributes; /* NFTA_SET_ELEM_… */
} FoundElement;

/* Negative errno: the rest is not read. */
typedef int (*ElementHandler)(void *data, const char *set, const FoundElement *e);

typedef struct ElementReader {
        unsigned type; /* of the messages: NFT_MSG_NEWSETELEM or DELSETELEM */
        ElementHandler f;
        void *data;
} ElementReader;

/* Asks for all elements by a message of this type (NFT_MSG_GETSETELEM or the one that resets). 0 or
 * negative errno: -EINTR: they changed meanwhile, -ENOENT: there is no such set. */
int elements_dump(NftBackend *b, unsigned type, const NftSetKey *set, const ElementReader *r);
/* One of netlink_ask()'s requests, about one element; its length. elements_read() is what takes the
 * answers (a NetlinkHandler): its data begin with an ElementReader. */
size_t elements_question(struct nlmsghdr *buffer, size_t size, unsigned type, const NftSetKey *set,
        const void *key, size_t n);
int elements_read(const struct nlmsghdr *h, void *data);

/* A batch that changes elements only: begun with the guard that the table needs; sent, its echoes
 * to r (NULL: none are requested). Nobody watches the table meanwhile. 0, a negative errno when it
 * could not be sent, a positive one with which the kernel refused it. */
int elements_begin(NftBackend *b, NftBatch *batch);
int elements_send(NftBackend *b, NftBatch *batch, const ElementReader *r);
