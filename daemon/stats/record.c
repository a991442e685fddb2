/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A line is a word, numbers, and for some kinds a text up to its end. Lines of points belong to the
 * rule or sender above them, those of destinations to the sender. Numbers are checked against the
 * bounds of what they fill, so that no file can make p25d larger than counting could.
 */

#include "daemon/stats/internal.h"

#include "rules/base/array.h"
#include "rules/base/buffer.h"
#include "rules/base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#define VERSION 2
#define NUMBERS_MAX 8
#define SENDERS_MAX_USERS 2048
#define SENDERS_MAX_NAMED 512

void counted_init(Counted *c)
{
        *c = (Counted){ 0 };
        for (SenderKind k = 0; k < _SENDER_KIND_MAX; k++)
                c->senders[k].max = k == SENDER_USER ? SENDERS_MAX_USERS : SENDERS_MAX_NAMED;
}

void counted_deinit(Counted *c)
{
        for (SenderKind k = 0; k < _SENDER_KIND_MAX; k++)
                senders_deinit(&c->senders[k]);
        verdicts_deinit(&c->verdicts);
        hits_deinit(&c->hits);
}

/* ---- writing ---- */

static const char *const past_words[_PAST_KIND_MAX] = {
        [PAST_SECONDS] = NULL, /* p25d is not started within one */
        [PAST_MINUTES] = "m",
        [PAST_FIVES] = "f",
        [PAST_HOURS] = "h",
};

static void past_print(Buffer *b, const SeriesPast *past)
{
        for (PastKind k = 0; k < _PAST_KIND_MAX; k++)
                for (size_t i = 0; past_words[k] && i < past->of[k].n; i++) {
                        const SeriesPoint *point = &past->of[k].items[i];

                        buffer_printf(b, "%s %" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRIu32 "\n",
                                past_words[k], point->begin, point->blocked, point->allowed,
                                point->destinations);
                }
}

static void sender_print(Buffer *b, SenderKind kind, Sender *s, bool others, uint32_t now)
{
        sender_prune(s, now);
        buffer_add_string(b, others ? "others" : sender_kind_to_string(kind));
        if (kind == SENDER_USER && !others)
                buffer_printf(b, " %" PRIu32, s->uid);
        buffer_printf(b, " %" PRIu64 " %" PRIu64 " %" PRIu32, s->blocked, s->allowed, s->last);
        if (others)
                buffer_printf(b, " %s", sender_kind_to_string(kind));
        else if (kind != SENDER_USER)
                buffer_printf(b, " %s", s->name);
        buffer_add_char(b, '\n');
        if (s->called)
                buffer_printf(b, "called %s\n", s->called);
        if (s->image)
                buffer_printf(b, "image %s\n", s->image);
        past_print(b, &s->past);
        if (s->destinations.level > 0)
                buffer_printf(b, "level %" PRIu32 "\n", s->destinations.level);
        for (uint32_t i = 0; i < s->destinations.n; i++) {
                const DistinctItem *item = &s->destinations.items[i];

                buffer_printf(b, "d %" PRIu32 " %" PRIu32 " %" PRIu32 "\n", item->hash, item->seen,
                        item->level);
        }
}

static void verdicts_print(Buffer *b, const Verdicts *t)
{
        for (size_t i = 0; i < t->n; i++) {
                const VerdictCount *row = &t->items[i];

                buffer_printf(b, "total %" PRIu64 " %d %" PRIu32 " %s %s %s\n", row->n,
                        row->has_uid, row->uid, direction_to_string(row->direction),
                        action_to_string(row->verdict), row->unit ? row->unit : "");
        }
        for (Direction d = 0; d < _DIRECTION_MAX; d++)
                for (Action a = 0; a < _ACTION_MAX; a++)
                        if (t->others[d][a] > 0)
                                buffer_printf(b, "rest %" PRIu64 " %s %s\n", t->others[d][a],
                                        direction_to_string(d), action_to_string(a));
}

static void hits_print(Buffer *b, const Hits *h, uint32_t now)
{
        for (size_t i = 0; i < h->n; i++) {
                const Hit *row = &h->items[i];

                buffer_printf(b,
                        "rule %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64
                        " %" PRIu64 " %" PRIu32 "\n",
                        row->rule, row->packets, row->bytes, row->seen_packets, row->seen_bytes,
                        row->passed, row->refused, row->last);
                if (!row->past)
                        continue;
                series_past_prune(row->past, now);
                past_print(b, row->past);
        }
}

