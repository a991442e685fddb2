/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A stable 64-bit hash (FNV-1a with a final mix) and a table of numbers by number. The hash is the
 * same on every machine and in every run; it defends against no attacker, so nothing may depend
 * on the absence of collisions.
 */

#include "rules/base/util.h"

#define HASH_BEGIN UINT64_C(0xcbf29ce484222325)

uint64_t hash_bytes(uint64_t h, const void *data, size_t n);
/* With its length, so that "ab" "c" differs from "a" "bc"; NULL differs from "". */
uint64_t hash_string(uint64_t h, const char *s);
uint64_t hash_number(uint64_t h, uint64_t n);
/* Spreads what hash_*() gathered over all bits; never 0. */
uint64_t hash_finish(uint64_t h);

/* Numbers by number; key 0 is not for use. Zero it to begin. */
typedef struct NumberMap {
        struct NumberEntry {
                uint64_t key, value;
        } * entries;
        size_t n, capacity;
} NumberMap;

/* The value of the key, 0 and made now if it was not there; NULL: out of memory. Valid until the
 * next call. */
uint64_t *number_map_get(NumberMap *m, uint64_t key);
void number_map_deinit(NumberMap *m);
