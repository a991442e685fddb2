/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Ports that the same rules name are one class: its rules need not look at the port again.
 */

#include "rules/ruleset/ruleset.h"

typedef struct PortClasses {
        const Ports *ports;        /* watched: bit i of a mask is ports->items[i] */
        uint64_t masks[PORTS_MAX]; /* disjoint, together all */
        size_t n;
        uint64_t managed, audited;
        uint64_t *rules; /* of each rule, so that they are computed once */
} PortClasses;

/* Borrows d. 0 or -ENOMEM. */
int port_classes_find(const RulesetDirection *d, PortClasses *ret);
void port_classes_deinit(PortClasses *c);
/* The lowest port of class number i. */
uint16_t port_classes_port(const PortClasses *c, size_t i);
/* The class of ports->items[i]. */
size_t port_classes_of(const PortClasses *c, size_t i);
