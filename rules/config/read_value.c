/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the reading of single values and of lists of plain ones: numbers, words, names.
 * Does not depend on rules and documents.
 */

#include "rules/address/address.h"
#include "rules/address/prefixset.h"
#include "rules/base/buffer.h"
#include "rules/base/nearest.h"
#include "rules/base/strv.h"
#include "rules/base/text.h"
#include "rules/config/reader.h"
#include "rules/policy/direction.h"
#include "rules/policy/hostconf.h"
#include "rules/policy/limit.h"
#include "rules/policy/valid.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#define TEXT_LENGTH_MAX 1000 /* of one value; comments and names are shorter still */
#define PATH_LENGTH_MAX 4095

/* ---- numbers ---- */

int read_integer(Reader *r, const Node *n, int64_t min, int64_t max, int64_t *ret)
{
        int64_t value = node_integer(n);

        if (value < min || value > max)
                return reader_error(r, n,
                        "%" PRId64 " is out of range (%" PRId64 " to %" PRId64 ")", value, min,
                        max);
        if (node_is_long(n) && max <= INT32_MAX)
                return reader_error(r, n, "write %" PRId64 " without L", value);
        *ret = value;
        return 0;
}

int read_uint32(Reader *r, const Node *n, const Setting *s, void *place)
{
        int64_t value = 0;
        int k = read_integer(r, n, s->min, s->max, &value);

        if (k < 0)
                return k;
        *(uint32_t *)place = (uint32_t)value;
        return 0;
}

int read_uint64(Reader *r, const Node *n, const Setting *s, void *place)
{
        int64_t value = 0;
        int k = read_integer(r, n, s->min, s->max, &value);

        if (k < 0)
                return k;
        *(uint64_t *)place = (uint64_t)value;
        return 0;
}

int read_bool(_unused_ Reader *r, const Node *n, _unused_ const Setting *s, void *place)
{
        *(bool *)place = node_bool(n);
        return 0;
}

int read_tristate(_unused_ Reader *r, const Node *n, _unused_ const Setting *s, void *place)
{
        *(int *)place = node_bool(n);
        return 0;
}

/* ---- texts ---- */

/* The word that was meant by another one, or NULL. */
static const char *word_meant(const Words *words, const char *text)
{
        Nearest nearest = nearest_begin(text);

        for (int i = 0; i < words->n; i++)
                if (words->mistaken && words->mistaken[i] &&
                        is_one_of(text, strlen(text), words->mistaken[i]))
                        return words->name(i);
        for (int i = 0; i < words->n; i++)
                nearest_try(&nearest, words->name(i));
        return nearest.found;
}

int read_word(Reader *r, const Node *n, const Setting *s, void *place)
{
        _cleanup_buffer_ Buffer b = { 0 };
        _cleanup_free_ char *list = NULL;
        const char *meant;

        for (int i = 0; i < s->words->n; i++)
                if (streq(s->words->name(i), node_string(n)) ||
                        (s->words->also && streq_null(s->words->also[i], node_string(n)))) {
                        *(int *)place = i;
                        return 0;
                }
        words_print(s->words, &b);
        if (buffer_take(&b, &list) < 0)
                return -ENOMEM;
        meant = word_meant(s->words, node_string(n));
        return reader_error(r, n, "must be one of %s (not \"%.64s\")%s%s%s", list, node_string(n),
                meant ? "; did you mean \"" : "", meant ? meant : "", meant ? "\"?" : "");
}

static int set_string(void *place, const char *text)
{
        char *copy = strdup(text);

        if (!copy)
                return -ENOMEM;
        *(char **)place = copy;
        return 0;
}

int read_bytes(_unused_ Reader *r, const Node *n, _unused_ const Setting *s, void *place)
{
        return set_string(place, node_string(n));
}

int read_text(Reader *r, const Node *n, _unused_ const Setting *s, void *place)
{
        if (!text_is_printable(node_string(n)))
                return reader_error(r, n, "must be UTF-8 without control characters");
        if (strlen(node_string(n)) > TEXT_LENGTH_MAX)
                return reader_error(r, n, "%zu bytes; at most %d are allowed",
                        strlen(node_string(n)), TEXT_LENGTH_MAX);
        return set_string(place, node_string(n));
}

