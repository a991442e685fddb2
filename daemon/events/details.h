/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Details from the log about single attempts, for events that rules counted: the counts are
 * complete and know neither port nor time, the log knows both of some attempts.
 */

#include "daemon/events/event.h"

#define DETAILS_MAX 256
/* So many times details_age() is called before an attempt is forgotten. */
#define DETAILS_AGE_MAX 3

typedef struct Details {
        struct Attempt {
                Event event; /* borrows nothing */
                unsigned age;
        } items[DETAILS_MAX];
        size_t n;
} Details;

/* An attempt; without room it is left out. e's unit must be NULL. */
void details_note(Details *d, const Event *e);
/* Completes e by the first attempt that it may be about. */
void details_give(Details *d, Event *e);
void details_age(Details *d);