void counted_seal(Buffer *b)
{
        uint64_t sum = hash_finish(hash_bytes(HASH_BEGIN, b->data, b->length));

        buffer_printf(b, "end %" PRIu64 "\n", sum);
}

void counted_print(Buffer *b, Counted *c, uint32_t now, uint64_t wall_usec)
{
        buffer_printf(b, "p25-stats %d %" PRIu32 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %s\n",
                VERSION, now, wall_usec, c->since_usec, c->key, c->boot_id);
        verdicts_print(b, &c->verdicts);
        hits_print(b, &c->hits, now);
        for (SenderKind k = 0; k < _SENDER_KIND_MAX; k++) {
                SenderTable *senders = &c->senders[k];

                for (size_t i = 0; i < senders->n; i++)
                        sender_print(b, k, senders->items[i], false, now);
                sender_print(b, k, &senders->others, true, now);
        }
        counted_seal(b);
}

/* ---- reading ---- */

typedef struct RecordReader {
        Counted *c;
        /* to which points belong: at most one, NULL before the first */
        Hit *rule;
        Sender *sender;
        uint32_t now;
        uint64_t wall_usec;
        bool has_head;
} RecordReader;

typedef struct LineKind {
        const char *word;
        unsigned numbers;
        bool text;
        /* 0, -EBADMSG, -ENOMEM */
        int (*take)(RecordReader *r, const uint64_t *n, const char *text);
} LineKind;

static bool is_past(const RecordReader *r, uint64_t when)
{
        return when <= r->now;
}

static int head_take(RecordReader *r, const uint64_t *n, const char *text)
{
        if (r->has_head || n[0] != VERSION || n[1] > UINT32_MAX ||
                strlen(text) > STATS_BOOT_ID_MAX || !text_is_printable(text))
                return -EBADMSG;
        r->has_head = true;
        r->now = (uint32_t)n[1];
        r->wall_usec = n[2];
        r->c->since_usec = n[3];
        r->c->key = n[4];
        memcpy(r->c->boot_id, text, strlen(text) + 1);
        return 0;
}

/* "out reject", and where a unit follows it begins at *ret_unit. */
static bool kind_read(
        const char *text, Direction *ret_direction, Action *ret_verdict, const char **ret_unit)
{
        char direction[16], verdict[16];
        int end = 0;

        if (sscanf(text, "%15s %15s%n", direction, verdict, &end) != 2)
                return false;
        *ret_direction = direction_from_string(direction);
        *ret_verdict = action_from_string(verdict);
        *ret_unit = text[end] == ' ' ? text + end + 1 : text + end;
        return *ret_direction != _DIRECTION_INVALID && *ret_verdict != _ACTION_INVALID;
}

static int total_take(RecordReader *r, const uint64_t *n, const char *text)
{
        VerdictCount row = { .n = n[0], .has_uid = n[1] == 1, .uid = (uint32_t)n[2] };
        const char *unit;

        if (n[1] > 1 || n[2] > UINT32_MAX ||
                !kind_read(text, &row.direction, &row.verdict, &unit) ||
                strlen(unit) > SENDER_NAME_MAX || !text_is_printable(unit))
                return -EBADMSG;
        row.unit = *unit ? (char *)unit : NULL; /* copied there */
        verdicts_add(&r->c->verdicts, &row);
        return 0;
}

static int rest_take(RecordReader *r, const uint64_t *n, const char *text)
{
        Direction direction;
        Action verdict;
        const char *unit;

        if (!kind_read(text, &direction, &verdict, &unit) || *unit)
                return -EBADMSG;
        r->c->verdicts.others[direction][verdict] += n[0];
        return 0;
}

static int rule_take(RecordReader *r, const uint64_t *n, _unused_ const char *text)
{
        Hit *row;

        if (n[0] == 0 || !is_past(r, n[7]) || hits_find(&r->c->hits, n[0]))
                return -EBADMSG;
        row = hits_get(&r->c->hits, n[0]);
        if (!row)
                return r->c->hits.n >= HITS_MAX ? -EBADMSG : -ENOMEM;
        row->packets = n[1];
        row->bytes = n[2];
        row->seen_packets = n[3];
        row->seen_bytes = n[4];
        row->passed = n[5];
        row->refused = n[6];
        row->last = (uint32_t)n[7];
        r->rule = row;
        r->sender = NULL;
        return 0;
}

