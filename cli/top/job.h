/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A command of p25ctl in a child process, whose output comes through a pipe: the screen goes on
 * while p25d is slow, and what a command prints does not reach the terminal.
 */

#include "cli/console/cli.h"
#include "rules/base/buffer.h"

#include <sys/types.h>

typedef struct Job {
        pid_t pid; /* 0: none */
        int fd;    /* of its output; -1: none */
        Buffer output;
} Job;

#define JOB_NONE ((Job){ .fd = -1 })

/* In the child: the context is its own, with the options of *c and without a connection. The return
 * value is its exit status. */
typedef int (*JobRun)(Cli *c, const void *data);

/* with_errors: what it prints on stderr is part of the output. 0 or negative errno. */
int job_start(const Cli *c, JobRun run, const void *data, bool with_errors, Job *ret);
/* Reads what is there. > 0: there may be more; 0: the output has ended; negative errno. */
int job_read(Job *j);
/* Ends it if it still runs. Returns its exit status; EXIT_FAILED if it had none. */
int job_end(Job *j);
