/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "rules/ruleset/decision.h"

#define RULE_BITS 48
#define ACTION_AT 48
#define DIRECTION_AT 52
#define LOGGED_AT 56
#define AUDIT_AT 57
#define IN_LOG_AT 58
#define BITS 59

uint64_t decision_number(const Decision *d)
{
        return d->rule | (uint64_t)d->action << ACTION_AT | (uint64_t)d->direction << DIRECTION_AT |
               (uint64_t)d->logged << LOGGED_AT | (uint64_t)d->audit << AUDIT_AT |
               (uint64_t)d->in_log << IN_LOG_AT;
}

bool decision_read(uint64_t number, Decision *ret)
{
        Decision d = { .direction = (Direction)(number >> DIRECTION_AT & 15),
                .action = (Action)(number >> ACTION_AT & 15),
                .audit = number >> AUDIT_AT & 1,
                .logged = number >> LOGGED_AT & 1,
                .in_log = number >> IN_LOG_AT & 1,
                .rule = number & ((UINT64_C(1) << RULE_BITS) - 1) };

        if (d.direction >= _DIRECTION_MAX || d.action >= _ACTION_MAX || number >> BITS)
                return false;
        *ret = d;
        return true;
}
