/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "rules/report/lines.h"

#include "rules/base/array.h"
#include "rules/base/strv.h"
#include "rules/base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

void lines_deinit(Lines *l)
{
        strv_free(l->items);
        *l = (Lines){ 0 };
}

int lines_consume(Lines *l, char *text)
{
        if (!text)
                return -ENOMEM;
        /* one more than there are, for the NULL */
        if ((l->n == 0 && array_grow(&l->items, 0, sizeof(*l->items)) < 0) ||
                array_grow(&l->items, l->n + 1, sizeof(*l->items)) < 0) {
                free(text);
                return -ENOMEM;
        }
        l->items[l->n++] = text;
        l->items[l->n] = NULL;
        return 0;
}

int lines_add(Lines *l, const char *format, ...)
{
        char *text;
        va_list ap;
        int r;

        va_start(ap, format);
        r = text_vprintf(&text, format, ap);
        va_end(ap);
        return r < 0 ? r : lines_consume(l, text);
}

int lines_add_missing(
        Lines *lines, char sign, char *const *of, char *const *other, const char *suffix)
{
        size_t n = strv_length(other), n_of = strv_length(of);
        _cleanup_free_ char **sorted = calloc(n + 1, sizeof(*sorted));
        _cleanup_free_ bool *used = calloc(n + 1, sizeof(*used));

        if (!sorted || !used)
                return -ENOMEM;
        if (n > 0) {
                memcpy(sorted, other, n * sizeof(*sorted));
                qsort(sorted, n, sizeof(*sorted), string_compare);
        }
        for (size_t i = 0; i < n_of; i++) {
                size_t low = array_lower_bound(&of[i], sorted, n, sizeof(*sorted), string_compare);

                while (low < n && used[low] && streq(sorted[low], of[i]))
                        low++;
                if (low < n && streq(sorted[low], of[i])) {
                        used[low] = true;
                        continue;
                }
                if (lines_add(lines, "%c %s%s", sign, of[i], suffix) < 0)
                        return -ENOMEM;
        }
        return 0;
}

int lines_add_texts(Lines *lines, char *const *old, char *const *new, const char *suffix)
{
        size_t before = lines->n;

        if (strv_equal(old, new))
                return 0;
        if (lines_add_missing(lines, '-', old, new, suffix) < 0 ||
                lines_add_missing(lines, '+', new, old, suffix) < 0)
                return -ENOMEM;
        if (lines->n > before)
                return 0;
        return lines_add_missing(lines, '-', old, NULL, suffix) < 0 ||
                               lines_add_missing(lines, '+', new, NULL, suffix) < 0
                       ? -ENOMEM
                       : 0;
}
