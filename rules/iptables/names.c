/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Names and numbers that the bytes (encode.c) and the text (script.c) share. */

#include "rules/base/hash.h"
#include "rules/iptables/statement.h"
#include "rules/iptables/table.h"
#include "rules/policy/limit.h"
#include "rules/policy/logprefix.h"
#include "rules/ruleset/counterid.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

const char *ipt_limit_name(const IptStatement *s, char buffer[static IPT_LIMIT_NAME_MAX])
{
        const Limit *l = &s->over.limit;
        uint64_t h = hash_number(HASH_BEGIN, IPT_SOURCES_MAX);

        h = hash_number(hash_number(hash_number(h, l->rate), l->unit_sec), l->burst);
        snprintf(buffer, IPT_LIMIT_NAME_MAX, "p25-%llx-%08x", (unsigned long long)s->over.id,
                (unsigned)(hash_finish(h) >> 32));
        return buffer;
}

uint64_t ipt_limit_expire_msec(const Limit *l)
{
        /* An empty bucket is full again after burst / rate units. */
        return ((uint64_t)l->unit_sec * l->burst + l->rate - 1) / l->rate * 1000;
}

const char *ipt_log_prefix(const IptStatement *s, char buffer[static IPT_LOG_PREFIX_MAX])
{
        char id[24] = "default";

        if (s->log.rule > 0)
                snprintf(id, sizeof(id), "%llu", (unsigned long long)s->log.rule);
        snprintf(buffer, IPT_LOG_PREFIX_MAX, "p25 %s %s%s %s%s%s",
                direction_to_string(s->log.direction), s->log.audit ? LOG_AUDIT : "",
                action_to_string(s->log.action), id, s->log.in_log ? LOG_NUMBERED : "",
                s->log.logged ? "" : LOG_QUIET);
        return buffer;
}

#define COUNT_PREFIX "p25-"

const char *ipt_count_name(const IptStatement *s, char buffer[static IPT_COUNT_NAME_MAX])
{
        if (s->count.has_uid)
                snprintf(buffer, IPT_COUNT_NAME_MAX, COUNT_PREFIX "%" PRIx64 "-%" PRIx32,
                        s->count.decision, s->count.uid);
        else
                snprintf(buffer, IPT_COUNT_NAME_MAX, COUNT_PREFIX "%" PRIx64, s->count.decision);
        return buffer;
}

bool ipt_count_parse(const char *name, Decision *ret, bool *ret_has_uid, uint32_t *ret_uid)
{
        char again[IPT_COUNT_NAME_MAX];
        IptStatement s = { .kind = IPT_COUNT };
        int end = 0;

        if (sscanf(name, COUNT_PREFIX "%" SCNx64 "%n-%" SCNx32, &s.count.decision, &end,
                    &s.count.uid) < 1)
                return false;
        s.count.has_uid = name[end] != '\0';
        if (!streq(ipt_count_name(&s, again), name) || !decision_read(s.count.decision, ret))
                return false;
        *ret_has_uid = s.count.has_uid;
        *ret_uid = s.count.has_uid ? s.count.uid : 0;
        return true;
}

const char *ipt_comment_format(uint64_t id, char buffer[static IPT_COMMENT_TEXT_MAX])
{
        if (id == IPT_COMMENT_MARK)
                return "p25";
        if (id >= DEFAULT_COUNTER_ID(0))
                snprintf(buffer, IPT_COMMENT_TEXT_MAX, "p25:default-%s",
                        direction_to_string((Direction)(id - DEFAULT_COUNTER_ID(0))));
        else
                snprintf(buffer, IPT_COMMENT_TEXT_MAX, "p25:%llu", (unsigned long long)id);
        return buffer;
}

bool ipt_comment_parse(const char *text, uint64_t *ret_id)
{
        char *end;

        if (streq(text, "p25")) {
                *ret_id = IPT_COMMENT_MARK;
                return true;
        }
        for (Direction d = 0; d < _DIRECTION_MAX; d++) {
                char buffer[IPT_COMMENT_TEXT_MAX];

                if (streq(text, ipt_comment_format(DEFAULT_COUNTER_ID(d), buffer))) {
                        *ret_id = DEFAULT_COUNTER_ID(d);
                        return true;
                }
        }
        if (strncmp(text, "p25:", 4) != 0 || text[4] < '1' || text[4] > '9' || strlen(text) > 23)
                return false;
        *ret_id = strtoull(text + 4, &end, 10);
        return *end == '\0';
}
