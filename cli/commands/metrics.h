/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The answer of DescribeStats in the text format of OpenMetrics 1.0.
 */

#include "rules/base/json.h"

typedef struct Buffer Buffer;

/* Ends with "# EOF". */
void metrics_print(Buffer *b, const Json *stats);
