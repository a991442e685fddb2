/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/events/event.h"

#include "rules/address/family.h"
#include "rules/base/text.h"
#include "rules/policy/logprefix.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>

#define WORD_MAX 15

void event_deinit(Event *e)
{
        free(e->unit);
        for (EventText t = 0; t < _EVENT_TEXT_MAX; t++)
                free(e->texts[t]);
        *e = (Event){ 0 };
}

int event_copy(const Event *e, Event *ret)
{
        Event copy = *e;
        int r = strdup_null(e->unit, &copy.unit);

        for (EventText t = 0; t < _EVENT_TEXT_MAX; t++) {
                copy.texts[t] = NULL;
                if (r >= 0)
                        r = strdup_null(e->texts[t], &copy.texts[t]);
        }
        if (r < 0) {
                event_deinit(&copy);
                return r;
        }
        *ret = copy;
        return 0;
}

static const char *const text_names[_EVENT_TEXT_MAX] = {
        [EVENT_PROCESS] = "process",
        [EVENT_COMMAND] = "command",
        [EVENT_DIRECTORY] = "directory",
        [EVENT_SCRIPT] = "script",
        [EVENT_REQUEST] = "request",
        [EVENT_SITE] = "site",
        [EVENT_JOB] = "job",
        [EVENT_CONTAINER] = "container",
        [EVENT_IMAGE] = "image",
};

const char *event_text_to_string(EventText t)
{
        return t < _EVENT_TEXT_MAX ? text_names[t] : NULL;
}

EventText event_text_from_string(const char *s)
{
        EventText t = 0;

        while (t < _EVENT_TEXT_MAX && !streq(s, text_names[t]))
                t++;
        return t;
}

bool event_is_refusal(const Event *e)
{
        return !e->audit && (e->action == ACTION_DENY || e->action == ACTION_REJECT);
}

bool event_set_action(Event *e, const char *word)
{
        e->audit = strncmp(word, LOG_AUDIT, strlen(LOG_AUDIT)) == 0;
        e->action = action_from_string(e->audit ? word + strlen(LOG_AUDIT) : word);
        return e->action != _ACTION_INVALID;
}

bool event_same(const Event *a, const Event *b)
{
        if (a->pid != b->pid)
                return false;
        for (EventText t = 0; t < _EVENT_TEXT_MAX; t++)
                if (!streq_null(a->texts[t], b->texts[t]))
                        return false;
        return a->direction == b->direction && a->action == b->action && a->audit == b->audit &&
               a->rule == b->rule && a->destination_port == b->destination_port &&
               a->has_uid == b->has_uid && a->uid == b->uid && a->has_gid == b->has_gid &&
               a->gid == b->gid && address_compare(&a->source, &b->source) == 0 &&
               address_compare(&a->destination, &b->destination) == 0 &&
               streq_null(a->unit, b->unit);
}

/* ---- the prefix ---- */

/* The rule's id, or "default". */
static bool rule_read(const char *word, uint64_t *ret)
{
        char *end;

        if (streq(word, "default")) {
                *ret = 0;
                return true;
        }
        errno = 0;
        *ret = strtoull(word, &end, 10);
        return *word >= '1' && *word <= '9' && *end == '\0' && errno == 0;
}

static bool word_skip(const char **at, const char *word)
{
        size_t n = strlen(word);

        if (strncmp(*at, word, n) != 0)
                return false;
        *at += n;
        return true;
}

static bool prefix_read(const char *prefix, Event *e)
{
        char direction[WORD_MAX + 1], action[WORD_MAX + 1], rule[24];
        int end = 0;

        if (sscanf(prefix, "p25 %15s %15s %23s%n", direction, action, rule, &end) != 3)
                return false;
        prefix += end;
        e->counted = word_skip(&prefix, LOG_COUNTED);
        e->numbered = word_skip(&prefix, LOG_NUMBERED);
        e->quiet = word_skip(&prefix, LOG_QUIET);
        if (*prefix)
                return false;
        e->direction = direction_from_string(direction);
        return e->direction != _DIRECTION_INVALID && event_set_action(e, action) &&
               rule_read(rule, &e->rule);
}

/* ---- the packet ---- */

static uint16_t number16(const uint8_t *p)
{
        return (uint16_t)(p[0] << 8 | p[1]);
}

static Address address_of(Family family, const uint8_t *bytes)
{
        Address a = { .family = family };

        memcpy(a.bytes, bytes, family_bits(family) / 8);
        return a;
}

/* RFC 791: where TCP begins; 0: nowhere, or in another fragment. */
static size_t ipv4_read(const uint8_t *p, size_t n, Event *e)
{
        if (n < 20 || p[9] != IPPROTO_TCP || (number16(p + 6) & 0x1fff) != 0)
                return 0;
        e->source = address_of(FAMILY_IPV4, p + 12);
        e->destination = address_of(FAMILY_IPV4, p + 16);
        return (size_t)(p[0] & 15) * 4;
}

/* RFC 8200: the same behind extension headers. */
static size_t ipv6_read(const uint8_t *p, size_t n, Event *e)
{
        size_t at = 40;
        uint8_t next;

        if (n < at)
                return 0;
        e->source = address_of(FAMILY_IPV6, p + 8);
        e->destination = address_of(FAMILY_IPV6, p + 24);
        for (next = p[6]; next != IPPROTO_TCP; at += 8) {
                bool fragment = next == IPPROTO_FRAGMENT;

                if ((next != IPPROTO_HOPOPTS && next != IPPROTO_ROUTING &&
                            next != IPPROTO_DSTOPTS && !fragment) ||
                        n - at < 8 || (fragment && (number16(p + at + 2) & 0xfff8) != 0))
                        return 0;
                next = p[at];
                if (!fragment)
                        at += (size_t)p[at + 1] * 8;
                if (at > n - 8)
                        return 0;
        }
        return at;
}

bool event_read_packet(const uint8_t *p, size_t n, Event *e)
{
        size_t at = 0;

        if (n > 0 && p[0] >> 4 == 4)
                at = ipv4_read(p, n, e);
        else if (n > 0 && p[0] >> 4 == 6)
                at = ipv6_read(p, n, e);
        if (at < 20 || at > n || n - at < 4)
                return false;
        e->source_port = number16(p + at);
        e->destination_port = number16(p + at + 2);
        return true;
}

int event_parse(const char *prefix, const uint8_t *packet, size_t n, Event *ret)
{
        Event e = { .count = 1 };

        if (!prefix_read(prefix, &e) || !event_read_packet(packet, n, &e))
                return -EBADMSG;
        *ret = e;
        return 0;
}
