/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The kernel's clocks in microseconds: CLOCK_REALTIME since the epoch, for what is stored, shown or
 * ends at a time of day; CLOCK_MONOTONIC for deadlines; CLOCK_BOOTTIME where sleep counts.
 */

#include <stdint.h>
#include <time.h>

uint64_t clock_now_usec(clockid_t id);
