/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The list of what is wrong (diagnostic.h). Prints and logs nothing: that is a shell's. */

#include "rules/base/diagnostic.h"

#include "rules/base/array.h"
#include "rules/base/buffer.h"
#include "rules/base/strv.h"
#include "rules/base/text.h"

#include <errno.h>
#include <stdio.h>

#define DIAGNOSTICS_MAX 1000
#define TEXT_MAX 2001

static const char *const severity_names[] = {
        [SEVERITY_ERROR] = "error",
        [SEVERITY_WARNING] = "warning",
        [SEVERITY_NOTE] = "note",
};

const char *severity_to_string(Severity s)
{
        return severity_names[s];
}

static void diagnostic_deinit(Diagnostic *d)
{
        free(d->file);
        free(d->setting);
        free(d->text);
        *d = (Diagnostic){ 0 };
}

void diagnostics_deinit(Diagnostics *d)
{
        for (size_t i = 0; i < d->n; i++)
                diagnostic_deinit(&d->items[i]);
        free(d->items);
        *d = (Diagnostics){ 0 };
}

/* A printable copy of s, or NULL for NULL. */
static int copy_printable(const char *s, char **ret)
{
        char *copy = NULL;

        if (s) {
                copy = strdup(s);
                if (!copy)
                        return -ENOMEM;
                text_make_printable(copy);
        }
        *ret = copy;
        return 0;
}

/* severity and code are set */
static int diagnostic_fill(Diagnostic *d, Place place, const char *setting, const char *text)
{
        d->line = place.line;
        if (copy_printable(place.file, &d->file) < 0 || copy_printable(setting, &d->setting) < 0 ||
                copy_printable(text, &d->text) < 0) {
                diagnostic_deinit(d);
                return -ENOMEM;
        }
        return 0;
}

/* Adds an item whose severity and code are set. */
static int add_va(Diagnostics *d, Diagnostic item, Place place, const char *setting,
        const char *format, va_list ap) _printf_(5, 0);
static int add_va(Diagnostics *d, Diagnostic item, Place place, const char *setting,
        const char *format, va_list ap)
{
        int result = item.severity == SEVERITY_ERROR ? -EINVAL : 0;
        char text[TEXT_MAX];

        if (!d)
                return result;
        if (item.severity == SEVERITY_ERROR)
                d->n_errors++;
        if (d->n >= DIAGNOSTICS_MAX)
                return result;
        if (vsnprintf(text, sizeof(text), format, ap) < 0)
                return -ENOMEM;
        if (array_grow(&d->items, d->n, sizeof(*d->items)) < 0)
                return -ENOMEM;
        if (diagnostic_fill(&item, place, setting, text) < 0)
                return -ENOMEM;
        d->items[d->n++] = item;
        return result;
}

int diagnostics_error_va(Diagnostics *d, DiagnosticCode code, Place place, const char *setting,
        const char *format, va_list ap)
{
        return add_va(d, (Diagnostic){ .severity = SEVERITY_ERROR, .code = code }, place, setting,
                format, ap);
}

int diagnostics_add(Diagnostics *d, Severity severity, Place place, const char *setting,
        const char *format, ...)
{
        va_list ap;
        int r;

        va_start(ap, format);
        r = add_va(d, (Diagnostic){ .severity = severity }, place, setting, format, ap);
        va_end(ap);
        return r;
}

const Diagnostic *diagnostics_first_error(const Diagnostics *d)
{
        for (size_t i = 0; i < d->n; i++)
                if (d->items[i].severity == SEVERITY_ERROR)
                        return &d->items[i];
        return NULL;
}

int diagnostic_format(const Diagnostic *d, char **ret)
{
        _cleanup_buffer_ Buffer b = { 0 };

        if (d->file && d->line > 0)
                buffer_printf(&b, "%s:%u: ", d->file, d->line);
        else if (d->file)
                buffer_printf(&b, "%s: ", d->file);
        buffer_add_string(&b, d->text);
        return buffer_take(&b, ret);
}

int diagnostic_add_line(const Diagnostic *d, char ***lines)
{
        char *text;
        int r = diagnostic_format(d, &text);

        return r < 0 ? r : strv_consume(lines, text);
}

void diagnostics_forgive(Diagnostics *d)
{
        for (size_t i = 0; i < d->n; i++)
                if (d->items[i].severity == SEVERITY_ERROR)
                        d->items[i].severity = SEVERITY_WARNING;
        d->n_errors = 0;
}

int diagnostics_move(Diagnostics *to, Diagnostics *from)
{
        int r = 0;

        to->n_errors += from->n_errors;
        for (size_t i = 0; i < from->n && to->n < DIAGNOSTICS_MAX; i++) {
                r = array_grow(&to->items, to->n, sizeof(*to->items));
                if (r < 0)
                        break;
                to->items[to->n++] = TAKE_STRUCT(from->items[i]);
        }
        diagnostics_deinit(from);
        return r;
}
