/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A moment, as people and programs write and read one. */

#include "rules/base/util.h"

/*
 * RFC 3339 ("2026-11-29T20:15:00Z", "…+01:00"; 'T' may be a blank, seconds and zone may be left
 * out: without a zone it is this host's time), a duration ("2h": so long ago) or "yesterday" (24
 * hours ago). 0 or -EINVAL.
 */
int moment_parse(const char *text, uint64_t now_usec, uint64_t *ret_usec);

/* By this host's clock; "-" for 0. Returns buffer. */
typedef enum MomentForm {
        MOMENT_SECONDS, /* "2026-11-29 20:15:00" */
        MOMENT_MINUTES, /* "2026-11-29 20:15" */
        MOMENT_CLOCK,   /* "20:15:00" */
} MomentForm;
#define MOMENT_TEXT_MAX 32
const char *moment_format(uint64_t usec, MomentForm form, char buffer[static MOMENT_TEXT_MAX]);
