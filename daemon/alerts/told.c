/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/alerts/told.h"

#include "daemon/io/file.h"
#include "daemon/loop/clock.h"
#include "rules/base/buffer.h"
#include "rules/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

#define FILE_MAX ((TOLD_MAX + TOLD_WAITS_MAX) * (64 + COMMENT_MAX))
#define WAIT "quarantine"

/*
 * ---- the file: lines "KIND UID END LENGTH" and "quarantine UID END COMMENT", by the wall clock,
 * in microseconds ----
 */

static AlertKind kind_of(const char *word)
{
        for (AlertKind k = 0; k < _ALERT_MAX; k++)
                if (streq(word, alert_kind_to_string(k)))
                        return k;
        return _ALERT_INVALID;
}

/* False: the line is of another kind. */
static bool wait_read(Told *t, const char *line)
{
        ToldWait w = { 0 };
        int used = 0;

        if (sscanf(line, WAIT " %" SCNu32 " %" SCNu64 " %n", &w.uid, &w.end_usec, &used) != 2)
                return false;
        line += used;
        if (t->n_waits == TOLD_WAITS_MAX || w.end_usec > UINT64_MAX / 2 ||
                strlen(line) >= sizeof(w.comment))
                return true;
        memcpy(w.comment, line, strlen(line));
        if (comment_is_valid(w.comment))
                t->waits[t->n_waits++] = w;
        return true;
}

static void line_read(Told *t, const char *line)
{
        uint64_t now = clock_now_usec(CLOCK_REALTIME), end, length;
        char word[16];
        ToldItem item = { 0 };
        int used = 0;

        if (sscanf(line, "%15s %" SCNu32 " %" SCNu64 " %" SCNu64 " %n", word, &item.uid, &end,
                    &length, &used) != 4 ||
                line[used] != '\0' || t->n == TOLD_MAX)
                return;
        item.kind = kind_of(word);
        if (item.kind == _ALERT_INVALID || end <= now || length > DURATION_MAX_SEC * USEC_PER_SEC)
                return;
        item.length_usec = length;
        item.until_usec =
                clock_now_usec(CLOCK_BOOTTIME) + (end - now < length ? end - now : length);
        t->items[t->n++] = item;
}

static void file_parse(Told *t)
{
        _cleanup_free_ char *text = NULL;
        size_t n;

        if (file_read(t->path, O_NOFOLLOW, FILE_MAX, &text, &n) < 0)
                return;
        for (char *line, *rest = text; (line = strsep(&rest, "\n"));)
                if (!wait_read(t, line))
                        line_read(t, line);
}

static void file_print(const Told *t, Buffer *b)
{
        uint64_t now = clock_now_usec(CLOCK_BOOTTIME), wall = clock_now_usec(CLOCK_REALTIME);

        for (size_t i = 0; i < t->n; i++) {
                const ToldItem *item = &t->items[i];

                buffer_printf(b, "%s %" PRIu32 " %" PRIu64 " %" PRIu64 "\n",
                        alert_kind_to_string(item->kind), item->uid,
                        wall + (item->until_usec - now), item->length_usec);
        }
        for (size_t i = 0; i < t->n_waits; i++)
                buffer_printf(b, WAIT " %" PRIu32 " %" PRIu64 " %s\n", t->waits[i].uid,
                        t->waits[i].end_usec, t->waits[i].comment);
}

/* Whole or not at all. */
static int file_write(const Told *t)
{
        _cleanup_buffer_ Buffer b = { 0 };

        file_print(t, &b);
        return b.failed ? -ENOMEM
                        : file_replace(t->path, b.data ?: "", b.length, 0600, FILE_SYNC_NONE);
}

/* ---- what was reported ---- */

int told_init(Told *t, const char *folder)
{
        *t = (Told){ 0 };
        if (text_printf(&t->path, "%s/alerts", folder) < 0)
                return -ENOMEM;
        file_parse(t);
        return 0;
}

void told_deinit(Told *t)
{
        free(t->path);
        t->path = NULL;
        t->n = t->n_waits = 0;
}

static void drop_ended(Told *t)
{
        uint64_t now = clock_now_usec(CLOCK_BOOTTIME);
        size_t n = 0;

        for (size_t i = 0; i < t->n; i++)
                if (t->items[i].until_usec > now)
                        t->items[n++] = t->items[i];
        t->n = n;
}

bool told_has(Told *t, AlertKind kind, uint32_t uid)
{
        drop_ended(t);
        for (size_t i = 0; i < t->n; i++)
                if (t->items[i].kind == kind && t->items[i].uid == uid)
                        return true;
        return false;
}

static ToldItem *place_make(Told *t)
{
        ToldItem *first = &t->items[0];

        if (t->n < TOLD_MAX)
                return &t->items[t->n++];
        for (size_t i = 1; i < t->n; i++)
                if (t->items[i].until_usec < first->until_usec)
                        first = &t->items[i];
        return first;
}

int told_add(Told *t, AlertKind kind, uint32_t uid, uint64_t length_usec)
{
        drop_ended(t);
        *place_make(t) =
                (ToldItem){ kind, uid, clock_now_usec(CLOCK_BOOTTIME) + length_usec, length_usec };
        return file_write(t);
}

int told_wait(Told *t, uint32_t uid, uint64_t end_usec, const char *comment)
{
        ToldWait *w = &t->waits[t->n_waits];

        if (t->n_waits == TOLD_WAITS_MAX)
                return -ENOSPC;
        *w = (ToldWait){ .uid = uid, .end_usec = end_usec };
        (void)snprintf(w->comment, sizeof(w->comment), "%s", comment);
        t->n_waits++;
        return file_write(t);
}

int told_wait_end(Told *t, size_t i)
{
        t->waits[i] = t->waits[--t->n_waits];
        return file_write(t);
}
