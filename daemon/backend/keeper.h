/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The service manager as the keeper of descriptors: what it keeps lives on while p25d is dead or
 * restarted. It gives no answer, and a service may have no store for descriptors, so that what it
 * does is found out. Does not know what the descriptors are of.
 */

/* Under this name; in sd_listen_fds_with_names(3) of the next p25d. */
#define KEEPER_NAME "nft"

/* Hands over a copy of the descriptor. 0, also without a service manager; -errno. */
int keeper_offer(int fd);
/* The same. 1: the service manager keeps it, until keeper_drop() or until the service is stopped;
 * 0: there is none, or it keeps nothing; -errno. Waits for a second at most. */
int keeper_keep(int fd);
/* Drops what was kept before; does nothing without a service manager. */
void keeper_drop(void);
