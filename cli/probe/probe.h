/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A real packet of a process of this host: a child of the user that is asked about connects,
 * nf_tables traces the packet through its chains, and it is dropped before it leaves. Needs root.
 * Whatever happens to this process, nothing of the probe stays: its table belongs to a socket.
 */

#include "cli/console/cli.h"

typedef struct Packet Packet;

typedef enum ProbeEnd {
        PROBE_PASSED,           /* it came to the end of postrouting */
        PROBE_DROPPED,          /* by a chain of nf_tables */
        PROBE_REJECTED,         /* the same, and the process got an error */
        PROBE_STOPPED_OUTSIDE,  /* by none of them */
        PROBE_REJECTED_OUTSIDE, /* the same, and the process got an error */
        PROBE_NO_ROUTE,         /* the kernel cannot send there */
        PROBE_LOST,             /* parts of the trace are missing */
        _PROBE_MAX,
} ProbeEnd;

typedef struct ProbeResult {
        ProbeEnd end;
        int error; /* of connect(2); 0: none */
        /* The place that dropped it: "inet filter", "output", and the rule's handle, 0: the chain's
         * policy. */
        char *table, *chain;
        uint64_t rule;
        char **trace; /* a line each: "table inet filter, chain output, rule 4: jump mail" */
} ProbeResult;

void probe_result_deinit(ProbeResult *r);
#define _cleanup_probe_result_ _cleanup_(probe_result_deinit)

/* packet: outgoing, with destination and port; a user or group that it lacks is the caller's. 0, or
 * the exit status of a failure that was printed. */
int probe_run(Cli *c, const Packet *packet, ProbeResult *ret);
