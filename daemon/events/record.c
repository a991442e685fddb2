/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/events/record.h"

#include "daemon/events/event.h"
#include "rules/base/buffer.h"
#include "rules/base/text.h"
#include "rules/policy/logprefix.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

static void end_print(Buffer *b, const Address *a, uint16_t port)
{
        char text[ADDRESS_TEXT_MAX];

        buffer_printf(b, " %s %u", a->family ? address_format(a, text) : "-", port);
}

static void id_print(Buffer *b, bool known, uint32_t id)
{
        if (known)
                buffer_printf(b, " %" PRIu32, id);
        else
                buffer_add_string(b, " -");
}

/* A tabulator or the end of a line would begin something else. */
static void text_print(Buffer *b, const char *text)
{
        for (; *text; text++) {
                bool space = (unsigned char)*text < ' ';

                buffer_add_char(b, space ? '?' : *text);
        }
}

void record_print(Buffer *b, const Event *e)
{
        buffer_printf(b, "%" PRIu64 " %" PRIu64 " %s %s%s", e->id, e->time_usec,
                direction_to_string(e->direction), e->audit ? LOG_AUDIT : "",
                action_to_string(e->action));
        end_print(b, &e->source, e->source_port);
        end_print(b, &e->destination, e->destination_port);
        buffer_printf(b, " %" PRIu64, e->rule);
        id_print(b, e->has_uid, e->uid);
        id_print(b, e->has_gid, e->gid);
        buffer_printf(b, " %" PRIu64 " ", e->count);
        text_print(b, e->unit ? e->unit : "-");
        if (e->pid > 0)
                buffer_printf(b, "\tpid=%" PRIu32, e->pid);
        for (EventText t = 0; t < _EVENT_TEXT_MAX; t++)
                if (e->texts[t]) {
                        buffer_printf(b, "\t%s=", event_text_to_string(t));
                        text_print(b, e->texts[t]);
                }
        buffer_add_string(b, "\n");
}

/* ---- reading ---- */

typedef struct Words {
        const char *at, *end;
        bool failed;
} Words;

/* The next word, which ends with a space or the line. */
static size_t word_take(Words *w, const char **ret)
{
        const char *space = memchr(w->at, ' ', (size_t)(w->end - w->at));
        size_t n = (size_t)((space ? space : w->end) - w->at);

        *ret = w->at;
        w->at += space ? n + 1 : n;
        w->failed = w->failed || n == 0;
        return n;
}

static uint64_t number_take(Words *w, uint64_t max)
{
        const char *word;
        size_t n = word_take(w, &word);
        uint64_t value = 0;

        w->failed = w->failed || n > 19;
        for (size_t i = 0; i < n && !w->failed; i++) {
                w->failed = word[i] < '0' || word[i] > '9';
                value = value * 10 + (uint64_t)(word[i] - '0');
        }
        w->failed = w->failed || value > max;
        return w->failed ? 0 : value;
}

static bool unknown_take(Words *w)
{
        if (w->end - w->at < 2 || w->at[0] != '-' || w->at[1] != ' ')
                return false;
        w->at += 2;
        return true;
}

static void text_take(Words *w, char buffer[static 16])
{
        const char *word;
        size_t n = word_take(w, &word);

        w->failed = w->failed || n > 15;
        if (w->failed)
                n = 0;
        memcpy(buffer, word, n);
        buffer[n] = '\0';
}

static void address_take(Words *w, Address *ret)
{
        const char *word, *reason;
        size_t n;

        if (unknown_take(w))
                return;
        n = word_take(w, &word);
        w->failed = w->failed || address_parse(word, n, ret, &reason) < 0;
}

static bool id_take(Words *w, uint32_t *ret)
{
        if (unknown_take(w))
                return false;
        *ret = (uint32_t)number_take(w, UINT32_MAX);
        return true;
}

/* ---- what is behind the unit ---- */

static bool field_is(const char *field, size_t n, const char *name)
{
        size_t length = strlen(name);

        return n > length && memcmp(field, name, length) == 0 && field[length] == '=';
}

static int text_read(const char *text, size_t n, char **ret)
{
        char *copy = strndup(text, n < EVENT_TEXT_SIZE ? n : EVENT_TEXT_SIZE - 1);

        if (!copy)
                return -ENOMEM;
        text_make_printable(copy);
        free(*ret);
        *ret = copy;
        return 0;
}

/* "command=…"; the last of two counts. */
static int field_read(const char *field, size_t n, Event *e)
{
        if (field_is(field, n, "pid")) {
                Words w = { field + 4, field + n, false };

                e->pid = (uint32_t)number_take(&w, UINT32_MAX);
                return w.failed || w.at != w.end ? -EINVAL : 0;
        }
        for (EventText t = 0; t < _EVENT_TEXT_MAX; t++) {
                size_t skip = strlen(event_text_to_string(t)) + 1;

                if (field_is(field, n, event_text_to_string(t)))
                        return text_read(field + skip, n - skip, &e->texts[t]);
        }
        return 0;
}

static int fields_read(const char *at, const char *end, Event *e)
{
        int r = 0;

        while (r >= 0 && at < end) {
                const char *tab = memchr(at, '\t', (size_t)(end - at));

                r = field_read(at, (size_t)((tab ? tab : end) - at), e);
                at = tab ? tab + 1 : end;
        }
        return r;
}

/* The unit and what is behind it. */
static int rest_read(const char *at, const char *end, Event *e)
{
        const char *tab = memchr(at, '\t', (size_t)(end - at));
        size_t n = (size_t)((tab ? tab : end) - at);

        if (n == 0)
                return -EINVAL;
        if (n != 1 || *at != '-') {
                e->unit = strndup(at, n);
                if (!e->unit)
                        return -ENOMEM;
                text_make_printable(e->unit);
        }
        return tab ? fields_read(tab + 1, end, e) : 0;
}

int record_parse(const char *line, size_t n, Event *ret)
{
        Words w = { line, line + n, false };
        int r;
        char direction[16], action[16];
        Event e = { 0 };

        e.id = number_take(&w, INT64_MAX);
        e.time_usec = number_take(&w, INT64_MAX);
        text_take(&w, direction);
        text_take(&w, action);
        address_take(&w, &e.source);
        e.source_port = (uint16_t)number_take(&w, UINT16_MAX);
        address_take(&w, &e.destination);
        e.destination_port = (uint16_t)number_take(&w, UINT16_MAX);
        e.rule = number_take(&w, INT64_MAX);
        e.has_uid = id_take(&w, &e.uid);
        e.has_gid = id_take(&w, &e.gid);
        e.count = number_take(&w, INT64_MAX);
        e.direction = direction_from_string(direction);
        if (!event_set_action(&e, action) || w.failed || w.at == w.end ||
                e.direction == _DIRECTION_INVALID || memchr(w.at, '\0', (size_t)(w.end - w.at)))
                return -EINVAL;
        r = rest_read(w.at, w.end, &e);
        if (r < 0) {
                event_deinit(&e);
                return r;
        }
        *ret = e;
        return 0;
}
