/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/fleet/pause.h"

#include "rules/base/util.h"

#include <sys/random.h>

#define BACKOFF_MAX 3 /* the interval times 2^3 */
#define BACKOFF_MAX_SEC 40

/* From 0 to 1. */
static double random_share(void)
{
        uint32_t n = 0;

        if (getrandom(&n, sizeof(n), GRND_NONBLOCK) != sizeof(n))
                return 0.5;
        return (double)n / UINT32_MAX;
}

uint64_t documents_pause_usec(unsigned interval_sec, unsigned failures)
{
        unsigned sec = interval_sec << (failures < BACKOFF_MAX ? failures : BACKOFF_MAX);

        if (sec > BACKOFF_MAX_SEC)
                sec = interval_sec > BACKOFF_MAX_SEC ? interval_sec : BACKOFF_MAX_SEC;
        return (uint64_t)(sec * (0.8 + 0.4 * random_share()) * (double)USEC_PER_SEC);
}
