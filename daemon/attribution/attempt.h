/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A connection that waited, and who opens it: what the process that reads the queue reports to
 * p25d. One message each.
 */

#include "daemon/connections/opener.h"
#include "daemon/host/origin.h"
#include "rules/address/address.h"

typedef struct Attempt {
        int32_t error; /* negative errno: connections do not wait now, and nothing else is set */
        Address source, destination;
        uint16_t source_port, destination_port;
        uint32_t uid;
        bool has_gid;
        uint32_t gid;
        uint64_t cgroup; /* 0: not known */
        uint64_t time_usec;
        Opener opener;
        ProcessOrigin origin; /* of that process */
} Attempt;
