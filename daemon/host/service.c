/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/host/service.h"

#include "rules/base/array.h"
#include "rules/base/util.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>

#define BUFFER_MAX (1u << 20)
#define GUESTS_MAX 64

struct ServiceEntry {
        ServiceQuery query;
        ServiceAnswer answer;
        bool answered, wanted, guest;
};

/* ---- asking ---- */

static void answer_name(ServiceAnswer *a, const char *name)
{
        if ((size_t)snprintf(a->name, sizeof(a->name), "%s", name) >= sizeof(a->name))
                a->error = -ENOENT; /* too long a name to be one of a policy's */
}

static int query_user(const ServiceQuery *q, char *buffer, size_t size, ServiceAnswer *a)
{
        struct passwd pw, *found = NULL;
        int r = q->kind == SERVICE_USER ? getpwnam_r(q->name, &pw, buffer, size, &found)
                                        : getpwuid_r(q->number, &pw, buffer, size, &found);

        if (!found)
                return r == ERANGE ? -ERANGE : -ENOENT;
        a->number = found->pw_uid;
        a->group = found->pw_gid;
        answer_name(a, found->pw_name);
        return 0;
}

static int query_group(const ServiceQuery *q, char *buffer, size_t size, ServiceAnswer *a)
{
        struct group gr, *found = NULL;
        int r = getgrnam_r(q->name, &gr, buffer, size, &found);

        if (!found)
                return r == ERANGE ? -ERANGE : -ENOENT;
        a->number = a->group = found->gr_gid;
        answer_name(a, found->gr_name);
        return 0;
}

void service_query(const ServiceQuery *q, ServiceAnswer *ret)
{
        int r = -ERANGE;

        *ret = (ServiceAnswer){ 0 };
        for (size_t size = 4096; r == -ERANGE && size <= BUFFER_MAX; size *= 4) {
                _cleanup_free_ char *buffer = malloc(size);

                r = !buffer                    ? -ENOMEM
                    : q->kind == SERVICE_GROUP ? query_group(q, buffer, size, ret)
                                               : query_user(q, buffer, size, ret);
        }
        if (r < 0)
                ret->error = -ENOENT;
}

/* ---- what is known ---- */

void service_cache_deinit(ServiceCache *c)
{
        free(c->entries);
        *c = (ServiceCache){ 0 };
}

static bool query_equal(const ServiceQuery *a, const ServiceQuery *b)
{
        return a->kind == b->kind && a->number == b->number && streq(a->name, b->name);
}

static ServiceEntry *find(const ServiceCache *c, const ServiceQuery *q)
{
        for (size_t i = 0; i < c->n; i++)
                if (query_equal(&c->entries[i].query, q))
                        return &c->entries[i];
        return NULL;
}

/* The place of a guest that has to go, or NULL. */
static ServiceEntry *guest_to_replace(ServiceCache *c)
{
        ServiceEntry *first = NULL;
        size_t n = 0;

        for (size_t i = 0; i < c->n; i++) {
                if (!c->entries[i].guest)
                        continue;
                if (n == c->next_guest % GUESTS_MAX)
                        first = &c->entries[i];
                n++;
        }
        if (n < GUESTS_MAX)
                return NULL;
        c->next_guest++;
        return first;
}

static ServiceEntry *add(ServiceCache *c, const ServiceQuery *q, bool guest)
{
        ServiceEntry *e = guest ? guest_to_replace(c) : NULL;

        if (!e) {
                if (array_grow(&c->entries, c->n, sizeof(*c->entries)) < 0)
                        return NULL;
                e = &c->entries[c->n++];
        }
        *e = (ServiceEntry){ .query = *q, .guest = guest };
        return e;
}

int service_lookup(ServiceCache *c, const ServiceQuery *q, bool guest, ServiceAnswer *ret)
{
        ServiceEntry *e = find(c, q);

        if (!e)
                e = add(c, q, guest);
        if (!e)
                return -ENOMEM;
        e->guest = e->guest && guest;
        if (!e->answered) {
                e->wanted = true;
                return -EAGAIN;
        }
        *ret = e->answer;
        return e->answer.error;
}

bool service_known(const ServiceCache *c, const ServiceQuery *q, ServiceAnswer *ret)
{
        const ServiceEntry *e = find(c, q);

        if (!e || !e->answered)
                return false;
        *ret = e->answer;
        return true;
}

void service_refresh(ServiceCache *c)
{
        for (size_t i = 0; i < c->n; i++)
                c->entries[i].wanted = !c->entries[i].guest || !c->entries[i].answered;
}

bool service_next(const ServiceCache *c, ServiceQuery *ret)
{
        const ServiceEntry *next = NULL;

        /* the policy's first */
        for (size_t i = 0; i < c->n; i++)
                if (c->entries[i].wanted && (!next || (next->guest && !c->entries[i].guest)))
                        next = &c->entries[i];
        if (next && ret)
                *ret = next->query;
        return next != NULL;
}

void service_give_up(ServiceCache *c)
{
        for (size_t i = 0; i < c->n; i++)
                c->entries[i].wanted = false;
}

bool service_answer(ServiceCache *c, const ServiceQuery *q, const ServiceAnswer *a)
{
        ServiceEntry *e = find(c, q);
        bool same;

        if (!e)
                return false;
        same = e->answered && e->answer.error == a->error && e->answer.number == a->number &&
               e->answer.group == a->group && streq(e->answer.name, a->name);
        e->answer = *a;
        e->answer.name[SERVICE_NAME_MAX - 1] = '\0';
        e->answered = true;
        e->wanted = false;
        return !same;
}
