/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Names and numbers of statements that the bytes (ipt_encode.c) and the text (ipt_script.c) share.
 */

#include "rules/base/hash.h"
#include "rules/iptables/table.h"

#include <stdio.h>

const char *ipt_limit_name(const IptStatement *s, char buffer[static IPT_LIMIT_NAME_MAX])
{
        const Limit *l = &s->over.limit;
        uint64_t h =
                hash_number(hash_number(hash_number(HASH_BEGIN, l->rate), l->unit_sec), l->burst);

        snprintf(buffer, IPT_LIMIT_NAME_MAX, "p25-%llx-%08x", (unsigned long long)s->over.id,
                (unsigned)(hash_finish(h) >> 32));
        return buffer;
}

uint64_t ipt_limit_expire_msec(const Limit *l)
{
        /* An empty bucket is full again after burst / rate units; one minute more, whole. */
        uint64_t sec = ((uint64_t)l->unit_sec * l->burst + l->rate - 1) / l->rate;

        return (sec / 60 + 2) * 60000;
}

const char *ipt_log_prefix(const IptStatement *s, char buffer[static IPT_LOG_PREFIX_MAX])
{
        char id[24] = "default";

        if (s->log.id < DEFAULT_COUNTER_ID(0))
                snprintf(id, sizeof(id), "%llu", (unsigned long long)s->log.id);
        snprintf(buffer, IPT_LOG_PREFIX_MAX, "p25 %s %s %s", direction_to_string(s->log.direction),
                action_to_string(s->log.action), id);
        return buffer;
}
