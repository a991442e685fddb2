/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The origin of a revision: its author, time, reason and changes.
 */

#include <stdint.h>

/* Unknown texts are NULL. */
typedef struct Origin {
        uint64_t time_usec;
        uint32_t uid;
        uint32_t pid; /* 0: not known */
        char *process;
        char *unit;   /* of the service manager, "cron.service" */
        char *remote; /* the address from which the caller is logged in by ssh */
        char *reason;
        char *summary; /* the first line of the difference, see origin_summarise() */
} Origin;

void origin_deinit(Origin *o);
int origin_copy(const Origin *o, Origin *ret);
/* Notes what was changed: "+ deny from 192.0.2.1 to any port 25 (and 2 more)", the first line
 * shortened to fit the head of a stored state. lines may be NULL. 0 or -ENOMEM. */
int origin_summarise(Origin *o, char *const *lines);
