/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Writes values and settings in libconfig's syntax: escapes, indentation, long lists over several
 * lines. Does not depend on which documents there are.
 */

#include "rules/base/util.h"

typedef struct Buffer Buffer;
typedef struct Ports Ports;

/* Inside of a rule everything stands on one line; elsewhere each setting has its own. */
typedef struct Printer {
        Buffer *b;
        unsigned depth;
        bool one_line;
} Printer;

/* "name = " and ";" around a value that the caller prints. */
void printer_begin(Printer *p, const char *name);
void printer_end(Printer *p);
/* Whole settings; a value of NULL prints nothing. */
void printer_string(Printer *p, const char *name, const char *value);
void printer_integer(Printer *p, const char *name, uint64_t value);
void printer_bool(Printer *p, const char *name, bool value);
void printer_strings(Printer *p, const char *name, char *const *texts);
void printer_ports(Printer *p, const char *name, const Ports *ports);

/* "name = {" … "};" */
void printer_begin_group(Printer *p, const char *name, char open);
void printer_end_group(Printer *p, char close);

/* Before each item of a list: a comma, and a new line where the last one is full. */
typedef struct ListPrinter {
        Printer *p;
        size_t line_start, n;
} ListPrinter;

ListPrinter printer_begin_list(Printer *p, const char *name, char open);
/* Before each item, which the caller prints. */
void printer_next(ListPrinter *l);
void printer_end_list(ListPrinter *l, char close);
