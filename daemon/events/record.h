/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * An event as a line of the file `events`. Unknown values are "-"; the unit is last, because it may
 * contain spaces; behind it, each after a tabulator, is what else is known: "pid=17", "command=…".
 * Such a field that is not known to this version is left out.
 */

#include "rules/base/util.h"

typedef struct Buffer Buffer;
typedef struct Event Event;

/* With a newline at its end. */
void record_print(Buffer *b, const Event *e);
/* One line, without its newline. 0, -EINVAL (it is none), -ENOMEM. */
int record_parse(const char *line, size_t n, Event *ret);
