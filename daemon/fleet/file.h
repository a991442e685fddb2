/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Whole files: read within a bound, written so that a crash leaves the former content or the new
 * one.
 */

#include "rules/base/util.h"

/* A regular file; the text has a NUL behind n bytes. -EISDIR, -EINVAL (neither file nor folder),
 * -EFBIG (longer than max), other negative errno. */
int fleet_file_read(const char *path, size_t max, char **ret, size_t *ret_n);
/* A new file beside it, synced, takes its name. 0 or negative errno, then path is as it was. */
int fleet_file_write(const char *path, const void *data, size_t n, unsigned mode);
/* The same without waiting for the disk, for what is worth nothing after a reboot. */
int fleet_file_write_volatile(const char *path, const void *data, size_t n, unsigned mode);
