/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Lets go of memory while a program waits. Knows the allocator, the program's own mappings and the
 * event loop, and not their use.
 *
 * The free part of the heap goes back to the kernel, and all pages of code and constants of the
 * program and its libraries are unmapped: they are found again in the page cache, for a fault of up
 * to 16 pages each. Linking maps megabytes of which waiting needs a few hundred kB.
 */

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

typedef struct Rest Rest;

typedef struct RestOptions {
        /* So many events within this time are work, after which memory is given back as soon as
         * the same time has passed without more of it. Fewer events are looks at something, which
         * repeat: their memory stays. */
        uint64_t after_usec;
        unsigned events_min;
        /* Something is under way although the loop sleeps; may be NULL. */
        bool (*is_busy)(void *data);
        void *data;
} RestOptions;

/* Begins to follow the loop. Giving back takes some 200 µs. 0 or negative errno. */
int rest_new(sd_event *event, const RestOptions *o, Rest **ret);
Rest *rest_free(Rest *r);
