/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/host/container_names.h"

#include "rules/base/util.h"

#include <errno.h>

#define NAMES_MAX 256
#define LOOKS_MAX 4                      /* between two calls of container_names_expire() */
#define AGAIN_USEC (30 * USEC_PER_SEC)   /* what was not known */
#define RENEW_USEC (3600 * USEC_PER_SEC) /* a container may be renamed */

typedef struct KnownContainer {
        ContainerId id;
        SiteContainer container;
        bool known;
        uint64_t asked_usec;
} KnownContainer;

struct ContainerNames {
        KnownContainer items[NAMES_MAX];
        size_t n, next; /* the next to be forgotten */
        uint64_t now_usec;
        unsigned looks;
};

int container_names_new(ContainerNames **ret)
{
        *ret = calloc(1, sizeof(**ret));
        return *ret ? 0 : -ENOMEM;
}

ContainerNames *container_names_free(ContainerNames *n)
{
        free(n);
        return NULL;
}

static KnownContainer *names_get(ContainerNames *n, const ContainerId *c)
{
        for (size_t i = 0; i < n->n; i++)
                if (n->items[i].id.owner == c->owner && streq(n->items[i].id.id, c->id))
                        return &n->items[i];
        return NULL;
}

static KnownContainer *names_add(ContainerNames *n, const ContainerId *c)
{
        KnownContainer *k = &n->items[n->next];

        n->next = (n->next + 1) % NAMES_MAX;
        n->n += n->n < NAMES_MAX;
        *k = (KnownContainer){ .id = *c };
        return k;
}

const SiteContainer *container_names_find(ContainerNames *n, const ContainerId *c)
{
        KnownContainer *k = names_get(n, c);
        uint64_t age = k ? n->now_usec - k->asked_usec : UINT64_MAX;
        SiteContainer found;

        if (age >= (k && k->known ? RENEW_USEC : AGAIN_USEC) && n->looks < LOOKS_MAX) {
                n->looks++;
                k = k ?: names_add(n, c);
                k->asked_usec = n->now_usec;
                if (container_ask(c, &found) >= 0) {
                        k->container = found;
                        k->known = true;
                }
        }
        return k && k->known ? &k->container : NULL;
}

void container_names_expire(ContainerNames *n, uint64_t now_usec)
{
        n->now_usec = now_usec;
        n->looks = 0;
}
