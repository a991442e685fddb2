/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Limits the memory that threads hold and that a library may take. Depends on no other module: it
 * knows the allocator, and not who uses it.
 */

#include <stddef.h>

/* Once, before any thread: one heap for all of them. libcurl resolves names in threads, and each
 * would leave a heap of its own. */
void memory_begin(void);

/* Until memory_unbind(), nobody in this program gets more than so many bytes beyond what is in use
 * now (prlimit(2), RLIMIT_DATA): malloc(3) fails with ENOMEM then. For a library that takes as
 * much as a peer says. Costs some 10 µs. 0 or negative errno. Unbinding what is not bound does
 * nothing. */
int memory_bind(size_t bytes);
void memory_unbind(void);

/* Bytes that malloc(3) has given and not got back. Takes some µs for each free part of the heap. */
size_t memory_held(void);
