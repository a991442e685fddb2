/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * One p25d on a host: the lock in its runtime folder. Does not depend on what p25d does.
 */

#include <sys/types.h>

/*
 * Makes the folder where it is missing, and locks a file in it for as long as *ret_fd is open; the
 * kernel releases the lock of a process that dies, even if its children live on. The lock needs a
 * descriptor for writing, and only the owner may open the file, so that no other user can hold it.
 * 0; -EWOULDBLOCK: another process has it, *ret_other (0: not known); another negative errno.
 */
int instance_lock(const char *folder, pid_t *ret_other, int *ret_fd);
