/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The findings of `doctor`, in the order in which they were made. */

#include "rules/base/util.h"

typedef enum FindingKind {
        FINDING_OK,
        FINDING_NOTE,
        FINDING_WARNING,
        FINDING_PROBLEM,
        _FINDING_MAX,
} FindingKind;

/* "ok", …; of a word that is none of them a warning. */
const char *finding_kind_to_string(FindingKind s);
FindingKind finding_kind_from_string(const char *s);

typedef struct Finding {
        FindingKind kind;
        const char *code;  /* stable; owned by the list */
        char *text, *hint; /* the finding, and the remedy; hint "": none */
} Finding;

typedef struct Findings {
        Finding *items;
        size_t n;
        bool failed; /* no memory: sticky */
} Findings;

void findings_deinit(Findings *f);
/* hint NULL: nothing to do */
void findings_add(Findings *f, FindingKind kind, const char *code, const char *hint,
        const char *format, ...) _printf_(5, 6);
bool findings_have_problem(const Findings *f);
