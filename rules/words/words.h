/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The words of a terminal to a rule and back: ufw's grammar as SPEC section 4 has it, ufw's rows,
 * and the one-line sentences about what was done.
 */

#include "rules/base/util.h"

typedef struct Diagnostics Diagnostics;
typedef struct Rule Rule;

/* delete [rule], insert N, prepend: where a rule goes. */
typedef enum Placement {
        PLACEMENT_APPEND,
        PLACEMENT_INSERT,
        PLACEMENT_PREPEND,
        PLACEMENT_DELETE,
} Placement;

typedef struct RuleWords {
        Placement placement;
        uint32_t position; /* of insert, from 1 */
        /* One rule, or two for `both` (in, then out). A reference each. */
        Rule *rules[2];
        size_t n_rules;
        uint64_t duration_sec; /* of `for`; 0: not given */
} RuleWords;

void rule_words_deinit(RuleWords *w);

/*
 * Parses [rule|route] [delete] [insert N|prepend] ACTION …; words is NULL-terminated. Refusals
 * are single errors in d, without place, with a hint; host bits in a prefix are a warning. What the
 * words say is not judged (rules/policy/judge.h), and users and groups are not resolved: p25d does
 * both, which knows all mail ports of its host. 0, -EINVAL, -ENOMEM.
 *
 * `from A port P` is a source port in ufw; p25 never matches one and refuses it. `route … on IFACE`
 * without in or out is `in on IFACE`, as the direction is `in` when not given.
 */
int rule_words_parse(char *const *words, Diagnostics *d, RuleWords *ret);

/* The command that would add the rule, "allow out to 203.0.113.7 port 25 user backup", canonical:
 * parse of it gives an equal rule. Words that a shell would take apart are quoted for it. Id,
 * source and expiry are left out. 0 or -ENOMEM. */
int rule_words_print(const Rule *r, char **ret);
/* The same with `for`, of a rule that ends: what expiry_seconds_left() says, rounded down, so that
 * the command gives the rule no second more. 0: without. */
int rule_words_print_left(const Rule *r, uint64_t seconds_left, char **ret);
/* No command: "deny 25/tcp until 2026-11-22T00:05:54Z". */
int rule_words_print_until(const Rule *r, char **ret);

/* ufw's row "%-26s %-12s%-26s" then the source and comment, "# role mx": one row a rule,
 * since one rule covers both families; a list of addresses is cut after some. No newline at the
 * end. number > 0 puts "[%2d] " before it. A rule that ends shows the time left, "(for 1h59m)"; if
 * seconds_left is 0 the time, "(until …)". 0 or -ENOMEM. */
int rule_rows_print(const Rule *r, unsigned number, uint64_t seconds_left, char **ret);
/* The cells of a row, for a table of other columns. folded: lists are cut after three, " … +12". 0
 * or -ENOMEM. */
typedef struct RuleRow {
        char *to, *action, *from;
        char *tail; /* begins with a blank, or "" */
} RuleRow;

int rule_row_make(const Rule *r, uint64_t seconds_left, bool folded, RuleRow *ret);
void rule_row_deinit(RuleRow *row);

/* "Blocks smtp (25/tcp) incoming from anywhere, IPv4 and IPv6; outgoing and routed mail and all
 * other ports are not touched." for the rules of one command (one rule, or the two of `both`), of
 * which duration_sec (0: none) is the time that they were given. 0 or -ENOMEM. */
int rule_sentence_print(
        Rule *const *rules, size_t n, Placement placement, uint64_t duration_sec, char **ret);
