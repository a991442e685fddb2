/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Our share of a table, as it is or shall be: entries in one form, so that what was sent and what
 * is read back are the same bytes.
 */

#include "rules/address/family.h"
#include "rules/base/buffer.h"
#include "rules/iptables/table.h"

#define IPT_TABLE "filter"

/* An entry, brought to one form: a chain's or verdict's name as its target, without counters and
 * without what the kernel keeps in it. */
typedef struct ImageEntry {
        size_t offset, length; /* in IptImage.bytes */
        uint64_t packets, bytes;
        bool has_id;
        uint64_t id; /* of its comment */
} ImageEntry;

typedef struct ImageChain {
        char name[IPT_CHAIN_NAME_MAX];
        size_t first, n; /* entries */
} ImageChain;

typedef struct IptImage {
        Family family;
        ImageChain *chains; /* only ours */
        size_t n_chains;
        size_t *by_name; /* chains, when all are there */
        ImageEntry *entries;
        size_t n_entries;
        Buffer bytes;
        ImageEntry jumps[_IPT_HOOK_MAX]; /* of INPUT …; length 0: none is ours */
        /* Of a table as it is: jumps that others' rules stand before, and second ones. */
        bool overtaken[_IPT_HOOK_MAX];
        size_t n_stray_jumps;
} IptImage;

void ipt_image_deinit(IptImage *i);
#define _cleanup_image_ _cleanup_(ipt_image_deinit)
/* Begins a chain; entries that are added belong to it. */
int ipt_image_add_chain(IptImage *i, const char *name);
/* name: of the verdict or chain; NULL: the target is an extension. */
int ipt_image_add_entry(IptImage *i, const void *entry, const char *name);
int ipt_image_set_jump(IptImage *i, IptHook hook, const void *entry, const char *name);
/* A jump of ours as it was found, at this place of the built-in chain (from 0). */
int ipt_image_found_jump(IptImage *i, IptHook hook, size_t at, const void *entry, const char *name);
/* Do rules of others stand before a jump? */
bool ipt_image_is_overtaken(const IptImage *i);
int ipt_image_from_table(const IptTable *t, IptSetIndex set_index, void *data, IptImage *ret);
/* Must be called when all chains are added: makes them findable. 0 or -ENOMEM. */
int ipt_image_finish(IptImage *i);
/* NULL: there is none (or no image). */
const ImageChain *ipt_image_find(const IptImage *i, const char *name);
bool ipt_image_same_entry(
        const IptImage *ia, const ImageEntry *a, const IptImage *ib, const ImageEntry *b);
/* Neither a chain nor a jump of ours. */
bool ipt_image_is_empty(const IptImage *i);
/* A hash of the chains, in any order, and of the jumps, at any place; without counters. */
uint64_t ipt_image_hash(const IptImage *i);
/* Does the name look like one of a chain of ours? */
bool ipt_name_is_ours(const char *name);
/* The id in an entry's comment, if that is ours. */
bool ipt_entry_id(Family family, const void *entry, uint64_t *ret);
/* Is it a jump to such a chain that carries our comment? `name` as above. */
bool ipt_entry_is_our_jump(Family family, const void *entry, const char *name);
