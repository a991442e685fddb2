/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * So many in a time: limits, their rates, and durations.
 */

#include <stdint.h>

/* SPEC section 3, "Limits" */
#define LIMIT_RATE_MAX 1000000
#define LIMIT_BURST_MAX 65535
#define LIMIT_OPEN_MAX 65535
#define DURATION_MAX_SEC (366ull * 86400)

/* As stated; rule_limit() fills in the rest: 12/minute, burst 6, no max. A rule that states only
 * `max` has no rate. All zero: nothing is stated. */
typedef struct Limit {
        uint32_t rate;     /* new connections… */
        uint32_t unit_sec; /* …in 1, 60, 3600 or 86400 seconds; 0: no rate given */
        uint32_t burst;    /* 0: not given */
        uint32_t open;     /* open at once; 0: not given */
} Limit;

/* "30/minute" ↔ rate and unit; the text of unit_sec: second minute hour day. 0 or -EINVAL,
 * -ERANGE for a number out of range. */
int limit_rate_parse(const char *s, uint32_t *ret_rate, uint32_t *ret_unit_sec);
const char *limit_unit_to_string(uint32_t unit_sec); /* NULL: no such unit */

/* "90s", "10m", "2h", "7d": 1 s to 366 days; 0 or -EINVAL. DURATION_WANTED is what a message says
 * of another text. */
#define DURATION_WANTED "a duration is 90s, 10m, 2h or 7d, from 1s to 366d"
/* The same of a number. */
#define DURATION_SECONDS_WANTED "a duration is a number of seconds, from 1 to 31622400 (366d)"
int duration_parse(const char *s, uint64_t *ret_sec);
