/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* `explain --probe`: the question that is allowed, and the text of the answer. */

#include "rules/base/util.h"

typedef struct Cli Cli;
typedef struct ProbeResult ProbeResult;
typedef struct Question Question;

typedef struct json_t Json;

/* Refuses what cannot be probed, before anything is sent: 0 or an exit status. */
int probe_check(Cli *c, const Question *q);
/* Without a user it becomes a question about root: the one that is judged is the one that sends.
 * Returns whether it has. */
bool probe_complete(Question *q);
/* Sends the probe of a question that is complete. */
int probe_question(Cli *c, const Question *q, ProbeResult *ret);
/* effective: the verdict without the probe. *ret is for the JSON document; 0 or an exit status. */
int probe_tell(Cli *c, const ProbeResult *r, const char *effective, Json **ret);