int read_name(Reader *r, const Node *n, _unused_ const Setting *s, void *place)
{
        if (!name_is_valid(node_string(n)))
                return reader_error(r, n,
                        "\"%.64s\" is not a valid name (letters, digits, '.', '_' and '-', at most "
                        "%d)",
                        node_string(n), NAME_MAX_LENGTH);
        return set_string(place, node_string(n));
}

int read_path(Reader *r, const Node *n, _unused_ const Setting *s, void *place)
{
        const char *path = node_string(n);

        if (path[0] != '/')
                return reader_error(r, n, "\"%.64s\" is not an absolute path", path);
        if (strlen(path) > PATH_LENGTH_MAX || !text_is_printable(path))
                return reader_error(r, n,
                        "must be at most %d bytes of UTF-8 without control characters",
                        PATH_LENGTH_MAX);
        return set_string(place, path);
}

/* ---- lists of texts ---- */

/* The text of a plain value: a number gives its digits. */
static int read_plain(Reader *r, const Node *n, char **ret)
{
        char *text;

        switch (node_kind(n)) {
        case NODE_STRING:
                return read_text(r, n, NULL, ret);
        case NODE_INTEGER:
                if (node_is_long(n) || node_integer(n) < 0)
                        return reader_error(r, n, "%" PRId64 " is out of range", node_integer(n));
                if (asprintf(&text, "%" PRId64, node_integer(n)) < 0)
                        return -ENOMEM;
                *ret = text;
                return 0;
        case NODE_GROUP:
        case NODE_LIST:
        case NODE_BOOL:
                break;
        }
        return reader_error(r, n, "must be a string in double quotes or a whole number");
}

typedef struct Texts {
        char **items;
        size_t n;
} Texts;

static int add_text(Reader *r, const Node *n, void *place)
{
        Texts *texts = place;
        int k = read_plain(r, n, &texts->items[texts->n]);

        texts->n += k >= 0;
        return k;
}

int read_texts(Reader *r, const Node *n, _unused_ const Setting *s, void *place)
{
        /* not strv_append(), which looks for the end each time */
        _cleanup_strv_ char **items = calloc(list_length(n) + 1, sizeof(char *));
        Texts texts = { .items = items };
        int k = items ? read_items(r, n, add_text, &texts) : -ENOMEM;

        if (k < 0)
                return k;
        /* the empty list is NULL */
        *(char ***)place = texts.n > 0 ? TAKE_PTR(items) : NULL;
        return 0;
}

/* A string that is there twice, or NULL. */
static int find_duplicate(char **l, const char **ret)
{
        size_t n = strv_length(l);
        _cleanup_free_ char **sorted = NULL;

        *ret = NULL;
        if (n < 2)
                return 0;
        sorted = calloc(n, sizeof(char *));
        if (!sorted)
                return -ENOMEM;
        memcpy(sorted, l, n * sizeof(char *));
        qsort(sorted, n, sizeof(char *), string_compare);
        for (size_t i = 1; i < n && !*ret; i++)
                if (streq(sorted[i - 1], sorted[i]))
                        *ret = sorted[i];
        return 0;
}

static int check_name(Reader *r, const Node *n, _unused_ void *place)
{
        _cleanup_free_ char *name = NULL;

        return node_kind(n) == NODE_STRING ? read_name(r, n, NULL, &name)
                                           : reader_error(r, n, "must be a name in double quotes");
}

int read_names(Reader *r, const Node *n, const Setting *s, void *place)
{
        _cleanup_strv_ char **names = NULL;
        const char *duplicate;
        int k;

        if ((k = read_items(r, n, check_name, NULL)) < 0 || (k = read_texts(r, n, s, &names)) < 0 ||
                (k = find_duplicate(names, &duplicate)) < 0)
                return k;
        if (duplicate)
                return reader_error(r, n, "\"%s\" is listed twice", duplicate);
        *(char ***)place = TAKE_PTR(names);
        return 0;
}

