/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Random connections: drawn for a ruleset, so that they come near the borders of what it names;
 * made for real, and what became of them.
 */

#include "rules/ruleset/packet.h"
#include "tests/differential/senders.h"
#include "tests/differential/sites.h"

#include "rules/ruleset/evaluate.h"

#include <netinet/in.h>

typedef struct Buffer Buffer;

#define ANSWER_MSEC 2000
#define REST_MSEC 1

typedef struct Attempt {
        Site from;
        Packet packet;
        bool free; /* stays on the host: no rule may see it */
        int unit;  /* -1: of none of ours */
        uint16_t source_port;
} Attempt;

/* ---- drawing ---- */

Attempt attempt_draw(Random *r, const Ruleset *ruleset);

/* In the words of `explain`, and what it has none for. */
void attempt_print(Buffer *b, const Attempt *a);

/* ---- connecting ---- */

/* A socket on its way: in the kernel the packet has already met all rules, as a rule. */
int attempt_begin(const Attempt *a, int *ret_error);
Answer attempt_answer(int fd, int error, int timeout_msec);
