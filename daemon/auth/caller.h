/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The origin of a process: its name, its unit, and the remote address of its ssh login, as far as
 * the kernel, the login manager and root's sshd know them. A process's own claims do not count, in
 * particular its environment. For readers of the history only: no decision depends on it.
 */

#include <sys/types.h>

typedef struct CallerPlace {
        char process[64]; /* the name that the kernel has, which the process may choose */
        char unit[128];   /* "cron.service", "session-3.scope"; "": not known, or in none */
        char remote[64];  /* "192.0.2.7"; "": unknown, or none */
} CallerPlace;

/* proc is the folder of the processes, "/proc". What cannot be found is left empty. */
void caller_look(const char *proc, pid_t pid, CallerPlace *ret);
/* The same of /proc; where this process does not see the other, p25d-reader looks. */
void caller_place(pid_t pid, CallerPlace *ret);
