/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The validity of names, comments and interfaces, and the limits of sizes.
 */

#include <stdbool.h>

/* SPEC section 3, "Limits" */
#define COMMENT_MAX 200
#define NAME_MAX_LENGTH 64
#define POLICY_TEXT_MAX (16u << 20)
#define POLICY_RULES_MAX 100000
#define POLICY_VALUES_MAX 2000000 /* of variables, counted each time a rule uses them */

#define CGROUP_PATH_MAX 256 /* bytes below /sys/fs/cgroup */

/* [A-Za-z0-9._-]{1,64}, and not "." or ".." */
bool name_is_valid(const char *s);
/* At most COMMENT_MAX bytes of UTF-8 without control characters. */
bool comment_is_valid(const char *s);
/* Of a systemd unit: at most 255 of its letters; without a type it is a service. The instance may
 * be
 * "*", for all of a template. */
bool unit_name_is_valid(const char *s);
/* ".timer", ".socket", …: the type in a name of a unit that runs no process; NULL: it is another.
 */
const char *unit_type_without_processes(const char *s);
/* 1 to 15 bytes (IFNAMSIZ) of UTF-8, no white space or control characters, none of / : " \ and none
 * of the wildcards * and + */
bool interface_is_valid(const char *s);
