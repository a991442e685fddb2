/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Splits the watched ports of a direction into classes; does not depend on how they are used.
 */

#include "rules/ruleset/port_classes.h"

#include "rules/ruleset/compiledrule.h"

#include <errno.h>

static uint64_t ports_mask(const Ports *all, const Ports *ports)
{
        uint64_t mask = 0;

        for (size_t i = 0; i < all->n; i++)
                if (ports_contain(ports, all->items[i]))
                        mask |= UINT64_C(1) << i;
        return mask;
}

static void classes_split(PortClasses *c, uint64_t mask)
{
        size_t n = c->n;

        for (size_t i = 0; i < n; i++) {
                uint64_t with = c->masks[i] & mask, without = c->masks[i] & ~mask;

                if (with == 0 || without == 0)
                        continue;
                c->masks[i] = with;
                c->masks[c->n++] = without;
        }
}

int port_classes_find(const RulesetDirection *d, PortClasses *ret)
{
        PortClasses c = { .ports = &d->watched, .rules = calloc(d->n + 1, sizeof(uint64_t)) };

        if (!c.rules)
                return -ENOMEM;
        if (d->watched.n > 0) {
                c.n = 1;
                c.masks[0] = UINT64_MAX >> (PORTS_MAX - d->watched.n);
                c.managed = ports_mask(&d->watched, &d->managed);
                classes_split(&c, c.managed);
                c.audited = ports_mask(&d->watched, &d->audited);
                classes_split(&c, c.audited);
        }
        for (size_t i = 0; i < d->n; i++) {
                if (i > 0 && ports_equal(&d->rules[i].ports, &d->rules[i - 1].ports)) {
                        c.rules[i] = c.rules[i - 1];
                        continue;
                }
                c.rules[i] = ports_mask(&d->watched, &d->rules[i].ports);
                classes_split(&c, c.rules[i]);
        }
        *ret = c;
        return 0;
}

void port_classes_deinit(PortClasses *c)
{
        free(c->rules);
        *c = (PortClasses){ 0 };
}

uint16_t port_classes_port(const PortClasses *c, size_t i)
{
        return c->ports->items[__builtin_ctzll(c->masks[i])];
}

size_t port_classes_of(const PortClasses *c, size_t i)
{
        size_t k = 0;

        while (!(c->masks[k] & (UINT64_C(1) << i)))
                k++;
        return k;
}
