/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A manager with changes that wait to be confirmed, and a record of them that can be edited. */

#include "tests/unit/manager_world.h"

#include <inttypes.h>
#include <time.h>

#define SEC UINT64_C(1000000)

uint64_t revision(void);
uint64_t waiting(void);
Change with_confirm(uint32_t seconds);
void change(const char *text, uint32_t seconds, bool changed);
void refuse(const char *text, const char *why);
bool has_rules(size_t n);

/* Runs the manager until it has so many rules; ten seconds at most. */
void wait_for_rules(size_t n);
char *record_text(void);

/* Edits the record as time would: a line's word and what its value is now. */
void record_set(const char *word, uint64_t value);
void start_world(void);

/* The kernel, too, has so many rules of p25ctl's. */
void expect_taken_back(const char *reason);
void do_set(const char *name, const char *entry, uint32_t seconds, int expected);
size_t set_size(const char *name);
