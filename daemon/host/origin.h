/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The origin of a process: a job of cron or at, a request of a web server by CGI, a container. Jobs
 * are known by their parents, which are root's; what a web server says is in the environment, which
 * the process could have changed: it is a claim of the process's user, and counts for that user
 * only.
 */

#include "daemon/host/containers.h"
#include "rules/base/util.h"

#define ORIGIN_JOB_MAX 512

/* Printable; empty: not known, or none. */
typedef struct ProcessOrigin {
        char job[ORIGIN_JOB_MAX]; /* "php /srv/newsletter.php": cron's line; "at job 7" */
        SiteRequest request;      /* by CGI; site is the server's name */
        ContainerId container;    /* no id: none */
} ProcessOrigin;

/* proc is the folder of the processes, "/proc"; uid: the user of the process. What cannot be seen
 * is left empty. */
void origin_look(const char *proc, uint32_t pid, uint32_t uid, ProcessOrigin *ret);

/* The same of this host; where this process does not see the other, p25d-reader looks. What PHP-FPM
 * says of a worker counts more than an environment. 0, or -ETIMEDOUT: the pool has not answered
 * within msec, and the rest is known. */
int origin_ask(uint32_t pid, uint32_t uid, unsigned msec, ProcessOrigin *ret);
