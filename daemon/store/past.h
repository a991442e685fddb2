/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Former states on disk: whole texts and lines of journals. For the store only.
 *
 * A former state.conf gets a second name, revisions/N.conf, before it is replaced; where only a set
 * changed by a little, the line of the journal does, which is put aside when it is folded. So
 * nothing is written twice, and what a revision says was on disk already; only its name is synced
 * later, some time after the last change or before a change that waits to be confirmed. A revision
 * whose name was lost with the power is not listed; whatever is listed can be read, but for damage.
 * What a kept revision names in fragments/, sets/ and host/ stays (store_prune.c).
 */

#include "daemon/store/internal.h"

#define PAST_WHOLE ".conf" /* revisions/REV.conf */
#define PAST_BETWEEN \
        ".between"         /* the same of a change of entries only: no revision of the policy */
#define PAST_LINES ".sets" /* revisions/FIRST-LAST.sets */

/* A state's whole text. */
typedef struct PastWhole {
        uint64_t revision;
        const char *file; /* below the state folder; NULL: revisions/REV.conf */
        bool between;     /* revisions/REV.between: it is there as long as something stands on it */
        uint64_t bytes;
} PastWhole;

/* A journal that was put aside when it was folded into the sets. */
typedef struct PastJournal {
        uint64_t first, last; /* revisions of its lines */
        bool damaged;
        uint64_t bytes;
} PastJournal;

typedef struct Past {
        PastWhole *wholes; /* ascending, the present one last */
        size_t n_wholes;
        PastJournal *journals; /* ascending, without the present one */
        size_t n_journals;
        Journal lines; /* of all journals, ascending; revisions occur once */
} Past;

void past_deinit(Past *p);
#define _cleanup_past_ _cleanup_(past_deinit)

/* All that is there up to a revision; lines only if asked for. 0 or -ENOMEM. */
int past_read(Store *s, uint64_t up_to, Past *ret);
/* Leaves out the lines after a revision. */
void past_cut(Past *p, uint64_t revision);
/* The path of a whole state below the state folder; 0 or -ENOMEM. */
int past_path(const PastWhole *w, char **ret);
/* Its text, at most max bytes. */
int past_text(Store *s, const PastWhole *w, size_t max, char **ret);
/* The last whole state from which lines lead to a revision without a gap; NULL: there is none. */
const PastWhole *past_base(const Past *p, uint64_t revision);
