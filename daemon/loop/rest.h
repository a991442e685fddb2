/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Lets go of memory while a program waits. Knows the allocator, the program's own mappings and the
 * event loop, and not what they are used for.
 *
 * What is given back: what is free on the heap, and all pages of code and constants of the program
 * and its libraries. What is used again is found in the page cache, for a fault of up to 16 pages
 * each. Linking brings megabytes of which waiting needs a few hundred kB.
 */

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

typedef struct Rest Rest;

typedef struct RestOptions {
        /* So many events within this time are work. After work memory is given back as soon as that
         * time has passed without more of it. Fewer are looks at something, which repeat: what they
         * need stays. */
        uint64_t after_usec;
        unsigned events_min;
        /* Something is under way although the loop sleeps; may be NULL. */
        bool (*is_busy)(void *data);
        void *data;
} RestOptions;

/* Begins to follow the loop. Giving back takes some 200 µs. 0 or negative errno. */
int rest_new(sd_event *event, const RestOptions *o, Rest **ret);
Rest *rest_free(Rest *r);
