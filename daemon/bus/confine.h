/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Shuts in a process that computes answers from what callers sent: it reads files and asks
 * questions, and changes nothing, whoever comes to command it.
 */

/*
 * In the process that forks the workers, before the first: others of its user cannot write into its
 * memory where they keep its capabilities. Elsewhere nothing happens. 0 or negative errno.
 */
int confine_prepare(void);

/*
 * Gives up all capabilities but those for reading files and processes. Where the filter of a unit
 * refuses capset(2), CAP_NET_ADMIN is kept and made useless: netlink sockets are closed, and those
 * that netlink_open() gets then come from p25d-reader, which has not that capability; the kernel
 * looks at who opened a socket as well as who sends, unless the message has an address
 * (net/netlink/af_netlink.c, __netlink_ns_capable()), and such messages are refused. In either case
 * files are opened for reading only. 0, or negative errno: then the process must end.
 */
int confine(void);
