/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * gzip (RFC 1952) in memory. gzip.c is the one file that includes <zlib.h>.
 */

#include "rules/base/util.h"

/* 0 or -ENOMEM */
int gzip_pack(const void *data, size_t n, char **ret, size_t *ret_n);
/* One member that gives exactly `size` bytes, with a NUL behind them; what is longer is not
 * unpacked further. 0, -EBADMSG (damaged, or something follows), -EFBIG (longer than size),
 * -ENODATA (shorter), -ENOMEM. */
int gzip_unpack(const void *packed, size_t n, size_t size, char **ret);
