/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * BPF programs in the hooks of netfilter: where they are. Their code is not read; each may stop
 * whatever comes to it.
 */

#include "daemon/foreign/filters.h"

/* By the kernel's list of hooks; where it has none, by its list of BPF links, which is open to root
 * only and has those of other network namespaces too. Where neither can be read, none is known. 0
 * or -ENOMEM. */
int programs_read(Filters *f);
/* One message of the list of hooks. 0, -EBADMSG, -ENOMEM. */
int programs_add_hook(Filters *f, const struct nlmsghdr *h);
