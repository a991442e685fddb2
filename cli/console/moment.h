/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A moment in the past, as people and programs write one. */

#include "rules/base/util.h"

/*
 * RFC 3339 ("2026-11-29T20:15:00Z", "…+01:00"; 'T' may be a blank, seconds and zone may be left
 * out: without a zone it is this host's time), a duration ("2h": so long ago) or "yesterday" (24
 * hours ago). 0 or -EINVAL.
 */
int moment_parse(const char *text, uint64_t now_usec, uint64_t *ret_usec);
