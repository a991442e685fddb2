/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The means of an attacker with packets: frames that claim to come from anybody, sockets that are
 * silent about what they receive, connections from a chosen port. Every test runs under all
 * backends, which a program's main hands to attack_main().
 */

#include "tests/lib/nft_backend.h"

#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>

#define HOST4 "192.0.2.1"
#define HOST6 "2001:db8:1::1"
#define HOST_INSIDE4 "10.9.0.1"
#define HOST_INSIDE6 "fd00:9::1"
#define INTERNET4 "192.0.2.2"
#define INTERNET6 "2001:db8:1::2"
#define CONTAINER4 "10.9.0.2"
#define CONTAINER6 "fd00:9::2"

extern const BackendOps *attacked_ops;
extern Backend *attacked;

int attack_apply(const char *text, Ruleset **ret);

#define attack_must_apply(text) assert_int_equal(attack_apply((text), NULL), 0)

/* Does the table that is applied next ask conntrack nothing, as on a host through which nothing
 * passes? With nftables. */
void attack_stateless(bool stateless);

/* As it would be with room for so few sources: a million would take too long. With iptables there
 * is room for all. */
void attack_apply_small(const char *text, uint32_t room);

/* With a set "ending" that holds every address, until then. */
void attack_apply_timed(const char *text, uint64_t until_usec);

/* All that the policy has counted. */
uint64_t attack_count(void);
uint64_t attack_count_of(uint64_t id);

/* ---- frames ---- */

typedef struct Segment {
        const char *from, *to;
        uint16_t source, port;
        uint8_t flags;     /* of TCP */
        uint32_t seq, ack; /* 0: 1000, and 1 where there is the flag */
} Segment;

size_t segment_build(const Segment *s, uint8_t frame[static 128]);

/* Sends frames to the host over a site's link; the kernel of the site has no say. */
int attack_open(Site site, bool v6, struct sockaddr_ll *ret);
void attack_send(Site site, const Segment *s);

/* ---- sockets ---- */

/* A socket bound to a port of all the site's addresses, which others of the same user may share. */
int attack_socket(Site site, uid_t uid, bool v6, uint16_t port);

/* A listener that drops all it receives, without a reset: no privilege is needed for that. */
int attack_deaf(Site site, uid_t uid, bool v6, uint16_t port);

/* Connects a bound socket; it is closed. */
Answer attack_connect(int fd, const char *to, uint16_t port);

/* ---- the programs ---- */

#define skip_without_backend() \
        if (!attacked)         \
        skip()

/* Each test under each backend, in the world that `setup` builds. */
int attack_main(const struct CMUnitTest *tests, size_t n, CMFixtureFunction setup,
        CMFixtureFunction teardown);
