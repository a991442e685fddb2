/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The backend without a kernel, for tests: what it was given, and how to make it fail.
 */

#include "daemon/backend/backend.h"

typedef enum MemoryStep {
        MEMORY_CHECK,
        MEMORY_LOCK,
        MEMORY_APPLY,
        MEMORY_REMOVE,
        MEMORY_COUNTERS,
        _MEMORY_STEP_MAX,
} MemoryStep;

/* The step returns this errno from now on; 0: it works again. */
void backend_memory_fail(Backend *b, MemoryStep step, int error);
/* The number of calls of a step. */
unsigned backend_memory_calls(const Backend *b, MemoryStep step);
/* Does the lock's owner still hold it? */
bool backend_memory_is_locked(const Backend *b);
/* ruleset_print() of what is installed; NULL: nothing. Borrowed. */
const char *backend_memory_text(const Backend *b);
/* Counts as if a rule or a default had decided; 0 or -ENOMEM. */
int backend_memory_count(Backend *b, uint64_t id, uint64_t packets, uint64_t bytes);
/* As if another process had changed the table. */
void backend_memory_repair(Backend *b, pid_t pid, const char *process);
/* As if it kept changing it, could not be answered, or had stopped. */
void backend_memory_peace(Backend *b, BackendPeace peace, pid_t pid, const char *process);
