/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Which alerts have been told, so that none is told twice for one window: a short file, which
 * outlives a restart. Times left are kept, so that a clock that is set prolongs none beyond its
 * window.
 */

#include "rules/policy/document.h"

/* Beyond it the one that ends first is forgotten. */
#define TOLD_MAX 1024

typedef struct ToldItem {
        AlertKind kind;
        uint32_t uid;
        uint64_t until_usec; /* by CLOCK_BOOTTIME */
        uint64_t length_usec;
} ToldItem;

typedef struct Told {
        char *path;
        ToldItem items[TOLD_MAX];
        size_t n;
} Told;

/* Reads folder/alerts; lines that cannot be read are left out. 0 or -ENOMEM. */
int told_init(Told *t, const char *folder);
void told_deinit(Told *t);
bool told_has(Told *t, AlertKind kind, uint32_t uid);
/* From now on, for so long; writes the file. 0 or negative errno: it is not on disk. */
int told_add(Told *t, AlertKind kind, uint32_t uid, uint64_t length_usec);
