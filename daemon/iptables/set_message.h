/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Requests about sets of the kernel, one at a time and by the thousand, and their answers.
 */

#include "daemon/netlink/netlink.h"
#include "rules/address/address.h"
#include "rules/address/family.h"
#include "rules/address/timedset.h"

#include <linux/netfilter/ipset/ip_set.h>

typedef struct RangeSet RangeSet;

/* Every set of ours has a name that begins so. */
#define SET_PREFIX "p25-"

/* A request to the kernel; the caller appends its attributes. */
typedef union SetRequest {
        struct nlmsghdr header;
        uint8_t space[1024];
} SetRequest;

struct nlmsghdr *set_message(void *at, uint8_t command, uint16_t flags, uint32_t seq);

typedef struct ListedSet {
        char name[IPSET_MAXNAMELEN];
        bool has_elements;
        uint32_t elements, references;
} ListedSet;

/* All sets of ours, without their elements; items is the caller's. */
typedef struct SetListing {
        ListedSet *items;
        size_t n;
} SetListing;

/* Does the kernel have this type of set, and in which revision? */
bool set_type_is_there(Netlink *n, uint8_t *ret_revision);
/* A command that takes nothing but a name. All of these: 0 or negative errno. */
int set_request(Netlink *n, uint8_t command, const char *name);
/* timed: its elements may have a time after which the kernel takes them out. */
int set_create(
        Netlink *n, const char *name, Family family, uint8_t revision, size_t elements, bool timed);
int set_fill(Netlink *n, const char *name, Family family, const RangeSet *ranges);
/* command: IPSET_CMD_ADD or IPSET_CMD_DEL */
int set_change(
        Netlink *n, uint8_t command, const char *name, const Prefix *prefixes, size_t n_prefixes);
/* The longest time that the kernel takes: an entry that ends later has none there, for now. */
#define SET_TIMEOUT_MAX_SEC 2147483u
/* Entries that end, of one family; one that is there gets its new end. */
int set_change_timed(Netlink *n, uint8_t command, const char *name, const TimedEntry *entries,
        size_t n_entries, uint64_t now_usec);
int set_list(Netlink *n, SetListing *ret);
