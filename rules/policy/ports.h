/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Mail ports: their names, and ordered lists of them.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PORTS_MAX 64 /* mail ports in all */

/* "smtp" → 25, "submissions" and "smtps" → 465, "submission" → 587, "smtp-alt" → 2525; 0: none */
uint16_t service_to_port(const char *name);
/* The first name of a port, or NULL. */
const char *port_to_service(uint16_t port);

/* Ascending, unique. A rule without ports holds { 25 }. */
typedef struct Ports {
        uint16_t items[PORTS_MAX];
        size_t n;
} Ports;

/* 0 (also when it is there already) or -E2BIG */
int ports_add(Ports *p, uint16_t port);
bool ports_contain(const Ports *p, uint16_t port);
bool ports_equal(const Ports *a, const Ports *b);
/* The four that are always mail ports. */
extern const Ports mail_ports_default;
