/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The explanation of a verdict, for `explain` with and without a daemon: the way of the packet
 * through the ruleset, the code of the part that decided, and the assumptions.
 */

#include "rules/base/util.h"
#include "rules/ruleset/evaluate.h"

typedef struct Packet Packet;
typedef struct Ruleset Ruleset;
typedef struct Verdict Verdict;

typedef struct Explanation {
        const char *effective; /* the verdict of the host: an action, or "undetermined" */
        const char *code;      /* "P25_RULE", "P25_DEFAULT", "P25_LOCKDOWN"; else "UNDETERMINED" */
        char **assumptions;    /* sentences: what was not looked at */
        /* One line for each stage that was consulted: "port 25 is managed (outgoing)", "p25ctl:
         * no rule for this direction matches", "matched: deny 25/tcp (p25.conf)". */
        char **path;
} Explanation;

void explanation_deinit(Explanation *e);
#define _cleanup_explanation_ _cleanup_(explanation_deinit)

/* p25's verdict, as if there were no other firewall. r NULL: p25 is inactive, and v allows. 0 or
 * -ENOMEM. */
int explain(const Ruleset *r, const Packet *p, const Verdict *v, Explanation *ret);
/* The same without a look at the host: a refusal of p25 is final; another firewall may still refuse
 * what p25 allows. */
int explain_offline(const Ruleset *r, const Packet *p, const Verdict *v, Explanation *ret);
