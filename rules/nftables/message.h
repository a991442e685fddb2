/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Pieces of a table to netlink messages, gathered in one buffer: a batch that the kernel takes
 * whole or not at all. Sends nothing.
 */

#include "rules/base/util.h"

typedef struct Buffer Buffer;
typedef struct NftChainKey NftChainKey;
typedef struct NftRule NftRule;
typedef struct NftSet NftSet;
typedef struct NftTable NftTable;
typedef struct Rule Rule;

/* The origin of a message, so that an error can be reported with its place. */
typedef struct NftMessage {
        const char *what;     /* static: "table", "chain", "set", … */
        const Rule *origin;   /* borrowed from the table; NULL: no rule */
        uint64_t *ret_handle; /* where the handle of an echo goes; NULL: no echo is requested */
} NftMessage;

/* The first allocation failure is sticky, as in a Buffer. Message i has sequence number seq + i. */
typedef struct NftBatch {
        uint8_t *data;
        size_t length, capacity;
        size_t zeroed; /* so far: nothing but zeros behind length */
        size_t last;   /* offset of the last message */
        uint32_t seq;
        NftMessage *messages;
        size_t n;
        uint64_t now_usec; /* since the epoch: how long an element is to stay counts from here */
        bool without_elements; /* sets stay empty, so that the rest can be tried quickly */
        bool failed;
} NftBatch;

#define _cleanup_nft_batch_ _cleanup_(nft_batch_deinit)

/* Opens the batch. With a generation id the kernel refuses it (ERESTART) if anything was changed
 * since. */
void nft_batch_init(NftBatch *b, uint32_t seq, const uint32_t *generation);
void nft_batch_deinit(NftBatch *b);
/* Other sequence numbers, before it is finished. */
void nft_batch_renumber(NftBatch *b, uint32_t seq);
/* Asks for an acknowledgement of the last message and, if it is to be committed, ends the batch:
 * one without end is checked by the kernel and thrown away. 0 or -ENOMEM. */
int nft_batch_finish(NftBatch *b, bool commit);
/* Does it hold only its beginning? */
bool nft_batch_is_empty(const NftBatch *b);

typedef enum NftVerb {
        NFT_ADD,
        NFT_DELETE,
} NftVerb;

/* flags: NULL leaves those of an existing table as they are */
void nft_put_table(NftBatch *b, NftVerb verb, const char *name, const uint32_t *flags);
void nft_put_counter(NftBatch *b, uint64_t id, uint64_t packets, uint64_t bytes);
void nft_put_chain(NftBatch *b, const NftChainKey *key);
void nft_put_set(NftBatch *b, const NftSet *s);
/* Deleting goes by name, which need not be one of ours. Counters: any type of object. */
void nft_put_delete_object(NftBatch *b, const char *name, uint32_t type);
void nft_put_delete_chain(NftBatch *b, const char *name);
void nft_put_delete_set(NftBatch *b, const char *name);

/* At the chain's end, or, with a handle, before that rule. ret_handle as in NftMessage. */
void nft_put_rule(NftBatch *b, const NftTable *t, const NftChainKey *chain, const NftRule *r,
        uint64_t before, uint64_t *ret_handle);
/* chain NULL: all rules of the table; handle 0: all of the chain. */
void nft_put_delete_rules(NftBatch *b, const char *chain, uint64_t handle);

/*
 * Elements. A list of addresses may be several sets (nft_set_same_list()): they are given
 * together, and `fill` says which of them are new and want all their elements (NULL: all).
 */
bool nft_set_same_list(const NftSet *a, const NftSet *b);
void nft_put_elements(NftBatch *b, const NftSet *sets, size_t n, const bool *fill);
/* Has so much of the list changed that its sets are better made again? */
bool nft_set_has_changed_much(const NftSet *old, const NftSet *new);
/* The difference of two lists, for those sets of the new one that the old one has in the same
 * shape. */
void nft_put_elements_difference(
        NftBatch *b, const NftSet *old, size_t n_old, const NftSet *sets, size_t n);

/* An element that counts, of a set that packets fill. It may be there already. */
void nft_put_counting_element(NftBatch *b, const NftSet *s, const void *key, uint16_t n);

/* For elements.c: opens a message of at least `room` more bytes; NULL when memory is short.
 * The length is set by nft_batch_close(). */
struct nlmsghdr;
struct nlmsghdr *nft_batch_open(NftBatch *b, const char *what, uint16_t type, uint16_t flags,
        const Rule *origin, size_t room);
void nft_batch_close(NftBatch *b, const struct nlmsghdr *h);

/* The rule's expressions as nft --debug=netlink prints them, a line each; 0 or -ENOMEM. */
int nft_rule_print_expressions(
        Buffer *b, const NftTable *t, const NftChainKey *chain, const NftRule *r);
