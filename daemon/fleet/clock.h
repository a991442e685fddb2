/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The kernel's clocks in microseconds: CLOCK_REALTIME since the epoch, CLOCK_MONOTONIC for pauses.
 */

#include <stdint.h>
#include <time.h>

uint64_t fleet_now_usec(clockid_t clock);
