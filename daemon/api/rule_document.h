/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A rule as the a{sv} document of SPEC section 5, written: p25ctl sends it, p25d answers with it.
 */

#include <systemd/sd-bus.h>

typedef struct Rule Rule;

/* Appends a{sv} with what the rule states and no more. 0 or negative errno. */
int rule_document_append(sd_bus_message *m, const Rule *rule, uint64_t duration_sec);

/* Appends the same as entries of a document that is open, with what has no value, too: lists that
 * are empty (for any), log and comment. 0 or negative errno. */
int rule_entries_append(sd_bus_message *m, const Rule *rule);

/* Appends an entry of a document that is open, whose value is a list of texts; NULL: an empty one.
 * 0 or negative errno. */
int rule_document_append_strings(sd_bus_message *m, const char *key, char *const *strings);
