/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * One packet on its way through the rules of one hook after another: the facts known of it, its
 * position, and the reasons for undetermined results.
 */

#include "daemon/foreign/facts.h"
#include "daemon/foreign/filters.h"

typedef struct Address Address;
typedef struct Packet Packet;

/* The possible fates of a packet after a rule or a chain; several are possible. */
typedef enum Fate {
        OUT_NEXT = 1,   /* it goes on to the next rule */
        OUT_BACK = 2,   /* it returns to the chain that called this one, or to the policy */
        OUT_ACCEPT = 4, /* it leaves this base chain */
        OUT_DROP = 8,
        OUT_REJECT = 16,
} Fate;

/* Nothing is known about it. */
#define OUT_ANY (OUT_ACCEPT | OUT_DROP)

#define REGISTER_BYTES 64

typedef struct Registers {
        uint8_t value[REGISTER_BYTES], known[REGISTER_BYTES];
        const char *names[REGISTER_BYTES / 4]; /* their content, in words */
} Registers;

/* One of the verdicts that a rule may give. */
typedef struct Candidate {
        int32_t code; /* NF_… or NFT_… */
        const char *chain;
} Candidate;

/* The reasons why a rule may match or not. */
typedef struct Doubts {
        bool limit, other;
        char **sentences;
} Doubts;

/* The present route of a packet to an address. */
typedef struct HostWay {
        bool local;
        char interface[IFNAMSIZ]; /* by which it leaves; "": not known */
        uint32_t index;
} HostWay;

/* Questions to the host that the rules cannot answer; NULL: unknown. */
typedef struct HostView {
        bool (*way)(void *data, const Address *to, HostWay *ret); /* false: not known */
        void *data;
} HostView;

typedef struct Walk {
        const Filters *filters;
        const HostView *host;
        const Packet *packet; /* as it was asked for; borrowed */
        Facts original;       /* before any address was translated */
        Facts facts;
        /* Does every packet that is still on its way come here? Else what happens here may not have
         * happened to all of them. */
        bool certain;
        bool mark_assumed; /* nothing has set the mark: it is taken to be 0 */
        bool mark_asked, route_asked;
        bool in_assumed, in_asked; /* the interface is the one that routes back to the source */
        bool tracked;              /* something on this host needs conntrack */
        const char *exempt_table;  /* it may exempt the packet from conntrack; NULL: none may */
        uint8_t exempt_family;
        bool looped;      /* it came back over lo, which it had left by */
        bool redirected;  /* the destination is another than before */
        Truth translated; /* has a chain of type nat set an address in this hook? */
        Truth local;      /* is the destination an address of this host? */
        unsigned steps;
        /* where it is */
        uint32_t hook;
        const char *table, *chain;
        uint8_t family;
        uint64_t handle; /* of the rule; 0: none, or a position in a legacy table */
        int32_t priority;
        Registers registers;
        /* of the rule that is being looked at */
        Candidate *candidates;
        size_t n_candidates;
        const char *why; /* the cause of uncertainty; borrowed */
        char why_text[128];
        bool why_limit;
        /* of the base chain */
        Doubts doubts;
        uint64_t stopped_at; /* the handle of the first rule that may stop it */
        bool stopped_by_policy;
        bool failed; /* no memory */
} Walk;

#define WALK_DEPTH_MAX 20
#define WALK_STEPS_MAX 2000000

/* It is not known whether the rule matches, because of this; limit: because it counts. */
Truth walk_doubt(Walk *w, const char *why, bool limit);
/* Writes into the state: for sure, or as one of two possibilities. */
void walk_know(Walk *w, Part p, const void *value);
void walk_forget(Walk *w, Part p);
/* The same with bits that are only partly known. */
void walk_set(Walk *w, Part p, const uint8_t *value, const uint8_t *known);
/* Notes for the base chain that the rule could not be decided. */
void walk_note(Walk *w);
int walk_add_candidate(Walk *w, int32_t code, const char *chain);
/* The new destination of a translated packet: address NULL: not known, unless it is the same as
 * before; port NULL: the same. */
void walk_redirect(Walk *w, const uint8_t *address, bool same_address, const uint8_t *port);

bool walk_is_ipv4(const Walk *w);
static inline Part part_of(Part p, size_t offset, size_t n)
{
        return (Part){ p.offset + offset, n };
}
/* Source and destination in the header. */
Part walk_address(const Walk *w, bool destination);
#define PORT_FROM part_of(PART(transport), 0, 2)
#define PORT_TO part_of(PART(transport), 2, 2)
