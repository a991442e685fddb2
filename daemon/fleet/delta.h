/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Sets as they are published: one entry a line in ascending order, nothing else, so that equal sets
 * are equal bytes; and the difference between two of them, lines with + and -.
 */

#include "rules/base/diagnostic.h"

/* The published form of a set's file. 0, -EINVAL (errors in d), -ENOMEM. */
int set_text_normalise(
        const char *text, size_t n, const char *file, Diagnostics *d, char **ret, size_t *ret_n);
/* Of two texts in published form. 0, -EINVAL (one is not), -ENOMEM. */
int set_delta_make(const char *from, const char *to, char **ret, size_t *ret_n);
/* The new text. 0, -EINVAL (base or delta is not in its form), -E2BIG, -ENOMEM. */
int set_delta_apply(const char *base, const char *delta, char **ret, size_t *ret_n);
