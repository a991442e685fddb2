/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Random policies that use every kind of match, and random packets close to what they match. The
 * same seed gives the same sequence.
 */

#include "rules/ruleset/evaluate.h"
#include "rules/ruleset/packet.h"
#include "tests/unit/fixture.h"

extern uint64_t seed;

unsigned pick(unsigned n);

#define PICK(array) ((array)[pick(ELEMENTS(array))])

static const char *const random_ports[] = { NULL, NULL, "587", "25,465", "465,587,2525" };

Policy *random_policy(void);
Packet random_packet(void);
