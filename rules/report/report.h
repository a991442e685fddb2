/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The content of `status`: filled by the daemon, sent as JSON (Describe), printed as JSON or text
 * by p25ctl. One result, two tables.
 */

#include "rules/base/util.h"
#include "rules/policy/action.h"
#include "rules/policy/directions.h"
#include "rules/policy/ports.h"
#include "rules/policy/settings.h"

typedef struct Rule Rule;
typedef struct json_t Json;

typedef struct ReportRule {
        Rule *rule;        /* a reference */
        unsigned position; /* among p25ctl's own rules, from 1; 0: not one of them */
        uint64_t packets, bytes;
        uint64_t seconds_left; /* of one that ends, by the host's clock; 0: not known */
} ReportRule;

typedef struct Report {
        bool active;
        char *backend; /* "nftables"; "" while inactive */
        char **roles;
        uint64_t revision;
        Action defaults[DIRECTIONS];       /* effective */
        Ports managed[DIRECTIONS];         /* to which they apply */
        char *default_sources[DIRECTIONS]; /* "role no-mail", "p25ctl", "p25.conf"; NULL: none */
        char **audit;                      /* "routed", "role mx": what only reports its refusals */
        bool lockdown;
        Logging logging;
        Ports mail_ports;          /* the four, and what p25.conf adds */
        uint64_t pending_revision; /* 0: nothing is pending */
        uint64_t pending_base;     /* the revision that it would be taken back to */
        uint64_t pending_deadline_usec;
        uint64_t pending_seconds_left;
        uint64_t repairs; /* of another process's changes; `warnings` has them too */
        char **warnings;  /* each a line above the table */
        char **hints;     /* warnings about the host's programs; as text in `status verbose` only */
        char **notes;     /* in `status verbose` only: overridden settings, skipped names */
        ReportRule *rules; /* in the order of decision */
        size_t n_rules;
} Report;

void report_deinit(Report *r);

/* SPEC section 4's keys (what has no value is null, lists are empty for any),
 * `mail_ports`, `repairs`, `notes`, `hints` (which `warnings` holds as well) and, for each rule,
 * what else it has (interface, group, unit, rate, burst, max, log, seconds_left), so that
 * report_parse gives back what was printed. 0 or -ENOMEM. */
int report_print_json(const Report *r, char **ret);
/* 0, -EINVAL (no such document), -ENOMEM. Keys that are not known are passed over: a client may be
 * older than the daemon. */
int report_parse(const char *json, Report *ret);

/* One rule object of SPEC section 4; NULL when memory is short. */
Json *rule_to_json(const ReportRule *r);
/* 0, -EINVAL, -ENOMEM */
int rule_from_json(const Json *j, ReportRule *ret);

typedef enum ReportStyle {
        REPORT_PLAIN,
        REPORT_VERBOSE,
        REPORT_NUMBERED,
} ReportStyle;

/* Options of the text; {} is exactly ufw's. */
typedef struct ReportLook {
        bool wide;  /* columns grow to their content, long lists fold: for a terminal */
        bool color; /* escape sequences of ECMA-48 */
} ReportLook;

/* The text of `status`, with a newline at its end; 0 or -ENOMEM. */
int report_print_text(const Report *r, ReportStyle style, ReportLook look, char **ret);
