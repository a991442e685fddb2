/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/stats/senders.h"

#include "rules/base/array.h"
#include "rules/base/hash.h"
#include "rules/base/text.h"

#include <errno.h>

const char *sender_kind_to_string(SenderKind kind)
{
        static const char *const names[_SENDER_KIND_MAX] = {
                [SENDER_USER] = "user",
                [SENDER_UNIT] = "unit",
                [SENDER_CONTAINER] = "container",
        };

        return names[kind];
}

static void sender_deinit(Sender *s)
{
        series_past_deinit(&s->past);
        distinct_deinit(&s->destinations);
        free(s->name);
        free(s->called);
        free(s->image);
        *s = (Sender){ 0 };
}

void senders_deinit(SenderTable *s)
{
        for (size_t i = 0; i < s->n; i++) {
                sender_deinit(s->items[i]);
                free(s->items[i]);
        }
        free(s->items);
        free(s->keys);
        sender_deinit(&s->others);
        *s = (SenderTable){ .max = s->max };
}

static uint32_t key_of(uint32_t uid, const char *name)
{
        return name ? (uint32_t)hash_finish(hash_string(HASH_BEGIN, name)) : uid;
}

Sender *senders_find(const SenderTable *s, uint32_t uid, const char *name)
{
        uint32_t key = key_of(uid, name);

        for (size_t i = 0; i < s->n; i++)
                if (s->keys[i] == key && streq_null(s->items[i]->name, name))
                        return s->items[i];
        return NULL;
}

static int sender_new(uint32_t uid, const char *name, Sender **ret)
{
        Sender *sender = calloc(1, sizeof(*sender));

        if (!sender)
                return -ENOMEM;
        sender->uid = uid;
        if (strdup_null(name, &sender->name) < 0) {
                free(sender);
                return -ENOMEM;
        }
        *ret = sender;
        return 0;
}

/* The index of the one that has been quiet longest; s->n: none for long enough. */
static size_t quiet_find(const SenderTable *s, uint32_t now)
{
        size_t quiet = 0;

        for (size_t i = 1; i < s->n; i++)
                if (s->items[i]->last < s->items[quiet]->last)
                        quiet = i;
        return s->n > 0 && (uint64_t)s->items[quiet]->last + SENDERS_QUIET_SECONDS <= now ? quiet
                                                                                          : s->n;
}

static void row_replace(SenderTable *s, size_t at, Sender *sender)
{
        Sender *old = s->items[at];

        s->others.blocked += old->blocked;
        s->others.allowed += old->allowed;
        sender_deinit(old);
        free(old);
        s->items[at] = sender;
        s->keys[at] = key_of(sender->uid, sender->name);
}

static int row_add(SenderTable *s, Sender *sender)
{
        if (array_grow(&s->items, s->n, sizeof(*s->items)) < 0 ||
                array_grow(&s->keys, s->n, sizeof(*s->keys)) < 0)
                return -ENOMEM;
        s->keys[s->n] = key_of(sender->uid, sender->name);
        s->items[s->n++] = sender;
        return 0;
}

Sender *senders_get(SenderTable *s, uint32_t uid, const char *name, uint32_t now)
{
        Sender *sender = senders_find(s, uid, name);
        size_t at = s->n;

        if (sender)
                return sender;
        if (s->n >= s->max && (at = quiet_find(s, now)) == s->n)
                return &s->others;
        if (sender_new(uid, name, &sender) < 0)
                return NULL;
        if (at < s->n)
                row_replace(s, at, sender);
        else if (row_add(s, sender) < 0) {
                sender_deinit(sender);
                free(sender);
                return NULL;
        }
        return sender;
}

static int label_set(char **label, const char *text)
{
        char *copy;

        if (!text || streq_null(*label, text))
                return 0;
        copy = strdup(text);
        if (!copy)
                return -ENOMEM;
        free(*label);
        *label = copy;
        return 0;
}

int sender_set_labels(Sender *s, const char *called, const char *image)
{
        int r = label_set(&s->called, called);

        return r < 0 ? r : label_set(&s->image, image);
}

int sender_count(Sender *s, const SenderCount *c)
{
        DistinctFound found = { 0 };
        int r = 0;

        s->blocked += c->blocked;
        s->allowed += c->allowed;
        if (c->when > s->last)
                s->last = c->when;
        if (c->has_destination)
                r = distinct_add(&s->destinations, c->destination, c->now, c->when, &found);
        for (PastKind k = 0; k < _PAST_KIND_MAX && r >= 0; k++) {
                bool is_new = found.before < c->when - c->when % past_kinds[k].span;

                r = series_add(&s->past.of[k], &past_kinds[k], c->now, c->when,
                        &(SeriesCount){ c->blocked, c->allowed, is_new ? found.weight : 0 });
        }
        return r;
}

void sender_prune(Sender *s, uint32_t now)
{
        series_past_prune(&s->past, now);
        distinct_prune(&s->destinations, now);
}
