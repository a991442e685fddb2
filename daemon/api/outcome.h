/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The outcome of a change for the thing that it names, as the reply to a changing D-Bus method and
 * p25ctl's first line have it.
 */

typedef enum Outcome {
        OUTCOME_NONE,     /* nothing changed */
        OUTCOME_ADDED,    /* it did not exist before */
        OUTCOME_UPDATED,  /* in place: a rule with the same match, a fragment of the same name */
        OUTCOME_INSERTED, /* a rule, before others */
        OUTCOME_REMOVED,
        OUTCOME_CHANGED, /* all else */
        _OUTCOME_MAX,
        _OUTCOME_INVALID = -1,
} Outcome;

/* "none", "added", … */
const char *outcome_to_string(Outcome o);
/* _OUTCOME_INVALID for another word. */
Outcome outcome_from_string(const char *s);
