/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Names and numbers by which p25d and the table know each other: labels of connections, the group
 * of the log, the queue, how often and how long.
 */

#include <stdint.h>

#define NFT_TABLE_NAME "p25"
#define NFT_LABEL_LOCAL 124
#define NFT_LABEL_INCOMING 125
#define NFT_LABEL_CUT 126
/* The type of an address in the routing table, RTN_LOCAL and RTN_ANYCAST of rtnetlink(7). */
#define NFT_ADDRESS_LOCAL 2u
#define NFT_ADDRESS_ANYCAST 4u
#define NFT_LABEL_BYTES 16
/* Directions of a conntrack entry, IP_CT_DIR_…; the number of STATEMENT_DIRECTION. */
#define NFT_DIRECTION_ORIGINAL 0u
#define NFT_DIRECTION_REPLY 1u
/* The time for which a bridge's neighbours are remembered. */
#define NFT_BRIDGED_TIMEOUT_MSEC 60000u
/* Logging: NFLOG, the packet's headers; each logging rule so often at most. */
#define NFT_LOG_GROUP 25u
#define NFT_LOG_SNAPLEN 128u
#define NFT_LOG_RATE 10u
#define NFT_LOG_BURST 20u
/* Connections that are counted and not logged wake p25d, so that it need not look while there is
 * nothing: outgoing ones so often a minute, because thresholds act on them, others for the
 * statistics. */
#define NFT_WAKE_OUT_RATE 12u
#define NFT_WAKE_RATE 1u
/* Connections that wait for p25d, of each family: so many at most, by the queue of the kernel. A
 * SYN that is sent again, a second later, does not wait again. */
#define NFT_HOLD_QUEUE 25u
#define NFT_HOLD_RATE 100u
#define NFT_HOLD_BURST 400u
#define NFT_HELD_TIMEOUT_MSEC 4000u
/* The time for which a connection that conntrack does not follow is known, from its SYN on. */
#define NFT_UNTRACKED_TIMEOUT_MSEC 3600000u
/* A label as the kernel's bitmap: an array of unsigned long. */
void nft_label_bitmap(unsigned bit, uint8_t ret[static NFT_LABEL_BYTES]);
