/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/events/record.h"

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
        buffer_printf(b, " %" PRIu64 " %s\n", e->count, e->unit ? e->unit : "-");
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

int record_parse(const char *line, size_t n, Event *ret)
{
        Words w = { line, line + n, false };
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
        if (w.end - w.at != 1 || *w.at != '-') {
                e.unit = strndup(w.at, (size_t)(w.end - w.at));
                if (!e.unit)
                        return -ENOMEM;
                text_make_printable(e.unit);
        }
        *ret = e;
        return 0;
}
