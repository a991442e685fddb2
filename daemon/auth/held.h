/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Measures the memory and descriptors of p25d that waiting messages hold, and has their limits. A
 * message may have 32 MiB and many descriptors, and the bus library reports neither, so the limits
 * are on all that p25d has. Above them only those wait who have nothing that waits already: what
 * one user sends keeps out that user.
 */

#include <stdbool.h>
#include <stddef.h>

/* Above so many bytes more than when nothing waited, and above so many descriptors. */
#define HELD_BYTES_MAX ((size_t)64 << 20)
#define HELD_DESCRIPTORS_MAX 256

/* Bytes of the heap that are in use. */
size_t held_bytes(void);
/* quiet: held_bytes() when nothing waited */
bool held_is_much(size_t quiet);
/* The same of descriptors only. */
bool held_descriptors_are_many(void);
