/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The status that p25-fleet has written about itself on this host, as one line of `status`.
 */

#include "rules/base/util.h"

/* "Fleet: serial 3, made 2m ago, valid for 6d, 2 of 2 brokers" and a line end, with " PROBLEM: …"
 * in it if there is one; NULL in *ret if no p25-fleet has run since the start of the machine. 0, or
 * negative errno (-EINVAL: the file is damaged). */
int fleet_describe(const char *root, char **ret);
