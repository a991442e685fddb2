/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "rules/policy/origin.h"

#include "rules/base/buffer.h"
#include "rules/base/strv.h"
#include "rules/base/text.h"

#include <errno.h>

/* Bytes of a difference's first line that a revision keeps. */
#define SUMMARY_MAX 200

void origin_deinit(Origin *o)
{
        free(o->process);
        free(o->unit);
        free(o->remote);
        free(o->reason);
        free(o->summary);
        *o = (Origin){ 0 };
}

int origin_copy(const Origin *o, Origin *ret)
{
        Origin copy = { .time_usec = o->time_usec, .uid = o->uid, .pid = o->pid };

        if (strdup_null(o->process, &copy.process) < 0 || strdup_null(o->unit, &copy.unit) < 0 ||
                strdup_null(o->remote, &copy.remote) < 0 ||
                strdup_null(o->reason, &copy.reason) < 0 ||
                strdup_null(o->summary, &copy.summary) < 0) {
                origin_deinit(&copy);
                return -ENOMEM;
        }
        *ret = copy;
        return 0;
}

/* Bytes of whole UTF-8 characters, at most max. */
static size_t whole_characters(const char *text, size_t max)
{
        size_t n = 0, k;
        uint32_t code;

        while (text[n] && (k = utf8_character(text + n, &code)) > 0 && n + k <= max)
                n += k;
        return n;
}

/* An added line says more than the removed one that it replaces. */
static const char *telling_line(char *const *lines)
{
        for (char *const *line = lines; *line; line++)
                if (**line == '+')
                        return *line;
        return lines[0];
}

int origin_summarise(Origin *o, char *const *lines)
{
        _cleanup_buffer_ Buffer b = { 0 };
        size_t n = strv_length(lines), shown;
        const char *line;

        free(TAKE_PTR(o->summary));
        if (n == 0)
                return 0;
        line = telling_line(lines);
        shown = whole_characters(line, SUMMARY_MAX);
        buffer_add(&b, line, shown);
        if (line[shown])
                buffer_add_string(&b, "…");
        if (n > 1)
                buffer_printf(&b, " (and %zu more)", n - 1);
        return buffer_take(&b, &o->summary);
}
