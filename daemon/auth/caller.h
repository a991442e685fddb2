/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * From where a process comes: its name, its unit, and the address from which somebody is logged in
 * by ssh. As far as the kernel, the login manager and root's sshd know; what a process says of
 * itself, its environment above all, does not count. For the reader of a history: nothing is
 * decided by it.
 */

#include <sys/types.h>

typedef struct CallerPlace {
        char process[64]; /* the name that the kernel has, which the process may choose */
        char unit[128];   /* "cron.service", "session-3.scope"; "": not known, or in none */
        char remote[64];  /* "192.0.2.7"; "": not known, or nobody's */
} CallerPlace;

/* proc is where the processes are, "/proc". What is not to be found is left empty. */
void caller_look(const char *proc, pid_t pid, CallerPlace *ret);
/* The same of /proc; where this process does not see the other, p25d-reader looks. */
void caller_place(pid_t pid, CallerPlace *ret);
