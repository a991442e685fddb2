/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Questions to the name service, and its answers. A service that hangs must not keep anybody
 * waiting: callers get the answer so far, and unanswered questions are noted for a process that can
 * wait. Only service_query() asks.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SERVICE_NAME_MAX 256

typedef enum ServiceKind {
        SERVICE_USER,    /* name → uid and primary group */
        SERVICE_GROUP,   /* name → gid */
        SERVICE_USER_ID, /* uid → name and primary group */
} ServiceKind;

/* Travels between processes as it is. */
typedef struct ServiceQuery {
        ServiceKind kind;
        uint32_t number;
        char name[SERVICE_NAME_MAX];
} ServiceQuery;

typedef struct ServiceAnswer {
        int error; /* 0, -ENOENT */
        uint32_t number, group;
        char name[SERVICE_NAME_MAX];
} ServiceAnswer;

/* Asks, and waits for as long as it takes. */
void service_query(const ServiceQuery *q, ServiceAnswer *ret);

typedef struct ServiceEntry ServiceEntry;

typedef struct ServiceCache {
        ServiceEntry *entries;
        size_t n;
        size_t next_guest; /* the place of the next one */
} ServiceCache;

void service_cache_deinit(ServiceCache *c);
/* The answer so far: 0, -ENOENT; -EAGAIN: none yet, and it is wanted from now on; -ENOMEM. A guest
 * is a name outside of the policy; few of them are remembered. */
int service_lookup(ServiceCache *c, const ServiceQuery *q, bool guest, ServiceAnswer *ret);
/* The answer so far, without asking; false: there is none. */
bool service_known(const ServiceCache *c, const ServiceQuery *q, ServiceAnswer *ret);
/* All answers are wanted again; old answers stay until then. */
void service_refresh(ServiceCache *c);
/* The next one that is wanted. */
bool service_next(const ServiceCache *c, ServiceQuery *ret);
/* The service could not answer: nothing is wanted until the next refresh or question. */
void service_give_up(ServiceCache *c);
/* Is it another answer than before? */
bool service_answer(ServiceCache *c, const ServiceQuery *q, const ServiceAnswer *a);
