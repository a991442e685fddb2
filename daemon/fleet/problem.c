/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/fleet/problem.h"

#include "daemon/io/log.h"
#include "rules/base/text.h"

#include <inttypes.h>

static void problem_log(const char *text, uint64_t in_force)
{
        if (in_force > 0)
                log_line(LOG_ERR, "%s; serial %" PRIu64 " stays in force", text, in_force);
        else
                log_line(LOG_ERR, "%s", text);
}

void problem_set(Problem *p, uint64_t in_force, const char *format, ...)
{
        char *text;
        va_list ap;
        int r;

        va_start(ap, format);
        r = text_vprintf(&text, format, ap);
        va_end(ap);
        if (r < 0) {
                log_line(LOG_ERR, "out of memory");
                return;
        }
        text_make_printable(text);
        if (!streq_null(text, p->text))
                problem_log(text, in_force);
        free(p->text);
        p->text = text;
}

void problem_clear(Problem *p)
{
        if (p->text)
                log_line(LOG_NOTICE, "solved: %s", p->text);
        problem_deinit(p);
}

void problem_deinit(Problem *p)
{
        free(p->text);
        p->text = NULL;
}
