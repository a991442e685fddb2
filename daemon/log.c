/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/log.h"

#include "rules/base/buffer.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>

#define FIELDS_MAX 40
/* The rest is in the history. */
#define DIFF_LINES_MAX 100

/* ---- the journal's fields ---- */

typedef struct Fields {
        struct iovec items[FIELDS_MAX];
        int n;
        Buffer text; /* of all of them, one after another */
        size_t ends[FIELDS_MAX];
} Fields;

static void fields_add(Fields *f, const char *name, const char *value)
{
        if (!value || !value[0])
                return;
        buffer_printf(&f->text, "%s=%s", name, value);
        f->ends[f->n++] = f->text.length;
}

static void fields_add_number(Fields *f, const char *name, uint64_t value)
{
        char text[24];

        (void)snprintf(text, sizeof(text), "%" PRIu64, value);
        fields_add(f, name, text);
}

static void fields_add_lines(Fields *f, const char *name, char *const *lines)
{
        size_t n = 0;

        if (!lines || !*lines)
                return;
        buffer_printf(&f->text, "%s=", name);
        for (; *lines && n < DIFF_LINES_MAX; lines++, n++)
                buffer_printf(&f->text, "%s%s", n > 0 ? "\n" : "", *lines);
        f->ends[f->n++] = f->text.length;
}

static int fields_send(Fields *f)
{
        size_t begin = 0;

        if (f->text.failed)
                return -ENOMEM;
        for (int i = 0; i < f->n; i++) {
                f->items[i] = (struct iovec){ f->text.data + begin, f->ends[i] - begin };
                begin = f->ends[i];
        }
        return sd_journal_sendv(f->items, f->n);
}

/* Fields of every entry. */
static void fields_begin(Fields *f, const char *id, int priority, const char *message)
{
        fields_add(f, "MESSAGE", message);
        fields_add_number(f, "PRIORITY", (uint64_t)priority);
        fields_add(f, "SYSLOG_IDENTIFIER", "p25d");
        fields_add(f, "MESSAGE_ID", id);
}

static int event_send(const LogEvent *e, const char *message)
{
        Fields f = { 0 };
        int r;

        fields_begin(&f, e->id, e->priority, message);
        fields_add_number(&f, "P25_REVISION", e->revision);
        fields_add_number(&f, "P25_UID", e->uid);
        fields_add(&f, "P25_PROCESS", e->process);
        fields_add(&f, "P25_UNIT", e->unit);
        fields_add(&f, "P25_REMOTE", e->remote);
        fields_add(&f, "P25_REASON", e->reason);
        fields_add(&f, "P25_OUTCOME", e->outcome);
        fields_add_lines(&f, "P25_DIFF", e->lines);
        r = fields_send(&f);
        buffer_deinit(&f.text);
        return r;
}

void log_event(const LogEvent *e, const char *format, ...)
{
        char text[LOG_LINE_MAX];
        va_list ap;

        va_start(ap, format);
        (void)log_format(text, format, ap);
        va_end(ap);
        if (!log_is_journal() || event_send(e, text) < 0)
                log_put(e->priority, text);
}

void log_fields(
        const char *id, int priority, const LogField *fields, size_t n, const char *format, ...)
{
        char text[LOG_LINE_MAX];
        Fields f = { 0 };
        va_list ap;

        va_start(ap, format);
        (void)log_format(text, format, ap);
        va_end(ap);
        fields_begin(&f, id, priority, text);
        for (size_t i = 0; i < n; i++)
                fields_add(&f, fields[i].name, fields[i].value);
        if (!log_is_journal() || fields_send(&f) < 0)
                log_put(priority, text);
        buffer_deinit(&f.text);
}
