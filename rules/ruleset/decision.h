/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A kind of decision as one number, by which the kernel counts: a part of a set's key with
 * nftables, of an object's name with iptables.
 */

#include "rules/policy/action.h"
#include "rules/policy/direction.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct Decision {
        Direction direction;
        Action action; /* ACTION_LIMIT: passed, under the limit */
        bool audit;    /* only reported: the connection passed */
        bool logged;   /* also an event */
        bool in_log; /* the log has such connections too, one by one, as far as it can hold them */
        uint64_t rule; /* its id, below 2^48; 0: the default */
} Decision;

uint64_t decision_number(const Decision *d);
/* The inverse; false: not such a number. */
bool decision_read(uint64_t number, Decision *ret);
