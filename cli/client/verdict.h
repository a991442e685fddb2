/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* p25d's verdict on one connection: the part of Explain that other commands need. */

#include "cli/console/cli.h"
#include "rules/address/family.h"

typedef struct VerdictQuestion {
        const char *direction; /* "in", "out" */
        uint16_t port;
        const char *to, *user; /* NULL: not stated */
} VerdictQuestion;

typedef struct ClientVerdict {
        char *p25, *effective, *code;
        char *foreign; /* another filter that may stop it, as "table inet filter, chain input";
                        * NULL: none */
} ClientVerdict;

void client_verdict_deinit(ClientVerdict *v);
#define _cleanup_verdict_ _cleanup_(client_verdict_deinit)

/* 0, or the exit status of a failure that has been printed. */
int client_ask_verdict(Cli *c, const VerdictQuestion *q, ClientVerdict *ret);
/* That on a client whom no rule names, of a socket that listens on an address; one of IPv6 may take
 * IPv4 too. */
int client_ask_listener(
        Cli *c, const char *address, uint16_t port, Family family, ClientVerdict *ret);
