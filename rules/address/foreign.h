/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Recognises lines of other formats in a list of addresses, so that an error can name them. */

#include <stddef.h>

/* The format that a line looks like which is not an address or prefix, or NULL. It has neither its
 * comment nor white space at its ends. */
const char *foreign_format(const char *line, size_t n);
