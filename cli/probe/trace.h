/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The report of nf_tables on a traced packet: the chains and rules that it passed. */

#include "cli/probe/table.h"

typedef struct Trace {
        uint16_t port; /* of the packet's source, by which it is known */
        bool has_id;   /* the packet's, once it was seen; those of others are passed over */
        uint32_t id;
        bool last;           /* it came to the probe's own last chain */
        bool lost;           /* not all of it was received */
        char *table, *chain; /* that dropped it; NULL: none */
        uint64_t rule;
        char **lines;
} Trace;

void trace_deinit(Trace *t);

/* Opens a socket that hears of all traced packets. 0 or negative errno. */
int trace_listen(Netlink *ret);
/* Reads what there is now; does not wait. 0 or -ENOMEM. */
int trace_read(Netlink *n, Trace *t);
