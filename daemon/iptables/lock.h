/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The lock that all programs of legacy iptables agree on.
 */

#include "rules/base/diagnostic.h"

typedef struct IptLock {
        int fd; /* stays open while it is tried again and again; -1: not wanted */
        bool held;
} IptLock;

/* Waits up to the deadline, in small steps; 0: tries once. 0, or -EBUSY or another negative errno
 * with an error in d. Nothing to do where it is held already. */
int ipt_lock(IptLock *l, uint64_t deadline_usec, Diagnostics *d);
void ipt_unlock(IptLock *l);
const char *ipt_lock_path(void);
