/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * SYN cookies: a listener whose queue is full, which a flood of SYNs brings about, keeps nothing of
 * a connection that is being opened. Only the peer's answer opens it, for up to 128 seconds
 * (linux/net/ipv4/syncookies.c, MAX_SYNCOOKIE_AGE), and until then there is neither a socket nor,
 * in the end, a conntrack entry that could be looked at.
 */

#include <stdbool.h>

/* Has a listener of this network namespace ever answered so? Also true where the kernel does not
 * say. */
bool cookies_were_sent(void);

/* The same of a text like that of /proc/net/netstat: pairs of lines, names and their values. */
bool cookies_are_in(const char *netstat);
