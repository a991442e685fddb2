/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * How much memory p25-fleet holds while nothing happens. Depends on no other module: it knows the
 * allocator and the program's own mappings, and not who uses them.
 */

/* Once, before any thread: one heap for all of them. libcurl resolves names in threads, and each
 * would leave a heap of its own. */
void memory_begin(void);

/* Returns to the kernel what is free on the heap, and lets go of all pages of code and constants of
 * the program and its libraries: what is used again is found in the page cache, for a fault of 16
 * pages each. Linking p25-fleet reads 10 MB of libraries of which waiting needs less than one.
 * Costs some 100 µs; to be called when nothing is to be done for seconds. */
void memory_give_back(void);
