/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Attributes of the messages of nf_tables, each checked before it is used, and requests about our
 * table. Sends nothing.
 */

#include "rules/base/util.h"

#include <linux/netlink.h>

#define ATTRIBUTES_MAX 32

typedef struct Attributes {
        const struct nlattr *of[ATTRIBUTES_MAX]; /* by type; borrowed */
} Attributes;

void attributes_read(const struct nlmsghdr *h, Attributes *ret);
/* nest NULL: none. */
void attributes_read_nested(const struct nlattr *nest, Attributes *ret);
/* NULL or 0: it is not there, or not of that type. Numbers are in network order in the message. */
const char *attribute_string(const Attributes *t, unsigned type);
uint32_t attribute_u32(const Attributes *t, unsigned type);
uint64_t attribute_u64(const Attributes *t, unsigned type);

/* Is the message of this type, and of our table? Then *ret are its attributes. Attribute 1 of every
 * object is its table's name. */
bool message_is_ours(const struct nlmsghdr *h, unsigned type, Attributes *ret);

/* A request in `space`, which is zeroed. */
struct nlmsghdr *request_begin(void *space, size_t size, unsigned type);

typedef union Request {
        struct nlmsghdr header;
        uint8_t space[1024];
} Request;

/* Only of our table, where the kernel filters; only of one chain or object type, if it is given. */
struct nlmsghdr *request_init(Request *q, unsigned type, const char *chain, uint32_t object);
