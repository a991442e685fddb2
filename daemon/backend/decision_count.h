/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Connections that a backend has counted, by what was decided of them.
 */

#include "rules/address/address.h"
#include "rules/policy/action.h"
#include "rules/policy/direction.h"

/* Connections that were decided alike since they were last taken. */
typedef struct DecisionCount {
        Direction direction;
        Action action; /* ACTION_LIMIT: passed, under the limit of the rule */
        bool audit;    /* only reported: the connection passed */
        bool logged;   /* is to be an event */
        bool in_log;   /* the log has some of them: this is the number of all */
        uint64_t rule; /* its id; 0: the default */
        /* Family 0, port 0: not counted apart. */
        Address source, destination;
        uint16_t port;
        bool has_uid; /* of the local process that dialled */
        uint32_t uid;
        uint64_t cgroup; /* of that process; 0: not known */
        uint64_t count;
} DecisionCount;
