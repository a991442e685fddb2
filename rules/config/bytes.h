/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The bytes of a policy, checked before anything cuts them into tokens.
 */

#include "rules/base/diagnostic.h"

/* At most POLICY_TEXT_MAX bytes, none of them NUL; 0 or -EINVAL (error in d). */
int bytes_check(const char *text, size_t n, const char *file, Diagnostics *d);
/* A NUL-terminated text is UTF-8 without byte order mark and control characters but white space; 0
 * or -EINVAL (error in d). */
int characters_check(const char *text, const char *file, Diagnostics *d);
