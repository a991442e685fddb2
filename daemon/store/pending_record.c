/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/store/pending_record.h"

#include "rules/base/buffer.h"
#include "rules/base/strv.h"
#include "rules/base/text.h"
#include "rules/policy/limit.h"
#include "rules/policy/valid.h"

#include <errno.h>
#include <inttypes.h>

/* The wall clock is read a moment before or after the other one. */
#define CLOCK_SLACK_USEC USEC_PER_SEC

static const char head[] = "# What is taken back unless it is confirmed: p25ctl confirm\n";
static const char middle[] = "otherwise";

void pending_record_deinit(PendingRecord *r)
{
        free(r->boot);
        free(r->connection);
        free(r->files);
        strv_free(r->changed_sets);
        strv_free(r->kept_sets);
        *r = (PendingRecord){ 0 };
}

int pending_record_copy(const PendingRecord *r, PendingRecord *ret)
{
        _cleanup_pending_ PendingRecord copy = *r;

        copy.boot = copy.connection = copy.files = NULL;
        copy.changed_sets = copy.kept_sets = NULL;
        if (strdup_null(r->boot, &copy.boot) < 0 ||
                strdup_null(r->connection, &copy.connection) < 0 ||
                strdup_null(r->files, &copy.files) < 0 ||
                strv_copy(r->changed_sets, &copy.changed_sets) < 0 ||
                strv_copy(r->kept_sets, &copy.kept_sets) < 0)
                return -ENOMEM;
        *ret = TAKE_STRUCT(copy);
        return 0;
}

bool pending_record_equal(const PendingRecord *a, const PendingRecord *b)
{
        return a->revision == b->revision && a->base == b->base && a->seconds == b->seconds &&
               a->deadline_usec == b->deadline_usec && a->boottime_usec == b->boottime_usec &&
               streq_null(a->boot, b->boot) && streq_null(a->connection, b->connection) &&
               streq_null(a->files, b->files) && strv_equal(a->changed_sets, b->changed_sets) &&
               strv_equal(a->kept_sets, b->kept_sets) && a->keeps_lockdown == b->keeps_lockdown;
}

void pending_file_deinit(PendingFile *f)
{
        pending_record_deinit(&f->then);
        pending_record_deinit(&f->otherwise);
        f->from = 0;
}

/* ---- text: a line a fact, "WORD VALUE" ---- */

enum { FACT_NUMBER, FACT_TEXT, FACT_NAMES, FACT_FLAG };

static const struct {
        const char *word;
        int type;
        size_t place;
} facts[] = {
        { "revision", FACT_NUMBER, offsetof(PendingRecord, revision) },
        { "base", FACT_NUMBER, offsetof(PendingRecord, base) },
        { "deadline", FACT_NUMBER, offsetof(PendingRecord, deadline_usec) },
        { "boot", FACT_TEXT, offsetof(PendingRecord, boot) },
        { "boottime", FACT_NUMBER, offsetof(PendingRecord, boottime_usec) },
        { "connection", FACT_TEXT, offsetof(PendingRecord, connection) },
        { "files", FACT_TEXT, offsetof(PendingRecord, files) },
        { "changed-set", FACT_NAMES, offsetof(PendingRecord, changed_sets) },
        { "kept-set", FACT_NAMES, offsetof(PendingRecord, kept_sets) },
        { "kept-lockdown", FACT_FLAG, offsetof(PendingRecord, keeps_lockdown) },
};

static void fact_print(const PendingRecord *r, size_t i, Buffer *b)
{
        const void *place = (const char *)r + facts[i].place;
        const char *text;

        switch (facts[i].type) {
        case FACT_NUMBER:
                buffer_printf(b, "%s %" PRIu64 "\n", facts[i].word, *(const uint64_t *)place);
                break;
        case FACT_TEXT:
                text = *(char *const *)place;
                if (text)
                        buffer_printf(b, "%s %s\n", facts[i].word, text);
                break;
        case FACT_NAMES:
                for (char *const *name = *(char *const *const *)place; name && *name; name++)
                        buffer_printf(b, "%s %s\n", facts[i].word, *name);
                break;
        case FACT_FLAG:
                if (*(const bool *)place)
                        buffer_printf(b, "%s yes\n", facts[i].word);
                break;
        }
}

static void record_print(const PendingRecord *r, Buffer *b)
{
        if (r->revision == 0)
                return;
        buffer_printf(b, "seconds %" PRIu32 "\n", r->seconds);
        for (size_t i = 0; i < ELEMENTS(facts); i++)
                fact_print(r, i, b);
}

int pending_file_print(const PendingFile *f, char **ret)
{
        _cleanup_buffer_ Buffer b = { 0 };

        buffer_add_string(&b, "");
        if (f->then.revision > 0 || f->otherwise.revision > 0) {
                buffer_printf(&b, "%sfrom %" PRIu64 "\n", head, f->from);
                record_print(&f->then, &b);
                if (f->otherwise.revision > 0)
                        buffer_printf(&b, "%s\n", middle);
                record_print(&f->otherwise, &b);
        }
        return buffer_take(&b, ret);
}

