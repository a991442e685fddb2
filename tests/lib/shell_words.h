/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A line as a shell takes it apart: blanks, '…', "…" and \x; nothing else of a shell.
 */

#include "rules/base/util.h"

#include <errno.h>

/* 0, -EINVAL for a quote that does not end, -ENOMEM. *ret is NULL for no words. */
int shell_words_split(const char *line, char ***ret);
