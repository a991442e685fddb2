/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The a{sv} documents of SPEC section 5 and the model: rules in and out, options, packets.
 */

#include "rules/words/packet.h"

#include <systemd/sd-bus.h>

typedef struct Change Change;
typedef struct ReportRule ReportRule;
typedef struct Rule Rule;

/* A rule to add is whole; one to remove may be a match (without an action, then any), an id or a
 * position. */
typedef enum BusRuleUse {
        BUS_RULE_ADD,
        BUS_RULE_REMOVE,
} BusRuleUse;

typedef struct BusRule {
        Rule *rule; /* a reference; NULL when id or position say which */
        bool has_id, has_position;
        uint64_t id;
        uint32_t position;
} BusRule;

/* At the message's place. The rule is as it was sent: the manager judges it. 0 or negative errno
 * with error set: InvalidRule, InvalidArgs (no such action or direction), LimitExceeded. */
int bus_rule_read(sd_bus_message *m, BusRuleUse use, BusRule *ret, sd_bus_error *error);
void bus_rule_deinit(BusRule *r);

/* Appends one a{sv}: lists always (empty for any), id, position, source, counters, log and comment
 * too; other fields without a value are left out. */
int bus_rule_append(sd_bus_message *m, const ReportRule *r);

/* Options that only some changes take. */
typedef enum BusOption {
        BUS_OPTION_NONE,
        BUS_OPTION_POSITION, /* AddRules */
        BUS_OPTION_PLACE,    /* AddRule: position, replaces */
        BUS_OPTION_TIMEOUT,  /* UpdateSet: timeout_seconds */
} BusOption;

/* The options that every change takes last, and its own; strings are the message's. 0 or
 * negative errno with error set: InvalidArgs, LimitExceeded, NotSupported. */
int bus_options_read(sd_bus_message *m, BusOption more, Change *ret, sd_bus_error *error);

/* Explain's packet as it was sent, for question_resolve(). The strings are the message's, but for
 * the port, which is kept here: not to be moved. */
typedef struct BusQuestion {
        Question question;
        char port[8];
        uint64_t at_usec; /* by the policy of this time; 0: of now */
} BusQuestion;

int bus_question_read(sd_bus_message *m, BusQuestion *ret, sd_bus_error *error);
