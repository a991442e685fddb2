/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/loop/clock.h"

#include "rules/base/util.h"

uint64_t clock_now_usec(clockid_t id)
{
        struct timespec now;

        (void)clock_gettime(id, &now);
        return (uint64_t)now.tv_sec * USEC_PER_SEC + (uint64_t)now.tv_nsec / 1000;
}
