/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The pause before a host looks for documents again.
 */

#include <stdint.h>

/* The interval, 20 % more or less, so that the hosts of a fleet do not look together. After
 * failures in a row up to eight times as long, but no longer than 40 seconds, or than the interval
 * if that is more. */
uint64_t documents_pause_usec(unsigned interval_sec, unsigned failures);
