/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The journal of small changes to stored sets: one line a change, so that one entry more in a set
 * of a million costs one line on disk. Text in and out; opens no files.
 *
 *   CHECKSUM REVISION TIME UID SET =PROCESS =REASON =PID =UNIT =REMOTE +192.0.2.1 -192.0.2.0/30
 *   +192.0.2.9@1795968000 …
 *
 * (the words after REASON may be missing; an entry that ends has its end behind @, in seconds since
 * the epoch)
 */

#include "rules/base/util.h"
#include "rules/policy/origin.h"

typedef struct Buffer Buffer;
typedef struct Diagnostics Diagnostics;
typedef struct PrefixSet PrefixSet;
typedef struct TimedSet TimedSet;

typedef struct JournalRecord {
        uint64_t revision;
        Origin origin;
        char *set;
        PrefixSet *add, *remove; /* never NULL; remove is done after add and timed */
        TimedSet *timed;         /* added, none of them in add; NULL: none */
} JournalRecord;

typedef struct Journal {
        JournalRecord *records; /* ascending by revision */
        size_t n;
        size_t length; /* of the text that is good: the rest was never acknowledged */
} Journal;

void journal_deinit(Journal *j);
/* Without its last record. */
void journal_drop_last(Journal *j);

/* Appends the line of a record; add and remove may be NULL here. */
void journal_record_print(Buffer *b, const JournalRecord *r);

/*
 * Reads a journal. A torn last line (power was lost while it was written) is left out; a bad line
 * with good ones behind it is damage: -EINVAL and an error in d at file:line. -ENOMEM.
 */
int journal_parse(const char *text, size_t n, const char *file, Diagnostics *d, Journal *ret);