static int fact_parse(PendingRecord *r, size_t i, const char *value)
{
        void *place = (char *)r + facts[i].place;
        char **text;

        switch (facts[i].type) {
        case FACT_NUMBER:
                return digits_parse(value, strlen(value), INT64_MAX, place) < 0 ? -EINVAL : 0;
        case FACT_TEXT:
                text = place;
                if (*text || !*value || strchr(value, ' ') || !text_is_printable(value))
                        return -EINVAL;
                *text = strdup(value);
                return *text ? 0 : -ENOMEM;
        case FACT_NAMES:
                return name_is_valid(value) ? strv_append(place, value) : -EINVAL;
        case FACT_FLAG:
                *(bool *)place = true;
                return streq(value, "yes") ? 0 : -EINVAL;
        }
        return -EINVAL;
}

static int line_parse(PendingRecord *r, char *line)
{
        char *value = strchr(line, ' ');
        uint64_t seconds;

        if (!value)
                return -EINVAL;
        *value++ = '\0';
        if (streq(line, "seconds")) {
                if (digits_parse(value, strlen(value), DURATION_MAX_SEC, &seconds) < 0 ||
                        seconds < 1)
                        return -EINVAL;
                r->seconds = (uint32_t)seconds;
                return 0;
        }
        for (size_t i = 0; i < ELEMENTS(facts); i++)
                if (streq(facts[i].word, line))
                        return fact_parse(r, i, value);
        return -EINVAL;
}

/* Whole, or nothing at all. */
static bool is_complete(const PendingRecord *r)
{
        return r->revision > 0 ? r->base < r->revision && r->seconds > 0
                               : pending_record_equal(r, &(PendingRecord){ 0 });
}

static int lines_parse(char *text, PendingFile *f)
{
        PendingRecord *r = &f->then;
        char *line;

        while ((line = strsep(&text, "\n"))) {
                int q = 0;

                if (streq(line, middle) && r == &f->then)
                        r = &f->otherwise;
                else if (strncmp(line, "from ", strlen("from ")) == 0)
                        q = digits_parse(line + strlen("from "), strlen(line + strlen("from ")),
                                INT64_MAX, &f->from);
                else if (*line && *line != '#')
                        q = line_parse(r, line);
                if (q < 0)
                        return q == -ENOMEM ? q : -EINVAL;
        }
        return is_complete(&f->then) && is_complete(&f->otherwise) ? 0 : -EINVAL;
}

int pending_file_parse(const char *text, PendingFile *ret)
{
        _cleanup_(pending_file_deinit) PendingFile f = { 0 };
        _cleanup_free_ char *copy = strdup(text);
        int q;

        if (!copy)
                return -ENOMEM;
        q = lines_parse(copy, &f);
        if (q < 0)
                return q;
        *ret = TAKE_STRUCT(f);
        return 0;
}

/* ---- time ---- */

int pending_record_begin(PendingRecord *r, uint32_t seconds, const PendingClock *now)
{
        uint64_t usec = (uint64_t)seconds * 1000000;
        char *boot = now->boot[0] ? strdup(now->boot) : NULL;

        if (now->boot[0] && !boot)
                return -ENOMEM;
        free(r->boot);
        r->boot = boot;
        r->seconds = seconds;
        r->deadline_usec = now->realtime_usec + usec;
        r->boottime_usec = now->boottime_usec + usec;
        return 0;
}

static bool is_same_boot(const PendingRecord *r, const PendingClock *now)
{
        return now->boot[0] && r->boot && streq(now->boot, r->boot);
}

static uint64_t until(uint64_t deadline_usec, uint64_t now_usec)
{
        return deadline_usec > now_usec ? deadline_usec - now_usec : 0;
}

uint64_t pending_left_usec(const PendingRecord *r, const PendingClock *now)
{
        uint64_t given = (uint64_t)r->seconds * 1000000,
                 left = is_same_boot(r, now) ? until(r->boottime_usec, now->boottime_usec)
                                             : until(r->deadline_usec, now->realtime_usec);

        return left < given ? left : given;
}

int pending_record_anchor(PendingRecord *r, const PendingClock *now)
{
        uint64_t left = pending_left_usec(r, now), deadline = now->realtime_usec + left;
        bool changed = false;

        if (!is_same_boot(r, now) && now->boot[0]) {
                char *boot = strdup(now->boot);

                if (!boot)
                        return -ENOMEM;
                free(r->boot);
                r->boot = boot;
                r->boottime_usec = now->boottime_usec + left;
                changed = true;
        }
        /* one that has passed stays what it was */
        if (left > 0 && until(deadline, r->deadline_usec) + until(r->deadline_usec, deadline) >
                                CLOCK_SLACK_USEC) {
                r->deadline_usec = deadline;
                changed = true;
        }
        return changed;
}
