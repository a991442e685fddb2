/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "rules/config/printer.h"

#include "rules/base/buffer.h"
#include "rules/base/text.h"
#include "rules/policy/ports.h"

#include <inttypes.h>

#define WRAP_COLUMN 100

/* ---- plain values ---- */

/* libconfig's escapes. What is not UTF-8 goes out byte by byte, so that the document is UTF-8. */
static void print_string(Buffer *b, const char *s)
{
        buffer_add_char(b, '"');
        while (*s) {
                uint32_t code;
                size_t n = utf8_character(s, &code);

                if (*s == '"' || *s == '\\')
                        buffer_printf(b, "\\%c", *s);
                else if (*s == '\n')
                        buffer_add_string(b, "\\n");
                else if (*s == '\t')
                        buffer_add_string(b, "\\t");
                else if (n == 0 || code < 0x20 || code == 0x7f)
                        buffer_printf(b, "\\x%02x", (unsigned char)*s);
                else
                        buffer_add(b, s, n);
                s += n > 0 ? n : 1;
        }
        buffer_add_char(b, '"');
}

static void print_integer(Buffer *b, uint64_t value)
{
        buffer_printf(b, "%" PRIu64 "%s", value, value > INT32_MAX ? "L" : "");
}

/* ---- settings: "name = value;" and what goes before and behind ---- */

void printer_begin(Printer *p, const char *name)
{
        if (p->one_line)
                buffer_add_char(p->b, ' ');
        else
                buffer_printf(p->b, "%*s", (int)p->depth * 2, "");
        buffer_printf(p->b, "%s = ", name);
}

void printer_end(Printer *p)
{
        buffer_add_string(p->b, p->one_line ? ";" : ";\n");
}

void printer_string(Printer *p, const char *name, const char *value)
{
        if (!value)
                return;
        printer_begin(p, name);
        print_string(p->b, value);
        printer_end(p);
}

void printer_integer(Printer *p, const char *name, uint64_t value)
{
        printer_begin(p, name);
        print_integer(p->b, value);
        printer_end(p);
}

void printer_bool(Printer *p, const char *name, bool value)
{
        printer_begin(p, name);
        buffer_add_string(p->b, value ? "true" : "false");
        printer_end(p);
}

/* "name = {" … "};" */
void printer_begin_group(Printer *p, const char *name, char open)
{
        printer_begin(p, name);
        buffer_add_char(p->b, open);
        if (!p->one_line)
                buffer_add_char(p->b, '\n');
        p->depth++;
}

void printer_end_group(Printer *p, char close)
{
        p->depth--;
        if (p->one_line)
                buffer_add_char(p->b, ' ');
        else
                buffer_printf(p->b, "%*s", (int)p->depth * 2, "");
        buffer_add_char(p->b, close);
        printer_end(p);
}

/* ---- lists of plain values ---- */

ListPrinter printer_begin_list(Printer *p, const char *name, char open)
{
        ListPrinter l = { .p = p, .line_start = p->b->length };

        printer_begin(p, name);
        buffer_add_char(p->b, open);
        return l;
}

void printer_next(ListPrinter *l)
{
        Buffer *b = l->p->b;

        if (l->n++ > 0)
                buffer_add_char(b, ',');
        if (!l->p->one_line && b->length - l->line_start > WRAP_COLUMN - 20) {
                buffer_add_char(b, '\n');
                l->line_start = b->length;
                buffer_printf(b, "%*s", (int)(l->p->depth + 1) * 2, "");
                return;
        }
        buffer_add_char(b, ' ');
}

void printer_end_list(ListPrinter *l, char close)
{
        buffer_printf(l->p->b, " %c", close);
        printer_end(l->p);
}

void printer_strings(Printer *p, const char *name, char *const *texts)
{
        ListPrinter l = printer_begin_list(p, name, '[');

        for (; texts && *texts; texts++) {
                printer_next(&l);
                print_string(p->b, *texts);
        }
        printer_end_list(&l, ']');
}

/* The elements of an array are of one type; where names and numbers are mixed it is a list. */
void printer_ports(Printer *p, const char *name, const Ports *ports)
{
        size_t n_names = 0;
        bool mixed;
        ListPrinter l;

        for (size_t i = 0; i < ports->n; i++)
                n_names += port_to_service(ports->items[i]) != NULL;
        mixed = n_names > 0 && n_names < ports->n;
        l = printer_begin_list(p, name, mixed ? '(' : '[');
        for (size_t i = 0; i < ports->n; i++) {
                const char *service = port_to_service(ports->items[i]);

                printer_next(&l);
                if (service)
                        print_string(p->b, service);
                else
                        buffer_printf(p->b, "%u", ports->items[i]);
        }
        printer_end_list(&l, mixed ? ')' : ']');
}
