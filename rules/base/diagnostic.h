/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The user's errors and their places: a list that rules/ fills and a shell (p25ctl, p25d) prints.
 * Nothing here prints or logs.
 */

#include "rules/base/util.h"

#include <stdarg.h>

typedef enum Severity {
        SEVERITY_ERROR,
        SEVERITY_WARNING,
        SEVERITY_NOTE,
        _SEVERITY_MAX,
} Severity;

/* "error", "warning", "note" */
const char *severity_to_string(Severity s);

/* The kind of an error, for programs that do not read its text. */
typedef enum DiagnosticCode {
        DIAGNOSTIC_PLAIN,
        DIAGNOSTIC_LIMIT, /* more than a documented limit allows */
        DIAGNOSTIC_WORD,  /* not one of the few words that are possible */
} DiagnosticCode;

/* A place in a text. file is borrowed or NULL (words typed at a terminal, values from the bus);
 * line counts from 1, 0 when there is none. */
typedef struct Place {
        const char *file;
        unsigned line;
} Place;

typedef struct Diagnostic {
        Severity severity;
        DiagnosticCode code;
        char *file;    /* NULL: no file */
        unsigned line; /* 0: the file as a whole */
        char *setting; /* the path of the setting, "rules[2].from"; NULL: none */
        char *text;    /* one line, without place, with the hint where there is one */
} Diagnostic;

typedef struct Diagnostics {
        Diagnostic *items;
        size_t n;
        size_t n_errors;
        bool hides_content; /* of set files: their lines are not quoted, only numbered */
} Diagnostics;

#define _cleanup_diagnostics_ _cleanup_(diagnostics_deinit)

void diagnostics_deinit(Diagnostics *d);

/* The strings are copied; the text is cut at 2,000 bytes, and what is not printable becomes '?', so
 * that it stays one line for any input. Returns -EINVAL for SEVERITY_ERROR (so that a parser can
 * say `return diagnostics_error(…)`), 0 else, -ENOMEM. d may be NULL: then only the code is
 * returned. A list holds at most 1,000 diagnostics; what comes later only counts. */
int diagnostics_add(Diagnostics *d, Severity severity, Place place, const char *setting,
        const char *format, ...) _printf_(5, 6);
/* The same for an error with a code. */
int diagnostics_error_va(Diagnostics *d, DiagnosticCode code, Place place, const char *setting,
        const char *format, va_list ap) _printf_(5, 0);

#define diagnostics_error(d, place, setting, ...) \
        diagnostics_add(d, SEVERITY_ERROR, place, setting, __VA_ARGS__)
#define diagnostics_warning(d, place, setting, ...) \
        diagnostics_add(d, SEVERITY_WARNING, place, setting, __VA_ARGS__)

/* Borrowed; NULL: there is none. */
/* Its text as diagnostic_format() has it, at the end of a list; 0 or -ENOMEM. */
int diagnostic_add_line(const Diagnostic *d, char ***lines);
/* Makes warnings of all errors. */
void diagnostics_forgive(Diagnostics *d);
const Diagnostic *diagnostics_first_error(const Diagnostics *d);

/* "FILE:LINE: TEXT", "FILE: TEXT" or "TEXT"; 0 or -ENOMEM. */
int diagnostic_format(const Diagnostic *d, char **ret);

/* Moves all of `from` to the end of `to`; `from` is empty afterwards in any case. 0 or -ENOMEM. */
int diagnostics_move(Diagnostics *to, Diagnostics *from);
