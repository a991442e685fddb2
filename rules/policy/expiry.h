/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Rules and entries of sets that end by themselves. One with an expiry is in force while the wall
 * clock shows less. It counts in whole seconds, rounded up, because all backends must agree and
 * xt_time knows no less. Nothing here reads a clock: callers pass the time, in microseconds since
 * the epoch.
 */

#include "rules/base/util.h"

typedef struct Rule Rule;
typedef struct RuleList RuleList;
typedef struct State State;

/* The last second of the year 9999: what RFC 3339 can write. */
#define EXPIRY_MAX_SEC UINT64_C(253402300799)
#define EXPIRY_MAX_USEC (EXPIRY_MAX_SEC * USEC_PER_SEC)

/* The expiry as it counts: the next whole second; 0 (never) stays 0. */
uint64_t expiry_round(uint64_t usec);
/* Never true of a rule without expiry. */
bool expiry_has_passed(const Rule *r, uint64_t now_usec);
/* Whole seconds that are left, at least 1; 0: the rule does not end. */
uint64_t expiry_seconds_left(const Rule *r, uint64_t now_usec);

/* Takes the rules out of the state whose time has passed. They are appended to *dropped, if that is
 * not NULL. The number of them, or -ENOMEM: then nothing was taken out. */
int expiry_drop(State *s, uint64_t now_usec, RuleList *dropped);
/* The same of entries of sets. 0 or -ENOMEM. */
int expiry_drop_entries(State *s, uint64_t now_usec, size_t *ret_n);
/* Both. 0 or -ENOMEM. */
int expiry_drop_all(State *s, uint64_t now_usec);
/* When the first of its rules and entries ends; 0: none does. */
uint64_t expiry_next(const State *s);

#define EXPIRY_TEXT_MAX 40
/* "2026-11-22T00:05:54Z", the second as it counts; beyond the year 9999 the bare number. */
const char *expiry_format(uint64_t usec, char buffer[static EXPIRY_TEXT_MAX]);
/* For people, in its two largest units: "1h59m", "90s" as "1m30s", "7d". */
const char *duration_format(uint64_t sec, char buffer[static EXPIRY_TEXT_MAX]);
/* As the word after `for`, exact: "2h", "7190s". */
const char *duration_format_word(uint64_t sec, char buffer[static EXPIRY_TEXT_MAX]);
