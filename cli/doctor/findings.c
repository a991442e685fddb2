/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "cli/doctor/findings.h"

#include "rules/base/array.h"
#include "rules/base/text.h"

#include <stdarg.h>
#include <stdio.h>

static const char *const words[_FINDING_MAX] = {
        [FINDING_OK] = "ok",
        [FINDING_NOTE] = "note",
        [FINDING_WARNING] = "warning",
        [FINDING_PROBLEM] = "problem",
};

const char *finding_kind_to_string(FindingKind s)
{
        return words[s];
}

FindingKind finding_kind_from_string(const char *s)
{
        for (FindingKind i = 0; i < _FINDING_MAX; i++)
                if (streq(words[i], s))
                        return i;
        return FINDING_WARNING;
}

void findings_deinit(Findings *f)
{
        for (size_t i = 0; i < f->n; i++) {
                free((char *)f->items[i].code);
                free(f->items[i].text);
                free(f->items[i].hint);
        }
        free(f->items);
        *f = (Findings){ 0 };
}

void findings_add(
        Findings *f, FindingKind kind, const char *code, const char *hint, const char *format, ...)
{
        Finding one = { .kind = kind, .code = strdup(code), .hint = strdup(hint ?: "") };
        va_list ap;

        va_start(ap, format);
        (void)text_vprintf(&one.text, format, ap);
        va_end(ap);
        if (!one.code || !one.hint || !one.text ||
                array_grow(&f->items, f->n, sizeof(*f->items)) < 0) {
                free((char *)one.code);
                free(one.hint);
                free(one.text);
                f->failed = true;
                return;
        }
        text_make_printable(one.text);
        f->items[f->n++] = one;
}

bool findings_have_problem(const Findings *f)
{
        for (size_t i = 0; i < f->n; i++)
                if (f->items[i].kind == FINDING_PROBLEM)
                        return true;
        return false;
}
