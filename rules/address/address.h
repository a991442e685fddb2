/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * One address, one prefix, and their texts. Host names, mapped addresses and zone ids are refused
 * here, with a reason, so that no other file needs to think of them.
 */

#include "rules/base/util.h"

/* Network byte order; an IPv4 address lies in the first four bytes, the rest is zero. */
typedef struct Address {
        uint8_t family; /* a Family (family.h) */
        uint8_t bytes[16];
} Address;

/* The host bits are zero. */
typedef struct Prefix {
        Address address;
        uint8_t bits; /* 0..32 or 0..128 */
} Prefix;

/* Sets of prefixes: prefixset.h, ranges.h, timedset.h. */
typedef struct PrefixSet PrefixSet;
typedef struct RangeSet RangeSet;
typedef struct TimedSet TimedSet;

/* Large enough for every address_format() and prefix_format(). */
#define ADDRESS_TEXT_MAX 64

/* An IPv4 address as a number, and back. */
uint32_t address_to_ipv4(const Address *a);
Address address_from_ipv4(uint32_t host_order);

/* Compares family first, then bytes; <0, 0, >0. */
int address_compare(const Address *a, const Address *b);
int prefix_compare(const Prefix *a, const Prefix *b);
/* The prefix of fewer bits around it. */
Prefix prefix_shorten(const Prefix *p, uint8_t bits);
bool prefix_contains(const Prefix *p, const Address *a);

/*
 * Text to address or prefix. The text is not NUL-terminated, n bytes. Returns 0, or -EINVAL with
 * a static, user-readable reason in *ret_reason ("IPv4-mapped addresses are refused: write
 * 192.0.2.1"-like reasons name no value; the caller names the text). A prefix with host bits is
 * taken as its network, *ret_host_bits says so. Dotted quads must be four decimal numbers
 * without leading zeros (RFC 6943 section 3.1.1); IPv6 is RFC 4291 section 2.2 text.
 */
int address_parse(const char *text, size_t n, Address *ret, const char **ret_reason);
int prefix_parse(
        const char *text, size_t n, Prefix *ret, bool *ret_host_bits, const char **ret_reason);

/* RFC 5952 text; a prefix of full length is printed as an address. Returns buffer. */
const char *address_format(const Address *a, char buffer[static ADDRESS_TEXT_MAX]);
const char *prefix_format(const Prefix *p, char buffer[static ADDRESS_TEXT_MAX]);

/*
 * For those who read and write millions: a dotted quad at the beginning of n bytes of text, the
 * same grammar as above. Returns the bytes it takes, 0 if there is none; what follows is the
 * caller's to judge. The same of a quad alone or with a prefix length that leaves no host bits,
 * which nearly all entries of sets are. And the text of one, without NUL, at most 15 bytes; returns
 * its length.
 */
size_t ipv4_scan(const char *text, size_t n, uint32_t *ret);
size_t ipv4_prefix_scan(const char *text, size_t n, uint32_t *ret, uint8_t *ret_bits);
size_t ipv4_write(uint32_t host_order, char *buffer);
/* Zeroes all behind the first `bits` bits of 16 bytes; true if something was not zero. */
bool ipv6_mask(uint8_t bytes[static 16], unsigned bits);