/* ---- others ---- */

int read_defaults(Reader *r, const Node *n, _unused_ const Setting *s, void *place)
{
        return read_group(r, n, &(ReadInto){ GROUP_DEFAULT, place }, 1);
}

int read_duration(Reader *r, const Node *n, _unused_ const Setting *s, void *place)
{
        if (duration_parse(node_string(n), place) < 0)
                return reader_error(r, n,
                        "\"%.64s\" is not a valid duration (as in \"90s\", \"10m\", \"2h\" or "
                        "\"7d\", at most 366 days)",
                        node_string(n));
        return 0;
}

int read_alerts(Reader *r, const Node *n, _unused_ const Setting *s, void *place)
{
        Alerts alerts = { 0 };
        bool any = false;
        int k = read_group(r, n, &(ReadInto){ GROUP_ALERTS, &alerts }, 1);

        if (k < 0)
                return k;
        for (AlertKind i = 0; i < _ALERT_MAX; i++)
                any |= alerts.limits[i].rate > 0;
        if (alerts.quarantine_sec > 0 && !any)
                return reader_error(
                        r, n, "quarantine needs a threshold: blocked, connections or destinations");
        *(Alerts *)place = alerts;
        return 0;
}

typedef struct Audit {
        const Setting *setting;
        bool of[_DIRECTION_MAX];
} Audit;

static int add_audit(Reader *r, const Node *n, void *place)
{
        Audit *a = place;
        int word = -1, k;

        if (node_kind(n) != NODE_STRING)
                return reader_error(r, n, "must be a direction in double quotes");
        k = read_word(r, n, a->setting, &word);
        for (int d = 0; k >= 0 && d < _DIRECTION_MAX; d++)
                a->of[d] |= word == d || word == _DIRECTION_MAX;
        return k;
}

int read_audit(Reader *r, const Node *n, const Setting *s, void *place)
{
        Audit audit = { .setting = s };
        int k = read_items(r, n, add_audit, &audit);

        if (k >= 0)
                memcpy(place, audit.of, sizeof(audit.of));
        return k;
}

int read_host_bits(Reader *r, const Node *n, const Prefix *taken)
{
        char buffer[ADDRESS_TEXT_MAX];

        if (r->n_host_bits++ >= READER_HOST_BITS_MAX)
                return 0;
        return reader_warning(r, n, "%.64s has host bits; using %s", node_string(n),
                prefix_format(taken, buffer));
}

typedef struct Entries {
        Prefix *items;
        size_t n;
} Entries;

static int add_entry(Reader *r, const Node *n, void *place)
{
        Entries *l = place;
        Prefix *taken = &l->items[l->n];
        const char *reason;
        bool host_bits;
        int k;

        if (node_kind(n) != NODE_STRING)
                return reader_error(r, n, "must be an address or prefix in double quotes");
        if (strchr("@$", *node_string(n)) && *node_string(n))
                return reader_error(
                        r, n, "\"%.64s\": a set holds addresses and prefixes only", node_string(n));
        k = prefix_parse(node_string(n), strlen(node_string(n)), taken, &host_bits, &reason);
        if (k == -EINVAL)
                return reader_error(r, n, "\"%.64s\": %s", node_string(n), reason);
        if (k < 0)
                return k;
        l->n++;
        return host_bits ? read_host_bits(r, n, taken) : 0;
}

int read_entries(Reader *r, const Node *n, _unused_ const Setting *s, void *place)
{
        _cleanup_free_ Prefix *prefixes = NULL;
        Entries l = { 0 };
        int k;

        if (list_length(n) > PREFIX_SET_MAX)
                return reader_error(r, n, "%zu entries; a set can hold at most %d", list_length(n),
                        PREFIX_SET_MAX);
        l.items = prefixes = calloc(list_length(n) + 1, sizeof(Prefix));
        k = prefixes ? read_items(r, n, add_entry, &l) : -ENOMEM;
        return k < 0 ? k : prefix_set_new(prefixes, l.n, place);
}