/* n: blocked, allowed, last */
static int sender_fill(RecordReader *r, Sender *sender, const uint64_t *n)
{
        if (!is_past(r, n[2]))
                return -EBADMSG;
        sender->blocked = n[0];
        sender->allowed = n[1];
        sender->last = (uint32_t)n[2];
        r->sender = sender;
        r->rule = NULL;
        return 0;
}

static int sender_take(
        RecordReader *r, SenderKind kind, uint32_t uid, const char *name, const uint64_t *n)
{
        SenderTable *senders = &r->c->senders[kind];
        Sender *sender;

        if (senders->n >= senders->max || senders_find(senders, uid, name))
                return -EBADMSG;
        sender = senders_get(senders, uid, name, r->now);
        return sender ? sender_fill(r, sender, n) : -ENOMEM;
}

static int user_take(RecordReader *r, const uint64_t *n, _unused_ const char *text)
{
        return n[0] > UINT32_MAX ? -EBADMSG
                                 : sender_take(r, SENDER_USER, (uint32_t)n[0], NULL, n + 1);
}

static bool is_name(const char *text)
{
        size_t length = strlen(text);

        return length > 0 && length <= SENDER_NAME_MAX && text_is_printable(text);
}

static int named_take(RecordReader *r, SenderKind kind, const uint64_t *n, const char *text)
{
        return is_name(text) ? sender_take(r, kind, 0, text, n) : -EBADMSG;
}

static int unit_take(RecordReader *r, const uint64_t *n, const char *text)
{
        return named_take(r, SENDER_UNIT, n, text);
}

static int container_take(RecordReader *r, const uint64_t *n, const char *text)
{
        return named_take(r, SENDER_CONTAINER, n, text);
}

/* Labels belong to a container, which has a name. */
static int called_take(RecordReader *r, _unused_ const uint64_t *n, const char *text)
{
        return r->sender && r->sender->name && is_name(text)
                       ? sender_set_labels(r->sender, text, NULL)
                       : -EBADMSG;
}

static int image_take(RecordReader *r, _unused_ const uint64_t *n, const char *text)
{
        return r->sender && r->sender->name && is_name(text)
                       ? sender_set_labels(r->sender, NULL, text)
                       : -EBADMSG;
}

static int others_take(RecordReader *r, const uint64_t *n, const char *text)
{
        for (SenderKind k = 0; k < _SENDER_KIND_MAX; k++) {
                Sender *others = &r->c->senders[k].others;

                if (streq(text, sender_kind_to_string(k)))
                        return others->past.of[PAST_HOURS].n > 0 || others->destinations.n > 0
                                       ? -EBADMSG
                                       : sender_fill(r, others, n);
        }
        return -EBADMSG;
}

/* 0, -EBADMSG, -ENOMEM */
static int past_find(RecordReader *r, SeriesPast **ret)
{
        Hits *hits = &r->c->hits;
        SeriesPast *past = r->sender ? &r->sender->past : r->rule ? hits_past(hits, r->rule) : NULL;

        if (!past)
                return r->rule && hits->n_pasts < HITS_PASTS_MAX ? -ENOMEM : -EBADMSG;
        *ret = past;
        return 0;
}

static int point_take(RecordReader *r, PastKind kind, const uint64_t *n)
{
        SeriesPast *past;
        Series *s;
        int e = past_find(r, &past);

        if (e < 0)
                return e;
        s = &past->of[kind];
        if (!is_past(r, n[0]) || n[1] > UINT32_MAX || n[2] > UINT32_MAX || n[3] > UINT32_MAX ||
                (s->n > 0 && s->items[s->n - 1].begin >= n[0]) || s->n > past_kinds[kind].spans)
                return -EBADMSG;
        if (array_grow(&s->items, s->n, sizeof(*s->items)) < 0)
                return -ENOMEM;
        s->items[s->n++] =
                (SeriesPoint){ (uint32_t)n[0], (uint32_t)n[1], (uint32_t)n[2], (uint32_t)n[3] };
        return 0;
}

static int minute_take(RecordReader *r, const uint64_t *n, _unused_ const char *text)
{
        return point_take(r, PAST_MINUTES, n);
}

static int five_take(RecordReader *r, const uint64_t *n, _unused_ const char *text)
{
        return point_take(r, PAST_FIVES, n);
}

