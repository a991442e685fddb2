/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * An event: what happened to a connection, as a rule logs it. Holds numbers, not the names of
 * users.
 */

#include "rules/address/address.h"
#include "rules/policy/action.h"
#include "rules/policy/direction.h"

/* Texts about the process that dialled, besides its numbers. */
typedef enum EventText {
        EVENT_PROCESS, /* its name, as ps(1) shows it */
        EVENT_COMMAND, /* its command line */
        EVENT_DIRECTORY,
        EVENT_SCRIPT, /* that it runs for a web server */
        EVENT_REQUEST,
        EVENT_SITE,
        EVENT_JOB, /* of cron or at */
        EVENT_CONTAINER,
        EVENT_IMAGE, /* of the container */
        _EVENT_TEXT_MAX,
} EventText;

/* With the NUL; what is longer is cut. */
#define EVENT_TEXT_SIZE 256

typedef struct Event {
        uint64_t id;        /* grows from event to event, with gaps, also over restarts */
        uint64_t time_usec; /* of the first attempt, since the epoch */
        Direction direction;
        Action action; /* ACTION_LIMIT: passed, under the limit of the rule */
        bool audit;    /* the action was only reported: the connection passed */
        /* Of event_parse(): the rule counts it as well; only the number of them; it is counted, but
         * is not an event. */
        bool counted, numbered, quiet;
        /* Family 0: not known. The ports are those of the first attempt. */
        Address source, destination;
        uint16_t source_port, destination_port;
        uint64_t rule;         /* its id; 0: the default of the direction */
        bool has_uid, has_gid; /* of the local process that dialled */
        uint32_t uid, gid;
        char *unit;                   /* of that process; NULL: not known */
        uint32_t pid;                 /* of that process; 0: not known */
        char *texts[_EVENT_TEXT_MAX]; /* NULL: not known */
        uint64_t count;               /* of attempts; a client that gets no answer tries again */
} Event;

void event_deinit(Event *e);
int event_copy(const Event *e, Event *ret); /* 0 or -ENOMEM */

/* "process", …; NULL: not one of them. */
const char *event_text_to_string(EventText t);
EventText event_text_from_string(const char *s); /* or _EVENT_TEXT_MAX */

/* Was the connection refused? */
bool event_is_refusal(const Event *e);
/* Do all members but id, time, source port and count say the same? */
bool event_same(const Event *a, const Event *b);

/* "reject", or "audit-reject" if it was only reported, as the prefix of a log has it; false:
 * another word. */
bool event_set_action(Event *e, const char *word);

/* Reads the first bytes of a packet, from the IP header on, into addresses and ports; false: no TCP
 * packet of either family. */
bool event_read_packet(const uint8_t *packet, size_t n, Event *e);

/*
 * Reads the prefix of a log statement ("p25 out reject 7", "p25 in deny default counted",
 * "p25 out allow 7 numbered quiet") and the
 * first bytes of the packet, from the IP header on: direction, action, rule, addresses and ports.
 * 0, or -EBADMSG: no TCP packet of either family, or not a prefix of p25.
 */
int event_parse(const char *prefix, const uint8_t *packet, size_t n, Event *ret);
