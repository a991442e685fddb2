/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Keeps the alerts that were reported, so that none is reported twice for one window, and the
 * quarantines that wait for their rule: a short file, which outlives a restart. Times left are
 * kept, so that a clock that is set prolongs none beyond its window.
 */

#include "rules/base/util.h"
#include "rules/policy/alerts.h"
#include "rules/policy/valid.h"

/* Beyond it the one that ends first is forgotten. */
#define TOLD_MAX 1024
#define TOLD_WAITS_MAX 200

typedef struct ToldItem {
        AlertKind kind;
        uint32_t uid;
        uint64_t until_usec; /* by CLOCK_BOOTTIME */
        uint64_t length_usec;
} ToldItem;

/* A quarantine whose rule is not in force yet. */
typedef struct ToldWait {
        uint32_t uid;
        uint64_t end_usec; /* by the wall clock, as of a rule */
        unsigned tries;
        char comment[COMMENT_MAX + 1];
} ToldWait;

typedef struct Told {
        char *path;
        ToldItem items[TOLD_MAX];
        size_t n;
        ToldWait waits[TOLD_WAITS_MAX];
        size_t n_waits;
} Told;

/* Reads folder/alerts; lines that cannot be read are left out. 0 or -ENOMEM. */
int told_init(Told *t, const char *folder);
void told_deinit(Told *t);
bool told_has(Told *t, AlertKind kind, uint32_t uid);
/* From now on, for so long; writes the file. 0 or negative errno: it is not on disk. */
int told_add(Told *t, AlertKind kind, uint32_t uid, uint64_t length_usec);
/* The quarantine waits; writes the file. 0; -ENOSPC: so many wait that this one is not kept;
 * another negative errno: it waits, but is not on disk. */
int told_wait(Told *t, uint32_t uid, uint64_t end_usec, const char *comment);
/* That one no longer waits; the last one takes its place. Writes the file as told_add does. */
int told_wait_end(Told *t, size_t i);