static int hour_take(RecordReader *r, const uint64_t *n, _unused_ const char *text)
{
        return point_take(r, PAST_HOURS, n);
}

static int level_take(RecordReader *r, const uint64_t *n, _unused_ const char *text)
{
        if (!r->sender || n[0] > DISTINCT_LEVEL_MAX)
                return -EBADMSG;
        r->sender->destinations.level = (uint32_t)n[0];
        return 0;
}

static int destination_take(RecordReader *r, const uint64_t *n, _unused_ const char *text)
{
        Distinct *d = r->sender ? &r->sender->destinations : NULL;

        if (!d || n[0] > UINT32_MAX || !is_past(r, n[1]) || n[2] > DISTINCT_LEVEL_MAX ||
                d->n >= DISTINCT_MAX)
                return -EBADMSG;
        if (array_grow(&d->items, d->n, sizeof(*d->items)) < 0)
                return -ENOMEM;
        d->items[d->n++] = (DistinctItem){ (uint32_t)n[0], (uint32_t)n[1], (uint32_t)n[2] };
        return 0;
}

static const LineKind line_kinds[] = {
        { "p25-stats", 5, true, head_take },
        { "total", 3, true, total_take },
        { "rest", 1, true, rest_take },
        { "rule", 8, false, rule_take },
        { "user", 4, false, user_take },
        { "unit", 3, true, unit_take },
        { "container", 3, true, container_take },
        { "called", 0, true, called_take },
        { "image", 0, true, image_take },
        { "others", 3, true, others_take },
        { "m", 4, false, minute_take },
        { "f", 4, false, five_take },
        { "h", 4, false, hour_take },
        { "level", 1, false, level_take },
        { "d", 3, false, destination_take },
};

/* The number behind the space at *at. */
static bool number_read(const char **at, uint64_t *ret)
{
        char *end;

        if ((*at)[0] != ' ' || (*at)[1] < '0' || (*at)[1] > '9')
                return false;
        errno = 0;
        *ret = strtoull(*at + 1, &end, 10);
        *at = end;
        return errno == 0;
}

static int line_take(RecordReader *r, const char *line)
{
        size_t length = strcspn(line, " ");

        for (size_t k = 0; k < ELEMENTS(line_kinds); k++) {
                const LineKind *kind = &line_kinds[k];
                const char *at = line + length;
                uint64_t numbers[NUMBERS_MAX];

                if (strlen(kind->word) != length || strncmp(kind->word, line, length) != 0)
                        continue;
                for (unsigned i = 0; i < kind->numbers; i++)
                        if (!number_read(&at, &numbers[i]))
                                return -EBADMSG;
                if (*at != (kind->text ? ' ' : '\0') || r->has_head != (k > 0))
                        return -EBADMSG;
                return kind->take(r, numbers, kind->text ? at + 1 : "");
        }
        return -EBADMSG;
}

/* The offset of the last line, if its checksum is that of the text before it; 0: it is not. */
static size_t seal_check(const char *text, size_t n)
{
        char line[32];
        size_t begin = n > 0 ? n - 1 : 0;

        if (n == 0 || text[n - 1] != '\n' || memchr(text, '\0', n))
                return 0;
        while (begin > 0 && text[begin - 1] != '\n')
                begin--;
        snprintf(line, sizeof(line), "end %" PRIu64 "\n",
                hash_finish(hash_bytes(HASH_BEGIN, text, begin)));
        return strlen(line) == n - begin && memcmp(line, text + begin, n - begin) == 0 ? begin : 0;
}

int counted_parse(
        const char *text, size_t n, Counted *c, uint32_t *ret_now, uint64_t *ret_wall_usec)
{
        size_t end = seal_check(text, n);
        _cleanup_free_ char *lines = NULL;
        RecordReader r = { .c = c };
        int result = 0;

        if (end == 0)
                return -EBADMSG;
        lines = strndup(text, end);
        if (!lines)
                return -ENOMEM;
        for (char *line = lines, *newline; *line && result >= 0; line = newline + 1) {
                newline = strchr(line, '\n');
                *newline = '\0'; /* the text before the last line ends with one */
                result = line_take(&r, line);
        }
        if (result < 0)
                return result;
        *ret_now = r.now;
        *ret_wall_usec = r.wall_usec;
        return r.has_head ? 0 : -EBADMSG;
}
